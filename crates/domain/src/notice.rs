//! Telling a citizen what became of their case: what there is to tell, whether it still holds, and
//! by which way it goes next.
//!
//! A notice follows from the case's own acts, so it cannot be forgotten; what was done about it is
//! recorded beside it. [`next`] is the whole machine: the ways are tried in one order, a way that
//! was refused is not tried again for the same address, and where no machine gets through a person
//! calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::{
    case::{Case, CaseAct, CaseEvent, CaseStatus},
    identity::phone,
};

/// What the citizen said about being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Wants to be told.
    Agreed,
    /// Does not, or no longer.
    Declined,
}

/// How a citizen is reached about a case. Whoever was never asked has agreed to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Contact {
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How often it was changed since reception: what an earlier address refused does not count
    /// against this one.
    #[serde(default)]
    pub changes: u32,
}

/// What there is to tell.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ToldKind")]
#[schemars(rename = "ToldKind")]
pub enum NoticeKind {
    /// The result is at the desk (NĐ 61/2018/NĐ-CP Điều 20.4 for an early one).
    ResultReady,
    /// The dossier is to be completed.
    SupplementAsked,
    /// An apology, and another date.
    DatePostponed,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [
        Self::ResultReady,
        Self::SupplementAsked,
        Self::DatePostponed,
    ];

    /// The name it has in the database and in the file of texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResultReady => "result_ready",
            Self::SupplementAsked => "supplement_asked",
            Self::DatePostponed => "date_postponed",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing to tell about one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// When it came about, UTC milliseconds: the act's own time, which names it.
    pub at_ms: i64,
    /// The date it speaks of, if any, UTC milliseconds.
    pub date_ms: Option<i64>,
    /// It is still true, and the citizen wants to be told.
    pub live: bool,
}

/// Everything there is or was to tell about a case; nothing for whoever never agreed to be told.
pub fn of_case(case: &Case) -> Vec<Notice> {
    let contact = case.contact();
    if contact.consent.is_none() {
        return Vec::new();
    }
    let agreed = contact.consent == Some(Consent::Agreed);
    let last = |act: CaseAct| case.last(act).map(|a| a.at_ms);
    let mut notices = Vec::new();
    // What was taken back is told no more; where it was told before, that stays on record.
    let undone = case.undone.iter().map(|undone| (&undone.act, false));
    let acts = case.acts.iter().map(|act| (act, true));
    for (act, stands) in acts.chain(undone) {
        let (kind, date_ms, holds) = match &act.event {
            // By an officer, or as the department reported it.
            event if event.act() == Some(CaseAct::ReceiveResult) => (
                NoticeKind::ResultReady,
                None,
                case.status == CaseStatus::Done,
            ),
            CaseEvent::SupplementRequested(_) => (
                NoticeKind::SupplementAsked,
                None,
                case.status == CaseStatus::SupplementRequested
                    && last(CaseAct::RequestSupplement) == Some(act.at_ms),
            ),
            CaseEvent::Postponed(postponed) => (
                NoticeKind::DatePostponed,
                Some(postponed.due_ms),
                // A supplement begins the limit anew, and a result makes every date pointless.
                case.status.is_running() && case.due_ms() == Some(postponed.due_ms),
            ),
            _ => continue,
        };
        notices.push(Notice {
            kind,
            at_ms: act.at_ms,
            date_ms,
            live: agreed && stands && holds,
        });
    }
    notices
}

/// A way that needs no person.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ToldChannel")]
#[schemars(rename = "ToldChannel")]
pub enum Channel {
    /// E-mail.
    Email,
    /// SMS.
    Sms,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Told.
    Reached,
    /// Nobody answered: to be tried again.
    NoAnswer,
    /// Not the person's number.
    WrongNumber,
}

/// What was done about a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Told {
    /// A server accepted it.
    Sent {
        /// Which way.
        channel: Channel,
    },
    /// A server said that this address takes nothing.
    Refused {
        /// Which way.
        channel: Channel,
        /// Why, without the address.
        reason: String,
        /// Which of the addresses ([`Contact::changes`]).
        contact: u32,
    },
    /// A person called.
    Called {
        /// What came of it.
        outcome: CallOutcome,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        note: Option<String>,
        /// Which of the numbers ([`Contact::changes`]).
        contact: u32,
    },
}

/// What was done about a notice, as recorded: it names its notice, so that the log reads by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NoticeTold {
    /// The case.
    pub case: Uuid,
    /// What there was to tell.
    pub notice: NoticeKind,
    /// Since when, UTC milliseconds.
    pub notice_ms: i64,
    /// What was done.
    pub told: Told,
}

/// Something done, with when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Telling {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Officer, or `system`.
    pub by: String,
    /// What.
    pub told: Told,
}

/// Which ways the office has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Means {
    /// A mail server is set up.
    pub email: bool,
    /// An SMS gateway is set up.
    pub sms: bool,
}

/// What is to be done about a notice now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The citizen knows.
    Told,
    /// It holds no longer, or the citizen wants to be told no more.
    Moot,
    /// A machine writes an e-mail.
    Email,
    /// A machine sends an SMS.
    Sms,
    /// A person calls.
    Call,
    /// Nobody gets through: tell them when they come, or by post.
    Unreachable,
}

/// Whether an SMS can go to this number: mobile, in Vietnam.
fn takes_sms(number: &str) -> bool {
    number.len() == 10
        && phone::parse(number).is_ok_and(|parsed| parsed.value.as_str().starts_with('0'))
        && !number.starts_with("02")
}

/// What is to be done next. Whatever has happened, in whatever order it came together: what one
/// machine accepted is never sent again, and nothing goes to whoever does not want it.
pub fn next(live: bool, contact: &Contact, tellings: &[Telling], means: Means) -> Step {
    let known = tellings.iter().any(|t| {
        matches!(
            t.told,
            Told::Sent { .. }
                | Told::Called {
                    outcome: CallOutcome::Reached,
                    ..
                }
        )
    });
    if known {
        return Step::Told;
    }
    if !live || contact.consent != Some(Consent::Agreed) {
        return Step::Moot;
    }
    let refused = |way: Channel| {
        tellings.iter().any(|t| {
            matches!(&t.told, Told::Refused { channel, contact: of, .. } if *channel == way && *of == contact.changes)
        })
    };
    let wrong = tellings.iter().any(|t| {
        matches!(&t.told, Told::Called { outcome: CallOutcome::WrongNumber, contact: of, .. } if *of == contact.changes)
    });
    if means.email && contact.email.is_some() && !refused(Channel::Email) {
        return Step::Email;
    }
    let number = contact.phone.as_deref();
    if means.sms && number.is_some_and(takes_sms) && !wrong && !refused(Channel::Sms) {
        return Step::Sms;
    }
    if number.is_some() && !wrong {
        return Step::Call;
    }
    Step::Unreachable
}

/// The first pause after a failure, in milliseconds.
pub const FIRST_PAUSE_MS: i64 = 5_000;
/// No pause is longer: whoever is back is found within it.
pub const LONGEST_PAUSE_MS: i64 = 15 * 60_000;
/// A server that put one message off so often will not take it.
pub const MOST_TRIES: u32 = 24;

/// How long to wait after the n-th failure in a row, from 1.
pub fn pause_ms(failures: u32) -> i64 {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS)
}
