//! The province and commune at the end of an address as a card or a person writes it.
//!
//! A guess fills in a form that the officer confirms; it is never stored unseen. So it prefers
//! saying nothing to saying something wrong, and says when it is not certain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Commune, CommuneKind, Province, Units};
use crate::text;

/// What the end of an address names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Guess {
    /// The province in force.
    pub province: Province,
    /// The commune in force, where one of that name is in the province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commune: Option<Commune>,
    /// The old province as the address names it, where it was merged into `province`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub former_province: Option<String>,
    /// What stands before: house, street, hamlet, and whatever was not recognised.
    pub street: String,
    /// Whether the address names a commune in force, with its kind, right before its province.
    /// Otherwise the commune may be an old unit's name, or a district's, that lives on.
    pub certain: bool,
}

/// A word of the address: folded, as written, where it begins, and its comma-separated part.
struct Word {
    folded: String,
    written: String,
    start: usize,
    part: usize,
}

fn words(address: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let (mut part, mut inside) = (0, false);
    for (start, c) in address.char_indices() {
        if c.is_alphanumeric() {
            if !inside {
                out.push(Word {
                    folded: String::new(),
                    written: String::new(),
                    start,
                    part,
                });
            }
            if let Some(word) = out.last_mut() {
                word.written.extend(c.to_lowercase());
            }
        }
        inside = c.is_alphanumeric();
        if matches!(c, ',' | ';' | '\n') {
            part += 1;
        }
    }
    for word in &mut out {
        word.folded = text::fold(&word.written);
    }
    out
}

/// Whether the words end with a name; gives the number of words before it.
fn ends_with(words: &[Word], name: &[String]) -> Option<usize> {
    let before = words.len().checked_sub(name.len())?;
    let same = !name.is_empty()
        && words[before..]
            .iter()
            .zip(name)
            .all(|(w, n)| w.folded == *n);
    same.then_some(before)
}

/// Spellings that are not the folded name itself.
const OTHER_SPELLINGS: &[(&str, &str)] = &[
    ("hcm", "Hồ Chí Minh"),
    ("tphcm", "Hồ Chí Minh"),
    ("dac lac", "Đắk Lắk"),
    ("dac nong", "Đắk Nông"),
];

pub(super) fn guess(units: &Units, address: &str) -> Option<Guess> {
    let address: String = text::nfc(
        &address
            .chars()
            .take(text::limit::ADDRESS)
            .collect::<String>(),
    );
    let mut all = words(&address);
    if let Some(before) = ends_with(&all, &text::folded_words("Việt Nam")) {
        all.truncate(before);
    }
    let (province, former, before) = province_at_end(units, &all)?;
    all.truncate(before);
    drop_kind(&mut all, &["thanh pho", "tinh", "tp"]);
    let place = commune_at_end(units, province, &all);
    let end = match &place {
        Some(place) => place.start,
        None => all.len(),
    };
    let street_end = all.get(end).map_or_else(
        || all.last().map_or(0, |w| w.start + word_bytes(&address, w)),
        |w| w.start,
    );
    let street = address[..street_end]
        .trim()
        .trim_end_matches([',', ';', '-', ' '])
        .to_owned();
    let certain = place.as_ref().is_some_and(|p| p.certain) && former.is_none();
    Some(Guess {
        province: province.clone(),
        commune: place.map(|p| p.commune.clone()),
        former_province: former,
        street,
        certain,
    })
}

fn word_bytes(address: &str, word: &Word) -> usize {
    address[word.start..]
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(address.len() - word.start)
}

/// The province whose name, present or former, ends the address; the longest name wins.
fn province_at_end<'a>(
    units: &'a Units,
    words: &[Word],
) -> Option<(&'a Province, Option<String>, usize)> {
    let mut best: Option<(&Province, Option<String>, usize)> = None;
    let mut offer = |province: &'a Province, former: Option<&String>, spelling: &str| {
        if let Some(before) = ends_with(words, &text::folded_words(spelling))
            && best.as_ref().is_none_or(|b| before < b.2)
        {
            best = Some((province, former.cloned(), before));
        }
    };
    for province in &units.provinces {
        let names = std::iter::once((&province.name, None))
            .chain(province.former.iter().map(|f| (f, Some(f))));
        for (name, former) in names {
            offer(province, former, name);
            for (spelling, _) in OTHER_SPELLINGS.iter().filter(|(_, meant)| meant == name) {
                offer(province, former, spelling);
            }
        }
    }
    best
}

/// Drops the words of a unit's kind from the end.
fn drop_kind(words: &mut Vec<Word>, kinds: &[&str]) {
    let before = kinds
        .iter()
        .find_map(|kind| ends_with(words, &text::folded_words(kind)));
    words.truncate(before.unwrap_or(words.len()));
}

struct Place<'a> {
    commune: &'a Commune,
    /// First word of the commune's name or of its kind.
    start: usize,
    certain: bool,
}

/// Words that tell the kind of a commune, written out or short. A townlet (thị trấn) is no
/// more, but its name may live on in a commune.
const KINDS: &[(&str, Option<CommuneKind>)] = &[
    ("phuong", Some(CommuneKind::Ward)),
    ("p", Some(CommuneKind::Ward)),
    ("xa", Some(CommuneKind::Commune)),
    ("x", Some(CommuneKind::Commune)),
    ("dac khu", Some(CommuneKind::SpecialZone)),
    ("thi tran", None),
    ("tt", None),
];

/// Words before a name that make it a district's: districts ended on 1 July 2025.
const DISTRICTS: &[&str] = &["quan", "huyen", "thi xa", "thanh pho", "tp", "q", "h", "tx"];

/// The commune in the last part before the province, or in the part before an old district.
fn commune_at_end<'a>(
    units: &'a Units,
    province: &'a Province,
    words: &[Word],
) -> Option<Place<'a>> {
    let mut bare = None;
    let mut end = words.len();
    for back in 0..2 {
        let part = words[..end].last()?.part;
        let begin = words[..end]
            .iter()
            .rposition(|w| w.part != part)
            .map_or(0, |i| i + 1);
        if let Some(mut place) = named_with_kind(units, province, &words[..end], begin) {
            place.certain &= back == 0;
            return Some(place);
        }
        if bare.is_none() && !is_district(&words[begin..end]) {
            let whole = communes_named(units, province, &words[begin..end]);
            bare = whole.map(|commune| Place {
                commune,
                start: begin,
                certain: false,
            });
        }
        end = begin;
        if end == 0 {
            break;
        }
    }
    bare
}

fn is_district(part: &[Word]) -> bool {
    DISTRICTS.iter().any(|kind| {
        let kind = text::folded_words(kind);
        part.len() > kind.len() && part.iter().zip(&kind).all(|(w, k)| w.folded == *k)
    })
}

/// "… Phường Ba Đình" at the end of the words, the kind standing within the last part.
fn named_with_kind<'a>(
    units: &'a Units,
    province: &'a Province,
    words: &[Word],
    begin: usize,
) -> Option<Place<'a>> {
    (begin..words.len()).find_map(|start| {
        KINDS.iter().find_map(|(kind, meant)| {
            let kind = text::folded_words(kind);
            let name = start + kind.len();
            let here = name < words.len()
                && words[start..name]
                    .iter()
                    .zip(&kind)
                    .all(|(w, k)| w.folded == *k);
            // "Thị xã" and "thành phố" end in words that are kinds on their own.
            let within_district =
                start > begin && matches!(words[start - 1].folded.as_str(), "thi");
            if !here || within_district {
                return None;
            }
            let commune = communes_named(units, province, &words[name..])?;
            Some(Place {
                commune,
                start,
                certain: *meant == Some(commune.kind),
            })
        })
    })
}

/// The one commune of the province with that name; diacritics decide between namesakes.
fn communes_named<'a>(
    units: &'a Units,
    province: &'a Province,
    words: &[Word],
) -> Option<&'a Commune> {
    let folded: Vec<&str> = words.iter().map(|w| w.folded.as_str()).collect();
    let named: Vec<&Commune> = units
        .communes_of(&province.code)
        .filter(|c| text::folded_words(&c.name) == folded)
        .collect();
    if let [only] = named[..] {
        return Some(only);
    }
    let written: Vec<&str> = words.iter().map(|w| w.written.as_str()).collect();
    let mut exact = named.into_iter().filter(|c| {
        c.name
            .to_lowercase()
            .split_whitespace()
            .eq(written.iter().copied())
    });
    exact.next().filter(|_| exact.next().is_none())
}
