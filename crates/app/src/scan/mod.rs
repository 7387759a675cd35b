//! Document scanning on this machine: one scanner, one watched folder, one tray of pages that
//! wait. Nothing here is an event; a page becomes one when it is attached to a case.

mod station;
mod tray;

pub(crate) use station::Station;
pub use station::Times;
