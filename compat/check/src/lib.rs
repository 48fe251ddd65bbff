//! Nothing to use: `tests/` has what this package is for.
