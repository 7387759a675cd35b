//! Cases received for another agency: no limit runs before that agency has the dossier.

use motcua_domain::{
    Code,
    case::{CaseAct, CaseStatus, OnBehalf, decide},
};

use crate::play::{DAY, Play, at, calendar, received};

fn for_another() -> Play {
    let mut received = received();
    received.on_behalf = Some(OnBehalf {
        help: Some("Điểm hỗ trợ Thôn 3".to_owned()),
        receipt: None,
        competent: "Ủy ban nhân dân phường An Khê".to_owned(),
    });
    received.due_ms = None;
    Play::of(received)
}

#[test]
fn the_limit_begins_when_the_competent_agency_has_it() {
    let mut play = for_another();
    assert_eq!(play.case.due_ms(), None);
    play.act(CaseAct::HandOver).unwrap();
    play.pass(2 * DAY);
    play.act(CaseAct::Accept).unwrap();
    let due = calendar()
        .due(at(play.now), play.case.received.limit)
        .unwrap()
        .due_at
        .unwrap();
    assert_eq!(play.case.due_ms(), Some(due.timestamp_millis()));
    assert_eq!(play.case.promised().from_ms, play.now);
    assert_eq!(play.case.status, CaseStatus::Processing);
    let again = play.act(CaseAct::Accept).unwrap_err();
    assert_eq!(again.code, Code::CaseStatus, "it begins once");
}

#[test]
fn it_cannot_have_it_before_it_was_received_nor_in_time_to_come() {
    let mut play = for_another();
    play.pass(DAY);
    let now = at(play.now);
    for wrong in [at(play.now + 1), at(play.case.received.received_ms - 1)] {
        let due = calendar().due(wrong, None).unwrap();
        let refusal = decide::accept(&play.case, wrong, None, due, now).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::DateInvalid, Some("at"))
        );
    }
}

#[test]
fn an_ordinary_case_knows_no_such_act() {
    assert_eq!(
        Play::new().act(CaseAct::Accept).unwrap_err().code,
        Code::CaseStatus
    );
    assert_eq!(Play::new().case.leads_to(CaseAct::Accept), None);
}
