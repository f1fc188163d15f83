//! What a client sent.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::{ptr, slice};

use triton_sys as c;

use super::memory::{HOST, PINNED};
use super::refusal::{Refusal, Result, check};
use super::text::text;

/// A tensor that a client sent.
pub struct Input<'request> {
    handle: *mut c::TRITONBACKEND_Input,
    pub name: String,
    /// Its batch first.
    pub shape: &'request [i64],
    /// Of all of it.
    pub bytes: u64,
    pieces: u32,
    request: PhantomData<&'request c::TRITONBACKEND_Request>,
}

impl Input<'_> {
    /// The input of a number.
    ///
    /// # Safety
    /// The request stays ours as long as this lives.
    pub unsafe fn of(request: *mut c::TRITONBACKEND_Request, index: u32) -> Result<Self> {
        let (mut handle, mut name, mut datatype) = (ptr::null_mut(), ptr::null(), 0);
        let (mut shape, mut rank, mut bytes, mut pieces) = (ptr::null(), 0, 0, 0);
        // SAFETY: the request is ours; the shape has `rank` lengths and lives as long as it.
        unsafe {
            check(c::TRITONBACKEND_RequestInputByIndex(request, index, &mut handle))?;
            check(c::TRITONBACKEND_InputProperties(
                handle,
                &mut name,
                &mut datatype,
                &mut shape,
                &mut rank,
                &mut bytes,
                &mut pieces,
            ))?;
            let shape = slice::from_raw_parts(shape, rank as usize);
            Ok(Self { handle, name: text(name), shape, bytes, pieces, request: PhantomData })
        }
    }

    /// Append its bytes, which Triton holds in one or more pieces.
    pub fn append_to(&self, place: &mut Vec<u8>) -> Result<()> {
        (0..self.pieces).try_for_each(|index| {
            place.extend_from_slice(self.piece(index)?);
            Ok(())
        })
    }

    /// Append its values. A float may begin at any byte, and lie in two pieces.
    pub fn append_floats_to(&self, place: &mut Vec<f32>) -> Result<()> {
        let count = self.bytes as usize / size_of::<f32>();
        place.reserve(count);
        let mut written = 0;
        for index in 0..self.pieces {
            let piece = self.piece(index)?;
            let room = count * size_of::<f32>() - written;
            let len = piece.len().min(room);
            // SAFETY: within what was reserved; the two do not overlap.
            unsafe {
                let end = place.as_mut_ptr().add(place.len()).cast::<u8>().add(written);
                ptr::copy_nonoverlapping(piece.as_ptr(), end, len);
            }
            written += len;
        }
        if written != count * size_of::<f32>() {
            return Err(Refusal::internal(format!(
                "the input '{}' has {written} bytes of the {} that it is said to have",
                self.name, self.bytes
            )));
        }
        // SAFETY: `count` floats were written, and any bytes are a float.
        unsafe { place.set_len(place.len() + count) };
        Ok(())
    }

    fn piece(&self, index: u32) -> Result<&[u8]> {
        let (mut bytes, mut len, mut memory, mut id) = (ptr::null(), 0, HOST, 0);
        // SAFETY: the request is ours, and with it its input.
        check(unsafe {
            c::TRITONBACKEND_InputBuffer(
                self.handle,
                index,
                &mut bytes,
                &mut len,
                &mut memory,
                &mut id,
            )
        })?;
        if memory != HOST && memory != PINNED {
            return Err(Refusal::invalid(format!(
                "the input '{}' is in a GPU's memory; expected it in the host's",
                self.name
            )));
        }
        if len == 0 {
            return Ok(&[]);
        }
        // SAFETY: `len` bytes of the host's memory, which live as long as the request.
        Ok(unsafe { slice::from_raw_parts(bytes.cast::<u8>(), len as usize) })
    }
}
