//! The devices of this computer, by name. Nothing falls back to another device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::manifest::Driver;
use crate::{cpu, iree};

/// A kind of device: IREE's driver, which of its devices are meant, and what helps where it has none.
pub struct Kind {
    /// As a caller names it, such as "vulkan".
    pub name: &'static str,
    /// The driver of its variants, in the manifest.
    pub driver: Driver,
    iree: &'static str,
    built: bool,
    accepts: fn(&str) -> bool,
    help: &'static str,
}

/// Every kind; "auto" takes the first of a driver.
pub static KINDS: [Kind; 7] = [
    Kind {
        name: "cpu",
        driver: Driver::Cpu,
        iree: "local-sync",
        built: true,
        accepts: any,
        help: "",
    },
    Kind {
        name: "vulkan",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: any,
        help: "; install the graphics driver, or Mesa's software one (Debian: mesa-vulkan-drivers)",
    },
    Kind {
        name: "vulkan-gpu",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: |name| !is_software(name),
        help: "; needs a GPU and its Vulkan driver",
    },
    Kind {
        name: "vulkan-llvmpipe",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: |name| name.contains("llvmpipe"),
        help: "; install Mesa's software driver (Debian: mesa-vulkan-drivers)",
    },
    Kind {
        name: "cuda",
        driver: Driver::Cuda,
        iree: "cuda",
        built: cfg!(feature = "cuda"),
        accepts: any,
        help: "; needs an NVIDIA GPU and its driver",
    },
    Kind {
        name: "rocm",
        driver: Driver::Rocm,
        iree: "hip",
        built: false, // not among the drivers of eerie-sys 0.5
        accepts: any,
        help: "; needs an AMD GPU, ROCm and a library with its driver",
    },
    Kind {
        name: "metal",
        driver: Driver::Metal,
        iree: "metal",
        built: cfg!(all(target_os = "macos", target_arch = "aarch64")),
        accepts: any,
        help: "; needs a Mac",
    },
];

impl Kind {
    /// Why no computer of this system has it: its driver was not compiled in. None where it was.
    pub fn why_not_built(&self) -> Option<String> {
        let help = self.help;
        (!self.built).then(|| format!("this library has no driver for {}{help}", self.driver))
    }
}

fn any(_: &str) -> bool {
    true
}

/// Drivers report under these names that a Vulkan device is the CPU.
fn is_software(name: &str) -> bool {
    name.contains("llvmpipe") || name.contains("SwiftShader")
}

/// Parts of IREE's messages where something is missing, and what they mean.
const MISSING: &[(&str, &str)] = &[
    ("LIBVULKAN_PATH", "there is no Vulkan loader (libvulkan.so.1)"),
    ("VK_ERROR_INCOMPATIBLE_DRIVER", "there is no Vulkan driver"),
    ("libcuda.so", "there is no NVIDIA driver (libcuda.so)"),
    ("nvcuda.dll", "there is no NVIDIA driver (nvcuda.dll)"),
];

/// A device that was opened.
pub struct Device {
    /// As the system or its driver calls it, such as "NVIDIA H200".
    pub name: String,
    pub(crate) handle: Arc<iree::Device>,
}

/// The kind of a name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kind that runs a driver's variants where none is named.
///
/// # Panics
/// Never: a test goes through all drivers.
pub fn of_driver(driver: Driver) -> &'static Kind {
    KINDS.iter().find(|kind| kind.driver == driver).expect("every driver has a device")
}

/// Open a device, or return the one that is open already. The error has the reason and what would help.
pub fn open(kind: &Kind) -> Result<Arc<Device>, String> {
    let mut opened = opened();
    if let Some(device) = opened.devices.get(kind.name) {
        return Ok(Arc::clone(device));
    }
    let instance = match &opened.instance {
        Some(instance) => Arc::clone(instance),
        None => Arc::clone(opened.instance.insert(iree::Instance::new()?)),
    };
    let device = Arc::new(
        find_and_open(&instance, kind)
            .map_err(|why| format!("{}{}", explained(&why), kind.help))?,
    );
    opened.devices.insert(kind.name, Arc::clone(&device));
    Ok(device)
}

fn find_and_open(instance: &Arc<iree::Instance>, kind: &Kind) -> Result<Device, String> {
    let mut found = instance.devices(kind.iree)?;
    let listed = found.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(", ");
    found.retain(|info| (kind.accepts)(&info.name));
    // A GPU before software that looks like one.
    found.sort_by_key(|info| is_software(&info.name));
    let info = found.first().ok_or_else(|| {
        let listed = if listed.is_empty() { "none" } else { &listed };
        format!("no such device, the driver '{}' has: {listed}", kind.iree)
    })?;
    let name = if kind.name == "cpu" { cpu::name() } else { info.name.clone() };
    Ok(Device { name, handle: iree::Device::open(instance, kind.iree, info)? })
}

/// Close all devices. To be called once, when no model is left, before the library is unloaded.
pub fn shutdown() {
    let mut opened = opened();
    opened.devices.clear();
    opened.instance = None;
}

struct Opened {
    instance: Option<Arc<iree::Instance>>,
    devices: BTreeMap<&'static str, Arc<Device>>,
}

/// Devices are opened once: to open one takes up to 200 ms with Vulkan.
fn opened() -> MutexGuard<'static, Opened> {
    static OPENED: Mutex<Opened> = Mutex::new(Opened { instance: None, devices: BTreeMap::new() });
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The meaning of an error of IREE's, or its first line without file and code.
pub(crate) fn explained(message: &str) -> String {
    if let Some((_, meaning)) = MISSING.iter().find(|(sign, _)| message.contains(sign)) {
        return (*meaning).to_owned();
    }
    let line = message.trim().lines().next().unwrap_or_default();
    line.rsplit("; ").next().unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_driver_has_a_device() {
        use Driver::{Cpu, Cuda, Metal, Rocm, Vulkan};
        for driver in [Cpu, Vulkan, Cuda, Rocm, Metal] {
            assert_eq!(of_driver(driver).driver, driver);
        }
    }
}
