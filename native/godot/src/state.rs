//! What a model holds for the game; the network itself is in `work`.

use std::time::Duration;

use godot::builtin::{GString, PackedFloat32Array, PackedInt64Array, PackedStringArray};
use godot::global::Error;
use ludus_runtime::manifest::{self, Preprocess};

use crate::failure::{Failure, Outcome};
use crate::job::Job;
use crate::network::{Network, Runner};
use crate::opening::Found;
use crate::remote::Settings;

/// Behind a lock that is held for moments only, so that no getter waits for a network.
pub struct State {
    pub bundle: GString,
    /// "" for "auto".
    pub preferred_device: GString,
    pub error_message: GString,
    /// Of requests to a server, where the bundle is a server's.
    pub request_settings: Settings,
    /// What the last open() learnt of the variants, whether one could be opened or not.
    pub found: Found,
    pub opened: Option<Opened>,
    pub job: Option<Job>,
}

/// A bundle that is open.
pub struct Opened {
    /// Where it is, for messages.
    pub place: String,
    pub preprocess: Option<Preprocess>,
    pub inputs: Vec<Tensor>,
    pub outputs: Vec<Tensor>,
    /// As the class gives them, since a text recogniser has thousands and asks for each letter.
    pub labels: PackedStringArray,
    pub variant: GString,
    pub device: GString,
    pub device_name: GString,
    pub run_milliseconds: f64,
}

/// An input or output.
pub struct Tensor {
    pub name: GString,
    pub datatype: GString,
    pub shape: PackedInt64Array,
    /// Empty until it is set, or the first run.
    pub data: PackedFloat32Array,
}

impl Default for State {
    fn default() -> Self {
        let (timeout, retries) = (Duration::from_secs(5), 2);
        Self {
            bundle: GString::new(),
            preferred_device: "auto".into(),
            error_message: GString::new(),
            request_settings: Settings { timeout, retries, headers: Vec::new() },
            found: None,
            opened: None,
            job: None,
        }
    }
}

impl State {
    /// An error while run_async() is under way.
    pub fn idle(&self) -> Outcome<()> {
        match self.job {
            None => Ok(()),
            Some(_) => Err(Failure::new(
                Error::ERR_BUSY,
                "open_async() or run_async() is under way; await it first, or take a second \
                 LudusModel",
            )),
        }
    }

    pub fn opened(&self) -> Outcome<&Opened> {
        self.opened.as_ref().ok_or_else(Failure::not_open)
    }

    pub fn opened_mut(&mut self) -> Outcome<&mut Opened> {
        self.opened.as_mut().ok_or_else(Failure::not_open)
    }

    /// What a run takes, once nothing stands against one.
    pub fn images(&self) -> Outcome<PackedFloat32Array> {
        self.idle()?;
        self.opened()?.images()
    }

    /// Keep what came of a run.
    pub fn put(&mut self, answers: &[f32], took: Duration) {
        if let Some(opened) = &mut self.opened {
            opened.put(answers, took);
        }
    }

    /// Forget all of what was open.
    pub fn close(&mut self) {
        self.found = None;
        self.opened = None;
    }
}

impl Opened {
    pub fn new(network: &Network) -> Self {
        let (place, variant, device, device_name) = match &network.runner {
            Runner::Local(model) => {
                (model.bundle().place(""), model.target(), model.device(), model.device_name())
            }
            Runner::Remote(client) => (client.url().to_owned(), "", "remote", client.url()),
        };
        let network = network.described();
        Self {
            place,
            preprocess: network.preprocess.clone(),
            inputs: network.inputs.iter().map(Tensor::new).collect(),
            outputs: network.outputs.iter().map(Tensor::new).collect(),
            labels: network.labels.iter().map(GString::from).collect(),
            variant: variant.into(),
            device: device.into(),
            device_name: device_name.into(),
            run_milliseconds: 0.0,
        }
    }

    /// An input.
    pub fn input_mut(&mut self, index: i64) -> Outcome<&mut Tensor> {
        let count = self.inputs.len();
        let input = usize::try_from(index).ok().and_then(|index| self.inputs.get_mut(index));
        input.ok_or_else(|| Failure::no_such("input", index, count))
    }

    fn images(&self) -> Outcome<PackedFloat32Array> {
        let Tensor { shape, data, .. } = &self.inputs[0];
        let shape = shape.as_slice();
        let wanted = shape.iter().try_fold(1_i64, |product, next| product.checked_mul(*next));
        if wanted == Some(data.len() as i64) {
            return Ok(data.clone()); // which shares the numbers
        }
        Err(Failure::bad(format!(
            "input/0/data has {} values, and input/0/shape {shape:?} takes {}; set the data, or \
             the first dimension of the shape",
            data.len(),
            wanted.map_or_else(|| "too many".to_owned(), |wanted| wanted.to_string()),
        )))
    }

    fn put(&mut self, answers: &[f32], took: Duration) {
        self.run_milliseconds = took.as_secs_f64() * 1e3;
        let output = &mut self.outputs[0];
        if output.data.len() != answers.len() {
            output.data.resize(answers.len());
            let each: i64 = output.shape.as_slice()[1..].iter().product();
            output.shape.as_mut_slice()[0] = answers.len() as i64 / each;
        }
        // In place, unless the game has kept the array of the run before.
        output.data.as_mut_slice().copy_from_slice(answers);
    }
}

impl Tensor {
    /// Make it a batch of one.
    pub fn set_one(&mut self, data: PackedFloat32Array) {
        self.shape.as_mut_slice()[0] = 1;
        self.data = data;
    }

    /// With nothing in it, and room for one image where the manifest says any number.
    fn new(tensor: &manifest::Tensor) -> Self {
        Self {
            name: (&tensor.name).into(),
            datatype: tensor.datatype.as_str().into(),
            shape: tensor.shape.iter().map(|length| (*length).max(1)).collect(),
            data: PackedFloat32Array::new(),
        }
    }
}
