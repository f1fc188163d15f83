//! Modules: a network's code on a device.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::Arc;

use eerie_sys::runtime as c;

use super::device::Device;
use super::function::Function;
use super::handles::{VmContext, VmModule};
use super::status::{Status, allocator, check, view};

/// A module's bytes where IREE may read them in place: aligned for a flatbuffer.
struct AlignedBytes {
    lines: Vec<Line>,
    len: usize,
}

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

impl AlignedBytes {
    fn copy(bytes: &[u8]) -> Self {
        let mut lines = vec![Line([0; 64]); bytes.len().div_ceil(64)];
        for (line, part) in lines.iter_mut().zip(bytes.chunks(64)) {
            line.0[..part.len()].copy_from_slice(part);
        }
        Self { lines, len: bytes.len() }
    }
}

/// What every module of the same bytes on the same device shares: the code, and weights that the
/// device reads where they lie.
struct Code {
    module: VmModule,
    _bytes: AlignedBytes, // read by IREE until the module is gone
    device: Arc<Device>,
}

// SAFETY: IREE does not change a bytecode module once it is made; what varies is in contexts.
unsafe impl Sync for Code {}

/// A module loaded on a device, with variables of its own. Not for several threads at once.
pub struct Module {
    // In the order in which they must go: buffers and context before what they came from.
    functions: Vec<Function>,
    context: VmContext,
    code: Arc<Code>,
}

/// What it holds on the device goes with it, in whatever thread that is.
impl Drop for Module {
    fn drop(&mut self) {
        let _ = self.code.device.enter();
    }
}

impl Module {
    /// Load a module. IREE verifies its bytecode alone, not the machine code in it: whoever calls
    /// this has compared the bytes' sha256 with one to be trusted.
    pub fn load(device: &Arc<Device>, bytes: &[u8]) -> Status<Self> {
        let bytes = AlignedBytes::copy(bytes);
        let span =
            c::iree_const_byte_span_t { data: bytes.lines.as_ptr().cast(), data_length: bytes.len };
        let mut module = ptr::null_mut();
        // SAFETY: as in `Instance::new`; the bytes are kept as long as the module (a null
        // allocator tells IREE not to free them), and a `Vec`'s bytes stay where they are.
        check(unsafe {
            c::iree_vm_bytecode_module_create(
                device.instance.vm.0,
                c::iree_vm_bytecode_module_flags_e_IREE_VM_BYTECODE_MODULE_FLAG_NONE,
                span,
                c::iree_allocator_t { self_: ptr::null_mut(), ctl: None },
                allocator(),
                &mut module,
            )
        })?;
        let module = VmModule(module);
        Self::of(Arc::new(Code { module, _bytes: bytes, device: Arc::clone(device) }))
    }

    /// The same code with variables of its own and no function prepared, for another thread.
    pub fn another(&self) -> Status<Self> {
        Self::of(Arc::clone(&self.code))
    }

    fn of(code: Arc<Code>) -> Status<Self> {
        code.device.enter()?;
        let instance = code.device.instance.vm.0;
        // SAFETY: as in `Instance::new`; the context retains both modules.
        unsafe {
            let mut hal = ptr::null_mut();
            check(c::iree_hal_module_create(
                instance,
                c::iree_hal_module_device_policy_default(),
                code.device.group.0,
                c::iree_hal_module_flag_bits_t_IREE_HAL_MODULE_FLAG_SYNCHRONOUS as _,
                c::iree_hal_module_debug_sink_null(),
                allocator(),
                &mut hal,
            ))?;
            let hal = VmModule(hal);
            let mut modules = [hal.0, code.module.0];
            let mut context = ptr::null_mut();
            check(c::iree_vm_context_create_with_modules(
                instance,
                c::iree_vm_context_flag_bits_t_IREE_VM_CONTEXT_FLAG_NONE as _,
                modules.len(),
                modules.as_mut_ptr(),
                allocator(),
                &mut context,
            ))?;
            Ok(Self { functions: Vec::new(), context: VmContext(context), code })
        }
    }

    /// Whether it has an entry function of a name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Make ready a function that takes one float32 tensor and returns one: `name(input) -> result`.
    /// Returns its number, for `call`.
    pub fn prepare(&mut self, name: &str, input: &[usize], result: &[usize]) -> Status<usize> {
        let function = self.lookup(name, 1, 1)?;
        let device = &self.code.device;
        device.enter()?;
        let function = Function::returning(device, name, function, input, result)?;
        Ok(self.keep(function))
    }

    /// Make ready a function that writes into its caller's buffers, between two fences:
    /// `name(input, result, transients, wait, signal)`. Returns its number, for `call`.
    ///
    /// A plain call has IREE make a semaphore for each allocation and each submission; NVIDIA's
    /// Vulkan driver takes 300 microseconds to make one and as long to destroy it. Here one
    /// semaphore and one set of buffers serve every call.
    pub fn prepare_fenced(
        &mut self,
        name: &str,
        input: &[usize],
        result: &[usize],
        transients: usize,
    ) -> Status<usize> {
        let function = self.lookup(name, 5, 0)?;
        let device = &self.code.device;
        device.enter()?;
        let function = Function::fenced(device, name, function, input, result, transients)?;
        Ok(self.keep(function))
    }

    fn keep(&mut self, function: Function) -> usize {
        self.functions.push(function);
        self.functions.len() - 1
    }

    /// Run a function that was made ready: input into result, of the lengths of its tensors.
    pub fn call(&mut self, number: usize, input: &[f32], result: &mut [f32]) -> Status<()> {
        let Self { functions, context, code } = self;
        code.device.enter()?;
        functions[number].call(&code.device, context, input, result)
    }

    fn find(&self, name: &str) -> Option<c::iree_vm_function_t> {
        let mut function = c::iree_vm_function_t::default();
        // SAFETY: a function refers to the module, which `self.code` holds.
        check(unsafe {
            c::iree_vm_module_lookup_function_by_name(
                self.code.module.0,
                c::iree_vm_function_linkage_e_IREE_VM_FUNCTION_LINKAGE_EXPORT as _,
                view(name),
                &mut function,
            )
        })
        .ok()?;
        Some(function)
    }

    fn lookup(&self, name: &str, takes: usize, gives: usize) -> Status<c::iree_vm_function_t> {
        let function =
            self.find(name).ok_or_else(|| format!("it has no entry function '{name}'"))?;
        let (mut arguments, mut results) = (0, 0);
        // SAFETY: the signature's text belongs to the module; out-pointers are valid.
        check(unsafe {
            let signature = c::iree_vm_function_signature(&function);
            c::iree_vm_function_call_count_arguments_and_results(
                &signature,
                &mut arguments,
                &mut results,
            )
        })?;
        if (arguments, results) != (takes, gives) {
            return Err(format!(
                "its entry function '{name}' takes {arguments} and returns {results} values, \
                 expected {takes} and {gives}"
            ));
        }
        Ok(function)
    }
}
