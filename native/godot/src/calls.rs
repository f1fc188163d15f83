//! What the class's methods do. Those that begin with `try_` may fail, and `report` keeps why.

use std::sync::{Arc, MutexGuard};

use godot::builtin::{GString, Variant, vslice};
use godot::global::{Error, push_error};
use godot::obj::Gd;
use ludus_runtime::preprocess::preprocess;

use crate::failure::{Failure, Outcome};
use crate::http;
use crate::job::{self, Done, Job};
use crate::lock::lock;
use crate::model::LudusModel;
use crate::network::Network;
use crate::opening::{self, Found, Wanted};
use crate::pictures;
use crate::remote::Settings;
use crate::state::{Opened, State};

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
        let (found, network) = opening::open(&self.wanted(path, device)?);
        self.settle(&mut engine, found, network)
    }

    pub fn try_open_async(&self, me: Gd<Self>, path: &GString, device: &GString) -> Outcome<()> {
        self.state().idle()?;
        let wanted = self.wanted(path, device)?;
        let engine = Arc::clone(&self.engine);
        let work = move || {
            *lock(&engine) = None;
            let (found, network) = opening::open(&wanted);
            Done::Opened(found, Box::new(network))
        };
        self.state().job = Some(Job::start(me.upcast(), work)?);
        Ok(())
    }

    /// What to open, once what was open is forgotten.
    fn wanted(&self, path: &GString, device: &GString) -> Outcome<Wanted> {
        let mut state = self.state();
        state.close();
        let (path, device) = (either(path, &state.bundle), either(device, &state.preferred_device));
        if path.is_empty() {
            return Err(Failure::bad("no bundle: give open() a path, or set the property bundle"));
        }
        let device = if device.is_empty() { "auto".to_owned() } else { device };
        Ok(Wanted { path, device, settings: state.request_settings.clone() })
    }

    fn settle(
        &self,
        engine: &mut Option<Network>,
        found: Found,
        network: Outcome<Network>,
    ) -> Outcome<()> {
        let mut state = self.state();
        state.found = found;
        let network = engine.insert(network?);
        state.opened = Some(Opened::new(network));
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
        let settings = self.state().request_settings.clone();
        let took = network.run(images.as_slice(), &settings)?;
        self.state().put(&network.answers, took);
        Ok(())
    }

    pub fn try_run_async(&self, me: Gd<Self>) -> Outcome<()> {
        let mut state = self.state();
        let images = state.images()?.to_vec();
        let (engine, settings) = (Arc::clone(&self.engine), state.request_settings.clone());
        let work = move || Done::Ran(job::answer(&engine, &images, &settings));
        state.job = Some(Job::start(me.upcast(), work)?);
        Ok(())
    }

    /// What came of the job, if there is one, whose thread is at its end.
    pub fn finish_job(&self) -> Option<Error> {
        let job = self.state().job.take()?;
        let outcome = job.join().and_then(|done| match done {
            Done::Ran(ran) => ran.map(|(answers, took)| self.state().put(&answers, took)),
            Done::Opened(found, network) => self.settle(&mut lock(&self.engine), found, *network),
        });
        Some(self.report(outcome))
    }

    pub fn try_set_image(&self, index: i64, image: &Variant) -> Outcome<()> {
        let (place, how) = {
            let mut state = self.state();
            let opened = state.opened_mut()?;
            opened.input_mut(index)?; // an index that does not exist is the first error
            (opened.place.clone(), opened.preprocess.clone())
        };
        let how = how.ok_or_else(|| {
            Failure::new(
                Error::ERR_UNAVAILABLE,
                format!(
                    "{place} has no preprocess, which makes a picture the network's input; set \
                     input/{index}/data instead"
                ),
            )
        })?;
        let of_input = |why: String| Failure::bad(format!("input/{index}: {why}"));
        let picture = pictures::picture(image).map_err(of_input)?;
        let data = preprocess(&picture, &how).map_err(|error| of_input(error.to_string()))?;
        self.state().opened_mut()?.input_mut(index)?.set_one(data.into());
        Ok(())
    }

    pub fn try_self_test(&self) -> Outcome<()> {
        self.state().idle()?;
        let mut engine = lock(&self.engine);
        let network = engine.as_mut().ok_or_else(Failure::not_open)?;
        network.self_test()
    }

    /// Set one of the request settings; a bad value is an error and changes nothing.
    pub fn set_request<T>(&self, value: Outcome<T>, set: impl FnOnce(&mut Settings, T)) {
        if let Err(failure) = &value {
            push_error(vslice![format!("LudusModel: {}", failure.message)]);
        }
        let outcome = value.map(|value| set(&mut self.state().request_settings, value));
        self.report(outcome);
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

/// Wait for every job and release its model. The engine quits: no signal is emitted.
pub fn finish_all() {
    http::quit();
    for id in job::take_all() {
        if let Ok(model) = Gd::<LudusModel>::try_from_instance_id(id) {
            model.bind().finish_job();
        }
    }
}

fn either(given: &GString, stored: &GString) -> String {
    if given.is_empty() { stored } else { given }.to_string()
}
