//! Events by the hundred, as bytes. Reading is total: whatever comes in, it answers, and it
//! never takes more memory than a small multiple of the bytes it was given.
//!
//! Batch: `"MCEV" ‖ u16 proto ‖ u32 count ‖ 32 hash before ‖ events ‖ 32 BLAKE3 of all before`,
//! of one log, one after the other. Page: `"MCPG" ‖ u16 proto ‖ u32 count ‖ u64 next ‖ u8 more ‖
//! (32 hash before ‖ event)… ‖ 32 BLAKE3`, of any logs.

use crate::sync::{Limits, PROTO, PROTO_MIN, Sealed};

const BATCH: &[u8; 4] = b"MCEV";
const PAGE: &[u8; 4] = b"MCPG";
/// The least that an event takes: bounds what a false count can make us reserve.
const LEAST: usize = 150;

/// Why bytes are not a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not ours, cut short, or changed on the way.
    #[error("bytes are damaged or not ours")]
    Damaged,
    /// Written by a version that this one does not understand.
    #[error("protocol version {0}")]
    Proto(u16),
    /// More than the limits allow.
    #[error("too large")]
    TooLarge,
    /// Events of a batch that do not follow each other.
    #[error("events do not follow each other")]
    Order,
}

/// Some events after a cursor, of any devices, in the order in which the sender got them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The events.
    pub events: Vec<Sealed>,
    /// Cursor from which to go on.
    pub next: u64,
    /// Whether there is more behind it now.
    pub more: bool,
}

fn begin(magic: &[u8; 4], events: &[Sealed]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + events.iter().map(Sealed::size).sum::<usize>());
    out.extend_from_slice(magic);
    out.extend_from_slice(&PROTO.to_be_bytes());
    out.extend_from_slice(&(events.len() as u32).to_be_bytes());
    out
}

fn end(mut out: Vec<u8>) -> Vec<u8> {
    let digest = blake3::hash(&out);
    out.extend_from_slice(digest.as_bytes());
    out
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (head, rest) = from.split_first_chunk::<N>().ok_or(Malformed::Damaged)?;
    *from = rest;
    Ok(*head)
}

/// Checks the frame; answers the bytes behind the count, and the count.
fn open<'a>(
    magic: &[u8; 4],
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<(&'a [u8], usize), Malformed> {
    if bytes.len() > limits.most_bytes as usize {
        return Err(Malformed::TooLarge);
    }
    let mut inside = bytes;
    if take::<4>(&mut inside)? != *magic {
        return Err(Malformed::Damaged);
    }
    let proto = u16::from_be_bytes(take(&mut inside)?);
    if !(PROTO_MIN..=PROTO).contains(&proto) {
        return Err(Malformed::Proto(proto));
    }
    let (content, digest) = bytes.split_last_chunk::<32>().ok_or(Malformed::Damaged)?;
    if blake3::hash(content) != *digest {
        return Err(Malformed::Damaged);
    }
    let mut inside = content.get(6..).ok_or(Malformed::Damaged)?;
    let count = u32::from_be_bytes(take(&mut inside)?) as usize;
    if count > limits.most_events as usize {
        return Err(Malformed::TooLarge);
    }
    if count > inside.len() / LEAST {
        return Err(Malformed::Damaged);
    }
    Ok((inside, count))
}

/// Writes events of one log that follow each other.
pub fn encode_events(events: &[Sealed]) -> Vec<u8> {
    let mut out = begin(BATCH, events);
    out.extend_from_slice(&events.first().map_or([0; 32], |e| e.prev_hash));
    for event in events {
        event.write(&mut out);
    }
    end(out)
}

/// Reads what [`encode_events`] wrote.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode_events(bytes: &[u8], limits: &Limits) -> Result<Vec<Sealed>, Malformed> {
    let (mut inside, count) = open(BATCH, bytes, limits)?;
    let mut prev = take(&mut inside)?;
    let mut events: Vec<Sealed> = Vec::with_capacity(count);
    for _ in 0..count {
        let event = Sealed::read(&mut inside, prev).ok_or(Malformed::Damaged)?;
        if let Some(before) = events.last() {
            let (a, b) = (before.place(), event.place());
            if (a.device, a.epoch) != (b.device, b.epoch) || a.seq.checked_add(1) != Some(b.seq) {
                return Err(Malformed::Order);
            }
        }
        prev = event.hash;
        events.push(event);
    }
    if inside.is_empty() {
        Ok(events)
    } else {
        Err(Malformed::Damaged)
    }
}

/// Writes a page.
pub fn encode_page(page: &Page) -> Vec<u8> {
    let mut out = begin(PAGE, &page.events);
    out.extend_from_slice(&page.next.to_be_bytes());
    out.push(u8::from(page.more));
    for event in &page.events {
        out.extend_from_slice(&event.prev_hash);
        event.write(&mut out);
    }
    end(out)
}

/// Reads what [`encode_page`] wrote.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode_page(bytes: &[u8], limits: &Limits) -> Result<Page, Malformed> {
    let (mut inside, count) = open(PAGE, bytes, limits)?;
    let next = u64::from_be_bytes(take(&mut inside)?);
    let more = match take(&mut inside)? {
        [0] => false,
        [1] => true,
        _ => return Err(Malformed::Damaged),
    };
    let mut events = Vec::with_capacity(count);
    for _ in 0..count {
        let prev = take(&mut inside)?;
        events.push(Sealed::read(&mut inside, prev).ok_or(Malformed::Damaged)?);
    }
    if !inside.is_empty() {
        return Err(Malformed::Damaged);
    }
    Ok(Page { events, next, more })
}
