//! Builders and harnesses, for tests only.

pub mod branch;
pub mod central;
pub mod cups;
pub mod escpos;
pub mod fuzz;
pub mod model;
pub mod postgres;
pub mod printer9100;
pub mod program;
pub mod proxy;
pub mod seeds;
pub mod sender;
pub mod serial_printer;
pub mod smtp;
pub mod webdriver;
