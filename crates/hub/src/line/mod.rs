//! The counter's end of the line to its hub.
//!
//! [`paired`] is what a folder remembers of its hub, [`http`] one TLS connection, [`talk`] what is
//! said on it, [`session`] the replication engine driven over it, [`link`] how the application
//! uses all that, [`pair`] how a folder comes to have a hub.

mod bell;
mod http;
mod link;
mod live;
mod other_clock;
mod pair;
mod paired;
pub(crate) mod session;
pub(crate) mod talk;

pub(crate) use http::{Got, Http, Lost, Send, host_of};
pub use link::Line;
pub(crate) use other_clock::OtherClock;
pub use pair::{Joined, pair};
pub(crate) use pair::{Target, join};
pub use paired::Paired;
pub(crate) use session::Peer;
pub use session::Synced;
pub(crate) use talk::No;
#[cfg(test)]
pub(crate) use talk::Wire;
