//! Where Triton's bytes are.

use triton_sys as c;

/// The host's memory.
pub const HOST: c::TRITONSERVER_MemoryType =
    c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_CPU;
/// The host's memory, which a GPU reads too.
pub const PINNED: c::TRITONSERVER_MemoryType =
    c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_CPU_PINNED;
/// A GPU's memory.
pub const GPU: c::TRITONSERVER_MemoryType = c::TRITONSERVER_memorytype_enum_TRITONSERVER_MEMORY_GPU;
