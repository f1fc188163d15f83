//! The manifest's `floors`: the thresholds of the gate.

use serde::{Deserialize, Serialize};

use super::rules;

/// What each variant had to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Smallest share of images recognised.
    #[serde(deserialize_with = "rules::share")]
    pub accuracy: f64,
    /// Largest share of them that may be lost to the reference.
    #[serde(deserialize_with = "rules::share")]
    pub accuracy_loss: f64,
    /// Smallest share of images whose class is the reference's.
    #[serde(deserialize_with = "rules::share")]
    pub agreement: f64,
    /// Largest difference of any output from the reference's.
    #[serde(deserialize_with = "rules::tolerance")]
    pub max_abs_diff: f64,
}
