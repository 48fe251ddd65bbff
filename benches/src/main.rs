//! Benchmarks of leno beside its peers.

mod net;
mod sample;

use anyhow::bail;
use pico_args::Arguments;

fn main() -> anyhow::Result<()> {
    let mut args = Arguments::from_env();
    match args.subcommand()?.as_deref() {
        Some("serve") => net::serve::main(args),
        Some("load") => net::load::main(args),
        Some("net") => net::main(args),
        _ => bail!("usage: {} serve|load|net …", env!("CARGO_BIN_NAME")),
    }
}
