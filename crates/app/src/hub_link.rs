//! The line from a counter to its hub, as the application sees it: a trait, because the
//! application knows neither sockets nor certificates.
//!
//! What needs the one queue of the branch is done at the hub; what one counter may decide by
//! itself goes into its own log and is sent. [`place`] is the one list that says which is which.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::NaiveDate;
use motcua_domain::{Code, Refusal, visit::Visit};
use motcua_protocol::{
    ApiError,
    look_up::{Ask, Told},
};
use motcua_store::{Read, epoch_tag, table::command::Done};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    App, Caller, Result,
    change::Topic,
    registry::{Ctx, Run},
};

/// Where a command is carried out in a branch of several machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Here: it touches only what this counter has before it.
    Here,
    /// At the hub, and here with care while the hub is away.
    Hub,
    /// At the hub, and nowhere else: it decides for everybody.
    HubOnly,
    /// Only on the hub's own machine.
    HubItself,
}

/// Where a command is carried out. Numbers, calls, who sits where, and whatever changes somebody who
/// waits (whom anybody may call at that moment) need the one queue. What happens to the person at the desk,
/// receiving a case under a leased code, and printing do not.
pub fn place(name: &str) -> Place {
    match name {
        "visit.register" | "kiosk.register" | "visit.book" | "visit.move" | "visit.cancel"
        | "visit.check_in" | "visit.classify" | "queue.call_next" | "queue.call" | "queue.jump"
        | "leg.resume" | "leg.return" | "leg.no_show" | "leg.transfer" | "leg.leave"
        | "leg.void" | "leg.reopen" | "counter.open" | "counter.break" | "counter.resume"
        | "counter.close" => Place::Hub,
        "queue.issuing" | "day.close" | "branch.configure" | "device.revoke" => Place::HubOnly,
        "catalogue.import" | "notice.configure" => Place::HubItself,
        _ => Place::Here,
    }
}

/// A command that is to be done at the hub.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// Made before the act; the hub does it once, however often it is asked.
    pub command_id: Uuid,
    /// Which command.
    pub name: &'a str,
    /// Its argument.
    pub args: &'a Value,
    /// Hash of the argument, for the ledger.
    pub args_hash: [u8; 32],
    /// Officer, as the caller named one.
    pub officer: Option<&'a str>,
}

impl Order<'_> {
    /// The line of the ledger once it is done.
    pub fn done(&self, answer: &Value) -> Done {
        Done {
            name: self.name.to_owned(),
            args_hash: self.args_hash,
            answer: answer.to_string(),
        }
    }
}

/// What came of asking.
#[derive(Debug)]
pub enum Asked {
    /// The hub decided, and what it recorded is stored here too.
    Answered(Result<Value, ApiError>),
    /// Nobody answered in time.
    Away,
    /// Somebody answered who cannot be the hub, or who does not know this device: a person has to
    /// look. The queue goes on alone.
    Refused(Refusal),
}

/// What is known of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Whether the hub answered when last asked.
    pub here: bool,
    /// Why not, in words.
    pub last_error: Option<String>,
    /// Next try, UTC milliseconds.
    pub next_try_ms: Option<i64>,
    /// Records of this device that wait for a person at the hub.
    pub quarantined: u64,
    /// Stable code of `last_error`.
    pub code: Option<&'static str>,
    /// A session is at work.
    pub busy: bool,
    /// The other side's clock minus ours, as far as it was ever asked.
    pub skew_ms: Option<i64>,
    /// Where the other side is.
    pub address: Option<String>,
}

/// The line to the hub.
pub trait HubLink: std::fmt::Debug + Send + Sync {
    /// This counter's number among the machines of the branch.
    fn number(&self) -> u16;
    /// The hub, among the devices.
    fn hub(&self) -> Uuid;
    /// The application is open; a link that lives in the background begins.
    fn attached(self: Arc<Self>, app: &Arc<App>);
    /// The application has another line now, or none. Nothing is stored through this one once this
    /// has come back.
    fn detached(&self);
    /// Has a command done at the hub; what it recorded is stored here before this answers.
    fn ask(&self, app: &App, order: &Order<'_>) -> Asked;
    /// Something was written here: send it.
    fn wrote(&self, app: &App);
    /// Brings what is new, if nothing else does (`must` says that it has to be now). Tells whether
    /// the hub answered.
    fn refresh(&self, app: &App, must: bool) -> bool;
    /// Sends and fetches now, because a person says so: however long the next try was put off.
    fn send_now(&self, app: &App);
    /// Fetches a file of a paper that another machine scanned; true once it lies here.
    fn fetch(&self, _app: &App, _hash: &str, _bytes: u64) -> bool {
        false
    }
    /// Has the hub have central ask a register; comes back within a few seconds.
    fn look_up(&self, app: &App, ask: &Ask) -> Told;
    /// Where this machine can be reached from the hub's network, should it become the hub.
    fn own_address(&self) -> Option<SocketAddr>;
    /// What is known of the line.
    fn state(&self, app: &App) -> LinkState;
}

/// The line of an open application. It can be changed while commands come in: each is done wholly
/// under the line that was there when it began.
#[derive(Debug)]
pub(crate) struct Link {
    now: RwLock<Option<Arc<dyn HubLink>>>,
    /// Read while a command is done, written while the line is changed.
    commands: RwLock<()>,
}

impl Link {
    pub(crate) fn new(first: Option<Arc<dyn HubLink>>) -> Self {
        Self {
            now: RwLock::new(first),
            commands: RwLock::new(()),
        }
    }

    /// Keeps the line as it is until the answer is let go.
    pub(crate) fn command(&self) -> RwLockReadGuard<'_, ()> {
        self.commands.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of this counter's own series, `3B` for counter 3 and prefix `B`.
fn own_series(number: u16, prefix: &str) -> String {
    format!("{number}{prefix}")
}

/// The series in which the numbers of a service are given here and now: the branch's one series
/// where this is its one hub and nothing can have been forgotten, else one that nobody else has.
pub(crate) fn series(
    read: &Read<'_>,
    (device, epoch): (Uuid, u32),
    date: NaiveDate,
    prefix: &str,
    alone: Option<u16>,
) -> Result<String> {
    let forgotten = read.may_have_forgotten(device, epoch, date, 0)?;
    let number = match alone {
        None if forgotten || !read.gives_ordinary(device, date, 0)? => {
            read.device_number(device)?
        }
        alone => alone,
    };
    let mut series = match number {
        Some(number) => own_series(number, prefix),
        None => prefix.to_owned(),
    };
    if forgotten {
        series.push_str(&epoch_tag(epoch));
    }
    Ok(series)
}

/// Whether a visit got its number from that counter while it was alone: by its series, or, with a
/// slip from a paper roll, by what the counter wrote down.
pub(crate) fn is_own(number: u16, visit: &Visit) -> bool {
    visit.alone == Some(number)
        || visit.ticket.as_ref().is_some_and(|t| {
            let digits = t.series.trim_end_matches(|c: char| !c.is_ascii_digit());
            digits.parse() == Ok(number)
        })
}

fn away(what: &str) -> motcua_store::Error {
    Refusal::new(
        Code::HubAway,
        format!("Chưa nối được máy chủ quầy nên {what}. Mọi bản ghi vẫn an toàn. Mời làm lại khi máy chủ quầy trả lời."),
    )
    .into()
}

impl App {
    /// The line to the hub; `None` at the hub and on a machine of its own.
    pub fn link(&self) -> Option<Arc<dyn HubLink>> {
        let now = self.link.now.read();
        now.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs `work` if that is still the line, and keeps it the line meanwhile.
    pub fn while_linked<T>(&self, link: &dyn HubLink, work: impl FnOnce() -> T) -> Option<T> {
        let _kept = self.link.command();
        let now = self.link()?;
        let same = std::ptr::addr_eq(Arc::as_ptr(&now), std::ptr::from_ref(link));
        same.then(work)
    }

    /// Gives the application another line to a hub, or none: then it is a hub or on its own.
    /// Commands in progress come to their end first, those that come meanwhile wait, and every
    /// screen looks anew. `before` runs when no command is in progress, and when it fails nothing
    /// has changed: it is where the new role is written down.
    ///
    /// # Errors
    /// That of `before`.
    pub fn set_link<E>(
        self: &Arc<Self>,
        link: Option<Arc<dyn HubLink>>,
        before: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let old = {
            let commands = self.link.commands.write();
            let _none_in_progress = commands.unwrap_or_else(PoisonError::into_inner);
            before()?;
            let mut now = self
                .link
                .now
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *now, link.clone())
        };
        if let Some(old) = old {
            old.detached();
        }
        match link {
            Some(link) => link.attached(self),
            // Days are closed once for the branch, by whoever has no hub above it.
            None => {
                if let Err(error) = self.close_earlier_days() {
                    tracing::warn!(%error, "earlier days left open");
                }
            }
        }
        self.tell(vec![Topic::Sync, Topic::Branch, Topic::Queue]);
        Ok(())
    }

    /// The number under which this counter works alone just now; `None` at the hub, on a machine
    /// of its own, and while the hub answers.
    pub(crate) fn alone(&self) -> Option<u16> {
        let link = self.link()?;
        (!link.state(self).here).then(|| link.number())
    }

    /// A command at a counter.
    pub(crate) fn at_counter(
        &self,
        link: &dyn HubLink,
        caller: &Caller,
        ctx: &mut Ctx,
        run: Run<'_>,
    ) -> Result<Value> {
        match place(run.name) {
            Place::HubItself => Err(Refusal::new(
                Code::Unsupported,
                "Danh mục được nhập trên máy chủ quầy rồi tự chuyển tới các quầy. Chưa nhập gì. Mời nhập trên máy chủ quầy.",
            )
            .into()),
            Place::Here => {
                let answer = match self.command(ctx, &run) {
                    // What is known here may be old, or the leased numbers used up. A wrong code stays
                    // wrong, and would be counted twice.
                    Err(error) if run.name != "kiosk.leave" && link.refresh(self, true) => {
                        tracing::debug!(%error, "tried again with what the hub knows");
                        self.command(ctx, &run)
                    }
                    answer => answer,
                }?;
                link.wrote(self);
                Ok(answer)
            }
            place @ (Place::Hub | Place::HubOnly) => {
                // Done before, here or there: the same answer.
                if self.store.read(|read| read.command(run.command_id))?.is_some() {
                    return self.command(ctx, &run);
                }
                let order = Order {
                    command_id: run.command_id,
                    name: run.name,
                    args: &run.args,
                    args_hash: run.args_hash(),
                    officer: caller.officer.as_deref(),
                };
                match link.ask(self, &order) {
                    Asked::Answered(answer) => answer.map_err(|error| {
                        let refusal = Refusal::new(error.code, error.message);
                        match error.field {
                            Some(field) => refusal.at(field),
                            None => refusal,
                        }
                        .into()
                    }),
                    Asked::Refused(refusal) if place == Place::HubOnly => Err(refusal.into()),
                    Asked::Away if place == Place::HubOnly => Err(away("chưa làm được việc này")),
                    Asked::Away | Asked::Refused(_) => {
                        ctx.alone = Some(link.number());
                        let answer = self.command(ctx, &run)?;
                        link.wrote(self);
                        Ok(answer)
                    }
                }
            }
        }
    }
}

/// Somebody who waits in the common queue may be called by any other counter at this moment:
/// alone, a counter leaves them be.
pub(crate) fn not_ours(label: &str) -> motcua_store::Error {
    away(&format!(
        "không đụng tới số {label} của hàng chung; có thể quầy khác đang gọi"
    ))
}
