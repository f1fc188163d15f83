//! A model's folder and configuration, as Triton has them.
#![allow(unsafe_code)]

use std::{ptr, slice};

use triton_sys as c;

use super::refusal::{Result, check};
use super::text::text;

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
