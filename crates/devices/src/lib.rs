//! The world of wires: printers, card readers, document scanners.
//!
//! Everything here blocks, with a bounded time, and is meant for a worker thread: the desk must
//! never wait for a cable. Nothing here knows what a case or a visit is; it takes bytes and gives
//! back what the wire did with them.
//!
//! - [`printing`]: CUPS through IPP, ticket printers on TCP 9100, a folder in place of a printer.
//! - [`scanner`]: QR scanners that show up as a serial port. Scanners that act as a keyboard are
//!   the window's business: their keys arrive there.
//! - [`scanning`]: document scanners, through SANE and through a folder.
//! - [`disk`]: whether the disk under the data is encrypted.

pub mod disk;
pub mod printing;
pub mod scanner;
pub mod scanning;
