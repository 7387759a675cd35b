//! Double calls and their like: handled apart, joined alike everywhere, named to the supervisor.

use motcua_domain::visit::{Outcome, State};
use motcua_protocol::verbs::visit::Heeded;
use motcua_testkit::branch::{MINUTE, SUPERVISOR, id};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::machines::{Machines, command, tries};

fn on(machines: &Machines, machine: usize, name: &str, visit: &str) {
    machines.0[machine].ok(SUPERVISOR, name, json!({"visit_id": visit}));
}

fn call(machines: &Machines, machine: usize, visit: &str, counter: u16) {
    machines.0[machine].ok(
        SUPERVISOR,
        "queue.call",
        json!({"visit_id": visit, "counter": counter}),
    );
}

#[test]
fn a_double_call_is_told_everywhere_with_who_called_where_and_what_became_of_it() {
    let mut machines = Machines::new(2);
    let visit = machines.0[0].walk_in();
    machines.join();
    machines.pass(5 * MINUTE);
    call(&machines, 0, &visit, 1);
    machines.pass(MINUTE);
    call(&machines, 1, &visit, 2);
    on(&machines, 1, "leg.start", &visit);
    machines.pass(4 * MINUTE);
    on(&machines, 0, "leg.miss", &visit);
    assert!(machines.watch(0).apart.is_empty(), "nobody knows yet");
    machines.join();
    for machine in 0..2 {
        let told = machines.watch(machine);
        let [apart] = &told.apart[..] else {
            panic!("{told:?}")
        };
        assert_eq!(apart.visit_id.to_string(), visit);
        // Counter 2 serves the person, so it was there: counter 1's call and its “absent” yield.
        assert_eq!((apart.state, apart.counter), (State::Serving, Some(2)));
        let acts: Vec<_> = apart
            .acts
            .iter()
            .map(|a| (a.kind.as_str(), a.counter, a.heeded))
            .collect();
        assert_eq!(
            acts,
            [
                ("leg.called", Some(1), Heeded::SetAside),
                ("leg.missed", Some(1), Heeded::SetAside)
            ]
        );
        let log = machines.0[machine].ok(SUPERVISOR, "visit.log", json!({"visit_id": visit}));
        let marks: Vec<&Value> = log
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| !line["apart"].is_null())
            .collect();
        assert_eq!(marks.len(), 2, "nothing is lost from the log");
    }
    machines.assert_alike();
    // It goes on where it stands, on either machine, and stays named.
    machines.pass(MINUTE);
    on(&machines, 0, "leg.finish", &visit);
    machines.join();
    let told = machines.watch(1);
    assert_eq!(told.apart[0].outcome, Some(Outcome::Done));
    machines.assert_alike();
}

#[test]
fn a_number_given_twice_and_a_counter_with_two_people_are_told() {
    let mut machines = Machines::new(2);
    let (one, two) = (machines.0[0].walk_in(), machines.0[1].walk_in());
    call(&machines, 0, &one, 1);
    call(&machines, 1, &two, 1);
    machines.join();
    let told = machines.watch(0);
    let [twice] = &told.numbers_twice[..] else {
        panic!("{told:?}")
    };
    let mut visits: Vec<String> = twice.visits.iter().map(ToString::to_string).collect();
    visits.sort();
    let mut both = [one, two];
    both.sort();
    assert_eq!(visits, both);
    assert_eq!(told.crowded.len(), 1);
    assert_eq!(told.crowded[0].counter, 1);
    assert!(told.apart.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 60, ..ProptestConfig::default() })]

    /// Three machines do anything with the same people, hearing of each other only now and then
    /// and in any order: all come to the same rows, name the same, and lose nothing.
    #[test]
    fn whatever_was_done_apart_is_joined_alike(
        steps in prop::collection::vec(tries(3), 12..40),
        heard in prop::collection::vec((0usize..3, 0usize..3, 0usize..40), 0..4),
    ) {
        let mut machines = Machines::new(3);
        let mut visits = vec![machines.0[0].walk_in(), machines.0[1].walk_in()];
        machines.join();
        for (n, step) in steps.iter().enumerate() {
            for (to, from, _) in heard.iter().filter(|h| h.2 == n) {
                machines.hear(*to, *from);
            }
            machines.pass(step.wait_ms);
            let (name, args) = command(step, &visits[step.whom % visits.len()]);
            if let Ok(answer) = machines.0[step.machine].call(SUPERVISOR, name, args)
                && name == "visit.register"
            {
                visits.insert(0, id(&answer["visit_id"]));
            }
        }
        machines.join();
        machines.assert_alike();
        let named = |machine: usize| {
            let told = machines.watch(machine);
            serde_json::to_value((told.apart, told.numbers_twice, told.crowded)).unwrap()
        };
        prop_assert_eq!(named(0), named(1));
        prop_assert_eq!(named(0), named(2));
        // Every act that is set aside stands in the log of its visit.
        for apart in machines.watch(0).apart {
            prop_assert!(!apart.acts.is_empty());
            let log = machines.0[1].ok(SUPERVISOR, "visit.log", json!({"visit_id": apart.visit_id}));
            let marked = log.as_array().unwrap().iter().filter(|l| !l["apart"].is_null()).count();
            prop_assert_eq!(marked, apart.acts.len());
        }
        // Once joined, nobody is apart any more: acts on what is shown set nothing aside.
        let before = machines.watch(0).apart.len();
        for visit in &visits {
            for verb in [7, 11, 16] {
                let step = super::machines::Try { machine: 0, verb, whom: 0, counter: 1, wait_ms: 0 };
                let (name, args) = command(&step, visit);
                machines.0[0].call(SUPERVISOR, name, args).ok();
            }
        }
        prop_assert_eq!(machines.watch(0).apart.len(), before);
        machines.0[0].app().rebuild().unwrap();
        prop_assert_eq!(machines.watch(0).apart.len(), before);
    }
}
