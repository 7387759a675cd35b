//! Files of papers: their codes, their limits, and that they never come between an officer and a case.

use motcua_domain::{
    Code,
    case::{
        AttachedTo, Blob, Case, CaseEvent, PaperOrigin, ResultPaperNote, ResultReceived,
        attachment::{self, MAX_BYTES, MAX_PAGES, Wanted},
    },
};
use rstest::rstest;
use uuid::Uuid;

use super::play::{MORNING, received, recorded};

const PAPERS: [&str; 2] = ["Tờ khai", "Giấy chứng sinh"];

fn case() -> Case {
    let event = CaseEvent::Received(Box::new(received()));
    Case::fold([&recorded(event, MORNING)]).unwrap()
}

fn blob(pages: u32, bytes: u64) -> Blob {
    Blob {
        hash: "ab".repeat(32),
        bytes,
        pages,
    }
}

fn wanted(paper: AttachedTo) -> Wanted {
    Wanted {
        paper,
        origin: PaperOrigin::Digitised,
        code: None,
        blob: blob(2, 1000),
        reused_from: None,
    }
}

fn attach(case: &mut Case, paper: AttachedTo, minute: i64) -> (Uuid, String) {
    let id = Uuid::now_v7();
    let mut wanted = wanted(paper);
    // Another file each time: the same one goes to a paper once.
    wanted.blob.hash = format!("{minute:064x}");
    let event = attachment::attach(case, id, wanted, &PAPERS).unwrap();
    let CaseEvent::PaperAttached(file) = &event else {
        panic!("{event:?}")
    };
    let code = file.code.clone();
    case.apply(&recorded(event, MORNING + minute));
    (id, code)
}

#[test]
fn each_file_has_a_code_of_its_own_also_after_one_was_taken_back() {
    let mut case = case();
    let code = case.received.code.clone();
    let tail = |full: &str| full.strip_prefix(&code).unwrap().to_owned();
    let paper = |index| AttachedTo::Paper { index };
    let (first, one) = attach(&mut case, paper(0), 1);
    assert_eq!(tail(&one), ".TP01");
    assert_eq!(tail(&attach(&mut case, paper(1), 2).1), ".TP02");
    assert_eq!(tail(&attach(&mut case, paper(0), 3).1), ".TP01-2");
    let early = attachment::attach(&case, Uuid::nil(), wanted(AttachedTo::Result), &PAPERS);
    assert_eq!(
        early.unwrap_err().field.as_deref(),
        Some("paper"),
        "no result yet"
    );
    let result = CaseEvent::ResultReceived(ResultReceived {
        result: ResultPaperNote::default(),
        giver: None,
        note: None,
    });
    case.apply(&recorded(result, MORNING + 4));
    assert_eq!(tail(&attach(&mut case, AttachedTo::Result, 4).1), ".KQ01");
    let other = AttachedTo::Other {
        name: " Đơn đề  nghị ".to_owned(),
    };
    assert_eq!(tail(&attach(&mut case, other, 5).1), ".K01");
    assert_eq!(case.attachments[4].file.name, "Đơn đề nghị");

    let mut same = wanted(paper(1));
    same.blob.hash = format!("{:064x}", 2);
    let twice = attachment::attach(&case, Uuid::nil(), same, &PAPERS).unwrap_err();
    assert_eq!(twice.field.as_deref(), Some("blob"));

    let before = case.revision();
    let refused = attachment::detach(&case, first, "  ").unwrap_err();
    assert_eq!(refused.code, Code::FieldRequired);
    let gone = attachment::detach(&case, first, "Nhầm giấy tờ").unwrap();
    case.apply(&recorded(gone.clone(), MORNING + 6));
    // Told twice, by two officers who were apart: once is enough.
    case.apply(&recorded(gone, MORNING + 7));
    assert_eq!((case.attachments.len(), case.detached.len()), (4, 1));
    assert_eq!(tail(&attach(&mut case, paper(0), 8).1), ".TP01-3");
    // Whatever this desk made is known to be its own, and what stands on a paper is not taken for
    // that.
    assert!(case.attachments.iter().all(|a| a.file.has_own_code()));
    for printed in [
        "KQ.G15.000031",
        "12/QĐ-UBND",
        "H99.12.K",
        "H99.12.KQ01-",
        "TP01",
        "",
    ] {
        let mut file = case.attachments[0].file.clone();
        file.code = printed.to_owned();
        assert!(!file.has_own_code(), "{printed}");
    }
    assert_eq!(case.revision(), before, "no act of anybody is overtaken");
    let refused = attachment::detach(&case, first, "Nhầm").unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
}

#[rstest]
#[case(0, 10, Code::ScanEmpty)]
#[case(1, 0, Code::ScanEmpty)]
#[case(MAX_PAGES + 1, 10, Code::ScanTooManyPages)]
#[case(1, MAX_BYTES + 1, Code::ScanTooLarge)]
fn sizes_that_are_no_paper(#[case] pages: u32, #[case] bytes: u64, #[case] code: Code) {
    assert_eq!(attachment::check_size(pages, bytes).unwrap_err().code, code);
    assert!(attachment::check_size(MAX_PAGES, MAX_BYTES).is_ok());
}

#[test]
fn what_is_no_paper_of_the_case_is_refused_with_its_field() {
    let case = case();
    let refused = |wanted: Wanted| {
        let refusal = attachment::attach(&case, Uuid::now_v7(), wanted, &PAPERS).unwrap_err();
        (refusal.code, refusal.field.unwrap_or_default())
    };
    let is = |code, field: &str| (code, field.to_owned());
    assert_eq!(
        refused(wanted(AttachedTo::Paper { index: 2 })),
        is(Code::PaperIndexInvalid, "paper.index")
    );
    assert_eq!(
        refused(wanted(AttachedTo::Other {
            name: " ".to_owned()
        })),
        is(Code::FieldRequired, "paper.name")
    );
    let mut wrong = wanted(AttachedTo::Result);
    wrong.blob.hash = "../../etc".to_owned();
    assert_eq!(refused(wrong), is(Code::ArgumentInvalid, "blob.hash"));
}
