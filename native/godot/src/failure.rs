//! Why a call did not do what it should: an engine's error code, and words.

use godot::global::Error;

/// What a method returns, and what it leaves in `error_message`.
#[derive(Debug)]
pub struct Failure {
    pub code: Error,
    pub message: String,
}

/// A failure, or what was asked for.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: Error, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Nothing is open.
    pub fn not_open() -> Self {
        Self::new(Error::ERR_UNCONFIGURED, "no bundle is open; call open() first")
    }

    /// A bad value or name; most of what a setter refuses.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Error::ERR_INVALID_PARAMETER, message)
    }
}

impl From<ludus_runtime::Error> for Failure {
    fn from(error: ludus_runtime::Error) -> Self {
        use ludus_runtime::Error as E;
        let code = match &error {
            E::MissingFile(_) => Error::ERR_FILE_NOT_FOUND,
            E::Denied(_) => Error::ERR_FILE_NO_PERMISSION,
            E::ExtraFile(_) | E::FileSize(_) | E::Checksum(_) => Error::ERR_FILE_CORRUPT,
            E::Manifest(_) | E::SchemaVersion(_) | E::RuntimeVersion(_) | E::Golden(_) => {
                Error::ERR_INVALID_DATA
            }
            E::Device(_) => Error::ERR_UNAVAILABLE,
            E::Image(_) | E::Usage(_) => Error::ERR_INVALID_PARAMETER,
        };
        Self::new(code, error.to_string())
    }
}
