//! Errors, as Triton has them.
#![allow(unsafe_code)]

use ludus_runtime::Error;
use triton_sys as c;

use super::text::{text, text_for_c};

/// What a client or the log is told, and which of Triton's codes it has over HTTP and gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: c::TRITONSERVER_Error_Code,
    message: String,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// The client's fault: 400 over HTTP.
    pub fn invalid(message: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_INVALID_ARG;
        Refusal { code, message: message.into() }
    }

    /// Ours: 500 over HTTP.
    pub fn internal(message: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_INTERNAL;
        Refusal { code, message: message.into() }
    }

    /// For now: 503 over HTTP.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_UNAVAILABLE;
        Refusal { code, message: message.into() }
    }

    /// What the client or the log is told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As the error that a function of Triton's returns; the receiver frees it.
    pub fn into_raw(self) -> *mut c::TRITONSERVER_Error {
        let message = text_for_c(&self.message);
        // SAFETY: the text is copied.
        unsafe { c::TRITONSERVER_ErrorNew(self.code, message.as_ptr()) }
    }
}

/// A picture or a number of values is the client's; a device that fails is ours.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Image(_) | Error::Usage(_) => Refusal::invalid(error.to_string()),
            _ => Refusal::internal(error.to_string()),
        }
    }
}

/// A returned error as a result; frees it.
pub fn check(error: *mut c::TRITONSERVER_Error) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the error is ours to free; its text is copied before.
    unsafe {
        let refusal = Refusal {
            code: c::TRITONSERVER_ErrorCode(error),
            message: text(c::TRITONSERVER_ErrorMessage(error)),
        };
        c::TRITONSERVER_ErrorDelete(error);
        Err(refusal)
    }
}
