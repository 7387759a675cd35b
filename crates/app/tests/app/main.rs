//! The application through its one door: a name and JSON.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

mod appointments;
mod bad_input;
mod board;
mod case_life;
mod clock;
mod codes;
mod counters;
mod day;
mod dossiers;
mod edges;
mod fees;
mod find_case;
mod issuing;
mod kiosk;
mod notices;
mod papers;
mod previews;
mod printing;
mod ratings;
mod reception;
mod reuse;
mod scans;
mod setup;
mod succession;
mod sync;
mod tickets;
// One maker of TIFF for both rooms that read them.
#[path = "../../../documents/tests/documents/tiffs.rs"]
mod tiffs;
mod watch;
