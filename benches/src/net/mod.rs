//! The rows of the network: a server of each runtime, and one load generator for all of them.
//!
//! A row is measured with three processes. The parent ([`row`]) starts the server ([`mod@serve`]) and the load generator
//! ([`mod@load`]), and tells both where the measured part begins.

mod awake;
mod load;
mod pin;
mod row;
mod serve;
mod servers;
mod syscalls;
mod workload;

pub use self::{
    load::main as load,
    pin::pin_to,
    row::{BYTES_EACH, Pin, Settings, run_row},
    serve::main as serve,
    workload::{Protocol, Workload, workloads},
};
