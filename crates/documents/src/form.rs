//! A form of a [`FormSet`] set in type: head, title, body items, signatures, notes, in the order
//! of the form's data. What differs between forms is only the values they bring; a new form is
//! one file that collects its values and calls [`set`].

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use motcua_domain::refusal::Result;

use crate::{
    blocks::{self, HeadPart, Setting, Signer},
    codes,
    flow::{Sheet, Slab, fits_one, paginate},
    fonts::Fonts,
    forms::{Form, FormSet, Item, Paper, Values, fill, holds, plain, value},
    hops::{Told, hops_table},
    page::{Align, Draw, MM, Page},
    papers::{PaperRow, papers_table},
    pdf::{self, About},
    rows::{RowLine, rows_table},
    text::{Span, Style, measure},
};

/// The office at whose desk a paper is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Superior agency, capitals: ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH.
    pub parent: Option<String>,
    /// The desk in capitals: BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ.
    pub desk: String,
    /// The desk as named within a line: Phường Bình Minh.
    pub name: String,
    /// Place in the date line: Bình Minh.
    pub place: String,
    /// A demonstration branch, whose papers carry MẪU (TT 01/2018/TT-VPCP Điều 5.2).
    pub sample: bool,
}

/// What a form needs beside its wording.
pub(crate) struct Filling<'a> {
    pub(crate) agency: &'a Agency,
    /// The code of the case, as barcode, square code and in the margin.
    pub(crate) code: &'a str,
    /// The same as a square code; empty if no such code holds it.
    pub(crate) square: Vec<Vec<bool>>,
    pub(crate) number: Option<&'a str>,
    pub(crate) papers: &'a [PaperRow],
    pub(crate) hops: &'a [Told<'a>],
    pub(crate) rows: &'a [RowLine],
    pub(crate) reprinted_at: Option<DateTime<FixedOffset>>,
    pub(crate) made_at: DateTime<FixedOffset>,
    pub(crate) values: Values,
}

/// Type scales to try, smallest first, and whether lines draw together. The smallest leaves 9.3 pt
/// body type, which one still reads at arm's length.
const STEPS: [(f32, bool); 6] = [
    (0.9, true),
    (0.9, false),
    (0.925, false),
    (0.95, false),
    (0.975, false),
    (1.0, false),
];

/// The form `key` of a set as a PDF, all its copies in one file.
pub(crate) fn set(
    key: &str,
    filling: &mut Filling,
    forms: &FormSet,
    fonts: &Fonts,
) -> Result<Vec<u8>> {
    let form = forms.form(key)?;
    filling.values.extend(date_values(filling.made_at));
    filling
        .values
        .insert("place", Some(filling.agency.place.clone()));
    filling
        .values
        .insert("case_code", Some(filling.code.to_owned()));
    filling
        .values
        .insert("number", filling.number.map(str::to_owned));
    let single = [String::new()];
    let copies = if form.copies.is_empty() {
        &single[..]
    } else {
        &form.copies[..]
    };
    let mut pages = Vec::new();
    let mut step = None;
    for copy in copies {
        filling.values.insert("copy", Some(copy.clone()));
        // Copies differ by one line, so what fits one fits all; they must look alike anyway.
        let (setting, slabs) = match step {
            Some(step) => {
                let setting = Setting::of(form, fonts, step);
                let slabs = slabs(form, filling, &setting)?;
                (setting, slabs)
            }
            None => fitted(form, filling, fonts)?,
        };
        step = Some((setting.scale, setting.tight));
        let copy = paginate(&slabs, &setting.sheet);
        pages.extend(with_margins(copy, form, filling, forms, &setting)?);
    }
    let about = About {
        title: form.name.clone(),
        subject: if filling.code.is_empty() {
            form.name.clone()
        } else {
            filling.code.to_owned()
        },
        created: filling.made_at,
        modified: filling.reprinted_at.unwrap_or(filling.made_at),
    };
    pdf::write(&pages, &about, fonts)
}

/// A form in the largest type with which it fits one sheet; in full size if none does.
fn fitted<'a>(
    form: &Form,
    filling: &Filling,
    fonts: &'a Fonts,
) -> Result<(Setting<'a>, Vec<Slab>)> {
    let lay = |step: (f32, bool)| -> Result<(bool, Setting<'a>, Vec<Slab>)> {
        let setting = Setting::of(form, fonts, step);
        let slabs = slabs(form, filling, &setting)?;
        Ok((fits_one(&slabs, &setting.sheet), setting, slabs))
    };
    let full = STEPS.len() - 1;
    let (fits, setting, slabs) = lay(STEPS[full])?;
    let mut best = (setting, slabs);
    if fits {
        return Ok(best);
    }
    let (fits, setting, slabs) = lay(STEPS[0])?;
    if !fits {
        return Ok(best);
    }
    best = (setting, slabs);
    // The first fits, the last does not.
    let (mut low, mut high) = (0, full);
    while high - low > 1 {
        let middle = (low + high) / 2;
        let (fits, setting, slabs) = lay(STEPS[middle])?;
        if fits {
            (low, best) = (middle, (setting, slabs));
        } else {
            high = middle;
        }
    }
    Ok(best)
}

impl<'a> Setting<'a> {
    fn of(form: &Form, fonts: &'a Fonts, (scale, tight): (f32, bool)) -> Self {
        Self {
            sheet: sheet(form.paper),
            fonts,
            scale,
            tight,
        }
    }
}

fn sheet(paper: Paper) -> Sheet {
    let (width, height) = match paper {
        Paper::A5 => (148.0, 210.0),
        Paper::A4 => (210.0, 297.0),
        Paper::A4Landscape => (297.0, 210.0),
    };
    // Left is wider for the file; the top holds MẪU and BẢN IN LẠI, the bottom the sheet number.
    Sheet {
        width: width * MM,
        height: height * MM,
        left: 12.0 * MM,
        right: 9.0 * MM,
        top: 11.5 * MM,
        bottom: 9.0 * MM,
    }
}

fn slabs(form: &Form, filling: &Filling, s: &Setting) -> Result<Vec<Slab>> {
    let values = &filling.values;
    let mut slabs = vec![head(form, filling, s)?];

    let title = Span::new(&form.title, Style::bold(12.4 * s.scale));
    let mut title = blocks::paragraph(&[title], Align::Centre, s);
    title[0].before = 3.4 * MM * s.scale;
    slabs.extend(title);
    for line in &form.under_title {
        // What was refused before it was received has no code, and no line for one.
        if filling.code.is_empty() && line.contains("{case_code}") {
            continue;
        }
        let mut lines = blocks::paragraph(&fill(line, values, s.body())?, Align::Centre, s);
        lines[0].before = 0.0;
        slabs.extend(lines);
    }
    slabs.iter_mut().for_each(|slab| slab.keep = true);
    slabs.push(Slab {
        keep: true,
        ..Slab::space(0.6 * MM)
    });

    for item in &form.body {
        slabs.extend(body_item(item, filling, s)?);
    }
    if !form.signatures.is_empty() {
        // Signatures stand under something that was signed for.
        let from = slabs.len().saturating_sub(2);
        slabs[from..].iter_mut().for_each(|slab| slab.keep = true);
        slabs.extend(sign(form, filling, s)?);
    }
    slabs.extend(notes(form, filling, s)?);
    Ok(slabs)
}

fn head(form: &Form, filling: &Filling, s: &Setting) -> Result<Slab> {
    let agency = filling.agency;
    // Names stay on one line as long as they can be read there.
    let column = s.sheet.measure() * blocks::HEAD_SPLIT - 1.5 * MM;
    let names = [
        (agency.parent.as_deref(), Style::regular(1.0)),
        (Some(&*agency.desk), Style::bold(1.0)),
    ];
    let widest = names.map(|(text, style)| text.map_or(0.0, |text| measure(text, style, s.fonts)));
    let fitting = column / widest[0].max(widest[1]);
    let size = if fitting > 7.2 * s.scale {
        fitting.min(8.3 * s.scale)
    } else {
        8.0 * s.scale
    };
    let lines = |text: &str, style: Style| HeadPart::Lines(vec![Span::new(text, style)]);
    let mut left = Vec::new();
    if let Some(parent) = &agency.parent {
        left.push(lines(parent, Style::regular(size)));
    }
    left.push(lines(&agency.desk, Style::bold(size)));
    left.push(HeadPart::Rule(0.4));
    if filling.number.is_some() {
        left.push(HeadPart::Lines(fill(
            &form.head.number,
            &filling.values,
            size,
        )?));
    }
    // A list has no code.
    let bars = Some(filling.code)
        .filter(|code| !code.is_empty())
        .and_then(codes::code128);
    if let Some(code) = &bars
        && let Some(module) = bar_width(code.len(), column)
    {
        left.push(HeadPart::Bars {
            code,
            module,
            height: 6.5 * MM,
        });
    }
    let date = plain(&form.head.place_and_date, &filling.values)?;
    let right = [
        lines(&form.head.nation, Style::bold(8.3 * s.scale)),
        lines(&form.head.motto, Style::bold(9.2 * s.scale)),
        HeadPart::Rule(1.0),
        lines(&date, Style::italic(9.2 * s.scale)),
    ];
    Ok(blocks::head(&left, &right, s))
}

/// The widest bar that fits the column with its quiet zones, as whole dots of a 600-dpi printer:
/// 6 dots are 0.25 mm. Below 4 dots hand scanners fail, so the bars are left out.
fn bar_width(modules: usize, column: f32) -> Option<f32> {
    let quiet = 20;
    let dot = 72.0 / 600.0;
    [6.0, 5.0, 4.0]
        .map(|dots| dots * dot)
        .into_iter()
        .find(|width| (modules + quiet) as f32 * width <= column + 6.0 * MM)
}

fn body_item(item: &Item, filling: &Filling, s: &Setting) -> Result<Vec<Slab>> {
    let values = &filling.values;
    if !holds(item.condition(), values)? {
        return Ok(vec![]);
    }
    let written = |template: &str, size| fill(template, values, size);
    Ok(match item {
        Item::Line { line, .. } => blocks::paragraph(&written(line, s.body())?, Align::Left, s),
        Item::Pair {
            pair: [left, right],
            ..
        } => blocks::pair(&written(left, s.body())?, &written(right, s.body())?, s),
        Item::Room { room } => blocks::room(*room, s),
        Item::Papers { papers, .. } => papers_table(papers, filling.papers, s),
        Item::Hops { hops } => hops_table(hops, filling.hops, s),
        Item::Rows { rows, .. } => rows_table(rows, filling.rows, s),
        Item::Square {
            square, caption, ..
        } => {
            let code = value(values, square)?
                .and_then(codes::qr)
                .unwrap_or_default();
            blocks::captioned_square(&code, &written(caption, s.cell())?, s)
        }
    })
}

fn sign(form: &Form, filling: &Filling, s: &Setting) -> Result<Vec<Slab>> {
    let mut signers = form
        .signatures
        .iter()
        .map(|signature| {
            Ok(Signer {
                title: signature.title.clone(),
                hint: signature.hint.clone(),
                name: plain(&signature.name, &filling.values)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if signers.len() == 1 {
        // Who signs alone signs on the right.
        signers.insert(0, Signer::default());
    }
    let side = 15.0 * MM;
    let quiet = 2.5 * MM;
    // Beside a code to pay with no second one: a phone takes either.
    let other = form
        .body
        .iter()
        .any(|item| matches!(item, Item::Square { .. }));
    let between = match filling.square.len() {
        0 => Vec::new(),
        _ if other => Vec::new(),
        rows => blocks::square(&filling.square, quiet, 1.0 * MM, side / rows as f32),
    };
    Ok(blocks::signatures(
        &signers,
        &between,
        side + 2.0 * quiet,
        s,
    ))
}

/// Notes stand at the foot of the last sheet, under a rule, together with the signatures.
fn notes(form: &Form, filling: &Filling, s: &Setting) -> Result<Vec<Slab>> {
    if form.notes.is_empty() {
        return Ok(vec![]);
    }
    let mut rule = Slab::elastic(2.4 * MM, 400.0 * MM);
    rule.height = 2.4 * MM;
    let line = Slab {
        height: 0.9 * MM,
        draws: vec![crate::page::horizontal(
            s.sheet.left,
            0.0,
            s.sheet.measure(),
        )],
        keep: true,
        ..Slab::default()
    };
    let mut slabs = vec![rule, line];
    for note in &form.notes {
        slabs.extend(blocks::small_print(
            &fill(note, &filling.values, 7.6 * s.scale)?,
            s,
        ));
    }
    Ok(slabs)
}

/// MẪU and BẢN IN LẠI above the type area; case code and sheet number below it, once there is
/// more than one sheet.
fn with_margins(
    mut pages: Vec<Page>,
    form: &Form,
    filling: &Filling,
    forms: &FormSet,
    s: &Setting,
) -> Result<Vec<Page>> {
    let mut values = filling.values.clone();
    let total = pages.len();
    values.insert("sheets", Some(total.to_string()));
    for (i, page) in pages.iter_mut().enumerate() {
        values.insert("sheet", Some((i + 1).to_string()));
        let mut top: Vec<Draw> = Vec::new();
        if let Some(at) = filling.reprinted_at {
            values.insert("time", Some(at.format("%H:%M").to_string()));
            values.insert("date", Some(at.format("%d/%m/%Y").to_string()));
            let text = forms.word("reprint", &values)?;
            top.push(blocks::margin_line(
                &text,
                Style::bold(9.5),
                Align::Left,
                9.2 * MM,
                s,
            ));
        }
        if filling.agency.sample {
            let text = forms.word("sample", &values)?;
            top.push(blocks::margin_line(
                &text,
                Style::bold(16.0),
                Align::Right,
                9.6 * MM,
                s,
            ));
        }
        page.draws.splice(0..0, top);
        if total > 1 {
            let foot = page.height - 5.0 * MM;
            let code = match &form.foot {
                Some(foot) => plain(foot, &values)?,
                None => forms.word("sheet_code", &values)?,
            };
            let sheet = forms.word("sheet", &values)?;
            page.draws.push(blocks::margin_line(
                &code,
                Style::regular(8.0),
                Align::Left,
                foot,
                s,
            ));
            page.draws.push(blocks::margin_line(
                &sheet,
                Style::regular(8.0),
                Align::Right,
                foot,
                s,
            ));
        }
    }
    Ok(pages)
}

/// Day, month and year as official papers write them: days below 10 and the first two months
/// with a leading zero (NĐ 30/2020/NĐ-CP Phụ lục I), and the time of day.
pub(crate) fn date_values(t: DateTime<FixedOffset>) -> [(&'static str, Option<String>); 5] {
    let month = t.month();
    [
        ("day", Some(format!("{:02}", t.day()))),
        (
            "month",
            Some(if month < 3 {
                format!("{month:02}")
            } else {
                month.to_string()
            }),
        ),
        ("year", Some(t.year().to_string())),
        ("hour", Some(format!("{:02}", t.hour()))),
        ("minute", Some(format!("{:02}", t.minute()))),
    ]
}

/// A moment in words: 09 giờ 21 phút, ngày 18 tháng 11 năm 2026.
pub(crate) fn moment(t: DateTime<FixedOffset>, forms: &FormSet) -> Result<String> {
    forms.word("moment", &date_values(t).into_iter().collect())
}
