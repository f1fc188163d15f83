//! The manifest's `preprocess`: how a picture of any size and colour becomes the network's input.

use serde::Serialize;
use serde_json::Value;

use super::any_number;
use crate::error::{Error, Result};
use crate::json::{Fault, Read, list, object, parse, whole, word};

/// One of two kinds; see ludus/bundle/preprocessing.py.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Preprocess {
    /// Without a `kind`: a drawing, which is found, scaled and centred.
    Drawing(Drawing),
    /// Of the kind "photo": a picture that is taken as it is, resized.
    Photo(Photo),
}

/// A drawing becomes a square of grey levels, light on dark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawing {
    /// Height and width of the input, pixels, at least 1.
    pub size: usize,
    /// The drawing is scaled to fit this square, pixels, at least 1. `box` in the manifest.
    #[serde(rename = "box")]
    pub box_size: usize,
    /// "NCHW".
    pub layout: &'static str,
    /// Grey 0..255 times this, minus mean, is the input.
    pub scale: f64,
    /// See `scale`.
    pub mean: f64,
    /// "never" or "auto": a drawing darker than its border is inverted, to be light on dark.
    pub invert: &'static str,
    /// What comes to the middle: the centre of "mass", or the "box".
    pub centre: &'static str,
}

/// A photo becomes `(level * scale - mean) / std`, each channel with its own mean and std.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Photo {
    /// "photo".
    pub kind: &'static str,
    /// Of the input, pixels, at least 1.
    pub height: usize,
    /// Of the input, pixels, at least 1.
    pub width: usize,
    /// "stretch": all of the picture; "crop": the middle of it, of the input's proportions.
    pub fit: &'static str,
    /// "RGB", "BGR" or "grey".
    pub channels: &'static str,
    /// "NCHW": plane after plane; "NHWC": pixel after pixel.
    pub layout: &'static str,
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
        let read = preprocess(&document).and_then(|how| how.check().map(|()| how));
        read.map_err(|fault| Error::Manifest(fault.to_string()))
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
                    "NCHW" => [depth, height, width],
                    _ => [height, width, depth],
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
        Err(Fault::new(format!(
            "preprocess.box: expected at most the size, {}, got {}",
            self.size, self.box_size
        )))
    }
}

impl Photo {
    /// The number of channels.
    pub fn depth(&self) -> usize {
        if self.channels == "grey" { 1 } else { 3 }
    }

    fn check(&self) -> Read<()> {
        for (key, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != self.depth() {
                return Err(Fault::new(format!(
                    "preprocess.{key}: expected a number for each channel of {}, {}, got {}",
                    self.channels,
                    self.depth(),
                    values.len()
                )));
            }
        }
        match self.std.iter().enumerate().find(|(_, std)| **std <= 0.0) {
            Some((index, std)) => Err(Fault::new(format!(
                "preprocess.std.{index}: expected a number larger than 0, got {std}"
            ))),
            None => Ok(()),
        }
    }
}

pub(super) fn preprocess(value: &Value) -> Read<Preprocess> {
    match value.get("kind") {
        None => drawing(value).map(Preprocess::Drawing),
        Some(_) => photo(value).map(Preprocess::Photo),
    }
}

fn drawing(value: &Value) -> Read<Drawing> {
    object(value, |keys| {
        Ok(Drawing {
            size: keys.need("size", whole::<u32>(1))? as usize,
            box_size: keys.need("box", whole::<u32>(1))? as usize,
            layout: keys.need("layout", word(&["NCHW"]))?,
            scale: keys.need("scale", any_number)?,
            mean: keys.need("mean", any_number)?,
            invert: keys.need("invert", word(&["never", "auto"]))?,
            centre: keys.need("centre", word(&["mass", "box"]))?,
        })
    })
}

fn photo(value: &Value) -> Read<Photo> {
    object(value, |keys| {
        Ok(Photo {
            kind: keys.need("kind", word(&["photo"]))?,
            height: keys.need("height", whole::<u32>(1))? as usize,
            width: keys.need("width", whole::<u32>(1))? as usize,
            fit: keys.need("fit", word(&["stretch", "crop"]))?,
            channels: keys.need("channels", word(&["RGB", "BGR", "grey"]))?,
            layout: keys.need("layout", word(&["NCHW", "NHWC"]))?,
            scale: keys.need("scale", any_number)?,
            mean: keys.need("mean", list(any_number))?,
            std: keys.need("std", list(any_number))?,
        })
    })
}
