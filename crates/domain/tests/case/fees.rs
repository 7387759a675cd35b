//! Money of a case: nothing is overwritten, sums hold whatever the log holds, and nobody pays
//! twice or below zero.

use motcua_domain::{
    Code, Refusal,
    case::{
        BookEntry, Case, CaseAct, CaseEvent, CaseFee, FeeCharged, FeeMethod, FeePaid, FeeReversed,
        fee,
    },
};
use proptest::prelude::*;
use rstest::rstest;
use uuid::Uuid;

use crate::play::{MORNING, Play, received, recorded};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn paid_on_arrival() -> Play {
    let mut received = received();
    received.fee = Some(CaseFee {
        amount: 8_000,
        method: FeeMethod::Cash,
        ground: None,
        slip: Some(BookEntry {
            year: 2026,
            number: 3,
        }),
    });
    Play::of(received)
}

fn pay(play: &Play, n: u128, amount: Option<i64>) -> Result<CaseEvent, Refusal> {
    fee::pay(&play.case, id(n), amount, FeeMethod::Cash, None, None)
}

#[test]
fn what_is_due_can_be_paid_in_parts_and_no_more() {
    let mut play = Play::new();
    assert_eq!(play.case.money().due, 8_000);
    play.append(pay(&play, 1, Some(3_000)).unwrap());
    assert_eq!(
        (play.case.money().paid, play.case.money().due),
        (3_000, 5_000)
    );
    let refusal = pay(&play, 2, Some(5_001)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NumberOutOfRange, Some("amount"))
    );
    play.append(pay(&play, 2, None).unwrap());
    assert_eq!((play.case.money().paid, play.case.money().due), (8_000, 0));
    assert_eq!(pay(&play, 3, None).unwrap_err().code, Code::FeeNotDue);
    assert_eq!(
        play.case
            .money()
            .payments
            .iter()
            .map(|p| p.n)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[rstest]
#[case(-1)]
#[case(0)]
#[case(i64::MIN)]
#[case(1_000_000_001)]
fn an_amount_that_cannot_be_is_refused_at_its_field(#[case] amount: i64) {
    let refusal = pay(&Play::new(), 1, Some(amount)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NumberOutOfRange, Some("amount"))
    );
    if amount != 0 {
        let refusal = fee::charge(&Play::new().case, amount, Some("x")).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::NumberOutOfRange, Some("amount"))
        );
    }
}

#[rstest]
#[case(FeeMethod::Unpaid)]
#[case(FeeMethod::Exempt)]
fn money_that_came_came_somehow(#[case] method: FeeMethod) {
    let refusal = fee::pay(&Play::new().case, id(1), None, method, None, None).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("method"));
}

#[test]
fn a_mistake_is_put_right_by_taking_back_and_paying_again() {
    let mut play = paid_on_arrival();
    assert_eq!(play.case.money().due, 0);
    let refusal = fee::charge(&play.case, 5_000, Some("giảm")).unwrap_err();
    assert_eq!(
        refusal.field.as_deref(),
        Some("amount"),
        "money that came stands in the way"
    );
    for reason in ["", "  "] {
        let refusal = fee::reverse(&play.case, 1, reason).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::FieldRequired, Some("reason"))
        );
    }
    assert_eq!(
        fee::reverse(&play.case, 2, "nhầm").unwrap_err().code,
        Code::NotFound
    );
    play.append(fee::reverse(&play.case, 1, "ghi nhầm số tiền").unwrap());
    assert_eq!(
        fee::reverse(&play.case, 1, "nhầm").unwrap_err().code,
        Code::FeeReversedBefore
    );
    let money = play.case.money();
    assert_eq!(
        (money.paid, money.due, money.payments.len()),
        (0, 8_000, 1),
        "the payment stays on record"
    );
    assert_eq!(
        money.payments[0].reversed.as_ref().unwrap().reason,
        "ghi nhầm số tiền"
    );
    play.append(fee::charge(&play.case, 5_000, Some("Giảm theo NQ 12")).unwrap());
    play.append(pay(&play, 1, None).unwrap());
    let money = play.case.money();
    assert_eq!((money.charged, money.paid, money.due), (5_000, 5_000, 0));
    assert_eq!(play.case.revision(), 3, "whoever looked before is told");
}

#[test]
fn an_exemption_needs_its_ground() {
    let play = Play::new();
    for amount in [0, 7_999] {
        let refusal = fee::charge(&play.case, amount, None).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::FieldRequired, Some("ground"))
        );
    }
    let mut play = play;
    play.append(fee::charge(&play.case, 0, Some("Hộ nghèo")).unwrap());
    let money = play.case.money();
    assert_eq!(
        (money.charged, money.due, money.ground.as_deref()),
        (0, 0, Some("Hộ nghèo"))
    );
}

#[rstest]
#[case(CaseAct::Refuse)]
#[case(CaseAct::Withdraw)]
#[case(CaseAct::Stop)]
fn a_case_that_is_over_asks_for_no_money_but_gives_it_back(#[case] act: CaseAct) {
    let mut play = paid_on_arrival();
    play.append(fee::charge(&play.case, 20_000, None).unwrap());
    play.act(act).unwrap();
    assert_eq!(pay(&play, 1, None).unwrap_err().code, Code::CaseStatus);
    assert_eq!(
        fee::charge(&play.case, 1, None).unwrap_err().code,
        Code::CaseStatus
    );
    play.append(fee::reverse(&play.case, 1, "trả lại tiền").unwrap());
    assert_eq!(play.case.money().paid, 0);
}

fn any_fee(pick: usize, n: u128, amount: u64) -> CaseEvent {
    match pick {
        0 => CaseEvent::FeeCharged(FeeCharged {
            amount,
            ground: None,
        }),
        1 => CaseEvent::FeePaid(FeePaid {
            id: id(n),
            amount,
            method: FeeMethod::Transfer,
            payer: None,
            note: None,
            slip: None,
        }),
        2 => CaseEvent::FeeReversed(FeeReversed {
            payment: Some(id(n)),
            reason: "x".to_owned(),
        }),
        _ => CaseEvent::FeeReversed(FeeReversed {
            payment: None,
            reason: "x".to_owned(),
        }),
    }
}

proptest! {
    /// Whatever two machines wrote apart: each payment counts once, each is taken back once, and
    /// nothing is lost.
    #[test]
    fn sums_hold_whatever_the_log_holds(
        picks in prop::collection::vec((0_usize..4, 0_u128..4, prop_oneof![0_u64..20_000, Just(u64::MAX)]), 0..24),
    ) {
        let mut first = received();
        first.fee = Some(CaseFee { amount: 8_000, method: FeeMethod::Cash, ground: None, slip: None });
        let mut events = vec![recorded(CaseEvent::Received(Box::new(first)), MORNING)];
        events.extend(picks.iter().map(|(pick, n, amount)| recorded(any_fee(*pick, *n, *amount), MORNING)));
        let case = Case::fold(&events).unwrap();
        prop_assert_eq!(case.acts.len() + case.set_aside.len(), picks.len());
        let money = case.money();
        // By hand: a book of who paid what, first come first kept.
        let mut book: Vec<(Option<u128>, u64, bool)> = vec![(None, 8_000, true)];
        for (pick, n, amount) in &picks {
            let key = match pick { 1 | 2 => Some(*n), 3 => None, _ => continue };
            let found = book.iter_mut().find(|line| line.0 == key);
            match (pick, found) {
                (1, None) => book.push((key, *amount, true)),
                (2 | 3, Some(line)) => line.2 = false,
                _ => {}
            }
        }
        let standing = book.iter().filter(|line| line.2).fold(0_u64, |sum, line| sum.saturating_add(line.1));
        prop_assert_eq!(money.paid, standing);
        prop_assert_eq!(money.payments.len(), book.len());
        prop_assert_eq!(money.due, money.charged.saturating_sub(standing));
        let text = serde_json::to_string(&case).unwrap();
        prop_assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
    }
}
