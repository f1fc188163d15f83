//! What a network takes and gives, wherever it runs.

use serde::Serialize;
use serde_json::Value;

use super::{Preprocess, batch, differ, preprocess};
use crate::error::{Error, Result};
use crate::json::{Fault, Keys, Read, filled, list, nullable, object, parse, text, word};

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tensor {
    /// For people.
    pub name: String,
    /// "FP32".
    pub datatype: &'static str,
    /// The batch, which may be -1, for any, and then lengths of at least 1.
    pub shape: Vec<i64>,
}

impl Network {
    /// Read and check the JSON of one, by itself; `place` is for messages.
    ///
    /// # Errors
    /// Manifest.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Network> {
        let document =
            parse(bytes).map_err(|error| Error::Manifest(format!("{place}: no JSON: {error}")))?;
        let read = object(&document, network);
        let read = read.and_then(|network| network.check().map(|()| network));
        read.map_err(|fault| Error::Manifest(format!("{place}: {fault}")))
    }

    /// One input and one output, of the shapes that preprocess and labels have.
    pub(super) fn check(&self) -> Read<()> {
        differ("label", self.labels.iter().map(String::as_str))?;
        for (side, tensors) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            if tensors.len() != 1 {
                return Err(Fault::new(format!("{side}: expected one, got {}", tensors.len())));
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

/// The keys of one, of an object that may have others.
pub(super) fn network(keys: &mut Keys<'_>) -> Read<Network> {
    Ok(Network {
        inputs: keys.need("inputs", filled(tensor))?,
        outputs: keys.need("outputs", filled(tensor))?,
        labels: keys.need("labels", list(text))?,
        preprocess: keys.need("preprocess", nullable(preprocess::preprocess))?,
    })
}

fn tensor(value: &Value) -> Read<Tensor> {
    object(value, |keys| {
        Ok(Tensor {
            name: keys.need("name", text)?,
            datatype: keys.need("datatype", word(&["FP32"]))?,
            shape: keys.need("shape", filled(batch))?,
        })
    })
}

/// The first dimension alone may be any, and the values of one in the batch can be counted in bytes.
fn check_shape(side: &str, shape: &[i64]) -> Read<()> {
    let bytes = shape[1..].iter().try_fold(4_i64, |product, length| product.checked_mul(*length));
    if bytes.is_some() && !shape[1..].contains(&-1) {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{side}.0.shape: expected -1 in the first place alone, and no more values than there are \
         bytes, got {shape:?}"
    )))
}

fn expect_shape(side: &str, shape: &[i64], expected: &[i64]) -> Read<()> {
    if shape == expected {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{side}.0.shape: expected {expected:?}, as preprocess, labels and batch say, got {shape:?}"
    )))
}
