//! What was typed, word by word, and how strongly each word is found in each entry.

use std::ops::Range;

use super::{Index, number, split_words};
use crate::text::{self, limit};

/// Words of a query that are looked at; more only repeat what is known.
const MAX_TERMS: usize = 16;

/// How a typed word was found in an entry, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Not at all.
    None,
    /// A word one slip away.
    Fuzzy,
    /// As initials of successive words.
    Initials,
    /// In the field's name only.
    Field,
    /// As the beginning of a word.
    Prefix,
    /// As a whole word.
    Whole,
    /// In the code.
    Code,
    /// As the whole code.
    WholeCode,
}

/// One typed word.
#[derive(Debug)]
pub(super) struct Term {
    /// Folded.
    pub(super) folded: String,
    /// Lower case, with the diacritics as typed.
    pub(super) form: String,
    /// Whether diacritics were typed.
    pub(super) marked: bool,
    /// Words that begin with it.
    pub(super) range: Range<u32>,
    /// The word that it is, if a name or field has it.
    pub(super) whole: Option<u32>,
    /// The same word in the other spelling of its last vowel: kí and ký, lí and lý.
    pub(super) twin: Option<u32>,
}

/// A query, read against an index.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) terms: Vec<Term>,
}

impl Query {
    pub(super) fn read(text: &str, index: &Index) -> Self {
        let typed: String = text::nfc(&text.chars().take(limit::SEARCH).collect::<String>());
        let mut terms = Vec::new();
        for part in typed.split_whitespace() {
            let bare = part
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            if looks_like_code(&bare) && index.docs.iter().any(|d| d.code.contains(&bare)) {
                terms.push(Term::new(bare, index));
            } else {
                terms.extend(
                    split_words(part)
                        .into_iter()
                        .map(|(_, _, word)| Term::new(word, index)),
                );
            }
        }
        // A lone combining mark folds to nothing, and nothing begins every word.
        terms.retain(|t| !t.folded.is_empty());
        terms.truncate(MAX_TERMS);
        Self { terms }
    }

    /// Strength of every term (outer) in every entry (inner).
    pub(super) fn strengths(&self, index: &Index) -> Vec<Vec<Strength>> {
        self.terms
            .iter()
            .map(|term| term.strengths(index))
            .collect()
    }

    /// Adds what is found by allowing one slip per word.
    pub(super) fn add_fuzzy(&self, index: &Index, strengths: &mut [Vec<Strength>]) {
        for (term, of_term) in self.terms.iter().zip(strengths) {
            for word in term.near_words(index) {
                raise(
                    of_term,
                    &index.postings[word as usize].names,
                    Strength::Fuzzy,
                );
            }
        }
    }
}

impl Term {
    fn new(form: String, index: &Index) -> Self {
        let folded = text::fold(&form);
        let range = index.words_from(&folded);
        let whole =
            Some(range.start).filter(|w| range.contains(w) && index.words[*w as usize] == folded);
        let other = match folded.strip_suffix(['i', 'y']) {
            Some(stem) if folded.ends_with('i') => Some(format!("{stem}y")),
            Some(stem) => Some(format!("{stem}i")),
            None => None,
        };
        let twin = other
            .and_then(|w| index.words.binary_search(&w).ok())
            .map(number);
        Self {
            marked: folded != form,
            form,
            folded,
            range,
            whole,
            twin,
        }
    }

    /// Whether a word is this one, whole, in either spelling.
    pub(super) fn is_whole(&self, word: u32) -> bool {
        self.whole == Some(word) || self.twin == Some(word)
    }

    fn strengths(&self, index: &Index) -> Vec<Strength> {
        let mut out = vec![Strength::None; index.docs.len()];
        for word in self.range.clone().chain(self.twin) {
            let strength = if self.is_whole(word) {
                Strength::Whole
            } else {
                Strength::Prefix
            };
            let postings = &index.postings[word as usize];
            raise(&mut out, &postings.names, strength);
            raise(&mut out, &postings.fields, Strength::Field);
        }
        if looks_like_code(&self.form) {
            for (slot, doc) in out.iter_mut().zip(&index.docs) {
                if doc.code == self.form {
                    *slot = Strength::WholeCode;
                } else if doc.code.contains(&self.form) {
                    *slot = (*slot).max(Strength::Code);
                }
            }
        }
        if self.may_be_initials() {
            for (slot, doc) in out.iter_mut().zip(&index.docs) {
                if *slot == Strength::None && self.initials_at(&doc.initials).is_some() {
                    *slot = Strength::Initials;
                }
            }
        }
        out
    }

    /// Initials are tried only for what is no word of its own: "an" means An, not "an ninh".
    fn may_be_initials(&self) -> bool {
        self.whole.is_none()
            && self.twin.is_none()
            && self.folded.len() >= 2
            && self.folded.bytes().all(|b| b.is_ascii_alphanumeric())
    }

    /// Where the term stands as initials of successive words.
    pub(super) fn initials_at(&self, initials: &[u8]) -> Option<usize> {
        initials
            .windows(self.folded.len())
            .position(|w| w == self.folded.as_bytes())
    }

    /// Words one slip away from this one; short words are too alike to guess among.
    fn near_words<'a>(&'a self, index: &'a Index) -> impl Iterator<Item = u32> + 'a {
        let long_enough = self.folded.len() >= 3;
        (0..)
            .zip(&index.words)
            .filter(move |(_, word)| {
                long_enough && one_slip(self.folded.as_bytes(), word.as_bytes())
            })
            .map(|(at, _)| at)
    }

    /// Whether a folded word is one slip away.
    pub(super) fn is_near(&self, word: &str) -> bool {
        self.folded.len() >= 3 && one_slip(self.folded.as_bytes(), word.as_bytes())
    }
}

fn raise(out: &mut [Strength], docs: &[u32], strength: Strength) {
    for doc in docs {
        let slot = &mut out[*doc as usize];
        *slot = (*slot).max(strength);
    }
}

/// Part of a code: has a digit, and a point or at least three characters ("000635", "h15").
fn looks_like_code(token: &str) -> bool {
    token.bytes().any(|b| b.is_ascii_digit())
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && (token.len() >= 3 || token.contains('.'))
}

/// Exactly one slip: a letter more, less, other, or two neighbours swapped.
fn one_slip(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 || short.len() < 2 || a == b {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (s, l) = (&short[same..], &long[same..]);
    if short.len() < long.len() {
        return s == &l[1..];
    }
    s[1..] == l[1..] || (s.len() >= 2 && s[0] == l[1] && s[1] == l[0] && s[2..] == l[2..])
}
