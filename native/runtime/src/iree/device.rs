//! A device that is open, and its memory.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::Arc;

use eerie_sys::runtime as c;

use super::cuda;
use super::handles::{Buffer, DeviceGroup, FrontierTracker, HalDevice, ProactorPool};
use super::instance::{DeviceInfo, Instance};
use super::status::{Status, allocator, check};

/// An open device, which several modules may use at once.
pub struct Device {
    pub(super) group: DeviceGroup,
    pub(super) handle: HalDevice,
    cuda: Option<cuda::Context>,
    pub(super) instance: Arc<Instance>,
}

// SAFETY: IREE's devices and their allocators take calls from several threads.
unsafe impl Sync for Device {}

impl Device {
    /// Open a device that a driver offers.
    pub fn open(instance: &Arc<Instance>, name: &str, info: &DeviceInfo) -> Status<Arc<Self>> {
        let driver = instance.driver(name)?;
        // SAFETY: as in `Instance::new`; device and group retain the pool and the tracker.
        unsafe {
            let mut pool = ptr::null_mut();
            check(c::iree_async_proactor_pool_create(
                1,
                ptr::null(),
                c::iree_async_proactor_pool_options_default(),
                allocator(),
                &mut pool,
            ))?;
            let pool = ProactorPool(pool);
            let params =
                c::iree_hal_device_create_params_t { proactor_pool: pool.0, ..Default::default() };
            let mut device = ptr::null_mut();
            check(c::iree_hal_driver_create_device_by_id(
                driver.0,
                info.id,
                0,
                ptr::null(),
                &params,
                allocator(),
                &mut device,
            ))?;
            let handle = HalDevice(device);
            let options = c::iree_async_frontier_tracker_options_t {
                axis_table_capacity: 256, // IREE's own default
                session_epoch: 1,
                machine_index: 0,
            };
            let mut tracker = ptr::null_mut();
            check(c::iree_async_frontier_tracker_create(options, allocator(), &mut tracker))?;
            let tracker = FrontierTracker(tracker);
            let mut group = ptr::null_mut();
            check(c::iree_hal_device_group_create_from_device(
                handle.0,
                tracker.0,
                allocator(),
                &mut group,
            ))?;
            let group = DeviceGroup(group);
            let cuda = (name == "cuda").then(cuda::Context::of_this_thread).transpose()?;
            Ok(Arc::new(Self { group, handle, cuda, instance: Arc::clone(instance) }))
        }
    }

    /// Make it usable in this thread; needed before anything is made or computed there.
    pub(super) fn enter(&self) -> Status<()> {
        self.cuda.as_ref().map_or(Ok(()), cuda::Context::enter)
    }

    /// Memory of a type and usage.
    pub(super) fn buffer(
        &self,
        memory: c::iree_hal_memory_type_bits_t,
        usage: c::iree_hal_buffer_usage_bits_t,
        bytes: usize,
    ) -> Status<Buffer> {
        let params = c::iree_hal_buffer_params_t {
            type_: memory as _,
            usage: usage as _,
            access: c::iree_hal_memory_access_bits_t_IREE_HAL_MEMORY_ACCESS_ALL as _,
            queue_affinity: 0, // any
            min_alignment: 0,  // the device's own
        };
        let mut buffer = ptr::null_mut();
        // SAFETY: as in `Instance::new`.
        check(unsafe {
            c::iree_hal_allocator_allocate_buffer(
                c::iree_hal_device_allocator(self.handle.0),
                params,
                bytes as _,
                &mut buffer,
            )
        })?;
        Ok(Buffer(buffer))
    }
}
