//! Triton's C API, made safe. This file, metrics.rs and entry.rs alone have `unsafe` code here.
//!
//! What every `unsafe` here relies on, besides what is said beside it: a pointer that Triton gave
//! is valid until the object that it came from is given back, which the lifetimes below say; an
//! error of Triton's is freed once, by `check`; texts from Triton end with a zero byte.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;
use std::{ptr, slice};

use ludus_runtime::Error;
use triton_sys as c;

/// What a client or the log is told, and which of Triton's codes it has over HTTP and gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: c::TRITONSERVER_Error_Code,
    words: String,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// The client's fault: 400 over HTTP.
    pub fn invalid(words: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_INVALID_ARG;
        Refusal { code, words: words.into() }
    }

    /// Ours: 500 over HTTP.
    pub fn internal(words: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_INTERNAL;
        Refusal { code, words: words.into() }
    }

    /// For now: 503 over HTTP.
    pub fn unavailable(words: impl Into<String>) -> Self {
        let code = c::TRITONSERVER_errorcode_enum_TRITONSERVER_ERROR_UNAVAILABLE;
        Refusal { code, words: words.into() }
    }

    /// As the error that a function of Triton's returns; who gets it frees it.
    pub fn into_raw(self) -> *mut c::TRITONSERVER_Error {
        let words = text_for_c(&self.words);
        // SAFETY: the text is copied.
        unsafe { c::TRITONSERVER_ErrorNew(self.code, words.as_ptr()) }
    }
}

/// A picture or a number of values is the client's; a device that fails is ours.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Image(_) | Error::Usage(_) => Refusal::invalid(error.to_string()),
            _ => Refusal::internal(error.to_string()),
        }
    }
}

/// Write a line into the server's log.
pub fn log(line: &str) {
    let (place, line) = (c"ludus".as_ptr(), text_for_c(line));
    let info = c::TRITONSERVER_loglevel_enum_TRITONSERVER_LOG_INFO;
    // SAFETY: both texts are copied.
    let _ = check(unsafe { c::TRITONSERVER_LogMessage(info, place, 0, line.as_ptr()) });
}

/// The folder of the version of a model that is loaded.
pub fn version_folder(model: *mut c::TRITONBACKEND_Model) -> Result<String> {
    let (mut kind, mut folder, mut version) = (0, ptr::null(), 0);
    // SAFETY: Triton gave the model to the function that calls this.
    unsafe {
        check(c::TRITONBACKEND_ModelRepository(model, &mut kind, &mut folder))?;
        check(c::TRITONBACKEND_ModelVersion(model, &mut version))?;
        Ok(format!("{}/{version}", text(folder)))
    }
}

/// The configuration of a model, as JSON.
pub fn config(model: *mut c::TRITONBACKEND_Model) -> Result<Vec<u8>> {
    let mut message = ptr::null_mut();
    let (mut json, mut len) = (ptr::null(), 0);
    // SAFETY: as above; the bytes are the message's, which is freed after they were copied.
    unsafe {
        check(c::TRITONBACKEND_ModelConfig(model, 1, &mut message))?;
        let told = check(c::TRITONSERVER_MessageSerializeToJson(message, &mut json, &mut len));
        let bytes = told.map(|()| slice::from_raw_parts(json.cast::<u8>(), len).to_vec());
        let deleted = check(c::TRITONSERVER_MessageDelete(message));
        bytes.and_then(|bytes| deleted.map(|()| bytes))
    }
}

/// A request, until it is released.
pub struct Request {
    handle: *mut c::TRITONBACKEND_Request,
}

// SAFETY: once handed over, a request may be read, answered and released by any one thread.
unsafe impl Send for Request {}

impl Request {
    /// Takes over a request that Triton hands to a backend.
    ///
    /// # Safety
    /// Nobody else may use it from now on.
    pub unsafe fn take(handle: *mut c::TRITONBACKEND_Request) -> Self {
        Request { handle }
    }

    /// The tensors that the client sent.
    pub fn inputs(&self) -> Result<Vec<Input<'_>>> {
        let mut count = 0;
        // SAFETY: the request is ours.
        check(unsafe { c::TRITONBACKEND_RequestInputCount(self.handle, &mut count) })?;
        (0..count).map(|index| self.input(index)).collect()
    }

    /// The batch that its first input is said to have; 1 of what has none, which is refused later.
    pub fn images(&self) -> usize {
        let first = self.input(0).ok().and_then(|input| input.shape.first().copied());
        first.and_then(|images| images.try_into().ok()).unwrap_or(1)
    }

    fn input(&self, index: u32) -> Result<Input<'_>> {
        let (mut handle, mut name, mut datatype) = (ptr::null_mut(), ptr::null(), 0);
        let (mut shape, mut rank, mut bytes, mut pieces) = (ptr::null(), 0, 0, 0);
        // SAFETY: the request is ours; the shape has `rank` lengths and lives as long as it.
        unsafe {
            check(c::TRITONBACKEND_RequestInputByIndex(self.handle, index, &mut handle))?;
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
            Ok(Input { handle, name: text(name), shape, bytes, pieces, request: PhantomData })
        }
    }

    /// Send the client a tensor. On an error nothing was sent.
    pub fn answer(&self, name: &CStr, shape: &[i64], values: &[f32]) -> Result<()> {
        let response = self.response()?;
        let filled = fill(response, name, shape, values);
        // SAFETY: the response is ours; Triton takes it over, or it is deleted.
        unsafe {
            if let Err(refusal) = filled {
                check(c::TRITONBACKEND_ResponseDelete(response))?;
                return Err(refusal);
            }
            check(c::TRITONBACKEND_ResponseSend(response, FINAL, ptr::null_mut()))
        }
    }

    /// Send the client an error.
    pub fn refuse(&self, refusal: Refusal) -> Result<()> {
        let response = self.response()?;
        // SAFETY: Triton takes over the response; the error stays ours, as Triton's own code shows.
        unsafe {
            let error = refusal.into_raw();
            let sent = check(c::TRITONBACKEND_ResponseSend(response, FINAL, error));
            c::TRITONSERVER_ErrorDelete(error);
            sent
        }
    }

    fn response(&self) -> Result<*mut c::TRITONBACKEND_Response> {
        let mut response = ptr::null_mut();
        // SAFETY: the request is ours.
        check(unsafe { c::TRITONBACKEND_ResponseNew(&mut response, self.handle) })?;
        Ok(response)
    }

    /// Give it back to Triton.
    fn release(&mut self) {
        let all = c::tritonserver_requestreleaseflag_enum_TRITONSERVER_REQUEST_RELEASE_ALL;
        // SAFETY: called once, when the request is dropped.
        if let Err(refusal) = check(unsafe { c::TRITONBACKEND_RequestRelease(self.handle, all) }) {
            log(&format!("a request could not be released: {}", refusal.words));
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.release();
    }
}

const FINAL: u32 = c::tritonserver_responsecompleteflag_enum_TRITONSERVER_RESPONSE_COMPLETE_FINAL;
const HOST: c::TRITONSERVER_MemoryType = c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_CPU;
const FP32: c::TRITONSERVER_DataType = c::TRITONSERVER_datatype_enum_TRITONSERVER_TYPE_FP32;

/// A tensor that a client sent.
pub struct Input<'request> {
    handle: *mut c::TRITONBACKEND_Input,
    pub name: String,
    /// Its batch first.
    pub shape: &'request [i64],
    /// Of all of it.
    pub bytes: u64,
    pieces: u32,
    request: PhantomData<&'request Request>,
}

impl Input<'_> {
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
        // SAFETY: so many were written, and any bytes are a float.
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
        let pinned = c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_CPU_PINNED;
        if memory != HOST && memory != pinned {
            return Err(Refusal::invalid(format!(
                "the input '{}' is in a GPU's memory; expected it in the host's",
                self.name
            )));
        }
        if len == 0 {
            return Ok(&[]);
        }
        // SAFETY: so many bytes of the host's memory, which live as long as the request.
        Ok(unsafe { slice::from_raw_parts(bytes.cast::<u8>(), len as usize) })
    }
}

/// Give a response its tensor.
fn fill(
    response: *mut c::TRITONBACKEND_Response,
    name: &CStr,
    shape: &[i64],
    values: &[f32],
) -> Result<()> {
    let mut output = ptr::null_mut();
    let (mut place, mut memory, mut id) = (ptr::null_mut::<c_void>(), HOST, 0);
    let bytes = size_of_val(values);
    // SAFETY: the response is ours; name and shape are copied; Triton gives so many bytes.
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
        if memory == c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_GPU {
            return Err(Refusal::invalid(
                "the output is asked for in a GPU's memory; expected the host's",
            ));
        }
        ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), place.cast(), bytes);
    }
    Ok(())
}

/// When a batch was taken up, when it was computed, and when all was sent: nanoseconds of the
/// clock that Triton uses, CLOCK_MONOTONIC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    pub start: u64,
    pub compute_start: u64,
    pub compute_end: u64,
    pub end: u64,
}

pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written by the call; this clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// An instance of a model, for Triton's statistics of it.
#[derive(Clone, Copy)]
pub struct Instance(*mut c::TRITONBACKEND_ModelInstance);

// SAFETY: Triton's statistics may be given by any thread.
unsafe impl Send for Instance {}

impl Instance {
    /// # Safety
    /// The instance must not be finalised before this is gone.
    pub unsafe fn new(handle: *mut c::TRITONBACKEND_ModelInstance) -> Self {
        Instance(handle)
    }

    /// Answer a request by an error, before anything was computed.
    pub fn turn_away(&self, request: Request, refusal: Refusal) {
        if let Err(lost) = request.refuse(refusal) {
            log(&format!("an error could not be sent: {lost:?}"));
        }
        let now = now();
        let times = Times { start: now, compute_start: now, compute_end: now, end: now };
        self.report(&request, false, times);
    }

    /// Say how a request went.
    pub fn report(&self, request: &Request, success: bool, times: Times) {
        let Times { start, compute_start, compute_end, end } = times;
        // SAFETY: instance and request are alive.
        let _ = check(unsafe {
            c::TRITONBACKEND_ModelInstanceReportStatistics(
                self.0,
                request.handle,
                success,
                start,
                compute_start,
                compute_end,
                end,
            )
        });
    }

    /// Say how a call of the network went.
    pub fn report_batch(&self, size: usize, times: Times) {
        let Times { start, compute_start, compute_end, end } = times;
        // SAFETY: the instance is alive.
        let _ = check(unsafe {
            c::TRITONBACKEND_ModelInstanceReportBatchStatistics(
                self.0,
                size as u64,
                start,
                compute_start,
                compute_end,
                end,
            )
        });
    }
}

/// What a panic says.
pub fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

/// A text that C reads; what follows a zero byte is lost.
fn text_for_c(words: &str) -> CString {
    let end = words.find('\0').unwrap_or(words.len());
    CString::new(&words[..end]).expect("cut before the first zero byte")
}

/// # Safety
/// A text of Triton's, or null.
unsafe fn text(words: *const c_char) -> String {
    if words.is_null() {
        return String::new();
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
}

/// A returned error as a result; frees it.
pub fn check(error: *mut c::TRITONSERVER_Error) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the error is ours to free; its text is copied before.
    unsafe {
        let refusal = Refusal {
            code: c::TRITONSERVER_ErrorCode(error),
            words: text(c::TRITONSERVER_ErrorMessage(error)),
        };
        c::TRITONSERVER_ErrorDelete(error);
        Err(refusal)
    }
}
