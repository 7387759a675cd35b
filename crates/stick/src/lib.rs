//! Records on a stick: a file that a branch writes where it has no line, and that nobody but the
//! central it is meant for can read.
//!
//! It owns the format and nothing else: bytes go to a writer and come from a reader, whose they are
//! and what becomes of them is for others. Reading is total: whatever comes in, it answers, and
//! memory stays at one batch.
//!
//! `"MCSTICK1" ‖ 8 of the key's hash ‖ 32 HPKE ‖ (u32 length ‖ sealed frame)…`, sealed one after the
//! other by RFC 9180 (X25519, HKDF-SHA-256, ChaCha20-Poly1305), so that frames cannot be left out,
//! doubled or put in another order. The frames: one header, any number of batches of the protocol,
//! one end, which carries the sender's signature over everything before it. A file without its end
//! is a file that was cut.

mod answer;

use std::{
    fmt,
    io::{self, Read, Write},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _,
    aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use motcua_protocol::sync::{Limits, Malformed, Sealed, decode_events, encode_events};
use motcua_sync::wire;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use answer::{Answer, EXTENSION_ANSWER, MAGIC_ANSWER, MOST_ANSWER};

type Kem = X25519HkdfSha256;
type Sealing = AeadCtxS<ChaCha20Poly1305, HkdfSha256, Kem>;
type Opening = AeadCtxR<ChaCha20Poly1305, HkdfSha256, Kem>;

/// How every file begins.
pub const MAGIC: &[u8; 8] = b"MCSTICK1";
/// What the names of such files end with.
pub const EXTENSION: &str = "motcua";

const INFO: &[u8] = b"motcua stick 1";
const SECRET: &str = "motcua central stick key 1";
const SIGNED: &[u8] = b"motcua-stick-1";
/// A header is small; a batch is as large as the protocol lets it be.
const MOST_FRAME: usize = wire::MOST_BODY + (1 << 16);

const HEADER: u8 = b'H';
const BATCH: u8 = b'B';
const END: u8 = b'E';

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not a file of ours.
    #[error("not a file of records")]
    NotOurs,
    /// Sealed for another central.
    #[error("sealed for another central")]
    OtherKey,
    /// Cut short, or changed.
    #[error("damaged or cut short")]
    Damaged,
    /// Written by a newer program.
    #[error("written by a newer program")]
    Newer,
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The key for which records are sealed: central gives it to everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; 32]);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({self})")
    }
}

impl fmt::Display for SealKey {
    /// With four bytes of its hash, so that a slip in copying is noticed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.to_vec();
        bytes.extend_from_slice(&self.name()[..4]);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl SealKey {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        let (key, check) = bytes.split_first_chunk::<32>()?;
        let key = Self(*key);
        (key.name()[..4] == *check).then_some(key)
    }

    /// Tells keys apart without showing more than that.
    fn name(&self) -> [u8; 8] {
        let mut name = [0; 8];
        name.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..8]);
        name
    }
}

/// The key that opens, kept by central.
pub struct OpenKey {
    private: <Kem as hpke::Kem>::PrivateKey,
    public: SealKey,
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenKey({})", self.public)
    }
}

impl OpenKey {
    /// The key that follows from an installation's secret: every copy of central has the same.
    pub fn of_secret(secret: &[u8; 32]) -> Self {
        let (private, public) = Kem::derive_keypair(&blake3::derive_key(SECRET, secret));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&public.to_bytes());
        Self {
            private,
            public: SealKey(bytes),
        }
    }

    /// The key to give to everybody.
    pub fn seal_key(&self) -> &SealKey {
        &self.public
    }
}

/// What a machine shows that central has not met yet: the same as when it enrols over a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// One-use code.
    pub code: String,
    /// What people call the branch.
    pub name: String,
    /// ed25519, base64url.
    pub public_key: String,
    /// Over code and device, by that key.
    pub signature: String,
}

/// Whose records these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The machine that wrote the file.
    pub device: Uuid,
    /// Its branch.
    pub branch: Uuid,
    /// Agency code, for people; what decides is where central knows the machine.
    pub office: String,
    /// When it was written, UTC milliseconds.
    pub made_ms: i64,
    /// The key for which central may seal its [`Answer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_key: Option<String>,
    /// Where central may not know the machine yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduction: Option<Introduction>,
}

/// What the signature of a file is over.
fn signed(encapped: &[u8], content: &blake3::Hasher) -> Vec<u8> {
    [SIGNED, encapped, content.finalize().as_bytes()].concat()
}

/// Writes a file.
pub struct Writer<W> {
    out: W,
    seal: Sealing,
    encapped: Vec<u8>,
    content: blake3::Hasher,
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

fn unsealed<E>(_: E) -> io::Error {
    io::Error::other("records could not be sealed")
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(mut out: W, key: &SealKey, header: &Header) -> io::Result<Self> {
        let to = <Kem as hpke::Kem>::PublicKey::from_bytes(&key.0).map_err(unsealed)?;
        let (encapped, seal) =
            hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, Kem>(&OpModeS::Base, &to, INFO)
                .map_err(unsealed)?;
        let encapped = encapped.to_bytes().to_vec();
        out.write_all(MAGIC)?;
        out.write_all(&key.name())?;
        out.write_all(&encapped)?;
        let mut writer = Self {
            out,
            seal,
            encapped,
            content: blake3::Hasher::new(),
        };
        writer.frame(HEADER, &serde_json::to_vec(header)?)?;
        Ok(writer)
    }

    fn frame(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let plain = [&[kind], content].concat();
        self.content.update(&(plain.len() as u64).to_be_bytes());
        self.content.update(&plain);
        self.sealed(&plain)
    }

    fn sealed(&mut self, plain: &[u8]) -> io::Result<()> {
        let sealed = self.seal.seal(plain, MAGIC).map_err(unsealed)?;
        let length = u32::try_from(sealed.len()).map_err(unsealed)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&sealed)
    }

    /// Adds events of one log that follow each other.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn batch(&mut self, events: &[Sealed]) -> io::Result<()> {
        self.frame(BATCH, &wire::pack(&encode_events(events)))
    }

    /// Ends it, with the signature of whoever writes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> io::Result<W> {
        let signature = sign(&signed(&self.encapped, &self.content));
        let plain = [&[END], &signature[..]].concat();
        self.sealed(&plain)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// What stands next in a file.
#[derive(Debug)]
pub enum Item {
    /// Events of one log that follow each other.
    Batch(Vec<Sealed>),
    /// The end: the signature, and what it is over.
    End {
        /// By the key of the machine that wrote it.
        signature: Vec<u8>,
        /// What was signed.
        message: Vec<u8>,
    },
}

/// Reads a file.
pub struct Reader<R> {
    from: R,
    open: Opening,
    encapped: Vec<u8>,
    content: blake3::Hasher,
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

fn exact<R: Read, const N: usize>(from: &mut R) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    match from.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Fault::Damaged),
        Err(error) => Err(error.into()),
    }
}

impl<R: Read> Reader<R> {
    /// Opens a file; answers whose it says it is. Nothing of that is shown yet: the signature
    /// stands at the end.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn open(mut from: R, key: &OpenKey) -> Result<(Header, Self), Fault> {
        let magic = exact::<R, 8>(&mut from).map_err(|fault| match fault {
            Fault::Damaged => Fault::NotOurs,
            other => other,
        })?;
        if magic != *MAGIC {
            return Err(match magic.starts_with(b"MCSTICK") {
                true => Fault::Newer,
                false => Fault::NotOurs,
            });
        }
        if exact::<R, 8>(&mut from)? != key.public.name() {
            return Err(Fault::OtherKey);
        }
        let encapped = exact::<R, 32>(&mut from)?;
        let from_sender =
            <Kem as hpke::Kem>::EncappedKey::from_bytes(&encapped).map_err(|_| Fault::Damaged)?;
        let open = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &key.private,
            &from_sender,
            INFO,
        )
        .map_err(|_| Fault::Damaged)?;
        let mut reader = Self {
            from,
            open,
            encapped: encapped.to_vec(),
            content: blake3::Hasher::new(),
        };
        let (kind, header) = reader.frame()?;
        if kind != HEADER {
            return Err(Fault::Damaged);
        }
        let header = serde_json::from_slice(&header).map_err(|_| Fault::Newer)?;
        Ok((header, reader))
    }

    /// Stands for everything that was read until now.
    pub fn so_far(&self) -> [u8; 32] {
        *self.content.finalize().as_bytes()
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>), Fault> {
        let length = u32::from_be_bytes(exact(&mut self.from)?) as usize;
        if length > MOST_FRAME {
            return Err(Fault::Damaged);
        }
        // What is not there is not made room for.
        let mut sealed = Vec::new();
        (&mut self.from)
            .take(length as u64)
            .read_to_end(&mut sealed)?;
        if sealed.len() != length {
            return Err(Fault::Damaged);
        }
        let mut plain = self.open.open(&sealed, MAGIC).map_err(|_| Fault::Damaged)?;
        let Some(kind) = plain.first().copied() else {
            return Err(Fault::Damaged);
        };
        if kind != END {
            self.content.update(&(plain.len() as u64).to_be_bytes());
            self.content.update(&plain);
        }
        plain.remove(0);
        Ok((kind, plain))
    }

    /// What stands next.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn item(&mut self, limits: &Limits) -> Result<Item, Fault> {
        match self.frame()? {
            (BATCH, packed) => {
                let most = limits.most_bytes as usize;
                let raw = wire::unpack(&packed, most).ok_or(Fault::Damaged)?;
                let events = decode_events(&raw, limits).map_err(|malformed| match malformed {
                    Malformed::Proto(_) => Fault::Newer,
                    _ => Fault::Damaged,
                })?;
                Ok(Item::Batch(events))
            }
            (END, signature) => {
                // Nothing may stand behind the end.
                let mut more = [0];
                if self.from.read(&mut more)? != 0 {
                    return Err(Fault::Damaged);
                }
                let message = signed(&self.encapped, &self.content);
                Ok(Item::End { signature, message })
            }
            _ => Err(Fault::Damaged),
        }
    }
}

#[cfg(test)]
mod tests;
