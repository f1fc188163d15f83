//! What a network takes and gives, wherever it runs.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::preprocess::Preprocess;
use super::rules;
use super::words::Datatype;
use crate::error::{Error, Result};
use crate::json::{Fault, Read, parse, read};

/// Of a manifest, or by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Network {
    /// In the engine's order, `input/0`: one. It is what `preprocess` makes.
    pub inputs: Vec<Tensor>,
    /// In the engine's order: one.
    pub outputs: Vec<Tensor>,
    /// Of the output's last dimension; each differs. Empty where its numbers have no names.
    pub labels: Vec<String>,
    /// From a picture to the first input; none where the network takes no pictures.
    pub preprocess: Option<Preprocess>,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// For people.
    pub name: String,
    /// Of its numbers.
    pub datatype: Datatype,
    /// The batch, which may be -1, for any, and then lengths of at least 1.
    #[serde(deserialize_with = "rules::shape")]
    pub shape: Vec<i64>,
}

/// The keys of a network by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(deserialize_with = "rules::filled")]
    inputs: Vec<Tensor>,
    #[serde(deserialize_with = "rules::filled")]
    outputs: Vec<Tensor>,
    labels: Vec<String>,
    #[serde(rename = "preprocess")]
    _preprocess: IgnoredAny, // of a type that its own keys tell
}

impl Network {
    /// Read and check the JSON of one, by itself; `place` is for messages.
    ///
    /// # Errors
    /// Manifest.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Network> {
        let document =
            parse(bytes).map_err(|error| Error::Manifest(format!("{place}: no JSON: {error}")))?;
        let network = Network::read(&document).and_then(|network| {
            network.check()?;
            Ok(network)
        });
        network.map_err(|fault| Error::Manifest(format!("{place}: {fault}")))
    }

    fn read(document: &Value) -> Read<Network> {
        let Keys { inputs, outputs, labels, _preprocess } = read(document, "")?;
        let preprocess = Preprocess::read(&document["preprocess"], "preprocess")?;
        Ok(Network { inputs, outputs, labels, preprocess })
    }

    /// One input and one output, of the shapes that preprocess and labels have.
    pub(super) fn check(&self) -> Read<()> {
        rules::differ("label", self.labels.iter().map(String::as_str))?;
        for (side, tensors) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            if tensors.len() != 1 {
                let count = tensors.len();
                return Err(Fault::at(side, format!("expected one, got {count}")));
            }
            check_shape(side, &tensors[0].shape)?;
        }
        let (input, output) = (&self.inputs[0].shape, &self.outputs[0].shape);
        if let Some(how) = &self.preprocess {
            how.check()?;
            expect_shape("inputs", input, &[&input[..1], &how.shape()].concat())?;
        }
        let mut expected = [&input[..1], &output[1..]].concat();
        if let (false, Some(last)) = (self.labels.is_empty(), expected[1..].last_mut()) {
            *last = self.labels.len() as i64;
        }
        expect_shape("outputs", output, &expected)
    }
}

impl Tensor {
    /// How many numbers there are of each in the batch.
    pub fn values(&self) -> usize {
        self.lengths().product()
    }

    /// The shape without the batch.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.shape[1..].iter().map(|length| *length as usize)
    }
}

/// The first dimension alone may be any, and the values of one in the batch can be counted in bytes.
fn check_shape(side: &str, shape: &[i64]) -> Read<()> {
    let bytes = shape[1..].iter().try_fold(4_i64, |product, length| product.checked_mul(*length));
    if bytes.is_some() && !shape[1..].contains(&-1) {
        return Ok(());
    }
    let expected = "-1 in the first place alone, and fewer bytes than 64 bits can count";
    Err(Fault::at(format!("{side}.0.shape"), format!("expected {expected}, got {shape:?}")))
}

fn expect_shape(side: &str, shape: &[i64], expected: &[i64]) -> Read<()> {
    if shape == expected {
        return Ok(());
    }
    let message =
        format!("expected {expected:?}, as preprocess, labels and batch say, got {shape:?}");
    Err(Fault::at(format!("{side}.0.shape"), message))
}
