//! Instances of models, and Triton's statistics of them.
#![allow(unsafe_code)]

use triton_sys as c;

use super::log::log;
use super::refusal::{Refusal, check};
use super::request::Request;

/// When work on a batch began, when it was computed, and when all was sent: nanoseconds of the
/// clock that Triton uses, CLOCK_MONOTONIC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    pub start: u64,
    pub compute_start: u64,
    pub compute_end: u64,
    pub end: u64,
}

pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written by the call; this clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// An instance of a model, for Triton's statistics of it.
#[derive(Clone, Copy)]
pub struct Instance(*mut c::TRITONBACKEND_ModelInstance);

// SAFETY: Triton's statistics may be given by any thread.
unsafe impl Send for Instance {}

impl Instance {
    /// # Safety
    /// The instance must not be finalised before this is gone.
    pub unsafe fn new(handle: *mut c::TRITONBACKEND_ModelInstance) -> Self {
        Instance(handle)
    }

    /// Answer a request by an error, before anything was computed.
    pub fn turn_away(&self, request: Request, refusal: Refusal) {
        if let Err(lost) = request.refuse(refusal) {
            log(&format!("an error could not be sent: {lost:?}"));
        }
        let now = now();
        let times = Times { start: now, compute_start: now, compute_end: now, end: now };
        self.report(&request, false, times);
    }

    /// Say how a request went.
    pub fn report(&self, request: &Request, success: bool, times: Times) {
        let Times { start, compute_start, compute_end, end } = times;
        // SAFETY: instance and request are alive.
        let _ = check(unsafe {
            c::TRITONBACKEND_ModelInstanceReportStatistics(
                self.0,
                request.handle,
                success,
                start,
                compute_start,
                compute_end,
                end,
            )
        });
    }

    /// Say how a call of the network went.
    pub fn report_batch(&self, size: usize, times: Times) {
        let Times { start, compute_start, compute_end, end } = times;
        // SAFETY: the instance is alive.
        let _ = check(unsafe {
            c::TRITONBACKEND_ModelInstanceReportBatchStatistics(
                self.0,
                size as u64,
                start,
                compute_start,
                compute_end,
                end,
            )
        });
    }
}
