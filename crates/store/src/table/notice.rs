//! What there is to tell citizens, and what was done about it.

use motcua_domain::{
    case::Case,
    notice::{self, Means, NoticeKind, Telling},
    visit::Recorded,
};
pub use motcua_protocol::entity::{notice as notice_entity, notice_means as means_entity};
use motcua_protocol::event::{BranchEvent, MeansSet};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static NOTICE: Table = Table {
    name: "notice",
    columns: &["entity", "kind", "at_ms", "id", "date_ms", "live"],
    key: 3,
    search: None,
};
pub(crate) static TOLD: Table = Table {
    name: "notice_told",
    columns: &["entity", "settled", "last_ms", "doc"],
    key: 1,
    search: None,
};
pub(crate) static MEANS: Table = Table {
    name: "notice_means",
    columns: &["entity", "doc"],
    key: 1,
    search: None,
};

pub(crate) fn rows(entity: Uuid, case: &Case, rows: &mut Vec<Row>) {
    for notice in notice::of_case(case) {
        let row = Row {
            table: &NOTICE,
            values: values![
                id(entity),
                notice.kind.name().to_owned(),
                notice.at_ms,
                id(notice_entity(entity, notice.kind, notice.at_ms)),
                notice.date_ms,
                i64::from(notice.live)
            ],
            search: None,
        };
        // Two acts of one kind within one millisecond are one notice: the later is what holds.
        rows.retain(|before| !before.same(&row));
        rows.push(row);
    }
}

pub(crate) fn told_rows(
    entity: Uuid,
    events: &[Recorded<BranchEvent>],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut tellings: Vec<Telling> = Vec::new();
    let mut means: Option<&MeansSet> = None;
    for recorded in events {
        match &recorded.event {
            // The entity follows from the notice; what says otherwise is of no notice.
            BranchEvent::NoticeTold(e)
                if notice_entity(e.case, e.notice, e.notice_ms) == entity =>
            {
                tellings.push(Telling {
                    at_ms: recorded.stamp.wall_ms,
                    by: recorded.stamp.actor.clone(),
                    told: e.told.clone(),
                });
            }
            BranchEvent::NoticeMeans(e) if entity == means_entity() => means = Some(e),
            _ => {}
        }
    }
    if let Some(last_ms) = tellings.iter().map(|t| t.at_ms).max() {
        // Nothing else can make it untold, so whether it is settled hangs on the tellings alone.
        let told = notice::next(
            false,
            &notice::Contact::default(),
            &tellings,
            Means::default(),
        );
        rows.push(Row {
            table: &TOLD,
            values: values![
                id(entity),
                i64::from(told == notice::Step::Told),
                last_ms,
                serde_json::to_string(&tellings)?
            ],
            search: None,
        });
    }
    if let Some(means) = means {
        rows.push(Row {
            table: &MEANS,
            values: values![id(entity), serde_json::to_string(means)?],
            search: None,
        });
    }
    Ok(())
}

/// A notice with its case and what was done about it.
#[derive(Debug, Clone)]
pub struct NoticeRow {
    /// Its id.
    pub id: Uuid,
    /// The case's id.
    pub case_id: Uuid,
    /// What there is to tell.
    pub kind: NoticeKind,
    /// Since when, UTC milliseconds.
    pub at_ms: i64,
    /// The date it speaks of.
    pub date_ms: Option<i64>,
    /// It still holds, and the citizen wants to be told.
    pub live: bool,
    /// The case.
    pub case: Case,
    /// What was done about it, in order.
    pub tellings: Vec<Telling>,
}

const COLUMNS: &str = "n.id, n.entity, n.kind, n.at_ms, n.date_ms, n.live, c.doc, t.doc";

impl Read<'_> {
    /// Notices that still hold and that nobody has been told of, the oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn open_notices(&self, limit: u32) -> Result<Vec<NoticeRow>> {
        self.notices(
            &format!(
                "SELECT {COLUMNS} FROM notice n JOIN case_file c ON c.entity = n.entity
                 LEFT JOIN notice_told t ON t.entity = n.id
                 WHERE n.live = 1 AND coalesce(t.settled, 0) = 0 ORDER BY n.at_ms, n.id LIMIT ?1"
            ),
            &[&limit],
        )
    }

    /// Notices about which something was done, the last first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn told_notices(&self, limit: u32) -> Result<Vec<NoticeRow>> {
        self.notices(
            &format!(
                "SELECT {COLUMNS} FROM notice_told t JOIN notice n ON n.id = t.entity
                 JOIN case_file c ON c.entity = n.entity
                 WHERE t.settled = 1 ORDER BY t.last_ms DESC, n.id LIMIT ?1"
            ),
            &[&limit],
        )
    }

    /// A notice.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn notice(&self, notice: Uuid) -> Result<Option<NoticeRow>> {
        Ok(self
            .notices(
                &format!(
                    "SELECT {COLUMNS} FROM notice n JOIN case_file c ON c.entity = n.entity
                     LEFT JOIN notice_told t ON t.entity = n.id WHERE n.id = ?1"
                ),
                &[notice.as_bytes()],
            )?
            .pop())
    }

    /// Ways of telling that were set up last, and on which machine.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn notice_means(&self) -> Result<Option<MeansSet>> {
        let doc: Option<String> = self
            .connection()
            .prepare_cached("SELECT doc FROM notice_means LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?;
        Ok(doc.map(|doc| serde_json::from_str(&doc)).transpose()?)
    }

    fn notices(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<NoticeRow>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: String = row.get(2)?;
            // A kind of a newer program is for that program to tell.
            let Some(kind) = NoticeKind::from_name(&kind) else {
                continue;
            };
            let case: String = row.get(6)?;
            let tellings: Option<String> = row.get(7)?;
            found.push(NoticeRow {
                id: log::uuid(row, 0)?,
                case_id: log::uuid(row, 1)?,
                kind,
                at_ms: row.get(3)?,
                date_ms: row.get(4)?,
                live: row.get::<_, i64>(5)? != 0,
                case: serde_json::from_str(&case)?,
                tellings: tellings
                    .map(|doc| serde_json::from_str(&doc))
                    .transpose()?
                    .unwrap_or_default(),
            });
        }
        Ok(found)
    }
}
