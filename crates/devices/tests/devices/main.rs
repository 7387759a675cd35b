//! Printers and scanners against real ones: a private cupsd, TCP sockets, pseudo-terminals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

// By path and not as a crate: motcua-testkit also builds harnesses over motcua-app, which stands
// above this crate. These two files need none of that.
#[path = "../../../testkit/src/cups.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a file of another crate, of which these tests use a part"
)]
mod cups;
#[path = "../../../testkit/src/printer9100.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "a file of another crate, of which these tests use a part"
)]
mod printer9100;

mod cups_printing;
mod other_printing;
mod pdf;
mod serial_scanner;
