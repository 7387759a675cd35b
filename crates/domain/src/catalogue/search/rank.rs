//! The order of what was found, and what to emphasise.

use super::terms::{Query, Strength, Term};
use super::{Doc, Hit, Index, Span, Token, number};

/// Where one typed word was found in a name.
#[derive(Debug, Clone, Copy)]
struct Place {
    term: usize,
    /// First word, and how many (initials cover several).
    first: usize,
    count: usize,
    strength: Strength,
}

/// An entry that matches, with all that its rank depends on.
#[derive(Debug)]
pub(super) struct Candidate {
    doc: usize,
    places: Vec<Place>,
    by_code: bool,
    slips: usize,
    key: Key,
}

/// Smaller is better.
type Key = (usize, bool, usize, usize, usize, usize);

impl Candidate {
    pub(super) fn new(
        doc: usize,
        of_doc: &Doc,
        query: &Query,
        row: &[Strength],
        index: &Index,
    ) -> Self {
        let mut places: Vec<Place> = Vec::with_capacity(row.len());
        for (at, (term, strength)) in query.terms.iter().zip(row).enumerate() {
            places.extend(place(at, term, *strength, of_doc, &places, index));
        }
        let by_code = row.iter().any(|s| *s >= Strength::Code);
        let whole_code = row.contains(&Strength::WholeCode);
        let fuzzy = row.iter().filter(|s| **s == Strength::Fuzzy).count();
        let missing = row.iter().filter(|s| **s == Strength::None).count();
        // A misread word is nearer than a missing one.
        let slips = fuzzy + 2 * missing;
        let unfinished = row.iter().filter(|s| **s < Strength::Whole).count();
        let other_marks = places
            .iter()
            .filter(|p| !marks_agree(p, &query.terms[p.term], of_doc, index))
            .count();
        let key = (
            slips,
            !whole_code,
            other_marks,
            unfinished,
            spread(&places, of_doc.tokens.len()),
            doc,
        );
        Self {
            doc,
            places,
            by_code,
            slips,
            key,
        }
    }

    pub(super) fn key(&self) -> Key {
        self.key
    }

    pub(super) fn hit(self, index: &Index, query: &Query) -> Hit {
        let tokens = &index.docs[self.doc].tokens;
        let mut ranges = Vec::new();
        for place in &self.places {
            let covered = &tokens[place.first..place.first + place.count];
            let typed = &query.terms[place.term].folded;
            ranges.extend(covered.iter().map(|token| match place.strength {
                Strength::Initials => Span {
                    start: token.start,
                    end: token.start + 1,
                },
                Strength::Prefix => Span {
                    start: token.start,
                    end: token.start + prefix_len(index.form(*token), typed),
                },
                _ => Span {
                    start: token.start,
                    end: token.start + token.len,
                },
            }));
        }
        ranges.sort_unstable();
        ranges.dedup_by(|b, a| {
            let overlaps = b.start < a.end;
            if overlaps {
                a.end = a.end.max(b.end);
            }
            overlaps
        });
        Hit {
            index: self.doc,
            ranges,
            by_code: self.by_code,
            approximate: self.slips > 0,
        }
    }
}

/// Where a term stands in the name: right after the term before it if it can, else at the
/// first place that no other term has taken, with the typed diacritics where there are any.
fn place(
    at: usize,
    term: &Term,
    strength: Strength,
    doc: &Doc,
    taken: &[Place],
    index: &Index,
) -> Option<Place> {
    if strength == Strength::Initials {
        let first = term.initials_at(&doc.initials)?;
        return Some(Place {
            term: at,
            first,
            count: term.folded.len(),
            strength,
        });
    }
    let fits = |token: &Token| match strength {
        Strength::Whole => term.is_whole(token.word),
        Strength::Prefix => term.range.contains(&token.word),
        Strength::Fuzzy => term.is_near(index.word(*token)),
        // A code that also happens to stand in the name is emphasised there too.
        Strength::Code | Strength::WholeCode => term.is_whole(token.word),
        Strength::None | Strength::Initials | Strength::Field => false,
    };
    let next = taken.last().map(|p| p.first + p.count);
    let best = doc
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| fits(token))
        .min_by_key(|(i, token)| {
            let used = taken
                .iter()
                .any(|p| (p.first..p.first + p.count).contains(i));
            let other_marks = term.marked && !index.form(**token).starts_with(&term.form);
            (used, other_marks, Some(*i) != next, *i)
        });
    best.map(|(first, _)| Place {
        term: at,
        first,
        count: 1,
        strength,
    })
}

fn marks_agree(place: &Place, term: &Term, doc: &Doc, index: &Index) -> bool {
    let typed_here = matches!(place.strength, Strength::Whole | Strength::Prefix);
    !term.marked || !typed_here || index.form(doc.tokens[place.first]).starts_with(&term.form)
}

/// How scattered the typed words are: words between them, distance from the beginning, words
/// out of the typed order, and a little for the length of the whole name.
fn spread(places: &[Place], words: usize) -> usize {
    let Some(first) = places.iter().map(|p| p.first).min() else {
        return words;
    };
    let end = places
        .iter()
        .map(|p| p.first + p.count)
        .max()
        .unwrap_or(first);
    let covered: usize = places.iter().map(|p| p.count).sum();
    let gaps = (end - first).saturating_sub(covered);
    let turns = places
        .windows(2)
        .filter(|p| p[1].first <= p[0].first)
        .count();
    4 * gaps + 4 * first.min(12) + 2 * turns + words.min(60)
}

/// How many characters of a written word the typed letters cover.
fn prefix_len(form: &str, typed: &str) -> u32 {
    let wanted = typed.chars().count();
    let mut folded = 0;
    for (at, c) in form.chars().enumerate() {
        if folded >= wanted {
            return number(at);
        }
        folded += crate::text::fold(c.encode_utf8(&mut [0; 4]))
            .chars()
            .count();
    }
    number(form.chars().count())
}
