//! The class that a game uses.

use std::sync::{Arc, Mutex};

use godot::global::Error;
use godot::prelude::*;

use crate::network::Engine;
use crate::remote;
use crate::state::State;

/// A trained network of a Ludus bundle, run on the CPU, Vulkan or CUDA, or by a server.
///
/// A bundle is a folder with one network, compiled for several kinds of hardware: its variants. All of it is
/// checked when it is opened, so that what runs is the very network that was tested.
///
/// ```gdscript
/// var model := LudusModel.new()
/// if model.open("res://models/digits") != OK:
///     push_error(model.error_message)
///     return
/// model.set_image(0, picture) # or: model.set("input/0/data", numbers)
/// if model.run() == OK:
///     var scores: PackedFloat32Array = model.get("output/0/data")
///     print(model.labels[scores.find(Array(scores).max())])
/// ```
///
/// **Inputs and outputs** are properties that come with a bundle when it is opened. N counts from 0:
/// the first input is `input/0`. See [member input_count] and [member output_count].
///
/// - `input/N/name`, `output/N/name` (String): what the bundle calls it.
/// - `input/N/datatype`, `output/N/datatype` (String): `"FP32"`, floats of 32 bits.
/// - `input/N/shape` (PackedInt64Array): `[1, 1, 28, 28]` for one picture of 28x28 pixels. The
///   first dimension is the batch, and may be set to any number from 1:
///   `model.set("input/0/shape", [32, 1, 28, 28])`. The others are the network's, as many as it has.
/// - `input/N/data` (PackedFloat32Array): as many numbers as the shape takes, one input of the batch
///   after the other, row after row. It may be set to any packed array of floats or integers, or an
///   Array of numbers, which are taken as they are; or to a PackedByteArray of levels from 0 to 255
///   in the input's order, which the scale, mean and std of the bundle's `preprocess` make numbers
///   of.
/// - `output/N/shape` (PackedInt64Array) and `output/N/data` (PackedFloat32Array): of the last run.
///   For digits `[1, 10]` and ten probabilities, in the order of [member labels].
///
/// **Any network** of one input and one output is run so, of any shape. What a bundle may lack is
/// a `preprocess`, where its network takes no pictures ([method set_image] is an error then), and
/// [member labels].
///
/// What is set wrongly is refused: the error is in the log and in [member error_message]. A NaN is
/// a number like others: where one goes in, NaN may come out, and [method run] returns `OK`.
///
/// **Threads.** Models do not disturb each other. If two threads use one model, a call waits until
/// the other's has ended; inputs and outputs are the model's, so the two would read each other's.
/// Give each thread a model of its own, or use [method run_async]. [method open] may be called on a
/// thread too, so that no frame waits for it. Join a thread of your own before the game quits
/// ([method Thread.wait_to_finish]); a task of the [WorkerThreadPool] that is still at work then
/// makes Godot itself abort.
///
/// **On a server** that `ludus serve` started a network is used like a local one: give
/// [method open_async] a URL for the path, and nothing else changes. Pictures are made inputs
/// here, so that only numbers travel. See [member request_timeout], [member request_retries] and
/// [member request_headers].
///
/// ```gdscript
/// if await model.open_async("https://ml.example/v2/models/digits") != OK:
///     push_error(model.error_message)
/// ```
///
/// **Stored** are [member bundle], [member preferred_device], [member request_timeout] and
/// [member request_retries] alone, in a `.tres` for example. Nothing is opened by itself: call
/// [method open].
#[derive(GodotClass)]
#[class(tool, init, base = Resource)]
pub struct LudusModel {
    /// The folder of the bundle, such as `"res://models/digits"`, or the URL of a served model.
    /// [method open] without a path opens it.
    #[export(dir)]
    #[var(get = get_bundle, set = set_bundle)]
    bundle: PhantomVar<GString>,

    /// What [method open] without a device opens the bundle on: `"auto"`, a device such as `"cpu"`,
    /// `"vulkan"` or `"cuda"`, or a variant such as `"iree-cpu-x86_64-v3"`.
    #[export]
    #[var(
        get = get_preferred_device,
        set = set_preferred_device,
        hint = ENUM_SUGGESTION,
        hint_string = "auto,cpu,vulkan,cuda",
        usage_flags = [DEFAULT]
    )]
    preferred_device: PhantomVar<GString>,

    /// How many seconds a call may take that a server answers, with what is tried again, from
    /// 0.001 to 3600. Then it ends with `ERR_TIMEOUT`.
    #[export(range = (0.001, 3600.0, 0.001, suffix = "s"))]
    #[var(get = get_request_timeout, set = set_request_timeout)]
    request_timeout: PhantomVar<f64>,

    /// How many more times, from 0 to 100, a request is sent to which no answer came, or that the
    /// server was too busy for (503). Before the first it waits 50 milliseconds, then twice as long
    /// each time.
    #[export(range = (0.0, 100.0))]
    #[var(get = get_request_retries, set = set_request_retries)]
    request_retries: PhantomVar<i64>,

    /// What is sent with each request, as `["Authorization: Bearer ..."]`. It is not stored.
    #[var(get = get_request_headers, set = set_request_headers, usage_flags = [NONE])]
    request_headers: PhantomVar<PackedStringArray>,

    /// Why the last call failed; `""` after one that did not.
    #[var(get = get_error_message, no_set)]
    error_message: PhantomVar<GString>,

    /// How many inputs the network has; 0 when no bundle is open.
    #[var(get = get_input_count, no_set)]
    input_count: PhantomVar<i64>,

    /// How many outputs the network has; 0 when no bundle is open.
    #[var(get = get_output_count, no_set)]
    output_count: PhantomVar<i64>,

    /// What each number along the last dimension of `output/0/data` stands for, in order. Empty
    /// where the bundle has no names for them.
    #[var(get = get_labels, no_set)]
    labels: PhantomVar<PackedStringArray>,

    /// The variant in use, such as `"iree-cpu-x86_64-v3"`; `""` when no bundle is open, or a
    /// server chose it.
    #[var(get = get_variant, no_set)]
    variant: PhantomVar<GString>,

    /// The device in use, such as `"cpu"` or `"vulkan"`; `"remote"` for a server, and
    /// `""` when no bundle is open.
    #[var(get = get_device, no_set)]
    device: PhantomVar<GString>,

    /// What the system calls that device, such as the name of a graphics card; for a server its
    /// URL.
    #[var(get = get_device_name, no_set)]
    device_name: PhantomVar<GString>,

    /// What the last run took inside the runtime, in milliseconds, or from asking a server to its
    /// answer; 0 before the first.
    #[var(get = get_run_milliseconds, no_set)]
    run_milliseconds: PhantomVar<f64>,

    pub(crate) state: Mutex<State>,
    /// Locked before `state` where both are.
    pub(crate) engine: Arc<Engine>,
    base: Base<Resource>, // a class with a signal has one
}

// No method takes `&mut self`: the engine may call from any thread at any time, and a `&mut self`
// while another thread is inside would be a panic. Those that change something take a Gd, else the
// engine's help would call them const.
#[godot_api]
impl LudusModel {
    /// A [method run_async] or [method open_async] has ended, well or with an error. Emitted on the
    /// main thread.
    #[signal]
    fn completed(error: Error);

    #[func]
    fn get_bundle(&self) -> GString {
        self.state().bundle.clone()
    }

    #[func]
    fn set_bundle(&self, path: GString) {
        self.state().bundle = path;
    }

    #[func]
    fn get_preferred_device(&self) -> GString {
        self.state().preferred_device.clone()
    }

    #[func]
    fn set_preferred_device(&self, device: GString) {
        self.state().preferred_device = device;
    }

    #[func]
    fn get_request_timeout(&self) -> f64 {
        self.state().request_settings.timeout.as_secs_f64()
    }

    #[func]
    fn set_request_timeout(&self, seconds: f64) {
        self.set_request(remote::timeout(seconds), |settings, timeout| settings.timeout = timeout);
    }

    #[func]
    fn get_request_retries(&self) -> i64 {
        self.state().request_settings.retries.into()
    }

    #[func]
    fn set_request_retries(&self, retries: i64) {
        self.set_request(remote::retries(retries), |settings, retries| settings.retries = retries);
    }

    #[func]
    fn get_request_headers(&self) -> PackedStringArray {
        self.state().request_settings.headers.iter().map(GString::from).collect()
    }

    #[func]
    fn set_request_headers(&self, headers: PackedStringArray) {
        let headers = headers.as_slice().iter().map(GString::to_string).collect();
        self.set_request(remote::headers(headers), |settings, headers| settings.headers = headers);
    }

    #[func]
    fn get_error_message(&self) -> GString {
        self.state().error_message.clone()
    }

    #[func]
    fn get_input_count(&self) -> i64 {
        self.of_opened(|opened| opened.inputs.len() as i64)
    }

    #[func]
    fn get_output_count(&self) -> i64 {
        self.of_opened(|opened| opened.outputs.len() as i64)
    }

    #[func]
    fn get_labels(&self) -> PackedStringArray {
        self.of_opened(|opened| opened.labels.clone())
    }

    #[func]
    fn get_variant(&self) -> GString {
        self.of_opened(|opened| opened.variant.clone())
    }

    #[func]
    fn get_device(&self) -> GString {
        self.of_opened(|opened| opened.device.clone())
    }

    #[func]
    fn get_device_name(&self) -> GString {
        self.of_opened(|opened| opened.device_name.clone())
    }

    #[func]
    fn get_run_milliseconds(&self) -> f64 {
        self.of_opened(|opened| opened.run_milliseconds)
    }
}
