//! What the class's methods do. Those that begin with `try_` may fail, and `report` keeps why.

use std::sync::{Arc, MutexGuard};

use godot::builtin::{GString, Variant, vslice};
use godot::global::{Error, push_error};
use godot::obj::Gd;
use ludus_runtime::model;
use ludus_runtime::picture::preprocess;

use crate::failure::{Failure, Outcome};
use crate::model::LudusModel;
use crate::state::{Opened, State};
use crate::work::{Job, Network, lock};
use crate::{files, pictures};

impl LudusModel {
    pub fn open_now(&self, path: &GString, device: &GString) -> Error {
        self.report(self.try_open(path, device))
    }

    pub fn close_now(&self) {
        let closed = self.try_close();
        if let Err(failure) = &closed {
            push_error(vslice![format!("LudusModel.close(): {}", failure.message)]);
        }
        self.report(closed);
    }

    fn try_open(&self, path: &GString, device: &GString) -> Outcome<()> {
        self.state().idle()?;
        let mut engine = lock(&self.engine);
        *engine = None;
        let (path, device) = {
            let mut state = self.state();
            state.close();
            (either(path, &state.bundle), either(device, &state.preferred_device))
        };
        if path.is_empty() {
            return Err(Failure::bad("no bundle: give open() a path, or set the property bundle"));
        }
        let bundle = Arc::new(files::open(&path)?);
        let opening = model::open(&bundle, if device.is_empty() { "auto" } else { &device });
        self.state().found = Some((bundle, opening.choices));
        let model = opening.model?;
        self.state().opened = Some(Opened::new(&model));
        *engine = Some(Network { model, answers: Vec::new() });
        Ok(())
    }

    fn try_close(&self) -> Outcome<()> {
        self.state().idle()?;
        let mut engine = lock(&self.engine);
        self.state().close();
        *engine = None;
        Ok(())
    }

    pub fn try_run(&self) -> Outcome<()> {
        self.state().idle()?; // rather than wait for it
        let mut engine = lock(&self.engine);
        let network = engine.as_mut().ok_or_else(Failure::not_open)?;
        let images = self.state().images()?;
        let took = network.run(images.as_slice())?;
        self.state().put(&network.answers, took);
        Ok(())
    }

    pub fn try_run_async(&self, me: Gd<Self>) -> Outcome<()> {
        let mut state = self.state();
        let images = state.images()?.to_vec();
        state.job = Some(Job::start(me, Arc::clone(&self.engine), images)?);
        Ok(())
    }

    /// What came of the job, if there is one, whose thread is at its end.
    pub fn take_answers(&self) -> Option<Error> {
        let job = self.state().job.take()?;
        Some(self.report(job.join().map(|(answers, took)| self.state().put(&answers, took))))
    }

    pub fn try_set_image(&self, index: i64, image: &Variant) -> Outcome<()> {
        let bundle = Arc::clone(&self.state().opened()?.bundle);
        let how = bundle.manifest.preprocess.as_ref().ok_or_else(|| {
            Failure::new(
                Error::ERR_UNAVAILABLE,
                format!(
                    "{} has no preprocess, which makes a picture the network's input; set \
                     input/{index}/data instead",
                    bundle.place("")
                ),
            )
        })?;
        let of_input = |why: String| Failure::bad(format!("the picture for input/{index}: {why}"));
        let picture = pictures::picture(image).map_err(of_input)?;
        let data = preprocess(&picture, how).map_err(|error| of_input(error.to_string()))?;
        self.state().opened_mut()?.set_one(index, data.into())
    }

    pub fn try_self_test(&self) -> Outcome<()> {
        self.state().idle()?;
        let mut engine = lock(&self.engine);
        let network = engine.as_mut().ok_or_else(Failure::not_open)?;
        network.model.self_test()?;
        Ok(())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub fn of_opened<T: Default>(&self, get: impl FnOnce(&Opened) -> T) -> T {
        self.state().opened.as_ref().map(get).unwrap_or_default()
    }

    /// Keep why a call failed, or that it did not.
    pub fn report(&self, outcome: Outcome<()>) -> Error {
        let (error, message) = match outcome {
            Ok(()) => (Error::OK, GString::new()),
            Err(Failure { code, message }) => (code, message.as_str().into()),
        };
        self.state().error_message = message;
        error
    }
}

fn either(given: &GString, stored: &GString) -> String {
    if given.is_empty() { stored } else { given }.to_string()
}
