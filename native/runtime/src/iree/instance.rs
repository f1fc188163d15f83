//! IREE's virtual machine and drivers.
#![allow(unsafe_code)]

use std::sync::Arc;
use std::{ptr, slice};

use eerie_sys::runtime as c;

use super::handles::{Driver, Registry, VmInstance};
use super::status::{Status, allocator, check, text, view};

/// IREE's virtual machine and the drivers that were compiled in.
pub struct Instance {
    registry: Registry,
    pub(super) vm: VmInstance,
}

// SAFETY: after `new` both are only read: IREE locks its registry, and instances are thread-safe.
unsafe impl Sync for Instance {}

/// A device that a driver offers.
pub struct DeviceInfo {
    pub(super) id: c::iree_hal_device_id_t,
    /// As the driver calls it, such as "NVIDIA H200".
    pub name: String,
}

impl Instance {
    /// Start IREE.
    pub fn new() -> Status<Arc<Self>> {
        // SAFETY: each out-pointer is valid, and owned before the next call can fail.
        unsafe {
            let mut vm = ptr::null_mut();
            let types = c::IREE_VM_TYPE_CAPACITY_DEFAULT as usize;
            check(c::iree_vm_instance_create(types, allocator(), &mut vm))?;
            let vm = VmInstance(vm);
            check(c::iree_hal_module_register_all_types(vm.0))?;
            let mut registry = ptr::null_mut();
            check(c::iree_hal_driver_registry_allocate(allocator(), &mut registry))?;
            let registry = Registry(registry);
            check(c::iree_hal_register_all_available_drivers(registry.0))?;
            Ok(Arc::new(Self { registry, vm }))
        }
    }

    /// The devices of a driver.
    pub fn devices(&self, driver: &str) -> Status<Vec<DeviceInfo>> {
        let driver = self.driver(driver)?;
        let (mut count, mut found) = (0, ptr::null_mut());
        // SAFETY: IREE writes `count` entries, which are freed after they were copied.
        unsafe {
            check(c::iree_hal_driver_query_available_devices(
                driver.0,
                allocator(),
                &mut count,
                &mut found,
            ))?;
            let infos = if count == 0 { &[] } else { slice::from_raw_parts(found, count) };
            let devices = infos
                .iter()
                .map(|info| DeviceInfo { id: info.device_id, name: text(info.name) })
                .collect();
            c::iree_allocator_free(allocator(), found.cast());
            Ok(devices)
        }
    }

    /// The driver of a name.
    pub(super) fn driver(&self, name: &str) -> Status<Driver> {
        let mut driver = ptr::null_mut();
        // SAFETY: as in `new`.
        check(unsafe {
            c::iree_hal_driver_registry_try_create(
                self.registry.0,
                view(name),
                allocator(),
                &mut driver,
            )
        })?;
        Ok(Driver(driver))
    }
}
