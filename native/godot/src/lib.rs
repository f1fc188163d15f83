//! `LudusModel`, a Ludus bundle as a resource of the Godot engine.
//!
//! All that is known of bundles and devices is in `ludus_runtime`; this crate turns it into what a
//! GDScript expects: properties, errors, a signal.

mod arrays;
mod calls;
mod failure;
mod files;
mod http;
mod inspect;
mod job;
mod lock;
mod methods;
mod model;
mod network;
mod opening;
mod pictures;
mod properties;
mod remote;
mod resource;
mod signals;
mod state;

#[allow(unsafe_code)] // to be the library is an unsafe trait; `http` sends a client between threads
mod library {
    use godot::init::{ExtensionLibrary, InitStage, gdextension};

    struct Ludus;

    #[gdextension]
    unsafe impl ExtensionLibrary for Ludus {
        fn on_stage_deinit(stage: InitStage) {
            if stage == InitStage::Scene {
                crate::calls::finish_all();
                ludus_runtime::device::shutdown();
            }
        }
    }
}
