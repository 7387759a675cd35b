//! A counter through its public interface: the whole table of its states, any sequence of acts,
//! and what two machines that decided apart come to once joined.

use motcua_domain::{
    Code, Refusal,
    branch::{Branch, Role},
    counter::{CounterAct, CounterDay, CounterEvent, CounterState, EndCause, decide},
    visit::{Desk, Recorded, Stamp},
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::play::{MINUTE, MORNING, OFFICER, SUPERVISOR, branch};

/// One machine, and what it knows of counter 1.
#[derive(Debug, Clone)]
struct Machine {
    branch: Branch,
    events: Vec<Recorded<CounterEvent>>,
    boot: u128,
    now: i64,
    has: Option<String>,
}

impl Machine {
    fn new(boot: u128) -> Self {
        Self {
            branch: branch(),
            events: Vec::new(),
            boot,
            now: MORNING,
            has: None,
        }
    }

    fn day(&self) -> Option<CounterDay> {
        CounterDay::fold(&self.events)
    }

    fn state(&self) -> CounterState {
        self.day().map_or(CounterState::Closed, |d| d.state())
    }

    fn holder(&self) -> Option<String> {
        self.day().and_then(|d| Some(d.shift()?.officer.clone()))
    }

    /// Does what `who` asks; tells whether it made an event.
    fn act(&mut self, who: &str, roles: &[Role], act: CounterAct) -> Result<bool, Refusal> {
        let stamp = Stamp {
            wall_ms: self.now,
            boot: Uuid::from_u128(self.boot),
            mono_ms: self.now - MORNING,
            actor: who.to_owned(),
        };
        let desk = Desk {
            stamp: &stamp,
            branch: &self.branch,
            roles,
            counter_has: self.has.clone(),
            given: None,
        };
        let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let event = decide(
            &self.branch.counters[0],
            date,
            self.day().as_ref(),
            act,
            &desk,
        )?;
        let made = event.is_some();
        self.events
            .extend(event.map(|event| Recorded { stamp, event }));
        Ok(made)
    }
}

fn open() -> CounterAct {
    CounterAct::Open { take_over: false }
}

fn away() -> CounterAct {
    CounterAct::Break {
        reason: None,
        back_ms: None,
    }
}

const CLOSE: CounterAct = CounterAct::Close { moved: false };

/// A counter in that state; open or on break it is `ha`'s.
fn counter(state: CounterState) -> Machine {
    let mut machine = Machine::new(1);
    if state != CounterState::Closed {
        machine.act("ha", OFFICER, open()).unwrap();
    }
    if state == CounterState::OnBreak {
        machine.now += MINUTE;
        machine.act("ha", OFFICER, away()).unwrap();
    }
    machine.now += MINUTE;
    machine
}

/// Every act in every state by the holder, by a colleague and by a supervisor: what it leads to, or
/// why it is refused.
#[test]
fn the_whole_table() {
    use CounterState::{Closed, OnBreak, Open};
    let taken = Err(Code::CounterTaken);
    let table = [
        (Closed, open(), [Ok(Open), Ok(Open), Ok(Open)]),
        (Closed, CounterAct::Attend, [Ok(Open), Ok(Open), Ok(Open)]),
        (Closed, away(), [Err(Code::CounterNotOpen); 3]),
        (Closed, CounterAct::Resume, [Err(Code::CounterNotOpen); 3]),
        (Closed, CLOSE, [Ok(Closed); 3]),
        (Open, open(), [Ok(Open), taken, taken]),
        (Open, CounterAct::Attend, [Ok(Open), taken, taken]),
        (
            Open,
            CounterAct::Open { take_over: true },
            [Ok(Open), Ok(Open), Ok(Open)],
        ),
        (Open, away(), [Ok(OnBreak), taken, Ok(OnBreak)]),
        (Open, CounterAct::Resume, [Ok(Open), taken, taken]),
        (Open, CLOSE, [Ok(Closed), taken, Ok(Closed)]),
        (OnBreak, open(), [Ok(Open), taken, taken]),
        (OnBreak, CounterAct::Attend, [Ok(Open), taken, taken]),
        (
            OnBreak,
            CounterAct::Open { take_over: true },
            [Ok(Open), Ok(Open), Ok(Open)],
        ),
        (OnBreak, away(), [Ok(OnBreak), taken, Ok(OnBreak)]),
        (OnBreak, CounterAct::Resume, [Ok(Open), taken, taken]),
        (OnBreak, CLOSE, [Ok(Closed), taken, Ok(Closed)]),
    ];
    for (from, act, leads) in table {
        for ((who, roles), to) in [("ha", OFFICER), ("minh", OFFICER), ("lan", SUPERVISOR)]
            .into_iter()
            .zip(leads)
        {
            let mut machine = counter(from);
            let before = machine.events.clone();
            let got = machine.act(who, roles, act.clone());
            match to {
                Ok(state) => {
                    assert!(got.is_ok(), "{from:?} {act:?} {who}: {got:?}");
                    assert_eq!(machine.state(), state, "{from:?} {act:?} {who}");
                }
                Err(code) => {
                    let refusal = got.unwrap_err();
                    assert_eq!(refusal.code, code, "{from:?} {act:?} {who}");
                    assert_eq!(refusal.field.as_deref(), Some("counter"));
                    assert_eq!(machine.events, before);
                }
            }
        }
    }
}

#[test]
fn a_refusal_says_who_has_the_counter_and_how_to_take_over() {
    let mut machine = counter(CounterState::Open);
    let refusal = machine.act("minh", OFFICER, open()).unwrap_err();
    assert!(refusal.message.contains("Quầy 1 đang do Hà phụ trách"));
    assert!(refusal.message.contains("Tiếp quản"));
}

#[test]
fn nobody_steps_away_or_closes_while_somebody_is_at_the_counter() {
    for act in [away(), CLOSE] {
        for (who, roles) in [("ha", OFFICER), ("lan", SUPERVISOR)] {
            let mut machine = counter(CounterState::Open);
            machine.has = Some("A-007".to_owned());
            let refusal = machine.act(who, roles, act.clone()).unwrap_err();
            assert_eq!(refusal.code, Code::CounterBusy);
            assert!(refusal.message.contains("A-007"), "{}", refusal.message);
            assert!(refusal.message.contains("tạm giữ"), "{}", refusal.message);
        }
    }
    // A colleague may sit down with whoever is being served.
    let mut machine = counter(CounterState::Open);
    machine.has = Some("A-007".to_owned());
    let take_over = CounterAct::Open { take_over: true };
    machine.act("minh", OFFICER, take_over).unwrap();
    assert_eq!(machine.holder().as_deref(), Some("minh"));
}

#[test]
fn a_break_ends_within_the_day_and_can_be_told_anew() {
    let mut machine = counter(CounterState::Open);
    let until = |back_ms| CounterAct::Break {
        reason: Some("Ăn trưa".to_owned()),
        back_ms: Some(back_ms),
    };
    for back_ms in [machine.now, machine.now - 1, machine.now + 5 * 60 * MINUTE] {
        let refusal = machine.act("ha", OFFICER, until(back_ms)).unwrap_err();
        assert_eq!(refusal.code, Code::DateInvalid);
        assert_eq!(refusal.field.as_deref(), Some("back_at"));
    }
    let began = machine.now;
    machine
        .act("ha", OFFICER, until(began + 30 * MINUTE))
        .unwrap();
    machine.now += 25 * MINUTE;
    machine
        .act("ha", OFFICER, until(began + 45 * MINUTE))
        .unwrap();
    machine.now += 10 * MINUTE;
    machine.act("ha", OFFICER, CounterAct::Resume).unwrap();
    let day = machine.day().unwrap();
    let breaks = &day.shifts[0].breaks;
    assert_eq!(breaks.len(), 1, "one absence, told twice");
    assert_eq!(breaks[0].from_ms, began);
    assert_eq!(breaks[0].to_ms, Some(began + 35 * MINUTE));
    assert_eq!(breaks[0].back_ms, Some(began + 45 * MINUTE));
}

#[test]
fn a_shift_that_nobody_ended_ends_with_its_last_act_and_is_marked() {
    let mut machine = counter(CounterState::Open);
    let last = machine.now;
    machine.now += 600 * MINUTE;
    let end = CounterAct::EndDay {
        last_ms: Some(last),
    };
    machine.act("system", &[], end.clone()).unwrap();
    let day = machine.day().unwrap();
    let shift = &day.shifts[0];
    let ended = shift.end.as_ref().unwrap();
    assert_eq!((ended.at_ms, ended.cause), (last, EndCause::DayEnd));
    assert!(!shift.accurate);
    assert_eq!(machine.act("system", &[], end), Ok(false), "once");
    // Without any act it ends where it began, not at night.
    let mut idle = counter(CounterState::Open);
    idle.now += 600 * MINUTE;
    let end = CounterAct::EndDay { last_ms: None };
    idle.act("system", &[], end).unwrap();
    let day = idle.day().unwrap();
    assert_eq!(
        day.shifts[0].end.as_ref().unwrap().at_ms,
        day.shifts[0].from_ms
    );
}

fn acts() -> impl Strategy<Value = CounterAct> {
    prop_oneof![
        3 => any::<bool>().prop_map(|take_over| CounterAct::Open { take_over }),
        3 => Just(CounterAct::Attend),
        3 => proptest::option::of(1i64..90).prop_map(|minutes| CounterAct::Break {
            reason: None,
            back_ms: minutes.map(|m| MORNING + 600 * MINUTE + m * MINUTE),
        }),
        2 => Just(CounterAct::Resume),
        2 => any::<bool>().prop_map(|moved| CounterAct::Close { moved }),
        1 => proptest::option::of(0i64..600).prop_map(|m| CounterAct::EndDay {
            last_ms: m.map(|m| MORNING + m * MINUTE),
        }),
    ]
}

#[derive(Debug, Clone)]
struct Step {
    who: &'static str,
    act: CounterAct,
    pass: i64,
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let one = (
        prop::sample::select(vec!["ha", "minh", "lan"]),
        acts(),
        -MINUTE..20 * MINUTE,
    )
        .prop_map(|(who, act, pass)| Step { who, act, pass });
    prop::collection::vec(one, 0..most)
}

fn roles(who: &str) -> &'static [Role] {
    if who == "lan" { SUPERVISOR } else { OFFICER }
}

/// What holds of a counter's day whatever happened, in whatever order it was told.
fn sound(day: &CounterDay) {
    let mut before = i64::MIN;
    for (i, shift) in day.shifts.iter().enumerate() {
        assert!(shift.from_ms >= before, "shifts follow each other: {day:?}");
        let last = i + 1 == day.shifts.len();
        assert!(shift.end.is_some() || last, "one shift at a time: {day:?}");
        let end = shift.end.as_ref().map_or(i64::MAX, |e| e.at_ms);
        let mut at = shift.from_ms;
        for (j, pause) in shift.breaks.iter().enumerate() {
            assert!(pause.from_ms >= at, "breaks follow each other: {day:?}");
            match pause.to_ms {
                Some(to) => {
                    assert!(
                        to >= pause.from_ms && to <= end,
                        "within the shift: {day:?}"
                    );
                    at = to;
                }
                None => {
                    assert!(
                        j + 1 == shift.breaks.len() && shift.end.is_none(),
                        "{day:?}"
                    );
                }
            }
        }
        before = end;
    }
    let state = day.state();
    assert_eq!(state == CounterState::Closed, day.shift().is_none());
}

proptest! {
    #[test]
    fn any_acts_leave_a_sound_day(all in steps(40)) {
        let mut machine = Machine::new(1);
        for step in all {
            machine.now += step.pass;
            let before = machine.day();
            let done = machine.act(step.who, roles(step.who), step.act.clone());
            if done != Ok(true) {
                prop_assert_eq!(machine.day(), before);
                continue;
            }
            let day = machine.day().unwrap();
            sound(&day);
            match step.act {
                CounterAct::Open { .. } | CounterAct::Attend | CounterAct::Resume => {
                    prop_assert_eq!(day.state(), CounterState::Open);
                    prop_assert_eq!(machine.holder(), Some(step.who.to_owned()));
                }
                CounterAct::Break { .. } => prop_assert_eq!(day.state(), CounterState::OnBreak),
                CounterAct::Close { .. } | CounterAct::EndDay { .. } => {
                    prop_assert_eq!(day.state(), CounterState::Closed);
                }
            }
        }
    }

    /// Two machines that went on apart from the same morning. Of both, the one whose events come
    /// last in the one order holds, if anybody sat down there; and what it recorded of its own
    /// officer befalls nobody else.
    #[test]
    fn apart_and_joined_the_last_who_sat_down_has_the_counter(
        morning in steps(6),
        first in steps(8),
        second in steps(8),
    ) {
        let play = |from: &Machine, boot: u128, all: Vec<Step>| {
            let mut machine = Machine { boot, ..from.clone() };
            for step in all {
                machine.now += step.pass;
                drop(machine.act(step.who, roles(step.who), step.act));
            }
            machine
        };
        let together = play(&Machine::new(1), 1, morning);
        let known = together.events.len();
        let a = play(&together, 2, first);
        let b = play(&together, 3, second);
        let mut joined = a.clone();
        joined.events.extend_from_slice(&b.events[known..]);
        let Some(day) = joined.day() else {
            return Ok(());
        };
        sound(&day);
        let sat = |e: &Recorded<CounterEvent>| {
            matches!(e.event, CounterEvent::Opened { .. } | CounterEvent::TakenOver { .. })
        };
        if b.events[known..].iter().any(sat) {
            prop_assert_eq!(joined.holder(), b.holder());
            prop_assert_eq!(joined.state(), b.state());
        } else if a.holder() != together.holder() {
            prop_assert_eq!(joined.holder(), a.holder());
        }
    }
}

#[test]
fn two_officers_who_opened_it_apart_are_both_on_record() {
    let mut one = Machine::new(1);
    let mut two = Machine::new(2);
    one.act("ha", OFFICER, open()).unwrap();
    two.now += MINUTE;
    two.act("minh", OFFICER, open()).unwrap();
    one.now += 2 * MINUTE;
    one.act("ha", OFFICER, away()).unwrap();
    // In the one order the second machine comes between.
    let events = [
        one.events[0].clone(),
        two.events[0].clone(),
        one.events[1].clone(),
    ];
    let day = CounterDay::fold(&events).unwrap();
    let [first, second] = &day.shifts[..] else {
        panic!("{day:?}");
    };
    assert_eq!(first.end.as_ref().unwrap().cause, EndCause::Apart);
    assert_eq!(second.officer, "minh");
    assert_eq!(second.apart_from.as_deref(), Some("ha"));
    assert_eq!(day.state(), CounterState::Open, "ha's break is not minh's");
}
