//! CUDA's current context, which each thread has for itself.
//!
//! IREE 3.13 sets it in the thread that opens a device, and in no other that computes there: those
//! get CUDA_ERROR_INVALID_CONTEXT, unless another library has set it.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr;

use libloading::Library;

use super::status::Status;

#[cfg(windows)]
const DRIVER: &str = "nvcuda.dll";
#[cfg(not(windows))]
const DRIVER: &str = "libcuda.so.1";

type Get = unsafe extern "C" fn(*mut *mut c_void) -> c_int;
type Set = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The context of a device.
pub struct Context {
    handle: *mut c_void,
    set: Set,
    _driver: Library, // `set` is in it
}

// SAFETY: CUDA's contexts are of a process, and may be set in any thread.
unsafe impl Send for Context {}
unsafe impl Sync for Context {}

impl Context {
    /// That of this thread, in which IREE has just opened a device.
    pub fn of_this_thread() -> Status<Self> {
        // SAFETY: IREE has loaded this library already; the functions have these types in cuda.h.
        unsafe {
            let driver = Library::new(DRIVER).map_err(|why| why.to_string())?;
            let get = *driver.get::<Get>(b"cuCtxGetCurrent\0").map_err(|why| why.to_string())?;
            let set = *driver.get::<Set>(b"cuCtxSetCurrent\0").map_err(|why| why.to_string())?;
            let mut handle = ptr::null_mut();
            succeeded("cuCtxGetCurrent", get(&mut handle))?;
            Ok(Self { handle, set, _driver: driver })
        }
    }

    /// Make it that of this thread.
    pub fn enter(&self) -> Status<()> {
        // SAFETY: the device, and with it its context, is open.
        succeeded("cuCtxSetCurrent", unsafe { (self.set)(self.handle) })
    }
}

fn succeeded(function: &str, code: c_int) -> Status<()> {
    if code == 0 { Ok(()) } else { Err(format!("{function} failed with CUDA's error {code}")) }
}
