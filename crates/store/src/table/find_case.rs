//! Finding cases: the words by which they are found, what a search is narrowed to, page after page.

use chrono::{Datelike, Months, NaiveDate};
use motcua_domain::{
    case::{Case, CaseEvent, CaseStatus, Recipient, ResultReturned},
    text::fold,
};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    read::Read,
    table::{case::CaseRow, party, search_widening, searches},
};

/// The words by which a case is found, and the marks by which a search is narrowed within the index:
/// a word that many cases share would else be followed row by row to those of one status or month.
pub(crate) fn search_text(case: &Case) -> String {
    let received = &case.received;
    let mut text = fold(case.code());
    let mut add = |part: &str| {
        text.push(' ');
        text.push_str(part);
    };
    if received.provisional {
        add(&fold(&received.code));
    }
    if let Some(online) = &received.online {
        add(&fold(&online.code));
        add(ONLINE);
    }
    add(&fold(&received.procedure.code));
    add(&fold(&received.procedure.name));
    for person in [Some(&received.applicant), received.submitter.as_ref()]
        .into_iter()
        .flatten()
    {
        add(&party::search_text(person));
    }
    let changed = case.contact.as_ref().and_then(|c| c.phone.as_ref());
    if let Some(phone) = changed {
        add(&fold(phone));
    }
    // Without the nought, as it is said from abroad.
    let people = [Some(&received.applicant), received.submitter.as_ref()];
    for phone in (people.into_iter().flatten())
        .filter_map(|person| person.phone.as_ref())
        .chain(changed)
    {
        if let Some(rest) = phone.strip_prefix('0') {
            add(&fold(rest));
        }
    }
    for act in &case.acts {
        match &act.event {
            CaseEvent::ResultReturned(ResultReturned {
                recipient: Recipient::Post { waybill, .. },
                ..
            }) => add(&fold(waybill)),
            CaseEvent::ResultReturned(ResultReturned {
                recipient:
                    Recipient::Proxy {
                        name,
                        id_number,
                        phone,
                        ..
                    },
                ..
            }) => {
                add(&fold(name));
                for part in [id_number, phone].into_iter().flatten() {
                    add(&fold(part));
                }
            }
            _ => {}
        }
    }
    add(&status_mark(case.status));
    add(&month_mark(received.date));
    add(&day_mark(received.date));
    text
}

// Nobody types these, and no name has them.
const ONLINE: &str = "zqonline";

fn status_mark(status: CaseStatus) -> String {
    format!("zq{}", status.name().replace('_', ""))
}

fn month_mark(date: NaiveDate) -> String {
    date.format("zqm%Y%m").to_string()
}

fn day_mark(date: NaiveDate) -> String {
    date.format("zqd%Y%m%d").to_string()
}

/// The marks of a stretch of days, both ends included: whole months, and the days at either end
/// that make none. Months alone would leave thousands of rows of a busy month to be tried one by
/// one. `None` for a stretch that is too long to be named.
fn time_marks(from: NaiveDate, to: NaiveDate) -> Option<Vec<String>> {
    let mut marks = Vec::new();
    let mut day = from;
    while day <= to && marks.len() <= MOST_MARKS {
        let next = day.checked_add_months(Months::new(1))?;
        if day.day() == 1 && next.pred_opt()? <= to {
            marks.push(month_mark(day));
            day = next;
        } else {
            marks.push(day_mark(day));
            day = day.succ_opt()?;
        }
    }
    (marks.len() <= MOST_MARKS).then_some(marks)
}

/// What a search is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Where the case stands.
    pub status: Option<CaseStatus>,
    /// Received on that day or later.
    pub from: Option<NaiveDate>,
    /// Received on that day or earlier.
    pub to: Option<NaiveDate>,
    /// Not closed.
    pub open: bool,
    /// Due before that moment, and still worked on.
    pub due_before_ms: Option<i64>,
    /// Due from a moment until before another, and not closed.
    pub due_within_ms: Option<(i64, i64)>,
    /// Handed in online.
    pub online: bool,
}

/// How many months and days are named in a search of the index: some ten years. A longer time
/// narrows little.
const MOST_MARKS: usize = 180;

impl Filter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The statuses that are left, if it narrows by them.
    fn statuses(&self) -> Option<Vec<CaseStatus>> {
        let running = self.due_before_ms.is_some();
        let open = self.open || self.due_within_ms.is_some();
        (running || open || self.status.is_some()).then(|| {
            let fits = |status: &CaseStatus| {
                self.status.is_none_or(|only| only == *status)
                    && (!open || !status.is_closed())
                    && (!running || status.is_running())
            };
            CaseStatus::ALL.into_iter().filter(fits).collect()
        })
    }

    /// Whether it asks for work that is still to be done. There what was handed in online comes
    /// first (QĐ 4094/QĐ-BKHCN, IV.4a).
    fn is_work(&self) -> bool {
        self.open
            || self.due_before_ms.is_some()
            || self.due_within_ms.is_some()
            || self.status.is_some_and(|status| !status.is_closed())
    }

    /// What the index of words can narrow by itself, as a query of its own. `None` where it cannot.
    fn marks(&self) -> Option<String> {
        let any = |marks: Vec<String>| {
            let quoted: Vec<String> = marks.iter().map(|mark| format!("\"{mark}\"")).collect();
            format!("({})", quoted.join(" OR "))
        };
        let mut marks = Vec::new();
        if let Some(statuses) = self.statuses().filter(|s| !s.is_empty()) {
            marks.push(any(statuses.into_iter().map(status_mark).collect()));
        }
        if self.online {
            marks.push(any(vec![ONLINE.to_owned()]));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && let Some(named) = time_marks(from, to).filter(|named| !named.is_empty())
        {
            marks.push(any(named));
        }
        (!marks.is_empty()).then(|| marks.join(" AND "))
    }

    /// Which index lists the cases in the order of [`Self::order`], and the rows that it holds.
    fn walk(&self) -> (&'static str, &'static str) {
        if self.is_work() {
            ("case_open", OPEN)
        } else if self.status.is_some() {
            ("case_status", "TRUE")
        } else if self.online {
            ("case_online", "c.online = 1")
        } else {
            ("case_date", "TRUE")
        }
    }
}

/// Not closed, as the index of those cases says it. A test holds it together with
/// [`CaseStatus::is_closed`].
const OPEN: &str = "c.status NOT IN ('refused', 'withdrawn', 'stopped', 'returned')";

/// The rest of a filter, tried on the rows that the index leaves over. `?2` and `?3` days, `?4`
/// status, `?5` overdue at, `?6` and `?7` due within, `?8` not closed, `?9` handed in online. A test
/// holds the statuses together with [`CaseStatus::is_running`].
const NARROW: &str = "AND c.date >= coalesce(?2, '') AND c.date <= coalesce(?3, '9999')
 AND (?4 IS NULL OR c.status = ?4)
 AND (?5 IS NULL OR (c.status IN ('received', 'processing') AND c.due_ms < ?5))
 AND (?6 IS NULL OR (c.status NOT IN ('refused', 'withdrawn', 'stopped', 'returned') AND c.due_ms >= ?6 AND c.due_ms < ?7))
 AND (NOT ?8 OR c.status NOT IN ('refused', 'withdrawn', 'stopped', 'returned'))
 AND (NOT ?9 OR c.online = 1)";

/// A filter as the database is asked.
struct Narrow {
    from: Option<String>,
    to: Option<String>,
    status: Option<&'static str>,
    due_before_ms: Option<i64>,
    due_from: Option<i64>,
    due_to: Option<i64>,
    open: bool,
    online: bool,
}

impl Narrow {
    fn of(filter: &Filter) -> Self {
        let (due_from, due_to) = filter.due_within_ms.unzip();
        Self {
            from: filter.from.map(|d| d.to_string()),
            to: filter.to.map(|d| d.to_string()),
            status: filter.status.map(CaseStatus::name),
            due_before_ms: filter.due_before_ms,
            due_from,
            due_to,
            open: filter.open,
            online: filter.online,
        }
    }

    /// `?1` to `?9`.
    fn params<'a>(&'a self, limit: &'a u32) -> Vec<&'a dyn rusqlite::ToSql> {
        vec![
            limit,
            &self.from,
            &self.to,
            &self.status,
            &self.due_before_ms,
            &self.due_from,
            &self.due_to,
            &self.open,
            &self.online,
        ]
    }
}

/// Where a case lies in every order that a list can have.
struct Place {
    row: i64,
    date: String,
    entity: Vec<u8>,
    online: i64,
}

impl Read<'_> {
    /// Cases by words of name, number, phone, code, procedure or waybill, narrowed by a filter; the
    /// newest first, of work still to be done what was handed in online before that. Blank lists
    /// the newest. `after` is the last case of the page before.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn search_cases(
        &self,
        text: &str,
        filter: &Filter,
        limit: u32,
        after: Option<Uuid>,
    ) -> Result<Vec<CaseRow>> {
        let after = match after {
            Some(id) => match self.place(id)? {
                Some(place) => Some(place),
                // It is not here any more, so nothing is known to lie behind it.
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        if filter.statuses().is_some_and(|left| left.is_empty()) {
            return Ok(Vec::new());
        }
        if searches(text).is_empty() {
            self.listed(filter, limit, after)
        } else {
            self.found(text, filter, limit, after.map(|place| place.row))
        }
    }

    /// Without words: along the index that is in the order wanted, so that the walk ends with the
    /// last row wanted.
    fn listed(&self, filter: &Filter, limit: u32, after: Option<Place>) -> Result<Vec<CaseRow>> {
        if filter.is_empty() {
            let before = after.map(|place| place.row);
            return self.cases(
                "SELECT entity, doc FROM case_file WHERE row < coalesce(?2, 9223372036854775807)
                 ORDER BY row DESC LIMIT ?1",
                &[&limit, &before],
            );
        }
        let (index, holds) = filter.walk();
        let (order, behind) = if filter.is_work() {
            (
                "c.online DESC, c.date DESC, c.entity DESC",
                "(c.online, c.date, c.entity) < (?12, ?10, ?11)",
            )
        } else {
            (
                "c.date DESC, c.entity DESC",
                "(c.date, c.entity) < (?10, ?11)",
            )
        };
        let status = if index == "case_status" {
            "c.status = ?4"
        } else {
            "TRUE"
        };
        let behind = if after.is_some() { behind } else { "TRUE" };
        let sql = format!(
            "SELECT c.entity, c.doc FROM case_file AS c INDEXED BY {index}
             WHERE {holds} AND {status} AND {behind} {NARROW}
             ORDER BY {order} LIMIT ?1"
        );
        let narrow = Narrow::of(filter);
        let mut params = narrow.params(&limit);
        if let Some(place) = &after {
            params.extend([&place.date as &dyn rusqlite::ToSql, &place.entity]);
            if filter.is_work() {
                params.push(&place.online);
            }
        }
        self.cases(&sql, &params)
    }

    /// By words. Ordering by row id, not by rank: bm25 over a common name costs a second at a
    /// million cases.
    fn found(
        &self,
        text: &str,
        filter: &Filter,
        limit: u32,
        before: Option<i64>,
    ) -> Result<Vec<CaseRow>> {
        let sql = format!(
            "SELECT c.entity, c.doc FROM case_search s JOIN case_file c ON c.row = s.rowid
             WHERE case_search MATCH ?10 AND s.rowid < ?11 {NARROW}
             ORDER BY s.rowid DESC LIMIT ?1"
        );
        let mut named = filter.clone();
        if filter.from.is_some() != filter.to.is_some() {
            // A stretch that is open at one end ends with what is here.
            let (first, last) = self.days_of_cases()?;
            named.from = filter.from.or(first);
            named.to = filter.to.or(last);
        }
        let narrow = Narrow::of(filter);
        let marks = named.marks();
        if let Some(marks) = &marks
            && !self.any_case(marks)?
        {
            // Words that many cases share are gathered from all of them; not for nothing.
            return Ok(Vec::new());
        }
        let run = |query: &str, before: Option<i64>, most: u32| {
            let query = match &marks {
                Some(marks) => format!("({query}) AND {marks}"),
                None => query.to_owned(),
            };
            let before = before.unwrap_or(i64::MAX);
            let mut params = narrow.params(&most);
            params.extend([&query as &dyn rusqlite::ToSql, &before]);
            self.cases(&sql, &params)
        };
        let Some(before) = before else {
            return search_widening(text, limit as usize, |query| run(query, None, limit));
        };
        // The way of the first page is gone on with. Behind whole words that filled it come those
        // that only begin so.
        let queries = searches(text);
        let mut way = 0;
        search_widening(text, limit as usize, |query| {
            way = queries.iter().position(|q| q == query).unwrap_or(0);
            run(query, None, limit)
        })?;
        let (Some(chosen), Some(wider)) = (queries.get(way), queries.get(1)) else {
            return Ok(Vec::new());
        };
        if way > 0 {
            return run(chosen, Some(before), limit);
        }
        let others = format!("({wider}) NOT ({chosen})");
        let whole: bool = self
            .connection()
            .prepare_cached(
                "SELECT EXISTS(SELECT 1 FROM case_search WHERE case_search MATCH ?1 AND rowid = ?2)",
            )?
            .query_row(rusqlite::params![chosen, before], |r| r.get(0))?;
        if !whole {
            return run(&others, Some(before), limit);
        }
        let mut found = run(chosen, Some(before), limit)?;
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
        if left > 0 {
            found.extend(run(&others, None, left)?);
        }
        Ok(found)
    }

    /// Whether the index of words knows any case by this query.
    fn any_case(&self, query: &str) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM case_search WHERE case_search MATCH ?1)")?
            .query_row([query], |r| r.get(0))?)
    }

    /// The first and the last day on which a case was received.
    fn days_of_cases(&self) -> Result<(Option<NaiveDate>, Option<NaiveDate>)> {
        let end = |which: &str| -> Result<Option<NaiveDate>> {
            let day: Option<String> = self
                .connection()
                .prepare_cached(&format!("SELECT {which}(date) FROM case_file"))?
                .query_row([], |r| r.get(0))?;
            Ok(day.and_then(|day| day.parse().ok()))
        };
        Ok((end("min")?, end("max")?))
    }

    fn place(&self, case: Uuid) -> Result<Option<Place>> {
        Ok(self
            .connection()
            .prepare_cached("SELECT row, date, entity, online FROM case_file WHERE entity = ?1")?
            .query_row([case.as_bytes()], |r| {
                Ok(Place {
                    row: r.get(0)?,
                    date: r.get(1)?,
                    entity: r.get(2)?,
                    online: r.get(3)?,
                })
            })
            .optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_days_is_named_by_whole_months_and_the_days_beside_them() {
        let marks = |from: &str, to: &str| {
            time_marks(from.parse().expect("a day"), to.parse().expect("a day"))
                .map(|marks| marks.join(" "))
        };
        assert_eq!(
            marks("2026-07-15", "2026-07-15").as_deref(),
            Some("zqd20260715")
        );
        assert_eq!(
            marks("2026-01-30", "2026-04-02").as_deref(),
            Some("zqd20260130 zqd20260131 zqm202602 zqm202603 zqd20260401 zqd20260402")
        );
        assert_eq!(
            marks("2024-02-01", "2024-02-29").as_deref(),
            Some("zqm202402")
        );
        assert_eq!(marks("2026-07-15", "2026-07-14").as_deref(), Some(""));
        assert_eq!(marks("1900-01-01", "2026-07-14"), None);
    }

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
        for part in [OPEN, NARROW] {
            assert!(
                part.contains(&listed(CaseStatus::is_closed)),
                "{part}: {}",
                listed(CaseStatus::is_closed)
            );
        }
        assert_eq!(NARROW.matches(&listed(CaseStatus::is_closed)).count(), 2);
        assert_eq!(
            NARROW.matches(&listed(CaseStatus::is_running)).count(),
            1,
            "{}",
            listed(CaseStatus::is_running)
        );
    }
}
