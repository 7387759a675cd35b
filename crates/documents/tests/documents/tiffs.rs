//! Real TIFF of several pages, as a scanner writes them: made here, byte by byte.

/// One grey page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) level: u8,
    /// NewSubfileType.
    pub(crate) what: u32,
    /// Compression; 1 is none.
    pub(crate) packing: u32,
}

impl Page {
    pub(crate) fn plain(level: u8) -> Self {
        Self {
            level,
            what: 0,
            packing: 1,
        }
    }
}

/// Dots across and down.
const WIDE: u32 = 24;
const HIGH: u32 = 32;

/// The dots of each page, then its directory; each directory ends with the place of the next.
pub(crate) fn tiff(pages: &[Page], big: bool) -> Vec<u8> {
    let mut out: Vec<u8> = b"II".to_vec();
    let long = if big { 8 } else { 4 };
    let place = |out: &mut Vec<u8>, at: usize| {
        out.extend_from_slice(&(at as u64).to_le_bytes()[..long]);
    };
    if big {
        out.extend_from_slice(&[43, 0, 8, 0, 0, 0]);
    } else {
        out.extend_from_slice(&[42, 0]);
    }
    // Where the place of the next directory is to be written.
    let mut next = out.len();
    place(&mut out, 0);
    for page in pages {
        let dots = out.len();
        out.extend(std::iter::repeat_n(page.level, (WIDE * HIGH) as usize));
        let directory = out.len();
        out[next..next + long].copy_from_slice(&(directory as u64).to_le_bytes()[..long]);
        let entries: [(u16, u32); 10] = [
            (254, page.what),
            (256, WIDE),
            (257, HIGH),
            (258, 8),
            (259, page.packing),
            // 0 is black.
            (262, 1),
            (273, dots as u32),
            (277, 1),
            (278, HIGH),
            (279, WIDE * HIGH),
        ];
        let count = entries.len() as u64;
        out.extend_from_slice(&count.to_le_bytes()[..if big { 8 } else { 2 }]);
        for (tag, value) in entries {
            out.extend_from_slice(&tag.to_le_bytes());
            // One LONG.
            out.extend_from_slice(&4u16.to_le_bytes());
            place(&mut out, 1);
            place(&mut out, value as usize);
        }
        next = out.len();
        place(&mut out, 0);
    }
    out
}
