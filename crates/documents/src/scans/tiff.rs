//! TIFF of one page or many. Decoders read the first picture of a file; here its pages are found by
//! their directories, and each is read as if it were the first.

use image::ImageFormat;
use motcua_domain::case::attachment::{MAX_BYTES, MAX_PAGES};

use super::{QUALITY, Sheet, TakenIn, Unreadable, as_jpeg, bind, decode, jpeg_of};

/// Says of a picture what it is for (TIFF 6.0, section 8).
const NEW_SUBFILE_TYPE: u64 = 254;
/// A small copy of another picture, and a mask for one: neither is a page.
const NOT_A_PAGE: u64 = 1 | 4;

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy)]
struct Shape {
    little: bool,
    /// BigTIFF: places of eight bytes.
    big: bool,
}

impl Shape {
    fn of(bytes: &[u8]) -> Option<Self> {
        let little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let plain = Self { little, big: false };
        match plain.number(bytes, 2, 2)? {
            42 => Some(plain),
            43 => Some(Self { little, big: true }),
            _ => None,
        }
    }

    /// Where the place of the first directory stands, and how long a place is.
    fn first(self) -> (usize, usize) {
        if self.big { (8, 8) } else { (4, 4) }
    }

    fn number(self, bytes: &[u8], at: usize, long: usize) -> Option<u64> {
        let raw = bytes.get(at..at.checked_add(long)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little {
            raw.iter().rev().fold(0, add)
        } else {
            raw.iter().fold(0, add)
        })
    }

    /// A directory: whether its picture is a page, and the place of the next one.
    fn directory(self, bytes: &[u8], at: u64) -> Option<(bool, u64)> {
        let at = usize::try_from(at).ok()?;
        let (count, entry, place) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let entries = usize::try_from(self.number(bytes, at, count)?).ok()?;
        let first = at.checked_add(count)?;
        let next = first.checked_add(entries.checked_mul(entry)?)?;
        let following = self.number(bytes, next, place)?;
        let mut is_page = true;
        for i in 0..entries {
            let entry = first + i * entry;
            if self.number(bytes, entry, 2)? == NEW_SUBFILE_TYPE {
                // One LONG, which stands in the entry itself.
                let what = self.number(bytes, entry + if self.big { 12 } else { 8 }, 4)?;
                is_page = what & NOT_A_PAGE == 0;
            }
        }
        Some((is_page, following))
    }

    /// The places of the pages' directories, in the order of the file.
    fn pages(self, bytes: &[u8]) -> Result<Vec<u64>, Unreadable> {
        let (at, long) = self.first();
        let mut next = self.number(bytes, at, long).ok_or(Unreadable::Cut)?;
        let mut seen = Vec::new();
        let mut pages = Vec::new();
        while next != 0 {
            // A chain that bites its own tail has no end.
            if seen.contains(&next) {
                return Err(Unreadable::Broken);
            }
            seen.push(next);
            // A directory beyond the end: the file was cut, or is still being written.
            let (is_page, following) = self.directory(bytes, next).ok_or(Unreadable::Cut)?;
            if is_page {
                pages.push(next);
            }
            if pages.len() > MAX_PAGES as usize || seen.len() > 4 * MAX_PAGES as usize {
                return Err(Unreadable::ManyPages);
            }
            next = following;
        }
        Ok(pages)
    }
}

/// Whether it begins as a TIFF does, or as a BigTIFF, which is not told from its first bytes elsewhere.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    Shape::of(bytes).is_some()
}

/// One page becomes a picture as any other; several become one PDF, in their order.
pub(super) fn take_in(bytes: &[u8]) -> Result<TakenIn, Unreadable> {
    let shape = Shape::of(bytes).ok_or(Unreadable::Broken)?;
    let pages = shape.pages(bytes)?;
    if pages.len() <= 1
        && shape.number(bytes, shape.first().0, shape.first().1) == pages.first().copied()
    {
        return as_jpeg(&decode(bytes, ImageFormat::Tiff)?);
    }
    // A copy whose first directory is that of one page after the other.
    let mut turned = bytes.to_vec();
    let (at, long) = shape.first();
    let mut jpegs = Vec::with_capacity(pages.len());
    let mut size = 0;
    for (page, place) in (1..).zip(pages) {
        let mut raw = place.to_be_bytes()[8 - long..].to_vec();
        if shape.little {
            raw.reverse();
        }
        turned[at..at + long].copy_from_slice(&raw);
        let picture = decode(&turned, ImageFormat::Tiff).map_err(|why| match why {
            Unreadable::TooLarge => why,
            _ => Unreadable::BrokenPage(page),
        })?;
        let (jpeg, _, _) = jpeg_of(&picture, QUALITY).ok_or(Unreadable::BrokenPage(page))?;
        size += jpeg.len() as u64;
        if size > MAX_BYTES {
            return Err(Unreadable::TooLarge);
        }
        jpegs.push(jpeg);
    }
    let sheets: Vec<Sheet> = (0..jpegs.len())
        .map(|file| Sheet {
            file,
            page: 0,
            turn: 0,
        })
        .collect();
    if sheets.is_empty() {
        return Err(Unreadable::Broken);
    }
    let pdf = bind(&jpegs, &sheets).map_err(|_| Unreadable::Broken)?;
    if pdf.len() as u64 > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    Ok(TakenIn::Bound {
        pdf,
        pages: sheets.len() as u32,
    })
}
