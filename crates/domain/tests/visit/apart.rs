//! Desks that do not hear of each other act on one visit; afterwards everybody has every event.

use std::collections::BTreeSet;

use motcua_domain::visit::{
    Act, Cause, Desk, HoldTo, Outcome, Recorded, ReturnTo, Stamp, State, Visit, VisitEvent,
    apart::{Told, fold},
    decide,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::play::{
    CLOSE_DAY, MINUTE, Play, SECOND, SUPERVISOR, acts, branch, call, hold, reopen, resume, transfer,
};

/// An event where it was written.
#[derive(Debug, Clone)]
struct Written {
    desk: usize,
    recorded: Recorded<VisitEvent>,
    /// All that its writer had seen, by place in [`World::log`].
    seen: BTreeSet<usize>,
}

/// One visit and some desks, each with the events it has.
struct World {
    log: Vec<Written>,
    has: Vec<BTreeSet<usize>>,
    now: i64,
}

impl World {
    /// A person who waits, known everywhere.
    fn waiting(desks: usize) -> Self {
        let first = Play::walk_in().events.remove(0);
        let now = first.stamp.wall_ms;
        Self {
            log: vec![Written {
                desk: 0,
                recorded: first,
                seen: BTreeSet::new(),
            }],
            has: vec![BTreeSet::from([0]); desks],
            now,
        }
    }

    fn pass(&mut self, ms: i64) -> &mut Self {
        self.now += ms;
        self
    }

    /// The events of a set as the store gives them to the fold: in the one order.
    fn told(&self, set: &BTreeSet<usize>) -> Vec<Told> {
        let mut placed: Vec<usize> = Vec::new();
        let mut left: BTreeSet<usize> = set.clone();
        while !left.is_empty() {
            let next = left
                .iter()
                .copied()
                .filter(|k| self.log[*k].seen.iter().all(|s| placed.contains(s)))
                .min_by_key(|k| (self.log[*k].desk, *k))
                .unwrap();
            left.remove(&next);
            placed.push(next);
        }
        placed
            .iter()
            .map(|k| Told {
                id: Uuid::from_u128(*k as u128),
                recorded: self.log[*k].recorded.clone(),
                seen: self.log[*k]
                    .seen
                    .iter()
                    .map(|s| placed.iter().position(|p| p == s).unwrap())
                    .collect(),
            })
            .collect()
    }

    fn seen_by(&self, desk: usize) -> Visit {
        fold(&self.told(&self.has[desk])).unwrap()
    }

    fn try_act(&mut self, desk: usize, act: Act) -> bool {
        let visit = self.seen_by(desk);
        let stamp = Stamp {
            wall_ms: self.now,
            boot: Uuid::from_u128(desk as u128),
            mono_ms: self.now - 1_795_395_600_000,
            actor: format!("desk-{desk}"),
        };
        let branch = branch();
        let at = Desk {
            stamp: &stamp,
            branch: &branch,
            roles: SUPERVISOR,
            counter_has: None,
            given: None,
        };
        let Ok(event) = decide(&visit, act, &at) else {
            return false;
        };
        let recorded = Recorded { stamp, event };
        let mut carried = visit;
        carried.apply(&recorded);
        self.log.push(Written {
            desk,
            recorded,
            seen: self.has[desk].clone(),
        });
        self.has[desk].insert(self.log.len() - 1);
        assert_eq!(
            self.seen_by(desk),
            carried,
            "carried on by one event, and folded whole"
        );
        true
    }

    fn act(&mut self, desk: usize, act: Act) -> &mut Self {
        assert!(
            self.try_act(desk, act.clone()),
            "{act:?} at {desk} on {:?}",
            self.seen_by(desk).state()
        );
        self
    }

    /// One desk hears what another has.
    fn hear(&mut self, desk: usize, from: usize) {
        let more = self.has[from].clone();
        self.has[desk].extend(more);
    }

    /// Everybody hears everything.
    fn join(&mut self) -> Visit {
        let all: BTreeSet<usize> = (0..self.log.len()).collect();
        self.has.fill(all);
        self.seen_by(0)
    }
}

/// The same from either side of the line: nothing hangs on which device has the smaller number.
fn both_ways(story: impl Fn(&mut World, usize, usize)) -> [Visit; 2] {
    [(1, 2), (2, 1)].map(|(a, b)| {
        let mut world = World::waiting(3);
        story(&mut world, a, b);
        world.join()
    })
}

fn desk(n: usize) -> u16 {
    // Counters 1 and 3 serve everything.
    if n == 1 { 1 } else { 3 }
}

#[test]
fn called_twice_apart_the_first_stands_and_the_second_is_named() {
    for (a, b) in [(1, 2), (2, 1)] {
        let mut world = World::waiting(3);
        world.pass(MINUTE).act(a, call(desk(a)));
        world.pass(MINUTE).act(b, call(desk(b)));
        let visit = world.join();
        assert_eq!(
            (visit.state(), visit.leg().counter),
            (State::Called, Some(1))
        );
        assert_eq!(visit.leg().calls, 1);
        let [second] = &visit.apart[..] else {
            panic!("{:?}", visit.apart)
        };
        assert_eq!((second.counter, second.counted), (Some(3), false));
        // And it goes on from there, by the rules, at a desk that knows both.
        world.pass(MINUTE).act(0, Act::Miss);
        let on = world.join();
        assert_eq!((on.state(), on.apart.len()), (State::Missed, 1));
    }
}

#[test]
fn whoever_is_served_was_there_whatever_others_say() {
    let nobody: [fn(&mut World, usize); 5] = [
        |w, d| {
            w.act(d, call(desk(d))).pass(MINUTE).act(d, Act::Miss);
        },
        |w, d| {
            w.act(d, Act::Leave { reason: None });
        },
        |w, d| {
            w.act(d, CLOSE_DAY);
        },
        |w, d| {
            let reason = "nhầm".to_owned();
            w.act(d, Act::Void { reason });
        },
        |w, d| {
            w.act(d, call(desk(d))).pass(SECOND).act(d, Act::UndoCall);
        },
    ];
    for says in nobody {
        let told = both_ways(|world, a, b| {
            world.pass(MINUTE).act(a, call(desk(a)));
            world.pass(MINUTE).act(a, Act::Start);
            says(world, b);
            world.pass(5 * MINUTE).act(a, Act::Finish { note: None });
        });
        for visit in told {
            assert_eq!(
                visit.leg().outcome,
                Some(Outcome::Done),
                "{:?}",
                visit.apart
            );
            assert!(visit.leg().clocks(visit.last_ms).service_ms >= 5 * MINUTE);
            assert!(!visit.apart.is_empty());
            assert!(visit.accurate());
        }
    }
}

#[test]
fn served_at_two_desks_counts_once_and_both_are_told() {
    for visit in both_ways(|world, a, b| {
        for d in [a, b] {
            world.pass(MINUTE).act(d, call(desk(d)));
            world.pass(MINUTE).act(d, Act::Start);
            world.pass(MINUTE).act(d, Act::Finish { note: None });
        }
    }) {
        assert_eq!(visit.leg().outcome, Some(Outcome::Done));
        assert_eq!(visit.legs.len(), 1);
        assert_eq!(visit.leg().counter, Some(1));
        assert_eq!(visit.apart.len(), 3);
        assert!(
            visit
                .apart
                .iter()
                .all(|a| a.counter == Some(3) && !a.counted)
        );
    }
}

#[test]
fn a_second_desk_never_serves_the_service_that_comes_next() {
    for visit in both_ways(|world, a, b| {
        let service = "b".to_owned();
        world.act(0, Act::AddService { service });
        for d in [a, b] {
            world.hear(d, 0);
        }
        for d in [a, b] {
            world.pass(MINUTE).act(d, call(desk(d)));
            world.pass(MINUTE).act(d, Act::Start);
            world.pass(MINUTE).act(d, Act::Finish { note: None });
        }
    }) {
        assert_eq!(visit.legs.len(), 2);
        assert_eq!(
            visit.state(),
            State::Waiting,
            "nobody has served the second"
        );
        assert_eq!(visit.leg().calls, 0);
    }
}

#[test]
fn two_who_say_the_same_do_not_contradict() {
    for visit in both_ways(|world, a, b| {
        for d in [a, b] {
            world.pass(MINUTE).act(d, Act::Leave { reason: None });
        }
    }) {
        assert_eq!(visit.leg().outcome, Some(Outcome::Left));
        assert_eq!(visit.apart, []);
    }
}

#[test]
fn missed_at_one_desk_and_called_at_another_is_called_and_named() {
    for visit in both_ways(|world, a, b| {
        world.pass(MINUTE).act(a, call(desk(a)));
        world.pass(MINUTE).act(a, Act::Miss);
        world.act(b, call(desk(b)));
    }) {
        assert_eq!(visit.state(), State::Called);
        assert!(!visit.apart.is_empty());
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    let mut all: Vec<Act> = acts().into_iter().map(|(_, act)| act).collect();
    all.extend([
        call(3),
        call(1),
        call(3),
        Act::Start,
        Act::Start,
        Act::Finish { note: None },
        hold(Cause::Citizen),
        resume(HoldTo::Serving),
        reopen(true),
        transfer("a", None),
        Act::Return {
            to: ReturnTo::Called { counter: 3 },
        },
    ]);
    prop::sample::select(all)
}

#[derive(Debug, Clone)]
enum Step {
    Act(usize, Box<Act>),
    Hear(usize, usize),
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0usize..3, any_act()).prop_map(|(d, act)| Step::Act(d, Box::new(act))),
        1 => (0usize..3, 0usize..3).prop_map(|(d, from)| Step::Hear(d, from)),
        2 => prop::sample::select(vec![SECOND, 30 * SECOND, 6 * MINUTE, 31 * MINUTE]).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 5..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever was done apart: nobody is served who was not, the stretches of every leg add up,
    /// every event either counts, is named, or says what is so anyway; and acts that follow are
    /// those of the table.
    #[test]
    fn the_joined_history_is_honest(steps in steps()) {
        let mut world = World::waiting(3);
        for step in steps {
            match step {
                Step::Act(d, act) => { world.try_act(d, *act); }
                Step::Hear(d, from) => world.hear(d, from),
                Step::Pass(ms) => { world.pass(ms); }
            }
        }
        let visit = world.join();
        for leg in &visit.legs {
            for pair in leg.spans.windows(2) {
                prop_assert_eq!(pair[0].to_ms, Some(pair[1].from_ms));
            }
            if leg.outcome == Some(Outcome::Done) {
                prop_assert!(leg.serve_ms.is_some(), "done without service: {:?}", visit);
            }
        }
        let named: BTreeSet<Uuid> = visit.apart.iter().map(|a| a.event).collect();
        prop_assert_eq!(named.len(), visit.apart.len());
        let services = |w: &&Written| matches!(w.recorded.event, VisitEvent::Started {});
        let began = world.log.iter().filter(services).count();
        let served = visit.legs.iter().filter(|l| l.serve_ms.is_some()).count();
        // A service that began somewhere leaves its trace: it counts, or it is named.
        prop_assert!(began == 0 || served > 0 || !named.is_empty());
        // Without anybody apart nothing is ever set aside.
        let alone = world.log.iter().enumerate().all(|(k, w)| w.seen.len() == k);
        if alone {
            prop_assert_eq!(&visit.apart, &[]);
        }
        // Once everybody knows everything, no act sets anything aside any more.
        let before = visit.apart.clone();
        world.pass(SECOND);
        for (_, act) in acts() {
            world.try_act(0, act);
        }
        prop_assert_eq!(world.join().apart, before);
    }
}
