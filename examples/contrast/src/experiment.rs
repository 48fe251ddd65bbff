//! What an experiment is.

use anyhow::Result;

use crate::finding::Finding;
use crate::settings::Settings;

/// A question, and the program that answers it. Each is in a file of its own in `experiments/`.
pub struct Experiment {
    /// As on the command line.
    pub name: &'static str,
    pub group: Group,
    /// As in the table of contents.
    pub title: &'static str,
    /// Which of the readers' questions it answers: `C3`.
    pub answers: &'static [&'static str],
    /// The systems that it comes from.
    pub from: &'static [&'static str],
    pub run: fn(&Settings) -> Result<Finding>,
    /// Measures one case in a process of its own, described and answered in JSON: [`crate::child::answer`].
    pub child: Option<fn(&str) -> Result<String>>,
}

/// A chapter of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Coroutine,
    Models,
    Switching,
    Reading,
    Mailboxes,
    Sharing,
    Fairness,
    Patterns,
}

impl Group {
    pub fn title(self) -> &'static str {
        match self {
            Group::Coroutine => "What a coroutine is",
            Group::Models => "The models",
            Group::Switching => "Switching and depth",
            Group::Reading => "Reading a socket",
            Group::Mailboxes => "Mailboxes",
            Group::Sharing => "Sharing",
            Group::Fairness => "Fairness",
            Group::Patterns => "Patterns of other systems",
        }
    }
}
