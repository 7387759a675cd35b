//! What the departments that settle cases say of them. It comes in here and goes down to the
//! branch as an event like any other: central writes it into a log of its own for the office, which
//! the branch reads with the feed. So it is stored, ordered, folded and told onwards by the same
//! rules, arrives once however often it is said, and stands in the case's history in words.

use std::sync::Arc;

use axum::{
    body::Body as Sent,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::NaiveDate;
use deadpool_postgres::{Client, Pool};
use motcua_domain::{
    Code, Refusal,
    case::{CaseEvent, DepartmentReport, DepartmentStep, ResultPaperNote},
    text::{self, limit},
};
use motcua_protocol::{
    ApiError,
    event::{Body, Dep, Header},
    sync::{RefusedWhy, Sealed},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth,
    error::{Error, Result},
    ingest,
    routes::{Central, SMALL, body_of, fault, no, now_ms, said},
};

const TOKEN: &str = "motcua central department token 1";
/// Two that write for one office at the same time come one after the other.
const TRIES: usize = 8;

/// What a department says of a case.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Report {
    /// Made by whoever says it: the same again does nothing.
    pub(crate) report_id: Uuid,
    /// Case code.
    pub(crate) case_code: String,
    /// How far it is.
    pub(crate) step: DepartmentStep,
    /// Who settled it there.
    #[serde(default)]
    pub(crate) by: Option<String>,
    /// Notes; the reason, where work on it was stopped.
    #[serde(default)]
    pub(crate) note: Option<String>,
    /// The result.
    #[serde(default)]
    pub(crate) result: ResultPaperNote,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reported {
    /// The case.
    pub(crate) case_id: Uuid,
    /// Where it stands now. What is not possible there any more stands in its history, set aside.
    pub(crate) status: String,
}

/// Who speaks.
#[derive(Debug)]
pub(crate) struct Department {
    pub(crate) office: i32,
    pub(crate) name: String,
}

/// Lets a department speak for an office's cases; its token, which is kept nowhere.
pub(crate) async fn token(pool: &Pool, office: i32, name: &str) -> Result<String> {
    let token = format!("{}{}", auth::fresh_code()?, auth::fresh_code()?);
    pool.get()
        .await?
        .execute(
            "INSERT INTO department(token_hash, office_id, name) VALUES($1, $2, $3)",
            &[&&auth::hash_of(TOKEN, &token)[..], &office, &name],
        )
        .await?;
    Ok(token)
}

/// Takes a department's access away; how many tokens it had.
pub(crate) async fn revoke(pool: &Pool, office: i32, name: &str) -> Result<u64> {
    Ok(pool
        .get()
        .await?
        .execute(
            "UPDATE department SET revoked_at = now() WHERE office_id = $1 AND name = $2 AND revoked_at IS NULL",
            &[&office, &name],
        )
        .await?)
}

async fn department(client: &Client, headers: &HeaderMap) -> Result<Option<Department>> {
    let text = headers.get("authorization").and_then(|v| v.to_str().ok());
    let Some(token) = text.and_then(|v| v.strip_prefix("Bearer ")) else {
        return Ok(None);
    };
    let row = client
        .query_opt(
            "SELECT office_id, name FROM department WHERE token_hash = $1 AND revoked_at IS NULL",
            &[&&auth::hash_of(TOKEN, token)[..]],
        )
        .await?;
    Ok(row.map(|row| Department {
        office: row.get(0),
        name: row.get(1),
    }))
}

/// A department says how far a case is. The branch is told with its next session.
#[utoipa::path(
    post, path = "/v1/departments/reports", tag = "departments", security(("department" = [])),
    request_body(content = ref("#/components/schemas/Report")),
    responses(
        (status = 200, description = "Recorded", body = ref("#/components/schemas/Reported")),
        (status = 400, description = "A field is wrong; it is named", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No token, or one whose access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 404, description = "No case of this office has that code", body = ref("#/components/schemas/ApiError")),
        (status = 408, description = "It did not come in time"),
        (status = 413, description = "More than is taken at once", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn post_report(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    body: Sent,
) -> Response {
    match answer(&central, &headers, body).await {
        Ok(response) | Err(No::Said(response)) => response,
        Err(No::Fault(error)) => fault(&error),
    }
}

enum No {
    Said(Response),
    Fault(Error),
}

impl<E: Into<Error>> From<E> for No {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

async fn answer(
    central: &Central,
    headers: &HeaderMap,
    body: Sent,
) -> std::result::Result<Response, No> {
    let mut client = central.pool.get().await?;
    let Some(department) = department(&client, headers).await? else {
        return Err(No::Said(no(RefusedWhy::Unauthorized)));
    };
    let body = body_of(body, SMALL).await.map_err(No::Said)?;
    let report = match serde_json::from_slice::<Report>(&body) {
        Ok(report) => report,
        Err(error) => {
            let text = format!("Không đọc được báo cáo: {error}.");
            let refusal = Refusal::new(Code::ArgumentInvalid, text);
            return Ok(said(StatusCode::BAD_REQUEST, &ApiError::from(refusal)));
        }
    };
    Ok(match record(&mut client, &department, &report).await? {
        Ok(reported) => {
            central.told_news();
            said(StatusCode::OK, &reported)
        }
        Err(refusal) => {
            let status = match refusal.code {
                Code::NotFound => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            said(status, &ApiError::from(refusal))
        }
    })
}

/// What a report says, as it goes into the log.
fn clean(name: &str, report: &Report) -> std::result::Result<DepartmentReport, Refusal> {
    let optional = |value: &Option<String>, most, field: &str| {
        text::optional(value.as_deref(), most).map_err(|r| r.at(field))
    };
    let result = &report.result;
    let event = DepartmentReport {
        department: name.to_owned(),
        step: report.step,
        by: optional(&report.by, limit::NAME, "by")?,
        note: optional(&report.note, limit::NOTE, "note")?,
        result: ResultPaperNote {
            kind: optional(&result.kind, limit::NOTE, "result.kind")?,
            number: optional(&result.number, limit::NOTE, "result.number")?,
            summary: optional(&result.summary, limit::NOTE, "result.summary")?,
        },
    };
    if event.step == DepartmentStep::Stopped && event.note.is_none() {
        let text = "Dừng xử lý cần ghi lý do. Mời nhập lý do.";
        return Err(Refusal::new(Code::FieldRequired, text).at("note"));
    }
    Ok(event)
}

/// Records what a department says of a case of its office.
pub(crate) async fn record(
    client: &mut Client,
    department: &Department,
    report: &Report,
) -> Result<std::result::Result<Reported, Refusal>> {
    let event = match clean(&department.name, report) {
        Ok(event) => event,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let code = match text::line(&report.case_code, limit::SEARCH) {
        Ok(code) => code,
        Err(refusal) => return Ok(Err(refusal.at("case_code"))),
    };
    let office = department.office;
    let case = client
        .query_opt(
            "SELECT id FROM case_file WHERE office_id = $1 AND code = $2 ORDER BY id LIMIT 1",
            &[&office, &code],
        )
        .await?;
    let Some(case_id) = case.map(|row| row.get::<_, Uuid>(0)) else {
        let text = "Trung tâm không có hồ sơ nào của đơn vị mang mã này. Mời xem lại mã hồ sơ.";
        return Ok(Err(Refusal::new(Code::NotFound, text).at("case_code")));
    };
    let (kind, bytes) = Body::Case(CaseEvent::Reported(event)).encode()?;
    let said_by = (report.report_id, department.name.as_str());
    write(client, office, case_id, said_by, (&kind, &bytes)).await?;
    let row = client
        .query_one(
            "SELECT status FROM case_file WHERE office_id = $1 AND id = $2",
            &[&office, &case_id],
        )
        .await?;
    Ok(Ok(Reported {
        case_id,
        status: row.get(0),
    }))
}

/// Appends to central's own log of an office, unless that was written before.
async fn write(
    client: &mut Client,
    office: i32,
    entity: Uuid,
    (event_id, actor): (Uuid, &str),
    (kind, body): (&str, &[u8]),
) -> Result<()> {
    for _ in 0..TRIES {
        let row = client
            .query_one(
                // After central's history went back its log goes on in another epoch.
                "SELECT o.own_log, 1 + (SELECT count(*) FROM history_went_back),
                        (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date,
                        EXISTS(SELECT 1 FROM event_log WHERE office_id = $1 AND event_id = $2)
                 FROM office o WHERE o.office_id = $1",
                &[&office, &event_id],
            )
            .await?;
        if row.get(3) {
            return Ok(());
        }
        let (device, epoch, date): (Uuid, i64, NaiveDate) = (row.get(0), row.get(1), row.get(2));
        let head = client
            .query_opt(
                "SELECT seq, hash FROM device_head WHERE office_id = $1 AND device = $2 AND epoch = $3",
                &[&office, &device, &epoch],
            )
            .await?;
        let (seq, prev) = match &head {
            Some(row) => (
                row.get::<_, i64>(0).unsigned_abs(),
                ingest::hash(row.get(1))?,
            ),
            None => (0, [0; 32]),
        };
        let seen = client
            .query(
                "SELECT device, epoch, max(seq) FROM event_log WHERE office_id = $1 AND entity = $2 AND device <> $3
                 GROUP BY device, epoch ORDER BY device, epoch",
                &[&office, &entity, &device],
            )
            .await?;
        let number = |epoch: i64| u32::try_from(epoch).unwrap_or(u32::MAX);
        let header = Header {
            device,
            epoch: number(epoch),
            seq: seq + 1,
            event_id,
            entity,
            kind: kind.to_owned(),
            kind_v: 1,
            actor: actor.to_owned(),
            command_id: event_id,
            business_date: date,
            wall_ms: now_ms(),
            boot: Uuid::nil(),
            mono_ms: 0,
            skew_ms: 0,
            deps: seen
                .iter()
                .map(|row| Dep {
                    device: row.get(0),
                    epoch: number(row.get(1)),
                    seq: row.get::<_, i64>(2).unsigned_abs(),
                })
                .collect(),
        };
        let salt = auth::random::<16>()?.to_vec();
        let event = Sealed::new(header, salt, body.to_vec(), prev);
        let done = ingest::take(client, office, &[event], None).await?;
        if done.unfit.is_empty() {
            return Ok(());
        }
        // Another report came between: behind it, then.
    }
    Err(Error::Damaged("central's own log cannot be written"))
}
