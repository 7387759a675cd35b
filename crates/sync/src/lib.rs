//! Replication without I/O. [`Engine`] is what a device runs for each peer it sends to and reads
//! from (its hub, central); [`answer`] is what the other side does with a request. Neither knows
//! sockets, files, clocks or chance: time and a seed come in, requests and questions go out, and
//! the same inputs give the same outputs.
//!
//! A session: greet, ask what the peer has of our logs, send what it lacks, fetch what it has of
//! our own past that we lack, read its feed. What the peer has is asked anew in every session; what
//! we remember of it is only ever a hint.

mod engine;
pub mod intake;
mod server;
mod status;
pub mod wire;

pub use engine::{
    Answer, Ask, Config, Engine, Failure, Input, LocalLog, Now, Output, Request, Survey, Taken,
    Ticket, Told, Unfit, Wake,
};
pub use server::{Access, Log, answer};
pub use status::{Fault, Status, fault_text};
