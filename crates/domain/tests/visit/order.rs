//! Who is called next, and that nobody waits for ever.

use motcua_domain::{
    branch::{MOST_BOOST_S, QueueRules, Role},
    visit::{Act, Class, HoldTo, Request, ReturnTo, order},
};
use proptest::prelude::*;
use rstest::rstest;

use crate::play::{MINUTE, MORNING, Play, branch, call, request, resume};

#[rstest]
#[case::ordinary(Class::Ordinary, 0)]
#[case::elderly(Class::Elderly, 15)]
#[case::disabled(Class::Disabled, 15)]
#[case::pregnant(Class::Pregnant, 15)]
#[case::merit(Class::Merit, 15)]
fn a_class_counts_as_having_come_so_much_earlier(#[case] class: Class, #[case] minutes: i64) {
    let play = Play::with(Request { class, ..request() });
    assert_eq!(play.visit.leg().rank_ms, MORNING - minutes * MINUTE);
    assert_eq!(
        play.visit.leg().queued_ms,
        MORNING,
        "the printed time is the true one"
    );
}

#[rstest]
#[case::twenty_minutes_early(-20, None)]
#[case::on_time(0, None)]
#[case::within_grace(15, None)]
#[case::twenty_minutes_late(20, Some(20))]
fn an_appointment_ranks_by_its_slot_unless_too_late(
    #[case] arrives_after_slot: i64,
    #[case] by_arrival: Option<i64>,
) {
    let slot = MORNING + 60 * MINUTE;
    let mut play = Play::booked(slot);
    play.pass((60 + arrives_after_slot) * MINUTE)
        .act(Act::CheckIn);
    let want = by_arrival.map_or(slot - 5 * MINUTE, |late| slot + late * MINUTE);
    assert_eq!(play.visit.leg().rank_ms, want);
    assert_eq!(
        play.visit.label(),
        "A-032",
        "the number is given on arrival"
    );
    // Early or late, the wait begins when the person stands at the desk.
    assert_eq!(play.visit.clocks(play.visit.last_ms).wait_ms, 0);
}

#[test]
fn a_missed_person_who_is_back_gets_a_small_credit() {
    let mut play = Play::walk_in();
    play.act(call(1))
        .act(Act::Miss)
        .pass(10 * MINUTE)
        .act(Act::Return {
            to: ReturnTo::Waiting,
        });
    assert_eq!(play.visit.leg().rank_ms, MORNING + 5 * MINUTE);
}

#[test]
fn priority_claimed_after_the_ticket_moves_by_what_the_classes_differ() {
    let mut play = Play::walk_in();
    play.pass(5 * MINUTE).act(Act::Classify {
        class: Class::Elderly,
    });
    assert_eq!(play.visit.leg().rank_ms, MORNING - 15 * MINUTE);
    play.act(Act::Classify {
        class: Class::Ordinary,
    });
    assert_eq!(play.visit.leg().rank_ms, MORNING);
}

#[test]
fn classifying_again_does_not_give_a_missed_person_the_old_place() {
    let mut play = Play::walk_in();
    play.act(call(1))
        .act(Act::Miss)
        .pass(10 * MINUTE)
        .act(Act::Return {
            to: ReturnTo::Waiting,
        });
    let back = play.visit.leg().rank_ms;
    play.act(Act::Classify {
        class: Class::Ordinary,
    });
    assert_eq!(play.visit.leg().rank_ms, back);
}

#[test]
fn somebody_put_aside_goes_in_front_of_the_own_class() {
    let mut play = Play::standing(motcua_domain::visit::State::Held);
    let first_waiting = MORNING - 3 * MINUTE;
    play.act(Act::Resume {
        to: HoldTo::Waiting,
        counter: None,
        front_rank_ms: Some(first_waiting),
    });
    assert_eq!(play.visit.leg().rank_ms, first_waiting - 1);

    let mut alone = Play::standing(motcua_domain::visit::State::Held);
    let own = alone.visit.leg().rank_ms;
    alone.act(resume(HoldTo::Waiting));
    assert_eq!(alone.visit.leg().rank_ms, own);
}

#[rstest]
#[case::own_time(Class::Elderly, 25)]
#[case::none_at_all(Class::Merit, 0)]
#[case::the_general_one(Class::Pregnant, 10)]
#[case::never_for_others(Class::Ordinary, 0)]
fn a_branch_sets_the_time_of_each_class(#[case] class: Class, #[case] minutes: i64) {
    let rules = QueueRules {
        priority_boost_s: 600,
        class_boost_s: [(Class::Elderly, 1_500), (Class::Merit, 0)].into(),
        ..QueueRules::default()
    };
    assert_eq!(
        order::rank(MORNING, class, &rules),
        MORNING - minutes * MINUTE
    );
}

#[rstest]
#[case::half_an_hour(1_800, Class::Elderly, None)]
#[case::longer(1_801, Class::Elderly, Some("queue.class_boost_s"))]
#[case::of_everybody(60, Class::Ordinary, Some("queue.class_boost_s"))]
#[case::of_the_booked(60, Class::Appointment, Some("queue.class_boost_s"))]
fn a_boost_is_bounded(#[case] seconds: u32, #[case] class: Class, #[case] field: Option<&str>) {
    let mut branch = branch();
    branch.officers[0].roles.push(Role::Admin);
    branch.queue.class_boost_s.insert(class, seconds);
    let refused = branch.checked().err();
    assert_eq!(
        refused.as_ref().and_then(|r| r.field.as_deref()),
        field,
        "{refused:?}"
    );
}

#[test]
fn the_general_boost_is_bounded_too() {
    let mut branch = branch();
    branch.queue.priority_boost_s = 1_801;
    let refusal = branch.checked().unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("queue.priority_boost_s"));
}

/// Boosts as a branch may set them.
fn boosts() -> impl Strategy<Value = QueueRules> {
    let classes = [
        Class::Elderly,
        Class::Disabled,
        Class::Pregnant,
        Class::Merit,
    ];
    (
        0..=MOST_BOOST_S,
        prop::collection::btree_map(
            prop::sample::select(classes.to_vec()),
            0..=MOST_BOOST_S,
            0..4,
        ),
    )
        .prop_map(|(priority_boost_s, class_boost_s)| QueueRules {
            priority_boost_s,
            class_boost_s,
            ..QueueRules::default()
        })
}

/// Somebody in the line: minutes after the one before, and who.
fn line() -> impl Strategy<Value = Vec<(i64, u8, i64)>> {
    prop::collection::vec(
        (0i64..20 * MINUTE, 0u8..8, -30 * MINUTE..30 * MINUTE),
        2..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// An ordinary person is overtaken only by people who came within the boost of their class
    /// after them (a booked person who is late within grace: within boost and grace), whatever
    /// boosts a branch sets. So the extra wait is bounded by the work of the people who come
    /// within the largest of them, half an hour at most, and nobody waits for ever.
    #[test]
    fn nobody_is_overtaken_by_somebody_who_came_later_than_the_boost(
        people in line(),
        rules in boosts(),
    ) {
        let most = i64::from(MOST_BOOST_S) * 1000;
        let appointment =
            i64::from(rules.appointment_boost_s + rules.appointment_grace_s) * 1000;
        let mut now = MORNING;
        let mut waiting: Vec<(i64, u32, i64, i64)> = Vec::new();
        for (id, (gap, class, off)) in (0u32..).zip(people) {
            now += gap;
            let (rank, bound) = match class {
                0..4 => {
                    let class = [
                        Class::Elderly,
                        Class::Disabled,
                        Class::Pregnant,
                        Class::Merit,
                    ][usize::from(class)];
                    let rank = order::rank(now, class, &rules);
                    prop_assert!((0..=most).contains(&(now - rank)), "{class:?}");
                    (rank, i64::from(rules.boost_s(class)) * 1000)
                }
                4 => (order::rank_by_slot(now, now + off, &rules), appointment),
                _ => (order::rank(now, Class::Ordinary, &rules), 0),
            };
            waiting.push((rank, id, now, bound));
        }
        let mut called = waiting.clone();
        called.sort_unstable();
        for (i, (.., came, bound)) in called.iter().enumerate() {
            for (_, _, overtaken, ordinary) in &called[i + 1..] {
                if *ordinary == 0 {
                    prop_assert!(came - overtaken <= *bound, "{came} before {overtaken}");
                }
            }
        }
    }
}
