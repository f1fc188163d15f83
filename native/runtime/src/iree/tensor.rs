//! Tensors in memory that host and device see.
#![allow(unsafe_code)]

use std::ptr;

use eerie_sys::runtime as c;

use super::device::Device;
use super::handles::{Buffer, BufferView};
use super::status::{Status, allocator, check};

/// The only type of numbers that a bundle has.
pub const FLOAT32: c::iree_hal_element_type_t =
    c::iree_hal_element_types_t_IREE_HAL_ELEMENT_TYPE_FLOAT_32 as _;

/// A float32 tensor in memory that host and device see.
pub struct Tensor {
    view: BufferView,
    buffer: Buffer,
    len: usize,
}

impl Tensor {
    /// Memory of the host that the device reads and writes itself: to copy 3 KB to a GPU's own
    /// memory, and 40 bytes back, takes longer than a call.
    pub fn new(device: &Device, shape: &[usize]) -> Status<Self> {
        let len = shape.iter().product::<usize>();
        let buffer = device.buffer(
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
        Ok(Self { view: BufferView(found), buffer, len })
    }

    pub fn reference(&self) -> c::iree_vm_ref_t {
        // SAFETY: a new reference, which `set` takes over.
        unsafe { c::iree_hal_buffer_view_retain_ref(self.view.0) }
    }

    pub fn write(&mut self, values: &[f32]) -> Status<()> {
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

    pub fn read(&self, values: &mut [f32]) -> Status<()> {
        assert_eq!(values.len(), self.len);
        read_buffer(self.buffer.0, values)
    }
}

/// The first bytes of a buffer that is mapped into the host's memory.
pub fn read_buffer(buffer: *mut c::iree_hal_buffer_t, values: &mut [f32]) -> Status<()> {
    // SAFETY: as many bytes are written as `values` has, and any bytes are a float.
    check(unsafe {
        c::iree_hal_buffer_map_read(buffer, 0, values.as_mut_ptr().cast(), size_of_val(values) as _)
    })
}

/// Whether the host can read a buffer without a copy by the device.
///
/// # Safety
/// The buffer is alive.
#[allow(clippy::unnecessary_cast)] // C's enumerations are signed on Windows
pub unsafe fn is_mappable(buffer: *mut c::iree_hal_buffer_t) -> bool {
    let visible = c::iree_hal_memory_type_bits_t_IREE_HAL_MEMORY_TYPE_HOST_VISIBLE as u32;
    let mapping = c::iree_hal_buffer_usage_bits_t_IREE_HAL_BUFFER_USAGE_MAPPING_SCOPED as u32;
    // SAFETY: the caller's buffer is alive.
    let (memory, usage) = unsafe {
        (c::iree_hal_buffer_memory_type(buffer), c::iree_hal_buffer_allowed_usage(buffer))
    };
    memory as u32 & visible != 0 && usage as u32 & mapping != 0
}
