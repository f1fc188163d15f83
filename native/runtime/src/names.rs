//! Names of the files that every bundle has.

/// The file that describes all others.
pub const MANIFEST: &str = "manifest.json";
/// For people with `sha256sum`; it need not be there.
pub const SUMS: &str = "SHA256SUMS";

/// The next step where a file is not as the manifest says.
pub(crate) const COPY_AGAIN: &str = "copy the bundle again";
