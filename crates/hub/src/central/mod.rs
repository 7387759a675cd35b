//! The line to central: one-use enrolment, tokens by the device's own key, and the replication
//! engine driven over it. A hub sends for its whole branch; a machine of its own for itself.
//!
//! [`enrolled`] is what a folder remembers of central, [`enrol`] how it comes to, [`uplink`] the
//! line itself, [`codes`] the case codes that central grants, [`stick`] the way on foot where there is no line.

mod bundles;
mod codes;
mod enrol;
mod enrolled;
mod stick;
mod uplink;

#[cfg(test)]
pub(crate) use codes::renew;
pub use enrol::enrol;
pub use enrolled::Enrolled;
pub(crate) use stick::known;
pub use stick::{carry, export};
pub use uplink::Uplink;
