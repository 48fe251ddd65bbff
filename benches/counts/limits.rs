//! What was measured before, and how much more is let pass.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

pub const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts/limits.txt");

/// What other versions of the compiler and of the crates that leno uses may make of the same source, in percent.
const MARGIN: u64 = 10;

const HEAD: &str = "\
# Instructions of each operation in user space, on Linux on x86-64; a tenth more is let pass. Written by
# `cargo run --release -p leno-bench --bin leno-counts -- --update`.
";

/// The committed figures.
pub struct Limits(BTreeMap<String, u64>);

impl Limits {
    pub fn committed() -> Result<Limits> {
        let text = std::fs::read_to_string(PATH).with_context(|| format!("can't read {PATH}"))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let figures = lines.map(|line| {
            let (name, figure) = line.split_once(' ').context("a name, a blank, a figure")?;
            Ok((name.to_owned(), figure.trim().parse()?))
        });
        let figures: Result<_> = figures.collect();
        Ok(Limits(figures.with_context(|| format!("in {PATH}"))?))
    }

    pub fn figure(&self, name: &str) -> Result<u64> {
        let figure = self.0.get(name).copied();
        figure.with_context(|| format!("{PATH} has no line for {name}; --update writes it"))
    }
}

pub fn write(figures: &[(&str, u64)]) -> Result<()> {
    let lines = figures
        .iter()
        .map(|(name, figure)| format!("{name} {figure}\n"));
    std::fs::write(PATH, HEAD.to_owned() + &lines.collect::<String>())?;
    Ok(())
}

pub fn with_margin(figure: u64) -> u64 {
    figure + figure * MARGIN / 100
}

/// What is below this is no chance.
pub fn surely_better(figure: u64) -> u64 {
    figure - figure * MARGIN / 100
}
