//! Sending what citizens are to be told, in the background of the one machine that does so: the
//! branch's hub, or a machine of its own. What there is to send follows from the log, so that a
//! crash loses nothing; what was accepted is recorded at once, and a message keeps its id, so that
//! one whose answer was lost can be known to be the same.
//!
//! How often something failed is not kept: after a restart everything is tried anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use motcua_domain::notice::{self, Channel, MOST_TRIES, NoticeTold, Step, Told};
use motcua_notify::{Failed, Message, send_mail, send_sms};
use motcua_protocol::event::{Body, BranchEvent};
use motcua_store::table::notice::{NoticeRow, notice_entity};
use uuid::Uuid;

use crate::{
    App, Result,
    change::Topic,
    notice_setup::Ways,
    notice_text::{Facts, NoticeTexts},
    wake::Wake,
};

/// How long between looks when nothing is to be tried again: a safety net under the wake-up.
const IDLE_MS: i64 = 60_000;
/// Looked at in one round; what is beyond follows in the next.
const MOST: u32 = 500;

/// What failed, how often, and until when it is left alone (milliseconds of this run).
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) words: String,
    failures: u32,
    until_ms: i64,
}

impl Trouble {
    fn again(before: Option<&Self>, words: &str, now_ms: i64) -> Self {
        let failures = before.map_or(0, |t| t.failures) + 1;
        Self {
            words: words.to_owned(),
            failures,
            until_ms: now_ms + notice::pause_ms(failures),
        }
    }

    /// Milliseconds until the next try.
    pub(crate) fn left_ms(&self, now_ms: i64) -> i64 {
        (self.until_ms - now_ms).max(0)
    }
}

#[derive(Debug, Default)]
struct Troubles {
    channels: HashMap<Channel, Trouble>,
    notices: HashMap<Uuid, Trouble>,
}

/// Wakes the sending thread, and says what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    work: Wake,
    troubles: Mutex<Troubles>,
    /// One round at a time.
    turn: Mutex<()>,
}

impl Queue {
    pub(crate) fn wake(&self) {
        self.work.wake();
    }

    /// Everything is tried anew: somebody changed how it is sent.
    pub(crate) fn forget(&self) {
        *self.troubles() = Troubles::default();
        self.wake();
    }

    fn wait(&self, at_most: Duration) {
        self.work.wait(at_most);
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of_channel(&self, channel: Channel) -> Option<Trouble> {
        self.troubles().channels.get(&channel).cloned()
    }

    pub(crate) fn of_notice(&self, id: Uuid) -> Option<Trouble> {
        self.troubles().notices.get(&id).cloned()
    }
}

/// Starts the thread; it ends with the application.
pub(crate) fn start(app: &Arc<App>) {
    let changes = app.subscribe();
    let woken = Arc::downgrade(app);
    thread::spawn(move || {
        while let Ok(change) = changes.recv() {
            if change.topics.contains(&Topic::Cases) {
                let Some(app) = woken.upgrade() else { return };
                app.notices.wake();
            }
        }
    });
    let weak = Arc::downgrade(app);
    thread::spawn(move || run(&weak));
}

fn run(weak: &Weak<App>) {
    loop {
        let Some(app) = weak.upgrade() else { return };
        let wait_ms = match app.send_notices() {
            Ok(round) => round.wait_ms,
            Err(error) => {
                tracing::warn!(%error, "notices");
                IDLE_MS
            }
        };
        let queue = Arc::clone(&app.notices);
        drop(app);
        queue.wait(Duration::from_millis(wait_ms.unsigned_abs().max(1)));
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoticeRound {
    /// Accepted by a server.
    pub sent: usize,
    /// Refused for good by a server.
    pub refused: usize,
    /// Until the next try, milliseconds.
    pub wait_ms: i64,
}

/// Which way a step goes, where a machine does it.
pub(crate) fn channel_of(step: Step) -> Option<Channel> {
    match step {
        Step::Email => Some(Channel::Email),
        Step::Sms => Some(Channel::Sms),
        Step::Told | Step::Moot | Step::Call | Step::Unreachable => None,
    }
}

impl App {
    /// Whether this machine is the one that tells citizens: a counter leaves it to its hub.
    pub(crate) fn sends_notices(&self) -> bool {
        self.link().is_none()
    }

    /// Sends what there is to send now, and is not left alone for a while. In the background this
    /// happens by itself.
    ///
    /// # Errors
    /// Faults of the disk. A server that does not answer is none: it is tried again.
    pub fn send_notices(&self) -> Result<NoticeRound> {
        let _turn = (self.notices.turn.lock()).unwrap_or_else(PoisonError::into_inner);
        let mut round = NoticeRound {
            wait_ms: IDLE_MS,
            ..NoticeRound::default()
        };
        let ways = self.notice_setup.ways();
        let means = ways.means();
        if !self.sends_notices() || !(means.email || means.sms) {
            return Ok(round);
        }
        let texts = self.assets.notice_texts(self.store.dir())?;
        let open = self.store.read(|read| read.open_notices(MOST))?;
        for row in &open {
            // Looked at anew right before: somebody may just have called, or wants to be told no
            // more.
            let Some(row) = self.store.read(|read| read.notice(row.id))? else {
                continue;
            };
            let step = notice::next(row.live, &row.case.contact(), &row.tellings, means);
            let Some(channel) = channel_of(step) else {
                continue;
            };
            let now_ms = self.moment().mono_ms;
            let paused = {
                let troubles = self.notices.troubles();
                [
                    troubles.channels.get(&channel),
                    troubles.notices.get(&row.id),
                ]
                .into_iter()
                .flatten()
                .map(|t| t.left_ms(now_ms))
                .max()
                .filter(|left| *left > 0)
            };
            if let Some(left) = paused {
                round.wait_ms = round.wait_ms.min(left);
                continue;
            }
            let done = self.send(channel, &ways, texts, &row)?;
            self.judge(&row, channel, done, &mut round)?;
        }
        Ok(round)
    }

    fn send(
        &self,
        channel: Channel,
        ways: &Ways,
        texts: &NoticeTexts,
        row: &NoticeRow,
    ) -> Result<Result<(), Failed>> {
        let branch = self.branch()?;
        let contact = row.case.contact();
        let facts = Facts::of(&row.case, row.date_ms);
        let address = match channel {
            Channel::Email => contact.email,
            Channel::Sms => contact.phone,
        };
        let to = address.unwrap_or_default();
        Ok(deliver(
            channel,
            ways,
            texts,
            &branch,
            Some(row.kind),
            &facts,
            (row.id, to),
        ))
    }

    fn judge(
        &self,
        row: &NoticeRow,
        channel: Channel,
        done: Result<(), Failed>,
        round: &mut NoticeRound,
    ) -> Result<()> {
        let now_ms = self.moment().mono_ms;
        let told = {
            let mut troubles = self.notices.troubles();
            match done {
                Ok(()) => {
                    troubles.channels.remove(&channel);
                    troubles.notices.remove(&row.id);
                    Some(Told::Sent { channel })
                }
                Err(Failed::Refused(reason)) => {
                    // Whoever refuses an address is there.
                    troubles.channels.remove(&channel);
                    troubles.notices.remove(&row.id);
                    Some(refused(row, channel, reason))
                }
                Err(Failed::Later(words)) => {
                    troubles.channels.remove(&channel);
                    let trouble = Trouble::again(troubles.notices.get(&row.id), &words, now_ms);
                    let given_up = trouble.failures >= MOST_TRIES;
                    round.wait_ms = round.wait_ms.min(trouble.left_ms(now_ms));
                    troubles.notices.insert(row.id, trouble);
                    given_up.then(|| refused(row, channel, words))
                }
                Err(Failed::Away(words) | Failed::Setup(words)) => {
                    // Neither an address nor a secret is in the words.
                    tracing::warn!(?channel, words, "notices wait");
                    let trouble = Trouble::again(troubles.channels.get(&channel), &words, now_ms);
                    round.wait_ms = round.wait_ms.min(trouble.left_ms(now_ms));
                    troubles.channels.insert(channel, trouble);
                    None
                }
            }
        };
        if let Some(told) = told {
            match told {
                Told::Sent { .. } => round.sent += 1,
                _ => round.refused += 1,
            }
            self.record_telling(row, told)?;
            // The next way, if there is one, is tried at once.
            round.wait_ms = 0;
        }
        self.tell(vec![Topic::Notices]);
        Ok(())
    }

    fn record_telling(&self, row: &NoticeRow, told: Told) -> Result<()> {
        let entity = notice_entity(row.case_id, row.kind, row.at_ms);
        let event = NoticeTold {
            case: row.case_id,
            notice: row.kind,
            notice_ms: row.at_ms,
            told,
        };
        self.store.write(&self.system(), |tx| {
            tx.append(entity, &Body::Branch(BranchEvent::NoticeTold(event)))
        })
    }
}

fn refused(row: &NoticeRow, channel: Channel, reason: String) -> Told {
    Told::Refused {
        channel,
        reason,
        contact: row.case.contact().changes,
    }
}

/// Hands one text to a server. Without a kind it is the one for trying.
pub(crate) fn deliver(
    channel: Channel,
    ways: &Ways,
    texts: &NoticeTexts,
    branch: &motcua_domain::branch::Branch,
    kind: Option<notice::NoticeKind>,
    facts: &Facts<'_>,
    (id, to): (Uuid, String),
) -> Result<(), Failed> {
    let unset = || Failed::Setup("Máy này chưa đặt cách gửi này.".to_owned());
    match channel {
        Channel::Email => {
            let mut server = ways.mail.clone().ok_or_else(unset)?;
            server.from_name.clone_from(&branch.office.name);
            let (subject, text) = texts.mail(kind, branch, facts);
            let message = Message {
                id,
                to,
                subject,
                text,
            };
            send_mail(&server, &message)
        }
        Channel::Sms => {
            let gateway = ways.sms.as_ref().ok_or_else(unset)?;
            let text = texts.sms(kind, branch, facts, gateway.plain);
            let message = Message {
                id,
                to,
                subject: String::new(),
                text,
            };
            send_sms(gateway, &message)
        }
    }
}
