//! Semaphores and fences: how host and device wait for each other.
#![allow(unsafe_code)]

use std::ptr;

use eerie_sys::runtime as c;

use super::device::Device;
use super::handles::{Fence, Semaphore};
use super::status::{Status, allocator, check};

/// A wait without an end.
pub const FOR_EVER: c::iree_timeout_t =
    c::iree_timeout_t { type_: c::iree_timeout_type_e_IREE_TIMEOUT_ABSOLUTE, nanos: i64::MAX };

/// One semaphore for every call, and how far it has come.
pub struct Timeline {
    semaphore: Semaphore,
    now: u64,
}

impl Timeline {
    /// At its beginning.
    pub fn new(device: &Device) -> Status<Self> {
        let mut semaphore = ptr::null_mut();
        // SAFETY: as in `Instance::new`.
        check(unsafe {
            c::iree_hal_semaphore_create(
                device.handle.0,
                u64::MAX, // any queue
                0,
                c::iree_hal_semaphore_flag_bits_t_IREE_HAL_SEMAPHORE_FLAG_DEFAULT as _,
                &mut semaphore,
            )
        })?;
        Ok(Self { semaphore: Semaphore(semaphore), now: 0 })
    }

    /// The fence that the last call has signalled and the one that the next call will.
    pub fn next(&mut self) -> Status<(Fence, Fence)> {
        let fences = (self.fence(self.now)?, self.fence(self.now + 1)?);
        self.now += 1;
        Ok(fences)
    }

    fn fence(&self, value: u64) -> Status<Fence> {
        let mut fence = ptr::null_mut();
        // SAFETY: as in `Instance::new`; the fence retains the semaphore.
        check(unsafe {
            c::iree_hal_fence_create_at(self.semaphore.0, value, allocator(), &mut fence)
        })?;
        Ok(Fence(fence))
    }
}

/// Wait until a fence is signalled.
pub fn wait_for(fence: &Fence) -> Status<()> {
    // SAFETY: the fence is ours.
    check(unsafe { c::iree_hal_fence_wait(fence.0, FOR_EVER, 0) })
}
