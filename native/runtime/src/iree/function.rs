//! A function of a module that is made ready: with the memory that its calls use.
#![allow(unsafe_code)]

use eerie_sys::runtime as c;

use super::device::Device;
use super::handles::{VmContext, VmList};
use super::status::{Status, check};
use super::tensor::{FLOAT32, Tensor, is_mappable, read_buffer};
use super::timeline::{FOR_EVER, Timeline, wait_for};
use super::values::{invoke, list, set};

/// A function of a module with the memory that its calls use, made once.
pub struct Function {
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

impl Function {
    /// One that takes a float32 tensor and returns one: `name(input) -> result`.
    pub fn returning(
        device: &Device,
        name: &str,
        function: c::iree_vm_function_t,
        input: &[usize],
        result: &[usize],
    ) -> Status<Self> {
        let input = Tensor::new(device, input)?;
        let arguments = list(1)?;
        set(&arguments, 0, input.reference())?;
        let result = ResultOf::Returned { results: list(1)?, len: result.iter().product() };
        Ok(Self { name: name.to_owned(), function, input, arguments, result })
    }

    /// One that writes into its caller's buffers, between two fences:
    /// `name(input, result, transients, wait, signal)`.
    pub fn fenced(
        device: &Device,
        name: &str,
        function: c::iree_vm_function_t,
        input: &[usize],
        result: &[usize],
        transients: usize,
    ) -> Status<Self> {
        let (input, result) = (Tensor::new(device, input)?, Tensor::new(device, result)?);
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
        Ok(Self { name: name.to_owned(), function, input, arguments, result })
    }

    /// Run it: input into result, of the lengths of its tensors.
    pub fn call(
        &mut self,
        device: &Device,
        context: &VmContext,
        input: &[f32],
        result: &mut [f32],
    ) -> Status<()> {
        let Self { name, function, input: tensor, arguments, result: kind } = self;
        tensor.write(input)?;
        match kind {
            ResultOf::Returned { results, len } => {
                assert_eq!(result.len(), *len);
                // SAFETY: the list is ours; clearing it gives the former result back.
                unsafe { c::iree_vm_list_clear(results.0) };
                invoke(context, *function, arguments, Some(results))?;
                read_returned(device, results, name, result)
            }
            ResultOf::Given { result: place, timeline } => {
                let (wait, signal) = timeline.next()?;
                set(arguments, 3, wait.reference())?;
                set(arguments, 4, signal.reference())?;
                let done =
                    invoke(context, *function, arguments, None).and_then(|()| wait_for(&signal));
                if let Err(why) = done {
                    // A call that failed signals nothing, and the next would wait for ever.
                    *timeline = Timeline::new(device)?;
                    return Err(why);
                }
                place.read(result)
            }
        }
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
