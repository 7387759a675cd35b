//! Case codes for the branches that number for one agency: who holds which of a day's numbers.
//!
//! What to grant is decided by the one rule ([`motcua_protocol::lease::part`]); here stands what it
//! is decided from. Whoever parts an agency's codes holds its row, and a constraint of the database
//! keeps any two ranges apart whatever this program does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{Extension, body::Body, extract::State, http::StatusCode, response::Response};
use chrono::{Days, NaiveDate};
use deadpool_postgres::{Pool, Transaction};
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    lease::{
        DAYS_AHEAD, DAYS_BACK, DateAsk, HIGHEST, LeaseAnswer, LeaseAsk, MOST_DAYS, MOST_RANGES,
        Numbers, Whose, part,
    },
    sync::RefusedWhy,
};
use uuid::Uuid;

use crate::{
    auth::Device,
    error::Result,
    routes::{Central, body_of, fault, no, said},
};

/// Two weeks of a branch that numbered for itself before.
const LARGE: usize = 256 << 10;
/// The clocks of two machines may stand on two days.
const SLACK: u64 = 2;

/// What is said to a question.
type Answered = std::result::Result<LeaseAnswer, ApiError>;

/// Case codes for the days to come. The same question gets the same answer; it is answered after
/// the commit. Without a day it only tells that codes are parted here.
#[utoipa::path(
    post, path = "/v1/leases", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"), ),
    request_body(content = ref("#/components/schemas/LeaseAsk")),
    responses(
        (status = 200, description = "Everything that this life of the machine holds, also what it has heard of before", body = ref("#/components/schemas/LeaseAnswer")),
        (status = 400, description = "Not a question, or a day that is too far away; the field says which", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away, or the office numbers for another agency", body = ref("#/components/schemas/ApiError")),
        (status = 408, description = "It did not come in time"),
        (status = 413, description = "More than is taken at once", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn lease_codes(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    body: Body,
) -> Response {
    let body = match body_of(body, LARGE).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(ask) = serde_json::from_slice::<LeaseAsk>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    match exchange(&central.pool, device, &ask).await {
        Ok(Ok(answer)) => said(StatusCode::OK, &answer),
        Ok(Err(refusal)) => {
            let status = match refusal.code {
                Code::AgencyOther => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            };
            said(status, &refusal)
        }
        Err(error) => fault(&error),
    }
}

fn refused(code: Code, message: &str, field: impl Into<String>) -> ApiError {
    Refusal::new(code, message).at(field).into()
}

/// What cannot be a question, with the field at fault.
fn check(ask: &LeaseAsk, today: NaiveDate) -> std::result::Result<(), ApiError> {
    let wrong = |message, field: String| Err(refused(Code::ArgumentInvalid, message, field));
    if ask.dates.len() > MOST_DAYS {
        return wrong("Hỏi quá nhiều ngày một lần.", "dates".to_owned());
    }
    let first = today.checked_sub_days(Days::new(DAYS_BACK + SLACK));
    let last = today.checked_add_days(Days::new(DAYS_AHEAD + SLACK));
    let mut seen = BTreeSet::new();
    for (i, day) in ask.dates.iter().enumerate() {
        if !seen.insert(day.date) {
            return wrong("Một ngày chỉ hỏi một lần.", format!("dates[{i}].date"));
        }
        if first.is_some_and(|f| day.date < f) || last.is_some_and(|l| day.date > l) {
            return wrong(
                "Ngày cách hôm nay quá xa nên trung tâm không cấp mã hồ sơ. Mời xem lại ngày giờ của máy.",
                format!("dates[{i}].date"),
            );
        }
        for (name, ranges) in [("held", &day.held), ("given", &day.given)] {
            if ranges.len() > MOST_RANGES {
                return wrong("Có quá nhiều dải số.", format!("dates[{i}].{name}"));
            }
            if let Some(at) = ranges.iter().position(|r| !r.is_sound()) {
                return wrong(
                    "Dải số không đúng: từ 1 đến 9999.",
                    format!("dates[{i}].{name}[{at}]"),
                );
            }
        }
    }
    Ok(())
}

/// Writes down what a branch holds, grants what it needs, and says what it holds then.
pub(crate) async fn exchange(pool: &Pool, device: Device, ask: &LeaseAsk) -> Result<Answered> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let row = tx
        .query_one(
            &tx.prepare_cached(
                // What is granted is on the disk before anybody hears of it.
                "SELECT coalesce(agency, code), (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                        CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
                 FROM office WHERE office_id = $1",
            )
            .await?,
            &[&device.office],
        )
        .await?;
    let (agency, today): (String, NaiveDate) = (row.get(0), row.get(1));
    if agency != ask.agency {
        return Ok(Err(refused(
            Code::AgencyOther,
            "Trung tâm không ghi nhận chi nhánh này cấp mã hồ sơ cho mã cơ quan đó. Chưa cấp mã nào. Mời người quản trị xem lại mã cơ quan ở máy này và ở trung tâm.",
            "agency",
        )));
    }
    if let Err(error) = check(ask, today) {
        return Ok(Err(error));
    }
    let mut answer = LeaseAnswer {
        epoch: ask.epoch,
        agency,
        dates: Vec::with_capacity(ask.dates.len()),
    };
    if !ask.dates.is_empty() {
        tx.execute(
            &tx.prepare_cached(
                "INSERT INTO number_series(agency) VALUES($1) ON CONFLICT DO NOTHING",
            )
            .await?,
            &[&answer.agency],
        )
        .await?;
        tx.execute(
            &tx.prepare_cached("SELECT 1 FROM number_series WHERE agency = $1 FOR UPDATE")
                .await?,
            &[&answer.agency],
        )
        .await?;
        let days = Known::read(&tx, device, ask).await?;
        let mut forgot = false;
        for day in &ask.dates {
            let parted = part(day, days.taken(day.date), days.way(day.date));
            forgot |= parted.forgot && days.way(day.date) == 0;
            write(&tx, (device, ask), day, (&parted.given, &parted.granted)).await?;
            told(&tx, device.office, day, &parted.answer).await?;
            if parted.answer.clash {
                tracing::error!(office = device.office, date = %day.date, "one number is held by two branches");
            }
            answer.dates.push(parted.answer);
        }
        if forgot {
            tracing::warn!(
                "a branch holds codes that central does not know of: its history went back"
            );
            went_back(&tx, today).await?;
        }
    }
    tx.commit().await?;
    Ok(Ok(answer))
}

/// Notes that central's history went back, on which day.
pub(crate) async fn went_back(
    client: &impl deadpool_postgres::GenericClient,
    today: NaiveDate,
) -> Result<()> {
    client
        .execute(
            "INSERT INTO history_went_back(on_date) VALUES($1)",
            &[&today],
        )
        .await?;
    Ok(())
}

/// What is known of the days of a question.
struct Known {
    taken: BTreeMap<NaiveDate, Vec<(Numbers, Whose)>>,
    went_back: Vec<NaiveDate>,
}

impl Known {
    async fn read(tx: &Transaction<'_>, device: Device, ask: &LeaseAsk) -> Result<Self> {
        let dates: Vec<NaiveDate> = ask.dates.iter().map(|d| d.date).collect();
        let rows = tx
            .query(
                &tx.prepare_cached(
                    "SELECT business_date, lower(numbers), upper(numbers) - 1, office_id, device, epoch
                     FROM number_lease WHERE agency = $1 AND business_date = ANY($2)",
                )
                .await?,
                &[&ask.agency, &dates],
            )
            .await?;
        let mut taken: BTreeMap<NaiveDate, Vec<(Numbers, Whose)>> = BTreeMap::new();
        for row in rows {
            let number = |at| u32::try_from(row.get::<_, i32>(at)).unwrap_or(HIGHEST);
            let numbers = Numbers {
                from: number(1),
                to: number(2),
            };
            let office: i32 = row.get(3);
            let life: (Option<Uuid>, Option<i64>) = (row.get(4), row.get(5));
            let whose = match () {
                () if office != device.office => Whose::Other,
                () if life == (Some(device.device), Some(i64::from(ask.epoch))) => Whose::ThisLife,
                () => Whose::ThisBranch,
            };
            taken.entry(row.get(0)).or_default().push((numbers, whose));
        }
        let rows = tx
            .query("SELECT on_date FROM history_went_back", &[])
            .await?;
        Ok(Self {
            taken,
            went_back: rows.iter().map(|row| row.get(0)).collect(),
        })
    }

    fn taken(&self, date: NaiveDate) -> Vec<(Numbers, Whose)> {
        self.taken.get(&date).cloned().unwrap_or_default()
    }

    /// How often central's history went back while that day could be granted already.
    fn way(&self, date: NaiveDate) -> u32 {
        let open = date.checked_sub_days(Days::new(DAYS_AHEAD + SLACK));
        let since = |on: &&NaiveDate| open.is_none_or(|open| **on >= open);
        u32::try_from(self.went_back.iter().filter(since).count()).unwrap_or(u32::MAX)
    }
}

async fn write(
    tx: &Transaction<'_>,
    (device, ask): (Device, &LeaseAsk),
    day: &DateAsk,
    (given, granted): (&[Numbers], &[Numbers]),
) -> Result<()> {
    let life = (Some(device.device), Some(i64::from(ask.epoch)));
    for (ranges, (machine, epoch)) in [(given, (None, None)), (granted, life)] {
        if ranges.is_empty() {
            continue;
        }
        let signed = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let from: Vec<i32> = ranges.iter().map(|n| signed(n.from)).collect();
        let to: Vec<i32> = ranges.iter().map(|n| signed(n.to)).collect();
        tx.execute(
            &tx.prepare_cached(
                "INSERT INTO number_lease(agency, business_date, numbers, office_id, device, epoch)
                 SELECT $1, $2, int4range(r.first_n, r.last_n, '[]'), $3, $4, $5
                 FROM unnest($6::integer[], $7::integer[]) AS r(first_n, last_n)",
            )
            .await?,
            &[
                &ask.agency,
                &day.date,
                &device.office,
                &machine,
                &epoch,
                &from,
                &to,
            ],
        )
        .await?;
    }
    Ok(())
}

/// What the branch has of a day, for those who run central.
async fn told(
    tx: &Transaction<'_>,
    office: i32,
    day: &DateAsk,
    answer: &motcua_protocol::lease::DateGrant,
) -> Result<()> {
    let granted: u32 = answer.ranges.iter().map(|n| n.count()).sum();
    let left = granted.saturating_sub(day.taken);
    let signed = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    tx.execute(
        &tx.prepare_cached(
            "INSERT INTO number_told(office_id, business_date, granted, left_n, clash) VALUES($1, $2, $3, $4, $5)
             ON CONFLICT(office_id, business_date) DO UPDATE SET granted = excluded.granted, left_n = excluded.left_n,
               clash = number_told.clash OR excluded.clash, told_at = now()
             WHERE (number_told.granted, number_told.left_n) <> (excluded.granted, excluded.left_n) OR excluded.clash",
        )
        .await?,
        &[&office, &day.date, &signed(granted), &signed(left), &answer.clash],
    )
    .await?;
    Ok(())
}
