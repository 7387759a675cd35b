//! What the supervisor sees, against the bare logs: figures recomputed from every event by other
//! code, and what machines did apart, joined.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

mod apart;
mod figures;
mod machines;
