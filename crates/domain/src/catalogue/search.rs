//! Finding a procedure as one types: without diacritics, words in any order and unfinished, by
//! code or part of it, by initials (`đkks`), and past one slip of the finger.
//!
//! All in memory: a country's catalogue is a few thousand names. Words are folded once and
//! sorted, so that "all words beginning with …" is one range and a word's number tells whether
//! it lies in it.

mod rank;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use unicode_normalization::char::is_combining_mark;

use crate::text;
use rank::Candidate;
use terms::{Query, Strength};

/// What the index keeps of a procedure.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Procedure code.
    pub code: &'a str,
    /// Procedure name.
    pub name: &'a str,
    /// Field (lĩnh vực): found too, but never before a name.
    pub field: Option<&'a str>,
}

/// A stretch of a name, in characters (Unicode scalar values), end excluded.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
pub struct Span {
    /// First character.
    pub start: u32,
    /// One past the last character.
    pub end: u32,
}

/// A procedure found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Hit {
    /// Position among the entries the index was built from.
    pub index: usize,
    /// What was matched in the name, in order, not overlapping: for emphasis on screen.
    pub ranges: Vec<Span>,
    /// Whether the code was matched.
    pub by_code: bool,
    /// Whether a word had to be read as another, or left out, to find this.
    pub approximate: bool,
}

/// A word of a name, at its place.
#[derive(Debug, Clone, Copy)]
struct Token {
    /// Number of the folded word in `Index::words`.
    word: u32,
    /// Number of the word as written (lower case, with diacritics) in `Index::forms`.
    form: u32,
    start: u32,
    len: u32,
}

#[derive(Debug)]
struct Doc {
    code: String,
    tokens: Vec<Token>,
    /// First letter of each token, one byte each.
    initials: Vec<u8>,
}

/// Where a folded word occurs.
#[derive(Debug, Default)]
struct Postings {
    names: Vec<u32>,
    fields: Vec<u32>,
}

/// The searchable catalogue. Built anew after each import; that takes milliseconds.
#[derive(Debug, Default)]
pub struct Index {
    docs: Vec<Doc>,
    words: Vec<String>,
    postings: Vec<Postings>,
    forms: Vec<String>,
}

impl Index {
    /// Builds the index; hits refer to entries by their order here.
    pub fn new<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Self {
        let mut builder = Builder::default();
        for entry in entries {
            builder.add(entry);
        }
        builder.finish()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.docs.is_empty()
    }

    /// The best `limit` entries for what is typed so far; nothing typed finds nothing.
    ///
    /// Order: every word found before one misread or left out; words with the diacritics that
    /// were typed; then words close together, near the beginning, in the typed order, in a
    /// shorter name; equal ones in the order of the catalogue.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Hit> {
        let query = Query::read(text, self);
        if query.terms.is_empty() || limit == 0 {
            return Vec::new();
        }
        let mut strengths = query.strengths(self);
        let mut found = self.candidates(&query, &strengths, Strength::Initials);
        // Guessing is for when plain reading does not fill the list.
        if found.len() < limit {
            query.add_fuzzy(self, &mut strengths);
            found = self.candidates(&query, &strengths, Strength::None);
        }
        found.sort_unstable_by_key(Candidate::key);
        found.truncate(limit);
        found.into_iter().map(|c| c.hit(self, &query)).collect()
    }

    fn candidates(
        &self,
        query: &Query,
        strengths: &[Vec<Strength>],
        least: Strength,
    ) -> Vec<Candidate> {
        let n = query.terms.len();
        let mut out = Vec::new();
        let mut row = vec![Strength::None; n];
        for (doc, of_doc) in self.docs.iter().enumerate() {
            for (slot, of_term) in row.iter_mut().zip(strengths) {
                *slot = of_term[doc];
            }
            if row.iter().any(|s| *s < least) {
                continue;
            }
            let missing = row.iter().filter(|s| **s == Strength::None).count();
            let fuzzy = row.iter().filter(|s| **s == Strength::Fuzzy).count();
            // One slip among few words, two among many; a lone word may be misspelt, not left out.
            let slips = if n >= 6 { 2 } else { 1 };
            if missing + fuzzy > slips || missing >= n || (missing > 0 && n < 3) {
                continue;
            }
            out.push(Candidate::new(doc, of_doc, query, &row, self));
        }
        out
    }

    fn form(&self, token: Token) -> &str {
        &self.forms[token.form as usize]
    }

    fn word(&self, token: Token) -> &str {
        &self.words[token.word as usize]
    }

    /// Numbers of the words that begin with `prefix`.
    fn words_from(&self, prefix: &str) -> std::ops::Range<u32> {
        let start = self.words.partition_point(|w| w.as_str() < prefix);
        let len = self.words[start..].partition_point(|w| w.starts_with(prefix));
        number(start)..number(start + len)
    }
}

/// Names are short and catalogues small; a number that does not fit saturates harmlessly.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The words of a text: start and length in characters, and the word in lower case.
fn split_words(text: &str) -> Vec<(u32, u32, String)> {
    let mut out: Vec<(u32, u32, String)> = Vec::new();
    let mut inside = false;
    for (at, c) in text.chars().enumerate() {
        let part = c.is_alphanumeric() || (inside && is_combining_mark(c));
        if part {
            if !inside {
                out.push((number(at), 0, String::new()));
            }
            if let Some((_, len, word)) = out.last_mut() {
                *len += 1;
                word.extend(c.to_lowercase());
            }
        }
        inside = part;
    }
    out
}

#[derive(Default)]
struct Builder {
    docs: Vec<Doc>,
    field_forms: Vec<Vec<u32>>,
    forms: Vec<String>,
    by_form: HashMap<String, u32>,
}

impl Builder {
    fn form(&mut self, form: String) -> u32 {
        if let Some(&known) = self.by_form.get(&form) {
            return known;
        }
        let next = number(self.forms.len());
        self.forms.push(form.clone());
        self.by_form.insert(form, next);
        next
    }

    fn add(&mut self, entry: Entry<'_>) {
        let tokens = split_words(entry.name)
            .into_iter()
            .map(|(start, len, word)| Token {
                word: 0,
                form: self.form(word),
                start,
                len,
            })
            .collect();
        let field = split_words(entry.field.unwrap_or_default());
        let field = field
            .into_iter()
            .map(|(_, _, word)| self.form(word))
            .collect();
        self.field_forms.push(field);
        self.docs.push(Doc {
            code: entry.code.to_lowercase(),
            tokens,
            initials: Vec::new(),
        });
    }

    /// Folds every distinct form once, numbers the folded words in sorted order, and fills in.
    fn finish(mut self) -> Index {
        let folded: Vec<String> = self
            .forms
            .iter()
            .map(|f| text::fold(&text::nfc(f)))
            .collect();
        let mut numbers: BTreeMap<&str, u32> = folded.iter().map(|f| (f.as_str(), 0)).collect();
        for (at, slot) in numbers.values_mut().enumerate() {
            *slot = number(at);
        }
        let word_of: Vec<u32> = folded.iter().map(|f| numbers[f.as_str()]).collect();
        let words: Vec<String> = numbers.keys().map(|w| (*w).to_owned()).collect();
        let mut postings: Vec<Postings> = words.iter().map(|_| Postings::default()).collect();
        for (at, doc) in self.docs.iter_mut().enumerate() {
            let at = number(at);
            for token in &mut doc.tokens {
                token.word = word_of[token.form as usize];
                let first = words[token.word as usize].bytes().next().unwrap_or(b'?');
                doc.initials.push(first);
                let names = &mut postings[token.word as usize].names;
                if names.last() != Some(&at) {
                    names.push(at);
                }
            }
            for form in &self.field_forms[at as usize] {
                let fields = &mut postings[word_of[*form as usize] as usize].fields;
                if fields.last() != Some(&at) {
                    fields.push(at);
                }
            }
        }
        Index {
            docs: self.docs,
            words,
            postings,
            forms: self.forms,
        }
    }
}
