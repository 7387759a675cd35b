//! What the hub answers to a device of the branch, without a socket: the routes carry it over
//! TLS, the simulator over a network of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use motcua_app::{App, Caller, Place, place};
use motcua_protocol::sync::{Limits, Refused, RefusedWhy, Sealed};
use motcua_sync::{Access, Answer, Request, answer};
use uuid::Uuid;

use super::log::Logs;
use crate::wire::{CommandAsk, CommandTold, Decided};

/// A device's blocks of numbers are looked at again after this long.
const PROVIDE_EVERY_MS: i64 = 5_000;

/// The answering side of a hub.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) app: Arc<App>,
    /// When each device's numbers were last looked at, by the monotonic clock.
    provided: Mutex<HashMap<Uuid, i64>>,
}

impl Answers {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            provided: Mutex::default(),
        }
    }

    /// A question of the replication engine.
    ///
    /// # Errors
    /// Faults of the disk: then nothing was acknowledged.
    pub(crate) fn ask(&self, device: Uuid, request: Request) -> motcua_store::Result<Answer> {
        let cases = matches!(&request, Request::Push(events) if events.iter().any(|e| e.header.kind.starts_with("case.") || e.header.kind == "epoch.opened"));
        if matches!(request, Request::Feed { .. }) {
            self.provide(device, false);
        }
        let access = Access {
            device,
            brings_others: match &request {
                Request::Push(events) => self.may_bring(events)?,
                _ => false,
            },
        };
        let wall_ms = self.app.moment().wall_ms;
        let limits = Limits::default();
        let answered = answer(&mut Logs(&self.app), access, &limits, wall_ms, request);
        if cases {
            self.provide(device, true);
        }
        answered
    }

    /// Whether a counter may bring events of another device. A hub that was restored gets its own
    /// past back: what it has written since stands in a later epoch, which only the hub itself can
    /// have. And what a former hub wrote may be with whoever it spoke to last, and nowhere else.
    fn may_bring(&self, events: &[Sealed]) -> motcua_store::Result<bool> {
        let Some(first) = events.first().map(|e| &e.header) else {
            return Ok(false);
        };
        let (device, epoch) = self.app.store().place();
        if first.device == device {
            return Ok(first.epoch < epoch);
        }
        let hubs = self.app.store().read(|read| read.hubs())?;
        Ok(hubs.contains_key(&first.device))
    }

    /// A command of a counter.
    ///
    /// # Errors
    /// It cannot be decided yet, or never; nothing was done.
    pub(crate) fn carry_out(&self, device: Uuid, ask: CommandAsk) -> Result<Decided, Refused> {
        let busy = |error: motcua_store::Error| {
            tracing::warn!(%error, "command failed");
            Refused::from(RefusedWhy::Busy)
        };
        let store = self.app.store();
        // Another machine has a higher term: who asks here has not heard of it yet.
        if !self.app.is_hub().map_err(busy)? {
            return Err(RefusedWhy::Busy.into());
        }
        // A counter that has read another history of this hub may know numbers that the hub,
        // restored from a copy, has forgotten: it brings them first.
        let server_epoch = store.server_epoch();
        if ask
            .server_epoch
            .as_ref()
            .is_some_and(|e| *e != server_epoch)
        {
            return Err(RefusedWhy::Gap.into());
        }
        // What the counter has recorded comes first: a decision without it would be blind.
        let heads = store.heads(Some(device)).map_err(busy)?;
        let seen = heads.iter().find(|h| h.head.epoch == ask.head.epoch);
        if ask.head.seq > 0 && seen.is_none_or(|h| h.head.seq < ask.head.seq) {
            return Err(Refused {
                code: RefusedWhy::Gap,
                head: seen.copied(),
                retry_after_ms: None,
            });
        }
        // It asked long ago, heard nothing, and did it alone; the question only comes now.
        if store
            .did_alone(device, ask.head, ask.command_id)
            .map_err(busy)?
        {
            return Err(RefusedWhy::Busy.into());
        }
        if !matches!(place(&ask.name), Place::Hub | Place::HubOnly) {
            return Err(RefusedWhy::Malformed.into());
        }
        self.provide(device, false);
        let caller = Caller {
            officer: ask.officer,
            command_id: Some(ask.command_id),
        };
        let told = match self.app.call_for(device, &caller, &ask.name, ask.args) {
            Ok(answer) => CommandTold::Done(answer),
            Err(error) => CommandTold::Refused(error),
        };
        let cursor = ask.server_epoch.map_or(0, |_| ask.cursor);
        let page = store
            .feed_after(cursor, device, &Limits::default())
            .map_err(busy)?;
        Ok(Decided {
            told,
            server_epoch,
            page,
        })
    }

    /// Fills a device's pocket of numbers, not more often than makes sense.
    fn provide(&self, device: Uuid, now: bool) {
        let at = self.app.moment().mono_ms;
        {
            let mut provided = self.provided.lock().unwrap_or_else(PoisonError::into_inner);
            let last = provided.get(&device);
            if !now && last.is_some_and(|last| at - last < PROVIDE_EVERY_MS) {
                return;
            }
            provided.insert(device, at);
        }
        if let Err(error) = self.app.provide(device) {
            tracing::warn!(%error, %device, "numbers not leased");
        }
    }
}
