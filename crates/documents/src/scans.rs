//! Scanned pages: pictures and PDF read as they come from a scanner, small pictures of them for a
//! screen, and one PDF for each paper. Bytes in, bytes out.
//!
//! Pictures become JPEG once, when they are taken in, and are never packed anew after that. Pages
//! of a PDF stay as they are; a PDF that is taken whole stays byte for byte what it was, because a
//! signature in it would be broken by anything else.

mod tiff;

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageEncoder as _, ImageFormat, ImageReader, Limits,
    codecs::jpeg::JpegEncoder, metadata::Orientation,
};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use motcua_domain::{
    Code, Refusal,
    case::attachment::{MAX_BYTES, MAX_PAGES},
};

/// What a picture is unpacked to at most: A3 at 600 dpi in colour is 210 MB.
const MOST_UNPACKED: u64 = 320 << 20;
/// How well pictures are kept that do not come as JPEG.
const QUALITY: u8 = 85;
const THUMB_QUALITY: u8 = 70;
/// Dots to the inch of a picture that does not say.
const DPI: u16 = 200;
/// A quarter of a megabyte of tail is enough for any trailer.
const TAIL: usize = 1024;

/// Why a file cannot be read as pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It ends too early: perhaps it is still being written.
    Cut,
    /// It is no PDF, JPEG, PNG or TIFF, or is broken.
    Broken,
    /// A PDF with a password.
    Locked,
    /// One page of a TIFF, counted from 1; nothing of the file is taken.
    BrokenPage(u32),
    /// More pages than a paper may have.
    ManyPages,
    /// More than a paper may have.
    TooLarge,
    /// By its name no scan at all, and so not read.
    Foreign,
}

impl Unreadable {
    /// In words for the officer, with a code.
    pub fn refusal(self) -> Refusal {
        let (code, message) = match self {
            Self::Cut | Self::Broken => (
                Code::ScanFileBroken,
                "Tệp bị hỏng hoặc không phải PDF, JPEG, PNG, TIFF nên không lấy vào được. Tệp vẫn còn. Mời quét lại giấy tờ này.",
            ),
            Self::Locked => (
                Code::ScanFileLocked,
                "Tệp PDF đặt mật khẩu nên không lấy vào được. Tệp vẫn còn. Mời bỏ mật khẩu rồi đưa lại.",
            ),
            Self::BrokenPage(page) => {
                let message = format!(
                    "Trang {page} của tệp TIFF bị hỏng nên chưa lấy trang nào. Tệp vẫn còn. Mời quét lại giấy tờ này."
                );
                return Refusal::new(Code::ScanFileBroken, message);
            }
            Self::ManyPages => {
                let message = format!(
                    "Tệp có hơn {MAX_PAGES} trang, là mức cho một giấy tờ. Tệp vẫn còn. Mời chia thành nhiều tệp."
                );
                return Refusal::new(Code::ScanTooManyPages, message);
            }
            Self::TooLarge => {
                let message = format!(
                    "Tệp lớn hơn {} MB, là mức cho một giấy tờ. Tệp vẫn còn. Mời chia nhỏ hoặc quét với độ phân giải thấp hơn.",
                    MAX_BYTES / 1_000_000
                );
                return Refusal::new(Code::ScanTooLarge, message);
            }
            Self::Foreign => (
                Code::ScanFileBroken,
                "Tệp này không phải bản quét: chỉ lấy được PDF, JPEG, PNG, TIFF. Tệp vẫn còn. Mời lưu thành PDF rồi đưa lại, hoặc quét giấy tờ này.",
            ),
        };
        Refusal::new(code, message)
    }
}

/// A file as it was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// One page, as JPEG.
    Picture {
        /// The JPEG.
        jpeg: Vec<u8>,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A PDF, kept as it is.
    Pdf {
        /// Pages.
        pages: u32,
    },
    /// Several pictures in one file, bound into a PDF: they come in together or not at all.
    Bound {
        /// The PDF.
        pdf: Vec<u8>,
        /// Pages.
        pages: u32,
    },
}

/// Reads a file from a scanner.
///
/// # Errors
/// Why it cannot be read.
pub fn take_in(bytes: &[u8]) -> Result<TakenIn, Unreadable> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    if bytes.starts_with(b"%PDF-") {
        return pdf_pages(bytes);
    }
    if tiff::is_one(bytes) {
        return tiff::take_in(bytes);
    }
    let format = image::guess_format(bytes).map_err(|_| Unreadable::Broken)?;
    match format {
        ImageFormat::Jpeg => {
            // Decoders fill what is missing of a JPEG with grey.
            let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
            if !tail.windows(2).any(|pair| pair == [0xff, 0xd9]) {
                return Err(Unreadable::Cut);
            }
            let picture = decode(bytes, format)?;
            let upright = turned(bytes) == Orientation::NoTransforms;
            let plain = matches!(
                picture,
                DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_)
            );
            if upright && plain && !has_four_inks(bytes) {
                return Ok(TakenIn::Picture {
                    width: picture.width(),
                    height: picture.height(),
                    jpeg: bytes.to_vec(),
                });
            }
            let mut picture = picture;
            picture.apply_orientation(turned(bytes));
            as_jpeg(&picture)
        }
        ImageFormat::Png => as_jpeg(&decode(bytes, format)?),
        _ => Err(Unreadable::Broken),
    }
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Unreadable> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_UNPACKED);
    reader.limits(limits);
    reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => Unreadable::TooLarge,
        _ => Unreadable::Broken,
    })
}

/// How a camera says that the picture lies.
fn turned(bytes: &[u8]) -> Orientation {
    use image::ImageDecoder as _;
    image::codecs::jpeg::JpegDecoder::new(Cursor::new(bytes))
        .and_then(|mut decoder| decoder.orientation())
        .unwrap_or(Orientation::NoTransforms)
}

/// The frame header of a JPEG: how many inks it has. Four would need a colour profile in a PDF.
fn has_four_inks(bytes: &[u8]) -> bool {
    segments(bytes).any(|(marker, body)| {
        matches!(marker, 0xc0..=0xc3) && body.get(5).is_some_and(|inks| *inks == 4)
    })
}

/// The segments of a JPEG before its picture begins: marker and content.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + 4)?;
        if head[0] != 0xff || head[1] == 0xda {
            return None;
        }
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let body = bytes.get(at + 4..at + 2 + len.max(2))?;
        at += 2 + len.max(2);
        Some((head[1], body))
    })
}

fn as_jpeg(picture: &DynamicImage) -> Result<TakenIn, Unreadable> {
    let (jpeg, width, height) = jpeg_of(picture, QUALITY).ok_or(Unreadable::Broken)?;
    Ok(TakenIn::Picture {
        jpeg,
        width,
        height,
    })
}

fn jpeg_of(picture: &DynamicImage, quality: u8) -> Option<(Vec<u8>, u32, u32)> {
    let (width, height) = (picture.width(), picture.height());
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
    let grey = !picture.color().has_color();
    if grey {
        encoder.write_image(&picture.to_luma8(), width, height, ExtendedColorType::L8)
    } else {
        encoder.write_image(&picture.to_rgb8(), width, height, ExtendedColorType::Rgb8)
    }
    .ok()?;
    Some((jpeg, width, height))
}

/// A small picture of a JPEG, `side` pixels at the longer side; `None` for one that is broken.
pub fn thumbnail(jpeg: &[u8], side: u32) -> Option<Vec<u8>> {
    let picture = decode(jpeg, ImageFormat::Jpeg).ok()?;
    Some(jpeg_of(&picture.thumbnail(side, side), THUMB_QUALITY)?.0)
}

fn open(bytes: &[u8]) -> Result<Document, Unreadable> {
    // What was cut has no end; what has an end and cannot be read is broken.
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let ends = tail.windows(5).any(|part| part == b"%%EOF");
    match Document::load_mem(bytes) {
        Ok(file) if file.trailer.has(b"Encrypt") || file.is_encrypted() => Err(Unreadable::Locked),
        Ok(file) => Ok(file),
        Err(_) if bytes.windows(8).any(|part| part == b"/Encrypt") => Err(Unreadable::Locked),
        Err(_) if !ends => Err(Unreadable::Cut),
        Err(_) => Err(Unreadable::Broken),
    }
}

fn pdf_pages(bytes: &[u8]) -> Result<TakenIn, Unreadable> {
    let file = open(bytes)?;
    let pages = u32::try_from(file.get_pages().len()).unwrap_or(u32::MAX);
    match pages {
        0 => Err(Unreadable::Broken),
        pages if pages > MAX_PAGES => Err(Unreadable::ManyPages),
        pages => Ok(TakenIn::Pdf { pages }),
    }
}

/// The picture of each page of a PDF that is nothing but one: what scanners write. Other pages
/// have none here.
pub fn pdf_pictures(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    let Ok(file) = open(bytes) else {
        return Vec::new();
    };
    let of_page = |page: ObjectId| {
        let images = file.get_page_images(page).ok()?;
        let image = images.iter().max_by_key(|i| i.width * i.height)?;
        let only_jpeg = image.filters.as_deref() == Some(&["DCTDecode".to_owned()][..]);
        only_jpeg.then(|| image.content.to_vec())
    };
    file.get_pages().into_values().map(of_page).collect()
}

/// A page that goes into a paper.
#[derive(Debug, Clone, Copy)]
pub struct Sheet {
    /// Which of the files.
    pub file: usize,
    /// Which page of it, from 0.
    pub page: u32,
    /// Turned clockwise: 0, 90, 180, 270.
    pub turn: u16,
}

/// One PDF of pages, in their order.
///
/// # Errors
/// `SCAN_FILE_BROKEN` for a file that cannot be read any more.
pub fn bind(files: &[Vec<u8>], sheets: &[Sheet]) -> Result<Vec<u8>, Refusal> {
    if let Some(whole) = taken_whole(files, sheets) {
        return Ok(whole.clone());
    }
    let broken = || Unreadable::Broken.refusal();
    let mut out = Document::with_version("1.7");
    let tree = out.new_object_id();
    // The pages of each PDF that is used, by number, once it has moved in.
    let mut moved: Vec<Option<Vec<ObjectId>>> = vec![None; files.len()];
    let mut kids = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let file = files.get(sheet.file).ok_or_else(broken)?;
        let page = if file.starts_with(b"%PDF-") {
            if moved[sheet.file].is_none() {
                moved[sheet.file] = Some(move_in(&mut out, file).map_err(Unreadable::refusal)?);
            }
            let pages = moved[sheet.file].as_ref().ok_or_else(broken)?;
            let id = *pages.get(sheet.page as usize).ok_or_else(broken)?;
            let page = out.get_dictionary_mut(id).map_err(|_| broken())?;
            page.set("Parent", tree);
            let lies = page.get(b"Rotate").and_then(Object::as_i64).unwrap_or(0);
            page.set("Rotate", (lies + i64::from(sheet.turn)).rem_euclid(360));
            id
        } else {
            picture_page(&mut out, tree, file, sheet.turn).ok_or_else(broken)?
        };
        kids.push(Object::Reference(page));
    }
    out.set_object(
        tree,
        Dictionary::from_iter([
            ("Type", Object::from("Pages")),
            ("Count", Object::from(kids.len() as i64)),
            ("Kids", Object::Array(kids)),
        ]),
    );
    let catalog = out.add_object(Dictionary::from_iter([
        ("Type", Object::from("Catalog")),
        ("Pages", Object::from(tree)),
    ]));
    out.trailer.set("Root", catalog);
    // What belonged to the old files and to pages that were dropped.
    out.prune_objects();
    let mut bytes = Vec::new();
    out.save_to(&mut bytes).map_err(|_| broken())?;
    Ok(bytes)
}

/// The one PDF that the pages are, all of them, in order and as they lie.
fn taken_whole<'a>(files: &'a [Vec<u8>], sheets: &[Sheet]) -> Option<&'a Vec<u8>> {
    let first = sheets.first()?;
    let file = files.get(first.file)?;
    let in_order = sheets
        .iter()
        .enumerate()
        .all(|(i, s)| s.file == first.file && s.turn == 0 && s.page as usize == i);
    if !in_order || !file.starts_with(b"%PDF-") {
        return None;
    }
    match pdf_pages(file) {
        Ok(TakenIn::Pdf { pages }) if pages as usize == sheets.len() => Some(file),
        _ => None,
    }
}

/// What a page may have from the branch it hangs on.
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];

/// Moves everything of a PDF into another one; answers its pages, each with what it inherited, and
/// without anything that acts by itself when it is opened.
fn move_in(out: &mut Document, bytes: &[u8]) -> Result<Vec<ObjectId>, Unreadable> {
    let mut file = open(bytes)?;
    file.renumber_objects_with(out.max_id + 1);
    let pages: Vec<ObjectId> = file.get_pages().into_values().collect();
    for id in &pages {
        let mut found: Vec<(&[u8], Object)> = Vec::new();
        let mut at = *id;
        // A tree that bites its own tail ends here.
        for _ in 0..64 {
            let Ok(branch) = file.get_dictionary(at) else {
                break;
            };
            for key in INHERITED {
                if let Ok(value) = branch.get(key)
                    && !found.iter().any(|(known, _)| *known == key)
                {
                    found.push((key, value.clone()));
                }
            }
            match branch.get(b"Parent").and_then(Object::as_reference) {
                Ok(parent) => at = parent,
                Err(_) => break,
            }
        }
        let page = file
            .get_dictionary_mut(*id)
            .map_err(|_| Unreadable::Broken)?;
        for (key, value) in found {
            page.set(key, value);
        }
        page.remove(b"AA");
    }
    out.max_id = out.max_id.max(file.max_id);
    out.objects.extend(file.objects);
    Ok(pages)
}

/// Dots to the inch, as a JPEG says of itself.
fn density(jpeg: &[u8]) -> u16 {
    let said = segments(jpeg)
        .find_map(|(marker, body)| (marker == 0xe0 && body.starts_with(b"JFIF\0")).then_some(body));
    let Some([unit, high, low]) = said.and_then(|body| body.get(7..10)) else {
        return DPI;
    };
    let dots = u16::from_be_bytes([*high, *low]);
    match unit {
        1 if dots >= 50 => dots,
        // To the centimetre.
        2 if dots >= 20 => (f32::from(dots) * 2.54).round() as u16,
        _ => DPI,
    }
}

fn picture_page(out: &mut Document, tree: ObjectId, jpeg: &[u8], turn: u16) -> Option<ObjectId> {
    let frame = segments(jpeg)
        .find(|(marker, _)| matches!(marker, 0xc0..=0xc3))?
        .1;
    let size = |at: usize| {
        let raw: [u8; 2] = frame.get(at..at + 2)?.try_into().ok()?;
        Some(u16::from_be_bytes(raw))
    };
    let (height, width, inks) = (size(1)?, size(3)?, *frame.get(5)?);
    let scale = 72.0 / f32::from(density(jpeg));
    let points = |pixels: u16| (f32::from(pixels) * scale * 100.0).round() / 100.0;
    let (w, h) = (points(width), points(height));
    let image = Dictionary::from_iter([
        ("Type", Object::from("XObject")),
        ("Subtype", Object::from("Image")),
        ("Width", Object::from(i64::from(width))),
        ("Height", Object::from(i64::from(height))),
        (
            "ColorSpace",
            Object::from(if inks == 1 { "DeviceGray" } else { "DeviceRGB" }),
        ),
        ("BitsPerComponent", Object::from(8)),
        ("Filter", Object::from("DCTDecode")),
    ]);
    let image = out.add_object(Stream::new(image, jpeg.to_vec()).with_compression(false));
    let place = format!("{w} 0 0 {h} 0 0 cm /I Do");
    let content = out.add_object(Stream::new(Dictionary::new(), place.into_bytes()));
    let resources = Dictionary::from_iter([(
        "XObject",
        Object::from(Dictionary::from_iter([("I", Object::from(image))])),
    )]);
    Some(out.add_object(Dictionary::from_iter([
        ("Type", Object::from("Page")),
        ("Parent", Object::from(tree)),
        (
            "MediaBox",
            Object::Array(vec![0.into(), 0.into(), w.into(), h.into()]),
        ),
        ("Rotate", Object::from(i64::from(turn))),
        ("Contents", Object::from(content)),
        ("Resources", Object::from(resources)),
    ])))
}
