//! The functions that Triton calls. A panic in one becomes an error: the server goes on.
//!
//! What every `unsafe` here relies on: Triton calls them in the order that tritonbackend.h says,
//! so a model's state is what ModelInitialize set, until ModelFinalize; an instance's likewise.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{ptr, slice};

use triton_sys as c;

use crate::served::Served;
use crate::server::{self, Instance, Refusal, Request, Result, check, panic_message};
use crate::serving::Serving;

type Returned = *mut c::TRITONSERVER_Error;

fn returned(work: impl FnOnce() -> Result<()>) -> Returned {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => ptr::null_mut(),
        Ok(Err(refusal)) => refusal.into_raw(),
        Err(panic) => {
            Refusal::internal(format!("a bug in Ludus: {}", panic_message(&*panic))).into_raw()
        }
    }
}

/// Close all devices, when no model is left.
#[unsafe(no_mangle)]
pub extern "C" fn TRITONBACKEND_Finalize(_: *mut c::TRITONBACKEND_Backend) -> Returned {
    returned(|| {
        ludus_runtime::shutdown();
        Ok(())
    })
}

/// Read and open the bundle of a model.
///
/// # Safety
/// Triton's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TRITONBACKEND_ModelInitialize(
    model: *mut c::TRITONBACKEND_Model,
) -> Returned {
    returned(|| {
        let served = Served::open(&server::version_folder(model)?, &server::config(model)?)?;
        let state = Arc::into_raw(Arc::new(served)).cast_mut().cast();
        // SAFETY: taken back by ModelFinalize.
        check(unsafe { c::TRITONBACKEND_ModelSetState(model, state) })
    })
}

/// Close a model.
///
/// # Safety
/// Triton's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TRITONBACKEND_ModelFinalize(
    model: *mut c::TRITONBACKEND_Model,
) -> Returned {
    returned(|| {
        // SAFETY: the state is null, or an Arc that ModelInitialize gave away.
        unsafe {
            let state = model_state(model)?;
            if !state.is_null() {
                drop(Arc::from_raw(state));
            }
        }
        Ok(())
    })
}

/// Make an instance of a model.
///
/// # Safety
/// Triton's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TRITONBACKEND_ModelInstanceInitialize(
    instance: *mut c::TRITONBACKEND_ModelInstance,
) -> Returned {
    returned(|| {
        let mut model = ptr::null_mut();
        // SAFETY: the model outlives its instances, and so does its state; the instance's is
        // taken back by ModelInstanceFinalize.
        unsafe {
            check(c::TRITONBACKEND_ModelInstanceModel(instance, &mut model))?;
            let state = model_state(model)?;
            Arc::increment_strong_count(state);
            let serving = Serving::new(Arc::from_raw(state), Instance::new(instance))?;
            let state = Box::into_raw(Box::new(serving)).cast();
            check(c::TRITONBACKEND_ModelInstanceSetState(instance, state))
        }
    })
}

/// Close an instance.
///
/// # Safety
/// Triton's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TRITONBACKEND_ModelInstanceFinalize(
    instance: *mut c::TRITONBACKEND_ModelInstance,
) -> Returned {
    returned(|| {
        // SAFETY: the state is null, or a Box that ModelInstanceInitialize gave away.
        unsafe {
            let state = instance_state(instance)?;
            if !state.is_null() {
                drop(Box::from_raw(state));
            }
        }
        Ok(())
    })
}

/// Take requests over; they are answered later, by threads of ours.
///
/// # Safety
/// Triton's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TRITONBACKEND_ModelInstanceExecute(
    instance: *mut c::TRITONBACKEND_ModelInstance,
    requests: *mut *mut c::TRITONBACKEND_Request,
    count: u32,
) -> Returned {
    // SAFETY: the instance is initialised.
    let serving = match unsafe { instance_state(instance) } {
        Ok(state) => unsafe { &*state },
        Err(refusal) => return refusal.into_raw(),
    };
    // SAFETY: `count` requests. They are ours where this returns null, which it does from here on.
    let requests = unsafe {
        let all = slice::from_raw_parts(requests, count as usize);
        all.iter().map(|&request| Request::take(request)).collect()
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| serving.take_up(requests))) {
        server::log(&format!("a bug in Ludus: {}", panic_message(&*panic)));
    }
    ptr::null_mut()
}

unsafe fn model_state(model: *mut c::TRITONBACKEND_Model) -> Result<*const Served> {
    let mut state = ptr::null_mut::<c_void>();
    // SAFETY: the caller's.
    check(unsafe { c::TRITONBACKEND_ModelState(model, &mut state) })?;
    Ok(state.cast_const().cast())
}

unsafe fn instance_state(instance: *mut c::TRITONBACKEND_ModelInstance) -> Result<*mut Serving> {
    let mut state = ptr::null_mut::<c_void>();
    // SAFETY: the caller's.
    check(unsafe { c::TRITONBACKEND_ModelInstanceState(instance, &mut state) })?;
    Ok(state.cast())
}
