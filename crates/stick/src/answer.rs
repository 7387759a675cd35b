//! What central says back on the same stick, so that a branch without any line learns what arrived
//! and carries only what is new.
//!
//! `"MCANSWR1" ‖ 32 HPKE ‖ sealed JSON`, sealed in one piece in the authenticated mode of RFC 9180:
//! only the machine that wrote the file opens it, and only central, whose key that machine knows,
//! can have sealed it.

use hpke::{
    Deserializable as _, OpModeR, OpModeS, Serializable as _, aead::ChaCha20Poly1305,
    kdf::HkdfSha256,
};
use motcua_protocol::sync::Heads;
use serde::{Deserialize, Serialize};
use std::io;
use uuid::Uuid;

use super::{Fault, Kem, OpenKey, SealKey, unsealed};

/// How every answer begins.
pub const MAGIC_ANSWER: &[u8; 8] = b"MCANSWR1";
/// What the names of answers end with.
pub const EXTENSION_ANSWER: &str = "tra-loi";
/// The heads of a branch's logs are small, and what is held back is bounded.
pub const MOST_ANSWER: u64 = 4 << 20;

const INFO: &[u8] = b"motcua answer 1";

/// What central has, as it would say at the beginning of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The machine that wrote the file.
    pub device: Uuid,
    /// When that file was written, UTC milliseconds of that machine.
    pub made_ms: i64,
    /// When central answered, UTC milliseconds of central.
    pub answered_ms: i64,
    /// What central has of the whole branch, and what it holds back.
    pub heads: Heads,
}

impl Answer {
    /// Seals it for the machine.
    ///
    /// # Errors
    /// The machine's key is none.
    pub fn seal(&self, central: &OpenKey, machine: &SealKey) -> io::Result<Vec<u8>> {
        let to = <Kem as hpke::Kem>::PublicKey::from_bytes(&machine.0).map_err(unsealed)?;
        let public =
            <Kem as hpke::Kem>::PublicKey::from_bytes(&central.public.0).map_err(unsealed)?;
        let by = OpModeS::Auth((central.private.clone(), public));
        let plain = serde_json::to_vec(self)?;
        let (encapped, sealed) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &by,
            &to,
            INFO,
            &plain,
            MAGIC_ANSWER,
        )
        .map_err(unsealed)?;
        Ok([&MAGIC_ANSWER[..], &encapped.to_bytes(), &sealed].concat())
    }

    /// Opens one that is for this machine and from that central.
    ///
    /// # Errors
    /// [`Fault`]: `OtherKey` covers a change, another machine and another sender alike, which
    /// sealing does not tell apart.
    pub fn open(bytes: &[u8], machine: &OpenKey, central: &SealKey) -> Result<Self, Fault> {
        let Some(rest) = bytes.strip_prefix(MAGIC_ANSWER) else {
            return Err(match bytes.starts_with(b"MCANSWR") {
                true => Fault::Newer,
                false => Fault::NotOurs,
            });
        };
        let (encapped, sealed) = rest.split_first_chunk::<32>().ok_or(Fault::Damaged)?;
        let encapped =
            <Kem as hpke::Kem>::EncappedKey::from_bytes(encapped).map_err(|_| Fault::Damaged)?;
        let by =
            <Kem as hpke::Kem>::PublicKey::from_bytes(&central.0).map_err(|_| Fault::OtherKey)?;
        let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Auth(by),
            &machine.private,
            &encapped,
            INFO,
            sealed,
            MAGIC_ANSWER,
        )
        .map_err(|_| Fault::OtherKey)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::Newer)
    }
}
