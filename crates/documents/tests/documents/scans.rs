//! Scanned files as they come: what is taken in, what is refused and why, and what a bound PDF is.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use lopdf::{Dictionary, Document, Object, ObjectId};
use motcua_documents::scans::{self, Sheet, TakenIn, Unreadable};
use motcua_domain::Code;

fn picture(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(120, 200, |x, y| image::Rgb([x as u8, y as u8, 60]));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// Two pages that have everything from the branch they hang on, and something that acts by itself.
fn inheriting() -> Vec<u8> {
    let mut file = Document::with_version("1.5");
    let (tree, branch) = (file.new_object_id(), file.new_object_id());
    let page = |file: &mut Document| {
        file.add_object(Dictionary::from_iter([
            ("Type", Object::from("Page")),
            ("Parent", Object::from(branch)),
            (
                "AA",
                Object::from(Dictionary::from_iter([("O", Object::from(1))])),
            ),
        ]))
    };
    let pages: Vec<Object> = (0..2).map(|_| Object::Reference(page(&mut file))).collect();
    file.set_object(
        branch,
        Dictionary::from_iter([
            ("Type", Object::from("Pages")),
            ("Parent", Object::from(tree)),
            ("Count", Object::from(2)),
            ("Kids", Object::Array(pages)),
            ("Rotate", Object::from(90)),
        ]),
    );
    file.set_object(
        tree,
        Dictionary::from_iter([
            ("Type", Object::from("Pages")),
            ("Count", Object::from(2)),
            ("Kids", Object::Array(vec![branch.into()])),
            (
                "MediaBox",
                Object::Array(vec![0.into(), 0.into(), 300.into(), 400.into()]),
            ),
        ]),
    );
    let action = Dictionary::from_iter([("S", Object::from("JavaScript"))]);
    let root = file.add_object(Dictionary::from_iter([
        ("Type", Object::from("Catalog")),
        ("Pages", Object::from(tree)),
        ("OpenAction", Object::from(action)),
    ]));
    file.trailer.set("Root", root);
    let mut out = Vec::new();
    file.save_to(&mut out).unwrap();
    out
}

fn sheet(file: usize, page: u32, turn: u16) -> Sheet {
    Sheet { file, page, turn }
}

fn pages(file: &Document) -> Vec<(ObjectId, &Dictionary)> {
    let pages = file.get_pages().into_values();
    pages
        .map(|id| (id, file.get_dictionary(id).unwrap()))
        .collect()
}

#[test]
fn pictures_become_jpeg_once_and_jpeg_stays_as_it_is() {
    let jpeg = picture(ImageFormat::Jpeg);
    let Ok(TakenIn::Picture {
        jpeg: kept,
        width,
        height,
    }) = scans::take_in(&jpeg)
    else {
        panic!("a JPEG is a page")
    };
    assert_eq!((kept, width, height), (jpeg.clone(), 120, 200));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let taken = scans::take_in(&picture(format)).unwrap();
        assert!(matches!(taken, TakenIn::Picture { jpeg, .. } if jpeg.starts_with(&[0xff, 0xd8])));
    }
    let small = scans::thumbnail(&jpeg, 50).unwrap();
    let small = image::load_from_memory(&small).unwrap();
    assert_eq!((small.width(), small.height()), (30, 50));
}

#[test]
fn what_cannot_be_read_says_why() {
    let jpeg = picture(ImageFormat::Jpeg);
    let pdf = inheriting();
    let mut locked = Document::load_mem(&pdf).unwrap();
    let key = locked.add_object(Dictionary::from_iter([(
        "Filter",
        Object::from("Standard"),
    )]));
    locked.trailer.set("Encrypt", key);
    let mut kept = Vec::new();
    locked.save_to(&mut kept).unwrap();
    // The place of the next picture, behind the entries of the first.
    let mut many = picture(ImageFormat::Tiff);
    let first = u32::from_le_bytes(many[4..8].try_into().unwrap()) as usize;
    let entries = usize::from(u16::from_le_bytes(
        many[first..first + 2].try_into().unwrap(),
    ));
    many[first + 2 + entries * 12] = 8;
    for (file, why) in [
        (&jpeg[..jpeg.len() / 2], Unreadable::Cut),
        (&pdf[..pdf.len() / 2], Unreadable::Cut),
        (b"hello", Unreadable::Broken),
        (b"", Unreadable::Broken),
        (&kept, Unreadable::Locked),
        (&many, Unreadable::ManyPages),
    ] {
        assert_eq!(scans::take_in(file).unwrap_err(), why);
        assert!(!why.refusal().message.is_empty());
    }
    assert_eq!(Unreadable::Locked.refusal().code, Code::ScanFileLocked);
}

#[test]
fn pages_keep_what_they_inherited_and_nothing_that_acts_by_itself() {
    let pdf = inheriting();
    let jpeg = picture(ImageFormat::Jpeg);
    let bound = scans::bind(&[pdf.clone(), jpeg], &[sheet(0, 1, 90), sheet(1, 0, 270)]).unwrap();
    let file = Document::load_mem(&bound).unwrap();
    let pages = pages(&file);
    assert_eq!(pages.len(), 2);
    let number = |page: &Dictionary, key: &[u8]| page.get(key).unwrap().as_i64().unwrap();
    assert_eq!(number(pages[0].1, b"Rotate"), 180);
    assert_eq!(number(pages[1].1, b"Rotate"), 270);
    assert!(!pages[0].1.has(b"AA"));
    let size = pages[0].1.get(b"MediaBox").unwrap().as_array().unwrap();
    assert_eq!(size[2].as_i64().unwrap(), 300);
    assert!(!file.catalog().unwrap().has(b"OpenAction"));
    // 120 dots at 200 to the inch, unless the picture says otherwise.
    let size = pages[1].1.get(b"MediaBox").unwrap().as_array().unwrap();
    assert!((size[2].as_float().unwrap() - 43.2).abs() < 0.1);
    let text = String::from_utf8_lossy(&bound);
    assert!(!text.contains("JavaScript"), "what was left out is gone");
    // All of it, in order, unturned: byte for byte.
    let whole = scans::bind(
        std::slice::from_ref(&pdf),
        &[sheet(0, 0, 0), sheet(0, 1, 0)],
    );
    assert_eq!(whole.unwrap(), pdf);
}

#[test]
fn a_page_that_is_one_picture_shows_itself() {
    let jpeg = picture(ImageFormat::Jpeg);
    let bound = scans::bind(
        &[jpeg.clone(), jpeg.clone()],
        &[sheet(0, 0, 0), sheet(1, 0, 90)],
    );
    let found = scans::pdf_pictures(&bound.unwrap());
    assert_eq!(found, [Some(jpeg.clone()), Some(jpeg)]);
}
