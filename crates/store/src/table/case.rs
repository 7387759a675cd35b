//! Cases; [`super::find_case`] finds them.

use chrono::NaiveDate;
use motcua_domain::{
    case::{BookEntry, Case, CaseEvent},
    case_code::Provisional,
    text::fold,
};
use rusqlite::OptionalExtension;
use uuid::Uuid;

pub use super::find_case::Filter;
use crate::{
    error::Result,
    log,
    read::Read,
    table::{
        Row, Table, attachment, cash, find_case, id,
        lease::{self, slip},
        notice, number, party, values,
    },
};

pub(crate) static CASE: Table = Table {
    name: "case_file",
    columns: &[
        "entity",
        "row",
        "code",
        "visit",
        "procedure",
        "date",
        "received_ms",
        "due_ms",
        "status",
        "doc",
        "provisional",
        "portal",
        "online",
    ],
    key: 1,
    search: Some(("case_search", "row")),
};

pub(crate) fn rows(entity: Uuid, row: u64, case: &Case, rows: &mut Vec<Row>) -> Result<()> {
    let received = &case.received;
    rows.push(Row {
        table: &CASE,
        values: values![
            id(entity),
            row as i64,
            case.code().to_owned(),
            received.visit_id.map(id),
            received.procedure.code.clone(),
            received.date.to_string(),
            received.received_ms,
            case.due_ms(),
            case.status.name().to_owned(),
            serde_json::to_string(case)?,
            received.provisional.then(|| received.code.clone()),
            received.online.as_ref().map(|online| fold(&online.code)),
            i64::from(received.online.is_some())
        ],
        search: Some((row as i64, find_case::search_text(case))),
    });
    cash::rows(entity, case, rows);
    let slip = received.fee.as_ref().and_then(|fee| fee.slip);
    rows.extend(slip.and_then(|slip| yearly(slip::FEE, slip, entity, number::state::ISSUED)));
    // What was set aside or taken back has its number all the same: its paper may have been printed.
    let undone = case.undone.iter().map(|undone| &undone.act);
    for act in case.acts.iter().chain(&case.set_aside).chain(undone) {
        let (series, number) = match &act.event {
            CaseEvent::SupplementRequested(e) => (slip::SUPPLEMENT, e.number),
            CaseEvent::Postponed(e) => (slip::APOLOGY, e.number),
            CaseEvent::FeePaid(e) => (slip::FEE, e.slip),
            _ => continue,
        };
        let row = number.and_then(|number| yearly(series, number, entity, number::state::ISSUED));
        // A made-up log may tell one twice.
        rows.extend(row.filter(|row| !rows.contains(row)));
    }
    if let Some(code) = Provisional::read(&received.code).filter(|_| received.provisional) {
        rows.push(number::row(
            provisional_series(&code.machine),
            received.date,
            received.number,
            entity,
            number::state::ISSUED,
        ));
    } else {
        let numbers = (received.code.as_str(), received.number, received.book);
        number_rows(entity, received.date, numbers, number::state::ISSUED, rows);
    }
    if let Some(code) = &case.code_given {
        let given = &code.given;
        let numbers = (given.code.as_str(), given.number, Some(given.book));
        number_rows(entity, given.date, numbers, number::state::ISSUED, rows);
    }
    for given in case.burnt() {
        let numbers = (given.code.as_str(), given.number, Some(given.book));
        number_rows(entity, given.date, numbers, number::state::VOID, rows);
    }
    rows.push(party::row(
        entity,
        row,
        &received.applicant,
        received.received_ms,
    )?);
    notice::rows(entity, case, rows);
    attachment::rows(entity, case, rows);
    Ok(())
}

/// A number of a series that has a year.
fn yearly(series: &str, entry: BookEntry, entity: Uuid, state: &str) -> Option<Row> {
    let first = NaiveDate::from_ymd_opt(entry.year, 1, 1)?;
    let series = series.to_owned();
    Some(number::row(series, first, entry.number, entity, state))
}

/// Series of the provisional codes of one machine.
pub fn provisional_series(machine: &str) -> String {
    format!("provisional:{machine}")
}

/// The numbers of a code that is not provisional: of the agency's day, and of the year's book.
fn number_rows(
    entity: Uuid,
    date: NaiveDate,
    (code, number, book): (&str, u32, Option<BookEntry>),
    state: &str,
    rows: &mut Vec<Row>,
) {
    let agency = code.split('-').next().unwrap_or_default();
    let series = format!("case:{agency}");
    rows.push(number::row(series, date, number, entity, state));
    rows.extend(book.and_then(|book| yearly(lease::BOOK, book, entity, state)));
}

/// A case with its id.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Id.
    pub id: Uuid,
    /// State.
    pub case: Case,
}

impl Read<'_> {
    /// A case by id.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn case(&self, case: Uuid) -> Result<Option<CaseRow>> {
        Ok(self
            .cases(
                "SELECT entity, doc FROM case_file WHERE entity = ?1",
                &[case.as_bytes()],
            )?
            .pop())
    }

    /// A case by its code.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn case_by_code(&self, code: &str) -> Result<Option<CaseRow>> {
        Ok(self
            .cases(
                "SELECT entity, doc FROM case_file WHERE code = ?1 ORDER BY row LIMIT 1",
                &[&code],
            )?
            .pop())
    }

    /// A case by the provisional code on its first receipt, whether or not it has its final one.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn case_by_provisional(&self, code: &Provisional) -> Result<Option<CaseRow>> {
        Ok(self
            .cases(
                "SELECT entity, doc FROM case_file WHERE provisional = ?1 ORDER BY row LIMIT 1",
                &[&code.to_string()],
            )?
            .pop())
    }

    /// Cases that still wait for their final code, the oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn cases_without_code(&self, limit: u32) -> Result<Vec<CaseRow>> {
        self.cases(
            "SELECT entity, doc FROM case_file WHERE provisional IS NOT NULL AND code = provisional ORDER BY row LIMIT ?1",
            &[&limit],
        )
    }

    /// Cases of a visit, in order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn cases_of_visit(&self, visit: Uuid) -> Result<Vec<CaseRow>> {
        self.cases(
            "SELECT entity, doc FROM case_file WHERE visit = ?1 ORDER BY row",
            &[visit.as_bytes()],
        )
    }

    /// A case by the code it has where it was handed in online; the last one taken in under it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn case_by_portal_code(&self, code: &str) -> Result<Option<CaseRow>> {
        Ok(self
            .cases(
                "SELECT entity, doc FROM case_file WHERE portal = ?1 ORDER BY row DESC LIMIT 1",
                &[&fold(code)],
            )?
            .pop())
    }

    /// Entries of a year's register book from a number on, in the order of their numbers.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn book(&self, year: i32, from: u32, to: u32, limit: u32) -> Result<Vec<CaseRow>> {
        let Some(first) = chrono::NaiveDate::from_ymd_opt(year, 1, 1) else {
            return Ok(Vec::new());
        };
        self.cases(
            "SELECT c.entity, c.doc FROM number_use n JOIN case_file c ON c.entity = n.entity
             WHERE n.series = 'book' AND n.date = ?1 AND n.n BETWEEN ?2 AND ?3 AND n.state = 'issued'
             ORDER BY n.n, c.entity LIMIT ?4",
            &[&first.to_string(), &from, &to, &limit],
        )
    }

    /// Last number of a year's register book; 0 for an empty one.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn book_last(&self, year: i32) -> Result<u32> {
        match chrono::NaiveDate::from_ymd_opt(year, 1, 1) {
            Some(first) => number::last(self.connection(), "book", first),
            None => Ok(0),
        }
    }

    /// Years that have a register book, the newest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn book_years(&self) -> Result<Vec<i32>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT DISTINCT substr(date, 1, 4) FROM number_use WHERE series = 'book' ORDER BY 1 DESC",
        )?;
        let years = statement
            .query_map([], |r| r.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(years.iter().filter_map(|year| year.parse().ok()).collect())
    }

    /// Procedures that cases were received for last, each once.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn recent_procedures(&self, limit: usize) -> Result<Vec<String>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT procedure FROM case_file ORDER BY row DESC LIMIT 100")?;
        let mut rows = statement.query([])?;
        let mut codes: Vec<String> = Vec::new();
        while let Some(row) = rows.next()? {
            let code: String = row.get(0)?;
            if !codes.contains(&code) {
                codes.push(code);
            }
            if codes.len() == limit {
                break;
            }
        }
        Ok(codes)
    }

    /// Cases received on a day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn cases_on(&self, date: NaiveDate) -> Result<u32> {
        Ok(self
            .connection()
            .prepare_cached("SELECT count(*) FROM case_file WHERE date = ?1")?
            .query_row([date.to_string()], |r| r.get(0))
            .optional()?
            .unwrap_or(0))
    }

    /// Every case, sorted by id; for dumps.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn all_cases(&self, mut each: impl FnMut(Uuid, Case) -> Result<()>) -> Result<()> {
        let mut statement = self
            .connection()
            .prepare("SELECT entity, doc FROM case_file ORDER BY entity")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let doc: String = row.get(1)?;
            each(log::uuid(row, 0)?, serde_json::from_str(&doc)?)?;
        }
        Ok(())
    }

    pub(super) fn cases(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<CaseRow>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let doc: String = row.get(1)?;
            found.push(CaseRow {
                id: log::uuid(row, 0)?,
                case: serde_json::from_str(&doc)?,
            });
        }
        Ok(found)
    }
}
