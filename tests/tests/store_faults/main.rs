//! The store when files are wrong: tampered, damaged, from a newer version, copied, restored,
//! on a full or read-only disk. Refused with a code, nothing lost, nothing begun anew in secret.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

mod copies;
mod damage;
mod disk;
mod golden;
mod together;
