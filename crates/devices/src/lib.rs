//! The world of wires: printers and serial scanners.
//!
//! Everything here blocks, with a bounded time, and is meant for a worker thread: the desk must
//! never wait for a cable. Nothing here knows what a case or a visit is; it takes bytes and gives
//! back what the wire did with them.
//!
//! - [`printing`]: CUPS through IPP, ticket printers on TCP 9100, a folder in place of a printer.
//! - [`scanner`]: QR scanners that show up as a serial port. Scanners that act as a keyboard are
//!   the window's business: their keys arrive there.

pub mod printing;
pub mod scanner;
