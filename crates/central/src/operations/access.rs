//! Who may look: a one-use code, which whoever may run `motcua-central` on the database makes,
//! becomes a session in one browser. There are no names and no passwords to be stolen, and nothing
//! can be changed by it.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deadpool_postgres::Pool;
use serde::Serialize;

use crate::{
    auth::{fresh_code, hash_of, random},
    error::{Error, Result},
};

/// Only over TLS, only to this host, never to a script and never on the way from another site.
const COOKIE: &str = "__Host-van-hanh";
/// A shift.
const SESSION_S: u32 = 8 * 3_600;
const CODE: &str = "motcua central operator code 1";
const TOKEN: &str = "motcua central operator session 1";

/// A code for one person.
#[derive(Debug, Serialize)]
pub(crate) struct OperatorCode {
    pub(crate) code: String,
    pub(crate) expires_at: String,
}

/// Makes a code; it can be used once within ten minutes.
pub(crate) async fn code(pool: &Pool) -> Result<OperatorCode> {
    let code = fresh_code()?;
    let row = pool
        .get()
        .await?
        .query_one(
            "WITH old AS (DELETE FROM operator_code WHERE expires_at < now()),
                  gone AS (DELETE FROM operator_session WHERE expires_at < now())
             INSERT INTO operator_code(code_hash, expires_at) VALUES($1, now() + interval '10 minutes')
             RETURNING to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
            &[&&hash_of(CODE, &code)[..]],
        )
        .await?;
    Ok(OperatorCode {
        code,
        expires_at: row.get(0),
    })
}

/// Lets whoever has a code in; the cookie that is the session, or none.
pub(crate) async fn enter(pool: &Pool, code: &str) -> Result<Option<HeaderValue>> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let entered = pool
        .get()
        .await?
        .execute(
            "WITH code AS (
               UPDATE operator_code SET used_at = now()
               WHERE code_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING 1)
             INSERT INTO operator_session(token_hash, expires_at)
             SELECT $2, now() + make_interval(secs => $3) FROM code",
            &[
                &&hash_of(CODE, code)[..],
                &&token_hash(&token)[..],
                &f64::from(SESSION_S),
            ],
        )
        .await?;
    if entered == 0 {
        return Ok(None);
    }
    cookie(&token, SESSION_S).map(Some)
}

/// Ends the session of a request; the cookie that forgets it.
pub(crate) async fn leave(pool: &Pool, headers: &HeaderMap) -> Result<HeaderValue> {
    if let Some(token) = token(headers) {
        pool.get()
            .await?
            .execute(
                "DELETE FROM operator_session WHERE token_hash = $1",
                &[&&token_hash(token)[..]],
            )
            .await?;
    }
    cookie("", 0)
}

/// Whether a request comes from somebody who is in.
pub(crate) async fn is_in(pool: &Pool, headers: &HeaderMap) -> Result<bool> {
    let Some(token) = token(headers) else {
        return Ok(false);
    };
    let row = pool
        .get()
        .await?
        .query_one(
            "SELECT EXISTS(SELECT 1 FROM operator_session WHERE token_hash = $1 AND expires_at > now())",
            &[&&token_hash(token)[..]],
        )
        .await?;
    Ok(row.get(0))
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn token_hash(token: &str) -> [u8; 32] {
    blake3::derive_key(TOKEN, token.as_bytes())
}

fn cookie(token: &str, seconds: u32) -> Result<HeaderValue> {
    let text =
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&text).map_err(|_| Error::Damaged("cookie"))
}
