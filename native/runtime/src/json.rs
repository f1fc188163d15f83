//! JSON read strictly, into the types that serde derives: no key twice, no unknown key, no value of
//! another type.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

mod document;
mod shown;
mod strict;

pub use document::parse;
pub use shown::mismatch;
use strict::Strict;

/// What is wrong with a value, and where in the document it stands.
#[derive(Debug)]
pub struct Fault {
    path: String, // as "variants.1.files.0.bytes"; "" for the document
    message: String,
}

/// What reading a value gives.
pub type Read<T> = Result<T, Fault>;

impl Fault {
    /// A fault of the value at a path.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    /// As `variants.1.files.0.bytes: expected a whole number, 0 or larger, got "44430"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the file" } else { &self.path };
        write!(f, "{path}: {}", self.message)
    }
}

/// Read a value of a document; `at` is its path there.
pub fn read<T: DeserializeOwned>(value: &Value, at: &str) -> Read<T> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| {
        let within = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(shown::brief(key)),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let mut path: Vec<String> = at.split('.').map(str::to_owned).chain(within).collect();
        let problem = error.into_inner();
        path.extend(problem.missing.map(str::to_owned));
        path.retain(|key| !key.is_empty());
        Fault::at(path.join("."), problem.message)
    })
}
