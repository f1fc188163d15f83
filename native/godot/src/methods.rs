//! The class's methods, as the engine has them; `calls` does what they do.

use godot::global::{Error, push_error};
use godot::prelude::*;

use crate::failure::Outcome;
use crate::model::LudusModel;
use crate::{inspect, signals};

#[godot_api(secondary)]
impl LudusModel {
    /// Check a bundle and open it on a device. What was open before is closed, also if this fails.
    ///
    /// `path` is a folder in `res://` (also inside an exported `.pck`), in `user://`, or an
    /// absolute path; `""` is [member bundle]. A relative path is refused: it would be another
    /// folder in an exported game. Or it is the URL of a served model, such as
    /// `"https://ml.example/v2/models/digits"`, for which [method open_async] is recommended.
    ///
    /// `device` is `"auto"` for the first variant, in the bundle's order, that computes rightly on
    /// this machine; a device, for the first variant of that device; or a variant, and no other.
    /// `""` is [member preferred_device]. A device or variant that is named never falls back to
    /// another. A server chooses the device itself: for a URL it is `"auto"`.
    ///
    /// Returns `OK`, or
    /// - `ERR_FILE_NOT_FOUND`: the folder or a file in it is missing;
    /// - `ERR_FILE_NO_PERMISSION`: a file is there, and the system does not let it be read;
    /// - `ERR_FILE_CORRUPT`: a file differs from the manifest's description, or is not in it;
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
    /// a computer that is busy with other things many times that. Open before the game begins, or on
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
    /// thread; on a thread of your own call [method run] instead. Errors are those of [method run].
    ///
    /// A second call while one is under way gets a signal of its own, with `ERR_BUSY`: whoever awaits
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
    /// `ERR_INVALID_PARAMETER` for an index that does not exist, and for what is no picture, is empty,
    /// shows nothing, or is of a format that the engine cannot convert.
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

    /// Run the bundle's golden inputs on the device in use, and compare the answers.
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
    /// `error` (`""` if it is good; otherwise the only key), `name`, `version`, `inputs` and
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
}

/// The signal that a caller who asked for a job awaits.
fn completed(model: Gd<LudusModel>, begun: Outcome<()>) -> Signal {
    let Err(failure) = begun else {
        return Signal::from_object_signal(&model, "completed");
    };
    let error = model.bind().report(Err(failure));
    let busy = error == Error::ERR_BUSY;
    signals::emit_later(if busy { signals::private_emitter() } else { model.upcast() }, error)
}

/// Tell the inspector, on the main thread.
fn properties_changed(model: &mut Gd<LudusModel>) {
    model.call_deferred("notify_property_list_changed", &[]);
}
