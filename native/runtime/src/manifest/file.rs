//! A file, as the manifest describes it.

use serde::{Deserialize, Serialize};

use super::rules;

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Relative to the bundle, with `/`, and never outside it.
    #[serde(deserialize_with = "rules::path")]
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes, 64 digits of `0..=9` and `a..=f`.
    #[serde(deserialize_with = "rules::sha256")]
    pub sha256: String,
}
