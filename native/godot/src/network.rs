//! The network that is open, and what computes it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use godot::global::Error;
use ludus_runtime::{Model, manifest};

use crate::failure::{Failure, Outcome};
use crate::remote::{Client, Settings};

/// The network, if one is open. It is locked while it runs, which may take long.
pub type Engine = Mutex<Option<Network>>;

/// A network that is open, and room for its answers.
pub struct Network {
    pub runner: Runner,
    pub answers: Vec<f32>,
}

/// What computes it.
pub enum Runner {
    /// A device of this computer.
    Local(Model),
    /// A server.
    Remote(Client),
}

impl Network {
    pub fn new(runner: Runner) -> Self {
        Self { runner, answers: Vec::new() }
    }

    /// What it takes and gives.
    pub fn described(&self) -> &manifest::Network {
        match &self.runner {
            Runner::Local(model) => &model.bundle().manifest.network,
            Runner::Remote(client) => &client.network,
        }
    }

    /// Fills `answers`. Returns the time inside the runtime, or of the request.
    pub fn run(&mut self, images: &[f32], settings: &Settings) -> Outcome<Duration> {
        let Self { runner, answers } = self;
        let start = Instant::now();
        let run = catch_unwind(AssertUnwindSafe(|| match runner {
            Runner::Local(model) => Ok(model.run(images, answers)?),
            Runner::Remote(client) => client.run(images, settings, answers),
        }));
        run.map_err(bug)??;
        Ok(start.elapsed())
    }

    /// Compare golden answers.
    pub fn self_test(&mut self) -> Outcome<()> {
        match &mut self.runner {
            Runner::Local(model) => Ok(model.self_test().map(drop)?),
            Runner::Remote(client) => Err(Failure::new(
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

/// The failure of a call that panicked; the panic's own message is in the log.
pub fn bug(_: Box<dyn Any + Send>) -> Failure {
    Failure::new(Error::FAILED, "a bug in Ludus; its panic is in the log")
}
