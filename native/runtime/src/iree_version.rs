//! Which modules the IREE that is compiled in can read.

use crate::manifest::Variant;

/// The IREE whose runtime is compiled in.
pub const IREE_VERSION: &str = "3.13.0";

/// Whether it is a module of IREE's that the runtime compiled in can read.
pub fn is_of_this_iree(variant: &Variant) -> bool {
    variant.iree_version.as_deref().map(minor) == Some(minor(IREE_VERSION))
}

/// IREE's modules run in the runtime of their own minor version alone.
fn minor(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}
