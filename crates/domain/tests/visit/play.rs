//! A visit played act by act at a desk, on a clock that the test moves.

use chrono::NaiveDate;
use motcua_domain::{
    Refusal,
    branch::{
        Branch, Counter, Office, Officer, QueueRules, Role, Service, ServiceKind, Target,
        WatchRules,
    },
    visit::{
        Act, Cause, Class, Desk, Given, HoldTo, Hop, Origin, Party, Recorded, Request, ReturnTo,
        Stamp, State, Ticket, Visit, VisitEvent, decide, register,
    },
};
use uuid::Uuid;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// 2026-11-23 08:00 in Vietnam.
pub(crate) const MORNING: i64 = 1_795_395_600_000;
pub(crate) const OFFICER: &[Role] = &[Role::Officer];
pub(crate) const SUPERVISOR: &[Role] = &[Role::Supervisor];

fn service(code: &str, prefix: &str) -> Service {
    Service {
        code: code.to_owned(),
        prefix: prefix.to_owned(),
        name: code.to_owned(),
        hint: String::new(),
        kind: ServiceKind::Submit,
        minutes: 10,
        contingent: None,
        hours: None,
        roll: None,
        slots: None,
    }
}

/// Services `a` and `b`; counters 1 and 3 serve both, counter 2 only `b`.
pub(crate) fn branch() -> Branch {
    Branch {
        office: Office {
            code: "H99.12".to_owned(),
            parent: "UBND".to_owned(),
            unit: "Bộ phận một cửa".to_owned(),
            name: "Phường Mẫu".to_owned(),
            place: "Mẫu".to_owned(),
            address: String::new(),
            phone: String::new(),
            website: String::new(),
            number_suffix: String::new(),
            account: None,
        },
        services: vec![service("a", "A"), service("b", "B")],
        counters: [(1, vec![]), (2, vec!["b".to_owned()]), (3, vec![])]
            .into_iter()
            .map(|(number, services)| Counter {
                number,
                name: format!("Quầy {number}"),
                services,
            })
            .collect(),
        officers: vec![Officer {
            id: "ha".to_owned(),
            name: "Hà".to_owned(),
            roles: OFFICER.to_vec(),
        }],
        queue: QueueRules::default(),
        hours: None,
        targets: vec![Target {
            minutes: 15,
            from_year: 2025,
            source: "QĐ 1979/QĐ-BKHCN".to_owned(),
        }],
        watch: WatchRules::default(),
        case_pattern: "{agency}-{yymmdd}-{4}".to_owned(),
        form_set: "tt-01-2018".to_owned(),
        demo: true,
    }
}

/// One visit, its events, and the desk at which it is played.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) branch: Branch,
    pub(crate) visit: Visit,
    pub(crate) events: Vec<Recorded<VisitEvent>>,
    pub(crate) stamp: Stamp,
    pub(crate) roles: &'static [Role],
    /// Whom the acting counter has, if anybody.
    pub(crate) counter_has: Option<String>,
}

pub(crate) fn stamp(wall_ms: i64) -> Stamp {
    Stamp {
        wall_ms,
        boot: Uuid::from_u128(1),
        mono_ms: 0,
        actor: "ha".to_owned(),
    }
}

pub(crate) fn request() -> Request {
    Request {
        service: "a".to_owned(),
        more: Vec::new(),
        class: Class::Ordinary,
        origin: Origin::Desk,
        party_size: 1,
        quantity: 1,
        applicant: None,
        slot_ms: None,
        arrive_ms: None,
        despite: None,
    }
}

fn number(number: u32) -> Given {
    Given {
        ticket: Ticket {
            series: "A".to_owned(),
            number,
            paper: false,
        },
        skipped: None,
        alone: None,
    }
}

impl Play {
    pub(crate) fn walk_in() -> Self {
        Self::with(request())
    }

    /// Somebody with a slot, who has not come yet.
    pub(crate) fn booked(slot_ms: i64) -> Self {
        Self::with(Request {
            class: Class::Appointment,
            slot_ms: Some(slot_ms),
            ..request()
        })
    }

    pub(crate) fn with(request: Request) -> Self {
        let branch = branch();
        let stamp = stamp(MORNING);
        let desk = Desk {
            stamp: &stamp,
            branch: &branch,
            roles: SUPERVISOR,
            counter_has: None,
            given: None,
        };
        let given = request.slot_ms.is_none().then(|| number(31));
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let first = Recorded {
            event: VisitEvent::Registered(register(request, date, given, &desk).unwrap()),
            stamp: stamp.clone(),
        };
        Self {
            visit: Visit::fold([&first]).unwrap(),
            events: vec![first],
            branch,
            stamp,
            roles: SUPERVISOR,
            counter_has: None,
        }
    }

    /// Time passes on both clocks.
    pub(crate) fn pass(&mut self, ms: i64) -> &mut Self {
        self.stamp.wall_ms += ms;
        self.stamp.mono_ms += ms;
        self
    }

    pub(crate) fn try_act(&mut self, act: Act) -> Result<&Visit, Refusal> {
        let desk = Desk {
            stamp: &self.stamp,
            branch: &self.branch,
            roles: self.roles,
            counter_has: self.counter_has.clone(),
            given: Some(number(32)),
        };
        let event = decide(&self.visit, act, &desk)?;
        let recorded = Recorded {
            stamp: self.stamp.clone(),
            event,
        };
        self.visit.apply(&recorded);
        self.events.push(recorded);
        Ok(&self.visit)
    }

    pub(crate) fn act(&mut self, act: Act) -> &mut Self {
        if let Err(refusal) = self.try_act(act.clone()) {
            panic!("{act:?} refused: {refusal:?} in {:?}", self.visit.state());
        }
        self
    }

    pub(crate) fn refused(&mut self, act: Act) -> Refusal {
        match self.try_act(act.clone()) {
            Err(refusal) => refusal,
            Ok(visit) => panic!("{act:?} led to {:?}", visit.state()),
        }
    }

    /// Waiting, called to counter 1, and serving there.
    pub(crate) fn serving() -> Self {
        let mut play = Self::walk_in();
        play.pass(MINUTE)
            .act(call(1))
            .pass(30 * SECOND)
            .act(Act::Start);
        play
    }

    /// A visit in that state, where every act that the table knows passes its guard.
    pub(crate) fn standing(state: State) -> Self {
        let mut play = match state {
            State::Booked => Self::booked(MORNING + 10 * MINUTE),
            State::Waiting | State::Called | State::Missed => Self::walk_in(),
            State::Serving | State::Held | State::Closed => Self::serving(),
        };
        match state {
            State::Booked | State::Waiting | State::Serving => {}
            State::Called => {
                play.act(call(1)).pass(30 * SECOND);
            }
            State::Missed => {
                for _ in 0..3 {
                    play.act(call(1)).act(Act::Miss).pass(31 * MINUTE);
                }
            }
            State::Held => {
                play.act(hold(Cause::Office));
            }
            State::Closed => {
                play.act(Act::Finish { note: None });
            }
        }
        assert_eq!(play.visit.state(), state);
        play
    }
}

pub(crate) fn call(counter: u16) -> Act {
    Act::Call { counter }
}

pub(crate) fn hold(cause: Cause) -> Act {
    Act::Hold {
        reason: "tra cứu".to_owned(),
        cause,
        due_ms: None,
    }
}

pub(crate) fn resume(to: HoldTo) -> Act {
    Act::Resume {
        to,
        counter: None,
        front_rank_ms: None,
    }
}

pub(crate) fn transfer(service: &str, counter: Option<u16>) -> Act {
    Act::Transfer(Hop {
        service: service.to_owned(),
        counter,
        note: None,
    })
}

pub(crate) fn reopen(serving: bool) -> Act {
    Act::Reopen {
        serving,
        reason: None,
    }
}

pub(crate) const CLOSE_DAY: Act = Act::CloseDay { outcome: None };

/// Every act there is, by name.
pub(crate) fn acts() -> Vec<(&'static str, Act)> {
    vec![
        ("call", call(1)),
        ("recall", Act::Recall),
        ("undo", Act::UndoCall),
        ("start", Act::Start),
        ("hold", hold(Cause::Office)),
        ("hold_citizen", hold(Cause::Citizen)),
        ("resume_serving", resume(HoldTo::Serving)),
        ("resume_waiting", resume(HoldTo::Waiting)),
        ("miss", Act::Miss),
        (
            "return_waiting",
            Act::Return {
                to: ReturnTo::Waiting,
            },
        ),
        (
            "return_called",
            Act::Return {
                to: ReturnTo::Called { counter: 1 },
            },
        ),
        ("no_show", Act::NoShow),
        ("transfer", transfer("b", None)),
        (
            "add_service",
            Act::AddService {
                service: "b".to_owned(),
            },
        ),
        ("finish", Act::Finish { note: None }),
        ("leave", Act::Leave { reason: None }),
        (
            "void",
            Act::Void {
                reason: "nhầm".to_owned(),
            },
        ),
        ("reopen_waiting", reopen(false)),
        ("reopen_serving", reopen(true)),
        (
            "classify",
            Act::Classify {
                class: Class::Elderly,
            },
        ),
        (
            "identify",
            Act::Identify {
                party: Party {
                    name: "Lò Thị Mai".to_owned(),
                    ..Party::default()
                },
            },
        ),
        ("close_day", CLOSE_DAY),
        ("check_in", Act::CheckIn),
        (
            "jump",
            Act::Jump {
                reason: "cấp cứu".to_owned(),
            },
        ),
    ]
}
