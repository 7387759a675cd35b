//! The visit through its public interface: the whole table of transitions, every guard, and
//! properties over arbitrary histories and clocks.

mod guards;
mod order;
mod play;
mod properties;
mod table;
