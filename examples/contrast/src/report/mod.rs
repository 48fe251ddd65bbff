//! What people look at.

mod charts;
mod page;
pub mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::suite::Results;

/// Writes the page, and says where it is.
pub fn write(results: &Results, folder: &Path) -> Result<PathBuf> {
    let file = folder.join("index.html");
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(&file, page::render(results)).with_context(|| file.display().to_string())?;
    Ok(file)
}
