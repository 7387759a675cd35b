//! The store as the answering side of replication sees it.

use motcua_app::{App, CENTRAL};
use motcua_protocol::sync::{Held, Limits, LogHead, Page, Sealed, Verdict};
use motcua_store::Error;
use motcua_sync::{Log, Unfit};
use uuid::Uuid;

pub(crate) struct Logs<'a>(pub(crate) &'a App);

impl Log for Logs<'_> {
    type Error = Error;

    fn server_epoch(&self) -> Result<String, Error> {
        Ok(self.0.store().server_epoch())
    }

    fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>, Error> {
        self.0.store().heads(device)
    }

    fn quarantined(&self, device: Uuid) -> Result<u64, Error> {
        self.0.store().quarantined_of(device)
    }

    fn held(&self, device: Option<Uuid>) -> Result<Option<Vec<Held>>, Error> {
        // What central holds of a counter's records is shown where they were written, too.
        let held = self.0.store().held_here_and_above(CENTRAL, device);
        held.map(Some)
    }

    fn take(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>), Error> {
        let done = self.0.store().ingest(events, self.0.moment().wall_ms)?;
        if done.stored > 0 {
            self.0.took(events);
        }
        let unfit = done.unfit.iter().map(|u| Unfit {
            place: u.place,
            why: u.why,
        });
        Ok((done.results, unfit.collect()))
    }

    fn feed(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page, Error> {
        self.0.store().feed_after(cursor, except, limits)
    }

    fn past(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, Error> {
        self.0.store().events_after(device, epoch, after, limits)
    }

    fn aside(&self, device: Uuid) -> Result<Vec<LogHead>, Error> {
        self.0.store().aside(device)
    }

    fn past_aside(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, Error> {
        self.0.store().aside_after(device, epoch, after, limits)
    }
}
