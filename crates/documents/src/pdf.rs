//! Pages into a PDF file: each face embedded with the used letters only, text that can be
//! selected and searched, metadata from the data, and the same bytes for the same input.
//!
//! printpdf draws and writes. Three things it does not do are done around it: faces are cut down
//! to the letters of this file beforehand (it embeds what it is given), font names are fixed
//! instead of drawn from its running random numbers, and language, file id and dates with their
//! time zone are set in its finished document.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use lopdf::{Dictionary, Document, Object, Stream, StringFormat};
use motcua_domain::refusal::{Code, Refusal, Result};
use printpdf::{
    FontId, FontMetrics, FontType, Op, PaintMode, ParsedFont, PdfDocument, PdfFont, PdfFontHandle,
    PdfFontMetricsStub, PdfPage, PdfSaveOptions, Point, Pt, TextItem,
};
use subsetter::GlyphRemapper;

use crate::{
    fonts::{Face, FaceId, Fonts, Glyph, is_mark},
    page::{Draw, Page},
    text::Run,
};

/// What the file says about itself.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) subject: String,
    pub(crate) created: DateTime<FixedOffset>,
    pub(crate) modified: DateTime<FixedOffset>,
}

/// The letters used of each face: letter as drawn → its glyph in the face.
type Used = BTreeMap<u8, BTreeMap<char, u16>>;

pub(crate) fn write(pages: &[Page], about: &About, fonts: &Fonts) -> Result<Vec<u8>> {
    let mut doc = PdfDocument::new(&about.title);
    for (face, letters) in &used_letters(pages, fonts) {
        let font = PdfFont::new(cut_down(fonts.face(*face), letters)?);
        doc.resources.fonts.map.insert(font_id(*face), font);
    }
    doc.with_pages(pages.iter().map(|page| draw(page, fonts)).collect());
    let mut warnings = Vec::new();
    let mut file = printpdf::to_lopdf_doc(&doc, &PdfSaveOptions::default(), &mut warnings);
    describe(&mut file, about)?;
    save(file)
}

fn font_id(face: u8) -> FontId {
    FontId(format!("F{face}"))
}

fn used_letters(pages: &[Page], fonts: &Fonts) -> Used {
    let mut used = Used::new();
    for draw in pages.iter().flat_map(|page| &page.draws) {
        let Draw::Text { runs, .. } = draw else {
            continue;
        };
        for run in runs {
            for c in run.text.chars() {
                let glyph = fonts.glyph(run.style.face, c);
                used.entry(glyph.face)
                    .or_default()
                    .insert(glyph.drawn, glyph.id);
            }
        }
    }
    used
}

/// A face reduced to the given letters, in the shape printpdf embeds.
fn cut_down(face: &Face, letters: &BTreeMap<char, u16>) -> Result<ParsedFont> {
    let mut remapper = GlyphRemapper::new();
    let codepoint_to_glyph = letters
        .iter()
        .map(|(c, id)| (u32::from(*c), remapper.remap(*id)))
        .collect();
    let original_bytes = subsetter::subset(&face.data, 0, &remapper)
        .map_err(|e| fault(&format!("Không nhúng được phông chữ {} ({e}).", face.name)))?;
    let units = |em: f32| (em * face.units).round() as i16;
    Ok(ParsedFont {
        original_bytes,
        font_index: 0,
        // The six letters mark a subset (ISO 32000-1, 9.6.4).
        font_name: Some(format!("MOTCUA+{}", face.name)),
        codepoint_to_glyph,
        glyph_widths: letters
            .values()
            .filter_map(|id| Some((remapper.get(*id)?, (face.advance(*id) * face.units) as u16)))
            .collect(),
        units_per_em: face.units as u16,
        font_metrics: FontMetrics {
            ascent: units(face.ascent),
            descent: units(face.descent),
        },
        font_type: FontType::TrueType,
        pdf_font_metrics: PdfFontMetricsStub {
            units_per_em: face.units as u16,
            x_min: units(face.bbox[0]),
            y_min: units(face.bbox[1]),
            x_max: units(face.bbox[2]),
            y_max: units(face.bbox[3]),
            caret_slope_rise: 1_000,
            caret_slope_run: (-face.italic_angle.to_radians().tan() * 1_000.0).round() as i16,
            us_weight_class: if face.name.contains("Bold") { 700 } else { 400 },
        },
    })
}

/// One page as printpdf operations. Text goes out in the order in which it was drawn, which is
/// the order in which it is read.
fn draw(page: &Page, fonts: &Fonts) -> PdfPage {
    let mut ops = Vec::new();
    for draw in &page.draws {
        match draw {
            Draw::Fill {
                x,
                y,
                width,
                height,
            } => ops.push(Op::DrawRectangle {
                rectangle: printpdf::Rect {
                    x: pt(*x),
                    y: pt(page.height - y - height),
                    width: pt(*width),
                    height: pt(*height),
                    mode: Some(PaintMode::Fill),
                    winding_order: None,
                },
            }),
            Draw::Text { x, y, runs, spread } => {
                ops.push(Op::StartTextSection);
                ops.push(Op::SetTextCursor {
                    pos: Point {
                        x: pt(*x),
                        y: pt(page.height - y),
                    },
                });
                for run in runs {
                    show(&mut ops, run, *spread, fonts);
                }
                ops.push(Op::EndTextSection);
            }
        }
    }
    PdfPage::new(pt(page.width).into(), pt(page.height).into(), ops)
}

fn show(ops: &mut Vec<Op>, run: &Run, spread: f32, fonts: &Fonts) {
    let size = run.style.size;
    let letters: Vec<(bool, Glyph)> = run
        .text
        .chars()
        .map(|c| (is_mark(c), fonts.glyph(run.style.face, c)))
        .collect();
    let mut base: Option<Glyph> = None;
    let mut rest = &letters[..];
    while let Some((first_is_mark, glyph)) = rest.first() {
        let font = PdfFontHandle::External(font_id(glyph.face));
        ops.push(Op::SetFont {
            font,
            size: pt(size),
        });
        if *first_is_mark {
            mark(ops, run.style.face, size, base, *glyph, fonts);
            rest = &rest[1..];
            continue;
        }
        let end = rest
            .iter()
            .position(|(is_mark, g)| g.face != glyph.face || *is_mark)
            .unwrap_or(rest.len());
        let (now, later) = rest.split_at(end);
        base = now.last().map(|(_, g)| *g);
        rest = later;
        let text: String = now.iter().map(|(_, g)| g.drawn).collect();
        let mut items = Vec::new();
        if spread > 0.0 {
            for word in text.split_inclusive(' ') {
                items.push(TextItem::Text(word.to_owned()));
                if word.ends_with(' ') {
                    items.push(TextItem::Offset(round(-spread * 1000.0 / size)));
                }
            }
        } else {
            items.push(TextItem::Text(text));
        }
        ops.push(Op::ShowText { items });
    }
}

/// A combining mark over the letter before it: centred on its ink and raised above what it
/// already carries (ê + ˘). Faces place marks for bare small letters only.
fn mark(
    ops: &mut Vec<Op>,
    face: FaceId,
    size: f32,
    base: Option<Glyph>,
    glyph: Glyph,
    fonts: &Fonts,
) {
    let ink = fonts.face(glyph.face).ink(glyph.id).unwrap_or_default();
    let advance = base.map_or(0.0, |b| b.advance);
    let under = base
        .and_then(|b| fonts.face(b.face).ink(b.id))
        .unwrap_or_default();
    let rise = if ink[3] <= 0.05 {
        0.0
    } else {
        (under[3] + 0.04 - ink[1]).max(0.0)
    };
    // From the pen, which stands after the base, to where the mark's own origin must be.
    let mut dx = (under[0] + under[2]) / 2.0 - advance - (ink[0] + ink[2]) / 2.0;
    if matches!(face, FaceId::Italic | FaceId::BoldItalic) {
        dx += rise * 0.2;
    }
    ops.push(Op::SetLineOffset {
        multiplier: round(rise * size),
    });
    let back = dx + glyph.advance;
    ops.push(Op::ShowText {
        items: vec![
            TextItem::Offset(round(-dx * 1000.0)),
            TextItem::Text(glyph.drawn.to_string()),
            TextItem::Offset(round(back * 1000.0)),
        ],
    });
    ops.push(Op::SetLineOffset { multiplier: 0.0 });
}

/// What the file says about itself: language, title bar, dates with their time zone, and an id
/// made from the content's own facts. printpdf's id is a running number, its dates are UTC.
fn describe(file: &mut Document, about: &About) -> Result<()> {
    let time = |t: DateTime<FixedOffset>| {
        let zone = t.format("%:z").to_string().replace(':', "'");
        literal(format!("D:{}{zone}'", t.format("%Y%m%d%H%M%S")))
    };
    let text = |text: &str| lopdf::text_string(text);
    let info = Dictionary::from_iter([
        ("Title", text(&about.title)),
        ("Subject", text(&about.subject)),
        ("Creator", text("Một Cửa")),
        (
            "Producer",
            text(concat!("Một Cửa ", env!("CARGO_PKG_VERSION"))),
        ),
        ("CreationDate", time(about.created)),
        ("ModDate", time(about.modified)),
    ]);
    // In the place of printpdf's own, so that nothing is left over.
    let id = match file.trailer.get(b"Info").and_then(Object::as_reference) {
        Ok(id) => id,
        Err(_) => file.new_object_id(),
    };
    file.set_object(id, info);
    file.trailer.set("Info", id);
    // CID fonts and document language are younger than the 1.3 that printpdf states.
    file.version = "1.7".to_owned();
    let facts = format!(
        "{} {} {}",
        about.title,
        about.subject,
        about.modified.timestamp()
    );
    let mark: Vec<u8> = facts.bytes().rev().cycle().take(16).collect();
    let mark = Object::String(mark, StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![mark.clone(), mark]);
    let catalog = file
        .catalog_mut()
        .map_err(|e| fault(&format!("Không dựng được tệp PDF ({e}).")))?;
    catalog.set("Lang", literal("vi-VN".to_owned()));
    catalog.set(
        "ViewerPreferences",
        Dictionary::from_iter([("DisplayDocTitle", Object::Boolean(true))]),
    );
    Ok(())
}

fn literal(text: String) -> Object {
    Object::String(text.into_bytes(), StringFormat::Literal)
}

/// The quickest level of deflate: a receipt stays at half its size budget.
const PACKING: u8 = 1;

fn save(mut file: Document) -> Result<Vec<u8>> {
    for object in file.objects.values_mut() {
        if let Object::Stream(stream) = object
            && !stream.dict.has(b"Filter")
        {
            // lopdf packs at the highest level: much slower for a few per cent less.
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(&stream.content, PACKING);
            stream.set_content(packed);
            stream.dict.set("Filter", "FlateDecode");
        }
    }
    let mut bytes = Vec::new();
    file.save_to(&mut bytes)
        .map_err(|e| fault(&format!("Không ghi được tệp PDF ({e}).")))?;
    Ok(bytes)
}

fn fault(what: &str) -> Refusal {
    Refusal::new(
        Code::AssetFault,
        format!("{what} Dữ liệu hồ sơ không bị ảnh hưởng. Mời cài lại chương trình rồi in lại."),
    )
}

/// An 80 mm page with one black-and-white picture (1 = ink), for tickets.
pub(crate) fn picture(
    (width, height): (usize, usize),
    rows: &[u8],
    dots_per_inch: f32,
    page_width: f32,
    about: &About,
) -> Result<Vec<u8>> {
    let scale = 72.0 / dots_per_inch;
    let (w, h) = (width as f32 * scale, height as f32 * scale);
    let mut file = Document::with_version("1.7");
    let image = Dictionary::from_iter([
        ("Type", Object::from("XObject")),
        ("Subtype", Object::from("Image")),
        ("Width", Object::from(width as i64)),
        ("Height", Object::from(height as i64)),
        ("ColorSpace", Object::from("DeviceGray")),
        ("BitsPerComponent", Object::from(1)),
        ("Decode", Object::Array(vec![1.into(), 0.into()])),
    ]);
    let image = file.add_object(Stream::new(image, rows.to_vec()));
    let place = format!(
        "{} 0 0 {} {} 0 cm /I Do",
        round(w),
        round(h),
        round((page_width - w) / 2.0)
    );
    let content = file.add_object(Stream::new(Dictionary::new(), place.into_bytes()));
    let tree = file.new_object_id();
    let page = file.add_object(Dictionary::from_iter([
        ("Type", Object::from("Page")),
        ("Parent", Object::from(tree)),
        (
            "MediaBox",
            Object::Array(vec![
                0.into(),
                0.into(),
                round(page_width).into(),
                round(h).into(),
            ]),
        ),
        ("Contents", Object::from(content)),
        (
            "Resources",
            Object::from(Dictionary::from_iter([(
                "XObject",
                Object::from(Dictionary::from_iter([("I", Object::from(image))])),
            )])),
        ),
    ]));
    file.set_object(
        tree,
        Dictionary::from_iter([
            ("Type", Object::from("Pages")),
            ("Count", Object::from(1)),
            ("Kids", Object::Array(vec![page.into()])),
        ]),
    );
    let catalog = file.add_object(Dictionary::from_iter([
        ("Type", Object::from("Catalog")),
        ("Pages", Object::from(tree)),
    ]));
    file.trailer.set("Root", catalog);
    describe(&mut file, about)?;
    save(file)
}

/// Hundredths of a point are finer than any printer, and keep the file small.
fn round(v: f32) -> f32 {
    (v * 100.0).round() / 100.0
}

fn pt(v: f32) -> Pt {
    Pt(round(v))
}
