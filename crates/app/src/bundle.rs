//! What central sends down whole and signed, taken in by the machine that leads the branch: one
//! transaction of events in its own log, so that every counter gets it as it gets anything else,
//! and nothing of it is there by half. What is refused stands in the log too.

use chrono::NaiveDate;
use motcua_domain::{Code, Refusal, calendar::Calendar};
use motcua_protocol::{
    Time,
    bundle::{
        self, BundleRefused, BundleTaken, CalendarPublished, Kind, Newest, Opened, Staff, Standing,
    },
    entity,
    event::{Body, BranchEvent},
    verbs::sync::BundleLine,
};
use motcua_store::{Author, Error, Read, Write};
use std::sync::Arc;
use uuid::Uuid;

use crate::{App, Result, catalogue_file, change::Topic, verbs};

/// Who acts where central does.
pub(crate) const CENTRAL: &str = "@central";

/// The events of an entity that can be read, with their times and hashes.
fn events(read: &Read<'_>, entity: Uuid) -> Result<Vec<(Body, i64)>> {
    let events = read.events_of(entity)?;
    let each = events.iter().filter_map(|event| {
        let body = Body::decode(&event.header.kind, &event.body)?;
        Some((body, event.header.wall_ms))
    });
    Ok(each.collect())
}

fn standing(read: &Read<'_>, kind: Kind, own: bool) -> Result<Standing> {
    let events = events(read, entity::bundles(kind))?;
    Ok(Standing::fold(own, events.iter().map(|(b, at)| (b, *at))))
}

/// The calendars of central that hold on a day, each before those that have the say over it.
fn calendars(read: &Read<'_>, on: Option<NaiveDate>) -> Result<Vec<CalendarPublished>> {
    let mut all: Vec<CalendarPublished> = events(read, entity::calendar())?
        .into_iter()
        .filter_map(|(body, _)| match body {
            Body::Branch(BranchEvent::Calendar(calendar)) => Some(*calendar),
            _ => None,
        })
        .filter(|calendar| on.is_none_or(|on| calendar.valid_from <= on))
        .collect();
    all.sort_by_key(|calendar| (calendar.own, calendar.serial));
    Ok(all)
}

/// What is wrong with what a bundle holds.
fn content(why: &Refusal) -> Refusal {
    match why.code {
        Code::BundleStaff => bundle::refused(
            Code::BundleStaff,
            &why.message,
            "Mời báo đơn vị quản trị trung tâm phát hành lại, còn ít nhất một giám sát và một quản trị.",
        ),
        _ => bundle::refused(
            Code::BundleContent,
            &format!("Nội dung gói chưa dùng được ở đây: {}", why.message),
            "Mời báo đơn vị quản trị trung tâm kèm câu này.",
        ),
    }
}

fn source(opened: &Opened) -> String {
    let scope = match opened.head.office {
        Some(_) => ", riêng đơn vị",
        None => "",
    };
    format!("Trung tâm, bản số {}{scope}", opened.head.serial)
}

/// What a bundle changes, read and found good before anything is written.
enum Change {
    Catalogue(motcua_domain::catalogue::ParsedFile),
    Calendar(Box<CalendarPublished>),
    Users(Staff),
}

fn read_content(opened: &Opened) -> Result<Change, Refusal> {
    let unreadable = || {
        let what = Refusal::new(Code::BundleContent, "không đọc được.");
        content(&what)
    };
    let head = &opened.head;
    Ok(match head.kind {
        Kind::Catalogue => {
            let parsed = catalogue_file::read_bytes(&opened.content, &source(opened));
            let parsed = parsed.map_err(|why| content(&why))?;
            if let Some(row) = parsed.rejected.first() {
                let why = format!("dòng {}: {}", row.row, row.reason);
                return Err(content(&Refusal::new(row.problem, why)));
            }
            Change::Catalogue(parsed)
        }
        Kind::Calendar => Change::Calendar(Box::new(CalendarPublished {
            own: head.office.is_some(),
            serial: head.serial,
            valid_from: head.valid_from,
            file: serde_json::from_slice(&opened.content).map_err(|_| unreadable())?,
        })),
        Kind::Users => {
            Change::Users(serde_json::from_slice(&opened.content).map_err(|_| unreadable())?)
        }
    })
}

impl App {
    /// The working calendar on a day: that of this folder, with the years that central gave.
    pub(crate) fn calendar(&self, read: &Read<'_>, on: NaiveDate) -> Result<Arc<Calendar>> {
        let mut which = blake3::Hasher::new();
        which.update(on.to_string().as_bytes());
        for event in read.events_of(entity::calendar())? {
            which.update(&event.hash);
        }
        let which = *which.finalize().as_bytes();
        let later = || calendars(read, Some(on));
        self.assets.calendar(self.store.dir(), which, later)
    }

    /// Whether bundles are taken in here: by whoever leads the branch, for all of it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn takes_bundles(&self) -> Result<bool> {
        Ok(self.link().is_none() && self.is_hub()?)
    }

    /// The serial number of the newest of a kind that was taken in; 0 for none.
    ///
    /// # Errors
    /// Those of the store.
    pub fn bundle_serial(&self, kind: Kind, own: bool) -> Result<u64> {
        let standing = self.store.read(|read| standing(read, kind, own))?;
        Ok(standing.serial())
    }

    /// Takes in a bundle that was opened by central's `key`, whole or not at all. The same again
    /// does nothing.
    ///
    /// # Errors
    /// Those of the store. The inner refusal says why it cannot be taken in.
    pub fn take_bundle(&self, opened: &Opened, key: &str) -> Result<Result<(), Refusal>> {
        let head = &opened.head;
        let own = head.office.is_some();
        let change = match read_content(opened) {
            Ok(change) => change,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let message = blake3::hash(&head.message());
        // Of two hubs that take the same in, one has the effect.
        let command_id = Uuid::from_slice(&message.as_bytes()[..16]).unwrap_or_default();
        let author = Author {
            actor: CENTRAL.to_owned(),
            command_id,
            moment: self.clock.moment(),
        };
        let mut refused = None;
        let taken = self.store.write(&author, |tx| {
            let known = standing(&tx.read(), head.kind, own)?;
            if let Some((known, _)) = &known.taken
                && head.serial <= known.serial
            {
                let same = head.serial == known.serial && known.hash == hex(&head.hash.0);
                if same {
                    return Ok(false);
                }
                return Err(give_up(&mut refused, bundle::older()));
            }
            let changed = match self.apply(tx, opened, change)? {
                Ok(changed) => changed,
                Err(refusal) => return Err(give_up(&mut refused, refusal)),
            };
            let taken = BundleTaken {
                kind: head.kind,
                office: head.office.clone(),
                serial: head.serial,
                valid_from: head.valid_from,
                bytes: head.bytes,
                hash: hex(&head.hash.0),
                signature: opened.signature.clone(),
                key: key.to_owned(),
                changed,
            };
            tx.append(
                entity::bundles(head.kind),
                &Body::Branch(BranchEvent::BundleTaken(taken)),
            )?;
            Ok(true)
        });
        match (taken, refused) {
            (Err(_), Some(refusal)) => Ok(Err(refusal)),
            (Err(fault), None) => Err(fault),
            (Ok(false), _) => Ok(Ok(())),
            (Ok(true), _) => {
                tracing::info!(
                    kind = head.kind.name(),
                    serial = head.serial,
                    "bundle taken in"
                );
                let mut topics = vec![Topic::Branch, Topic::Queue, Topic::Sync];
                topics.extend((head.kind == Kind::Catalogue).then_some(Topic::Catalogue));
                self.tell(topics);
                Ok(Ok(()))
            }
        }
    }

    /// Writes down what a bundle changes, and tells how much that is. The outer error is the disk's.
    fn apply(
        &self,
        tx: &mut Write<'_>,
        opened: &Opened,
        change: Change,
    ) -> Result<Result<u32, Refusal>> {
        let head = &opened.head;
        match change {
            Change::Catalogue(parsed) => {
                // What was promised before it came was promised by what stood here then.
                let from = head.valid_from.max(tx.date());
                let report = verbs::publish(tx, &source(opened), parsed, Some(from))?;
                Ok(Ok((report.imported + report.updated) as u32))
            }
            Change::Calendar(calendar) => {
                let mut all = calendars(&tx.read(), None)?;
                all.push(CalendarPublished::clone(&calendar));
                all.sort_by_key(|each| (each.own, each.serial));
                let whole = crate::assets::Assets::calendar_with(
                    self.store.dir(),
                    all.iter().map(|each| &each.file),
                );
                if let Err(why) = whole {
                    return Ok(Err(content(&why.into())));
                }
                let years = calendar.file.years.len() as u32;
                let body = Body::Branch(BranchEvent::Calendar(calendar));
                tx.append(entity::calendar(), &body)?;
                Ok(Ok(years))
            }
            Change::Users(staff) => {
                if head.valid_from > tx.date() {
                    return Ok(Err(bundle::refused(
                        Code::BundleEarly,
                        "Danh sách cán bộ này chưa tới ngày áp dụng.",
                        "Máy sẽ tự nhận khi tới ngày; mời xem lại đồng hồ máy nếu ngày trên máy sai.",
                    )));
                }
                let Some(standing) = tx.read().branch()? else {
                    return Err(Refusal::new(Code::NoBranch, "Chưa có chi nhánh.").into());
                };
                let (next, changed) = match standing.with_staff(&staff.users) {
                    Ok(next) => next,
                    Err(why) => return Ok(Err(content(&why))),
                };
                if changed == 0 {
                    return Ok(Ok(0));
                }
                let in_use = verbs::in_use(&tx.read(), tx.date())?;
                if let Err(why) = standing.may_become(&next, &in_use) {
                    return Ok(Err(content(&why)));
                }
                crate::demo::found(tx, next)?;
                Ok(Ok(changed))
            }
        }
    }

    /// Writes down that a bundle was refused, unless that was said since one was taken in.
    ///
    /// # Errors
    /// Those of the store.
    pub fn refuse_bundle(&self, newest: Newest, refusal: &Refusal) -> Result<()> {
        let Newest { kind, own, serial } = newest;
        let code = serde_json::to_value(refusal.code)?;
        let refused = BundleRefused {
            kind,
            own,
            serial,
            code: code.as_str().unwrap_or_default().to_owned(),
            message: refusal.message.clone(),
        };
        let author = Author {
            actor: CENTRAL.to_owned(),
            ..self.system()
        };
        let written = self.store.write(&author, |tx| {
            let events = events(&tx.read(), entity::bundles(kind))?;
            let since_taken = events.iter().rev().take_while(|(body, _)| {
                !matches!(body, Body::Branch(BranchEvent::BundleTaken(t)) if t.office.is_some() == own)
            });
            let mut bodies = since_taken.map(|(body, _)| body);
            if bodies.any(|b| matches!(b, Body::Branch(BranchEvent::BundleRefused(r)) if *r == refused)) {
                return Ok(false);
            }
            let body = Body::Branch(BranchEvent::BundleRefused(refused.clone()));
            tx.append(entity::bundles(kind), &body)?;
            Ok(true)
        })?;
        if written {
            tracing::warn!(
                kind = kind.name(),
                serial,
                code = refused.code,
                "bundle refused"
            );
            self.tell(vec![Topic::Sync]);
        }
        Ok(())
    }

    /// What is in force from central, in words; what was refused and what to do.
    pub(crate) fn bundle_lines(&self) -> Result<Vec<BundleLine>> {
        let today = self.today()?;
        self.store.read(|read| {
            let mut lines = Vec::new();
            for kind in Kind::ALL {
                let both = [standing(read, kind, false)?, standing(read, kind, true)?];
                let none = both
                    .iter()
                    .all(|s| s.taken.is_none() && s.refused.is_none());
                if none {
                    lines.push(BundleLine {
                        kind,
                        text: format!(
                            "{}: trung tâm chưa gửi bản nào, đang dùng bản của chi nhánh.",
                            title(kind)
                        ),
                        serial: None,
                        code: None,
                        refused: None,
                    });
                }
                for (own, standing) in [false, true].into_iter().zip(&both) {
                    lines.extend(line(kind, own, standing, today));
                }
            }
            Ok(lines)
        })
    }
}

fn give_up(refused: &mut Option<Refusal>, refusal: Refusal) -> Error {
    *refused = Some(refusal.clone());
    refusal.into()
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Catalogue => "Danh mục thủ tục",
        Kind::Calendar => "Lịch nghỉ và làm bù",
        Kind::Users => "Cán bộ và vai trò",
    }
}

fn line(kind: Kind, own: bool, standing: &Standing, today: NaiveDate) -> Option<BundleLine> {
    let scope = if own {
        " dành riêng cho đơn vị"
    } else {
        ""
    };
    let text = match &standing.taken {
        None if standing.refused.is_none() => return None,
        None => format!(
            "{}{scope}: trung tâm chưa gửi bản nào dùng được, đang dùng bản của chi nhánh.",
            title(kind)
        ),
        Some((taken, at_ms)) => {
            let (from, serial) = (taken.valid_from.format("%d/%m/%Y"), taken.serial);
            let at = Time::from_ms(*at_ms).0.format("%H:%M ngày %d/%m/%Y");
            let title = title(kind);
            match taken.valid_from > today {
                true => format!(
                    "{title}{scope}: đã nhận bản số {serial} của trung tâm lúc {at}, áp dụng từ {from}; trước ngày đó vẫn dùng bản trước."
                ),
                false => format!(
                    "{title}{scope}: đang dùng bản số {serial} của trung tâm, áp dụng từ {from}, nhận lúc {at}."
                ),
            }
        }
    };
    let refused = standing.refused.as_ref().map(|(refused, _)| refused);
    Some(BundleLine {
        kind,
        text,
        serial: standing.taken.as_ref().map(|(taken, _)| taken.serial),
        code: refused.map(|refused| refused.code.clone()),
        refused: refused.map(|refused| format!("Bản số {}: {}", refused.serial, refused.message)),
    })
}
