//! What stands in the way of an act, and what only warns.

use motcua_domain::{
    Code,
    case::{Case, CaseAct, CaseEvent, CaseStatus, Recipient, WantedPaper, decide},
};
use rstest::rstest;

use crate::play::{DAY, Play, at, calendar, day, paper, received, recorded};

fn due(case: &Case) -> String {
    at(case.due_ms().unwrap()).format("%Y-%m-%d").to_string()
}

#[test]
fn the_limit_begins_again_with_the_complete_dossier() {
    let mut play = Play::new();
    // Five working days after Monday the 23rd, the 24th being a holiday.
    assert_eq!(due(&play.case), "2026-12-01");
    play.act(CaseAct::RequestSupplement).unwrap();
    assert_eq!(play.case.due_ms(), None, "it stands still");
    play.pass(4 * DAY).act(CaseAct::CompleteSupplement).unwrap();
    // Friday the 27th plus five working days.
    assert_eq!(due(&play.case), "2026-12-04");
    assert_eq!(play.case.promised().from_ms, play.now);
    assert_eq!(play.case.status, CaseStatus::Received);
    assert!(play.case.is_completed());
}

#[test]
fn a_second_request_and_a_late_one_warn_and_are_done() {
    let warned = |play: &Play| {
        decide::warnings(
            &play.case,
            CaseAct::RequestSupplement,
            at(play.now),
            &calendar(),
        )
    };
    let mut play = Play::new();
    assert!(warned(&play).is_empty());
    // Wednesday, Thursday, Friday: the third working day. Monday is the fourth.
    play.pass(4 * DAY);
    assert!(warned(&play).is_empty());
    play.pass(3 * DAY);
    assert_eq!(warned(&play).len(), 1);
    play.act(CaseAct::RequestSupplement).unwrap();
    play.act(CaseAct::CompleteSupplement).unwrap();
    let again = warned(&play);
    assert_eq!(again.len(), 1, "the days count anew: {again:?}");
    assert!(again[0].contains("một lần"), "{again:?}");
    play.act(CaseAct::RequestSupplement).unwrap();
    assert_eq!(play.case.times(CaseAct::RequestSupplement), 2);
}

#[test]
fn another_date_is_given_once() {
    let mut play = Play::new();
    play.act(CaseAct::Postpone).unwrap();
    assert_eq!(due(&play.case), "2026-12-15");
    let refusal = play.act(CaseAct::Postpone).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::CasePostponedBefore, Some("date"))
    );
    // What another machine wrote at the same time is kept, without effect.
    let mut apart = Play::new();
    let event = apart.decide(CaseAct::Postpone).unwrap();
    apart.append(event.clone());
    apart.append(event);
    assert_eq!((apart.case.acts.len(), apart.case.set_aside.len()), (1, 1));
}

#[rstest]
#[case::the_day_before(7, None)]
#[case::on_the_day(8, Some(Code::CasePostponeTooLate))]
#[case::after_it(9, Some(Code::CasePostponeTooLate))]
fn an_apology_comes_at_the_latest_a_day_before(#[case] days: i64, #[case] code: Option<Code>) {
    let mut play = Play::new();
    play.pass(days * DAY);
    let done = play.act(CaseAct::Postpone);
    assert_eq!(done.err().map(|refusal| refusal.code), code);
}

#[rstest]
#[case::not_later("2026-12-01", Code::DateInvalid, "phải sau")]
#[case::sunday("2026-12-06", Code::DateInvalid, "ngày nghỉ")]
#[case::no_calendar("2031-01-06", Code::CalendarUnknownYear, "")]
fn the_new_date_is_a_later_working_day(#[case] date: &str, #[case] code: Code, #[case] says: &str) {
    let play = Play::new();
    let refusal =
        decide::postpone(&play.case, day(date), "bận", at(play.now), &calendar()).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some("date"))
    );
    assert!(refusal.message.contains(says), "{}", refusal.message);
}

#[test]
fn without_a_due_time_there_is_nothing_to_postpone() {
    let mut without = received();
    without.due_ms = None;
    let refusal = Play::of(without).act(CaseAct::Postpone).unwrap_err();
    assert_eq!(refusal.code, Code::CaseNoDueTime);
}

#[rstest]
#[case::nothing_asked(vec![], None, "thiếu", "content")]
#[case::no_reason(vec![paper("Tờ khai", 1)], None, "  ", "reason")]
#[case::blank_content(vec![], Some("  "), "thiếu", "content")]
fn a_request_says_what_and_why(
    #[case] papers: Vec<WantedPaper>,
    #[case] content: Option<&str>,
    #[case] why: &str,
    #[case] field: &str,
) {
    let play = Play::new();
    let refusal =
        decide::request_supplement(&play.case, papers, content, why, at(play.now)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::FieldRequired, Some(field))
    );
}

#[rstest]
#[case::no_name(paper(" ", 1), Code::FieldRequired, "papers[0].name")]
#[case::none(paper("Tờ khai", 0), Code::PaperCountInvalid, "papers[0].originals")]
#[case::too_many(paper("Tờ khai", 100), Code::PaperCountInvalid, "papers[0].originals")]
#[case::no_such(WantedPaper { index: Some(3), ..paper("Tờ khai", 1) }, Code::PaperIndexInvalid, "papers[0].index")]
fn papers_are_looked_at_one_by_one(
    #[case] wrong: WantedPaper,
    #[case] code: Code,
    #[case] field: &str,
) {
    let refusal = decide::wanted(vec![wrong], 3).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
    assert!(decide::wanted(vec![paper("Tờ khai", 1); 201], 3).is_err());
    assert!(decide::wanted(vec![paper("Tờ khai", 99); 200], 3).is_ok());
}

fn done() -> Play {
    Play::acts(&[CaseAct::ReceiveResult])
}

fn proxy(authorisation: &str) -> Recipient {
    Recipient::Proxy {
        name: "Hoàng Văn Ký".to_owned(),
        id_number: None,
        phone: None,
        authorisation: authorisation.to_owned(),
    }
}

fn owner(name: &str) -> Recipient {
    Recipient::Owner {
        name: name.to_owned(),
    }
}

#[rstest]
#[case::somebody_else(owner("Hoàng Văn Ký"), Code::AuthorisationMissing, "name")]
#[case::unauthorised(proxy(" "), Code::AuthorisationMissing, "authorisation")]
#[case::nobody(Recipient::Proxy { name: String::new(), id_number: None, phone: None, authorisation: "GUQ".to_owned() }, Code::FieldRequired, "name")]
#[case::odd_number(Recipient::Proxy { name: "Ký".to_owned(), id_number: Some("12".to_owned()), phone: None, authorisation: "GUQ".to_owned() }, Code::CardNumberInvalid, "id_number")]
#[case::no_waybill(Recipient::Post { waybill: String::new(), address: "Hà Nội".to_owned() }, Code::FieldRequired, "waybill")]
#[case::nowhere(Recipient::Post { waybill: "EA1VN".to_owned(), address: String::new() }, Code::FieldRequired, "address")]
fn a_result_goes_to_nobody_else(
    #[case] recipient: Recipient,
    #[case] code: Code,
    #[case] field: &str,
) {
    let play = done();
    let refusal = decide::return_result(&play.case, recipient, None, at(play.now)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
}

#[rstest]
#[case::by_name(owner("lò thị MAI"))]
#[case::by_card(owner(""))]
#[case::on_an_authorisation(proxy("số 12/GUQ ngày 20/11/2026, UBND phường Bình Minh"))]
#[case::by_post(Recipient::Post { waybill: "EA123456789VN".to_owned(), address: "Số 5, Hà Nội".to_owned() })]
fn a_result_goes_to_whom_it_may(#[case] recipient: Recipient) {
    let mut play = done();
    // However late it is.
    play.pass(300 * DAY);
    let event = decide::return_result(&play.case, recipient, None, at(play.now)).unwrap();
    play.append(event);
    assert_eq!(play.case.status, CaseStatus::Returned);
}

#[test]
fn an_organisation_comes_by_who_acts_for_it() {
    let mut play = Play::organisation();
    play.act(CaseAct::ReceiveResult).unwrap();
    let event = decide::return_result(&play.case, owner("Hoàng Văn Ký"), None, at(play.now));
    assert!(event.is_ok());
    let unnamed = decide::return_result(&play.case, owner(""), None, at(play.now)).unwrap();
    let CaseEvent::ResultReturned(returned) = unnamed else {
        panic!("a result was returned");
    };
    assert_eq!(returned.recipient, owner("Hoàng Văn Ký"));
}

#[test]
fn an_unpaid_fee_is_told_and_holds_nothing_back() {
    let play = done();
    let warned = decide::warnings(&play.case, CaseAct::ReturnResult, at(play.now), &calendar());
    assert_eq!(warned.len(), 1);
    assert!(warned[0].contains("8.000"), "{warned:?}");
    assert!(play.decide(CaseAct::ReturnResult).is_ok());
}

#[test]
fn a_print_belongs_to_the_paper_as_it_was_then() {
    let mut play = Play::new();
    let print = |play: &mut Play| {
        let event = CaseEvent::DocumentPrinted {
            document: "receipt".to_owned(),
            hash: String::new(),
        };
        play.append(event);
    };
    print(&mut play);
    play.pass(DAY).act(CaseAct::RequestSupplement).unwrap();
    play.pass(DAY).act(CaseAct::CompleteSupplement).unwrap();
    let since = play.case.promised().from_ms;
    assert_eq!(play.case.prints_since("receipt", since), 0);
    print(&mut play);
    assert_eq!(play.case.prints_since("receipt", since), 1);
    assert_eq!(play.case.prints("receipt"), 2);
    assert_eq!(play.case.revision(), 2, "printing is no act");
    let refolded = Case::fold(&play.events).unwrap();
    assert_eq!(refolded, play.case);
    // A case that begins with anything else is none.
    let stray = recorded(
        CaseEvent::Refused(motcua_domain::case::Why {
            reason: "x".to_owned(),
        }),
        0,
    );
    assert_eq!(Case::fold([&stray]), None);
}
