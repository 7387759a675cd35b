//! The visit through its public interface: the whole table of transitions, every guard, and
//! properties over arbitrary histories and clocks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

mod guards;
mod order;
mod play;
mod properties;
mod table;
