//! What goes down to the branches whole and signed: published from the command line for one office
//! or all, told with every greeting, fetched by whoever does not have it yet.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use deadpool_postgres::{Client, Pool};
use motcua_domain::{Code, Refusal, calendar::CalendarFile, catalogue::intake};
use motcua_protocol::{
    bundle::{Head, Kind, MEDIA, Newest, Staff, Terms, seal},
    sync::{Hash, RefusedWhy},
};
use motcua_sync::wire;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};

use crate::{
    auth::Device,
    error::{Error, Result},
    ingest,
    routes::{Central, fault, no},
};

/// For every office.
const ALL: i32 = 0;
const KEY: &str = "motcua central bundle key 1";
/// After central's history went back its serial numbers go on from the next such step: what it may
/// have forgotten is never given out again with another content.
const STEP: i64 = 1_000_000;
/// Whoever publishes holds it.
const LOCK: i64 = 0x6d63_6275;

/// The key under which this installation signs, the same in every copy of the program.
fn signer(secret: &[u8; 32]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(&blake3::derive_key(KEY, secret))
        .map_err(|_| Error::Damaged("the key for bundles"))
}

/// What branches keep of that key.
pub(crate) fn public_key(secret: &[u8; 32]) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(signer(secret)?.public_key().as_ref()))
}

/// What a greeting says.
pub(crate) async fn terms(client: &Client, office: i32) -> Result<Terms> {
    let row = client
        .query_one(
            &client
                .prepare_cached(
                    "SELECT i.secret, o.code FROM installation i, office o WHERE o.office_id = $1",
                )
                .await?,
            &[&office],
        )
        .await?;
    let secret = ingest::hash(row.get(0))?;
    let newest = client
        .query(
            &client
                .prepare_cached(
                    "SELECT kind, office_id, max(serial) FROM bundle WHERE office_id IN ($1, $2)
                     GROUP BY kind, office_id ORDER BY kind, office_id",
                )
                .await?,
            &[&ALL, &office],
        )
        .await?;
    Ok(Terms {
        key: public_key(&secret)?,
        office: row.get(1),
        newest: (newest.iter())
            .filter_map(|row| {
                Some(Newest {
                    kind: Kind::of(row.get(0))?,
                    own: row.get::<_, i32>(1) != ALL,
                    serial: row.get::<_, i64>(2).unsigned_abs(),
                })
            })
            .collect(),
    })
}

/// One that was published.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Published {
    kind: Kind,
    /// Every office where none.
    office: Option<String>,
    serial: u64,
    valid_from: NaiveDate,
    bytes: u64,
    hash: Hash,
    /// The newest had the very same content and day, so that there is none more.
    unchanged: bool,
}

fn wrong(what: String, field: &str) -> Refusal {
    let text = format!("Chưa phát hành gì. {what}");
    Refusal::new(Code::BundleContent, text).at(field)
}

/// Whether a branch can take it in, as far as that can be known here.
fn check(kind: Kind, content: &[u8]) -> std::result::Result<(), Refusal> {
    if content.len() > kind.most() {
        let most = kind.most() >> 10;
        let text = format!("Chưa phát hành gì. Tệp lớn hơn {most} KB. Mời chia nhỏ.");
        return Err(Refusal::new(Code::BundleTooLarge, text).at("file"));
    }
    let text = std::str::from_utf8(content)
        .map_err(|_| wrong("Tệp không ghi bằng mã UTF-8.".to_owned(), "file"))?;
    let unreadable = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        wrong(
            format!("Không đọc được tệp ở dòng {line}, cột {column}."),
            "file",
        )
    };
    match kind {
        Kind::Catalogue => {
            let parsed = intake::from_json(&serde_json::from_str(text).map_err(unreadable)?)?;
            if let Some(row) = parsed.rejected.first() {
                let (at, why, all) = (row.row, &row.reason, parsed.rejected.len());
                return Err(wrong(
                    format!("Dòng {at}: {why} (Số dòng sai: {all}.)"),
                    "file",
                ));
            }
        }
        Kind::Calendar => {
            CalendarFile::read(text)?;
        }
        Kind::Users => {
            let staff: Staff = serde_json::from_str(text).map_err(unreadable)?;
            for (i, user) in staff.users.iter().enumerate() {
                let field = format!("users[{i}]");
                if user.id.trim().is_empty() || user.name.trim().is_empty() || user.roles.is_empty()
                {
                    let what = "Cán bộ nào cũng cần tên đăng nhập, họ tên và vai trò.".to_owned();
                    return Err(wrong(what, &field));
                }
                if staff.users[..i].iter().any(|before| before.id == user.id) {
                    return Err(wrong(format!("Cán bộ {} ghi hai lần.", user.id), &field));
                }
            }
        }
    }
    Ok(())
}

/// What is to be published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publish<'a> {
    pub(crate) kind: Kind,
    /// The office for which alone it is.
    pub(crate) office: Option<(i32, &'a str)>,
    /// Today where none.
    pub(crate) valid_from: Option<NaiveDate>,
    pub(crate) content: &'a [u8],
}

/// Publishes the next bundle of a kind, for one office or all.
pub(crate) async fn publish(
    pool: &Pool,
    secret: &[u8; 32],
    what: Publish<'_>,
) -> Result<std::result::Result<Published, Refusal>> {
    let Publish {
        kind,
        office,
        content,
        ..
    } = what;
    if let Err(refusal) = check(kind, content) {
        return Ok(Err(refusal));
    }
    let scope = office.map_or(ALL, |(id, _)| id);
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await?;
    let row = tx
        .query_one(
            "SELECT (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, (SELECT count(*) FROM history_went_back)",
            &[],
        )
        .await?;
    let today: NaiveDate = row.get(0);
    let valid_from = what.valid_from.unwrap_or(today);
    if kind == Kind::Users && valid_from > today {
        let text = "Chưa phát hành gì. Danh sách cán bộ áp dụng ngay khi tới nơi, không hẹn ngày sau được. Mời phát hành vào ngày áp dụng.";
        return Ok(Err(Refusal::new(Code::BundleEarly, text).at("valid_from")));
    }
    let hash = *blake3::hash(content).as_bytes();
    let last = tx
        .query_opt(
            "SELECT serial, valid_from, hash FROM bundle WHERE office_id = $1 AND kind = $2
             ORDER BY serial DESC LIMIT 1",
            &[&scope, &kind.name()],
        )
        .await?;
    let published = |serial: i64, unchanged| Published {
        kind,
        office: office.map(|(_, code)| code.to_owned()),
        serial: serial.unsigned_abs(),
        valid_from,
        bytes: content.len() as u64,
        hash: Hash(hash),
        unchanged,
    };
    let known = last.as_ref().map_or(0, |row| row.get::<_, i64>(0));
    let same = |row: &tokio_postgres::Row| {
        row.get::<_, NaiveDate>(1) == valid_from && row.get::<_, &[u8]>(2) == hash
    };
    let least = row.get::<_, i64>(1).saturating_mul(STEP);
    if known >= least && last.as_ref().is_some_and(same) {
        return Ok(Ok(published(known, true)));
    }
    let published = published(known.max(least) + 1, false);
    let head = Head {
        kind,
        office: published.office.clone(),
        serial: published.serial,
        valid_from,
        bytes: published.bytes,
        hash: published.hash,
    };
    let signature = signer(secret)?.sign(&head.message());
    tx.execute(
        "INSERT INTO bundle(office_id, kind, serial, valid_from, hash, signature, content)
         VALUES($1, $2, $3, $4, $5, $6, $7)",
        &[
            &scope,
            &kind.name(),
            &i64::try_from(published.serial).unwrap_or(i64::MAX),
            &valid_from,
            &&hash[..],
            &URL_SAFE_NO_PAD.encode(signature.as_ref()),
            &content,
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(Ok(published))
}

/// The first of a kind behind a serial number.
async fn behind(
    client: &Client,
    office: i32,
    kind: Kind,
    asked: &Asked,
) -> Result<Option<Vec<u8>>> {
    let scope = if asked.own { office } else { ALL };
    // Whatever is asked for, the database has no larger number.
    let after = i64::try_from(asked.after).unwrap_or(i64::MAX);
    let row = client
        .query_opt(
            &client
                .prepare_cached(
                    "SELECT b.serial, b.valid_from, b.hash, b.signature, b.content, o.code
                     FROM bundle b LEFT JOIN office o ON o.office_id = b.office_id
                     WHERE b.office_id = $1 AND b.kind = $2 AND b.serial > $3 ORDER BY b.serial LIMIT 1",
                )
                .await?,
            &[&scope, &kind.name(), &after],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let content: &[u8] = row.get(4);
    let head = Head {
        kind,
        office: row.get(5),
        serial: row.get::<_, i64>(0).unsigned_abs(),
        valid_from: row.get(1),
        bytes: content.len() as u64,
        hash: Hash(ingest::hash(row.get(2))?),
    };
    Ok(Some(seal(&head, row.get(3), content)?))
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    after: u64,
    #[serde(default)]
    own: bool,
}

/// The next bundle of a kind behind the one that a branch has.
#[utoipa::path(
    get, path = "/v1/bundles/{kind}", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("kind" = String, Path, description = "`catalogue`, `calendar` or `users`"), ("after" = u64, Query, description = "Serial number of the one that the branch has; 0 for none"), ("own" = Option<bool>, Query, description = "Of those for the asking office alone, instead of those for every office"),),
    responses(
        (status = 200, description = "The bundle, packed", content_type = "application/vnd.motcua.bundle"),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 404, description = "There is no newer one, or no such kind"),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn next_bundle(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Path(kind): Path<String>,
    asked: std::result::Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return no(RefusedWhy::Malformed);
    };
    let Some(kind) = Kind::of(&kind) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let found = async {
        let client = central.pool.get().await?;
        let Some(bundle) = behind(&client, device.office, kind, &asked).await? else {
            return Ok(None);
        };
        let packed = tokio::task::spawn_blocking(move || wire::pack(&bundle)).await;
        Ok(Some(packed.map_err(|_| Error::Damaged("a bundle"))?))
    };
    match found.await {
        Ok(Some(packed)) => {
            let mut response = packed.into_response();
            let media = HeaderValue::from_static(MEDIA);
            response.headers_mut().insert(header::CONTENT_TYPE, media);
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => fault(&error),
    }
}
