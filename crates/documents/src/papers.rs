//! The table of papers, shared by the receipt and the request for more papers.

use std::rc::Rc;

use crate::{
    blocks::Setting,
    flow::Slab,
    fonts::FaceId,
    forms::PapersWords,
    page::{Align, MM},
    table::{self, Cell},
    text::{Span, Style},
};

/// A row of the papers table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperRow {
    /// Name as in the catalogue; line breaks stay.
    pub name: String,
    /// Originals received.
    pub originals: u32,
    /// Certified copies received.
    pub certified: u32,
    /// Plain copies received.
    pub copies: u32,
    /// Required, but not (wholly) handed in.
    pub missing: bool,
}

/// TT | Thành phần hồ sơ | Số lượng (Bản chính | Bản chứng thực | Bản photo).
pub(crate) fn papers_table(words: &PapersWords, papers: &[PaperRow], s: &Setting) -> Vec<Slab> {
    let regular = Style::regular(s.cell());
    let italic = Style::italic(s.cell());
    let x = table::edges(&[7.5 * MM, 0.0, 11.5 * MM, 18.0 * MM, 12.0 * MM], s);
    let counts = [words.originals.as_str(), &words.certified, &words.copies];
    let head = Rc::new(table::grouped_head(
        &[&words.number, &words.name],
        &words.count,
        &counts,
        &x,
        s,
    ));
    let count = |n: u32| {
        let text = if n == 0 { String::new() } else { n.to_string() };
        Cell::new(&text, regular, Align::Centre)
    };
    let mut rows: Vec<Vec<Cell>> = papers
        .iter()
        .enumerate()
        .map(|(i, paper)| {
            let number = Cell::new(&(i + 1).to_string(), regular, Align::Centre);
            let mut name = Cell::new(&paper.name, regular, Align::Left);
            let none = paper.originals == 0 && paper.certified == 0 && paper.copies == 0;
            if paper.missing && none {
                let missing = Style {
                    face: FaceId::BoldItalic,
                    ..regular
                };
                let missing = Cell {
                    columns: 3,
                    ..Cell::new(&words.missing, missing, Align::Centre)
                };
                return vec![number, name, missing];
            }
            if paper.missing {
                name.spans.push(Span::new(
                    &format!(" ({})", words.missing.to_lowercase()),
                    italic,
                ));
            }
            vec![
                number,
                name,
                count(paper.originals),
                count(paper.certified),
                count(paper.copies),
            ]
        })
        .collect();
    if rows.is_empty() {
        let none = Cell {
            columns: 5,
            ..Cell::new(&words.none, italic, Align::Centre)
        };
        rows.push(vec![none]);
    }
    let mut slabs = vec![(*head).clone()];
    slabs.extend(table::rows(&rows, &head, &x, s));
    slabs.push(Slab::space(0.8 * MM));
    slabs
}
