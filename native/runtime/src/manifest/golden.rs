//! The manifest's `golden`: what goes in, and what must come out.

use serde::Serialize;
use serde_json::Value;

use super::{File, Manifest, any_number, file};
use crate::json::{Fault, Keys, Read, filled, list, number, object, whole};
use crate::manifest::Preprocess;

/// Inputs and the reference's answers: a self-test that runs anywhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Golden {
    /// In one of two forms.
    #[serde(flatten)]
    pub examples: Examples,
    /// Largest difference allowed to any value of the output.
    pub max_abs_diff: f64,
}

/// At least one input, and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Examples {
    /// Of a network that recognises drawings.
    Images {
        /// Grey levels, [count, size, size], light on dark.
        images: File,
        /// Of shape `[count]`, each below the number of labels.
        labels: Vec<usize>,
        /// Of shape `[count, labels]`.
        probabilities: Vec<Vec<f64>>,
    },
    /// Of any network.
    Tensors {
        /// float32, little-endian, [count, and the input's shape without the batch].
        inputs: File,
        /// float32, little-endian, [count, and the output's shape without the batch].
        outputs: File,
    },
}

impl Golden {
    /// The files of the examples.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let (first, second) = match &self.examples {
            Examples::Images { images, .. } => (images, None),
            Examples::Tensors { inputs, outputs } => (inputs, Some(outputs)),
        };
        [first].into_iter().chain(second)
    }
}

impl Manifest {
    /// How many golden examples there are, at least 1.
    pub fn golden_count(&self) -> usize {
        match &self.golden.examples {
            Examples::Images { labels, .. } => labels.len(),
            Examples::Tensors { inputs, .. } => {
                (inputs.bytes / bytes_of(self.network.inputs[0].values())) as usize
            }
        }
    }

    /// The examples must be as many, and as large, as shapes and labels say.
    pub(super) fn check_golden(&self) -> Read<()> {
        match &self.golden.examples {
            Examples::Images { images, labels, probabilities } => {
                self.check_images(images, labels, probabilities)
            }
            Examples::Tensors { inputs, outputs } => self.check_tensors(inputs, outputs),
        }
    }

    fn check_images(
        &self,
        images: &File,
        labels: &[usize],
        probabilities: &[Vec<f64>],
    ) -> Read<()> {
        let (Some(Preprocess::Drawing(how)), [_, _]) =
            (&self.network.preprocess, &self.network.outputs[0].shape[..])
        else {
            return Err(Fault::new(
                "golden: images are of drawings and their labels; expected inputs and outputs",
            ));
        };
        if self.network.labels.is_empty() {
            return Err(Fault::new("labels: expected some, since golden has labels"));
        }
        let (count, width, size) = (labels.len(), self.network.labels.len(), how.size);
        let bytes = (size as u64 * size as u64).checked_mul(count as u64);
        let fits = bytes == Some(images.bytes) && probabilities.len() == count;
        if !fits || probabilities.iter().any(|row| row.len() != width) {
            return Err(Fault::new(format!(
                "golden: expected {count} images of {size}x{size} bytes and {count} rows of \
                 {width} probabilities"
            )));
        }
        match labels.iter().find(|label| **label >= width) {
            Some(label) => {
                Err(Fault::new(format!("golden.labels: {label} is no label of {width}")))
            }
            None => Ok(()),
        }
    }

    fn check_tensors(&self, inputs: &File, outputs: &File) -> Read<()> {
        let input = bytes_of(self.network.inputs[0].values());
        let output = bytes_of(self.network.outputs[0].values());
        let count = inputs.bytes / input;
        let fit = |file: &File, each: u64| count.checked_mul(each) == Some(file.bytes);
        if count >= 1 && fit(inputs, input) && fit(outputs, output) {
            return Ok(());
        }
        Err(Fault::new(format!(
            "golden: expected inputs of N x {input} bytes and outputs of N x {output}, N at least \
             1, as the shapes say, got {} and {}",
            inputs.bytes, outputs.bytes
        )))
    }
}

/// Of so many float32.
fn bytes_of(values: usize) -> u64 {
    values as u64 * size_of::<f32>() as u64
}

pub(super) fn golden(value: &Value) -> Read<Golden> {
    object(value, |keys| {
        let examples = if value.get("inputs").is_some() { tensors(keys) } else { images(keys) };
        Ok(Golden {
            examples: examples?,
            max_abs_diff: keys.need("max_abs_diff", number(0.0, f64::MAX))?,
        })
    })
}

fn images(keys: &mut Keys<'_>) -> Read<Examples> {
    Ok(Examples::Images {
        images: keys.need("images", file)?,
        labels: keys.need("labels", filled(whole(0)))?,
        probabilities: keys.need("probabilities", list(list(any_number)))?,
    })
}

fn tensors(keys: &mut Keys<'_>) -> Read<Examples> {
    Ok(Examples::Tensors {
        inputs: keys.need("inputs", file)?,
        outputs: keys.need("outputs", file)?,
    })
}
