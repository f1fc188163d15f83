//! IREE's C API, made safe.
//!
//! What every `unsafe` in these files relies on, besides the comment beside it:
//! - each wrapper in `handles` owns one reference to an object of IREE's, gives it back when dropped,
//!   and hands the pointer out to calls of IREE alone, which retain what they keep;
//! - a status is consumed exactly once, by `status::check`;
//! - an object holds, through `Arc`, what it must not outlive: modules their device, devices
//!   the instance.

mod cpu;
mod cuda;
mod device;
mod function;
mod handles;
mod instance;
mod module;
mod status;
mod tensor;
mod timeline;
mod values;

pub use cpu::cpu_has;
pub use device::Device;
pub use instance::Instance;
pub use module::Module;

#[cfg(test)]
mod tests;
