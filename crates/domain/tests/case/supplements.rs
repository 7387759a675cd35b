//! Requests for supplement with what came of each, and what was due before and after.

use motcua_domain::case::{
    Case, CaseEvent, Postponed, ResultPaperNote, ResultReceived, SupplementReceived,
    SupplementRequested,
};

use super::play::{DAY, MORNING, received, recorded};

fn asked(reason: &str) -> CaseEvent {
    CaseEvent::SupplementRequested(SupplementRequested {
        papers: Vec::new(),
        content: None,
        reason: reason.to_owned(),
        number: None,
    })
}

fn complete(due_ms: i64) -> CaseEvent {
    CaseEvent::SupplementReceived(SupplementReceived {
        papers: Vec::new(),
        note: None,
        limit: None,
        due_ms: Some(due_ms),
        because: Vec::new(),
    })
}

#[test]
fn each_request_says_what_was_due_before_it_and_what_came_of_it() {
    let first = received();
    let due = first.due_ms;
    let (again, late) = (MORNING + 20 * DAY, MORNING + 30 * DAY);
    let events = [
        CaseEvent::Received(Box::new(first)),
        asked("một"),
        complete(again),
        CaseEvent::Postponed(Postponed {
            reason: "bận".to_owned(),
            from_ms: again,
            due_ms: late,
            number: None,
        }),
        asked("hai"),
        // Not possible while papers are waited for: set aside, and no part of this.
        asked("ba"),
    ];
    let events: Vec<_> = (events.into_iter().zip(0..))
        .map(|(event, hour)| recorded(event, MORNING + hour * 3_600_000))
        .collect();
    let case = Case::fold(&events).unwrap();
    let told: Vec<_> = (case.supplements().iter())
        .map(|s| {
            let came = s
                .completed
                .map(|(act, complete)| (act.at_ms, complete.due_ms));
            (
                s.wanted.reason.as_str(),
                s.asked.at_ms,
                s.due_before_ms,
                came,
            )
        })
        .collect();
    let at = |hour: i64| MORNING + hour * 3_600_000;
    assert_eq!(
        told,
        [
            ("một", at(1), due, Some((at(2), Some(again)))),
            ("hai", at(4), Some(late), None),
        ]
    );
}

#[test]
fn a_result_is_noted_when_it_comes() {
    let mut case = Case::fold([&recorded(
        CaseEvent::Received(Box::new(received())),
        MORNING,
    )])
    .unwrap();
    assert_eq!(case.result_note(), None);
    let result = ResultPaperNote {
        kind: Some("Giấy khai sinh".to_owned()),
        ..ResultPaperNote::default()
    };
    let came = CaseEvent::ResultReceived(ResultReceived {
        result: result.clone(),
        giver: None,
        note: None,
    });
    case.apply(&recorded(came, MORNING + DAY));
    assert_eq!(case.result_note(), Some(&result));
}
