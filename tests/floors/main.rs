//! The floors: how many system calls the runtime makes for one unit of work, counted with strace in a process of its
//! own. A floor is a promise about the cost that no busy machine can change, so the counts are exact wherever the work
//! is; only what the sentry adds is bounded by the time that passed.
//!
//! Each test runs twice: in the test process, which starts the traced child and is its peer, and in that child, which
//! does the counted work between two marks. On the backend through `polling` some floors do not hold; what holds
//! there is asserted too, in `cost`.

#![cfg(target_os = "linux")]

mod accept;
mod cost;
mod echo;
mod idle;
mod link;
mod sleep;
mod strace;
mod yields;
