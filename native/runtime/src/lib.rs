//! Reads Ludus bundles, checks all of them before a byte is executed, and runs them with IREE.
//!
//! ```text
//! source        where a bundle's files are: a folder, or an engine's own file system
//! manifest      what manifest.json says
//! bundle        a bundle that was checked
//! device        what this computer can run, by name: cpu, vulkan, cuda, ...
//! choose        which variant of a bundle runs here, and why the others do not
//! model         a variant on a device: numbers in, numbers out
//! preprocess    from any picture to the network's input
//! picture       pictures, and the arithmetic of their pixels
//! batches       any number of images through functions of fixed batches
//! json          JSON read strictly
//! bytes         files read and checked, many at a time
//! iree          IREE's C API; the only files with `unsafe`
//! ```
//!
//! It knows neither Godot nor any server. Modules import each other in one direction.

pub mod batches;
pub mod bundle;
mod bytes;
#[cfg(feature = "iree")]
pub mod choose;
#[cfg(feature = "iree")]
pub mod cpu;
#[cfg(feature = "iree")]
pub mod device;
pub mod error;
#[cfg(feature = "iree")]
mod iree;
#[cfg(feature = "iree")]
pub mod iree_version;
mod json;
pub mod manifest;
#[cfg(feature = "iree")]
pub mod model;
pub mod names;
pub mod picture;
pub mod preprocess;
pub mod source;

pub use bundle::Bundle;
#[cfg(feature = "iree")]
pub use device::shutdown;
pub use error::{Error, Result};
#[cfg(feature = "iree")]
pub use model::Model;
