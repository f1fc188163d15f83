//! `backend: "ludus"`: a Ludus bundle as a model of NVIDIA's Triton inference server.
//!
//! ```text
//! entry      the functions that Triton calls
//! server     Triton's C API, made safe
//! served     the bundle of a model, checked against its config.pbtxt and opened on a device
//! serving    an instance: its queue, and the threads that compute what waits there
//! queue      the requests that wait, with limits to their number and time
//! worker     a thread: the requests of a batch to one call, and its answers to responses
//! metrics    the queue's, for Prometheus
//! encoded    pictures as files, PNG or JPEG
//! ```
//!
//! All that is known of bundles, devices and pictures is in `ludus_runtime`. A version of a model is
//! a bundle's folder; docs/how-to/serve.md says what config.pbtxt has, and `ludus serve` writes it.

mod encoded;
mod entry;
mod metrics;
mod queue;
mod served;
mod server;
mod serving;
mod worker;
