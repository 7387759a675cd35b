//! Across-crate tests live in `tests/`.

pub mod crash_vfs;
pub mod ministry_simulator;
mod outside;
pub mod pdf;
pub mod portal_simulator;
pub mod register_simulator;
