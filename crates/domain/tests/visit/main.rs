//! The visit and the counter through their public interface: the whole table of transitions, every
//! guard, and properties over arbitrary histories and clocks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

mod apart;
mod counter;
mod estimates;
mod guards;
mod order;
mod play;
mod properties;
mod table;
