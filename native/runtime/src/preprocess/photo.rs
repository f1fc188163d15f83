//! From any picture to the network's input, as the manifest's `preprocess` of the kind "photo" says.
//!
//! docs/bundle-format.md defines the steps of photos: in float64, rounded to float32 last.

use std::ops::Range;

use crate::error::Result;
use crate::manifest::{Channels, Fit, Layout, Photo};
use crate::picture::{Picture, Span, add, laid_on, luma};

const PAPER: f64 = 255.0; // white

/// The byte of a pixel that a channel is; none for grey.
type Channel = Option<u32>;

/// The network's input, of the shape that `how` says.
///
/// [`crate::Error::Image`]: the picture shows nothing, or has not the bytes that its size needs.
pub fn preprocess(picture: &Picture, how: &Photo) -> Result<Vec<f32>> {
    let opaque = picture.is_opaque()?;
    let (rows, columns) = part(picture, how);
    let (vertical, horizontal) = (spans(rows.len(), how.height), spans(columns.len(), how.width));
    let pixels = |row: usize| {
        &picture.rgba.as_chunks().0[(rows.start + row) * picture.width..][columns.clone()]
    };
    let mut input = vec![0.0; how.depth() * how.height * how.width];
    let (mut line, mut sums) = (vec![0.0; columns.len()], vec![0.0; columns.len()]);
    for (index, channel) in channels(how).iter().enumerate() {
        // Rows are reduced first: that adds neighbours in memory, and leaves fewer rows to go through.
        for (row, span) in vertical.iter().enumerate() {
            sums.fill(0.0);
            for (source, weight) in (span.first..).zip(&span.weights) {
                levels(pixels(source), *channel, opaque, &mut line);
                add(&mut sums, *weight, &line);
            }
            for (column, span) in horizontal.iter().enumerate() {
                input[place(how, index, row, column)] = scaled(span.of(&sums), how, index);
            }
        }
    }
    Ok(input)
}

/// Step 4: levels 0..255, in the order of the network's input, to that input.
pub fn normalise(levels: &[u8], how: &Photo) -> Vec<f32> {
    let (depth, area) = (how.depth(), how.height * how.width);
    let channel = |index: usize| match how.layout {
        Layout::Nchw => index / area % depth,
        Layout::Nhwc => index % depth,
    };
    let levels = levels.iter().enumerate();
    levels.map(|(index, level)| scaled(f64::from(*level), how, channel(index))).collect()
}

fn scaled(level: f64, how: &Photo, channel: usize) -> f32 {
    ((level * how.scale - how.mean[channel]) / how.std[channel]) as f32
}

fn place(how: &Photo, channel: usize, row: usize, column: usize) -> usize {
    match how.layout {
        Layout::Nchw => (channel * how.height + row) * how.width + column,
        Layout::Nhwc => (row * how.width + column) * how.depth() + channel,
    }
}

/// In the order of the network's input.
fn channels(how: &Photo) -> &'static [Channel] {
    match how.channels {
        Channels::Rgb => &[Some(0), Some(1), Some(2)],
        Channels::Bgr => &[Some(2), Some(1), Some(0)],
        Channels::Grey => &[None],
    }
}

/// Step 1, of a row of pixels.
fn levels(pixels: &[[u8; 4]], channel: Channel, opaque: bool, levels: &mut [f64]) {
    let byte = |pixel, place: u32| u32::from_le_bytes(pixel) >> (8 * place) & 255;
    let laid = |level: u32, pixel: [u8; 4]| laid_on(PAPER, level.into(), pixel[3]);
    match (channel, opaque) {
        (Some(place), true) => fill(levels, pixels, |pixel| byte(pixel, place).into()),
        (Some(place), false) => fill(levels, pixels, |pixel| laid(byte(pixel, place), pixel)),
        (None, true) => fill(levels, pixels, |pixel| luma(pixel).into()),
        (None, false) => fill(levels, pixels, |pixel| laid(luma(pixel), pixel)),
    }
}

fn fill(levels: &mut [f64], pixels: &[[u8; 4]], level: impl Fn([u8; 4]) -> f64) {
    levels.iter_mut().zip(pixels).for_each(|(place, pixel)| *place = level(*pixel));
}

/// Step 2: the rows and columns that are kept.
fn part(picture: &Picture, how: &Photo) -> (Range<usize>, Range<usize>) {
    let (mut height, mut width) = (picture.height, picture.width);
    if how.fit == Fit::Crop {
        if width * how.height > height * how.width {
            width = (height * how.width / how.height).max(1);
        } else {
            height = (width * how.height / how.width).max(1);
        }
    }
    let middle = |kept: usize, of: usize| {
        let first = (of - kept) / 2;
        first..first + kept
    };
    (middle(height, picture.height), middle(width, picture.width))
}

/// Step 3 along one axis: one span an output pixel.
fn spans(length: usize, outputs: usize) -> Vec<Span> {
    let factor = length as f64 / outputs as f64;
    let reach = factor.max(1.0);
    let span = |output: usize| {
        let centre = (output as f64 + 0.5) * factor;
        let first = (centre - reach).max(0.0) as usize;
        let end = ((centre + reach).ceil() as usize).min(length);
        let weight = |pixel: usize| 1.0 - (pixel as f64 + 0.5 - centre).abs() / reach;
        let weights: Vec<f64> = (first..end).map(|pixel| weight(pixel).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        Span { first, weights: weights.iter().map(|weight| weight / sum).collect() }
    };
    (0..outputs).map(span).collect()
}
