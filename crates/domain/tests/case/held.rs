//! Papers of a dossier as they are now, and who signs for it.

use motcua_domain::{
    case::{
        AttachedTo, Blob, Case, CaseEvent, CaseStatus, HeldPaper, PaperAttached, PaperCount,
        PaperOrigin, ReusedFrom, SupplementReceived, SupplementRequested, WantedPaper,
    },
    catalogue::Paper,
    visit::{Party, PartyKind},
};
use rstest::rstest;
use uuid::Uuid;

use super::play::{MORNING, paper, received, recorded};

fn list() -> Vec<Paper> {
    let names = ["Tờ khai", "Giấy chứng sinh", "Ủy quyền", "Căn cước"];
    let paper = |name| serde_json::from_value(serde_json::json!({"name": name})).unwrap();
    names.map(paper).into()
}

/// The first handed in, the second missing, the third not needed, the fourth taken over.
fn case() -> Case {
    let count = |index| PaperCount {
        index,
        originals: 0,
        certified: 0,
        copies: 0,
        not_applicable: None,
        reused: false,
    };
    let mut taken = received();
    taken.papers = vec![
        PaperCount {
            originals: 1,
            ..count(0)
        },
        PaperCount {
            not_applicable: Some("tự nộp".to_owned()),
            ..count(2)
        },
        PaperCount {
            reused: true,
            ..count(3)
        },
    ];
    taken.missing = vec![1];
    let file = PaperAttached {
        id: Uuid::nil(),
        paper: AttachedTo::Paper { index: 3 },
        name: "Căn cước".to_owned(),
        origin: PaperOrigin::Reused,
        code: "x".to_owned(),
        blob: Blob {
            hash: "ab".repeat(32),
            bytes: 1,
            pages: 1,
        },
        reused_from: Some(ReusedFrom {
            case_id: Uuid::nil(),
            case_code: "H99-1".to_owned(),
            attachment: Uuid::nil(),
        }),
    };
    Case::fold([
        &recorded(CaseEvent::Received(Box::new(taken)), MORNING),
        &recorded(CaseEvent::PaperAttached(file), MORNING),
    ])
    .unwrap()
}

fn asked(case: &mut Case) {
    let event = CaseEvent::SupplementRequested(SupplementRequested {
        papers: vec![paper("Giấy chứng sinh", 1)],
        content: None,
        reason: "thiếu".to_owned(),
        number: None,
    });
    case.apply(&recorded(event, MORNING + 1));
}

fn came(case: &mut Case, papers: Vec<WantedPaper>) {
    let event = CaseEvent::SupplementReceived(SupplementReceived {
        papers,
        note: None,
        limit: None,
        due_ms: None,
        because: Vec::new(),
    });
    case.apply(&recorded(event, MORNING + 2));
}

fn told(case: &Case, list: &[Paper]) -> Vec<String> {
    let say = |held: HeldPaper| {
        let mut text = format!(
            "{} {}",
            held.name,
            held.originals + held.certified + held.copies
        );
        for (is, word) in [(held.missing, "missing"), (held.not_needed, "not needed")] {
            if is {
                text.push(' ');
                text.push_str(word);
            }
        }
        match held.reused_from {
            Some(from) if held.reused => format!("{text} {from}"),
            _ => text,
        }
    };
    case.held(list).into_iter().map(say).collect()
}

#[test]
fn what_is_missing_is_said_until_the_dossier_was_completed() {
    let mut case = case();
    let before = [
        "Tờ khai 1",
        "Giấy chứng sinh 0 missing",
        "Ủy quyền 0 not needed",
        "Căn cước 0 H99-1",
    ];
    assert_eq!(told(&case, &list()), before);
    asked(&mut case);
    assert_eq!(told(&case, &list()), before);
    // Completed without papers, nothing is missing any more.
    came(&mut case, Vec::new());
    assert_eq!(
        told(&case, &list()),
        ["Tờ khai 1", "Ủy quyền 0 not needed", "Căn cước 0 H99-1"]
    );
}

#[test]
fn what_a_supplement_brought_counts_also_what_is_not_in_the_list() {
    let mut case = case();
    asked(&mut case);
    let listed = |index, name, originals| WantedPaper {
        index: Some(index),
        ..paper(name, originals)
    };
    came(
        &mut case,
        vec![
            listed(1, "Giấy chứng sinh", 1),
            listed(0, "Tờ khai", 1),
            paper("Văn bản xác nhận", 1),
        ],
    );
    assert_eq!(
        told(&case, &list()),
        [
            "Tờ khai 2",
            "Giấy chứng sinh 1",
            "Ủy quyền 0 not needed",
            "Căn cước 0 H99-1",
            "Văn bản xác nhận 1"
        ]
    );
    // Without the catalogue's version: by the name it was asked for by, or by its number.
    assert_eq!(
        told(&case, &[])[1..3],
        ["Giấy chứng sinh 1", "Giấy tờ số 3 0 not needed"]
    );
}

#[test]
fn only_a_case_with_its_result_takes_papers_of_one() {
    let mut case = case();
    for status in CaseStatus::ALL {
        case.status = status;
        let there = matches!(status, CaseStatus::Done | CaseStatus::Returned);
        assert_eq!(case.has_result(), there, "{status:?}");
    }
}

#[rstest]
#[case::individual(PartyKind::Individual, Some("Nguyễn Văn Đại"), "Lò Thị Mai")]
#[case::enterprise(PartyKind::Enterprise, Some("Nguyễn Văn Đại"), "Nguyễn Văn Đại")]
#[case::nobody_named(PartyKind::Enterprise, None, "Lò Thị Mai")]
fn whoever_acts_for_an_organisation_signs_for_it(
    #[case] kind: PartyKind,
    #[case] representative: Option<&str>,
    #[case] signs: &str,
) {
    let mut case = case();
    case.received.applicant.kind = kind;
    case.received.applicant.representative = representative.map(str::to_owned);
    assert_eq!(case.signer(), signs);
    case.received.submitter = Some(Party {
        name: "Giàng A Páo".to_owned(),
        ..Party::default()
    });
    assert_eq!(case.signer(), "Giàng A Páo");
}
