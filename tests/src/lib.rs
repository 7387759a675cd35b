//! Across-crate tests live in `tests/`.
