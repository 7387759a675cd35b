//! The pages of a finished paper as pictures for a screen.
//!
//! They are drawn from the very bytes that go to the printer, with the faces that lie in them, and
//! not from the data once more: what is seen is what is printed. Only what this program itself
//! writes into a PDF is understood ([`crate::pdf`]). Anything else is refused: a picture from which
//! something silently fell out would be worse than none.

use std::collections::BTreeMap;

use ab_glyph::{Font as _, FontVec, GlyphId, PxScale, point};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, content::Content};
use motcua_domain::refusal::{Code, Refusal, Result};

/// Dots to the inch: a sheet of A5 is 839 dots wide, so that it is sharp where a screen shows it
/// at full width.
const DPI: f32 = 144.0;
const SCALE: f32 = DPI / 72.0;
/// Points that a side of a page has at most: a ticket of two metres.
const LONGEST: f32 = 6_000.0;
/// What a page may unpack to.
const MOST: usize = 32 << 20;

/// A finished paper, opened to be looked at.
#[derive(Debug)]
pub struct Preview {
    file: Document,
    pages: Vec<ObjectId>,
}

/// One page as a picture.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The picture, in shades of grey.
    pub png: Vec<u8>,
    /// Dots across.
    pub width: u32,
    /// Dots down.
    pub height: u32,
    /// The sheet.
    pub width_mm: u32,
    /// The sheet.
    pub height_mm: u32,
}

impl Preview {
    /// Opens what [`crate::receipt`] and its like made.
    ///
    /// # Errors
    /// `PREVIEW_FAULT` if it is no PDF with pages.
    pub fn open(pdf: &[u8]) -> Result<Self> {
        let file = Document::load_mem(pdf).map_err(|_| fault())?;
        let pages: Vec<ObjectId> = file.get_pages().into_values().collect();
        if pages.is_empty() {
            return Err(fault());
        }
        Ok(Self { file, pages })
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Draws a page, counted from 0.
    ///
    /// # Errors
    /// `PREVIEW_FAULT` for a page that is not there or holds what is not understood.
    pub fn draw(&self, page: usize) -> Result<Shown> {
        self.drawn(page).ok_or_else(fault)
    }

    fn drawn(&self, page: usize) -> Option<Shown> {
        let id = *self.pages.get(page)?;
        let dictionary = self.file.get_dictionary(id).ok()?;
        let [left, bottom, right, top] = numbers(dictionary.get(b"MediaBox").ok()?)?;
        let (wide, high) = (right - left, top - bottom);
        let sound = |side: f32| side > 1.0 && side < LONGEST;
        if left != 0.0 || bottom != 0.0 || !sound(wide) || !sound(high) {
            return None;
        }
        let content = self.file.get_page_content_with_limit(id, MOST).ok()?;
        let mut pen = Pen::new(self, self.resources(dictionary)?, wide, high);
        for operation in Content::decode(&content).ok()?.operations {
            pen.obey(&operation.operator, &operation.operands)?;
        }
        let mm = |points: f32| (points / 72.0 * 25.4).round() as u32;
        Some(Shown {
            png: pen.sheet.to_png()?,
            width: pen.sheet.width as u32,
            height: pen.sheet.height as u32,
            width_mm: mm(wide),
            height_mm: mm(high),
        })
    }

    fn resolved<'a>(&'a self, object: &'a Object) -> Option<&'a Object> {
        Some(self.file.dereference(object).ok()?.1)
    }

    fn within<'a>(&'a self, dictionary: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        self.resolved(dictionary.get(key).ok()?)
    }

    fn resources<'a>(&'a self, page: &'a Dictionary) -> Option<&'a Dictionary> {
        self.within(page, b"Resources")?.as_dict().ok()
    }

    /// A thing of the page's resources by its name.
    fn resource<'a>(
        &'a self,
        resources: &'a Dictionary,
        group: &[u8],
        name: &[u8],
    ) -> Option<&'a Object> {
        let group = self.within(resources, group)?.as_dict().ok()?;
        self.within(group, name)
    }

    /// A face as it lies in the file. Its codes are glyphs (Identity-H).
    fn face(&self, font: &Dictionary) -> Option<Face> {
        if font.get(b"Encoding").ok()?.as_name().ok()? != b"Identity-H" {
            return None;
        }
        let descendants = self.within(font, b"DescendantFonts")?.as_array().ok()?;
        let descendant = self.resolved(descendants.first()?)?.as_dict().ok()?;
        if let Ok(map) = descendant.get(b"CIDToGIDMap")
            && map.as_name().ok()? != b"Identity"
        {
            return None;
        }
        let descriptor = self.within(descendant, b"FontDescriptor")?.as_dict().ok()?;
        let bytes = unpacked(self.within(descriptor, b"FontFile2")?.as_stream().ok()?)?;
        let mut widths = BTreeMap::new();
        let spans = self.within(descendant, b"W")?.as_array().ok()?;
        // Each a first code and the widths from there on, which is how they are written here.
        for pair in spans.chunks(2) {
            let [first, list] = pair else { return None };
            let first = u16::try_from(first.as_i64().ok()?).ok()?;
            for (code, width) in (first..).zip(self.resolved(list)?.as_array().ok()?) {
                widths.insert(code, width.as_float().ok()?);
            }
        }
        let default = (descendant.get(b"DW").ok()).map_or(Some(1_000.0), |w| w.as_float().ok())?;
        Some(Face {
            font: FontVec::try_from_vec(bytes).ok()?,
            widths,
            default,
        })
    }
}

fn fault() -> Refusal {
    Refusal::new(
        Code::PreviewFault,
        "Không vẽ được trang này lên màn hình. Giấy vẫn in được như thường. Mời bấm In.",
    )
}

fn numbers<const N: usize>(object: &Object) -> Option<[f32; N]> {
    let list = object.as_array().ok()?;
    let found: Vec<f32> = (list.iter().map(|n| n.as_float().ok())).collect::<Option<_>>()?;
    found.try_into().ok()
}

fn unpacked(stream: &Stream) -> Option<Vec<u8>> {
    if stream.dict.has(b"Filter") {
        stream.decompressed_content().ok()
    } else {
        Some(stream.content.clone())
    }
}

struct Face {
    font: FontVec,
    /// Thousandths of an em.
    widths: BTreeMap<u16, f32>,
    default: f32,
}

/// Where a picture lies: its size and its lower left corner, in points.
#[derive(Clone, Copy)]
struct Place {
    size: (f32, f32),
    at: (f32, f32),
}

/// Follows the operators of a page.
struct Pen<'a> {
    paper: &'a Preview,
    resources: &'a Dictionary,
    faces: BTreeMap<Vec<u8>, Face>,
    sheet: Sheet,
    /// Height of the page in points.
    high: f32,
    place: Place,
    kept: Vec<Place>,
    font: Vec<u8>,
    size: f32,
    rise: f32,
    /// Where the line began, and where the next letter stands.
    line: (f32, f32),
    pen: f32,
    boxes: Vec<[f32; 4]>,
}

impl<'a> Pen<'a> {
    fn new(paper: &'a Preview, resources: &'a Dictionary, wide: f32, high: f32) -> Self {
        Self {
            paper,
            resources,
            faces: BTreeMap::new(),
            sheet: Sheet::new(wide, high),
            high,
            place: Place {
                size: (1.0, 1.0),
                at: (0.0, 0.0),
            },
            kept: Vec::new(),
            font: Vec::new(),
            size: 0.0,
            rise: 0.0,
            line: (0.0, 0.0),
            pen: 0.0,
            boxes: Vec::new(),
        }
    }

    fn obey(&mut self, operator: &str, operands: &[Object]) -> Option<()> {
        let number = |at: usize| operands.get(at)?.as_float().ok();
        match operator {
            "q" => self.kept.push(self.place),
            "Q" => self.place = self.kept.pop()?,
            "cm" => {
                let [a, b, c, d, e, f]: [f32; 6] =
                    std::array::from_fn(|i| number(i).unwrap_or(f32::NAN));
                let fresh = self.place.size == (1.0, 1.0) && self.place.at == (0.0, 0.0);
                if !fresh || b != 0.0 || c != 0.0 || !(a > 0.0 && d > 0.0 && (e + f).is_finite()) {
                    return None;
                }
                self.place = Place {
                    size: (a, d),
                    at: (e, f),
                };
            }
            "Do" => self.picture(operands.first()?.as_name().ok()?)?,
            "re" => {
                let found = [number(0)?, number(1)?, number(2)?, number(3)?];
                self.boxes.push(found);
            }
            "f" => {
                for [x, y, width, height] in std::mem::take(&mut self.boxes) {
                    self.sheet.fill(x, self.high - y - height, width, height);
                }
            }
            "BT" => {
                self.line = (0.0, 0.0);
                self.pen = 0.0;
            }
            "ET" => {}
            "Td" => {
                self.line = (self.line.0 + number(0)?, self.line.1 + number(1)?);
                self.pen = self.line.0;
            }
            "Tf" => {
                let name = operands.first()?.as_name().ok()?;
                if !self.faces.contains_key(name) {
                    let font = self.paper.resource(self.resources, b"Font", name)?;
                    let face = self.paper.face(font.as_dict().ok()?)?;
                    self.faces.insert(name.to_vec(), face);
                }
                self.font = name.to_vec();
                self.size = number(1)?;
            }
            "Ts" => self.rise = number(0)?,
            "Tj" => self.show(operands.first()?.as_str().ok()?)?,
            "TJ" => {
                for item in operands.first()?.as_array().ok()? {
                    match item {
                        Object::String(codes, _) => self.show(codes)?,
                        back => self.pen -= back.as_float().ok()? / 1_000.0 * self.size,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn show(&mut self, codes: &[u8]) -> Option<()> {
        let face = self.faces.get(&self.font)?;
        let baseline = (self.high - self.line.1 - self.rise) * SCALE;
        let units = face.font.units_per_em()?;
        // ab_glyph scales by the height of a line.
        let scale = PxScale::from(self.size * SCALE * face.font.height_unscaled() / units);
        for code in codes.chunks(2) {
            let code = u16::from_be_bytes(code.try_into().ok()?);
            let place = point(self.pen * SCALE, baseline);
            let glyph = GlyphId(code).with_scale_and_position(scale, place);
            if let Some(outline) = face.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                let (left, top) = (corner.x as i64, corner.y as i64);
                outline.draw(|x, y, covered| {
                    self.sheet
                        .ink(left + i64::from(x), top + i64::from(y), covered);
                });
            }
            let width = face.widths.get(&code).copied().unwrap_or(face.default);
            self.pen += width / 1_000.0 * self.size;
        }
        Some(())
    }

    /// The picture that a strip is: one bit a dot, 1 is ink.
    fn picture(&mut self, name: &[u8]) -> Option<()> {
        let image = self.paper.resource(self.resources, b"XObject", name)?;
        let image = image.as_stream().ok()?;
        let side = |key: &[u8]| usize::try_from(image.dict.get(key).ok()?.as_i64().ok()?).ok();
        let (wide, high) = (side(b"Width")?, side(b"Height")?);
        let plain = side(b"BitsPerComponent")? == 1
            && image.dict.get(b"ColorSpace").ok()?.as_name().ok()? == b"DeviceGray"
            && numbers(image.dict.get(b"Decode").ok()?)? == [1.0, 0.0];
        let dots = unpacked(image)?;
        let row = wide.div_ceil(8);
        if !plain || wide == 0 || high == 0 || dots.len() < row.checked_mul(high)? {
            return None;
        }
        let is_ink = |x: usize, y: usize| dots[y * row + x / 8] & (0x80 >> (x % 8)) != 0;
        let Place { size, at } = self.place;
        let (left, top) = (at.0 * SCALE, (self.high - at.1 - size.1) * SCALE);
        let (across, down) = (size.0 * SCALE, size.1 * SCALE);
        // Each dot of the sheet is looked at in nine places: printers have more dots than screens.
        const PLACES: [f32; 3] = [1.0 / 6.0, 0.5, 5.0 / 6.0];
        for y in 0..self.sheet.height {
            for x in 0..self.sheet.width {
                let mut covered = 0;
                for (dy, dx) in PLACES.iter().flat_map(|dy| PLACES.map(|dx| (dy, dx))) {
                    let u = (x as f32 + dx - left) / across;
                    let v = (y as f32 + dy - top) / down;
                    if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) {
                        continue;
                    }
                    let dot = ((u * wide as f32) as usize, (v * high as f32) as usize);
                    covered += u8::from(is_ink(dot.0.min(wide - 1), dot.1.min(high - 1)));
                }
                if covered > 0 {
                    self.sheet.ink(x as i64, y as i64, f32::from(covered) / 9.0);
                }
            }
        }
        Some(())
    }
}

/// White paper in shades of grey.
struct Sheet {
    width: usize,
    height: usize,
    /// 255 is white.
    dots: Vec<u8>,
}

impl Sheet {
    fn new(wide: f32, high: f32) -> Self {
        let dots = |points: f32| (points * SCALE).ceil() as usize;
        let (width, height) = (dots(wide), dots(high));
        Self {
            width,
            height,
            dots: vec![255; width * height],
        }
    }

    fn ink(&mut self, x: i64, y: i64, covered: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let dot = &mut self.dots[y * self.width + x];
        *dot = (f32::from(*dot) * (1.0 - covered.clamp(0.0, 1.0))).round() as u8;
    }

    /// A black rectangle, in points from the top left.
    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32) {
        let (left, right) = edges(x * SCALE, width * SCALE);
        let (top, bottom) = edges(y * SCALE, height * SCALE);
        let share = |at: i64, from: f32, to: f32| ((at + 1) as f32).min(to) - (at as f32).max(from);
        for row in top.floor() as i64..bottom.ceil() as i64 {
            for column in left.floor() as i64..right.ceil() as i64 {
                let covered = share(row, top, bottom) * share(column, left, right);
                self.ink(column, row, covered);
            }
        }
    }

    fn to_png(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let (width, height) = (
            u32::try_from(self.width).ok()?,
            u32::try_from(self.height).ok()?,
        );
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.dots).ok()?;
        writer.finish().ok()?;
        Some(out)
    }
}

/// A hairline takes one row of dots and stays black; between two it would be a grey smear.
fn edges(at: f32, long: f32) -> (f32, f32) {
    if long > 1.25 {
        return (at, at + long);
    }
    let whole = (at + long / 2.0 - 0.5).round();
    (whole, whole + 1.0)
}
