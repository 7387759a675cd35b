//! How far a feed was read: a position and, above it, a mark of what lay up to there.
//!
//! A server whose disk forgot its last writes does not know it and fills the same positions again,
//! perhaps with other events: a bare position would pass those over for ever. The mark is a digest
//! of where each log ended among the events up to the position. Logs are chains, so equal ends mean
//! the same set of events, in whatever order they came; and that set is exactly what the reader was
//! sent. Where the mark does not fit, the reader is given everything from the start: what it has
//! already is known by its hash.

use crate::sync::Place;

const BITS: u32 = 40;
const POSITION: u64 = (1 << BITS) - 1;
/// A cursor is kept as a signed number by some who keep it.
const MARK: u64 = (1 << (63 - BITS)) - 1;

/// The position in a cursor.
pub fn position(cursor: u64) -> u64 {
    cursor & POSITION
}

/// The cursor of a position; `ends`: of each log its last event at or before it, in any order.
pub fn cursor(position: u64, mut ends: Vec<(Place, [u8; 32])>) -> u64 {
    if position == 0 {
        return 0;
    }
    ends.sort_unstable();
    let mut digest = blake3::Hasher::new();
    digest.update(b"motcua cursor v1");
    for (place, hash) in &ends {
        digest.update(place.device.as_bytes());
        digest.update(&place.epoch.to_be_bytes());
        digest.update(&place.seq.to_be_bytes());
        digest.update(hash);
    }
    let mark = digest.finalize().as_bytes().first_chunk().copied();
    let mark = u64::from_be_bytes(mark.unwrap_or_default());
    (mark & MARK) << BITS | (position & POSITION)
}
