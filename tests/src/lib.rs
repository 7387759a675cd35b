//! Across-crate tests live in `tests/`.

pub mod crash_vfs;
pub mod portal_simulator;
