//! The manifest's `provenance`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rules;

/// Where the bundle came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Git revision of the working tree's HEAD.
    #[serde(deserialize_with = "rules::nullable")]
    pub revision: Option<String>,
    /// Of dvc.lock's entries for what was built.
    #[serde(deserialize_with = "rules::sha256")]
    pub dvc_lock_sha256: String,
    /// Of each package that had a part in it.
    pub versions: BTreeMap<String, String>,
}
