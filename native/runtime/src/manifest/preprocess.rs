//! The manifest's `preprocess`: how a picture of any size and colour becomes the network's input.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rules;
use super::words::{Centre, Channels, DrawingLayout, Fit, Invert, Layout, PhotoKind};
use crate::error::{Error, Result};
use crate::json::{Fault, Read, parse, read};

/// One of two kinds; see docs/bundle-format.md.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Preprocess {
    /// Without a `kind`: a drawing, which is found, scaled and centred.
    Drawing(Drawing),
    /// Of the kind "photo": a picture that is taken as it is, resized.
    Photo(Photo),
}

/// A drawing becomes a square of grey levels, light on dark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawing {
    /// Height and width of the input, pixels, at least 1.
    #[serde(deserialize_with = "rules::pixels")]
    pub size: usize,
    /// The drawing is scaled to fit this square, pixels, at least 1. `box` in the manifest.
    #[serde(rename = "box", deserialize_with = "rules::pixels")]
    pub box_size: usize,
    /// Of the input.
    pub layout: DrawingLayout,
    /// Grey 0..255 times this, minus mean, is the input.
    pub scale: f64,
    /// See `scale`.
    pub mean: f64,
    /// Whether it is inverted.
    pub invert: Invert,
    /// What comes to the middle.
    pub centre: Centre,
}

/// A photo becomes `(level * scale - mean) / std`, each channel with its own mean and std.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Photo {
    /// "photo".
    pub kind: PhotoKind,
    /// Of the input, pixels, at least 1.
    #[serde(deserialize_with = "rules::pixels")]
    pub height: usize,
    /// Of the input, pixels, at least 1.
    #[serde(deserialize_with = "rules::pixels")]
    pub width: usize,
    /// Which part of it is resized.
    pub fit: Fit,
    /// In the order of the input.
    pub channels: Channels,
    /// Of the input.
    pub layout: Layout,
    /// Of levels 0..255.
    pub scale: f64,
    /// One a channel, in the order of `channels`.
    pub mean: Vec<f64>,
    /// One a channel, in the order of `channels`; larger than 0.
    pub std: Vec<f64>,
}

impl Preprocess {
    /// Read and check the JSON of one, as it stands in a manifest.
    ///
    /// # Errors
    /// Manifest.
    pub fn parse(bytes: &[u8]) -> Result<Preprocess> {
        let document =
            parse(bytes).map_err(|error| Error::Manifest(format!("no JSON: {error}")))?;
        let how = Preprocess::read(&document, "preprocess").and_then(|how| {
            let how = how.ok_or_else(|| Fault::at("preprocess", "expected an object, got null"))?;
            how.check()?;
            Ok(how)
        });
        how.map_err(|fault| Error::Manifest(fault.to_string()))
    }

    /// Read one, or null; `at` is its path in the document.
    pub(super) fn read(value: &Value, at: &str) -> Read<Option<Preprocess>> {
        match value.get("kind") {
            _ if value.is_null() => Ok(None),
            None => read(value, at).map(|drawing| Some(Preprocess::Drawing(drawing))),
            Some(_) => read(value, at).map(|photo| Some(Preprocess::Photo(photo))),
        }
    }

    /// "drawing" or "photo".
    pub fn kind(&self) -> &'static str {
        match self {
            Preprocess::Drawing(_) => "drawing",
            Preprocess::Photo(_) => "photo",
        }
    }

    /// Of the input that it makes, without the batch.
    pub fn shape(&self) -> [i64; 3] {
        match self {
            Preprocess::Drawing(Drawing { size, .. }) => [1, *size as i64, *size as i64],
            Preprocess::Photo(photo) => {
                let [height, width, depth] =
                    [photo.height, photo.width, photo.depth()].map(|length| length as i64);
                match photo.layout {
                    Layout::Nchw => [depth, height, width],
                    Layout::Nhwc => [height, width, depth],
                }
            }
        }
    }

    /// What the rules of single values leave open.
    pub(super) fn check(&self) -> Read<()> {
        match self {
            Preprocess::Drawing(drawing) => drawing.check(),
            Preprocess::Photo(photo) => photo.check(),
        }
    }
}

impl Drawing {
    fn check(&self) -> Read<()> {
        if self.box_size <= self.size {
            return Ok(());
        }
        let message = format!("expected at most the size, {}, got {}", self.size, self.box_size);
        Err(Fault::at("preprocess.box", message))
    }
}

impl Photo {
    /// The number of channels.
    pub fn depth(&self) -> usize {
        if self.channels == Channels::Grey { 1 } else { 3 }
    }

    fn check(&self) -> Read<()> {
        for (key, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != self.depth() {
                let message = format!(
                    "expected a number for each channel of {}, {}, got {}",
                    self.channels,
                    self.depth(),
                    values.len()
                );
                return Err(Fault::at(format!("preprocess.{key}"), message));
            }
        }
        match self.std.iter().enumerate().find(|(_, std)| **std <= 0.0) {
            Some((index, std)) => Err(Fault::at(
                format!("preprocess.std.{index}"),
                format!("expected a number larger than 0, got {std}"),
            )),
            None => Ok(()),
        }
    }
}
