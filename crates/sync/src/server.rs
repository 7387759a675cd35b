//! The answering side: what a hub or central does with a request, over any log.

use motcua_protocol::{
    bundle::Terms,
    sync::{
        Acked, Heads, Held, Hello, Judgement, Limits, LogHead, Next, PROTO, PROTO_MIN, Page,
        PushAnswer, Refused, RefusedWhy, Sealed, Verdict,
    },
};
use uuid::Uuid;

use crate::engine::{Answer, Request, Unfit};

/// The logs that a server keeps.
pub trait Log {
    /// Faults of the disk.
    type Error;

    /// Names its history; changes whenever that may have gone back.
    ///
    /// # Errors
    /// Faults of the disk.
    fn server_epoch(&self) -> Result<String, Self::Error>;

    /// Ends of the logs of one device, or of all.
    ///
    /// # Errors
    /// Faults of the disk.
    fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>, Self::Error>;

    /// Events of a device that wait for a person.
    ///
    /// # Errors
    /// Faults of the disk.
    fn quarantined(&self, device: Uuid) -> Result<u64, Self::Error>;

    /// What is stored and not in effect of one device's events, or of all; `None` where that is not
    /// told.
    ///
    /// # Errors
    /// Faults of the disk.
    fn held(&self, _device: Option<Uuid>) -> Result<Option<Vec<Held>>, Self::Error> {
        Ok(None)
    }

    /// The key for which records are sealed that come on a stick, where there is one.
    ///
    /// # Errors
    /// Faults of the disk.
    fn seal_key(&self) -> Result<Option<String>, Self::Error> {
        Ok(None)
    }

    /// What is sent down whole and signed, where there is such a thing.
    ///
    /// # Errors
    /// Faults of the disk.
    fn bundles(&self) -> Result<Option<Terms>, Self::Error> {
        Ok(None)
    }

    /// Stores and applies events in one transaction; returns once they are on the disk.
    ///
    /// # Errors
    /// Faults of the disk; then nothing of it is stored.
    fn take(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>), Self::Error>;

    /// Events of all devices but one, behind a cursor.
    ///
    /// # Errors
    /// Faults of the disk.
    fn feed(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page, Self::Error>;

    /// Events of one log behind a sequence number.
    ///
    /// # Errors
    /// Faults of the disk.
    fn past(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, Self::Error>;

    /// Ends of a device's logs as they went on above this server, where that is another way than
    /// here: see [`motcua_protocol::sync::aside`]. Nobody is above central.
    ///
    /// # Errors
    /// Faults of the disk.
    fn aside(&self, _device: Uuid) -> Result<Vec<LogHead>, Self::Error> {
        Ok(Vec::new())
    }

    /// Events of such a log behind a sequence number, from its first one on.
    ///
    /// # Errors
    /// Faults of the disk.
    fn past_aside(
        &self,
        _device: Uuid,
        _epoch: u32,
        _after: u64,
        _limits: &Limits,
    ) -> Result<Vec<Sealed>, Self::Error> {
        Ok(Vec::new())
    }
}

/// What whoever asks may do; found out before, by key or certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The device that asks.
    pub device: Uuid,
    /// Whether it may bring other devices' logs: a hub may.
    pub brings_others: bool,
}

/// Answers a request. `Err` of the inner kind is a refusal that the asker can act upon.
///
/// # Errors
/// Faults of the disk: then nothing was acknowledged.
pub fn answer<L: Log>(
    log: &mut L,
    access: Access,
    limits: &Limits,
    wall_ms: i64,
    request: Request,
) -> Result<Answer, L::Error> {
    Ok(match request {
        Request::Hello => Answer::Hello(Hello {
            server_epoch: log.server_epoch()?,
            proto_min: PROTO_MIN,
            proto: PROTO,
            limits: *limits,
            server_time_ms: wall_ms,
            seal_key: log.seal_key()?,
            bundles: log.bundles()?,
        }),
        Request::Heads { all } => Answer::Heads(Heads {
            server_epoch: log.server_epoch()?,
            logs: log.heads((!all).then_some(access.device))?,
            quarantined: log.quarantined(access.device)?,
            held: log.held((!all).then_some(access.device))?,
            aside: log.aside(access.device)?,
        }),
        Request::Push(events) => push(log, access, limits, wall_ms, &events)?,
        Request::Feed { cursor } => Answer::Feed {
            server_epoch: log.server_epoch()?,
            page: log.feed(cursor, access.device, limits)?,
        },
        Request::Past {
            epoch,
            after,
            aside,
        } => {
            let of = access.device;
            Answer::Past(match aside {
                true => log.past_aside(of, epoch, after, limits)?,
                false => log.past(of, epoch, after, limits)?,
            })
        }
    })
}

fn push<L: Log>(
    log: &mut L,
    access: Access,
    limits: &Limits,
    wall_ms: i64,
    events: &[Sealed],
) -> Result<Answer, L::Error> {
    let Some(first) = events.first().map(Sealed::place) else {
        return Ok(Answer::Refused(RefusedWhy::Malformed.into()));
    };
    if events.len() > limits.most_events as usize {
        return Ok(Answer::Refused(RefusedWhy::TooLarge.into()));
    }
    if first.device != access.device && !access.brings_others {
        return Ok(Answer::Refused(RefusedWhy::UnknownDevice.into()));
    }
    let of_one_log = |e: &Sealed| (e.header.device, e.header.epoch) == (first.device, first.epoch);
    if !events.iter().all(of_one_log) {
        return Ok(Answer::Refused(RefusedWhy::Malformed.into()));
    }
    let (results, unfit) = log.take(events)?;
    let head = log
        .heads(Some(first.device))?
        .into_iter()
        .find(|h| h.head.epoch == first.epoch);
    if let Some(unfit) = unfit.first() {
        let code = match unfit.why {
            Judgement::Fork(_) => RefusedWhy::Fork,
            _ => RefusedWhy::Gap,
        };
        return Ok(Answer::Refused(Refused {
            code,
            head,
            retry_after_ms: None,
        }));
    }
    // Every event fitted, so the log is there.
    let Some(LogHead { device, head }) = head else {
        return Ok(Answer::Refused(RefusedWhy::Busy.into()));
    };
    Ok(Answer::Push(PushAnswer {
        server_epoch: log.server_epoch()?,
        acked: Acked { device, head },
        results,
        next: Next::default(),
        server_time_ms: wall_ms,
    }))
}
