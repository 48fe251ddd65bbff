//! Tells the code what the compiler at hand does not have yet.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(leno_no_pipe)");
    // `std::io::PipeReader` and `PipeWriter`. A compiler that can't be asked is taken for a new one.
    if minor_version().is_some_and(|minor| minor < 87) {
        println!("cargo::rustc-cfg=leno_no_pipe");
    }
}

/// The 95 of `rustc 1.95.0 (…)`.
fn minor_version() -> Option<u32> {
    let rustc = env::var_os("RUSTC")?;
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split('.').nth(1)?.parse().ok()
}
