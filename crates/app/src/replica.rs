//! What a hub and its counters need of the application beside its commands: the store behind it,
//! screens told of what came from elsewhere, devices introduced, numbers leased.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use chrono::{Datelike, Days, NaiveDate};
use motcua_domain::{branch::Role, visit::Act};
use motcua_protocol::{
    event::{Body, BranchEvent, DeviceIntroduced},
    sync::{Limits, Sealed},
};
use motcua_store::{Moment, Options, Store, Write, table::branch::device_entity};
use uuid::Uuid;

use crate::{App, Result, Settings, change::Topic, clock::Clock, registry::Ctx, verbs::leg};

/// A counter whose block has fewer numbers left gets another.
const LOW: u32 = 10;
/// Days for which case codes are leased: today, and the mornings on which the hub may be late.
const DAYS_AHEAD: u64 = 2;

/// Under this name the store keeps what it knows of the hub.
pub const HUB: &str = "hub";

/// The register book has one series a year.
pub(crate) const BOOK: &str = "book";

/// Series of case codes of an agency.
pub(crate) fn case_series(agency: &str) -> String {
    format!("case:{agency}")
}

/// The day under which a year's series stands.
pub(crate) fn year_of(date: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(date.year(), 1, 1).unwrap_or(date)
}

impl App {
    /// An application on a new, empty store: a counter before it has heard anything of its branch.
    ///
    /// # Errors
    /// `BRANCH_EXISTS`, and those of the store.
    pub fn empty(
        settings: Settings,
        clock: impl Clock + 'static,
        device: Uuid,
    ) -> Result<Arc<Self>> {
        let options = Options {
            device: Some(device),
            ..settings.options()
        };
        let store = Store::create(&settings.dir, clock.moment(), options)?;
        Ok(Self::start(store, settings, clock))
    }

    /// The store behind the commands.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the machine's clocks say.
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.settings.dir
    }

    /// How many events of this device the hub does not have, and when the oldest was written.
    ///
    /// # Errors
    /// Those of the store.
    pub fn unsent(&self) -> Result<(u64, Option<i64>)> {
        let acked = self.store.peer(HUB)?.heads;
        let mut unsent = 0;
        let mut oldest: Option<i64> = None;
        let one = Limits {
            events: 1,
            ..Limits::default()
        };
        for log in self.store.heads(Some(self.store.device()))? {
            let there = acked
                .iter()
                .find(|a| a.device == log.device && a.head.epoch == log.head.epoch)
                .map_or(0, |a| a.head.seq);
            if there < log.head.seq {
                unsent += log.head.seq - there;
                let next = self
                    .store
                    .events_after(log.device, log.head.epoch, there, &one)?;
                let at = next.first().map(|e| e.header.wall_ms);
                oldest = oldest.into_iter().chain(at).min();
            }
        }
        Ok((unsent, oldest))
    }

    /// Tells the screens what came in from other machines.
    pub fn took(&self, events: &[Sealed]) {
        let topics: BTreeSet<u8> = events
            .iter()
            .filter_map(|e| match e.header.kind.split('.').next()? {
                "visit" | "leg" => Some(0),
                "case" => Some(1),
                "branch" | "device" => Some(2),
                "procedure" => Some(3),
                "day" => Some(4),
                _ => None,
            })
            .collect();
        let topics = topics
            .into_iter()
            .flat_map(|t| match t {
                0 => vec![Topic::Queue, Topic::Day],
                1 => vec![Topic::Cases],
                2 => vec![Topic::Branch],
                3 => vec![Topic::Catalogue],
                _ => vec![Topic::Day],
            })
            .collect();
        self.tell(topics);
    }

    /// Tells the screens that the hub went away or came back.
    pub fn link_changed(&self) {
        self.tell(vec![Topic::Sync]);
    }

    /// Vouches for a device: a number for ever, and the certificate by which it is known.
    ///
    /// # Errors
    /// Those of the store.
    pub fn introduce(
        &self,
        device: Uuid,
        name: &str,
        fingerprint: &str,
    ) -> Result<DeviceIntroduced> {
        let introduced = self.store.write(&self.system(), |tx| {
            let known = tx.read().devices()?;
            let before = known.iter().find(|d| d.device == device);
            let number = match before {
                Some(before) => before.number,
                None => known.iter().map(|d| d.number).max().unwrap_or(0) + 1,
            };
            let introduced = DeviceIntroduced {
                device,
                number,
                name: name.to_owned(),
                fingerprint: fingerprint.to_owned(),
            };
            if before != Some(&introduced) {
                let body = Body::Branch(BranchEvent::Device(introduced.clone()));
                tx.append(device_entity(device), &body)?;
            }
            Ok(introduced)
        })?;
        self.tell(vec![Topic::Branch]);
        Ok(introduced)
    }

    /// At the hub: a counter that got no answer in time went on alone, and what was done here for
    /// the same command nobody ever saw. The number that nobody got is taken back.
    ///
    /// # Errors
    /// Those of the store.
    pub fn withdraw_unseen(&self, events: &[Sealed]) -> Result<()> {
        for event in events {
            let header = &event.header;
            if header.kind != "visit.registered" || header.device == self.store.device() {
                continue;
            }
            let done = self.store.read(|read| read.command(header.command_id))?;
            let Some(done) = done.filter(|d| d.name == "visit.register") else {
                continue;
            };
            let answer: serde_json::Value = serde_json::from_str(&done.answer)?;
            let here = answer["visit_id"].as_str().and_then(|id| id.parse().ok());
            if let Some(here) = here.filter(|id| *id != header.entity) {
                self.withdraw(here)?;
            }
        }
        Ok(())
    }

    fn withdraw(&self, visit: Uuid) -> Result<()> {
        let branch = self.branch()?;
        let ctx = Ctx {
            branch,
            roles: vec![Role::Supervisor, Role::Admin],
            officer: "system".to_owned(),
            alone: None,
        };
        let act = Act::Void {
            reason: "Quầy không nhận được trả lời nên đã cấp số khác cho cùng lượt này.".to_owned(),
        };
        let taken = self
            .store
            .write(&self.system(), |tx| leg::act(&ctx, tx, visit, act, None));
        match taken {
            Ok(_) => self.tell(vec![Topic::Queue, Topic::Day]),
            // Called meanwhile, or taken back before: a person sees it in the queue.
            Err(error) => tracing::info!(%error, %visit, "unseen number left"),
        }
        Ok(())
    }

    /// At the hub: sees to it that a device has numbers enough to go on alone for a while.
    ///
    /// # Errors
    /// Those of the store.
    pub fn provide(&self, device: Uuid) -> Result<()> {
        let heads = self.store.heads(Some(device))?;
        let Some(epoch) = heads.iter().map(|h| h.head.epoch).max() else {
            return Ok(());
        };
        let agency = case_series(&self.branch()?.office.code);
        let today = self.today()?;
        let mut wanted = Vec::new();
        for ahead in 0..=DAYS_AHEAD {
            let date = today.checked_add_days(Days::new(ahead)).unwrap_or(today);
            wanted.push((agency.clone(), date));
            wanted.push((BOOK.to_owned(), year_of(date)));
        }
        wanted.sort();
        wanted.dedup();
        let short = self.store.read(|read| {
            let mut short = Vec::new();
            for (series, date) in wanted {
                if read.numbers_left(&series, date, device, epoch)? < LOW {
                    short.push((series, date));
                }
            }
            Ok(short)
        })?;
        if short.is_empty() {
            return Ok(());
        }
        self.store.write(&self.system(), |tx| {
            for (series, date) in &short {
                tx.lease(series, *date, device, epoch)?;
            }
            Ok(())
        })
    }

    /// The next number of a series that is given out in blocks. The hub gives itself a block when
    /// it needs one; a counter can only ask.
    pub(crate) fn next_of_block(
        &self,
        tx: &mut Write<'_>,
        series: &str,
        date: NaiveDate,
    ) -> Result<u32> {
        if !tx.read().numbers_are_leased()? {
            return tx.next_number(series, date);
        }
        if let Some(number) = tx.next_leased(series, date)? {
            return Ok(number);
        }
        if self.link().is_some() {
            return Err(motcua_domain::Refusal::new(
                motcua_domain::Code::LeaseEmpty,
                "Quầy đã dùng hết mã hồ sơ được cấp trước và chưa nối được máy chủ quầy. Chưa ghi gì. Mời giữ hồ sơ lại và làm lại khi máy chủ quầy trả lời.",
            )
            .into());
        }
        let (device, epoch) = tx.place();
        Ok(tx.lease(series, date, device, epoch)?.from)
    }
}
