//! From any picture to the network's input, as the manifest's `preprocess` says.

use crate::error::Result;
use crate::manifest::Preprocess;
use crate::picture::Picture;

pub mod drawing;
pub mod photo;

/// The network's input, of the manifest's shape.
///
/// [`crate::Error::Image`]: the picture shows nothing, or has not the bytes that its size needs.
pub fn preprocess(picture: &Picture, how: &Preprocess) -> Result<Vec<f32>> {
    match how {
        Preprocess::Drawing(how) => drawing::preprocess(picture, how),
        Preprocess::Photo(how) => photo::preprocess(picture, how),
    }
}

/// Levels 0..255, in the order of the network's input, to that input, one a level.
///
/// For what was found, placed and resized already.
pub fn normalise(levels: &[u8], how: &Preprocess) -> Vec<f32> {
    match how {
        Preprocess::Drawing(how) => drawing::normalise(levels, how),
        Preprocess::Photo(how) => photo::normalise(levels, how),
    }
}
