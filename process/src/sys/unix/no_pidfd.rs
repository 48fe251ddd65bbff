//! Where a process has no descriptor of its own.

use std::process::Child;

/// Nothing to wait with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn open(&mut self, _: &Child) {}

    /// False: there is nothing to wait with.
    pub(crate) async fn ended(self) -> bool {
        false
    }
}
