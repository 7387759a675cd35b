//! The proof that both ends of a pairing know the same code. Why it is made this way stands in
//! `docs/decisions/0004-pairing.md`.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identity::Fingerprint;

/// No letter or digit that can be taken for another.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;
/// Memory in KiB and rounds of Argon2id: a tenth of a second on a small office machine.
const MEMORY_KIB: u32 = 32 * 1024;
const ROUNDS: u32 = 3;

/// From the counter: who wants to join.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begin {
    pub(crate) proto: u16,
    pub(crate) device: Uuid,
    pub(crate) name: String,
    pub(crate) nonce: String,
}

/// From the hub.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) session: Uuid,
    pub(crate) nonce: String,
}

/// From the counter: that it knows the code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Finish {
    pub(crate) session: Uuid,
    pub(crate) proof: String,
}

/// From the hub: that it knows it too, and what the counter now is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) proof: String,
    pub(crate) number: u16,
    pub(crate) branch: Uuid,
    pub(crate) hub: Uuid,
}

/// 32 bytes that nobody can foresee.
pub(crate) fn nonce() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    // 244 random bits, spread over all of them.
    *blake3::hash(&bytes).as_bytes()
}

/// Characters drawn evenly from random bytes: numbers beyond a multiple of thirty are thrown.
pub(crate) fn letters(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes
        .iter()
        .filter(|byte| **byte < 240)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 30)]))
}

/// A fresh code.
pub(crate) fn fresh_code() -> String {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let left = LENGTH - code.len();
        code.extend(letters(&nonce()).take(left));
    }
    code
}

/// The characters of a code as their places in the alphabet.
pub(crate) fn places(code: &str) -> Option<Vec<u8>> {
    let place = |c: u8| ALPHABET.iter().position(|a| *a == c).map(|p| p as u8);
    (code.len() == LENGTH)
        .then(|| code.bytes().map(place).collect())
        .flatten()
}

/// The code with characters at those places.
pub(crate) fn of_places(places: &[u8]) -> Option<String> {
    let letter = |p: &u8| ALPHABET.get(usize::from(*p)).map(|c| char::from(*c));
    (places.len() == LENGTH)
        .then(|| places.iter().map(letter).collect())
        .flatten()
}

/// What a person typed, as the code was made: capitals, no blanks or dashes.
pub(crate) fn clean(code: &str) -> Option<String> {
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    (code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b))).then_some(code)
}

/// Everything both sides saw. A machine in the middle shows each of them another certificate, so
/// that no proof of one fits the other.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    pub(crate) counter_nonce: [u8; 32],
    pub(crate) hub_nonce: [u8; 32],
    pub(crate) counter: Fingerprint,
    pub(crate) hub: Fingerprint,
    pub(crate) device: Uuid,
    pub(crate) name: String,
}

impl Transcript {
    /// The key that only who knows the code can make. `None` never happens with these parameters.
    pub(crate) fn key(&self, code: &str) -> Option<[u8; 32]> {
        let mut salt = blake3::Hasher::new();
        salt.update(b"motcua-pair-salt-1");
        salt.update(&self.counter_nonce);
        salt.update(&self.hub_nonce);
        let params = Params::new(MEMORY_KIB, ROUNDS, 1, Some(32)).ok()?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(code.as_bytes(), salt.finalize().as_bytes(), &mut key)
            .ok()?;
        Some(key)
    }

    fn proof(&self, key: &[u8; 32], side: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(b"motcua-pair-1");
        hasher.update(side);
        hasher.update(&self.counter_nonce);
        hasher.update(&self.hub_nonce);
        hasher.update(&self.counter.0);
        hasher.update(&self.hub.0);
        hasher.update(self.device.as_bytes());
        hasher.update(self.name.as_bytes());
        hasher.finalize()
    }

    /// What the counter sends.
    pub(crate) fn by_counter(&self, key: &[u8; 32]) -> blake3::Hash {
        self.proof(key, b"counter")
    }

    /// What the hub answers.
    pub(crate) fn by_hub(&self, key: &[u8; 32]) -> blake3::Hash {
        self.proof(key, b"hub....")
    }
}

/// A digest from its hexadecimal digits. Digests of this type compare in constant time.
pub(crate) fn digest(text: &str) -> Option<blake3::Hash> {
    blake3::Hash::from_hex(text).ok()
}
