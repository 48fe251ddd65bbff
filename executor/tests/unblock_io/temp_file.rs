//! A file for a test.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::{env, process};

/// A file that is deleted at the end of the test.
pub struct TempFile(PathBuf);

impl TempFile {
    pub fn new(name: &str, content: &[u8]) -> TempFile {
        let path = env::temp_dir().join(format!("leno-unblock-{}-{name}", process::id()));
        fs::write(&path, content).unwrap();
        TempFile(path)
    }

    pub fn open(&self) -> File {
        let mut options = OpenOptions::new();
        options.read(true).write(true).open(&self.0).unwrap()
    }

    pub fn content(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}
