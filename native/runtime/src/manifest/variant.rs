//! The manifest's `variants`: the network compiled for one target after the other.

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::file::File;
use super::rules;
use super::words::{Architecture, Driver, Status};
use crate::json::{Fault, Read};

/// The backends that this version knows; of these it runs "iree".
pub const BACKENDS: [&str; 5] = ["iree", "onnx", "ncnn", "torch", "xla"];

/// The network compiled for one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    #[serde(deserialize_with = "rules::name")]
    pub target: String,
    /// One of `BACKENDS`, or a newer one, whose variants cannot be run here.
    #[serde(deserialize_with = "rules::name")]
    pub backend: String,
    /// Always there for IREE.
    #[serde(default)]
    pub driver: Option<Driver>,
    /// At least one, the module first.
    #[serde(deserialize_with = "rules::filled")]
    pub files: Vec<File>,
    /// Of the files' bytes, one after the other.
    #[serde(deserialize_with = "rules::sha256")]
    pub sha256: String,
    /// Of the runtime that the module needs. Always there for IREE.
    #[serde(default)]
    pub iree_version: Option<String>,
    /// What compiled CPU code needs.
    #[serde(default)]
    pub cpu: Option<Cpu>,
    /// At least one.
    #[serde(deserialize_with = "rules::filled")]
    pub entry_functions: Vec<EntryFunction>,
    /// Where it was run before it was shipped, and what came of it.
    #[serde(default)]
    pub evaluations: Vec<Figures>,
}

/// What compiled CPU code needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Of the code.
    pub architecture: Architecture,
    /// As LLVM names them.
    pub features: Vec<String>,
}

/// A function of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryFunction {
    /// As the module exports it.
    pub name: String,
    /// Any number of images (-1), or just this many, at least 1.
    #[serde(deserialize_with = "rules::batch")]
    pub batch: i64,
    /// That the caller gives; none: IREE allocates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<Buffers>,
}

/// What the caller of a function gives it, and keeps from call to call.
///
/// `name(images, result, transients, wait, signal)`: buffer views of the images and of the result,
/// a buffer for transients, and two fences, in place of `name(images) -> result`. The result is
/// there when the second fence is signalled, until the next call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buffers {
    /// Shape of the result, FP32.
    #[serde(deserialize_with = "rules::lengths")]
    pub result: Vec<i64>,
    /// Bytes; a larger buffer will do.
    pub transients: u64,
}

impl Variant {
    /// What its evaluations say together: failed where one failed, or else the best of verified,
    /// attested and not run.
    pub fn status(&self) -> Status {
        let best = [Status::Failed, Status::Verified, Status::Attested];
        let is = |status: &Status| self.evaluations.iter().any(|found| found.status == *status);
        best.into_iter().find(is).unwrap_or(Status::NotRun)
    }

    /// What the rules of single values leave open; `at` is its path in the manifest.
    pub(super) fn check(&self, at: &str) -> Read<()> {
        if self.backend == "iree" && (self.driver.is_none() || self.iree_version.is_none()) {
            let message = format!("'{}' needs a driver and an iree_version", self.target);
            return Err(Fault::at(at, message));
        }
        Ok(())
    }
}
