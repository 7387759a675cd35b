//! Across-crate tests live in `tests/`.

pub mod crash_vfs;
pub mod ministry_simulator;
pub mod portal_simulator;
pub mod register_simulator;
