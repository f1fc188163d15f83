//! Pictures, and the arithmetic of their pixels that drawings and photos have in common.

use crate::error::{Error, Result};

/// A picture of any size and colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Red, green, blue and alpha (not premultiplied) of each pixel, row by row from the top.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// Whether all of it is opaque. An error where all is transparent, or bytes and size differ.
    pub(crate) fn is_opaque(&self) -> Result<bool> {
        let &Picture { width, height, ref rgba } = self;
        let needed = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(4));
        if needed != Some(rgba.len()) {
            return Err(Error::Image(format!(
                "a picture of {width} x {height} pixels has {} bytes, expected 4 a pixel, RGBA",
                rgba.len()
            )));
        }
        if rgba.is_empty() {
            return Err(Error::Image(format!(
                "the picture shows nothing: its size is {width} x {height} pixels"
            )));
        }
        let pixels = rgba.as_chunks().0.iter().map(|&pixel| u32::from_le_bytes(pixel));
        let (all, any) = pixels.fold((!0, 0), |(all, any), pixel| (all & pixel, any | pixel));
        if any >> 24 == 0 {
            return Err(Error::Image("the picture shows nothing: all of it is transparent".into()));
        }
        Ok(all >> 24 == 255)
    }
}

/// Grey, 0..255: the luma of ITU-R BT.601 as Pillow rounds it.
pub(crate) fn luma(pixel: [u8; 4]) -> u32 {
    let pixel = u32::from_le_bytes(pixel); // compilers do this to many pixels at once, not to bytes
    let (red, green, blue) = (pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255);
    (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
}

/// A level of a pixel that lets some of the paper below through.
pub(crate) fn laid_on(paper: f64, level: f64, alpha: u8) -> f64 {
    let share = f64::from(alpha) / 255.0;
    level * share + paper * (1.0 - share)
}

/// What each of neighbouring pixels gives to one output pixel.
pub(crate) struct Span {
    pub first: usize,
    pub weights: Vec<f64>,
}

impl Span {
    /// The output, of the pixels of a line.
    pub fn of(&self, line: &[f64]) -> f64 {
        self.weights.iter().zip(&line[self.first..]).map(|(weight, level)| weight * level).sum()
    }
}

/// Adds so much of each of a row's levels to the sums of their columns.
pub(crate) fn add(sums: &mut [f64], weight: f64, levels: &[f64]) {
    sums.iter_mut().zip(levels).for_each(|(sum, level)| *sum += weight * level);
}
