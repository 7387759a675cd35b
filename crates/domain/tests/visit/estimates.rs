//! Days played through the real rules, with service times that only the play knows: do people
//! wait as long as they were told?

use std::collections::{BTreeMap, BTreeSet};

use motcua_domain::{
    branch::Branch,
    visit::{
        Act, Class, Desk, Given, Quote, Recorded, Request, State, Ticket, Visit, VisitEvent,
        decide,
        estimate::{self, OpenCounter, ServiceTime, Work},
        order,
        promise::{EstimateFigures, Kept, score},
        register,
    },
};

use super::play::{MINUTE, MORNING, SECOND, SUPERVISOR, branch, request, stamp};

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Time to the next of things that come by chance.
    fn gap(&mut self, mean_ms: f64) -> i64 {
        (-mean_ms * (1.0 - self.next()).ln()) as i64
    }

    /// Skewed, as service times are.
    fn service(&mut self, median_min: f64, sigma: f64) -> i64 {
        let (a, b) = (1.0 - self.next(), self.next());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        (median_min * (sigma * normal).exp() * MINUTE as f64) as i64
    }
}

/// How the people of a day come and what they need.
#[derive(Clone, Copy)]
struct Town {
    /// Minutes between two comers.
    gap_min: f64,
    /// Median and spread of a service, `a` and `b`.
    services: [(f64, f64); 2],
    /// Share that never comes when called.
    absent: f64,
    /// Share with priority.
    priority: f64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Comes,
    Starts(u16),
    Missing(u16),
    Ends(u16),
}

struct Hall {
    branch: Branch,
    visits: Vec<Visit>,
    at: BTreeMap<u16, usize>,
    /// The last finished legs by service, and how long each took its counter.
    finished: [Vec<i64>; 2],
    agenda: BTreeSet<(i64, Next)>,
    chance: Chance,
}

impl Hall {
    fn act(&mut self, who: usize, act: Act, at: i64) {
        let mut stamp = stamp(at);
        stamp.mono_ms = at - MORNING;
        let desk = Desk {
            stamp: &stamp,
            branch: &self.branch,
            roles: SUPERVISOR,
            counter_has: None,
            given: None,
        };
        let event = decide(&self.visits[who], act, &desk).unwrap();
        self.visits[who].apply(&Recorded { stamp, event });
    }

    fn service(&self, code: &str) -> usize {
        self.branch
            .services
            .iter()
            .position(|s| s.code == code)
            .unwrap()
    }

    fn work(&self, who: usize) -> Work {
        Work {
            service: self.service(&self.visits[who].leg().service),
            cases: self.visits[who].quantity,
        }
    }

    /// Who would be called by that counter, as the application chooses.
    fn first(&self, counter: u16) -> Option<usize> {
        let counter = self.branch.counter(counter).unwrap();
        (0..self.visits.len())
            .filter(|i| order::callable(&self.visits[*i], counter))
            .min_by_key(|i| order::key(*i, &self.visits[*i]))
    }

    fn promise(&self, service: usize, rank_ms: i64, now: i64) -> Option<Quote> {
        let counters: Vec<OpenCounter> = self
            .branch
            .counters
            .iter()
            .map(|counter| OpenCounter {
                serves: (0..2)
                    .filter(|s| counter.serves(&self.branch.services[*s].code))
                    .collect(),
                busy: self.at.get(&counter.number).map(|who| {
                    let leg = self.visits[*who].leg();
                    (self.work(*who), leg.clocks(now).counter_ms())
                }),
                away_ms: 0,
            })
            .collect();
        let times: Vec<ServiceTime> = (0..2)
            .map(|s| {
                let last: Vec<i64> = self.finished[s].iter().rev().take(30).copied().collect();
                ServiceTime::from_experience(last, self.branch.services[s].minutes)
            })
            .collect();
        let mut ahead: Vec<usize> = (0..self.visits.len())
            .filter(|i| self.visits[*i].state() == State::Waiting)
            .filter(|i| self.visits[*i].leg().rank_ms <= rank_ms)
            .collect();
        ahead.sort_by_key(|i| order::key(*i, &self.visits[*i]));
        let ahead: Vec<Work> = ahead.iter().map(|i| self.work(*i)).collect();
        estimate::forecast(&ahead, &counters, &times).for_service(service)
    }

    fn comes(&mut self, town: Town, now: i64) {
        let service = usize::from(self.chance.next() < 0.4);
        let class = if self.chance.next() < town.priority {
            Class::Elderly
        } else {
            Class::Ordinary
        };
        let request = Request {
            service: self.branch.services[service].code.clone(),
            class,
            ..request()
        };
        let stamp = stamp(now);
        let desk = Desk {
            stamp: &stamp,
            branch: &self.branch,
            roles: SUPERVISOR,
            counter_has: None,
            given: None,
        };
        let given = Given {
            ticket: Ticket {
                series: "A".to_owned(),
                number: self.visits.len() as u32 + 1,
                paper: false,
            },
            skipped: None,
            alone: None,
        };
        let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let mut first = register(request, date, Some(given), &desk).unwrap();
        first.quote = self.promise(service, first.rank_ms, now);
        let mut stamp = stamp.clone();
        stamp.mono_ms = now - MORNING;
        let event = VisitEvent::Registered(first);
        self.visits
            .push(Visit::fold([&Recorded { stamp, event }]).unwrap());
    }

    fn day(&mut self, town: Town) -> Vec<Kept> {
        const OPEN_MS: i64 = 210 * MINUTE;
        self.visits.clear();
        self.at.clear();
        self.agenda.insert((MORNING, Next::Comes));
        while let Some((now, next)) = self.agenda.pop_first() {
            match next {
                Next::Comes => {
                    self.comes(town, now);
                    let next = now + self.chance.gap(town.gap_min * MINUTE as f64);
                    if next < MORNING + OPEN_MS {
                        self.agenda.insert((next, Next::Comes));
                    }
                }
                Next::Starts(counter) => {
                    let who = self.at[&counter];
                    self.act(who, Act::Start, now);
                    let (median, sigma) =
                        town.services[self.service(&self.visits[who].leg().service)];
                    let end = now + self.chance.service(median, sigma);
                    self.agenda.insert((end, Next::Ends(counter)));
                }
                Next::Missing(counter) => {
                    let who = self.at.remove(&counter).unwrap();
                    self.act(who, Act::Miss, now);
                }
                Next::Ends(counter) => {
                    let who = self.at.remove(&counter).unwrap();
                    self.act(who, Act::Finish { note: None }, now);
                    let leg = self.visits[who].leg();
                    let service = self.service(&leg.service);
                    self.finished[service].push(leg.clocks(now).counter_ms());
                }
            }
            for counter in [1, 2, 3] {
                if self.at.contains_key(&counter) {
                    continue;
                }
                if let Some(who) = self.first(counter) {
                    self.act(who, Act::Call { counter }, now);
                    self.at.insert(counter, who);
                    let walk = SECOND * (15 + (self.chance.next() * 45.0) as i64);
                    let comes = self.chance.next() >= town.absent;
                    let next = if comes {
                        (now + walk, Next::Starts(counter))
                    } else {
                        (now + 2 * walk, Next::Missing(counter))
                    };
                    self.agenda.insert(next);
                }
            }
        }
        self.visits.iter().filter_map(|v| v.kept(0)).collect()
    }
}

/// Promises of a number of days, and the mean width of their ranges in minutes.
fn days(town: Town, seed: u64, days: usize) -> (EstimateFigures, u32) {
    let mut hall = Hall {
        branch: branch(),
        visits: Vec::new(),
        at: BTreeMap::new(),
        finished: [Vec::new(), Vec::new()],
        agenda: BTreeSet::new(),
        chance: Chance(seed),
    };
    let mut kept = Vec::new();
    for _ in 0..days {
        kept.extend(hall.day(town));
    }
    let widths: u32 = kept.iter().map(|k| k.quote.hi - k.quote.lo).sum();
    (score(kept.iter().copied()), widths / kept.len() as u32)
}

const QUIET: Town = Town {
    gap_min: 6.0,
    services: [(8.0, 0.5), (12.0, 0.6)],
    absent: 0.03,
    priority: 0.1,
};

/// Adding up medians for the lower end and long services for the upper one, as was done first,
/// gave 78 to 90 per cent here, 17 minutes wide in the crowded hall, and a minute too early.
#[test]
fn people_wait_about_as_long_as_they_were_told() {
    for (name, town, widest) in [
        ("quiet", QUIET, 12),
        (
            "busy",
            Town {
                gap_min: 4.2,
                ..QUIET
            },
            25,
        ),
        (
            "crowded",
            Town {
                gap_min: 3.6,
                ..QUIET
            },
            30,
        ),
        (
            "many with priority",
            Town {
                gap_min: 4.0,
                priority: 0.3,
                ..QUIET
            },
            30,
        ),
        (
            "even services",
            Town {
                gap_min: 3.2,
                services: [(8.0, 0.1), (8.0, 0.1)],
                ..QUIET
            },
            20,
        ),
    ] {
        let (figures, width) = days(town, 7, 20);
        println!("{name}: width {width} min, {figures:?}");
        let percent = figures.percent.unwrap();
        assert!(figures.of > 500, "{name}: {figures:?}");
        assert!((70..=97).contains(&percent), "{name}: {figures:?}");
        assert!(
            figures.bias_s.unwrap().abs() < 5 * 60,
            "{name}: {figures:?}"
        );
        assert!(width <= widest, "{name}: {width}");
    }
}

#[test]
fn the_same_queue_is_told_the_same() {
    assert_eq!(days(QUIET, 3, 2), days(QUIET, 3, 2));
}
