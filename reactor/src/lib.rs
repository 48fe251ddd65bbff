//! leno

#[cfg(all(test, not(loom)))]
mod wheel;
