//! One hub after another: who is to be obeyed, and how a hub gives way.
//!
//! What a machine is to be follows from the log. A person's word on one machine (`hub.promote`) is
//! an event with a term; whoever reads of a higher term than the one it obeys turns to its holder,
//! and a hub that does so says in its own log that it gave way.
//!
//! A log may go back behind such a word (a restored disk). The machine has kept it outside the log
//! and does not obey a lower term again: a counter stays with the hub that it had, and a machine
//! that is the hub itself says so once more. Otherwise it would give way to one that has given way
//! to it, and nobody would be hub.

use motcua_protocol::event::{Body, BranchEvent, HubPromoted, HubSteppedDown};
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
    /// The hub that it is by a word which its log has lost: it is to say so again.
    Resumes(HubTerm),
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

    /// What follows for a machine from what its log says of hubs, and from what it said before it
    /// went back.
    ///
    /// # Errors
    /// Those of the store.
    pub fn next(&self, standing: Standing) -> Result<Next> {
        let device = self.store.device();
        let (me, epoch) = self.store.place();
        let (hub, said_here) = self
            .store
            .read(|read| Ok((read.hub()?, read.was_promoted_in(me, epoch)?)))?;
        let Some(hub) = hub else {
            return Ok(Next::Stays);
        };
        // A copy of this folder, or an older state of it, was not asked.
        let asked = said_here || standing == Standing::Hub;
        if hub.device != device || asked {
            self.store.remember_hub(&hub);
        }
        let lost = self.store.known_hub().filter(|k| k.rank() > hub.rank());
        Ok(match (standing, lost) {
            (_, Some(lost)) if lost.device == device => Next::Resumes(lost),
            // The hub that it has brings back what the log has lost.
            (Standing::CounterOf(obeyed), Some(lost)) if lost.device == obeyed => Next::Stays,
            (Standing::Hub, _) if hub.device != device => Next::GivesWay(hub),
            (Standing::CounterOf(_), _) if hub.device == device && asked => Next::BecomesHub,
            (Standing::CounterOf(obeyed), _) if hub.device != device && hub.device != obeyed => {
                Next::Follows(hub)
            }
            (Standing::Hub | Standing::CounterOf(_), _) => Next::Stays,
        })
    }

    /// Says once more that this machine is the hub, in the place of a word that the log has lost.
    /// Its numbers stay apart from all that it gave before, for its epoch is another one.
    ///
    /// # Errors
    /// Those of the store.
    pub fn resume(&self, lost: &HubTerm) -> Result<()> {
        self.store.write(&self.system(), |tx| {
            let hub = tx.read().hub()?;
            if hub.is_some_and(|hub| hub.rank() >= lost.rank()) {
                return Ok(());
            }
            let event = HubPromoted {
                term: lost.term,
                device: lost.device,
                reason: "Dữ liệu đã trở về trước lúc máy này được chọn làm máy chủ quầy".to_owned(),
                urls: lost.urls.clone(),
            };
            tx.append(hub_entity(), &Body::Branch(BranchEvent::Promoted(event)))
        })?;
        self.tell(vec![Topic::Sync, Topic::Branch]);
        Ok(())
    }

    /// A hub gives way: everything that it gave as one stands before this in its log.
    ///
    /// # Errors
    /// Those of the store.
    pub fn step_down(&self) -> Result<()> {
        let (device, epoch) = self.store.place();
        if let Some(hub) = self.hub()?.filter(|hub| hub.device != device) {
            // First outside the log: a disk that goes back from here must not resume.
            self.store.remember_hub(&hub);
        }
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
