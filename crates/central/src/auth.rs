//! Who may speak for an office: one-use codes, device keys without an end, tokens of a quarter of
//! an hour. Nothing is remembered between requests, so any copy of the program takes what another
//! one gave; only what the database says of a device decides.

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deadpool_postgres::Pool;
use motcua_protocol::sync::Sealed;
use motcua_sync::wire;
use ring::{
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, UnparsedPublicKey},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    database::Installation,
    error::{Error, Result},
    ingest::Signed,
};

/// No letter or digit that can be taken for another.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 30^12 codes, one day, one use: nobody guesses one.
const CODE_LENGTH: usize = 12;
/// How long a challenge may be answered.
const CHALLENGE_MS: i64 = 60_000;
/// How long a token opens.
pub(crate) const TOKEN_MS: i64 = 15 * 60_000;

/// A code for one more device.
#[derive(Debug, Serialize)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<String>,
}

/// Whom a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) device: Uuid,
    pub(crate) office: i32,
}

/// The key by which a device is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key(pub(crate) [u8; 32]);

/// The signature of a batch, if it is that of the device that brings it.
pub(crate) fn signed_batch(
    key: &Key,
    device: Device,
    events: &[Sealed],
    signature: Option<&HeaderValue>,
) -> Option<Signed> {
    let bytes = URL_SAFE_NO_PAD.decode(signature?.as_bytes()).ok()?;
    let message = wire::batch_message(device.device, events.last()?);
    UnparsedPublicKey::new(&ED25519, &key.0)
        .verify(&message, &bytes)
        .ok()?;
    Some(Signed {
        signer: device.device,
        signature: bytes.try_into().ok()?,
    })
}

/// `POST /v1/enrol`
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Enrol {
    pub(crate) code: String,
    pub(crate) device: Uuid,
    /// The branch it belongs to: the device that first described it.
    pub(crate) branch: Uuid,
    pub(crate) name: String,
    /// ed25519, base64url without padding.
    pub(crate) public_key: String,
    /// Over [`enrol_message`] by that key: whoever enrols has it.
    pub(crate) signature: String,
}

/// What a device signs when it joins.
pub(crate) fn enrol_message(code: &str, device: Uuid) -> Vec<u8> {
    [b"motcua-enrol-1", code.as_bytes(), device.as_bytes()].concat()
}

/// What a device signs for a token.
pub(crate) fn token_message(challenge: &str, device: Uuid) -> Vec<u8> {
    [b"motcua-token-1", challenge.as_bytes(), device.as_bytes()].concat()
}

/// Why somebody does not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such code, used already, or too old.
    Code,
    /// Not a key, or not the signature of that key.
    Signature,
    /// The device belongs to another office, or to another key.
    OtherDevice,
    /// The office's records are another branch's: two branches have two queues, and what one
    /// records must not turn up in the other's.
    OtherBranch,
    /// No such device, or its access was taken away.
    Unknown,
    /// The challenge is not ours or too old.
    Challenge,
}

const ENROLMENT: &str = "motcua central enrolment code 1";

/// The hash under which a code is kept, however it is typed. Codes of one purpose are none of
/// another.
pub(crate) fn hash_of(purpose: &str, code: &str) -> [u8; 32] {
    let code: String = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    blake3::derive_key(purpose, code.as_bytes())
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Damaged("the system gives no random bytes"))?;
    Ok(bytes)
}

/// A code that nobody guesses and everybody can type.
pub(crate) fn fresh_code() -> Result<String> {
    let mut code = String::with_capacity(CODE_LENGTH);
    while code.len() < CODE_LENGTH {
        // Each character is drawn evenly: numbers beyond a multiple of thirty are thrown.
        for byte in random::<32>()? {
            if byte < 240 && code.len() < CODE_LENGTH {
                code.push(char::from(ALPHABET[usize::from(byte % 30)]));
            }
        }
    }
    Ok(code)
}

/// Makes a code for an office.
pub(crate) async fn code(pool: &Pool, office: i32) -> Result<Code> {
    let code = fresh_code()?;
    let row = pool
        .get()
        .await?
        .query_one(
            "WITH made AS (
               INSERT INTO enrolment_code(code_hash, office_id, expires_at)
               VALUES($1, $2, now() + interval '24 hours') RETURNING expires_at)
             SELECT to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), (SELECT ca_file FROM installation) FROM made",
            &[&&hash_of(ENROLMENT, &code)[..], &office],
        )
        .await?;
    Ok(Code {
        code,
        expires_at: row.get(0),
        ca_file: row.get(1),
    })
}

fn key(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn signed(key: &[u8; 32], message: &[u8], signature: &str) -> bool {
    URL_SAFE_NO_PAD.decode(signature).is_ok_and(|s| {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(message, &s)
            .is_ok()
    })
}

/// Lets a device in by a code. A device whose answer was lost may ask again with the same code.
pub(crate) async fn enrol(
    pool: &Pool,
    ask: &Enrol,
) -> Result<std::result::Result<Device, Refusal>> {
    let Some(public) = key(&ask.public_key) else {
        return Ok(Err(Refusal::Signature));
    };
    let message = enrol_message(&ask.code, ask.device);
    if !signed(&public, &message, &ask.signature) {
        return Ok(Err(Refusal::Signature));
    }
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    let used = tx
        .query_opt(
            "UPDATE enrolment_code SET used_by = $2, used_at = now()
             WHERE code_hash = $1 AND expires_at > now() AND (used_by IS NULL OR used_by = $2)
             RETURNING office_id",
            &[&&hash_of(ENROLMENT, &ask.code)[..], &ask.device],
        )
        .await?;
    let Some(office) = used.map(|row| row.get::<_, i32>(0)) else {
        return Ok(Err(Refusal::Code));
    };
    let row = tx
        .query_one(
            "UPDATE office SET branch = coalesce(branch, $2) WHERE office_id = $1 RETURNING branch",
            &[&office, &ask.branch],
        )
        .await?;
    if row.get::<_, Uuid>(0) != ask.branch {
        return Ok(Err(Refusal::OtherBranch));
    }
    let known = tx
        .query_opt(
            "SELECT office_id, public_key FROM device WHERE device = $1 FOR UPDATE",
            &[&ask.device],
        )
        .await?;
    if let Some(row) = known
        && (row.get::<_, i32>(0) != office || row.get::<_, &[u8]>(1) != public)
    {
        return Ok(Err(Refusal::OtherDevice));
    }
    tx.execute(
        "INSERT INTO device(device, office_id, public_key, name) VALUES($1, $2, $3, $4)
         ON CONFLICT(device) DO UPDATE SET revoked_at = NULL, name = excluded.name",
        &[
            &ask.device,
            &office,
            &&public[..],
            &crate::ingest::text(&ask.name),
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(Ok(Device {
        device: ask.device,
        office,
    }))
}

/// `content ‖ MAC`, as text.
fn seal(secret: &[u8; 32], purpose: &str, content: &[u8]) -> String {
    let mac = blake3::keyed_hash(&blake3::derive_key(purpose, secret), content);
    let mut bytes = content.to_vec();
    bytes.extend_from_slice(mac.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unseal(secret: &[u8; 32], purpose: &str, text: &str) -> Option<Vec<u8>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let at = bytes.len().checked_sub(32)?;
    let mac: [u8; 32] = bytes.split_off(at).try_into().ok()?;
    // Hashes of this type compare in constant time.
    let ours = blake3::keyed_hash(&blake3::derive_key(purpose, secret), &bytes);
    (ours == blake3::Hash::from_bytes(mac)).then_some(bytes)
}

const CHALLENGE: &str = "motcua central challenge 1";
const TOKEN: &str = "motcua central token 1";

/// Something to sign.
pub(crate) fn challenge(installation: &Installation, now_ms: i64) -> Result<String> {
    let content = [&now_ms.to_be_bytes()[..], &random::<16>()?].concat();
    Ok(seal(&installation.secret, CHALLENGE, &content))
}

/// `POST /v1/token`
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct AskToken {
    pub(crate) device: Uuid,
    pub(crate) challenge: String,
    pub(crate) signature: String,
}

/// A token for a device that shows that it has its key.
pub(crate) async fn token(
    pool: &Pool,
    installation: &Installation,
    ask: &AskToken,
    now_ms: i64,
) -> Result<std::result::Result<String, Refusal>> {
    let content = unseal(&installation.secret, CHALLENGE, &ask.challenge);
    let made = content.and_then(|c| Some(i64::from_be_bytes(*c.first_chunk()?)));
    if !made.is_some_and(|made| (0..=CHALLENGE_MS).contains(&(now_ms - made))) {
        return Ok(Err(Refusal::Challenge));
    }
    let row = pool
        .get()
        .await?
        .query_opt(
            "UPDATE device SET seen_at = now() WHERE device = $1 AND revoked_at IS NULL RETURNING office_id, public_key",
            &[&ask.device],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Err(Refusal::Unknown));
    };
    let public = crate::ingest::hash(row.get(1))?;
    let message = token_message(&ask.challenge, ask.device);
    if !signed(&public, &message, &ask.signature) {
        return Ok(Err(Refusal::Signature));
    }
    let office: i32 = row.get(0);
    let content = [
        &(now_ms + TOKEN_MS).to_be_bytes()[..],
        &office.to_be_bytes(),
        ask.device.as_bytes(),
    ]
    .concat();
    Ok(Ok(seal(&installation.secret, TOKEN, &content)))
}

/// Whom a token names, while it opens.
pub(crate) fn bearer(installation: &Installation, token: &str, now_ms: i64) -> Option<Device> {
    let content = unseal(&installation.secret, TOKEN, token)?;
    let (until, rest) = content.split_first_chunk::<8>()?;
    let (office, device) = rest.split_first_chunk::<4>()?;
    (now_ms <= i64::from_be_bytes(*until)).then_some(Device {
        office: i32::from_be_bytes(*office),
        device: Uuid::from_slice(device).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(secret: u8) -> Installation {
        Installation {
            server_epoch: Uuid::nil(),
            secret: [secret; 32],
        }
    }

    fn token(secret: u8, until: i64) -> String {
        let content = [
            &until.to_be_bytes()[..],
            &7_i32.to_be_bytes(),
            Uuid::max().as_bytes(),
        ]
        .concat();
        seal(&[secret; 32], TOKEN, &content)
    }

    #[test]
    fn a_token_opens_until_its_end_and_only_where_it_was_made() {
        let ours = token(1, 1_000);
        let device = Device {
            office: 7,
            device: Uuid::max(),
        };
        assert_eq!(bearer(&installation(1), &ours, 1_000), Some(device));
        assert_eq!(bearer(&installation(1), &ours, 1_001), None);
        assert_eq!(bearer(&installation(2), &ours, 0), None);
    }

    #[test]
    fn a_challenge_is_no_token_and_nothing_changed_is_taken() {
        let installation = installation(1);
        let challenge = challenge(&installation, 0).unwrap();
        assert_eq!(bearer(&installation, &challenge, 0), None);
        let ours = token(1, 1_000);
        for at in 0..ours.len() {
            let mut other = ours.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            // The last character may hold bits that are not part of the content.
            if URL_SAFE_NO_PAD.decode(&other).ok() != URL_SAFE_NO_PAD.decode(&ours).ok() {
                assert_eq!(bearer(&installation, &other, 0), None, "at {at}");
            }
        }
        for nonsense in ["", "A", "ữ", "////"] {
            assert_eq!(bearer(&installation, nonsense, 0), None);
        }
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let hash = |code| hash_of(ENROLMENT, code);
        assert_eq!(hash("AB2C-3D4E FGHJ"), hash("ab2c3d4efghj"));
        assert_ne!(hash("AB2C3D4EFGHJ"), hash("AB2C3D4EFGHK"));
        assert_ne!(hash("AB2C3D4EFGHJ"), hash_of("another", "AB2C3D4EFGHJ"));
    }
}
