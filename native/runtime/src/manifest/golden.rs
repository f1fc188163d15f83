//! The manifest's `golden`: what goes in, and what must come out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::File;
use super::network::Network;
use super::preprocess::Preprocess;
use super::rules;
use crate::json::{Fault, Read, read};

/// At least one input and the reference's answer to it: a self-test that runs anywhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Golden {
    /// Of a network that recognises drawings.
    Images(GoldenImages),
    /// Of any network.
    Tensors(GoldenTensors),
}

/// Test drawings, and the reference's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenImages {
    /// Grey levels, [count, size, size], light on dark.
    pub images: File,
    /// Of shape `[count]`, each below the number of labels.
    #[serde(deserialize_with = "rules::filled")]
    pub labels: Vec<usize>,
    /// Of shape `[count, labels]`.
    pub probabilities: Vec<Vec<f64>>,
    /// Largest difference allowed to any probability.
    #[serde(deserialize_with = "rules::tolerance")]
    pub max_abs_diff: f64,
}

/// Inputs as the network takes them, and the reference's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenTensors {
    /// float32, little-endian, [count, and the input's shape without the batch].
    pub inputs: File,
    /// float32, little-endian, [count, and the output's shape without the batch].
    pub outputs: File,
    /// Largest difference allowed to any value of the output.
    #[serde(deserialize_with = "rules::tolerance")]
    pub max_abs_diff: f64,
}

impl Golden {
    /// Read one of either form; `at` is its path in the document.
    pub(super) fn read(value: &Value, at: &str) -> Read<Golden> {
        match value.get("inputs") {
            None => read(value, at).map(Golden::Images),
            Some(_) => read(value, at).map(Golden::Tensors),
        }
    }

    /// The files of the examples.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let (first, second) = match self {
            Golden::Images(golden) => (&golden.images, None),
            Golden::Tensors(golden) => (&golden.inputs, Some(&golden.outputs)),
        };
        [first].into_iter().chain(second)
    }

    /// Largest difference allowed to any value of the output.
    pub fn max_abs_diff(&self) -> f64 {
        match self {
            Golden::Images(golden) => golden.max_abs_diff,
            Golden::Tensors(golden) => golden.max_abs_diff,
        }
    }

    /// How many examples there are, for a network that they were checked with.
    pub(super) fn count(&self, network: &Network) -> usize {
        match self {
            Golden::Images(golden) => golden.labels.len(),
            Golden::Tensors(golden) => {
                (golden.inputs.bytes / bytes_of(network.inputs[0].values())) as usize
            }
        }
    }

    /// The examples must be as many, and as large, as shapes and labels say.
    pub(super) fn check(&self, network: &Network) -> Read<()> {
        match self {
            Golden::Images(golden) => golden.check(network),
            Golden::Tensors(golden) => golden.check(network),
        }
    }
}

impl GoldenImages {
    fn check(&self, network: &Network) -> Read<()> {
        let (Some(Preprocess::Drawing(how)), [_, _]) =
            (&network.preprocess, &network.outputs[0].shape[..])
        else {
            let message = "images are of drawings and their labels; expected inputs and outputs";
            return Err(Fault::at("golden", message));
        };
        if network.labels.is_empty() {
            return Err(Fault::at("labels", "expected some, since golden has labels"));
        }
        let (count, width, size) = (self.labels.len(), network.labels.len(), how.size);
        let bytes = (size as u64 * size as u64).checked_mul(count as u64);
        let fits = bytes == Some(self.images.bytes) && self.probabilities.len() == count;
        if !fits || self.probabilities.iter().any(|row| row.len() != width) {
            let message = format!(
                "expected {count} images of {size}x{size} bytes and {count} rows of {width} \
                 probabilities, got {} bytes and {} rows",
                self.images.bytes,
                self.probabilities.len()
            );
            return Err(Fault::at("golden", message));
        }
        match self.labels.iter().position(|label| *label >= width) {
            Some(index) => Err(Fault::at(
                format!("golden.labels.{index}"),
                format!("expected the number of one of {width} labels, got {}", self.labels[index]),
            )),
            None => Ok(()),
        }
    }
}

impl GoldenTensors {
    fn check(&self, network: &Network) -> Read<()> {
        let input = bytes_of(network.inputs[0].values());
        let output = bytes_of(network.outputs[0].values());
        let count = self.inputs.bytes / input;
        let fit = |file: &File, each: u64| count.checked_mul(each) == Some(file.bytes);
        if count >= 1 && fit(&self.inputs, input) && fit(&self.outputs, output) {
            return Ok(());
        }
        let message = format!(
            "expected inputs of N x {input} bytes and outputs of N x {output}, N at least 1, as the \
             shapes say, got {} and {}",
            self.inputs.bytes, self.outputs.bytes
        );
        Err(Fault::at("golden", message))
    }
}

/// The bytes of a number of float32 values.
fn bytes_of(values: usize) -> u64 {
    values as u64 * size_of::<f32>() as u64
}
