//! Lists of values: what a function of IREE's virtual machine takes and returns.
#![allow(unsafe_code)]

use std::ptr;

use eerie_sys::runtime as c;

use super::handles::{VmContext, VmList};
use super::status::{Status, allocator, check};

/// Call a function of a module that the context has.
pub fn invoke(
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
pub fn list(len: usize) -> Status<VmList> {
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
pub fn set(list: &VmList, place: usize, mut reference: c::iree_vm_ref_t) -> Status<()> {
    // SAFETY: the list owns the reference afterwards; where it does not take it we give it back.
    unsafe {
        let set = check(c::iree_vm_list_set_ref_move(list.0, place, &mut reference));
        c::iree_vm_ref_release(&mut reference);
        set
    }
}
