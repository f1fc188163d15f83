//! Texts, from C and for C.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, CString, c_char};

/// What a panic says.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

/// A text that C reads; what follows a zero byte is lost.
pub fn text_for_c(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).expect("cut before the first zero byte")
}

/// A copy of a text of C's.
///
/// # Safety
/// A text of Triton's, or null.
pub unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
