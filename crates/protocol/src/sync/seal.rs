//! An event with its place in a chain, and its bytes on a wire.
//!
//! `u32 length ‖ header ‖ u16 salt length ‖ salt ‖ body`; the header as it is hashed. What is
//! read back is written again to the same bytes, or it is refused: a hash over bytes that were
//! encoded anew is how other systems locked their older clients out.

use uuid::Uuid;

use crate::event::{Header, body_hash};

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Device whose log it is.
    pub device: Uuid,
    /// Epoch of that log.
    pub epoch: u32,
    /// 1, 2, 3 … in that epoch.
    pub seq: u64,
}

/// An event, the hash before it and its own. Hashes are computed, never believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Everything but the body.
    pub header: Header,
    /// Salt of the body's hash.
    pub salt: Vec<u8>,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Hash of the event before.
    pub prev_hash: [u8; 32],
    /// Hash of salt and body.
    pub body_hash: [u8; 32],
    /// Hash of this event.
    pub hash: [u8; 32],
}

impl AsRef<Header> for Sealed {
    fn as_ref(&self) -> &Header {
        &self.header
    }
}

impl Sealed {
    /// Puts an event behind the one with that hash.
    pub fn new(header: Header, salt: Vec<u8>, body: Vec<u8>, prev_hash: [u8; 32]) -> Self {
        let body_hash = body_hash(&salt, &body);
        let hash = header.hash(&prev_hash, &body_hash);
        Self {
            header,
            salt,
            body,
            prev_hash,
            body_hash,
            hash,
        }
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place {
            device: self.header.device,
            epoch: self.header.epoch,
            seq: self.header.seq,
        }
    }

    /// Bytes that [`Sealed::write`] will add, about.
    pub fn size(&self) -> usize {
        let header = &self.header;
        170 + header.kind.len()
            + header.actor.len()
            + header.deps.len() * 28
            + self.salt.len()
            + self.body.len()
    }

    /// Appends the event's bytes, without the hash before it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.header.bytes());
        out.extend_from_slice(&(self.salt.len() as u16).to_be_bytes());
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.body);
        let length = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// Reads one event off the front of `from`. `None` when the bytes are not what we write.
    pub(crate) fn read(from: &mut &[u8], prev_hash: [u8; 32]) -> Option<Self> {
        let length = u32::from_be_bytes(*from.split_first_chunk()?.0) as usize;
        let mut record = from.get(4..4usize.checked_add(length)?)?;
        *from = &from[4 + length..];
        let header = Header::read(&mut record)?;
        let (salt_length, rest) = record.split_first_chunk()?;
        let salt_length = usize::from(u16::from_be_bytes(*salt_length));
        let salt = rest.get(..salt_length)?.to_vec();
        let body = rest[salt_length..].to_vec();
        Some(Self::new(header, salt, body, prev_hash))
    }
}
