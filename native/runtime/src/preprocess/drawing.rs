//! From any picture of a drawing to the network's input, as the manifest's `preprocess` says.
//!
//! docs/bundle-format.md defines the steps of drawings. All is float64 but for the last step, so that
//! this and `ludus/bundle/preprocessing.py` make the same input of the same picture.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::manifest::{Centre, Drawing, Invert};
use crate::picture::{Picture, Span, add, laid_on, luma};

const LARGEST_SIDE: usize = 512; // pixels
const LEAST_CONTRAST: f64 = 16.0; // grey levels between background and drawing, of 255
const TIE: f64 = 1e-9; // pixels: as near to a half is a half, whatever sums were rounded to

/// The network's input, `[size * size]`, light on dark.
///
/// [`Error::Image`]: the picture shows nothing, or has not the bytes that its size needs.
pub fn preprocess(picture: &Picture, how: &Drawing) -> Result<Vec<f32>> {
    let ink = Ink::of(shrunk(picture)?, how)?;
    let placed = ink.placed(how)?;
    let brightest = placed.iter().copied().fold(0.0, f64::max);
    let grey = placed.iter().map(|level| (level * (255.0 / brightest)) as f32);
    Ok(grey.map(|level| scaled(level, how)).collect())
}

/// Step 9: grey levels 0..255 to the network's input, one a level.
///
/// For images that are what the network was trained on already, such as MNIST's own.
pub fn normalise(grey: &[u8], how: &Drawing) -> Vec<f32> {
    grey.iter().map(|&level| scaled(f32::from(level), how)).collect()
}

fn scaled(level: f32, how: &Drawing) -> f32 {
    level * how.scale as f32 - how.mean as f32
}

/// Grey levels, row by row.
struct Plane {
    width: usize,
    height: usize,
    levels: Vec<f64>,
}

impl Plane {
    fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.levels.chunks_exact(self.width)
    }

    /// The outermost pixels.
    fn ring(&self) -> Vec<f64> {
        let (first, last) = (0, self.height - 1);
        let row = |y: usize| &self.levels[y * self.width..][..self.width];
        let sides = (first + 1..last).flat_map(|y| [row(y)[0], row(y)[self.width - 1]]);
        [row(first), row(last)].concat().into_iter().chain(sides).collect()
    }
}

/// Steps 1 and 2, one row of blocks after the other, so that a photograph needs little memory.
fn shrunk(picture: &Picture) -> Result<Plane> {
    let &Picture { width, height, ref rgba } = picture;
    let paper = if picture.is_opaque()? { None } else { Some(paper(rgba)) };
    let block = match width.max(height).div_ceil(LARGEST_SIDE) {
        block if width.min(height) < block => 1,
        block => block,
    };
    let (columns, rows) = (width / block, height / block);
    let mut levels = Vec::with_capacity(columns * rows);
    let mut line = vec![0.0; width];
    for rows in rgba.chunks_exact(4 * width * block) {
        let start = levels.len();
        levels.resize(start + columns, 0.0);
        let means = &mut levels[start..];
        if block == 1 {
            grey(rows, paper, means);
            continue;
        }
        for row in rows.chunks_exact(4 * width) {
            grey(row, paper, &mut line);
            for (mean, part) in means.iter_mut().zip(line.chunks_exact(block)) {
                *mean += part.iter().sum::<f64>();
            }
        }
        let area = (block * block) as f64;
        means.iter_mut().for_each(|mean| *mean /= area);
    }
    Ok(Plane { width: columns, height: rows, levels })
}

/// What the picture is laid on.
fn paper(rgba: &[u8]) -> f64 {
    let (mut sum, mut alphas) = (0, 0);
    for &pixel in rgba.as_chunks().0 {
        sum += u64::from(luma(pixel) * u32::from(pixel[3]));
        alphas += u64::from(pixel[3]);
    }
    if sum < 128 * alphas { 255.0 } else { 0.0 }
}

/// Pixels to grey levels.
fn grey(rgba: &[u8], paper: Option<f64>, levels: &mut [f64]) {
    for (level, &pixel) in levels.iter_mut().zip(rgba.as_chunks().0) {
        *level = f64::from(luma(pixel));
        if let Some(paper) = paper {
            *level = laid_on(paper, *level, pixel[3]);
        }
    }
}

/// Positive where there is ink, 0 elsewhere.
struct Ink {
    plane: Plane,
    peak: f64,
}

impl Ink {
    /// Steps 3 and 4.
    fn of(mut plane: Plane, how: &Drawing) -> Result<Self> {
        let mut ring = plane.ring();
        let background = median(&mut ring);
        let power = |sign: f64| -> f64 {
            let ink = |level: f64| above(0.0, sign * (level - background));
            lanes(&plane.levels, |sum, level| sum + ink(level) * ink(level)).iter().sum()
        };
        let inverted = how.invert == Invert::Auto && power(-1.0) > power(1.0);
        let sign = if inverted { -1.0 } else { 1.0 };
        plane.levels.iter_mut().for_each(|level| *level = sign * (*level - background));
        let peak = lanes(&plane.levels, larger).into_iter().fold(0.0, larger);
        if peak < LEAST_CONTRAST {
            return Err(Error::Image(format!(
                "the picture shows nothing: its levels differ by {peak:.0} of 255 from its \
                 border's, expected at least {LEAST_CONTRAST:.0}"
            )));
        }
        ring.iter_mut().for_each(|level| *level = (*level - background).abs());
        let noise = (6.0 * median(&mut ring)).min(peak / 2.0);
        plane.levels.iter_mut().for_each(|ink| *ink = above(noise, *ink));
        Ok(Self { plane, peak })
    }

    /// Steps 5 to 7, `[size * size]`.
    fn placed(&self, how: &Drawing) -> Result<Vec<f64>> {
        let Plane { width, height, .. } = self.plane;
        let (across, down) = self.sums(0..height, 0..width, self.peak / 10.0);
        let rows = self.extent(&across, width)?;
        let columns = self.extent(&down, height)?;
        let zoom = how.box_size as f64 / rows.len().max(columns.len()) as f64;
        let (across, down) = self.sums(rows.clone(), columns.clone(), 0.0);
        let vertical = spans(&across, rows, height, zoom, how);
        let horizontal = spans(&down, columns, width, zoom, how);
        let mut placed = Vec::with_capacity(how.size * how.size);
        let mut line = vec![0.0; width];
        for span in &vertical {
            line.fill(0.0);
            for (row, weight) in self.plane.rows().skip(span.first).zip(&span.weights) {
                add(&mut line, *weight, row);
            }
            placed.extend(horizontal.iter().map(|span| span.of(&line)));
        }
        Ok(placed)
    }

    /// What is above `least` in a part of the drawing, summed across each row and down each column.
    fn sums(&self, rows: Range<usize>, columns: Range<usize>, least: f64) -> (Vec<f64>, Vec<f64>) {
        let mut down = vec![0.0; columns.len()];
        let across = self.plane.rows().take(rows.end).skip(rows.start).map(|row| {
            let row = &row[columns.clone()];
            down.iter_mut().zip(row).for_each(|(sum, &ink)| *sum += above(least, ink));
            lanes(row, |sum, ink| sum + above(least, ink)).iter().sum()
        });
        (across.collect(), down)
    }

    /// Step 5: the drawing's box along one axis, of the sums of lines of `length` pixels.
    fn extent(&self, sums: &[f64], length: usize) -> Result<Range<usize>> {
        let least = self.peak * length as f64 / 500.0;
        let first = sums.iter().position(|&sum| sum > least);
        let last = sums.iter().rposition(|&sum| sum > least);
        match (first, last) {
            (Some(first), Some(last)) => Ok(first..last + 1),
            _ => Err(Error::Image(format!(
                "the picture shows nothing larger than a speck: any line of {length} pixels has at \
                 most {:.2} of ink, expected more than {:.2}",
                sums.iter().copied().fold(0.0, larger) / self.peak,
                length as f64 / 500.0
            ))),
        }
    }
}

fn above(least: f64, value: f64) -> f64 {
    if value > least { value } else { 0.0 }
}

// As `f64::max`, but one instruction: there is no NaN here.
fn larger(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

/// Folds, from 0, the values of each eighth place: a processor takes several of these at a time.
fn lanes(values: &[f64], fold: impl Fn(f64, f64) -> f64) -> [f64; 8] {
    let mut folded = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for values in eights.iter().map(|eight| &eight[..]).chain([rest]) {
        folded.iter_mut().zip(values).for_each(|(folded, &value)| *folded = fold(*folded, value));
    }
    folded
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Steps 6 and 7 along one axis, of `length` pixels: one span an output pixel.
///
/// `mass`: the drawing's box, summed across; `extent`: where that is.
fn spans(mass: &[f64], extent: Range<usize>, length: usize, zoom: f64, how: &Drawing) -> Vec<Span> {
    let size = how.size as f64;
    let (middle, centre) = match how.centre {
        Centre::Mass => ((size + 1.0) / 2.0, centre_of(mass)),
        Centre::Box => (size / 2.0, extent.len() as f64 / 2.0),
    };
    let last = size - (zoom * extent.len() as f64 - TIE).ceil();
    let edge = (middle - zoom * centre + 0.5 + TIE).floor().min(last).max(0.0);
    // The borders of the output pixels, in pixels of the picture.
    let border = |output: usize| extent.start as f64 + (output as f64 - edge) / zoom;
    (0..how.size).map(|output| span(border(output), border(output + 1), length, zoom)).collect()
}

fn centre_of(mass: &[f64]) -> f64 {
    let moment: f64 = mass.iter().enumerate().map(|(i, ink)| (i as f64 + 0.5) * ink).sum();
    moment / mass.iter().sum::<f64>()
}

fn span(from: f64, to: f64, length: usize, zoom: f64) -> Span {
    let end = (to.max(0.0).ceil() as usize).min(length);
    let first = (from.max(0.0) as usize).min(end);
    let covered = |pixel: usize| to.min((pixel + 1) as f64) - from.max(pixel as f64);
    Span { first, weights: (first..end).map(|pixel| covered(pixel).max(0.0) * zoom).collect() }
}
