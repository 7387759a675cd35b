//! The case through its public interface: the whole table of ways, every guard, and properties
//! over arbitrary histories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

mod attachments;
mod codes;
mod fees;
mod for_others;
mod guards;
mod held;
mod play;
mod properties;
mod supplements;
mod table;
mod undo;
