//! Benchmarks of leno beside its peers.
