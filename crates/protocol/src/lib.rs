//! What goes over a wire or into the log: events, the arguments and answers of every command
//! and query, and errors. The TypeScript types and JSON schemas are generated from here; nobody
//! writes them twice. Pure: no I/O, no clock.
//!
//! ```
//! use motcua_protocol::verbs;
//! assert!(verbs::all().iter().any(|v| v.name == "visit.register"));
//! ```

pub mod amend;
pub mod bundle;
pub mod canonical;
pub mod connection;
pub mod course;
pub mod dump;
pub mod entity;
pub mod error;
pub mod event;
pub mod fold;
pub mod lease;
pub mod look_up;
pub mod order;
pub mod sync;
pub mod time;
pub mod verbs;

pub use error::ApiError;
pub use event::{Body, Dep, Header};
pub use time::Time;
