//! What those who run central look at: offices and their machines, what is held back and why, how
//! much comes in, and how it goes on to systems beyond. A page for people, the same as JSON for
//! programs, and both only for whoever got a code from the command line.

pub(crate) mod access;
mod figures;
mod lookups;
mod overview;
mod page;
pub(crate) mod routes;
mod words;

pub(crate) use overview::{Overview, overview};
