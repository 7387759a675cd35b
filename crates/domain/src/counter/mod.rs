//! A counter's day (ca trực của quầy): who sits there from when to when, and when they step away.
//!
//! A counter is closed, open, or on break, and open or on break it is one officer's. The events
//! are the truth: [`CounterDay::apply`] folds them, [`decide`] says whether an act is possible now
//! and which event it becomes. Each counter and business day is an entity of its own, so that a
//! new day begins with closed counters whatever was forgotten the evening before.

mod decide;
mod event;
mod state;

pub use decide::{CounterAct, decide};
pub use event::CounterEvent;
pub use state::{Break, CounterDay, CounterState, EndCause, Shift, ShiftEnd, last_act};
