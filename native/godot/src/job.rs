//! Jobs: opening a bundle, or running its network, on a thread of its own.
//!
//! A job runs on a thread of std, not in the engine's WorkerThreadPool: that pool is what the
//! engine draws, loads and simulates with, a network would hold one of its few threads for as long
//! as it runs, and each of its tasks must be waited for by somebody before the engine ends. A
//! thread costs some 30 microseconds to start, and is joined when its answer is taken, so that none
//! is left in this library when the engine unloads it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use godot::classes::Resource;
use godot::global::Error;
use godot::obj::{Gd, InstanceId};

use crate::failure::{Failure, Outcome};
use crate::lock::lock;
use crate::network::{Engine, Network, bug};
use crate::opening::Found;
use crate::remote::Settings;

/// What a job comes to.
pub enum Done {
    Opened(Found, Box<Outcome<Network>>),
    Ran(Outcome<(Vec<f32>, Duration)>),
}

/// Work on a thread of its own.
pub struct Job {
    thread: JoinHandle<Done>,
    id: InstanceId,
    /// The game may drop the model meanwhile; it lives until the job is finished.
    _model: Gd<Resource>,
}

/// The models whose jobs are running.
static UNDER_WAY: Mutex<Vec<InstanceId>> = Mutex::new(Vec::new());

impl Job {
    /// Begin one.
    pub fn start(
        model: Gd<Resource>,
        work: impl FnOnce() -> Done + Send + 'static,
    ) -> Outcome<Self> {
        let id = model.instance_id();
        let work = move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            finish_later(id); // also after a panic, which join() tells
            done.unwrap_or_else(|panic| resume_unwind(panic))
        };
        lock(&UNDER_WAY).push(id);
        let thread = thread::Builder::new().name("ludus".to_owned()).spawn(work);
        let thread = thread.map_err(|error| {
            forget(id);
            Failure::new(Error::ERR_CANT_CREATE, format!("no thread could be started: {error}"))
        })?;
        Ok(Self { thread, id, _model: model })
    }

    /// Wait for its thread to end, which it is about to.
    pub fn join(self) -> Outcome<Done> {
        forget(self.id);
        self.thread.join().map_err(bug)
    }
}

/// Run the network of an engine, for a job.
pub fn answer(
    engine: &Engine,
    images: &[f32],
    settings: &Settings,
) -> Outcome<(Vec<f32>, Duration)> {
    let mut engine = lock(engine);
    let network = engine.as_mut().ok_or_else(Failure::not_open)?;
    let took = network.run(images, settings)?;
    Ok((network.answers.clone(), took))
}

/// Have the main thread take a job's answers. By name, so that nothing of this library waits in the
/// engine's queue when it quits; a message to a model that is gone by then is dropped.
fn finish_later(id: InstanceId) {
    if let Ok(mut model) = Gd::<Resource>::try_from_instance_id(id) {
        model.call_deferred("_finish", &[]);
    }
}

fn forget(id: InstanceId) {
    lock(&UNDER_WAY).retain(|other| *other != id);
}

/// The models whose jobs are running, which are forgotten.
pub fn take_all() -> Vec<InstanceId> {
    std::mem::take(&mut *lock(&UNDER_WAY))
}
