//! (being written)

pub mod cups;
pub mod printer9100;
