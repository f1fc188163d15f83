//! From any picture to the network's input, as the manifest's `preprocess` of the kind "photo" says.
//!
//! The steps are those of photos in `ludus/images.py`, in float64, rounded to float32 last.

use std::ops::Range;

use crate::error::Result;
use crate::manifest::Photo;
use crate::picture::{Picture, Span, laid_on, luma};

const PAPER: f64 = 255.0; // white

/// One channel of a pixel, 0..255.
type Channel = fn([u8; 4]) -> u32;

/// The network's input, of the shape that `how` says.
///
/// [`crate::Error::Image`]: the picture shows nothing, or has not the bytes that its size needs.
pub fn preprocess(picture: &Picture, how: &Photo) -> Result<Vec<f32>> {
    let opaque = picture.is_opaque()?;
    let (rows, columns) = part(picture, how);
    let horizontal = spans(columns.len(), how.width);
    let vertical = spans(rows.len(), how.height);
    let mut input = vec![0.0; how.depth() * how.height * how.width];
    let mut narrow = vec![0.0; rows.len() * how.width];
    let mut line = vec![0.0; columns.len()];
    let mut outputs = vec![0.0; how.width];
    for (index, channel) in channels(how).iter().enumerate() {
        for (row, narrow) in rows.clone().zip(narrow.chunks_exact_mut(how.width)) {
            let pixels = &picture.rgba.as_chunks().0[row * picture.width..][columns.clone()];
            levels(pixels, *channel, opaque, &mut line);
            narrow.iter_mut().zip(&horizontal).for_each(|(level, span)| *level = span.of(&line));
        }
        for (row, span) in vertical.iter().enumerate() {
            span.down(narrow.chunks_exact(how.width), &mut outputs);
            for (column, level) in outputs.iter().enumerate() {
                input[place(how, index, row, column)] = scaled(*level, how, index);
            }
        }
    }
    Ok(input)
}

/// Step 4: levels 0..255, in the order of the network's input, to that input.
pub fn normalise(levels: &[u8], how: &Photo) -> Vec<f32> {
    let (depth, area) = (how.depth(), how.height * how.width);
    let channel = |index: usize| match how.layout {
        "NCHW" => index / area % depth,
        _ => index % depth,
    };
    let levels = levels.iter().enumerate();
    levels.map(|(index, level)| scaled(f64::from(*level), how, channel(index))).collect()
}

fn scaled(level: f64, how: &Photo, channel: usize) -> f32 {
    ((level * how.scale - how.mean[channel]) / how.std[channel]) as f32
}

fn place(how: &Photo, channel: usize, row: usize, column: usize) -> usize {
    match how.layout {
        "NCHW" => (channel * how.height + row) * how.width + column,
        _ => (row * how.width + column) * how.depth() + channel,
    }
}

/// In the order of the network's input.
fn channels(how: &Photo) -> &'static [Channel] {
    const RED: Channel = |pixel| pixel[0].into();
    const GREEN: Channel = |pixel| pixel[1].into();
    const BLUE: Channel = |pixel| pixel[2].into();
    match how.channels {
        "RGB" => &[RED, GREEN, BLUE],
        "BGR" => &[BLUE, GREEN, RED],
        _ => &[luma],
    }
}

/// Step 1, of a row of pixels.
fn levels(pixels: &[[u8; 4]], channel: Channel, opaque: bool, levels: &mut [f64]) {
    for (level, &pixel) in levels.iter_mut().zip(pixels) {
        *level = f64::from(channel(pixel));
        if !opaque {
            *level = laid_on(PAPER, *level, pixel[3]);
        }
    }
}

/// Step 2: the rows and columns that are kept.
fn part(picture: &Picture, how: &Photo) -> (Range<usize>, Range<usize>) {
    let (mut height, mut width) = (picture.height, picture.width);
    if how.fit == "crop" {
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
