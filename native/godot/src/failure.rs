//! Why a call failed: an error code of the engine's, and a message.

use godot::global::Error;

/// What a method returns, and what it leaves in `error_message`.
#[derive(Debug)]
pub struct Failure {
    pub code: Error,
    pub message: String,
}

/// A failure, or a call's result.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: Error, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Nothing is open.
    pub fn not_open() -> Self {
        Self::new(Error::ERR_UNCONFIGURED, "no bundle is open; call open() first")
    }

    /// There is no input or output of an index; `side` says which of the two.
    pub fn no_such(side: &str, index: i64, count: usize) -> Self {
        let last = count.saturating_sub(1);
        Self::bad(format!(
            "there is no {side}/{index}: got the index {index}, expected 0 to {side}_count - 1, \
             which is {last}"
        ))
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
