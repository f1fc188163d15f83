//! Every error of this crate, one variant for each kind of fault.
//!
//! They are those of `ludus/core/errors.py`. Each message has what is wrong, where, what was
//! got, what was expected and the next step.

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong, with a message for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// manifest.json is missing, no JSON, or not of the schema.
    #[error("{0}")]
    Manifest(String),
    /// manifest.json has a schema version that this program does not know.
    #[error("{0}")]
    SchemaVersion(String),
    /// A file that the manifest names is not in the bundle.
    #[error("{0}")]
    MissingFile(String),
    /// A file is there, and the system does not let it be read.
    #[error("{0}")]
    Denied(String),
    /// The bundle holds a file that the manifest does not name.
    #[error("{0}")]
    ExtraFile(String),
    /// A file is longer or shorter than the manifest says.
    #[error("{0}")]
    FileSize(String),
    /// A file's bytes are not those whose sha256 the manifest holds.
    #[error("{0}")]
    Checksum(String),
    /// A module needs another version of IREE's runtime than this one.
    #[error("{0}")]
    RuntimeVersion(String),
    /// A variant does not give the golden answers.
    #[error("{0}")]
    Golden(String),
    /// A device was named that this computer does not have, or that failed.
    #[error("{0}")]
    Device(String),
    /// A picture shows nothing.
    #[error("{0}")]
    Image(String),
    /// A call names what does not exist, or has arguments that cannot be used.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The name that `ludus.core.errors` gives it, as in tests/golden/bad_bundles.json.
    pub fn name(&self) -> &'static str {
        match self {
            Error::Manifest(_) => "ManifestError",
            Error::SchemaVersion(_) => "SchemaVersionError",
            Error::MissingFile(_) | Error::Denied(_) => "MissingFileError",
            Error::ExtraFile(_) => "ExtraFileError",
            Error::FileSize(_) => "FileSizeError",
            Error::Checksum(_) => "ChecksumError",
            Error::RuntimeVersion(_) => "RuntimeVersionError",
            Error::Golden(_) => "GoldenError",
            Error::Device(_) => "DeviceError",
            Error::Image(_) => "ImageError",
            Error::Usage(_) => "UsageError",
        }
    }
}

/// A hint such as ", did you mean 'epochs'?" for the known name nearest to a word. Where nothing
/// is near, it lists the known names.
pub fn nearest(word: &str, known: &[&str]) -> String {
    match near(word, known) {
        Some(name) => format!(", did you mean '{name}'?"),
        None => format!("; known: {}", known.join(", ")),
    }
}

/// The known name that a word may be a misspelling of: at most half of it is to be changed.
pub fn near<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // The length first, since the distance takes time for a long word.
    let similar = known.iter().copied().filter(|name| word.len() <= 2 * name.len());
    let nearest = similar.map(|name| (strsim::levenshtein(word, name), name));
    let (distance, name) = nearest.min_by_key(|(distance, _)| *distance)?;
    (2 * distance <= name.len().max(word.len())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_told_with_the_nearest() {
        assert_eq!(nearest("vulcan", &["cpu", "cuda", "vulkan"]), ", did you mean 'vulkan'?");
        assert_eq!(nearest("iree-vmx", &["iree-vmvx", "iree"]), ", did you mean 'iree-vmvx'?");
    }

    #[test]
    fn a_word_that_may_be_misspelt_is_known() {
        assert_eq!(near("vulcan", &["cpu", "cuda", "vulkan"]), Some("vulkan"));
        assert_eq!(near("toaster", &["cpu", "cuda"]), None);
        assert_eq!(near("cpu", &[]), None);
    }

    #[test]
    fn a_word_far_from_all_is_told_with_all() {
        assert_eq!(nearest("toaster", &["cpu", "cuda"]), "; known: cpu, cuda");
        assert_eq!(nearest("", &["cpu"]), "; known: cpu");
        assert_eq!(nearest(&"x".repeat(1 << 20), &["cpu"]), "; known: cpu");
    }
}
