//! IREE's C API, made safe.
//!
//! What every `unsafe` here relies on, besides what is said beside it:
//! - each wrapper below owns one reference to an object of IREE's, gives it back when dropped, and
//!   hands the pointer out to calls of IREE alone, which retain what they keep;
//! - a status is consumed exactly once, by `check`;
//! - an object holds, through `Arc`, what it must not outlive: modules their device, devices
//!   the instance.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::{Arc, Once};
use std::{ptr, slice};

use eerie_sys::runtime as c;

mod cuda;

/// A result whose error is in IREE's own words.
pub type Status<T> = Result<T, String>;

unsafe extern "C" {
    // Behind iree_allocator_system(), which is `static inline` and so not among the bindings.
    fn iree_allocator_libc_ctl(
        this: *mut c_void,
        command: c::iree_allocator_command_t,
        params: *const c_void,
        inout: *mut *mut c_void,
    ) -> c::iree_status_t;
    // iree/base/internal/cpu.h, which the bindings leave out.
    fn iree_cpu_initialize(temporary: c::iree_allocator_t);
    fn iree_cpu_lookup_data_by_key(key: c::iree_string_view_t, out: *mut i64) -> c::iree_status_t;
}

/// A pointer to an object that IREE counts references to; one of them is ours.
macro_rules! owned {
    ($name:ident, $object:ty, $release:path) => {
        struct $name(*mut $object);
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

/// Whether this CPU has a feature that LLVM calls so; None where IREE does not know the name.
pub fn cpu_has(feature: &str) -> Option<bool> {
    static READ: Once = Once::new();
    // SAFETY: run once, before the only reader below.
    READ.call_once(|| unsafe { iree_cpu_initialize(allocator()) });
    let mut has = 0;
    // SAFETY: the name is read during the call, `has` is written by it.
    check(unsafe { iree_cpu_lookup_data_by_key(view(feature), &mut has) }).ok()?;
    Some(has != 0)
}

/// IREE's virtual machine and the drivers that were compiled in.
pub struct Instance {
    registry: Registry,
    vm: VmInstance,
}

// SAFETY: after `new` both are only read: IREE locks its registry, and instances are thread-safe.
unsafe impl Sync for Instance {}

/// A device that a driver offers.
pub struct DeviceInfo {
    id: c::iree_hal_device_id_t,
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

    /// Open a device that `devices` listed.
    pub fn open(self: &Arc<Self>, name: &str, info: &DeviceInfo) -> Status<Arc<Device>> {
        let driver = self.driver(name)?;
        // SAFETY: as in `new`; device and group retain the pool and the tracker.
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
            Ok(Arc::new(Device { group, handle, cuda, instance: Arc::clone(self) }))
        }
    }

    fn driver(&self, name: &str) -> Status<Driver> {
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

/// An open device, which several modules may use at once.
pub struct Device {
    group: DeviceGroup,
    handle: HalDevice,
    cuda: Option<cuda::Context>,
    instance: Arc<Instance>,
}

// SAFETY: IREE's devices and their allocators take calls from several threads.
unsafe impl Sync for Device {}

impl Device {
    /// Make it usable in this thread; needed before anything is made or computed there.
    fn enter(&self) -> Status<()> {
        self.cuda.as_ref().map_or(Ok(()), cuda::Context::enter)
    }

    /// Memory of the host that the device reads and writes itself: to copy 3 KB to a GPU's own
    /// memory, and 40 bytes back, takes longer than a call.
    fn tensor(&self, shape: &[usize]) -> Status<Tensor> {
        let len = shape.iter().product::<usize>();
        let buffer = self.buffer(
            c::iree_hal_memory_type_bits_t_IREE_HAL_MEMORY_TYPE_HOST_LOCAL
                | c::iree_hal_memory_type_bits_t_IREE_HAL_MEMORY_TYPE_DEVICE_VISIBLE,
            c::iree_hal_buffer_usage_bits_t_IREE_HAL_BUFFER_USAGE_DEFAULT
                | c::iree_hal_buffer_usage_bits_t_IREE_HAL_BUFFER_USAGE_MAPPING_SCOPED,
            len * size_of::<f32>(),
        )?;
        let mut found = ptr::null_mut();
        // SAFETY: the shape is copied; the view retains the buffer.
        check(unsafe {
            c::iree_hal_buffer_view_create(
                buffer.0,
                shape.len(),
                shape.as_ptr(),
                FLOAT32,
                c::iree_hal_encoding_types_t_IREE_HAL_ENCODING_TYPE_DENSE_ROW_MAJOR as _,
                allocator(),
                &mut found,
            )
        })?;
        Ok(Tensor { view: BufferView(found), buffer, len })
    }

    fn buffer(
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

const FLOAT32: c::iree_hal_element_type_t =
    c::iree_hal_element_types_t_IREE_HAL_ELEMENT_TYPE_FLOAT_32 as _;

impl Buffer {
    fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_buffer_retain_ref(self.0) }
    }
}

impl Fence {
    fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_fence_retain_ref(self.0) }
    }
}

/// A float32 tensor in memory that host and device see.
struct Tensor {
    view: BufferView,
    buffer: Buffer,
    len: usize,
}

impl Tensor {
    fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_buffer_view_retain_ref(self.view.0) }
    }

    fn write(&mut self, values: &[f32]) -> Status<()> {
        assert_eq!(values.len(), self.len);
        // SAFETY: as many bytes are read as `values` has; IREE checks the buffer's own length.
        check(unsafe {
            c::iree_hal_buffer_map_write(
                self.buffer.0,
                0,
                values.as_ptr().cast(),
                size_of_val(values) as _,
            )
        })
    }

    fn read(&self, values: &mut [f32]) -> Status<()> {
        assert_eq!(values.len(), self.len);
        read_buffer(self.buffer.0, values)
    }
}

/// The first bytes of a buffer that is mapped into the host's memory.
fn read_buffer(buffer: *mut c::iree_hal_buffer_t, values: &mut [f32]) -> Status<()> {
    // SAFETY: as many bytes are written as `values` has, and any bytes are a float.
    check(unsafe {
        c::iree_hal_buffer_map_read(buffer, 0, values.as_mut_ptr().cast(), size_of_val(values) as _)
    })
}

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

    /// The same code with variables of its own, nothing made ready; for another thread.
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
        self.code.device.enter()?;
        let input = self.code.device.tensor(input)?;
        let arguments = list(1)?;
        set(&arguments, 0, input.reference())?;
        let result = ResultOf::Returned { results: list(1)?, len: result.iter().product() };
        Ok(self.keep(Function { name: name.to_owned(), function, input, arguments, result }))
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
        let (input, result) = (device.tensor(input)?, device.tensor(result)?);
        let transients = device.buffer(
            c::iree_hal_memory_type_bits_t_IREE_HAL_MEMORY_TYPE_DEVICE_LOCAL,
            c::iree_hal_buffer_usage_bits_t_IREE_HAL_BUFFER_USAGE_DEFAULT,
            transients.max(1),
        )?;
        let arguments = list(5)?;
        set(&arguments, 0, input.reference())?;
        set(&arguments, 1, result.reference())?;
        set(&arguments, 2, transients.reference())?;
        let result = ResultOf::Given { result, timeline: Timeline::new(device)? };
        Ok(self.keep(Function { name: name.to_owned(), function, input, arguments, result }))
    }

    fn keep(&mut self, function: Function) -> usize {
        self.functions.push(function);
        self.functions.len() - 1
    }

    /// Run a function that was made ready: input into result, of the lengths of its tensors.
    pub fn call(&mut self, number: usize, input: &[f32], result: &mut [f32]) -> Status<()> {
        let Self { functions, context, code } = self;
        let device = &code.device;
        device.enter()?;
        let function = &mut functions[number];
        function.input.write(input)?;
        match &mut function.result {
            ResultOf::Returned { results, len } => {
                assert_eq!(result.len(), *len);
                // SAFETY: the list is ours; clearing it gives the former result back.
                unsafe { c::iree_vm_list_clear(results.0) };
                invoke(context, function.function, &function.arguments, Some(results))?;
                read_returned(device, results, &function.name, result)
            }
            ResultOf::Given { result: place, timeline } => {
                let (wait, signal) = timeline.next()?;
                set(&function.arguments, 3, wait.reference())?;
                set(&function.arguments, 4, signal.reference())?;
                let done = invoke(context, function.function, &function.arguments, None)
                    .and_then(|()| wait_for(&signal));
                if let Err(why) = done {
                    // What failed signals nothing: who comes next would wait for ever.
                    *timeline = Timeline::new(device)?;
                    return Err(why);
                }
                place.read(result)
            }
        }
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

/// The one tensor that a function returned.
fn read_returned(device: &Device, results: &VmList, name: &str, result: &mut [f32]) -> Status<()> {
    // SAFETY: the view is borrowed from the list, and read before the list changes.
    unsafe {
        let found = c::iree_vm_list_get_buffer_view_assign(results.0, 0);
        if found.is_null() {
            return Err(format!("'{name}' returned no tensor"));
        }
        let (bytes, wanted) = (c::iree_hal_buffer_view_byte_length(found), size_of_val(result));
        if c::iree_hal_buffer_view_element_type(found) != FLOAT32 || bytes != wanted {
            return Err(format!("'{name}' returned {bytes} bytes, expected {wanted} of float32"));
        }
        let buffer = c::iree_hal_buffer_view_buffer(found);
        if is_mappable(buffer) {
            return read_buffer(buffer, result);
        }
        check(c::iree_hal_device_transfer_d2h(
            device.handle.0,
            buffer,
            0,
            result.as_mut_ptr().cast(),
            bytes,
            c::iree_hal_transfer_buffer_flag_bits_t_IREE_HAL_TRANSFER_BUFFER_FLAG_DEFAULT as _,
            FOR_EVER,
        ))
    }
}

/// Whether the host can read a buffer without a copy by the device.
#[allow(clippy::unnecessary_cast)] // C's enumerations are signed on Windows
unsafe fn is_mappable(buffer: *mut c::iree_hal_buffer_t) -> bool {
    let visible = c::iree_hal_memory_type_bits_t_IREE_HAL_MEMORY_TYPE_HOST_VISIBLE as u32;
    let mapping = c::iree_hal_buffer_usage_bits_t_IREE_HAL_BUFFER_USAGE_MAPPING_SCOPED as u32;
    // SAFETY: the caller's buffer is alive.
    let (memory, usage) = unsafe {
        (c::iree_hal_buffer_memory_type(buffer), c::iree_hal_buffer_allowed_usage(buffer))
    };
    memory as u32 & visible != 0 && usage as u32 & mapping != 0
}

/// A function of a module with the memory that its calls use, made once.
struct Function {
    name: String,
    function: c::iree_vm_function_t,
    input: Tensor,
    arguments: VmList,
    result: ResultOf,
}

// SAFETY: `function` holds a pointer to the module, which owns this, and an ordinal.
unsafe impl Send for Function {}

enum ResultOf {
    Returned { results: VmList, len: usize },
    Given { result: Tensor, timeline: Timeline },
}

/// One semaphore for every call, and how far it has come.
struct Timeline {
    semaphore: Semaphore,
    now: u64,
}

impl Timeline {
    fn new(device: &Device) -> Status<Self> {
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
    fn next(&mut self) -> Status<(Fence, Fence)> {
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

const FOR_EVER: c::iree_timeout_t =
    c::iree_timeout_t { type_: c::iree_timeout_type_e_IREE_TIMEOUT_ABSOLUTE, nanos: i64::MAX };

fn wait_for(fence: &Fence) -> Status<()> {
    // SAFETY: the fence is ours.
    check(unsafe { c::iree_hal_fence_wait(fence.0, FOR_EVER, 0) })
}

fn invoke(
    context: &VmContext,
    function: c::iree_vm_function_t,
    arguments: &VmList,
    results: Option<&VmList>,
) -> Status<()> {
    // SAFETY: `lookup` compared the numbers of arguments and results; IREE checks their types.
    check(unsafe {
        c::iree_vm_invoke(
            context.0,
            function,
            c::iree_vm_invocation_flag_bits_t_IREE_VM_INVOCATION_FLAG_NONE as _,
            ptr::null(),
            arguments.0,
            results.map_or(ptr::null_mut(), |list| list.0),
            allocator(),
        )
    })
}

/// A list of `len` values of any type, empty yet.
fn list(len: usize) -> Status<VmList> {
    let mut list = ptr::null_mut();
    // SAFETY: as in `Instance::new`; the default type is "any".
    unsafe {
        check(c::iree_vm_list_create(Default::default(), len, allocator(), &mut list))?;
        let list = VmList(list);
        check(c::iree_vm_list_resize(list.0, len))?;
        Ok(list)
    }
}

/// Put a reference, which the list takes over, at a place of a list.
fn set(list: &VmList, place: usize, mut reference: c::iree_vm_ref_t) -> Status<()> {
    // SAFETY: the list owns the reference afterwards; where it does not take it we give it back.
    unsafe {
        let set = check(c::iree_vm_list_set_ref_move(list.0, place, &mut reference));
        c::iree_vm_ref_release(&mut reference);
        set
    }
}

fn allocator() -> c::iree_allocator_t {
    c::iree_allocator_t { self_: ptr::null_mut(), ctl: Some(iree_allocator_libc_ctl) }
}

fn view(text: &str) -> c::iree_string_view_t {
    c::iree_string_view_t { data: text.as_ptr().cast(), size: text.len() }
}

fn text(view: c::iree_string_view_t) -> String {
    if view.data.is_null() {
        return String::new();
    }
    // SAFETY: IREE's views are of `size` bytes that live while their owner does; copied here.
    let bytes = unsafe { slice::from_raw_parts(view.data.cast::<u8>(), view.size) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// A status as a result; consumes it.
fn check(status: c::iree_status_t) -> Status<()> {
    if status.is_null() {
        return Ok(());
    }
    let (mut words, mut len) = (ptr::null_mut(), 0);
    // SAFETY: the status is ours to free, the text is IREE's until we free it.
    unsafe {
        let allocator = allocator();
        let told = c::iree_status_to_string(status, &allocator, &mut words, &mut len);
        let message = if told {
            let view = c::iree_string_view_t { data: words, size: len };
            let message = text(view);
            c::iree_allocator_free(allocator, words.cast());
            message
        } else {
            "IREE failed and could not say why".to_owned()
        };
        c::iree_status_free(status);
        Err(message)
    }
}

#[cfg(test)]
mod tests;
