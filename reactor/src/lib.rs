//! leno
