//! What this machine can run, each device by a word. Nothing falls back to another device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::manifest::Driver;
use crate::{cpu, iree};

/// A device word: IREE's driver, which of that driver's devices, and what brings one.
pub struct Kind {
    /// The word itself.
    pub word: &'static str,
    /// What a variant for it says in the manifest.
    pub driver: Driver,
    iree: &'static str,
    built: bool,
    accepts: fn(&str) -> bool,
    help: &'static str,
}

/// Every device that a word names; the first of a driver is what "auto" takes.
pub static KINDS: [Kind; 7] = [
    Kind {
        word: "cpu",
        driver: Driver::Cpu,
        iree: "local-sync",
        built: true,
        accepts: any,
        help: "",
    },
    Kind {
        word: "vulkan",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: any,
        help: "; install the graphics driver, or Mesa's software one (Debian: mesa-vulkan-drivers)",
    },
    Kind {
        word: "vulkan-gpu",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: |name| !is_software(name),
        help: "; needs a GPU and its Vulkan driver",
    },
    Kind {
        word: "vulkan-llvmpipe",
        driver: Driver::Vulkan,
        iree: "vulkan",
        built: cfg!(feature = "vulkan"),
        accepts: |name| name.contains("llvmpipe"),
        help: "; install Mesa's software driver (Debian: mesa-vulkan-drivers)",
    },
    Kind {
        word: "cuda",
        driver: Driver::Cuda,
        iree: "cuda",
        built: cfg!(feature = "cuda"),
        accepts: any,
        help: "; needs an NVIDIA GPU and its driver",
    },
    Kind {
        word: "rocm",
        driver: Driver::Rocm,
        iree: "hip",
        built: false, // not among the drivers of eerie-sys 0.5
        accepts: any,
        help: "; needs an AMD GPU, ROCm and a library with its driver",
    },
    Kind {
        word: "metal",
        driver: Driver::Metal,
        iree: "metal",
        built: cfg!(all(target_os = "macos", target_arch = "aarch64")),
        accepts: any,
        help: "; needs a Mac",
    },
];

impl Kind {
    /// Why no machine of this system has it, or None: its driver was not compiled in.
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

/// What IREE's drivers say when something is missing, and what that means.
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

/// The device of a word.
pub fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.word == word)
}

/// The device that runs a driver's variants where no word asks for a certain one.
///
/// # Panics
/// Never: a test goes through all drivers.
pub fn of_driver(driver: Driver) -> &'static Kind {
    KINDS.iter().find(|kind| kind.driver == driver).expect("every driver has a device")
}

/// Open a device, or give the one that is open already. The error says why and what would help.
pub fn open(kind: &Kind) -> Result<Arc<Device>, String> {
    let mut opened = opened();
    if let Some(device) = opened.devices.get(kind.word) {
        return Ok(Arc::clone(device));
    }
    let instance = match &opened.instance {
        Some(instance) => Arc::clone(instance),
        None => Arc::clone(opened.instance.insert(iree::Instance::new()?)),
    };
    let device = Arc::new(
        find_and_open(&instance, kind).map_err(|why| format!("{}{}", in_words(&why), kind.help))?,
    );
    opened.devices.insert(kind.word, Arc::clone(&device));
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
    let name = if kind.word == "cpu" { cpu::name() } else { info.name.clone() };
    Ok(Device { name, handle: instance.open(kind.iree, info)? })
}

/// Give all devices back. To be called once, when no model is left, before the library goes.
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
pub(crate) fn in_words(message: &str) -> String {
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
