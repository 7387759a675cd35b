//! Taking back the last act: by whom, until when, what of it stays on record.

use motcua_domain::{
    Code,
    case::{
        AttachedTo, Blob, Case, CaseAct, CaseEvent, CaseStatus, PaperOrigin, Recipient,
        attachment::{self, Wanted},
        decide,
        undo::Asker,
    },
    notice::{Consent, of_case},
};
use rstest::rstest;
use uuid::Uuid;

use crate::play::{DAY, Play, at, received};

/// Whoever does everything in these tests.
const OWN: Asker<'_> = Asker {
    officer: "ha",
    supervisor: false,
};
const OTHER: Asker<'_> = Asker {
    officer: "lan",
    supervisor: false,
};
const SUPERVISOR: Asker<'_> = Asker {
    officer: "lan",
    supervisor: true,
};

#[rstest]
#[case::supplement(&[CaseAct::RequestSupplement], CaseStatus::Received)]
#[case::complete(&[CaseAct::RequestSupplement, CaseAct::CompleteSupplement], CaseStatus::SupplementRequested)]
#[case::refused(&[CaseAct::Refuse], CaseStatus::Received)]
#[case::withdrawn(&[CaseAct::HandOver, CaseAct::Withdraw], CaseStatus::Processing)]
#[case::stopped(&[CaseAct::Stop], CaseStatus::Received)]
#[case::postponed(&[CaseAct::HandOver, CaseAct::Postpone], CaseStatus::Processing)]
#[case::handed_over(&[CaseAct::HandOver], CaseStatus::Received)]
#[case::taken_back(&[CaseAct::HandOver, CaseAct::TakeBack], CaseStatus::Processing)]
#[case::result_received(&[CaseAct::HandOver, CaseAct::ReceiveResult], CaseStatus::Processing)]
#[case::returned(&[CaseAct::ReceiveResult, CaseAct::ReturnResult], CaseStatus::Done)]
fn the_case_stands_where_it_stood_before(#[case] acts: &[CaseAct], #[case] before: CaseStatus) {
    let (last, first) = acts.split_last().unwrap();
    let mut play = Play::acts(first);
    let (due, revision) = (play.case.due_ms(), play.case.revision());
    play.act(*last).unwrap();
    play.pass(1_000);
    play.undo(OWN).unwrap();
    assert_eq!((play.case.status, play.case.due_ms()), (before, due));
    assert_eq!(
        play.case.revision(),
        revision + 2,
        "whoever looked before is told"
    );
    assert_eq!(play.case.acts.len(), first.len());
    let [undone] = &play.case.undone[..] else {
        panic!("it stays on record");
    };
    assert_eq!(undone.act.event.act(), Some(*last));
    assert_eq!((&*undone.officer, &*undone.reason), ("ha", "nhầm hồ sơ"));
    // And it can be done again, rightly.
    play.act(*last).unwrap();
    assert_eq!(Case::fold(&play.events).unwrap(), play.case);
}

#[rstest]
#[case::own_same_day(OWN, 0, None)]
#[case::own_next_day(OWN, DAY, Some(Code::NotAllowed))]
#[case::other_same_day(OTHER, 0, Some(Code::NotAllowed))]
#[case::supervisor(SUPERVISOR, 0, None)]
#[case::supervisor_later(SUPERVISOR, 3 * DAY, None)]
fn by_whom_and_until_when(
    #[case] asker: Asker<'_>,
    #[case] later: i64,
    #[case] code: Option<Code>,
) {
    let mut play = Play::acts(&[CaseAct::ReceiveResult]);
    play.pass(later);
    assert_eq!(play.undo(asker).err().map(|refusal| refusal.code), code);
}

#[test]
fn what_left_the_house_or_was_built_on_stays() {
    let refused = |play: &mut Play| play.undo(SUPERVISOR).unwrap_err();
    assert_eq!(
        refused(&mut Play::new()).code,
        Code::CaseStatus,
        "no act yet"
    );

    let mut posted = Play::acts(&[CaseAct::ReceiveResult]);
    let post = Recipient::Post {
        waybill: "EB1".to_owned(),
        address: "Bản Lướt".to_owned(),
    };
    let event = decide::return_result(&posted.case, post, None, at(posted.now)).unwrap();
    posted.append(event);
    assert!(refused(&mut posted).message.contains("bưu chính"));

    let mut scanned = Play::acts(&[CaseAct::ReceiveResult]);
    let wanted = Wanted {
        paper: AttachedTo::Result,
        origin: PaperOrigin::Digitised,
        code: None,
        blob: Blob {
            hash: "a".repeat(64),
            bytes: 10,
            pages: 1,
        },
        reused_from: None,
    };
    let event = attachment::attach(&scanned.case, Uuid::from_u128(1), wanted, &[]).unwrap();
    scanned.append(event);
    assert!(refused(&mut scanned).message.contains("tệp kết quả"));

    let mut play = Play::acts(&[CaseAct::ReceiveResult]);
    let no_reason = motcua_domain::case::undo::undo(&play.case, " ", OWN, at(play.now));
    assert_eq!(no_reason.unwrap_err().field.as_deref(), Some("reason"));
    // Only the last: after it the one before may follow.
    play.act(CaseAct::ReturnResult).unwrap();
    play.undo(OWN).unwrap();
    assert_eq!(play.case.status, CaseStatus::Done);
    play.undo(OWN).unwrap();
    assert_eq!(play.case.status, CaseStatus::Received);
}

/// Two machines that do not hear each other: whatever comes first in the one order counts, the
/// other is set aside, and both have the same case.
#[rstest]
#[case::undone_twice(None)]
#[case::gone_on(Some(CaseAct::ReturnResult))]
fn done_apart_comes_to_one_history(#[case] meanwhile: Option<CaseAct>) {
    let common = Play::acts(&[CaseAct::HandOver, CaseAct::ReceiveResult]);
    let (mut one, mut other) = (common.clone(), common.clone());
    one.pass(1_000).undo(OWN).unwrap();
    other.pass(2_000);
    match meanwhile {
        Some(act) => other.act(act).unwrap(),
        None => other.undo(SUPERVISOR).unwrap(),
    }
    let (a, b) = (one.events.last().unwrap(), other.events.last().unwrap());
    for (order, status) in [
        ([a, b], CaseStatus::Processing),
        (
            [b, a],
            meanwhile.map_or(CaseStatus::Processing, |_| CaseStatus::Returned),
        ),
    ] {
        let events = common.events.iter().chain(order);
        let case = Case::fold(events).unwrap();
        assert_eq!(case.status, status);
        assert_eq!(case.set_aside.len(), 1);
    }
}

#[test]
fn what_was_not_told_yet_is_told_no_more() {
    let mut asked = received();
    asked.notify = Some(Consent::Agreed);
    let mut play = Play::of(asked);
    play.act(CaseAct::ReceiveResult).unwrap();
    assert!(of_case(&play.case)[0].live);
    play.undo(OWN).unwrap();
    let notices = of_case(&play.case);
    assert_eq!(notices.len(), 1, "what may have been told stays on record");
    assert!(!notices[0].live);
    // Received again, rightly: a notice of its own.
    play.pass(1_000).act(CaseAct::ReceiveResult).unwrap();
    let live = of_case(&play.case).into_iter().filter(|n| n.live).count();
    assert_eq!(live, 1);
    assert!(matches!(
        play.case.last_act().unwrap().event,
        CaseEvent::ResultReceived(_)
    ));
}
