//! Cases and their search.

use motcua_domain::{
    case::{Case, CaseStatus},
    text::fold,
};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, attachment, id, number, party, search_widening, searches, values},
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
    ],
    key: 1,
    search: Some(("case_search", "row")),
};

pub(crate) fn rows(entity: Uuid, row: u64, case: &Case, rows: &mut Vec<Row>) -> Result<()> {
    let received = &case.received;
    let mut text = fold(&received.code);
    for person in [Some(&received.applicant), received.submitter.as_ref()]
        .into_iter()
        .flatten()
    {
        text.push(' ');
        text.push_str(&party::search_text(person));
    }
    rows.push(Row {
        table: &CASE,
        values: values![
            id(entity),
            row as i64,
            received.code.clone(),
            received.visit_id.map(id),
            received.procedure.code.clone(),
            received.date.to_string(),
            received.received_ms,
            case.due_ms(),
            case.status.name().to_owned(),
            serde_json::to_string(case)?
        ],
        search: Some((row as i64, text)),
    });
    let agency = received.code.split('-').next().unwrap_or_default();
    rows.push(number::row(
        format!("case:{agency}"),
        received.date,
        received.number,
        entity,
        "issued",
    ));
    if let Some(first) = chrono::NaiveDate::from_ymd_opt(received.book.year, 1, 1) {
        rows.push(number::row(
            "book".to_owned(),
            first,
            received.book.number,
            entity,
            "issued",
        ));
    }
    rows.push(party::row(
        entity,
        row,
        &received.applicant,
        received.received_ms,
    )?);
    attachment::rows(entity, case, rows);
    Ok(())
}

/// What a search is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Where the case stands.
    pub status: Option<CaseStatus>,
    /// Received on that day or later.
    pub from: Option<chrono::NaiveDate>,
    /// Received on that day or earlier.
    pub to: Option<chrono::NaiveDate>,
    /// Not closed.
    pub open: bool,
    /// Due before that moment, and still worked on.
    pub due_before_ms: Option<i64>,
    /// Due from a moment until before another, and not closed.
    pub due_within_ms: Option<(i64, i64)>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The part of a filter that no index serves; it is tried on the rows that the day or the words
/// leave over. `?4` status, `?5` overdue at, `?6` and `?7` due within, `?8` not closed. A test holds
/// the statuses together with [`CaseStatus::is_closed`] and [`CaseStatus::is_running`].
const NARROW: &str = "AND (?4 IS NULL OR c.status = ?4)
 AND (?5 IS NULL OR (c.status IN ('received', 'processing') AND c.due_ms < ?5))
 AND (?6 IS NULL OR (c.status NOT IN ('refused', 'withdrawn', 'stopped', 'returned') AND c.due_ms >= ?6 AND c.due_ms < ?7))
 AND (NOT ?8 OR c.status NOT IN ('refused', 'withdrawn', 'stopped', 'returned'))";

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

    /// Cases by words of name, number, phone or code, narrowed by a filter; the newest first. Blank
    /// lists the newest.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn search_cases(&self, text: &str, filter: &Filter, limit: u32) -> Result<Vec<CaseRow>> {
        let (due_from, due_to) = filter.due_within_ms.unzip();
        let status = filter.status.map(CaseStatus::name);
        let from = filter.from.map(|d| d.to_string());
        let to = filter.to.map(|d| d.to_string());
        let narrow: [&dyn rusqlite::ToSql; 8] = [
            &limit,
            &from,
            &to,
            &status,
            &filter.due_before_ms,
            &due_from,
            &due_to,
            &filter.open,
        ];
        if !searches(text).is_empty() {
            // Ordering by row id, not by rank: bm25 over a common name costs a second at a million cases.
            let sql = format!(
                "SELECT c.entity, c.doc FROM case_search s JOIN case_file c ON c.row = s.rowid
                 WHERE case_search MATCH ?9
                 AND c.date >= coalesce(?2, '') AND c.date <= coalesce(?3, '9999') {NARROW}
                 ORDER BY s.rowid DESC LIMIT ?1"
            );
            return search_widening(text, limit as usize, |query| {
                let mut params = narrow.to_vec();
                params.push(&query);
                self.cases(&sql, &params)
            });
        }
        if filter.is_empty() {
            return self.cases(
                "SELECT entity, doc FROM case_file ORDER BY row DESC LIMIT ?1",
                &[&limit],
            );
        }
        // By day, then by id, which begins with the time: the index is in this very order, so
        // that the walk ends with the last row wanted.
        self.cases(
            &format!(
                "SELECT entity, doc FROM case_file AS c INDEXED BY case_date
                 WHERE date >= coalesce(?2, '') AND date <= coalesce(?3, '9999') {NARROW}
                 ORDER BY date DESC, entity DESC LIMIT ?1"
            ),
            &narrow,
        )
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
    pub fn cases_on(&self, date: chrono::NaiveDate) -> Result<u32> {
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

    fn cases(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<CaseRow>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_knows_which_statuses_are_closed_and_which_are_worked_on() {
        let listed = |which: fn(CaseStatus) -> bool| {
            let names: Vec<String> = CaseStatus::ALL
                .into_iter()
                .filter(|status| which(*status))
                .map(|status| format!("'{}'", status.name()))
                .collect();
            format!("({})", names.join(", "))
        };
        assert_eq!(
            NARROW.matches(&listed(CaseStatus::is_closed)).count(),
            2,
            "{}",
            listed(CaseStatus::is_closed)
        );
        assert_eq!(
            NARROW.matches(&listed(CaseStatus::is_running)).count(),
            1,
            "{}",
            listed(CaseStatus::is_running)
        );
    }
}
