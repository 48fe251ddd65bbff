//! What every experiment is told.

use indicatif::ProgressBar;

/// How large, and whom to tell how far it is.
pub struct Settings {
    pub quick: bool,
    /// Whether languages that are not here may be installed.
    pub install: bool,
    pub progress: ProgressBar,
}

impl Settings {
    /// The one size or the other.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Says what is being done now.
    pub fn step(&self, what: impl Into<std::borrow::Cow<'static, str>>) {
        self.progress.set_message(what);
    }
}
