//! Requests, and their answers.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr;

use triton_sys as c;

use super::input::Input;
use super::log::log;
use super::refusal::{Refusal, Result, check};
use super::response::fill;

const FINAL: u32 = c::tritonserver_responsecompleteflag_enum_TRITONSERVER_RESPONSE_COMPLETE_FINAL;

/// A request, until it is released.
pub struct Request {
    pub(super) handle: *mut c::TRITONBACKEND_Request,
}

// SAFETY: once handed over, a request may be read, answered and released by any one thread.
unsafe impl Send for Request {}

impl Request {
    /// Takes over a request that Triton hands to a backend.
    ///
    /// # Safety
    /// Nobody else may use it from now on.
    pub unsafe fn take(handle: *mut c::TRITONBACKEND_Request) -> Self {
        Request { handle }
    }

    /// The tensors that the client sent.
    pub fn inputs(&self) -> Result<Vec<Input<'_>>> {
        let mut count = 0;
        // SAFETY: the request is ours.
        check(unsafe { c::TRITONBACKEND_RequestInputCount(self.handle, &mut count) })?;
        (0..count).map(|index| self.input(index)).collect()
    }

    /// The batch of its first input's shape; 1 where there is none, which is refused later.
    pub fn images(&self) -> usize {
        let first = self.input(0).ok().and_then(|input| input.shape.first().copied());
        first.and_then(|images| images.try_into().ok()).unwrap_or(1)
    }

    fn input(&self, index: u32) -> Result<Input<'_>> {
        // SAFETY: the request is ours, and the input borrows it.
        unsafe { Input::of(self.handle, index) }
    }

    /// Send the client a tensor. On an error nothing was sent.
    pub fn answer(&self, name: &CStr, shape: &[i64], values: &[f32]) -> Result<()> {
        let response = self.response()?;
        let filled = fill(response, name, shape, values);
        // SAFETY: the response is ours; Triton takes it over, or it is deleted.
        unsafe {
            if let Err(refusal) = filled {
                check(c::TRITONBACKEND_ResponseDelete(response))?;
                return Err(refusal);
            }
            check(c::TRITONBACKEND_ResponseSend(response, FINAL, ptr::null_mut()))
        }
    }

    /// Send the client an error.
    pub fn refuse(&self, refusal: Refusal) -> Result<()> {
        let response = self.response()?;
        // SAFETY: Triton takes over the response; the error stays ours, as Triton's own code shows.
        unsafe {
            let error = refusal.into_raw();
            let sent = check(c::TRITONBACKEND_ResponseSend(response, FINAL, error));
            c::TRITONSERVER_ErrorDelete(error);
            sent
        }
    }

    fn response(&self) -> Result<*mut c::TRITONBACKEND_Response> {
        let mut response = ptr::null_mut();
        // SAFETY: the request is ours.
        check(unsafe { c::TRITONBACKEND_ResponseNew(&mut response, self.handle) })?;
        Ok(response)
    }

    /// Give it back to Triton.
    fn release(&mut self) {
        let all = c::tritonserver_requestreleaseflag_enum_TRITONSERVER_REQUEST_RELEASE_ALL;
        // SAFETY: called once, when the request is dropped.
        if let Err(refusal) = check(unsafe { c::TRITONBACKEND_RequestRelease(self.handle, all) }) {
            log(&format!("a request could not be released: {}", refusal.message()));
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.release();
    }
}
