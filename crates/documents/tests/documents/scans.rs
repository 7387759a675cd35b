//! Scanned files as they come: what is taken in, what is refused and why, and what a bound PDF is.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use lopdf::{Dictionary, Document, Object, ObjectId};
use motcua_documents::scans::{self, Sheet, TakenIn, Unreadable};
use motcua_domain::Code;

use crate::tiffs::{Page, tiff};

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
    for (file, why) in [
        (&jpeg[..jpeg.len() / 2], Unreadable::Cut),
        (&pdf[..pdf.len() / 2], Unreadable::Cut),
        (b"hello", Unreadable::Broken),
        (b"", Unreadable::Broken),
        (&kept, Unreadable::Locked),
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

/// How grey the middle of each page of a taken PDF is.
fn greys(taken: &TakenIn) -> Vec<u8> {
    let TakenIn::Bound { pdf, pages } = taken else {
        panic!("several pages: {taken:?}")
    };
    let pictures = scans::pdf_pictures(pdf);
    assert_eq!(pictures.len(), *pages as usize);
    let grey = |jpeg: Option<Vec<u8>>| {
        let picture = image::load_from_memory(&jpeg.unwrap()).unwrap().to_luma8();
        picture
            .get_pixel(picture.width() / 2, picture.height() / 2)
            .0[0]
    };
    pictures.into_iter().map(grey).collect()
}

#[test]
fn all_pages_of_a_tiff_come_in_their_order() {
    let grey = |level: u8| Page::plain(level);
    for big in [false, true] {
        let file = tiff(&[grey(10), grey(90), grey(170), grey(250)], big);
        let found = greys(&scans::take_in(&file).unwrap());
        for (found, want) in found.iter().zip([10u8, 90, 170, 250]) {
            assert!(found.abs_diff(want) < 4, "{found} for {want}, big: {big}");
        }
    }
    // A small copy of a page, and a mask, are no pages.
    let small = Page { what: 1, ..grey(0) };
    let mask = Page { what: 4, ..grey(0) };
    let file = tiff(&[grey(20), small.clone(), grey(200), mask], false);
    assert_eq!(greys(&scans::take_in(&file).unwrap()).len(), 2);
    let file = tiff(&[grey(20), small], false);
    assert!(matches!(
        scans::take_in(&file),
        Ok(TakenIn::Bound { pages: 1, .. }) | Ok(TakenIn::Picture { .. })
    ));
    // Bound again as all of it, it is the same file.
    let taken = scans::take_in(&tiff(&[grey(1), grey(2)], false)).unwrap();
    let TakenIn::Bound { pdf, .. } = taken else {
        panic!("several pages")
    };
    let whole = scans::bind(
        std::slice::from_ref(&pdf),
        &[sheet(0, 0, 0), sheet(0, 1, 0)],
    );
    assert_eq!(whole.unwrap(), pdf);
}

#[test]
fn a_tiff_that_is_broken_or_has_too_many_pages_says_so() {
    let pages: Vec<Page> = (0..3).map(|i| Page::plain(i * 40)).collect();
    let whole = tiff(&pages, false);
    // Written in the order of pages: what is missing is the end.
    for cut in [10, whole.len() / 2, whole.len() - 1] {
        let why = scans::take_in(&whole[..cut]).unwrap_err();
        assert!(
            matches!(
                why,
                Unreadable::Cut | Unreadable::Broken | Unreadable::BrokenPage(_)
            ),
            "{cut}: {why:?}"
        );
    }
    // The second page claims a packing that nobody knows.
    let mut odd = pages.clone();
    odd[1].packing = 60_000;
    let why = scans::take_in(&tiff(&odd, false)).unwrap_err();
    assert_eq!(why, Unreadable::BrokenPage(2));
    let refusal = why.refusal();
    assert_eq!(refusal.code, Code::ScanFileBroken);
    assert!(refusal.message.contains("Trang 2"), "{}", refusal.message);
    // A chain that bites its own tail.
    let mut round = whole.clone();
    let last = round.len() - 4;
    let first: [u8; 4] = round[4..8].try_into().unwrap();
    round[last..].copy_from_slice(&first);
    assert_eq!(scans::take_in(&round).unwrap_err(), Unreadable::Broken);

    let most = vec![Page::plain(9); 500];
    assert_eq!(
        greys(&scans::take_in(&tiff(&most, false)).unwrap()).len(),
        500
    );
    let more = vec![Page::plain(9); 501];
    let why = scans::take_in(&tiff(&more, false)).unwrap_err();
    assert_eq!(why, Unreadable::ManyPages);
    assert_eq!(why.refusal().code, Code::ScanTooManyPages);
}
