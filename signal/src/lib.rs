#![doc = include_str!("../README.md")]
#![warn(missing_debug_implementations)]

mod ctrl_c;
mod signal;
mod signals;
mod sys;

pub use ctrl_c::ctrl_c;
pub use signal::Signal;
pub use signals::Signals;
