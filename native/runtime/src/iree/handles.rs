//! Pointers to IREE's objects, each of which is given back when it is dropped.
#![allow(unsafe_code)]

use eerie_sys::runtime as c;

/// A pointer to an object that IREE counts references to; one of them is ours.
macro_rules! owned {
    ($name:ident, $object:ty, $release:path) => {
        pub struct $name(pub *mut $object);
        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: made from a pointer that IREE gave us with a reference, released once.
                unsafe { $release(self.0) }
            }
        }
        // SAFETY: IREE counts references atomically and its objects are not bound to a thread;
        // those that are not for several threads at once are only reached through `&mut`.
        unsafe impl Send for $name {}
    };
}
owned!(VmInstance, c::iree_vm_instance_t, c::iree_vm_instance_release);
owned!(VmModule, c::iree_vm_module_t, c::iree_vm_module_release);
owned!(VmContext, c::iree_vm_context_t, c::iree_vm_context_release);
owned!(VmList, c::iree_vm_list_t, c::iree_vm_list_release);
owned!(Registry, c::iree_hal_driver_registry_t, c::iree_hal_driver_registry_free);
owned!(Driver, c::iree_hal_driver_t, c::iree_hal_driver_release);
owned!(HalDevice, c::iree_hal_device_t, c::iree_hal_device_release);
owned!(DeviceGroup, c::iree_hal_device_group_t, c::iree_hal_device_group_release);
owned!(Buffer, c::iree_hal_buffer_t, c::iree_hal_buffer_release);
owned!(BufferView, c::iree_hal_buffer_view_t, c::iree_hal_buffer_view_release);
owned!(Semaphore, c::iree_hal_semaphore_t, c::iree_hal_semaphore_release);
owned!(Fence, c::iree_hal_fence_t, c::iree_hal_fence_release);
owned!(ProactorPool, c::iree_async_proactor_pool_t, c::iree_async_proactor_pool_release);
owned!(FrontierTracker, c::iree_async_frontier_tracker_t, c::iree_async_frontier_tracker_release);

impl Buffer {
    pub fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_buffer_retain_ref(self.0) }
    }
}

impl Fence {
    pub fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_fence_retain_ref(self.0) }
    }
}
