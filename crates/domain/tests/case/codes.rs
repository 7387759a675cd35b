//! A provisional code and the final one that replaces it; what the department says of a case.

use motcua_domain::{
    case::{
        BookEntry, Case, CaseAct, CaseEvent, CaseReceived, CaseStatus, CodeGiven, DepartmentReport,
        DepartmentStep, ResultPaperNote,
    },
    notice::{Consent, NoticeKind, of_case},
};

use crate::play::{MORNING, day, received, recorded};

fn provisional() -> CaseEvent {
    CaseEvent::Received(Box::new(CaseReceived {
        code: "TẠM-261123-3-001".to_owned(),
        provisional: true,
        book: None,
        ..received()
    }))
}

fn given(number: u32) -> CaseEvent {
    CaseEvent::CodeGiven(CodeGiven {
        code: format!("H99.12-261123-{number:04}"),
        number,
        date: day("2026-11-23"),
        book: BookEntry { year: 2026, number },
    })
}

fn fold(events: &[CaseEvent]) -> Case {
    let events: Vec<_> = events
        .iter()
        .zip(MORNING..)
        .map(|(event, ms)| recorded(event.clone(), ms))
        .collect();
    Case::fold(&events).unwrap()
}

#[test]
fn the_first_final_code_counts_and_the_number_of_another_is_burnt() {
    let before = fold(&[provisional()]);
    assert!(before.is_provisional());
    assert_eq!((before.code(), before.book()), ("TẠM-261123-3-001", None));
    let after = fold(&[provisional(), given(7), given(9)]);
    assert!(!after.is_provisional());
    assert_eq!(after.code(), "H99.12-261123-0007");
    assert_eq!(after.book().unwrap().number, 7);
    assert_eq!(after.received.code, "TẠM-261123-3-001");
    let burnt: Vec<u32> = after.burnt().map(|code| code.number).collect();
    assert_eq!(burnt, [9]);
    // Nobody who looked at the case before has to look again for its code.
    assert_eq!(
        fold(&[provisional(), given(7)]).revision(),
        before.revision()
    );
}

#[test]
fn a_case_with_a_final_code_keeps_it() {
    let case = fold(&[CaseEvent::Received(Box::new(received())), given(7)]);
    assert_eq!(case.code(), received().code);
    assert_eq!(case.burnt().count(), 1);
}

#[test]
fn what_the_department_says_goes_the_ways_of_the_table_or_is_set_aside() {
    let says = |step| {
        CaseEvent::Reported(DepartmentReport {
            department: "Phòng Tư pháp".to_owned(),
            step,
            by: None,
            note: None,
            result: ResultPaperNote::default(),
        })
    };
    let taken = || CaseEvent::Received(Box::new(received()));
    let working = fold(&[taken(), says(DepartmentStep::Working)]);
    assert_eq!(
        (working.status, working.acts.len()),
        (CaseStatus::Received, 1)
    );
    let done = fold(&[taken(), says(DepartmentStep::Finished)]);
    assert_eq!(done.status, CaseStatus::Done);
    assert!(done.last(CaseAct::ReceiveResult).is_some());
    let mut agreed = received();
    agreed.notify = Some(Consent::Agreed);
    let told = fold(&[
        CaseEvent::Received(Box::new(agreed)),
        says(DepartmentStep::Finished),
    ]);
    let notices = of_case(&told);
    assert_eq!(
        (notices.len(), notices[0].kind, notices[0].live),
        (1, NoticeKind::ResultReady, true)
    );
    let late = fold(&[
        taken(),
        says(DepartmentStep::Stopped),
        says(DepartmentStep::Finished),
    ]);
    assert_eq!(
        (late.status, late.set_aside.len()),
        (CaseStatus::Stopped, 1)
    );
}
