//! From styled text to lines: cleaning, measuring, breaking.
//!
//! Vietnamese writes each syllable as a word, so lines break at blanks and no hyphen is ever put
//! in. A written hyphen (Uyển-Phương, NĐ-CP) breaks only when the whole word is wider than the
//! line; a word without any break is then cut between letters as a last resort.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::fonts::{FaceId, Fonts, is_mark};

/// Face and size of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub(crate) face: FaceId,
    /// Points.
    pub(crate) size: f32,
}

impl Style {
    pub(crate) fn regular(size: f32) -> Self {
        Self {
            face: FaceId::Regular,
            size,
        }
    }

    pub(crate) fn bold(size: f32) -> Self {
        Self {
            face: FaceId::Bold,
            size,
        }
    }

    pub(crate) fn italic(size: f32) -> Self {
        Self {
            face: FaceId::Italic,
            size,
        }
    }
}

/// A piece of text in one style, cleaned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
}

impl Span {
    pub(crate) fn new(text: &str, style: Style) -> Self {
        Self {
            text: clean(text),
            style,
        }
    }
}

/// Composed text without invisible characters; line ends stay, other blanks become spaces.
pub(crate) fn clean(text: &str) -> String {
    let plain = |c: char| !c.is_control() && visible(c);
    // Nearly every text is composed already; looking is much cheaper than composing.
    if is_nfc_quick(text.chars()) == IsNormalized::Yes && text.chars().all(plain) {
        return text.to_owned();
    }
    text.nfc()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\t' | '\u{2028}' | '\u{2029}' | '\u{000B}' | '\u{000C}' => Some(' '),
            c => (!c.is_control() && visible(c)).then_some(c),
        })
        .collect()
}

/// Not a joiner, direction mark or other character without ink or width.
fn visible(c: char) -> bool {
    !matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}')
}

/// A stretch of a line in one style.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// One broken line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    pub(crate) width: f32,
    /// The paragraph goes on in the next line (so it may be spread to the full width).
    pub(crate) continues: bool,
}

impl Line {
    /// Places where a spread line may grow.
    pub(crate) fn blanks(&self) -> usize {
        self.runs
            .iter()
            .flat_map(|run| run.text.chars())
            .filter(|c| matches!(c, ' ' | '\u{00A0}'))
            .count()
    }
}

#[derive(Clone, Copy)]
struct Letter {
    c: char,
    style: Style,
    width: f32,
}

/// Breaks spans into lines no wider than `width`. An empty text is one empty line.
pub(crate) fn wrap(spans: &[Span], width: f32, fonts: &Fonts) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut paragraph: Vec<Letter> = Vec::new();
    for span in spans {
        for c in span.text.chars() {
            if c == '\n' {
                if !paragraph.is_empty() {
                    break_paragraph(&paragraph, width, &mut lines);
                    paragraph.clear();
                }
                continue;
            }
            let advance = fonts.advance(span.style.face, c) * span.style.size;
            paragraph.push(Letter {
                c,
                style: span.style,
                width: advance,
            });
        }
    }
    if !paragraph.is_empty() || lines.is_empty() {
        break_paragraph(&paragraph, width, &mut lines);
    }
    lines
}

/// The width of a text on one line.
pub(crate) fn measure(text: &str, style: Style, fonts: &Fonts) -> f32 {
    text.chars()
        .map(|c| fonts.advance(style.face, c) * style.size)
        .sum()
}

fn break_paragraph(letters: &[Letter], width: f32, lines: &mut Vec<Line>) {
    let mut line: Vec<Letter> = Vec::new();
    let mut used = 0.0;
    let from = lines.len();
    for word in letters
        .split(|l| l.c == ' ')
        .filter(|word| !word.is_empty())
    {
        let word_width = total(word);
        // The blank takes the style of what follows; both faces have nearly the same one.
        let blank = if line.is_empty() {
            None
        } else {
            blank_before(word, letters)
        };
        let gap = blank.map_or(0.0, |b| b.width);
        if used + gap + word_width <= width {
            line.extend(blank);
            line.extend_from_slice(word);
            used += gap + word_width;
            continue;
        }
        if !line.is_empty() {
            lines.push(finish(&line, true));
        }
        let tail = split_wide(word, width, lines);
        line = tail.to_vec();
        used = total(tail);
    }
    if !line.is_empty() || lines.len() == from {
        lines.push(finish(&line, false));
    }
}

/// Breaks a word too wide for a line, pushing all but its last piece.
fn split_wide<'a>(mut word: &'a [Letter], width: f32, lines: &mut Vec<Line>) -> &'a [Letter] {
    while total(word) > width {
        let mut fits = 0;
        let mut hyphen = 0;
        let mut used = 0.0;
        for (i, letter) in word.iter().enumerate() {
            used += letter.width;
            if used > width {
                break;
            }
            // A combining mark stays with its letter.
            if !word.get(i + 1).is_some_and(|next| is_mark(next.c)) {
                fits = i + 1;
                if matches!(letter.c, '-' | '–' | '—' | '/') {
                    hyphen = i + 1;
                }
            }
        }
        // A column narrower than one letter still makes progress.
        let cut = if hyphen > 0 { hyphen } else { fits.max(1) };
        let (head, rest) = word.split_at(cut);
        lines.push(finish(head, true));
        word = rest;
    }
    word
}

fn blank_before(word: &[Letter], all: &[Letter]) -> Option<Letter> {
    // `word` is a slice of `all`, so the letter before it is the blank it was split at.
    let offset = (word.as_ptr() as usize - all.as_ptr() as usize) / size_of::<Letter>();
    offset.checked_sub(1).map(|i| all[i])
}

fn total(letters: &[Letter]) -> f32 {
    letters.iter().map(|l| l.width).sum()
}

fn finish(letters: &[Letter], continues: bool) -> Line {
    let mut runs: Vec<Run> = Vec::new();
    for letter in letters {
        match runs.last_mut() {
            Some(run) if run.style == letter.style => run.text.push(letter.c),
            _ => runs.push(Run {
                text: letter.c.to_string(),
                style: letter.style,
            }),
        }
    }
    Line {
        runs,
        width: total(letters),
        continues,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load().unwrap());

    fn lines(text: &str, width: f32) -> Vec<String> {
        wrap(&[Span::new(text, Style::regular(10.0))], width, &FONTS)
            .iter()
            .map(|line| line.runs.iter().map(|run| run.text.as_str()).collect())
            .collect()
    }

    #[test]
    fn hyphened_words_stay_whole_while_they_can() {
        assert_eq!(
            lines("Đặng Thị Ngọc Uyển-Phương", 100.0),
            ["Đặng Thị Ngọc", "Uyển-Phương"]
        );
        assert_eq!(lines("Uyển-Phương", 40.0), ["Uyển-", "Phương"]);
    }

    #[test]
    fn empty_text_is_one_empty_line() {
        assert_eq!(lines("", 100.0), [""]);
        assert_eq!(lines("a\n\n\nb", 100.0), ["a", "b"]);
    }

    #[test]
    fn decomposed_and_composed_break_alike() {
        let text = "Giấy chứng nhận quyền sử dụng đất, quyền sở hữu nhà ở";
        let nfd: String = text.nfd().collect();
        assert_eq!(lines(text, 80.0), lines(&nfd, 80.0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_wide(
            words in prop::collection::vec("[a-zđạảăơưÊ̆W-]{1,40}", 1..20),
            width in 12.0_f32..300.0,
        ) {
            let text = words.join(" ");
            let broken = wrap(&[Span::new(&text, Style::regular(10.0))], width, &FONTS);
            for line in &broken {
                prop_assert!(line.width <= width + 0.01);
            }
            let joined: String =
                broken.iter().flat_map(|l| &l.runs).flat_map(|r| r.text.chars()).collect();
            let bare = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(bare(&joined), bare(&clean(&text)));
        }
    }
}
