//! The application over HTTP: on loopback the browser twin of the window and the way in for a
//! command line; on the network, over TLS, the hub of a branch and a counter's line to it.
//!
//! It owns the listeners, keys and certificates, pairing, the endpoint file and the push of
//! changes. It must not know any rule: names and JSON go straight to `motcua_app`.

mod acts;
mod central;
mod discovery;
mod endpoint;
mod files;
mod folder;
#[cfg(test)]
mod fuzz;
mod hall;
mod identity;
mod invitation;
mod lan;
mod line;
mod machine;
mod network;
mod pairing;
mod role;
mod routes;
mod serve;
#[cfg(test)]
mod simulation;
mod start;
mod succession;
mod tls;
mod wire;

pub use central::{Enrolled, Uplink, carry, enrol, export};
pub use endpoint::Endpoint;
pub use folder::{NOBODY, back_up, check as verify};
pub use hall::Screens;
pub use identity::{Fingerprint, Identity};
pub use lan::{Lan, PairCode};
pub use line::{Joined, Line, Paired, Synced, pair};
pub use machine::{Machine, Role};
pub use motcua_store::DATABASE;
pub use role::Remembered;
pub use serve::{Running, Serve, ServeError, serve, spawn};
pub use start::{Beginning, begin, begins, serve_beginning};
