//! Papers and tickets as somebody else's programs read them.

mod cases;
mod receipts;
mod tickets;
mod tools;
