//! The figures of an office, by day: what the branch itself says of its day (`day.figures`), by the
//! same pure code, from what central has folded. No name of a citizen is among them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use deadpool_postgres::{Client, GenericClient, Pool};
use motcua_domain::{
    Code, Refusal,
    visit::{
        Visit,
        figures::{DayFigures, Sample, SampleKind, day},
    },
};
use motcua_protocol::Time;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    branch,
    error::{Error, Result},
};

/// Most days of one question: a year.
const MOST_DAYS: u64 = 366;

/// Figures of some days of an office.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OfficeFigures {
    /// Agency code.
    pub(crate) office: String,
    /// As the branch calls itself; none where it has not told.
    pub(crate) name: Option<String>,
    /// When this was so.
    pub(crate) at: DateTime<Utc>,
    /// What its machines said they had not sent yet: so much may be missing in these figures.
    pub(crate) unsent: Option<u64>,
    /// First day.
    pub(crate) from: NaiveDate,
    /// Last day.
    pub(crate) to: NaiveDate,
    /// Cases, whenever they were received, whose time has run out and which are still worked on.
    pub(crate) overdue: u64,
    /// All the days together.
    pub(crate) all: Figures,
    /// The days on which there was anything, in their order.
    pub(crate) days: Vec<Day>,
}

/// Figures of a day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FiguresOfDay")]
pub(crate) struct Day {
    /// The day.
    pub(crate) date: NaiveDate,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Figures, named as the branch names them.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Figures {
    /// Visits registered, without those made in error.
    pub(crate) registered: u32,
    /// Cases received.
    pub(crate) cases: u64,
    /// Cases of which the citizen got the result.
    pub(crate) returned: u64,
    /// Waiting figures of the visits.
    #[serde(flatten)]
    pub(crate) waits: DayFigures,
}

/// One office among all, on one day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FiguresOfOffice")]
pub(crate) struct OfOffice {
    /// Agency code.
    pub(crate) office: String,
    /// As the branch calls itself; none where it has not told.
    pub(crate) name: Option<String>,
    /// Cases whose time has run out and which are still worked on.
    pub(crate) overdue: u64,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// From when to when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    from: NaiveDate,
    to: NaiveDate,
}

impl Span {
    /// A question as it was asked: today where nothing is said, one day where one is.
    ///
    /// # Errors
    /// `DATE_INVALID` where it ends before it begins, is longer than a year, or is of no year in
    /// which there were records.
    pub(crate) fn asked(
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        today: NaiveDate,
    ) -> std::result::Result<Self, Refusal> {
        let from = from.or(to).unwrap_or(today);
        let to = to.unwrap_or(from);
        let last = from.checked_add_days(Days::new(MOST_DAYS - 1));
        let known = |date: NaiveDate| (2000..=9999).contains(&date.year());
        if to < from || last.is_none_or(|last| to > last) || !known(from) || !known(to) {
            return Err(Refusal::new(
                Code::DateInvalid,
                "Ngày đầu phải trước hoặc cùng ngày cuối, và nhiều nhất 366 ngày. Mời xem lại khoảng ngày.",
            )
            .at("to"));
        }
        Ok(Self { from, to })
    }
}

/// Today, by the clocks of Vietnam.
pub(crate) fn today() -> NaiveDate {
    Time::from_ms(crate::routes::now_ms()).date()
}

/// What counts of one day, before it is summed up.
#[derive(Debug, Default, Clone)]
struct Counted {
    samples: Vec<Sample>,
    registered: u32,
    cases: u64,
    returned: u64,
}

impl Counted {
    fn figures(self, targets: &[u32]) -> Figures {
        Figures {
            registered: self.registered,
            cases: self.cases,
            returned: self.returned,
            waits: day(self.samples, targets),
        }
    }

    fn add(&mut self, other: &Self) {
        self.samples.extend_from_slice(&other.samples);
        self.registered += other.registered;
        self.cases += other.cases;
        self.returned += other.returned;
    }
}

/// Figures of an office; none where there is no such office.
pub(crate) async fn of_office(
    pool: &Pool,
    office: &str,
    span: Span,
) -> Result<Option<OfficeFigures>> {
    let mut client = pool.get().await?;
    let tx = snapshot(&mut client).await?;
    let sql = "SELECT o.office_id, now(), (SELECT sum(d.unsent)::bigint FROM device d WHERE d.office_id = o.office_id AND d.revoked_at IS NULL)
               FROM office o WHERE o.code = $1";
    let Some(row) = tx.query_opt(sql, &[&office]).await? else {
        return Ok(None);
    };
    let (id, at): (i32, DateTime<Utc>) = (row.get(0), row.get(1));
    let known = branch::known(&tx, id).await?;
    let targets = known.targets();
    let mut days: BTreeMap<NaiveDate, Counted> = BTreeMap::new();
    for ((_, date), counted) in counted(&tx, &[id], span, at).await? {
        days.insert(date, counted);
    }
    let mut all = Counted::default();
    for counted in days.values() {
        all.add(counted);
    }
    let overdue = overdue(&tx, &[id], at).await?;
    Ok(Some(OfficeFigures {
        office: office.to_owned(),
        name: known.branch.map(|branch| branch.office.name),
        at,
        unsent: row.get::<_, Option<i64>>(2).map(i64::unsigned_abs),
        from: span.from,
        to: span.to,
        overdue: overdue.get(&id).copied().unwrap_or_default(),
        all: all.figures(&targets),
        days: days
            .into_iter()
            .map(|(date, counted)| Day {
                date,
                figures: counted.figures(&targets),
            })
            .collect(),
    }))
}

/// Figures of every office on one day, by its code.
pub(crate) async fn of_all(client: &Client, date: NaiveDate) -> Result<Vec<OfOffice>> {
    let offices = client
        .query(
            "SELECT office_id, code, now() FROM office ORDER BY code",
            &[],
        )
        .await?;
    let Some(at) = offices.first().map(|row| row.get(2)) else {
        return Ok(Vec::new());
    };
    let ids: Vec<i32> = offices.iter().map(|row| row.get(0)).collect();
    let span = Span {
        from: date,
        to: date,
    };
    let mut counted = counted(client, &ids, span, at).await?;
    let overdue = overdue(client, &ids, at).await?;
    let mut all = Vec::with_capacity(offices.len());
    for row in offices {
        let id: i32 = row.get(0);
        let known = branch::known(client, id).await?;
        let counted = counted.remove(&(id, date)).unwrap_or_default();
        all.push(OfOffice {
            office: row.get(1),
            overdue: overdue.get(&id).copied().unwrap_or_default(),
            figures: counted.figures(&known.targets()),
            name: known.branch.map(|branch| branch.office.name),
        });
    }
    Ok(all)
}

/// Everything as of one moment.
async fn snapshot(client: &mut Client) -> Result<deadpool_postgres::Transaction<'_>> {
    let tx = client.build_transaction().read_only(true);
    Ok(tx
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .start()
        .await?)
}

/// What counts, by office and day.
async fn counted(
    client: &impl GenericClient,
    offices: &[i32],
    Span { from, to }: Span,
    at: DateTime<Utc>,
) -> Result<BTreeMap<(i32, NaiveDate), Counted>> {
    let mut days: BTreeMap<(i32, NaiveDate), Counted> = BTreeMap::new();
    // The index is in this order; documents are read only of who is still here.
    let statement = client
        .prepare_cached(
            "SELECT office_id, date, sample, wait_ms, accurate, ticket <> '', CASE WHEN sample IS NULL THEN doc END
             FROM visit WHERE office_id = ANY($1) AND date BETWEEN $2 AND $3",
        )
        .await?;
    for row in client.query(&statement, &[&offices, &from, &to]).await? {
        let of = days.entry((row.get(0), row.get(1))).or_default();
        let kind: Option<&str> = row.get(2);
        let (sample, registered) = match kind.and_then(SampleKind::of_name) {
            Some(kind) => {
                let sample = Sample {
                    wait_ms: row.get(3),
                    kind,
                    accurate: row.get(4),
                };
                (Some(sample), row.get(5))
            }
            None => {
                let doc: Option<&str> = row.get(6);
                let doc = doc.ok_or(Error::Damaged("sample of a visit"))?;
                let visit: Visit = serde_json::from_str(doc)?;
                // No clock here runs with those of the branch.
                let now = visit.effective_ms((at.timestamp_millis(), Uuid::max(), 0));
                let sample = Sample::settled(&visit);
                let sample = sample.or_else(|| Sample::still_waiting(&visit, now));
                (sample, visit.is_registered())
            }
        };
        of.samples.extend(sample);
        of.registered += u32::from(registered);
    }
    let statement = client
        .prepare_cached(
            // A row of an older program does not say its day; its clock does. The two are never
            // further apart than a day, and the index is one of clocks.
            "SELECT office_id, day, count(*) FROM (
               SELECT office_id, coalesce(received_on, (to_timestamp(received_ms / 1000) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AS day
               FROM case_file WHERE office_id = ANY($1)
                 AND received_ms BETWEEN (extract(epoch FROM $2::date - 2) * 1000)::bigint AND (extract(epoch FROM $3::date + 3) * 1000)::bigint) c
             WHERE day BETWEEN $2 AND $3 GROUP BY office_id, day",
        )
        .await?;
    for row in client.query(&statement, &[&offices, &from, &to]).await? {
        let of = days.entry((row.get(0), row.get(1))).or_default();
        of.cases = row.get::<_, i64>(2).unsigned_abs();
    }
    let statement = client
        .prepare_cached(
            "SELECT office_id, returned_on, count(*) FROM case_file
             WHERE office_id = ANY($1) AND returned_on BETWEEN $2 AND $3 GROUP BY office_id, returned_on",
        )
        .await?;
    for row in client.query(&statement, &[&offices, &from, &to]).await? {
        let of = days.entry((row.get(0), row.get(1))).or_default();
        of.returned = row.get::<_, i64>(2).unsigned_abs();
    }
    Ok(days)
}

/// Cases whose time has run out, by office. A test holds the statuses together with
/// [`motcua_domain::case::CaseStatus::is_running`].
async fn overdue(
    client: &impl GenericClient,
    offices: &[i32],
    at: DateTime<Utc>,
) -> Result<BTreeMap<i32, u64>> {
    let statement = client
        .prepare_cached(
            "SELECT office_id, count(*) FROM case_file
             WHERE office_id = ANY($1) AND status IN ('received', 'processing') AND due_ms < $2 GROUP BY office_id",
        )
        .await?;
    let rows = client
        .query(&statement, &[&offices, &at.timestamp_millis()])
        .await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs()))
        .collect())
}
