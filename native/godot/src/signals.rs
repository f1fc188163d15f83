//! The signal `completed` of calls that fail before there is a job.

use godot::builtin::{Callable, Signal};
use godot::classes::RefCounted;
use godot::global::Error;
use godot::meta::ToGodot;
use godot::obj::{Gd, NewGd};

/// The signal `completed(error)` of an object, emitted when the caller has had time to await it.
pub fn emit_later(emitter: Gd<RefCounted>, error: Error) -> Signal {
    // emit_signal("completed", error); the last argument keeps `emitter` alive until then.
    let arguments = ["completed".to_variant(), error.to_variant(), emitter.to_variant()];
    Callable::from_object_method(&emitter, "emit_signal").unbind(1).call_deferred(&arguments);
    Signal::from_object_signal(&emitter, "completed")
}

/// An object with a signal `completed` that no other caller awaits.
pub fn private_emitter() -> Gd<RefCounted> {
    let mut emitter = RefCounted::new_gd();
    emitter.add_user_signal("completed");
    emitter
}
