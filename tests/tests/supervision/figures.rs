//! Every figure of the day once more, from nothing but the events, by code that shares nothing
//! with the projections.

use std::collections::BTreeMap;

use motcua_domain::visit::{Cause, HoldTo, Outcome, Quote, ReturnTo, VisitEvent};
use motcua_protocol::event::Body;
use motcua_testkit::branch::{SUPERVISOR, TestBranch, id};
use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::machines::{Machines, command, now_ms, tries};

const HALF_HOUR_MS: i64 = 30 * 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Booked,
    Queue,
    Desk,
    AsideByOffice,
    AsideByCitizen,
    Away,
    Over,
}

/// A promise that is still running, or has come to its end.
#[derive(Debug, Clone, Copy)]
struct Told {
    quote: Quote,
    waited: i64,
    open: bool,
}

/// What one visit comes to.
#[derive(Debug)]
struct Person {
    at: At,
    called: bool,
    last: i64,
    queued: i64,
    waited: i64,
    served: bool,
    left: Option<Outcome>,
    ticket: bool,
    accurate: bool,
    /// Of the present leg.
    told: Option<Told>,
    began: bool,
    leg_accurate: bool,
    /// Promises of legs that began, with whether the leg can be trusted.
    kept: Vec<(Quote, i64, bool)>,
    planned: usize,
}

impl Person {
    fn wait(&mut self, now: i64) {
        let ms = now - self.last;
        self.last = now;
        if matches!(self.at, At::Queue | At::AsideByOffice) {
            self.waited += ms;
            if let Some(told) = self.told.as_mut().filter(|t| t.open) {
                told.waited += ms;
            }
        }
    }

    fn promise(&mut self, quote: Option<Quote>) {
        if let Some(quote) = quote {
            self.told = Some(Told {
                quote,
                waited: 0,
                open: true,
            });
        }
    }

    fn serve(&mut self) {
        self.at = At::Desk;
        self.served = true;
        if !self.began {
            self.began = true;
            if let Some(told) = &mut self.told {
                told.open = false;
            }
        }
    }

    fn end_leg(&mut self) {
        if self.began
            && let Some(told) = self.told.take()
        {
            self.kept.push((told.quote, told.waited, self.leg_accurate));
        }
        self.told = None;
        self.began = false;
        self.leg_accurate = true;
        self.called = false;
    }

    fn event(&mut self, event: &VisitEvent, now: i64) {
        if let VisitEvent::ClosedByDay { outcome } = event {
            if *outcome == Outcome::EndedBySystem {
                self.leg_accurate = false;
                self.accurate = false;
            }
            self.left = Some(*outcome);
            self.at = At::Over;
            self.called = false;
            self.last = now;
            self.end_leg();
            return;
        }
        self.wait(now);
        match event {
            VisitEvent::CheckedIn { quote, .. } => {
                self.at = At::Queue;
                self.queued = now;
                self.ticket = true;
                self.promise(*quote);
            }
            VisitEvent::Called { .. }
            | VisitEvent::Returned {
                to: ReturnTo::Called { .. },
                ..
            } => {
                self.at = At::Queue;
                self.called = true;
            }
            VisitEvent::CallUndone {} => self.called = false,
            VisitEvent::Started {}
            | VisitEvent::Resumed {
                to: HoldTo::Serving,
                ..
            } => self.serve(),
            VisitEvent::HeldAside(held) => {
                self.at = match held.cause {
                    Cause::Office => At::AsideByOffice,
                    Cause::Citizen => At::AsideByCitizen,
                };
            }
            VisitEvent::Resumed { quote, .. } | VisitEvent::Returned { quote, .. } => {
                self.at = At::Queue;
                self.called = false;
                let was_served = self.began;
                self.promise(*quote);
                if was_served && let Some(told) = &mut self.told {
                    told.open = false;
                }
            }
            VisitEvent::Missed {} => self.at = At::Away,
            VisitEvent::Transferred { quote, .. } => {
                self.end_leg();
                self.at = At::Queue;
                self.promise(*quote);
            }
            VisitEvent::ServiceAdded { .. } => self.planned += 1,
            VisitEvent::Ended { outcome, quote, .. } => {
                self.end_leg();
                if *outcome == Outcome::Done && self.planned > 0 {
                    self.planned -= 1;
                    self.at = At::Queue;
                    self.promise(*quote);
                } else {
                    self.planned = 0;
                    self.left = Some(*outcome);
                    self.at = At::Over;
                }
            }
            VisitEvent::Reopened { serving, quote, .. } => {
                self.left = None;
                if *serving {
                    self.serve();
                } else {
                    self.at = At::Queue;
                    self.promise(*quote);
                }
            }
            _ => {}
        }
    }
}

/// Everybody of the day, out of the event table of a folder.
fn people(branch: &TestBranch) -> Vec<Person> {
    let bare =
        Connection::open_with_flags(branch.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = bare
        .prepare("SELECT entity, kind, body, wall_ms FROM event ORDER BY pos")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut people: BTreeMap<Vec<u8>, Person> = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let (entity, kind, body): (Vec<u8>, String, Vec<u8>) = (
            row.get(0).unwrap(),
            row.get(1).unwrap(),
            row.get(2).unwrap(),
        );
        let now: i64 = row.get(3).unwrap();
        let Some(Body::Visit(event)) = Body::decode(&kind, &body) else {
            continue;
        };
        if let VisitEvent::Registered(first) = &event {
            let person = people.entry(entity).or_insert(Person {
                at: if first.ticket.is_some() {
                    At::Queue
                } else {
                    At::Booked
                },
                called: false,
                last: now,
                queued: now,
                waited: 0,
                served: false,
                left: None,
                ticket: first.ticket.is_some(),
                accurate: true,
                told: None,
                began: false,
                leg_accurate: true,
                kept: Vec::new(),
                planned: first.planned.len(),
            });
            person.promise(first.quote);
        } else if let Some(person) = people.get_mut(&entity) {
            person.event(&event, now);
        }
    }
    people
        .into_values()
        .map(|mut person| {
            if person.began
                && let Some(told) = person.told
            {
                person
                    .kept
                    .push((told.quote, told.waited, person.leg_accurate));
            }
            person
        })
        .collect()
}

fn mean(values: &[i64]) -> Option<i64> {
    (!values.is_empty()).then(|| values.iter().sum::<i64>() / values.len() as i64)
}

/// The smallest value that at least so many per cent do not exceed.
fn at_most(values: &[i64], percent: usize) -> Option<i64> {
    values
        .iter()
        .copied()
        .filter(|v| values.iter().filter(|w| *w <= v).count() * 100 >= values.len() * percent)
        .min()
}

fn s(ms: Option<i64>) -> Value {
    json!(ms.map(|ms| ms / 1000))
}

/// The answer of `day.figures`, as far as it is figures.
fn from_the_log(branch: &TestBranch) -> Value {
    let now = now_ms(branch);
    let mut people = people(branch);
    let here = |p: &Person| p.at == At::Queue && !p.served;
    for person in people.iter_mut().filter(|p| here(p)) {
        person.wait(now);
    }
    let count = |wanted: &dyn Fn(&Person) -> bool| people.iter().filter(|p| wanted(p)).count();
    let waits = |wanted: &dyn Fn(&Person) -> bool| -> Vec<i64> {
        people
            .iter()
            .filter(|p| wanted(p))
            .map(|p| p.waited)
            .collect()
    };
    let served = waits(&|p| p.served && p.accurate);
    let gone = waits(&|p| !p.served && p.left == Some(Outcome::Left) && p.accurate);
    let present = waits(&here);
    let closed = |p: &Person| {
        !p.served
            && matches!(
                p.left,
                Some(Outcome::UnservedAtClose | Outcome::EndedBySystem)
            )
    };
    let sampled = |p: &Person| {
        p.served || closed(p) || matches!(p.left, Some(Outcome::Left | Outcome::NoShow))
    };
    let targets: Vec<Value> = [30, 15]
        .map(|minutes| {
            let most = minutes * 60_000;
            let within = served.iter().filter(|w| **w <= most).count();
            let of = served.len() + gone.iter().filter(|w| **w > most).count();
            json!({
                "minutes": minutes,
                "within": within,
                "of": of,
                "percent": (of > 0).then(|| within * 100 / of),
                "mean_met": mean(&served).map(|m| m <= most),
                "max_met": served.iter().max().map(|m| *m <= most),
            })
        })
        .to_vec();
    let slots: Vec<i64> = people
        .iter()
        .filter(|p| (p.served && p.accurate) || here(p))
        .map(|p| p.queued.div_euclid(HALF_HOUR_MS))
        .collect();
    let course: Vec<Value> = match (slots.iter().min(), slots.iter().max()) {
        (Some(first), Some(last)) => (*first..=*last)
            .map(|slot| {
                let of = |wanted: &dyn Fn(&Person) -> bool| {
                    waits(&|p| p.queued.div_euclid(HALF_HOUR_MS) == slot && wanted(p))
                };
                let served = of(&|p| p.served && p.accurate);
                let present = of(&here);
                json!({
                    "served": served.len(),
                    "mean_s": s(mean(&served)),
                    "max_s": s(served.iter().max().copied()),
                    "waiting": present.len(),
                    "longest_now_s": s(present.iter().max().copied()),
                })
            })
            .collect(),
        _ => Vec::new(),
    };
    let kept: Vec<(Quote, i64)> = people
        .iter()
        .flat_map(|p| &p.kept)
        .filter(|k| k.2)
        .map(|k| (k.0, k.1))
        .collect();
    let low = |q: &Quote| {
        if q.lo == 5 {
            0
        } else {
            i64::from(q.lo) * 60_000
        }
    };
    let high = |q: &Quote| i64::from(q.hi) * 60_000;
    let below = kept.iter().filter(|(q, w)| *w < low(q)).count();
    let above = kept.iter().filter(|(q, w)| *w > high(q)).count();
    let enough = kept.len() >= 8;
    let bias: Vec<i64> = kept
        .iter()
        .map(|(q, w)| w - (low(q) + high(q)) / 2)
        .collect();
    let outside: Vec<i64> = kept
        .iter()
        .map(|(q, w)| {
            if *w > high(q) {
                w - high(q)
            } else if *w < low(q) {
                w - low(q)
            } else {
                0
            }
        })
        .collect();
    json!({
        "registered": count(&|p| p.ticket && p.left != Some(Outcome::Void)),
        "served": count(&|p| p.served),
        "mean_s": s(mean(&served)),
        "max_s": s(served.iter().max().copied()),
        "median_s": s(at_most(&served, 50)),
        "p90_s": s(at_most(&served, 90)),
        "targets": targets,
        "left_before_service": count(&|p| !p.served && p.left == Some(Outcome::Left)),
        "no_show": count(&|p| !p.served && p.left == Some(Outcome::NoShow)),
        "unserved_at_close": count(&closed),
        "waiting_now": present.len(),
        "longest_now_s": s(present.iter().max().copied()),
        "inaccurate": count(&|p| sampled(p) && !p.accurate),
        "by_half_hour": course,
        "estimates": {
            "of": kept.len(),
            "inside": kept.len() - below - above,
            "below": below,
            "above": above,
            "inaccurate": people.iter().flat_map(|p| &p.kept).filter(|k| !k.2).count(),
            "percent": enough.then(|| (kept.len() - below - above) * 100 / kept.len()),
            "bias_s": enough.then(|| s(mean(&bias))),
            "outside_s": enough.then(|| s(mean(&outside))),
        },
    })
}

/// The same fields of what the application answers.
fn answered(branch: &TestBranch) -> Value {
    let mut answer = branch.ok(SUPERVISOR, "day.figures", json!({}));
    let by_service = answer["estimates"]["by_service"].as_array().unwrap();
    let sum = |field: &str| {
        by_service
            .iter()
            .map(|f| f[field].as_u64().unwrap())
            .sum::<u64>()
    };
    for field in ["of", "inside", "below", "above", "inaccurate"] {
        assert_eq!(json!(sum(field)), answer["estimates"]["all"][field]);
    }
    for (list, field) in [
        ("promise_kept", "inside"),
        ("promise_early", "below"),
        ("promise_late", "above"),
        ("promise_uncertain", "inaccurate"),
    ] {
        let rows = branch.ok(SUPERVISOR, "day.figures", json!({"list": list}));
        let listed = rows["promises"].as_array().unwrap().len();
        assert_eq!(json!(listed), answer["estimates"]["all"][field], "{list}");
    }
    let estimates = answer["estimates"]["all"].take();
    answer["estimates"] = estimates;
    for slot in answer["by_half_hour"].as_array_mut().unwrap() {
        slot.as_object_mut().unwrap().remove("from");
    }
    let object = answer.as_object_mut().unwrap();
    for field in ["date", "now", "cases", "visits", "promises", "reuse"] {
        object.remove(field);
    }
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn figures_are_those_of_the_bare_log(
        steps in prop::collection::vec(tries(1), 30..110),
        close in any::<bool>(),
    ) {
        let machines = Machines::new(1);
        let branch = &machines.0[0];
        let mut visits = vec![branch.walk_in()];
        for step in &steps {
            machines.pass(step.wait_ms / 3);
            let (name, args) = command(step, &visits[step.whom % visits.len()]);
            if let Ok(answer) = branch.call(SUPERVISOR, name, args) && name == "visit.register" {
                visits.insert(0, id(&answer["visit_id"]));
            }
        }
        prop_assert_eq!(answered(branch), from_the_log(branch));
        if close {
            machines.pass(60_000);
            branch.ok(SUPERVISOR, "day.close", json!({}));
            prop_assert_eq!(answered(branch), from_the_log(branch));
        }
    }

    /// Two machines in turns on the same people, each hearing of the other in between.
    #[test]
    fn and_so_are_those_of_two_logs_joined(
        turns in prop::collection::vec(prop::collection::vec(tries(2), 5..25), 2..4),
    ) {
        let mut machines = Machines::new(2);
        let mut visits = vec![machines.0[0].walk_in(), machines.0[1].walk_in()];
        for (turn, steps) in turns.iter().enumerate() {
            machines.join();
            // Each has its own people until they hear of each other again; then it changes round.
            let known = visits.len();
            let mut of = [Vec::new(), Vec::new()];
            for (n, visit) in visits.iter().enumerate() {
                of[(n + turn) % 2].push(visit.clone());
            }
            for step in steps {
                machines.pass(step.wait_ms / 3);
                let mine = &mut of[step.machine];
                let Some(visit) = mine.get(step.whom % mine.len().max(1)).cloned() else { continue };
                // Whoever is next may be one of the other's.
                let verb = if step.verb == 5 { 6 } else { step.verb };
                let step = super::machines::Try { verb, ..step.clone() };
                let (name, args) = command(&step, &visit);
                if let Ok(answer) = machines.0[step.machine].call(SUPERVISOR, name, args)
                    && name == "visit.register"
                {
                    let new = id(&answer["visit_id"]);
                    mine.insert(0, new.clone());
                    visits.push(new);
                }
            }
            prop_assert!(visits.len() >= known);
        }
        machines.join();
        prop_assert!(machines.watch(0).apart.is_empty());
        for branch in &machines.0 {
            prop_assert_eq!(answered(branch), from_the_log(branch));
        }
    }
}
