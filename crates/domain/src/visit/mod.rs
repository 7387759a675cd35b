//! A visit (lượt giao dịch): one person or party, one ticket, one business day.
//!
//! A visit is made of legs (chặng), one stay in one queue each. The events are the truth:
//! [`Visit::apply`] folds them, [`decide`] says whether an act is possible now and which
//! event it becomes. Nothing else changes a visit.

mod act;
pub mod apart;
mod booking;
pub mod clocks;
mod decide;
pub mod estimate;
mod event;
pub mod figures;
pub mod order;
mod party;
pub mod promise;
mod state;
pub mod turned_away;
pub mod watch;

pub use act::{Act, Cause, HoldTo, Hop, Outcome, ReturnTo};
pub use booking::{booking_code, booking_tail};
pub use clocks::Clocks;
pub use decide::{Desk, Given, Request, closing, decide, register};
pub use event::{Registered, VisitEvent};
pub use party::PartyField;
pub use state::{
    Class, Held, Leg, Origin, Party, PartyKind, Planned, Quote, Recorded, Skipped, Span, Stamp,
    State, Ticket, Visit,
};
pub use turned_away::{DossierRefused, TurnedAway};
