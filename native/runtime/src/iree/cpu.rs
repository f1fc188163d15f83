//! What IREE knows of this CPU.
#![allow(unsafe_code)]

use std::sync::Once;

use eerie_sys::runtime as c;

use super::status::{allocator, check, view};

unsafe extern "C" {
    // iree/base/internal/cpu.h, which the bindings leave out.
    fn iree_cpu_initialize(temporary: c::iree_allocator_t);
    fn iree_cpu_lookup_data_by_key(key: c::iree_string_view_t, out: *mut i64) -> c::iree_status_t;
}

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
