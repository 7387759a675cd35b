//! How the installation stands: figures out of the database, the same from every copy of the
//! program. No name of a citizen is among them.

use chrono::{DateTime, NaiveDate, Utc};
use deadpool_postgres::{Client, Pool};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::words;
use crate::{
    downstream::{OFFICE_UNMAPPED, System},
    error::Result,
    figures::{self, OfOffice},
};

/// Records that are listed one by one, oldest first; the counts speak of all.
const MOST_RECORDS: i64 = 200;
/// Machines that are listed.
const MOST_MACHINES: i64 = 2_000;

/// How the installation stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Overview {
    /// When this was so.
    pub(crate) at: DateTime<Utc>,
    /// Names the history of this installation.
    pub(crate) server_epoch: Uuid,
    /// How much comes in.
    pub(crate) received: Received,
    /// Every office, by its code.
    pub(crate) offices: Vec<Office>,
    /// Today's figures of every office, by its code.
    pub(crate) today: Vec<OfOffice>,
    /// Every machine, by office and in the order in which they joined.
    pub(crate) machines: Vec<Machine>,
    /// What is held back, counted by reason.
    pub(crate) reasons: Vec<Reason>,
    /// The oldest of what is held back, one by one.
    pub(crate) held: Vec<Held>,
    /// How it goes on to the national portal.
    pub(crate) portal: Onward,
    /// How it goes on to a ministry's system.
    pub(crate) ministry: Onward,
    /// How registers are looked up.
    pub(crate) lookups: Vec<super::lookups::Register>,
    /// Case codes of every agency whose branches have any from here, by its code.
    pub(crate) agencies: Vec<Agency>,
}

/// The case codes of an agency: today, and the day on which fewest are left.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Agency {
    /// Agency code.
    pub(crate) code: String,
    /// Branches that hold codes of it.
    pub(crate) branches: u64,
    /// Codes of today that somebody holds.
    pub(crate) today: u64,
    /// Codes of today that nobody holds.
    pub(crate) rest: u64,
    /// The day, of those to come, on which fewest are left.
    pub(crate) tightest: Option<NaiveDate>,
    /// How many are left then.
    pub(crate) tightest_rest: Option<u64>,
    /// At most a fifth is left on some day.
    pub(crate) low: bool,
}

/// How it goes on to a system beyond.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Onward {
    /// How the line stands; none where no copy of the program was told where the system is.
    pub(crate) line: Option<Line>,
    /// Offices that use it, as the file of settings names them.
    pub(crate) offices: Vec<String>,
    /// Cases of which something is still to be told.
    pub(crate) waiting: u64,
    /// Since when the first of them waits.
    pub(crate) oldest: Option<DateTime<Utc>>,
    /// Cases among them that were refused.
    pub(crate) refused: u64,
    /// Offices that the settings do not name, with how many of their cases wait for that.
    pub(crate) unmapped: Vec<Unmapped>,
    /// The others that were refused, the longest waiting first.
    pub(crate) refusals: Vec<Refusal>,
}

/// An office that the settings of a system do not name: all of its cases wait for one thing.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unmapped {
    pub(crate) office: String,
    /// Stable code.
    pub(crate) code: &'static str,
    /// The same in words.
    pub(crate) text: String,
    /// Its cases that wait.
    pub(crate) cases: u64,
    pub(crate) since: DateTime<Utc>,
    /// When one of them is tried again.
    pub(crate) next_at: DateTime<Utc>,
}

/// A line to a system beyond.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Line {
    /// The last answer, whatever it said.
    pub(crate) heard_at: Option<DateTime<Utc>>,
    /// Since when it cannot be reached; none while it can.
    pub(crate) away_since: Option<DateTime<Utc>>,
    /// Why: a stable code.
    pub(crate) code: Option<String>,
    /// The same in words.
    pub(crate) text: Option<String>,
    /// What the other side said.
    pub(crate) detail: Option<String>,
    /// When it is tried next.
    pub(crate) next_at: Option<DateTime<Utc>>,
}

/// A case that was not taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Refusal {
    pub(crate) office: String,
    /// Case code; none where there is no such case any more.
    pub(crate) case: Option<String>,
    /// Stable code.
    pub(crate) code: String,
    /// The same in words.
    pub(crate) text: String,
    /// What the other side said.
    pub(crate) detail: String,
    pub(crate) tries: u64,
    pub(crate) since: DateTime<Utc>,
    pub(crate) next_at: DateTime<Utc>,
}

/// Events stored lately.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Received {
    pub(crate) last_minute: u64,
    pub(crate) last_hour: u64,
    pub(crate) last_day: u64,
}

/// One office.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Office {
    /// Agency code.
    pub(crate) code: String,
    /// Machines that may send.
    pub(crate) machines: u64,
    /// When any of them was last heard.
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// What they said they had not sent yet, all together.
    pub(crate) unsent: Option<u64>,
    /// When the oldest of that was written, by the clock of whoever wrote it.
    pub(crate) oldest_unsent: Option<DateTime<Utc>>,
    /// Events stored within the last hour.
    pub(crate) last_hour: u64,
    /// Events that wait for others, or for a newer program.
    pub(crate) parked: u64,
    /// Events that wait for a person.
    pub(crate) quarantined: u64,
    /// Case codes of today that it was granted, as it said last.
    pub(crate) codes: Option<u64>,
    /// How many of them its hub can still give out.
    pub(crate) codes_left: Option<u64>,
    /// A number that it holds or gave out is another branch's too.
    pub(crate) codes_clash: bool,
}

/// One machine.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Machine {
    pub(crate) office: String,
    pub(crate) device: Uuid,
    pub(crate) name: String,
    pub(crate) enrolled_at: DateTime<Utc>,
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// When it last said what it had not sent; a machine of an older version does not.
    pub(crate) told_at: Option<DateTime<Utc>>,
    pub(crate) unsent: Option<u64>,
    pub(crate) oldest_unsent: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

/// Events that are held back for one reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reason {
    /// `parked` or `quarantined`.
    pub(crate) status: String,
    /// Stable code.
    pub(crate) code: String,
    /// The same in words.
    pub(crate) text: &'static str,
    pub(crate) events: u64,
    pub(crate) oldest: DateTime<Utc>,
}

/// An event that is held back.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Held {
    pub(crate) office: String,
    /// Whose log it stands in.
    pub(crate) device: Uuid,
    /// Its name, where that machine joined here by itself.
    pub(crate) machine: Option<String>,
    pub(crate) event: Uuid,
    /// What kind of event.
    pub(crate) kind: Option<String>,
    pub(crate) status: String,
    pub(crate) code: String,
    pub(crate) since: DateTime<Utc>,
}

/// Reads everything, as of one moment.
pub(crate) async fn overview(pool: &Pool) -> Result<Overview> {
    let client = pool.get().await?;
    client
        .batch_execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let read = read(&client).await;
    // The connection goes back to the pool as it was, also after a fault.
    client.batch_execute("ROLLBACK").await?;
    read
}

async fn read(client: &Client) -> Result<Overview> {
    let row = client
        .query_one("SELECT now(), server_epoch FROM installation", &[])
        .await?;
    let (at, server_epoch) = (row.get(0), row.get(1));
    Ok(Overview {
        at,
        server_epoch,
        received: received(client).await?,
        offices: offices(client).await?,
        today: figures::of_all(client, figures::today()).await?,
        machines: machines(client).await?,
        reasons: reasons(client).await?,
        held: held(client).await?,
        portal: onward(client, System::Portal).await?,
        ministry: onward(client, System::Ministry).await?,
        lookups: super::lookups::read(client).await?,
        agencies: agencies(client).await?,
    })
}

pub(super) fn count(row: &tokio_postgres::Row, at: usize) -> u64 {
    row.get::<_, i64>(at).unsigned_abs()
}

fn some(row: &tokio_postgres::Row, at: usize) -> Option<u64> {
    row.get::<_, Option<i64>>(at).map(i64::unsigned_abs)
}

async fn received(client: &Client) -> Result<Received> {
    let row = client
        .query_one(
            "SELECT count(*) FILTER (WHERE received_at > now() - interval '1 minute'),
                    count(*) FILTER (WHERE received_at > now() - interval '1 hour'), count(*)
             FROM event_log WHERE received_at > now() - interval '1 day'",
            &[],
        )
        .await?;
    Ok(Received {
        last_minute: count(&row, 0),
        last_hour: count(&row, 1),
        last_day: count(&row, 2),
    })
}

async fn offices(client: &Client) -> Result<Vec<Office>> {
    let rows = client
        .query(
            "SELECT o.code, d.machines, d.seen_at, d.unsent, d.oldest_unsent,
                    coalesce(e.events, 0), coalesce(v.parked, 0), coalesce(v.quarantined, 0),
                    n.granted::bigint, n.left_n::bigint, coalesce(c.clash, false)
             FROM office o
             LEFT JOIN number_told n ON n.office_id = o.office_id AND n.business_date = (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
             LEFT JOIN (SELECT office_id, bool_or(clash) AS clash FROM number_told GROUP BY office_id) c ON c.office_id = o.office_id
             CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE revoked_at IS NULL) AS machines, max(seen_at) AS seen_at,
                      (sum(unsent) FILTER (WHERE revoked_at IS NULL))::bigint AS unsent,
                      min(oldest_unsent) FILTER (WHERE revoked_at IS NULL) AS oldest_unsent
               FROM device WHERE office_id = o.office_id) d
             LEFT JOIN (
               SELECT office_id, count(*) AS events FROM event_log
               WHERE received_at > now() - interval '1 hour' GROUP BY office_id) e ON e.office_id = o.office_id
             LEFT JOIN (
               SELECT office_id, count(*) FILTER (WHERE status = 'parked') AS parked,
                      count(*) FILTER (WHERE status = 'quarantined') AS quarantined
               FROM verdict GROUP BY office_id) v ON v.office_id = o.office_id
             ORDER BY o.code",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Office {
            code: row.get(0),
            machines: count(row, 1),
            seen_at: row.get(2),
            unsent: some(row, 3),
            oldest_unsent: row.get(4),
            last_hour: count(row, 5),
            parked: count(row, 6),
            quarantined: count(row, 7),
            codes: some(row, 8),
            codes_left: some(row, 9),
            codes_clash: row.get(10),
        })
        .collect())
}

async fn machines(client: &Client) -> Result<Vec<Machine>> {
    let rows = client
        .query(
            "SELECT o.code, d.device, d.name, d.enrolled_at, d.seen_at, d.told_at, d.unsent, d.oldest_unsent, d.revoked_at
             FROM device d JOIN office o USING(office_id)
             ORDER BY o.code, d.enrolled_at, d.device LIMIT $1",
            &[&MOST_MACHINES],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Machine {
            office: row.get(0),
            device: row.get(1),
            name: row.get(2),
            enrolled_at: row.get(3),
            seen_at: row.get(4),
            told_at: row.get(5),
            unsent: some(row, 6),
            oldest_unsent: row.get(7),
            revoked_at: row.get(8),
        })
        .collect())
}

async fn reasons(client: &Client) -> Result<Vec<Reason>> {
    let rows = client
        .query(
            "SELECT status, code, count(*), min(since) FROM verdict
             GROUP BY status, code ORDER BY status DESC, min(since)",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Reason {
            text: words::reason(row.get(1)),
            status: row.get(0),
            code: row.get(1),
            events: count(row, 2),
            oldest: row.get(3),
        })
        .collect())
}

async fn held(client: &Client) -> Result<Vec<Held>> {
    let rows = client
        .query(
            "SELECT o.code, v.device, d.name, v.event_id, e.kind, v.status, v.code, v.since
             FROM (SELECT * FROM verdict ORDER BY status DESC, since, event_id LIMIT $1) v
             JOIN office o USING(office_id)
             LEFT JOIN device d ON d.device = v.device
             LEFT JOIN LATERAL (
               SELECT kind FROM event_log WHERE office_id = v.office_id AND event_id = v.event_id LIMIT 1) e ON true
             ORDER BY v.status DESC, v.since, v.event_id",
            &[&MOST_RECORDS],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Held {
            office: row.get(0),
            device: row.get(1),
            machine: row.get(2),
            event: row.get(3),
            kind: row.get(4),
            status: row.get(5),
            code: row.get(6),
            since: row.get(7),
        })
        .collect())
}

async fn onward(client: &Client, system: System) -> Result<Onward> {
    let name = system.name();
    let line = client
        .query_opt(
            "SELECT heard_at, since, code, detail, CASE WHEN tries > 0 THEN next_at END FROM downstream_line WHERE system = $1",
            &[&name],
        )
        .await?;
    let row = client
        .query_one(
            "SELECT count(*), min(since), count(*) FILTER (WHERE code IS NOT NULL AND code <> ALL($1))
             FROM downstream_case WHERE waiting AND system = $2",
            &[&words::AWAY, &name],
        )
        .await?;
    let refusals = client
        .query(
            "SELECT o.code, c.code, d.code, d.detail, d.tries, d.since, d.next_at
             FROM downstream_case d JOIN office o USING(office_id) LEFT JOIN case_file c USING(office_id, id)
             WHERE d.waiting AND d.system = $3 AND d.code IS NOT NULL AND d.code <> ALL($1) AND d.code <> $4
             ORDER BY d.since, d.id LIMIT $2",
            &[&words::AWAY, &MOST_RECORDS, &name, &OFFICE_UNMAPPED],
        )
        .await?;
    let unmapped = client
        .query(
            "SELECT o.code, count(*), min(d.since), min(d.next_at)
             FROM downstream_case d JOIN office o USING(office_id)
             WHERE d.waiting AND d.system = $1 AND d.code = $2 GROUP BY o.code ORDER BY o.code",
            &[&name, &OFFICE_UNMAPPED],
        )
        .await?;
    let offices = client
        .query(
            "SELECT office FROM downstream_use WHERE system = $1 ORDER BY office",
            &[&name],
        )
        .await?;
    Ok(Onward {
        line: line.map(|row| {
            let code: Option<String> = row.get(2);
            Line {
                heard_at: row.get(0),
                away_since: row.get(1),
                text: code.as_deref().map(|code| words::refusal(code, system)),
                code,
                detail: row.get(3),
                next_at: row.get(4),
            }
        }),
        offices: offices.iter().map(|row| row.get(0)).collect(),
        waiting: count(&row, 0),
        oldest: row.get(1),
        refused: count(&row, 2),
        unmapped: unmapped
            .iter()
            .map(|row| Unmapped {
                office: row.get(0),
                code: OFFICE_UNMAPPED,
                text: words::refusal(OFFICE_UNMAPPED, system),
                cases: count(row, 1),
                since: row.get(2),
                next_at: row.get(3),
            })
            .collect(),
        refusals: refusals
            .iter()
            .map(|row| Refusal {
                office: row.get(0),
                case: row.get(1),
                text: words::refusal(row.get(2), system),
                code: row.get(2),
                detail: row.get::<_, Option<String>>(3).unwrap_or_default(),
                tries: u64::from(row.get::<_, i32>(4).unsigned_abs()),
                since: row.get(5),
                next_at: row.get(6),
            })
            .collect(),
    })
}

/// Of four digits.
const CODES: u64 = motcua_protocol::lease::HIGHEST as u64;

async fn agencies(client: &Client) -> Result<Vec<Agency>> {
    let rows = client
        .query(
            "WITH day AS (
               SELECT agency, business_date, sum(upper(numbers) - lower(numbers))::bigint AS held
               FROM number_lease WHERE business_date >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
               GROUP BY agency, business_date)
             SELECT s.agency,
               (SELECT count(DISTINCT office_id) FROM number_lease WHERE agency = s.agency),
               coalesce((SELECT held FROM day WHERE agency = s.agency AND business_date = (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date), 0),
               d.business_date, d.held
             FROM number_series s
             LEFT JOIN LATERAL (
               SELECT business_date, held FROM day WHERE agency = s.agency ORDER BY held DESC, business_date LIMIT 1) d ON true
             ORDER BY s.agency",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let today = count(row, 2);
            let tightest_rest = some(row, 4).map(|held| CODES.saturating_sub(held));
            Agency {
                code: row.get(0),
                branches: count(row, 1),
                today,
                rest: CODES.saturating_sub(today),
                tightest: row.get(3),
                tightest_rest,
                low: tightest_rest.is_some_and(|rest| rest * 5 <= CODES),
            }
        })
        .collect())
}
