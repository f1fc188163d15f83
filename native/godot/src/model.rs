//! The class that a game uses.

use std::sync::{Arc, Mutex};

use godot::global::{Error, push_error};
use godot::prelude::*;
use godot::register::info::PropertyInfo;

use crate::failure::Outcome;
use crate::state::{Opened, State};
use crate::work::{self, Engine};
use crate::{inspect, properties, remote};

/// A trained network of a Ludus bundle, run on the CPU, Vulkan or CUDA, or by a server.
///
/// A bundle is a folder with one network, compiled for several machines: its variants. All of it is
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
/// **Inputs and outputs** are properties that a bundle brings when it is opened. N counts from 0:
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
/// **On a server** that `ludus serve` started a network is used as one of this machine is: give
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

    /// Why the last call failed, in words for a person; `""` after one that did not.
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

    /// The variant at work, such as `"iree-cpu-x86_64-v3"`; `""` when no bundle is open, or a
    /// server chose it.
    #[var(get = get_variant, no_set)]
    variant: PhantomVar<GString>,

    /// The device at work in a word, such as `"cpu"` or `"vulkan"`; `"remote"` for a server, and
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

    /// Check a bundle and open it on a device. What was open before is closed, also if this fails.
    ///
    /// `path` is a folder in `res://` (also inside an exported `.pck`), in `user://`, or an
    /// absolute path; `""` is [member bundle]. A relative path is refused: it would be another
    /// folder in an exported game. Or it is the URL of a served model, such as
    /// `"https://ml.example/v2/models/digits"`, which had better be given to [method open_async].
    ///
    /// `device` is `"auto"` for the first variant, in the bundle's order, that computes rightly on
    /// this machine; a device, for the first variant of that device; or a variant, and no other.
    /// `""` is [member preferred_device]. A device or variant that is named never falls back to
    /// another. A server chooses the device itself: for a URL it is `"auto"`.
    ///
    /// Returns `OK`, or
    /// - `ERR_FILE_NOT_FOUND`: the folder or a file in it is missing;
    /// - `ERR_FILE_NO_PERMISSION`: a file is there, and the system does not let it be read;
    /// - `ERR_FILE_CORRUPT`: a file is not what the bundle says, or does not belong to it;
    /// - `ERR_INVALID_DATA`: the manifest is wrong, or the network computes something else;
    /// - `ERR_UNAVAILABLE`: nothing of it runs on this machine;
    /// - `ERR_INVALID_PARAMETER`: there is no such device or variant, or no path, or a relative one;
    /// - `ERR_BUSY`: [method run_async] or [method open_async] is under way; nothing is closed.
    ///
    /// and of a server, by this and by a run,
    /// - `ERR_TIMEOUT`: it did not answer within [member request_timeout];
    /// - `ERR_CANT_RESOLVE`, `ERR_CANT_CONNECT`, `ERR_CONNECTION_ERROR`: it cannot be found, nothing
    ///   listens there or TLS fails, or the connection broke;
    /// - `ERR_UNAVAILABLE`: it is too busy, or fails;
    /// - `ERR_UNAUTHORIZED`, `ERR_DOES_NOT_EXIST`, `ERR_INVALID_PARAMETER`, `ERR_INVALID_DATA`: it
    ///   wants a key, has no such model, refuses the inputs, or answers something else than a
    ///   network's outputs.
    ///
    /// [member error_message] says which file or device and why, [method variants] each variant's
    /// reason. It takes milliseconds on a CPU, and some tenths of a second on a GPU's first time; on
    /// a machine that is busy with other things many times that. Open before the game begins, or on
    /// a thread.
    #[func(gd_self)]
    fn open(
        mut this: Gd<Self>,
        #[opt(default = "")] path: GString,
        #[opt(default = "")] device: GString,
    ) -> Error {
        let error = this.bind().open_now(&path, &device);
        properties_changed(&mut this);
        error
    }

    /// Open as [method open] does, on a thread of its own, so that no frame waits for it.
    ///
    /// ```gdscript
    /// var error: Error = await model.open_async("res://models/digits")
    /// ```
    ///
    /// What was open before is closed now. The signal is [signal completed], as that of
    /// [method run_async] is.
    #[func(gd_self)]
    fn open_async(
        mut this: Gd<Self>,
        #[opt(default = "")] path: GString,
        #[opt(default = "")] device: GString,
    ) -> Signal {
        let begun = this.bind().try_open_async(this.clone(), &path, &device);
        properties_changed(&mut this);
        completed(this, begun)
    }

    /// Close what is open and give its memory back. While [method run_async] or [method open_async]
    /// is under way this is an error, and nothing is closed.
    #[func(gd_self)]
    fn close(mut this: Gd<Self>) {
        this.bind().close_now();
        properties_changed(&mut this);
    }

    /// Whether a bundle is open.
    #[func]
    fn is_open(&self) -> bool {
        self.state().opened.is_some()
    }

    /// Whether a [method run_async] or [method open_async] is under way: from the call until
    /// [signal completed].
    #[func]
    fn is_running(&self) -> bool {
        self.state().job.is_some()
    }

    /// Run the network on `input/0/data`, and wait for `output/0/data`.
    ///
    /// Returns `OK`, `ERR_UNCONFIGURED` if no bundle is open, `ERR_INVALID_PARAMETER` if data and
    /// shape do not fit each other, `ERR_BUSY` while [method run_async] is under way, or
    /// `ERR_UNAVAILABLE` if the device fails. After an error the outputs are as they were.
    #[func(gd_self)]
    fn run(this: Gd<Self>) -> Error {
        let this = this.bind();
        this.report(this.try_run())
    }

    /// Run the network on a thread of its own, so that no frame waits for it.
    ///
    /// ```gdscript
    /// var error: Error = await model.run_async()
    /// ```
    ///
    /// The inputs are taken now, and may be set anew at once. The outputs change on the main
    /// thread, right before [signal completed], which is what is returned. It comes at the earliest
    /// when the engine is idle next, also if nothing could be run, so `await` it on the main
    /// thread; a thread of your own had better call [method run]. Errors are those of [method run].
    ///
    /// A second call while one is under way gets a signal of its own, with `ERR_BUSY`: who awaits
    /// the first is not disturbed. The model lives until it is done, even if you drop it. When the
    /// game quits, it waits for the network and emits nothing.
    #[func(gd_self)]
    fn run_async(this: Gd<Self>) -> Signal {
        let begun = this.bind().try_run_async(this.clone());
        completed(this, begun)
    }

    /// Make a picture of any size and colour the input `index`, by the bundle's own preprocessing,
    /// and set its shape to one input.
    ///
    /// `image` is an [Image] or a [Texture2D], which is left as it is. What becomes of it is the
    /// bundle's to say: a drawing is found, scaled and centred as the network's training pictures
    /// were, and dark on light is inverted if the bundle says so; a photo, or the middle of it, is
    /// stretched to the network's size, laid on white where it is transparent.
    ///
    /// A batch of pictures is made of one after the other:
    ///
    /// ```gdscript
    /// var batch := PackedFloat32Array()
    /// for picture: Image in pictures:
    ///     if model.set_image(0, picture) != OK:
    ///         push_error(model.error_message)
    ///         return
    ///     batch.append_array(model.get("input/0/data"))
    /// var shape: PackedInt64Array = model.get("input/0/shape")
    /// shape[0] = pictures.size()
    /// model.set("input/0/shape", shape)
    /// model.set("input/0/data", batch)
    /// ```
    ///
    /// Returns `OK`, `ERR_UNCONFIGURED` if no bundle is open, `ERR_UNAVAILABLE` if the bundle has no
    /// `preprocess`, since its network takes no pictures (set `input/0/data` instead), or
    /// `ERR_INVALID_PARAMETER` for what is no picture, is empty, shows nothing, or is of a format that
    /// the engine cannot convert.
    #[func(gd_self)]
    fn set_image(this: Gd<Self>, index: i64, image: Variant) -> Error {
        let this = this.bind();
        this.report(this.try_set_image(index, &image))
    }

    /// What the last [method open] learnt of each variant, in the bundle's order, also if it
    /// failed: `target`, `backend`, `device` (what it is for), `status` (`"verified"`,
    /// `"attested"`, `"not run"` or `"failed"` when the bundle was made), `runs` (bool: on this
    /// machine, as far as is known without trying), `reason` (why not), `bytes` (int), and
    /// `evaluations` (an Array of Dictionaries with the figures). Empty if the bundle was refused,
    /// or none was opened, and after [method close].
    #[func]
    fn variants(&self) -> Array<VarDictionary> {
        let state = self.state();
        let found = state.found.as_ref();
        found.map(|(bundle, choices)| inspect::chosen(bundle, choices)).unwrap_or_default()
    }

    /// Run the bundle's golden inputs on the device at work, and compare the answers.
    ///
    /// Returns `OK`, `ERR_INVALID_DATA` if they differ by more than the bundle allows, or an error
    /// of [method run]. Inputs and outputs are left as they are. Of a server's network it is
    /// `ERR_UNAVAILABLE`: the server did this when it loaded it.
    #[func(gd_self)]
    fn self_test(this: Gd<Self>) -> Error {
        let this = this.bind();
        this.report(this.try_self_test())
    }

    /// What a bundle is, without opening it on a device: all of it is checked and described.
    ///
    /// `error` (`""` if it is good, else there is nothing more), `name`, `version`, `inputs` and
    /// `outputs` (`name`, `datatype`, `shape` with -1 for the batch), `labels`, `preprocess` (`kind`,
    /// `"drawing"` or `"photo"`, `height`, `width`, `channels`, `fit`; empty if the network takes no
    /// pictures), `variants` (`target`, `backend`, `driver`, `architecture`, `features`,
    /// `iree_version`, `fits` (whether that is the IREE of this library), `bytes`, `files`, `status`,
    /// `evaluations`), `files` (all but `manifest.json` and `SHA256SUMS`) and `revision` (of the
    /// source that it was built from).
    #[func]
    fn inspect(path: GString) -> VarDictionary {
        inspect::inspect(&path.to_string())
    }

    /// The `manifest.json` of a bundle that has these variants only, for an export: whose files may
    /// then be left out. Empty after an error, which is in the log.
    #[func]
    fn subset(path: GString, targets: PackedStringArray) -> PackedByteArray {
        let targets: Vec<_> = targets.as_slice().iter().map(GString::to_string).collect();
        let targets: Vec<_> = targets.iter().map(String::as_str).collect();
        match inspect::subset(&path.to_string(), &targets) {
            Ok(json) => json.as_bytes().into(),
            Err(failure) => {
                push_error(vslice![format!("LudusModel.subset(): {}", failure.message)]);
                PackedByteArray::new()
            }
        }
    }

    // For `work` alone, which calls it by name from another thread.
    #[func(gd_self)]
    fn _finish(mut this: Gd<Self>) {
        let was_open = this.bind().is_open();
        let error = this.bind().finish_job();
        if this.bind().is_open() != was_open {
            properties_changed(&mut this);
        }
        if let Some(error) = error {
            this.emit_signal("completed", vslice![error]);
        }
    }

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
        self.state().asking.timeout.as_secs_f64()
    }

    #[func]
    fn set_request_timeout(&self, seconds: f64) {
        self.set_asking(remote::timeout(seconds), |asking, timeout| asking.timeout = timeout);
    }

    #[func]
    fn get_request_retries(&self) -> i64 {
        self.state().asking.retries.into()
    }

    #[func]
    fn set_request_retries(&self, retries: i64) {
        self.set_asking(remote::retries(retries), |asking, retries| asking.retries = retries);
    }

    #[func]
    fn get_request_headers(&self) -> PackedStringArray {
        self.state().asking.headers.iter().map(GString::from).collect()
    }

    #[func]
    fn set_request_headers(&self, headers: PackedStringArray) {
        let headers = headers.as_slice().iter().map(GString::to_string).collect();
        self.set_asking(remote::headers(headers), |asking, headers| asking.headers = headers);
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

#[godot_api]
impl IResource for LudusModel {
    fn on_get(&self, property: StringName) -> Option<Variant> {
        let got = properties::parse(&property.to_string())?
            .and_then(|place| self.state().opened()?.get(&place));
        got.inspect_err(|failure| push_error(vslice![format!("LudusModel: {}", failure.message)]))
            .ok()
    }

    #[func(gd_self)]
    fn on_set(this: Gd<Self>, property: StringName, value: Variant) -> bool {
        let Some(place) = properties::parse_writable(&property.to_string()) else {
            return false;
        };
        let this = this.bind();
        let set = place.and_then(|place| this.state().opened_mut()?.set(&place, &value));
        if let Err(failure) = &set {
            push_error(vslice![format!("LudusModel: {}", failure.message)]);
        }
        this.report(set);
        true
    }

    // Of a Gd, since `&mut self` would panic while another thread is inside. The engine also lists
    // the properties of objects that nothing refers to (to learn their default values): such a one
    // must not go with the Gd.
    #[func(gd_self)]
    fn on_get_property_list(this: Gd<Self>) -> Vec<PropertyInfo> {
        let listed = this.bind().of_opened(Opened::properties);
        if this.get_reference_count() == 1 {
            std::mem::forget(this);
        }
        listed
    }
}

/// The signal that who asked for a job awaits.
fn completed(model: Gd<LudusModel>, begun: Outcome<()>) -> Signal {
    let Err(failure) = begun else {
        return Signal::from_object_signal(&model, "completed");
    };
    let error = model.bind().report(Err(failure));
    let busy = error == Error::ERR_BUSY;
    work::refuse(if busy { work::teller() } else { model.upcast() }, error)
}

/// Tell the inspector, on the main thread.
fn properties_changed(model: &mut Gd<LudusModel>) {
    model.call_deferred("notify_property_list_changed", &[]);
}
