//! Case codes parted among the branches that number for one agency: what a branch says of a day,
//! what central answers, and the one rule by which central parts. Pure: central keeps the ranges in
//! its database, a simulation in memory, and both decide here.
//!
//! A range belongs to one life of one machine (`device` and `epoch`), which alone gives out of it.
//! What is left when that life ends is given out by nobody.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of the four digits that the law gives a case code.
pub const HIGHEST: u32 = 9_999;
/// Days for which a branch asks beside today: as long as it may be cut off.
pub const DAYS_AHEAD: u64 = 14;
/// A day that lies so far back may still need a code: of a case taken in under a provisional one.
pub const DAYS_BACK: u64 = 60;
/// Days of one question.
pub const MOST_DAYS: usize = 100;
/// Ranges of one day in one question.
pub const MOST_RANGES: usize = 1_000;
/// What a branch is given of a day at least, as long as there is plenty.
pub const USUAL: u32 = 100;
/// And at most, whatever it says it needs.
pub const MOST: u32 = 2_000;
/// Where little is left of a day, nobody gets more than a tenth of it, but no smaller piece than
/// this: the last codes go to whoever needs them and not to whoever came first.
const SMALLEST: u32 = 20;
/// Ranges that one answer adds to a day.
const PIECES: usize = 8;

/// Numbers from one to another, both included.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Numbers {
    /// First.
    pub from: u32,
    /// Last.
    pub to: u32,
}

impl Numbers {
    /// Whether these are numbers that a code can have.
    pub fn is_sound(self) -> bool {
        1 <= self.from && self.from <= self.to && self.to <= HIGHEST
    }

    /// How many.
    pub fn count(self) -> u32 {
        (self.to + 1).saturating_sub(self.from)
    }

    fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// `POST /v1/leases`: what the machine that gives out a branch's numbers holds, and needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseAsk {
    /// The machine's present life; the machine itself is named by its token.
    pub epoch: u32,
    /// Agency code, as in case codes.
    pub agency: String,
    /// The days, each once. None only asks whether central parts codes at all.
    pub dates: Vec<DateAsk>,
}

/// What is held and needed of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DateAsk {
    /// The day.
    pub date: NaiveDate,
    /// How many codes it should have in stock.
    pub want: u32,
    /// How many of what central granted to this life are gone.
    pub taken: u32,
    /// What this life holds of central, as far as it has heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Numbers>,
    /// What the branch gave out, or may have, before central parted its codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Numbers>,
}

/// What central says to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseAnswer {
    /// The life that asked: nobody else may use what is in here.
    pub epoch: u32,
    /// Agency code.
    pub agency: String,
    /// The days that were asked for.
    pub dates: Vec<DateGrant>,
}

/// What a life holds of a day from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DateGrant {
    /// The day.
    pub date: NaiveDate,
    /// Everything granted to this life, also what it has heard of before.
    pub ranges: Vec<Numbers>,
    /// Codes of the agency that nobody holds.
    pub rest: u32,
    /// Something that this branch holds or gave out is held by another too: one code may stand on
    /// two papers, and people have to look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clash: bool,
}

/// Whose a range is, seen from whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Granted to the life that asks.
    ThisLife,
    /// The branch's, but granted to another life or given out before.
    ThisBranch,
    /// Another branch's.
    Other,
}

/// What is to be written down for a question, and what to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// To be written down as given out by the branch.
    pub given: Vec<Numbers>,
    /// To be written down as granted to the life that asks, new or known to it only.
    pub granted: Vec<Numbers>,
    /// Central has forgotten a grant: its history went back.
    pub forgot: bool,
    /// The answer.
    pub answer: DateGrant,
}

/// From where central grants. After its history went back it cannot know what it granted last, but
/// that lies next to what it knows; so it goes on from elsewhere. The lower half of a day belongs to
/// the usual way alone, which begins behind what branches gave out before, or may have; the three
/// others part the upper half. They are far enough apart as long as the usual one has not come
/// beyond 6,250 and none of the others has brought out an eighth of a day's codes.
fn places(way: u32, free: &[Numbers]) -> Vec<(Numbers, bool)> {
    let (span, down) = match way {
        0 => (
            Numbers {
                from: 1,
                to: HIGHEST,
            },
            false,
        ),
        1 => (
            Numbers {
                from: 7_500,
                to: HIGHEST,
            },
            true,
        ),
        2 => (
            Numbers {
                from: 7_500,
                to: HIGHEST,
            },
            false,
        ),
        3 => (
            Numbers {
                from: 5_000,
                to: 7_499,
            },
            true,
        ),
        _ => return Vec::new(),
    };
    let mut found: Vec<_> = free
        .iter()
        .filter(|f| f.meets(span))
        .map(|f| Numbers {
            from: f.from.max(span.from),
            to: f.to.min(span.to),
        })
        .map(|f| (f, down))
        .collect();
    if down {
        found.reverse();
    }
    found
}

/// What of `numbers` none of `taken` (sorted by their first) holds.
fn without(numbers: Numbers, taken: &[(Numbers, Whose)]) -> Vec<Numbers> {
    let mut free = Vec::new();
    let mut from = numbers.from;
    for (range, _) in taken.iter().filter(|(range, _)| range.meets(numbers)) {
        if from < range.from {
            free.push(Numbers {
                from,
                to: range.from - 1,
            });
        }
        from = from.max(range.to + 1);
    }
    if from <= numbers.to {
        free.push(Numbers {
            from,
            to: numbers.to,
        });
    }
    free
}

/// Parts one day. `taken` are all ranges of the agency's day, no two of which meet; `way` counts
/// how often central's history went back while that day could be granted already.
///
/// Whoever asks twice in the same words gets nothing twice: what is granted counts as stock
/// whether or not the answer arrived.
pub fn part(ask: &DateAsk, mut taken: Vec<(Numbers, Whose)>, way: u32) -> Parted {
    let mut parted = Parted {
        given: Vec::new(),
        granted: Vec::new(),
        forgot: false,
        answer: DateGrant {
            date: ask.date,
            ranges: Vec::new(),
            rest: 0,
            clash: false,
        },
    };
    taken.sort_by_key(|(range, _)| range.from);
    for (told, whose) in [
        (&ask.given, Whose::ThisBranch),
        (&ask.held, Whose::ThisLife),
    ] {
        for numbers in told.iter().filter(|n| n.is_sound()) {
            let others = |t: &&(Numbers, Whose)| t.1 == Whose::Other && t.0.meets(*numbers);
            parted.answer.clash |= taken.iter().any(|t| others(&t));
            let new = without(*numbers, &taken);
            if whose == Whose::ThisLife {
                parted.forgot |= !new.is_empty();
                parted.granted.extend(&new);
            } else {
                parted.given.extend(&new);
            }
            taken.extend(new.into_iter().map(|n| (n, whose)));
            taken.sort_by_key(|(range, _)| range.from);
        }
    }
    let stock: u32 = (taken.iter().filter(|t| t.1 == Whose::ThisLife))
        .map(|t| t.0.count())
        .sum();
    let mut left = stock.saturating_sub(ask.taken);
    let target = ask.want.clamp(USUAL, MOST);
    let whole = Numbers {
        from: 1,
        to: HIGHEST,
    };
    let way = way + u32::from(parted.forgot);
    if left < target.div_ceil(2) {
        for _ in 0..PIECES {
            let free = without(whole, &taken);
            let rest: u32 = free.iter().map(|f| f.count()).sum();
            let size = (target - left).min((rest / 10).max(SMALLEST));
            let Some((place, down)) = places(way, &free).into_iter().next() else {
                break;
            };
            let size = size.min(place.count());
            let new = match down {
                false => Numbers {
                    from: place.from,
                    to: place.from + size - 1,
                },
                true => Numbers {
                    from: place.to + 1 - size,
                    to: place.to,
                },
            };
            parted.granted.push(new);
            taken.push((new, Whose::ThisLife));
            taken.sort_by_key(|(range, _)| range.from);
            left += size;
            // A smaller piece than was wanted, because little is left: more when it is needed.
            if left >= target.div_ceil(2) || place.count() > size {
                break;
            }
        }
    }
    parted.answer.rest = without(whole, &taken).iter().map(|f| f.count()).sum();
    parted.answer.ranges = (taken.iter().filter(|t| t.1 == Whose::ThisLife))
        .map(|t| t.0)
        .collect();
    parted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(want: u32, taken: u32) -> DateAsk {
        DateAsk {
            date: NaiveDate::default(),
            want,
            taken,
            held: Vec::new(),
            given: Vec::new(),
        }
    }

    fn numbers(from: u32, to: u32) -> Numbers {
        Numbers { from, to }
    }

    #[test]
    fn a_question_that_is_asked_again_gets_the_same_answer() {
        let first = part(&ask(100, 0), Vec::new(), 0);
        assert_eq!(first.answer.ranges, [numbers(1, 100)]);
        let taken = vec![(numbers(1, 100), Whose::ThisLife)];
        let again = part(&ask(100, 0), taken.clone(), 0);
        assert_eq!(again.answer.ranges, first.answer.ranges);
        assert_eq!(again.granted, []);
        // Half of it is gone: more, behind it.
        let more = part(&ask(100, 51), taken, 0);
        assert_eq!(more.granted, [numbers(101, 151)]);
    }

    #[test]
    fn what_was_given_out_before_belongs_to_the_branch_and_a_clash_is_told() {
        let mut told = ask(100, 0);
        told.given = vec![numbers(1, 30), numbers(500, 520)];
        let parted = part(&told, vec![(numbers(21, 120), Whose::Other)], 0);
        assert_eq!(parted.given, [numbers(1, 20), numbers(500, 520)]);
        assert!(parted.answer.clash);
        assert_eq!(parted.answer.ranges, [numbers(121, 220)]);
    }

    #[test]
    fn the_last_codes_are_not_for_whoever_comes_first() {
        let taken = vec![(numbers(1, 9_500), Whose::Other)];
        let parted = part(&ask(2_000, 0), taken, 0);
        assert_eq!(parted.granted, [numbers(9_501, 9_549)]);
        let none = part(&ask(100, 0), vec![(numbers(1, HIGHEST), Whose::Other)], 0);
        assert_eq!((none.answer.ranges, none.answer.rest), (Vec::new(), 0));
    }

    #[test]
    fn a_forgotten_grant_is_known_again_and_the_next_comes_from_elsewhere() {
        let mut told = ask(100, 90);
        told.held = vec![numbers(1, 100)];
        let parted = part(&told, Vec::new(), 0);
        assert!(parted.forgot);
        assert_eq!(parted.granted, [numbers(1, 100), numbers(9_910, 9_999)]);
    }

    /// A branch that could not be sure what it gave out before central parted its codes.
    #[test]
    fn a_central_that_forgets_everything_again_and_again_repeats_nothing() {
        let mut unsure = ask(100, 0);
        unsure.given = vec![numbers(1, 4_959)];
        let mut out = part(&unsure, Vec::new(), 0).granted;
        assert_eq!(out, [numbers(4_960, 5_059)]);
        for way in 1..4 {
            let mut taken = Vec::new();
            for _ in 0..12 {
                let parted = part(&ask(100, 0), taken.clone(), way);
                for new in &parted.granted {
                    assert!(!out.iter().any(|old| old.meets(*new)), "{way}: {new:?}");
                }
                taken.extend(parted.granted.iter().map(|n| (*n, Whose::Other)));
            }
            out.extend(taken.iter().map(|(n, _)| *n));
        }
        assert_eq!(out.len(), 1 + 3 * 12);
        assert_eq!(part(&ask(100, 0), Vec::new(), 4).granted, []);
    }

    proptest! {
        #[test]
        fn no_number_is_held_twice(asks in proptest::collection::vec((0_u32..3, 0_u32..2_500, 0_u32..200, 1_u32..9_999, 0_u32..300, 0_u32..4), 1..60)) {
            let mut all: Vec<(Numbers, u32)> = Vec::new();
            let mut used = [0_u32; 3];
            for (who, want, use_up, from, length, way) in asks {
                let seen = all.iter().map(|(n, whose)| (*n, if *whose == who { Whose::ThisLife } else { Whose::Other })).collect();
                used[who as usize] += use_up;
                let mut told = ask(want, used[who as usize]);
                if length > 250 {
                    told.held = vec![numbers(from, (from + length).min(HIGHEST))];
                } else if length > 200 {
                    told.given = vec![numbers(from, (from + length).min(HIGHEST))];
                }
                let parted = part(&told, seen, way);
                for new in parted.granted.iter().chain(&parted.given) {
                    prop_assert!(new.is_sound());
                    for (other, _) in &all {
                        prop_assert!(!new.meets(*other), "{new:?} {other:?}");
                    }
                    all.push((*new, if parted.given.contains(new) { 9 } else { who }));
                }
            }
        }
    }
}
