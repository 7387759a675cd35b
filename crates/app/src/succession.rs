//! One hub after another: who is to be obeyed, and how a hub gives way.
//!
//! What a machine is to be follows from the log. A person's word on one machine (`hub.promote`) is
//! an event with a term; whoever reads of a higher term than the one it obeys turns to its holder,
//! and a hub that does so says in its own log that it gave way.

use motcua_protocol::event::{Body, BranchEvent, HubSteppedDown};
use motcua_store::table::{
    branch::hub_entity,
    hub::{FIRST_TERM, HubTerm},
};
use uuid::Uuid;

use crate::{App, Result, change::Topic};

/// What a machine is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A hub, or a machine on its own.
    Hub,
    /// A counter of that device.
    CounterOf(Uuid),
}

/// What it is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// What it is.
    Stays,
    /// The hub: a person said so here.
    BecomesHub,
    /// A hub no more, but a counter of this one.
    GivesWay(HubTerm),
    /// A counter of this one instead of its former hub.
    Follows(HubTerm),
}

impl App {
    /// The hub that is to be obeyed; `None` for a machine on its own.
    ///
    /// # Errors
    /// Those of the store.
    pub fn hub(&self) -> Result<Option<HubTerm>> {
        self.store.read(|read| read.hub())
    }

    /// Whether this machine may decide for the branch: nobody else has a higher term.
    ///
    /// # Errors
    /// Those of the store.
    pub fn is_hub(&self) -> Result<bool> {
        let hub = self.hub()?;
        Ok(hub.is_none_or(|hub| hub.device == self.store.device()))
    }

    /// What follows for a machine from what its log says of hubs.
    ///
    /// # Errors
    /// Those of the store.
    pub fn next(&self, standing: Standing) -> Result<Next> {
        let device = self.store.device();
        let (me, epoch) = self.store.place();
        self.store.read(|read| {
            let Some(hub) = read.hub()? else {
                return Ok(Next::Stays);
            };
            Ok(match standing {
                Standing::Hub if hub.device != device => Next::GivesWay(hub),
                // A copy of this folder, or an older state of it, was not asked.
                Standing::CounterOf(_) if hub.device == device => {
                    match read.was_promoted_in(me, epoch)? {
                        true => Next::BecomesHub,
                        false => Next::Stays,
                    }
                }
                Standing::CounterOf(former) if hub.device != former => Next::Follows(hub),
                Standing::Hub | Standing::CounterOf(_) => Next::Stays,
            })
        })
    }

    /// A hub gives way: everything that it gave as one stands before this in its log.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step_down(&self) -> Result<()> {
        let (device, epoch) = self.store.place();
        self.store.write(&self.system(), |tx| {
            let read = tx.read();
            let term = read.hubs()?.get(&device).copied().unwrap_or(FIRST_TERM);
            if !read.unsettled_hubs(Uuid::nil())?.contains(&device) {
                return Ok(());
            }
            let forgot = read.may_have_forgotten(device, epoch, tx.date(), 0)?;
            let event = HubSteppedDown {
                device,
                term,
                forgot,
            };
            tx.append(hub_entity(), &Body::Branch(BranchEvent::SteppedDown(event)))
        })?;
        self.tell(vec![Topic::Sync, Topic::Branch]);
        Ok(())
    }
}
