//! The application over loopback HTTP: the browser twin of the window, and the way in for a
//! command line when a window or server already holds the folder.
//!
//! It owns the listener, the token, the endpoint file and the push of changes. It must not
//! know any verb: names and JSON go straight to `motcua_app`.
//!
//! Only loopback addresses are served: there is no TLS and no pairing here.

mod endpoint;
mod routes;
mod serve;

pub use endpoint::Endpoint;
pub use serve::{Running, Serve, ServeError, serve, spawn};
