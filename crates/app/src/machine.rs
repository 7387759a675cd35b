//! The machine on which the application runs, as its commands see it: a trait, because the
//! application knows no sockets. Whoever serves the folder puts it in; a single command of the
//! command line has none.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, Weak},
};

use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    Time,
    verbs::{
        central::{CentralEnrol, CentralEnrolled},
        machine::{HubFound, MachineAnswer, RatingServe},
        sync::{Carried, Carry, Export, Stick, StickMade},
    },
};
use uuid::Uuid;

use crate::{App, Result};

/// When a device was last heard, and whether its line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// Last word.
    pub seen: Time,
    /// Whether its line stands.
    pub here: bool,
}

/// The machine of a running folder.
pub trait Machine: fmt::Debug + Send + Sync {
    /// Role and addresses. What the store knows is filled in by the application.
    fn state(&self) -> MachineAnswer;
    /// Becomes the hub on a port.
    ///
    /// # Errors
    /// `ADDRESS_TAKEN`; a counter is refused.
    fn open_hub(&self, port: u16) -> Result<(), Refusal>;
    /// Goes on alone.
    ///
    /// # Errors
    /// Faults of the disk.
    fn close_hub(&self) -> Result<(), Refusal>;
    /// A code for one more counter, until when it may be used, and the text for its scanner.
    ///
    /// # Errors
    /// `NOT_PAIRED` where it is no hub, `PAIR_TOO_MANY`.
    fn pair_code(&self) -> Result<(String, Time, Option<String>), Refusal>;
    /// At a hub: which devices were heard since it opened. `None` elsewhere.
    fn contacts(&self) -> Option<HashMap<Uuid, Contact>>;
    /// Hubs that say on the network that they are there.
    fn find(&self) -> Vec<HubFound>;
    /// Turns to the hub at an address.
    ///
    /// # Errors
    /// `HUB_AWAY`, `HUB_FOREIGN`, and an address that is none; nothing has changed then.
    fn follow(&self, hub: &str) -> Result<(), Refusal>;
    /// Serves the board on a port, or nowhere.
    ///
    /// # Errors
    /// `ADDRESS_TAKEN`, and where there are no screens to serve.
    fn serve_board(&self, port: Option<u16>) -> Result<(), Refusal>;
    /// Gives a counter's tablet a link to the rating page, another one, or takes it back.
    ///
    /// # Errors
    /// `ADDRESS_TAKEN`, `NOT_FOUND`, and where there are no screens to serve.
    fn serve_rating(&self, ask: &RatingServe) -> Result<(), Refusal>;
    /// Makes this machine known to central, and begins to send.
    ///
    /// # Errors
    /// A counter is refused; what central refuses; what was given and cannot be.
    fn enrol(&self, ask: &CentralEnrol) -> Result<CentralEnrolled, Refusal>;
    /// What is known of records on a stick, but for a name for a new file.
    fn stick(&self) -> Stick;
    /// Writes what central does not have into a sealed file.
    ///
    /// # Errors
    /// `SEAL_KEY_MISSING`, and those of the file.
    fn export(&self, ask: &Export) -> Result<StickMade, Refusal>;
    /// Brings such a file to central, or takes in central's answer to one.
    ///
    /// # Errors
    /// `CENTRAL_AWAY`, `STICK_INVALID`, `STICK_OTHER`, and those of the file.
    fn carry(&self, ask: &Carry) -> Result<Carried, Refusal>;
}

/// Where the machine is put.
#[derive(Debug, Default)]
pub(crate) struct MachineSlot(RwLock<Option<Weak<dyn Machine>>>);

impl App {
    /// From now on the machine is that one, for as long as somebody else holds it.
    pub fn set_machine(&self, machine: &Arc<dyn Machine>) {
        let mut slot = self
            .machine
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Arc::downgrade(machine));
    }

    /// The machine, where the folder is served.
    pub(crate) fn machine(&self) -> Result<Arc<dyn Machine>> {
        let slot = self
            .machine
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().and_then(Weak::upgrade).ok_or_else(|| {
            Refusal::new(
                Code::NotPaired,
                "Chưa có chương trình nào đang chạy trên thư mục này nên chưa làm được việc về mạng. Chưa đổi gì. Mời mở cửa sổ Một Cửa hoặc chạy motcua serve.",
            )
            .into()
        })
    }
}
