//! Every status with every act: the pairs below lead where they say, all others are refused.

use std::collections::BTreeSet;

use motcua_domain::{
    Code,
    case::{CaseAct, CaseStatus},
};

use crate::play::Play;

use CaseAct::{
    CompleteSupplement, HandOver, Postpone, ReceiveResult, Refuse, RequestSupplement, ReturnResult,
    Stop, TakeBack, Withdraw,
};
use CaseStatus::{
    Done, Processing, Received, Refused, Returned, Stopped, SupplementRequested, Withdrawn,
};

/// The whole table, written a second time by hand. What is not in it cannot be done.
const TABLE: &[(CaseStatus, CaseAct, CaseStatus)] = &[
    (Received, RequestSupplement, SupplementRequested),
    (Received, Refuse, Refused),
    (Received, Postpone, Received),
    (Received, Withdraw, Withdrawn),
    (Received, Stop, Stopped),
    (Received, HandOver, Processing),
    (Received, ReceiveResult, Done),
    (Processing, RequestSupplement, SupplementRequested),
    (Processing, Refuse, Refused),
    (Processing, Postpone, Processing),
    (Processing, Withdraw, Withdrawn),
    (Processing, Stop, Stopped),
    (Processing, TakeBack, Received),
    (Processing, ReceiveResult, Done),
    (SupplementRequested, CompleteSupplement, Received),
    (SupplementRequested, Refuse, Refused),
    (SupplementRequested, Withdraw, Withdrawn),
    (SupplementRequested, Stop, Stopped),
    (Done, ReturnResult, Returned),
];

/// Acts that bring a new case there.
fn to(status: CaseStatus) -> Play {
    Play::acts(match status {
        Received => &[],
        Refused => &[Refuse],
        Processing => &[HandOver],
        SupplementRequested => &[RequestSupplement],
        Withdrawn => &[Withdraw],
        Stopped => &[Stop],
        Done => &[HandOver, ReceiveResult],
        Returned => &[HandOver, ReceiveResult, ReturnResult],
    })
}

#[test]
fn every_act_leads_where_the_table_says_or_is_refused() {
    for status in CaseStatus::ALL {
        let play = to(status);
        assert_eq!(play.case.status, status);
        for act in CaseAct::ALL {
            let leads = TABLE
                .iter()
                .find(|(from, by, _)| (*from, *by) == (status, act))
                .map(|(_, _, to)| *to);
            let mut here = play.clone();
            match (here.act(act), leads) {
                (Ok(()), Some(to)) => assert_eq!(here.case.status, to, "{status:?} {act:?}"),
                (Err(refusal), None) => {
                    assert_eq!(
                        (refusal.code, refusal.field.as_deref()),
                        (Code::CaseStatus, Some("id")),
                        "{status:?} {act:?}"
                    );
                    assert!(
                        refusal.message.contains(status.words()),
                        "{}",
                        refusal.message
                    );
                }
                (was, should) => panic!("{status:?} {act:?}: {was:?}, table {should:?}"),
            }
        }
    }
}

#[test]
fn codes_are_those_of_the_portal_and_names_those_of_the_wire() {
    let codes: BTreeSet<u8> = CaseStatus::ALL.iter().map(|s| s.portal_code()).collect();
    assert_eq!(codes, BTreeSet::from([2, 3, 4, 5, 7, 8, 9, 10]));
    for status in CaseStatus::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
    }
}

#[test]
fn a_closed_case_has_no_way_on_and_every_other_has_one() {
    for status in CaseStatus::ALL {
        let ways = CaseAct::ALL.iter().filter(|a| a.way(status).is_some());
        assert_eq!(ways.count() == 0, status.is_closed(), "{status:?}");
    }
}
