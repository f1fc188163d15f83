//! The server's log.
#![allow(unsafe_code)]

use triton_sys as c;

use super::refusal::check;
use super::text::text_for_c;

/// Write a line into the server's log.
pub fn log(line: &str) {
    let (place, line) = (c"ludus".as_ptr(), text_for_c(line));
    let info = c::TRITONSERVER_loglevel_enum_TRITONSERVER_LOG_INFO;
    // SAFETY: both texts are copied.
    let _ = check(unsafe { c::TRITONSERVER_LogMessage(info, place, 0, line.as_ptr()) });
}
