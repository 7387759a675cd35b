//! Each guard of the table, at its edge.

use motcua_domain::{
    Code,
    visit::{Act, Cause, Class, Desk, HoldTo, Outcome, Request, ReturnTo, State, register},
};
use rstest::rstest;

use crate::play::{
    CLOSE_DAY, MINUTE, MORNING, OFFICER, Play, SECOND, SUPERVISOR, call, hold, reopen, request,
    resume, transfer,
};

fn void() -> Act {
    Act::Void {
        reason: "bấm nhầm".to_owned(),
    }
}

#[rstest]
#[case::at_once(0, Some(Code::RecallTooSoon))]
#[case::just_before(20 * SECOND - 1, Some(Code::RecallTooSoon))]
#[case::after_twenty_seconds(20 * SECOND, None)]
fn a_recall_waits_twenty_seconds(#[case] after: i64, #[case] refused: Option<Code>) {
    let mut play = Play::walk_in();
    play.act(call(1)).pass(after);
    assert_eq!(play.try_act(Act::Recall).err().map(|r| r.code), refused);
}

#[test]
fn after_three_calls_the_officer_is_asked_to_mark_absent() {
    let mut play = Play::walk_in();
    play.act(call(1));
    for calls in 2..=3 {
        play.pass(20 * SECOND).act(Act::Recall);
        assert_eq!(play.visit.leg().calls, calls);
    }
    play.pass(20 * SECOND);
    assert_eq!(play.refused(Act::Recall).code, Code::RecallLimit);
    play.act(Act::Miss);
}

#[rstest]
#[case::within(60 * SECOND, None)]
#[case::too_late(61 * SECOND, Some(Code::UndoTooLate))]
fn a_call_can_be_undone_for_a_minute(#[case] after: i64, #[case] refused: Option<Code>) {
    let mut play = Play::walk_in();
    play.pass(7 * MINUTE).act(call(1)).pass(after);
    assert_eq!(play.try_act(Act::UndoCall).err().map(|r| r.code), refused);
}

#[test]
fn an_undone_call_leaves_no_trace_in_place_or_wait() {
    let mut play = Play::walk_in();
    let (rank, queued) = (play.visit.leg().rank_ms, play.visit.leg().queued_ms);
    play.pass(7 * MINUTE)
        .act(call(1))
        .pass(40 * SECOND)
        .act(Act::UndoCall);
    let leg = play.visit.leg();
    assert_eq!((leg.rank_ms, leg.queued_ms), (rank, queued));
    assert_eq!((leg.calls, leg.counter, leg.first_call_ms), (0, None, None));
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(clocks.wait_ms, 7 * MINUTE + 40 * SECOND);
}

#[rstest]
#[case::cooling(5 * MINUTE - 1, Some(Code::MissedCooldown))]
#[case::cooled(5 * MINUTE, None)]
fn a_missed_person_is_not_called_from_the_list_for_five_minutes(
    #[case] after: i64,
    #[case] refused: Option<Code>,
) {
    let mut play = Play::walk_in();
    play.act(call(1)).act(Act::Miss).pass(after);
    assert_eq!(play.try_act(call(1)).err().map(|r| r.code), refused);
}

#[test]
fn a_missed_person_who_stands_there_is_called_at_once() {
    let mut play = Play::walk_in();
    play.act(call(1))
        .act(Act::Miss)
        .pass(SECOND)
        .act(Act::Return {
            to: ReturnTo::Called { counter: 3 },
        });
    assert_eq!(play.visit.leg().counter, Some(3));
}

#[rstest]
#[case::two_misses(2, 31 * MINUTE, false)]
#[case::too_soon(3, 30 * MINUTE - SECOND, false)]
#[case::three_and_half_an_hour(3, 30 * MINUTE, true)]
fn no_show_needs_three_misses_and_half_an_hour(
    #[case] misses: u32,
    #[case] after: i64,
    #[case] closes: bool,
) {
    let mut play = Play::walk_in();
    for _ in 0..misses {
        play.pass(10 * MINUTE).act(call(1)).act(Act::Miss);
    }
    play.pass(after);
    let done = play.try_act(Act::NoShow).is_ok();
    assert_eq!(done, closes);
    if closes {
        assert_eq!(play.visit.leg().outcome, Some(Outcome::NoShow));
        play.act(reopen(false));
    }
}

#[rstest]
#[case::officer_in_time(OFFICER, 5 * MINUTE, None)]
#[case::officer_late(OFFICER, 5 * MINUTE + SECOND, Some(Code::UndoTooLate))]
#[case::supervisor_late(SUPERVISOR, 60 * MINUTE, None)]
fn a_ticket_is_voided_within_five_minutes_or_by_a_supervisor(
    #[case] roles: &'static [motcua_domain::branch::Role],
    #[case] after: i64,
    #[case] refused: Option<Code>,
) {
    let mut play = Play::walk_in();
    play.roles = roles;
    play.pass(after);
    assert_eq!(play.try_act(void()).err().map(|r| r.code), refused);
}

#[rstest]
#[case::same_officer(OFFICER, "ha", 10 * MINUTE, None)]
#[case::same_officer_late(OFFICER, "ha", 10 * MINUTE + SECOND, Some(Code::NotAllowed))]
#[case::another_officer(OFFICER, "dung", MINUTE, Some(Code::NotAllowed))]
#[case::supervisor(SUPERVISOR, "lan", 60 * MINUTE, None)]
fn reopening_is_for_the_same_officer_or_a_supervisor(
    #[case] roles: &'static [motcua_domain::branch::Role],
    #[case] actor: &str,
    #[case] after: i64,
    #[case] refused: Option<Code>,
) {
    let mut play = Play::serving();
    play.act(Act::Finish { note: None }).pass(after);
    play.roles = roles;
    actor.clone_into(&mut play.stamp.actor);
    assert_eq!(play.try_act(reopen(true)).err().map(|r| r.code), refused);
}

#[test]
fn reopening_links_a_new_leg_and_leaves_the_old_times() {
    let mut play = Play::serving();
    play.pass(5 * MINUTE).act(Act::Finish { note: None });
    let old = play.visit.leg().clone();
    play.pass(8 * MINUTE).act(reopen(true)).pass(2 * MINUTE);
    play.act(Act::Finish { note: None });
    assert_eq!(play.visit.legs[0], old);
    assert_eq!(play.visit.leg().reopens, Some(0));
    // The time between closing and reopening belongs to no clock.
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(clocks.service_ms, 7 * MINUTE);
}

#[rstest]
#[case::void(void())]
fn a_ticket_made_in_error_stays_closed(#[case] end: Act) {
    let mut play = Play::walk_in();
    play.act(end);
    assert_eq!(play.refused(reopen(false)).code, Code::VisitState);
}

#[test]
fn somebody_who_never_reached_a_counter_is_reopened_into_the_queue_only() {
    let mut play = Play::walk_in();
    play.act(Act::Leave { reason: None });
    assert_eq!(play.refused(reopen(true)).code, Code::VisitState);
    play.act(reopen(false));
}

#[test]
fn a_transfer_keeps_the_place_and_the_wait() {
    let mut play = Play::walk_in();
    let rank = play.visit.leg().rank_ms;
    play.pass(10 * MINUTE)
        .act(call(1))
        .act(Act::Start)
        .pass(4 * MINUTE)
        .act(transfer("b", None));
    let leg = play.visit.leg();
    assert_eq!((leg.rank_ms, leg.credit_ms), (rank, MORNING));
    assert_eq!(play.visit.legs[0].outcome, Some(Outcome::Transferred));
    assert_eq!(play.visit.label(), "A-031", "the number stays");
    play.pass(3 * MINUTE).act(call(2)).act(Act::Start);
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(
        (clocks.wait_ms, clocks.service_ms),
        (13 * MINUTE, 4 * MINUTE)
    );
}

#[test]
fn a_transfer_goes_only_to_a_counter_that_does_this() {
    let mut play = Play::serving();
    let refusal = play.refused(transfer("a", Some(2)));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::CounterUnknown, Some("counter"))
    );
    assert_eq!(play.refused(transfer("x", None)).code, Code::ServiceUnknown);
}

#[test]
fn who_was_sent_to_one_counter_is_called_by_no_other() {
    let mut play = Play::serving();
    play.act(transfer("b", Some(3)));
    assert_eq!(play.refused(call(1)).code, Code::VisitState);
    play.act(call(3)).act(Act::Miss).pass(6 * MINUTE);
    assert_eq!(play.refused(call(1)).code, Code::VisitState);
    let here = Act::Return {
        to: ReturnTo::Called { counter: 1 },
    };
    assert_eq!(play.refused(here).code, Code::VisitState);
    play.act(call(3));
}

#[rstest]
#[case::citizen(Cause::Citizen, 0)]
#[case::office(Cause::Office, 10 * MINUTE)]
fn the_cause_of_a_hold_decides_the_clock(#[case] cause: Cause, #[case] waited: i64) {
    let mut play = Play::serving();
    let before = play.visit.clocks(play.visit.last_ms).wait_ms;
    play.act(hold(cause))
        .pass(10 * MINUTE)
        .act(resume(HoldTo::Serving));
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(clocks.wait_ms - before, waited);
    assert_eq!(clocks.held_ms, 10 * MINUTE);
}

#[test]
fn a_miss_stops_the_clock_and_calling_early_does_not() {
    let mut play = Play::walk_in();
    play.pass(4 * MINUTE)
        .act(call(1))
        .pass(2 * MINUTE)
        .act(Act::Miss);
    play.pass(20 * MINUTE).act(Act::Return {
        to: ReturnTo::Called { counter: 1 },
    });
    play.pass(MINUTE).act(Act::Start);
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(clocks.wait_ms, 7 * MINUTE);
    assert_eq!(clocks.missed_ms, 20 * MINUTE);
}

#[test]
fn going_on_at_another_counter_moves_the_person_there() {
    let mut play = Play::serving();
    play.act(hold(Cause::Office)).act(Act::Resume {
        to: HoldTo::Serving,
        counter: Some(3),
        front_rank_ms: None,
    });
    assert_eq!(play.visit.leg().counter, Some(3));
    let refusal = {
        play.act(hold(Cause::Office));
        play.refused(Act::Resume {
            to: HoldTo::Serving,
            counter: Some(9),
            front_rank_ms: None,
        })
    };
    assert_eq!(refusal.code, Code::CounterUnknown);
}

#[test]
fn a_hold_is_looked_at_again_later_not_earlier() {
    let mut play = Play::serving();
    let now = play.stamp.wall_ms;
    let refusal = play.refused(Act::Hold {
        reason: "chờ".to_owned(),
        cause: Cause::Office,
        due_ms: Some(now),
    });
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::DateInvalid, Some("due_at"))
    );
}

#[rstest]
#[case::waiting(State::Waiting, call(1))]
#[case::missed(State::Missed, call(1))]
#[case::back(State::Missed, Act::Return { to: ReturnTo::Called { counter: 1 } })]
#[case::held(State::Held, resume(HoldTo::Serving))]
#[case::closed(State::Closed, reopen(true))]
fn a_counter_has_one_person_at_a_time(#[case] state: State, #[case] act: Act) {
    let mut play = Play::standing(state);
    play.counter_has = Some("A-007".to_owned());
    let refusal = play.refused(act);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::CounterBusy, Some("counter"))
    );
    assert!(refusal.message.contains("A-007"), "{}", refusal.message);
}

#[test]
fn only_a_supervisor_lets_somebody_through() {
    let jump = Act::Jump {
        reason: "cấp cứu".to_owned(),
    };
    let mut play = Play::walk_in();
    play.roles = OFFICER;
    assert_eq!(play.refused(jump.clone()).code, Code::NotAllowed);
    play.roles = SUPERVISOR;
    play.act(jump);
    assert!(play.visit.leg().rank_ms < MORNING - 15 * MINUTE);
}

#[rstest]
#[case::booked(State::Booked, Outcome::NoShow, true)]
#[case::waiting(State::Waiting, Outcome::UnservedAtClose, true)]
#[case::called(State::Called, Outcome::NoShow, true)]
#[case::missed(State::Missed, Outcome::NoShow, true)]
#[case::serving(State::Serving, Outcome::EndedBySystem, false)]
#[case::held(State::Held, Outcome::EndedBySystem, false)]
fn day_end_invents_nothing(#[case] state: State, #[case] outcome: Outcome, #[case] accurate: bool) {
    let mut play = Play::standing(state);
    let last = play.visit.last_ms;
    play.pass(9 * 60 * MINUTE).act(CLOSE_DAY);
    let leg = play.visit.leg();
    assert_eq!((leg.outcome, leg.accurate), (Some(outcome), accurate));
    assert_eq!(
        leg.end_ms,
        Some(last),
        "the leg ended with its own last event"
    );
}

#[rstest]
#[case::never_served(State::Waiting, SUPERVISOR, Outcome::Done, false)]
#[case::not_by_the_machine(State::Serving, &[], Outcome::Done, false)]
#[case::served_says_the_supervisor(State::Serving, SUPERVISOR, Outcome::Done, true)]
#[case::held_says_the_supervisor(State::Held, SUPERVISOR, Outcome::Done, true)]
#[case::went_away(State::Waiting, SUPERVISOR, Outcome::Left, true)]
#[case::sent_on(State::Serving, SUPERVISOR, Outcome::Transferred, false)]
#[case::took_back(State::Waiting, SUPERVISOR, Outcome::Cancelled, false)]
#[case::booking_taken_back(State::Booked, SUPERVISOR, Outcome::Cancelled, true)]
fn a_supervisor_corrects_the_rule_but_invents_no_service(
    #[case] state: State,
    #[case] roles: &'static [motcua_domain::branch::Role],
    #[case] outcome: Outcome,
    #[case] possible: bool,
) {
    let mut play = Play::standing(state);
    play.roles = roles;
    let act = Act::CloseDay {
        outcome: Some(outcome),
    };
    match play.try_act(act) {
        Ok(visit) => assert!(possible && visit.leg().outcome == Some(outcome)),
        Err(refusal) => {
            assert!(!possible, "{refusal:?}");
            assert_eq!(refusal.field.as_deref(), Some("outcomes"));
        }
    }
}

#[test]
fn the_next_service_waits_with_the_age_of_the_first_ticket() {
    let mut play = Play::with(Request {
        more: vec!["b".to_owned()],
        ..request()
    });
    play.pass(5 * MINUTE)
        .act(call(1))
        .act(Act::Start)
        .pass(6 * MINUTE);
    play.act(Act::Finish { note: None });
    assert_eq!(play.visit.state(), State::Waiting);
    assert_eq!(play.visit.leg().service, "b");
    assert_eq!(play.visit.leg().rank_ms, MORNING);
    play.act(call(2))
        .act(Act::Start)
        .act(Act::Finish { note: None });
    assert!(!play.visit.is_open());
}

#[test]
fn who_leaves_has_waited_all_the_same() {
    let mut play = Play::walk_in();
    play.pass(40 * MINUTE).act(Act::Leave { reason: None });
    assert_eq!(play.visit.clocks(play.visit.last_ms).wait_ms, 40 * MINUTE);
    assert_eq!(play.visit.leg().outcome, Some(Outcome::Left));
}

#[test]
fn at_most_ten_services_follow_each_other() {
    let mut play = Play::walk_in();
    let more = Act::AddService {
        service: "b".to_owned(),
    };
    for _ in 0..10 {
        play.act(more.clone());
    }
    assert_eq!(play.refused(more).code, Code::NumberOutOfRange);
}

#[rstest]
#[case::family(4, true)]
#[case::nobody(0, false)]
#[case::fifty(50, true)]
#[case::a_crowd(51, false)]
fn a_party_has_one_to_fifty_people(#[case] party_size: u16, #[case] possible: bool) {
    let play = Play::walk_in();
    let desk = Desk {
        stamp: &play.stamp,
        branch: &play.branch,
        roles: OFFICER,
        counter_has: None,
        given: None,
    };
    let asked = Request {
        party_size,
        ..request()
    };
    let got = register(asked, play.visit.date, None, &desk);
    assert_eq!(got.is_ok(), possible);
    if let Err(refusal) = got {
        assert_eq!(refusal.field.as_deref(), Some("party_size"));
    }
}

#[rstest]
#[case::none(0)]
#[case::a_cartload(51)]
fn a_party_brings_one_to_fifty_cases(#[case] quantity: u16) {
    let play = Play::walk_in();
    let desk = Desk {
        stamp: &play.stamp,
        branch: &play.branch,
        roles: OFFICER,
        counter_has: None,
        given: None,
    };
    let asked = Request {
        quantity,
        ..request()
    };
    let refusal = register(asked, play.visit.date, None, &desk).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("quantity"));
}

/// A wrong clock that is set right during the day: what counts is the time that truly passed.
#[rstest]
#[case::an_hour_back(-60 * MINUTE)]
#[case::an_hour_ahead(60 * MINUTE)]
#[case::a_year_back(-365 * 24 * 60 * MINUTE)]
#[case::a_year_ahead(365 * 24 * 60 * MINUTE)]
fn setting_the_clock_moves_no_guard_and_no_wait(#[case] step: i64) {
    let mut play = Play::walk_in();
    play.pass(3 * MINUTE).act(call(1)).pass(10 * SECOND);
    play.stamp.wall_ms += step;
    assert_eq!(play.refused(Act::Recall).code, Code::RecallTooSoon);
    play.pass(10 * SECOND).act(Act::Recall).act(Act::Miss);
    assert_eq!(play.refused(call(1)).code, Code::MissedCooldown);
    play.pass(5 * MINUTE).act(call(1)).act(Act::Start);
    let clocks = play.visit.clocks(play.visit.last_ms);
    assert_eq!(clocks.wait_ms, 3 * MINUTE + 20 * SECOND);
    assert_eq!(clocks.missed_ms, 5 * MINUTE);
    assert!(
        !play.visit.accurate(),
        "and the visit says that a clock jumped"
    );
}

#[test]
fn a_class_without_a_slot_has_no_boost() {
    let mut play = Play::walk_in();
    play.act(Act::Classify {
        class: Class::Appointment,
    });
    assert_eq!(play.visit.leg().rank_ms, MORNING);
}
