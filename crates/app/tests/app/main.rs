//! The application through its one door: a name and JSON.

mod bad_input;
mod edges;
