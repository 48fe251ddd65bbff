//! What is said to whoever runs the program, about something that the program itself can't be told.

use std::fmt;
use std::io::{self, Write};

/// Writes a line to stderr, `leno: ` and `message`. Unlike `eprintln!` it does not panic if stderr is closed: nobody is
/// left to be told that.
///
/// # Examples
///
/// ```
/// leno_reactor::notice(format_args!("{} of {} threads were refused", 1, 2));
/// ```
pub fn notice(message: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "leno: {message}");
}
