//! Reads Ludus bundles, checks all of them before a byte is executed, and runs them with IREE.
//!
//! ```text
//! source     where a bundle's files are: a folder, or an engine's own file system
//! manifest   what manifest.json says
//! bundle     a bundle that was checked
//! device     what this machine can run, by a word: cpu, vulkan, cuda, ...
//! model      a bundle opened on a device: numbers in, numbers out
//! picture    from any picture to the network's input
//! drawing    of a drawing, which is found, scaled and centred
//! photo      of any other picture, which is resized
//! batches    any number of images through functions of fixed batches
//! json       JSON read strictly
//! bytes      files read and checked, many at a time
//! iree       IREE's C API; the only file with `unsafe`
//! ```
//!
//! It knows neither Godot nor any server.

pub mod batches;
pub mod bundle;
mod bytes;
#[cfg(feature = "iree")]
pub mod cpu;
#[cfg(feature = "iree")]
pub mod device;
pub mod drawing;
pub mod error;
#[cfg(feature = "iree")]
mod iree;
mod json;
pub mod manifest;
#[cfg(feature = "iree")]
pub mod model;
pub mod photo;
pub mod picture;
pub mod source;

pub use bundle::Bundle;
#[cfg(feature = "iree")]
pub use device::shutdown;
pub use error::{Error, Result};
#[cfg(feature = "iree")]
pub use model::Model;
