//! The faces we print with: measured once, asked for glyphs ever after.
//!
//! A letter the face lacks is drawn from the symbol face, and failing that as a visible box, so
//! that nobody signs a paper from which something silently fell out.

use std::borrow::Cow;

use ab_glyph::FontVec;
use motcua_domain::refusal::{Code, Refusal, Result};

/// A style of the paper face (Tinos, metrically Times New Roman as NĐ 30/2020/NĐ-CP asks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FaceId {
    Regular,
    Bold,
    Italic,
    BoldItalic,
}

/// Weights of the ticket face (Be Vietnam Pro).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    SemiBold,
    Bold,
}

/// Font files as bytes, for callers that bring their own.
#[derive(Debug, Clone)]
pub struct FontFiles {
    /// Tinos Regular.
    pub regular: Cow<'static, [u8]>,
    /// Tinos Bold.
    pub bold: Cow<'static, [u8]>,
    /// Tinos Italic.
    pub italic: Cow<'static, [u8]>,
    /// Tinos Bold Italic.
    pub bold_italic: Cow<'static, [u8]>,
    /// Ticks, boxes and bullets the text face lacks.
    pub symbols: Cow<'static, [u8]>,
    /// Be Vietnam Pro Regular, SemiBold and Bold.
    pub ticket: [Cow<'static, [u8]>; 3],
}

impl FontFiles {
    /// The faces that ship with the program.
    pub fn built_in() -> Self {
        macro_rules! font {
            ($name:literal) => {
                Cow::Borrowed(&include_bytes!(concat!("../../../assets/fonts/", $name))[..])
            };
        }
        Self {
            regular: font!("Tinos-Regular.ttf"),
            bold: font!("Tinos-Bold.ttf"),
            italic: font!("Tinos-Italic.ttf"),
            bold_italic: font!("Tinos-BoldItalic.ttf"),
            symbols: font!("NotoSansSymbols2-Subset.ttf"),
            ticket: [
                font!("BeVietnamPro-Regular.ttf"),
                font!("BeVietnamPro-SemiBold.ttf"),
                font!("BeVietnamPro-Bold.ttf"),
            ],
        }
    }
}

/// All faces, checked and measured. Load once; about 2 ms.
#[derive(Debug)]
pub struct Fonts {
    /// Regular, Bold, Italic, BoldItalic, then the symbols.
    faces: [Face; 5],
    /// Regular, SemiBold, Bold, then the paper face's bold and the symbols for what these lack.
    ticket: [FontVec; 5],
}

/// Index of the symbol face within [`Fonts::faces`].
const SYMBOLS: u8 = 4;

/// Where a letter is drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Glyph {
    /// Index into the faces.
    pub(crate) face: u8,
    pub(crate) id: u16,
    /// The character it shows: □ for one that no face has.
    pub(crate) drawn: char,
    /// In ems.
    pub(crate) advance: f32,
}

impl Fonts {
    /// The faces that ship with the program.
    ///
    /// # Errors
    /// `ASSET_FAULT` if one is damaged.
    pub fn load() -> Result<Self> {
        Self::from_bytes(FontFiles::built_in())
    }

    /// Checks and measures the given faces.
    ///
    /// # Errors
    /// `ASSET_FAULT` naming the face that cannot be read, or that lacks a Vietnamese letter.
    pub fn from_bytes(files: FontFiles) -> Result<Self> {
        let [regular, semi, bold] = files.ticket;
        let ticket = [
            ticket_face(regular, "BeVietnamPro-Regular")?,
            ticket_face(semi, "BeVietnamPro-SemiBold")?,
            ticket_face(bold, "BeVietnamPro-Bold")?,
            ticket_face(files.bold.clone(), "Tinos-Bold")?,
            ticket_face(files.symbols.clone(), "NotoSansSymbols2")?,
        ];
        let faces = [
            Face::text(files.regular, "Tinos-Regular")?,
            Face::text(files.bold, "Tinos-Bold")?,
            Face::text(files.italic, "Tinos-Italic")?,
            Face::text(files.bold_italic, "Tinos-BoldItalic")?,
            Face::new(files.symbols, "NotoSansSymbols2")?,
        ];
        Ok(Self { faces, ticket })
    }

    /// The characters of a text that will print as a box, each once: for a warning before
    /// printing.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let mut out = Vec::new();
        for c in crate::text::clean(text).chars() {
            let known = c == '\n' || self.found(FaceId::Regular, c).is_some();
            if !known && !out.contains(&c) {
                out.push(c);
            }
        }
        out
    }

    pub(crate) fn glyph(&self, face: FaceId, c: char) -> Glyph {
        self.found(face, c)
            .unwrap_or_else(|| self.glyph_of_box(face))
    }

    fn found(&self, face: FaceId, c: char) -> Option<Glyph> {
        let c = drawn_as(c);
        [face as u8, SYMBOLS].into_iter().find_map(|face| {
            let file = &self.faces[usize::from(face)];
            file.glyph(c).map(|id| Glyph {
                face,
                id,
                drawn: c,
                advance: file.advance(id),
            })
        })
    }

    fn glyph_of_box(&self, face: FaceId) -> Glyph {
        let file = &self.faces[face as usize];
        // Glyph 0 is the font's own box for the unknown.
        let id = file.glyph('□').unwrap_or(0);
        Glyph {
            face: face as u8,
            id,
            drawn: '□',
            advance: file.advance(id),
        }
    }

    /// Width of a character in ems.
    pub(crate) fn advance(&self, face: FaceId, c: char) -> f32 {
        if is_mark(c) {
            0.0
        } else {
            self.glyph(face, c).advance
        }
    }

    pub(crate) fn face(&self, index: u8) -> &Face {
        &self.faces[usize::from(index)]
    }

    /// The face of this weight, and those to try when it lacks a letter.
    pub(crate) fn ticket(&self, weight: Weight) -> [&FontVec; 3] {
        [
            &self.ticket[weight as usize],
            &self.ticket[3],
            &self.ticket[4],
        ]
    }
}

/// Combining marks that stand over or under the letter before them. Vietnamese never needs them
/// after composition; Ê Đê and Jrai do (ê̆, ô̆, ơ̆, ư̆).
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

/// Office documents carry bullets and ticks as private characters of the Wingdings face; draw
/// what their author saw.
fn drawn_as(c: char) -> char {
    match c {
        '\u{00A0}' | '\u{2007}' | '\u{202F}' => ' ',
        '\u{F0FC}' => '✓',
        '\u{F0A7}' => '▪',
        '\u{F0B7}' => '•',
        '\u{F0A8}' | '\u{F06F}' => '☐',
        '\u{F0FE}' => '☑',
        '\u{F0D8}' => '➢',
        '\u{F076}' => '❖',
        _ => c,
    }
}

/// Everything below is looked up by index: Latin, Greek, Cyrillic, Vietnamese, punctuation.
const NEAR: u32 = 0x2200;

/// One font file with the figures that layout and embedding need.
pub(crate) struct Face {
    pub(crate) data: Cow<'static, [u8]>,
    pub(crate) name: &'static str,
    pub(crate) ascent: f32,
    pub(crate) descent: f32,
    pub(crate) italic_angle: f32,
    pub(crate) bbox: [f32; 4],
    pub(crate) units: f32,
    /// Sorted by code point.
    cmap: Vec<(u32, u16)>,
    /// The same for the code points that papers are made of, by index; 0 is none.
    near: Vec<u16>,
    advances: Vec<u16>,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Face")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Face {
    /// A face that must hold every Vietnamese letter.
    fn text(data: Cow<'static, [u8]>, name: &'static str) -> Result<Self> {
        let face = Self::new(data, name)?;
        match VIETNAMESE
            .chars()
            .chain(' '..='~')
            .find(|c| face.glyph(*c).is_none())
        {
            None => Ok(face),
            Some(c) => Err(fault(name, &format!("thiếu chữ «{c}»"))),
        }
    }

    fn new(data: Cow<'static, [u8]>, name: &'static str) -> Result<Self> {
        let font = ttf_parser::Face::parse(&data, 0).map_err(|e| fault(name, &e.to_string()))?;
        if font.tables().glyf.is_none() {
            return Err(fault(name, "không phải TrueType"));
        }
        let mut cmap = Vec::new();
        for table in font.tables().cmap.into_iter().flat_map(|t| t.subtables) {
            if table.is_unicode() {
                table.codepoints(|c| {
                    if let Some(id) = table.glyph_index(c) {
                        cmap.push((c, id.0));
                    }
                });
            }
        }
        cmap.sort_unstable();
        cmap.dedup_by_key(|entry| entry.0);
        let mut near = vec![0; NEAR as usize];
        for (c, id) in cmap.iter().take_while(|(c, _)| *c < NEAR) {
            near[*c as usize] = *id;
        }
        let advances = (0..font.number_of_glyphs())
            .map(|id| font.glyph_hor_advance(ttf_parser::GlyphId(id)).unwrap_or(0))
            .collect();
        let units = f32::from(font.units_per_em());
        let bbox = font.global_bounding_box();
        let em = |v: i16| f32::from(v) / units;
        Ok(Self {
            name,
            ascent: em(font.ascender()),
            descent: em(font.descender()),
            italic_angle: font.italic_angle(),
            bbox: [
                em(bbox.x_min),
                em(bbox.y_min),
                em(bbox.x_max),
                em(bbox.y_max),
            ],
            units,
            cmap,
            near,
            advances,
            data,
        })
    }

    pub(crate) fn glyph(&self, c: char) -> Option<u16> {
        let code = u32::from(c);
        let id = match self.near.get(code as usize) {
            Some(id) => *id,
            None => {
                self.cmap[self
                    .cmap
                    .binary_search_by_key(&code, |entry| entry.0)
                    .ok()?]
                .1
            }
        };
        (id != 0).then_some(id)
    }

    pub(crate) fn advance(&self, id: u16) -> f32 {
        self.advances
            .get(usize::from(id))
            .map_or(0.0, |a| f32::from(*a) / self.units)
    }

    /// The ink of a glyph in ems: left, bottom, right, top. Only marks need it.
    pub(crate) fn ink(&self, id: u16) -> Option<[f32; 4]> {
        let font = ttf_parser::Face::parse(&self.data, 0).ok()?;
        let r = font.glyph_bounding_box(ttf_parser::GlyphId(id))?;
        Some([r.x_min, r.y_min, r.x_max, r.y_max].map(|v| f32::from(v) / self.units))
    }
}

fn ticket_face(data: Cow<'static, [u8]>, name: &str) -> Result<FontVec> {
    FontVec::try_from_vec(data.into_owned()).map_err(|e| fault(name, &e.to_string()))
}

fn fault(name: &str, why: &str) -> Refusal {
    Refusal::new(
        Code::AssetFault,
        format!(
            "Phông chữ {name} bị hỏng ({why}). Dữ liệu hồ sơ không bị ảnh hưởng. Mời cài lại chương trình rồi in lại."
        ),
    )
}

/// Every letter of the Vietnamese alphabet with every tone, both cases.
pub(crate) const VIETNAMESE: &str = "\
    aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ\
    AÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬBCDĐEÈẺẼÉẸÊỀỂỄẾỆGHIÌỈĨÍỊKLMNOÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢPQRSTUÙỦŨÚỤƯỪỬỮỨỰVXYỲỶỸÝỴ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_vietnam_has_a_glyph_in_every_paper_face() {
        let fonts = Fonts::load().unwrap();
        assert_eq!(VIETNAMESE.chars().filter(|c| c.is_lowercase()).count(), 89);
        // Ê Đê, Jrai, Bahnar, Mnông, Thái, Tày-Nùng, Cơ Ho … in their Latin writing.
        let minority = "ĕĭŏŭƀčñĔĬŎŬɃČÑƁǐǎāēīōūâêôơưäëïöüẅ\u{0306}\u{0302}\u{0301}ʼ’";
        let marks = "–—‘’“”…•·«»§©®°±²³½×÷€₫№☐☑☒✓→≤≥";
        for face in [
            FaceId::Regular,
            FaceId::Bold,
            FaceId::Italic,
            FaceId::BoldItalic,
        ] {
            for c in VIETNAMESE
                .chars()
                .chain(minority.chars())
                .chain(marks.chars())
            {
                assert!(fonts.found(face, c).is_some(), "{face:?} lacks {c:?}");
            }
        }
    }

    #[test]
    fn what_no_face_has_is_named() {
        let fonts = Fonts::load().unwrap();
        assert_eq!(
            fonts.missing("Nguyễn 王 Ê Đê\u{200B} 王\nខ"),
            vec!['王', 'ខ']
        );
        assert_eq!(fonts.missing("Trần Thị Ỷ \u{F0FC}"), vec![]);
    }

    #[test]
    fn a_broken_face_is_a_fault_of_the_asset() {
        for cut in [0, 12, 100, 40_000] {
            let mut files = FontFiles::built_in();
            files.bold = Cow::Owned(files.bold[..cut].to_vec());
            assert_eq!(
                Fonts::from_bytes(files).unwrap_err().code,
                Code::AssetFault,
                "cut at {cut}"
            );
        }
        let mut files = FontFiles::built_in();
        files.regular = files.symbols.clone();
        let refusal = Fonts::from_bytes(files).unwrap_err();
        assert!(refusal.message.contains("thiếu chữ"), "{}", refusal.message);
    }
}
