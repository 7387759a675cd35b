//! Papers and tickets as somebody else's programs read them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests are tests"
)]

mod cases;
mod lists;
mod previews;
mod receipts;
mod scans;
mod slips;
mod tickets;
mod tiffs;
mod tools;
