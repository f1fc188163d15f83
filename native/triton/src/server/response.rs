//! What a client is sent.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::ptr;

use triton_sys as c;

use super::memory::{GPU, HOST};
use super::refusal::{Refusal, Result, check};

const FP32: c::TRITONSERVER_DataType = c::TRITONSERVER_datatype_enum_TRITONSERVER_TYPE_FP32;

/// Give a response its tensor.
pub fn fill(
    response: *mut c::TRITONBACKEND_Response,
    name: &CStr,
    shape: &[i64],
    values: &[f32],
) -> Result<()> {
    let mut output = ptr::null_mut();
    let (mut place, mut memory, mut id) = (ptr::null_mut::<c_void>(), HOST, 0);
    let bytes = size_of_val(values);
    // SAFETY: the response is ours; name and shape are copied; Triton gives `bytes` bytes.
    unsafe {
        check(c::TRITONBACKEND_ResponseOutput(
            response,
            &mut output,
            name.as_ptr(),
            FP32,
            shape.as_ptr(),
            shape.len() as u32,
        ))?;
        let given =
            c::TRITONBACKEND_OutputBuffer(output, &mut place, bytes as u64, &mut memory, &mut id);
        check(given)?;
        if memory == GPU {
            return Err(Refusal::invalid(
                "the output is asked for in a GPU's memory; expected the host's",
            ));
        }
        ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), place.cast(), bytes);
    }
    Ok(())
}
