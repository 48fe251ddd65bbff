//! Errors that say what was being done, and to what.

use std::error::Error;
use std::fmt;
use std::io;

/// An error of the operating system together with what was tried.
#[derive(Debug)]
struct Context {
    attempt: String,
    cause: io::Error,
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attempt, self.cause)
    }
}

impl Error for Context {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

/// Puts `attempt` in front of the text of `cause`. The kind stays; the cause, with its code, is the error's source.
pub(crate) fn with_context(cause: io::Error, attempt: String) -> io::Error {
    io::Error::new(cause.kind(), Context { attempt, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_kind_and_cause() {
        let cause = io::Error::from(io::ErrorKind::AddrInUse);
        let text = cause.to_string();
        let err = with_context(cause, "could not listen on port 1".into());
        assert_eq!(err.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(
            err.to_string(),
            format!("could not listen on port 1: {text}")
        );
        let source = err.get_ref().and_then(|e| e.source()).unwrap();
        assert!(source.downcast_ref::<io::Error>().is_some());
    }
}
