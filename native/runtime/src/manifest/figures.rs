//! What was measured of a variant before it was shipped.

use serde::{Deserialize, Serialize};

use super::rules;
use super::words::Status;

/// What one evaluation of a variant found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Name of the row in params.yaml.
    pub evaluation: String,
    /// Such as "cpu" or "vulkan".
    pub device: String,
    /// What came of it.
    pub status: Status,
    /// Why it was not run.
    #[serde(deserialize_with = "rules::nullable")]
    pub reason: Option<String>,
    /// How many were run.
    pub images: i64,
    /// Share of the images that were recognised.
    #[serde(deserialize_with = "rules::nullable")]
    pub accuracy: Option<f64>,
    /// Share of the images whose class is the reference's.
    #[serde(deserialize_with = "rules::nullable")]
    pub agreement: Option<f64>,
    /// Largest difference of any output from the reference's.
    #[serde(deserialize_with = "rules::nullable")]
    pub max_abs_diff: Option<f64>,
}
