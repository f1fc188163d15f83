//! Every error that this crate tells a person, one variant a way to be wrong.
//!
//! They are those of `ludus/errors.py`. The message of each says what is wrong, where, what was
//! got, what was expected and the next step.

/// What every fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong, in words for a person.
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
    /// A device was named that this machine does not have, or that failed.
    #[error("{0}")]
    Device(String),
    /// A picture shows nothing.
    #[error("{0}")]
    Image(String),
    /// Something was asked for that does not exist, or in a way that cannot be.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The name that `ludus.errors` gives it, as in tests/golden/bad_bundles.json.
    pub fn name(&self) -> &'static str {
        match self {
            Error::Manifest(_) => "ManifestError",
            Error::SchemaVersion(_) => "SchemaVersionError",
            Error::MissingFile(_) => "MissingFileError",
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
