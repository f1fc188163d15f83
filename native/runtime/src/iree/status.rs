//! IREE's statuses and texts, as Rust has them.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::{ptr, slice};

use eerie_sys::runtime as c;

/// A result whose error is IREE's own message.
pub type Status<T> = Result<T, String>;

unsafe extern "C" {
    // Behind iree_allocator_system(), which is `static inline` and so not among the bindings.
    fn iree_allocator_libc_ctl(
        this: *mut c_void,
        command: c::iree_allocator_command_t,
        params: *const c_void,
        inout: *mut *mut c_void,
    ) -> c::iree_status_t;
}

pub fn allocator() -> c::iree_allocator_t {
    c::iree_allocator_t { self_: ptr::null_mut(), ctl: Some(iree_allocator_libc_ctl) }
}

pub fn view(text: &str) -> c::iree_string_view_t {
    c::iree_string_view_t { data: text.as_ptr().cast(), size: text.len() }
}

pub fn text(view: c::iree_string_view_t) -> String {
    if view.data.is_null() {
        return String::new();
    }
    // SAFETY: IREE's views are of `size` bytes that live while their owner does; copied here.
    let bytes = unsafe { slice::from_raw_parts(view.data.cast::<u8>(), view.size) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// A status as a result; consumes it.
pub fn check(status: c::iree_status_t) -> Status<()> {
    if status.is_null() {
        return Ok(());
    }
    let (mut message, mut len) = (ptr::null_mut(), 0);
    // SAFETY: the status is ours to free, the text is IREE's until we free it.
    unsafe {
        let allocator = allocator();
        let written = c::iree_status_to_string(status, &allocator, &mut message, &mut len);
        let message = if written {
            let view = c::iree_string_view_t { data: message, size: len };
            let copy = text(view);
            c::iree_allocator_free(allocator, message.cast());
            copy
        } else {
            "IREE failed and could not say why".to_owned()
        };
        c::iree_status_free(status);
        Err(message)
    }
}
