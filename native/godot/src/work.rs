//! Running the network: at once, or on a thread of its own.
//!
//! A job runs on a thread of std, not in the engine's WorkerThreadPool: that pool is what the
//! engine draws, loads and simulates with, a network would hold one of its few threads for as long
//! as it runs, and each of its tasks must be waited for by somebody before the engine ends. A
//! thread costs some 30 microseconds to start, and is joined when its answer is taken, so that none
//! is left in this library when the engine unloads it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use godot::builtin::{Callable, Signal};
use godot::classes::RefCounted;
use godot::global::Error;
use godot::meta::ToGodot;
use godot::obj::{Gd, InstanceId, NewGd};
use ludus_runtime::{Model, manifest};

use crate::failure::{Failure, Outcome};
use crate::http;
use crate::model::LudusModel;
use crate::opening::Found;
use crate::remote::{Client, Settings};

/// The network, if one is open. Who locks it has his turn; it may take long.
pub type Engine = Mutex<Option<Network>>;

/// A network that is open, and room for its answers.
pub struct Network {
    pub runner: Runner,
    pub answers: Vec<f32>,
}

/// What computes it.
pub enum Runner {
    Here(Model),
    There(Client),
}

/// What a job comes to.
pub enum Done {
    Opened(Found, Box<Outcome<Network>>),
    Ran(Outcome<(Vec<f32>, Duration)>),
}

/// Work on a thread of its own.
pub struct Job {
    thread: JoinHandle<Done>,
    id: InstanceId,
    /// The game may drop the model meanwhile; it lives until all are told.
    _model: Gd<LudusModel>,
}

/// The models whose jobs are under way.
static UNDER_WAY: Mutex<Vec<InstanceId>> = Mutex::new(Vec::new());

/// Also after a panic: what a lock guards here is whole after each statement.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    pub fn new(runner: Runner) -> Self {
        Self { runner, answers: Vec::new() }
    }

    /// What it takes and gives.
    pub fn described(&self) -> &manifest::Network {
        match &self.runner {
            Runner::Here(model) => &model.bundle().manifest.network,
            Runner::There(client) => &client.network,
        }
    }

    /// Fills `answers`. Returns the time inside the runtime, or of the request.
    pub fn run(&mut self, images: &[f32], asking: &Settings) -> Outcome<Duration> {
        let Self { runner, answers } = self;
        let start = Instant::now();
        let run = catch_unwind(AssertUnwindSafe(|| match runner {
            Runner::Here(model) => Ok(model.run(images, answers)?),
            Runner::There(client) => client.run(images, asking, answers),
        }));
        run.map_err(bug)??;
        Ok(start.elapsed())
    }

    /// Compare golden answers.
    pub fn self_test(&mut self) -> Outcome<()> {
        match &mut self.runner {
            Runner::Here(model) => Ok(model.self_test().map(drop)?),
            Runner::There(client) => Err(Failure::new(
                Error::ERR_UNAVAILABLE,
                format!(
                    "{}: the golden inputs are with the server, which ran them when it loaded the \
                     model",
                    client.url()
                ),
            )),
        }
    }
}

impl Job {
    /// Begin one.
    pub fn start(
        model: Gd<LudusModel>,
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
pub fn answer(engine: &Engine, images: &[f32], asking: &Settings) -> Outcome<(Vec<f32>, Duration)> {
    let mut engine = lock(engine);
    let network = engine.as_mut().ok_or_else(Failure::not_open)?;
    let took = network.run(images, asking)?;
    Ok((network.answers.clone(), took))
}

/// Have the main thread take a job's answers. By name, so that nothing of this library waits in the
/// engine's queue when it quits; a message to a model that is gone by then is dropped.
fn finish_later(id: InstanceId) {
    if let Ok(mut model) = Gd::<LudusModel>::try_from_instance_id(id) {
        model.call_deferred("_finish", &[]);
    }
}

fn bug(_: Box<dyn Any + Send>) -> Failure {
    Failure::new(Error::FAILED, "a bug in Ludus; its panic is in the log")
}

fn forget(id: InstanceId) {
    lock(&UNDER_WAY).retain(|other| *other != id);
}

/// Wait for every job, and let go of its model. The engine quits: nobody is told.
pub fn finish_all() {
    http::quit();
    let models = std::mem::take(&mut *lock(&UNDER_WAY));
    for id in models {
        if let Ok(model) = Gd::<LudusModel>::try_from_instance_id(id) {
            model.bind().finish_job();
        }
    }
}

/// A signal `completed(error)` of `teller`, given when the caller has had time to await it.
pub fn refuse(teller: Gd<RefCounted>, error: Error) -> Signal {
    // emit_signal("completed", error); the last argument keeps `teller` alive until then.
    let arguments = ["completed".to_variant(), error.to_variant(), teller.to_variant()];
    Callable::from_object_method(&teller, "emit_signal").unbind(1).call_deferred(&arguments);
    Signal::from_object_signal(&teller, "completed")
}

/// One that tells nobody but who asked.
pub fn teller() -> Gd<RefCounted> {
    let mut teller = RefCounted::new_gd();
    teller.add_user_signal("completed");
    teller
}
