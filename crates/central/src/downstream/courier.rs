//! Tells an [`Outside`] of one case after the other, on threads that may wait. Several copies of
//! the program do so side by side; each case is told by one at a time.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use deadpool_postgres::Pool;
use motcua_protocol::course::Turn;
use tokio::{runtime::Handle, sync::Notify};
use uuid::Uuid;

use super::{
    Facts, OFFICE_UNMAPPED, Outcome, Outside, System, Why,
    queue::{self, Claim, Line},
};
use crate::{
    error::{Error, Result},
    read_model,
};

/// Cases that one copy of the program tells of at the same time.
const AT_ONCE: usize = 4;
/// How often is looked for what another copy of the program took in.
const LOOK: Duration = Duration::from_secs(5);
/// A pause doubles from here.
const BASE_S: f64 = 1.0;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For one answer.
    pub(crate) answer: Duration,
    /// At most between two tries while the system is away.
    pub(crate) away: Duration,
}

impl Patience {
    /// As settings say it, in seconds.
    pub(crate) fn of(patience_s: u64, retry_cap_s: u64) -> anyhow::Result<Self> {
        anyhow::ensure!(
            (1..=600).contains(&patience_s) && (1..=86_400).contains(&retry_cap_s),
            "patience_s is 1 to 600, retry_cap_s 1 to 86400"
        );
        Ok(Self {
            answer: Duration::from_secs(patience_s),
            away: Duration::from_secs(retry_cap_s),
        })
    }

    /// A claim outlasts every answer of one case that may still come: login, case, change, turns.
    fn claim(self) -> Duration {
        self.answer * 6
    }
}

/// Couriers at work.
pub(crate) struct Working {
    ending: Arc<AtomicBool>,
    news: Arc<Notify>,
    /// Nothing is ever said on it; it closes with the last of them.
    ended: mpsc::Receiver<()>,
}

impl Working {
    /// Lets them finish what they are telling, as long as that takes no longer.
    pub(crate) fn stop(self, patience: Duration) {
        self.ending.store(true, Ordering::Release);
        for _ in 0..AT_ONCE {
            self.news.notify_waiters();
            self.news.notify_one();
        }
        self.ended.recv_timeout(patience).ok();
    }
}

/// Tells of cases.
pub(crate) struct Courier<O> {
    pub(crate) pool: Pool,
    pub(crate) runtime: Handle,
    pub(crate) outside: O,
    pub(crate) patience: Patience,
    /// Something may have come in.
    pub(crate) news: Arc<Notify>,
    /// Offices of which was said that the system does not know them: once, and not for each of
    /// their cases.
    pub(crate) unmapped: Mutex<BTreeSet<String>>,
}

impl<O: Outside> Courier<O> {
    /// Works until told to stop. What is at work when the program is killed is told again.
    pub(crate) async fn start(self) -> Result<Working> {
        let mut client = self.pool.get().await?;
        queue::serves(&mut client, self.outside.system(), &self.outside.offices()).await?;
        queue::opened(&client, self.outside.system()).await?;
        drop(client);
        let courier = Arc::new(self);
        let ending = Arc::new(AtomicBool::new(false));
        let (alive, ended) = mpsc::channel();
        for _ in 0..AT_ONCE {
            let (courier, ending, alive) =
                (Arc::clone(&courier), Arc::clone(&ending), alive.clone());
            thread::spawn(move || {
                courier.work(&ending);
                drop(alive);
            });
        }
        Ok(Working {
            ending,
            news: Arc::clone(&courier.news),
            ended,
        })
    }

    fn system(&self) -> System {
        self.outside.system()
    }

    fn unmapped(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.unmapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, ending: &AtomicBool) {
        while !ending.load(Ordering::Acquire) {
            let wait = match self.one() {
                Ok(wait) => wait,
                Err(error) => {
                    // The database is away: nothing was lost, a claim runs out.
                    tracing::warn!(%error, "telling of cases stopped short");
                    Some(LOOK)
                }
            };
            if let Some(wait) = wait {
                self.runtime.block_on(async {
                    tokio::time::timeout(wait, self.news.notified()).await.ok();
                });
            }
        }
    }

    /// Tells of one case; how long to wait before the next, where there is none to tell of.
    pub(crate) fn one(&self) -> Result<Option<Duration>> {
        let claimed = self.runtime.block_on(async {
            let client = self.pool.get().await?;
            let line = queue::line(&client, self.system(), self.patience.claim()).await?;
            if let Line::Shut(wait) = line {
                return Ok::<_, Error>(Err(wait.min(LOOK)));
            }
            let claim = queue::claim(&client, self.system(), self.patience.claim()).await?;
            if claim.is_none() && line == Line::Try {
                queue::not_tried(&client, self.system()).await?;
            }
            Ok(claim.ok_or(LOOK))
        })?;
        match claimed {
            Ok(claim) => self.tell(claim).map(|()| None),
            Err(wait) => Ok(Some(wait)),
        }
    }

    fn tell(&self, mut claim: Claim) -> Result<()> {
        let facts = self.runtime.block_on(async {
            let mut client = self.pool.get().await?;
            read_model::facts_of(&mut client, claim.office, claim.id).await
        })?;
        let (told, hash) = match facts {
            Some(facts) => (self.tell_facts(&mut claim, &facts)?, facts.hash),
            // It was told, and then it turned out that there is no such case.
            None => (Outcome::Refused(Why::new("CASE_GONE", "")), [0; 32]),
        };
        let away = self.patience.away.as_secs_f64();
        self.runtime.block_on(async {
            let client = self.pool.get().await?;
            match told {
                Outcome::Done | Outcome::Exists => {
                    self.unmapped().remove(&claim.code);
                    claim.done(&client, &hash).await?;
                    queue::heard(&client, self.system()).await
                }
                Outcome::Refused(why) if why.code == OFFICE_UNMAPPED => {
                    if self.unmapped().insert(claim.code.clone()) {
                        let system = self.system().name();
                        tracing::warn!(
                            office = claim.code,
                            system,
                            "the settings do not name an office: its cases wait"
                        );
                    }
                    claim
                        .put_off(&client, &why, BASE_S, queue::REFUSED_CAP_S)
                        .await?;
                    // Nobody was asked, so nothing was heard of the system either.
                    queue::not_tried(&client, self.system()).await
                }
                Outcome::Refused(why) => {
                    tracing::warn!(case = %claim.id, code = why.code, "a case was not taken");
                    claim
                        .put_off(&client, &why, BASE_S, queue::REFUSED_CAP_S)
                        .await?;
                    queue::heard(&client, self.system()).await
                }
                Outcome::Away(why) => {
                    tracing::warn!(code = why.code, "the system beyond cannot be reached");
                    // Another case is tried next: what fells the system must not stand first.
                    claim.put_off(&client, &why, BASE_S, away).await?;
                    queue::away(&client, self.system(), &why, BASE_S, away).await
                }
            }
        })
    }

    fn tell_facts(&self, claim: &mut Claim, facts: &Facts) -> Result<Outcome> {
        let office = claim.code.clone();
        let mut told = self.outside.case(&office, facts, claim.known);
        if told == Outcome::Exists && !claim.known {
            // An answer that was lost, most likely. But where two cases of ours bear one code,
            // changing the one there would write one citizen's case over another's.
            if self.shared(claim, facts)? {
                return Ok(Outcome::Refused(Why::new(
                    "CODE_TWICE",
                    &facts.case.received.code,
                )));
            }
            told = self.outside.case(&office, facts, true);
        }
        if !matches!(told, Outcome::Done | Outcome::Exists) {
            return Ok(told);
        }
        let before = self.runtime.block_on(async {
            let client = self.pool.get().await?;
            claim.taken_in(&client).await?;
            claim.turns_told(&client).await
        })?;
        let turns: Vec<&Turn> = facts
            .turns
            .iter()
            .filter(|t| !before.contains(&t.event))
            .collect();
        let (arrived, told) = tell_turns(&self.outside, &office, facts, &turns);
        if !arrived.is_empty() {
            self.runtime.block_on(async {
                let client = self.pool.get().await?;
                claim.tell_turns(&client, &arrived).await
            })?;
        }
        Ok(told)
    }

    /// Whether another case has the same code.
    fn shared(&self, claim: &Claim, facts: &Facts) -> Result<bool> {
        self.runtime.block_on(async {
            let client = self.pool.get().await?;
            let row = client
                .query_one(
                    "SELECT EXISTS(SELECT 1 FROM case_file WHERE code = $1 AND (office_id, id) <> ($2, $3))",
                    &[
                        &crate::ingest::text(&facts.case.received.code),
                        &claim.office,
                        &claim.id,
                    ],
                )
                .await?;
            Ok(row.get(0))
        })
    }
}

/// Tells of turns in their order; those that arrived, and what came of it. Where several at once
/// are not plainly taken, nobody knows which of them are there: then one by one, and behind one
/// that is refused nothing more is told.
pub(crate) fn tell_turns(
    outside: &impl Outside,
    office: &str,
    facts: &Facts,
    turns: &[&Turn],
) -> (Vec<Uuid>, Outcome) {
    let mut arrived = Vec::with_capacity(turns.len());
    for some in turns.chunks(outside.turns_at_once().max(1)) {
        let together: Vec<Turn> = some.iter().map(|&t| t.clone()).collect();
        let mut told = outside.turns(office, facts, &together);
        if together.len() > 1 && matches!(told, Outcome::Exists | Outcome::Refused(_)) {
            for turn in &together {
                told = outside.turns(office, facts, std::slice::from_ref(turn));
                if !matches!(told, Outcome::Done | Outcome::Exists) {
                    return (arrived, told);
                }
                arrived.push(turn.event);
            }
        } else if matches!(told, Outcome::Done | Outcome::Exists) {
            arrived.extend(together.iter().map(|t| t.event));
        } else {
            return (arrived, told);
        }
    }
    (arrived, Outcome::Done)
}
