//! Triton's C API, made safe. These files, metrics.rs and entry.rs alone have `unsafe` code here.
//!
//! What every `unsafe` here relies on, besides the comment beside it: a pointer that Triton gave
//! is valid until the object that it came from is given back, which the lifetimes below say; an
//! error of Triton's is freed once, by `check`; texts from Triton end with a zero byte.

mod input;
mod instance;
mod log;
mod memory;
mod model;
mod refusal;
mod request;
mod response;
mod text;

pub use input::Input;
pub use instance::{Instance, Times, now};
pub use log::log;
pub use model::{config, version_folder};
pub use refusal::{Refusal, Result, check};
pub use request::Request;
pub use text::panic_message;
