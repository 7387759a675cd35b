use proptest::prelude::*;

use super::*;

const OFFICE: &str = "H99.12";

/// Stands for a signature here: the real ones are tried where the key is.
fn signature(message: &[u8]) -> String {
    blake3::hash(message).to_hex().to_string()
}

fn genuine(message: &[u8], said: &str) -> bool {
    signature(message) == said
}

fn head(kind: Kind, office: Option<&str>, serial: u64, content: &[u8]) -> Head {
    Head {
        kind,
        office: office.map(str::to_owned),
        serial,
        valid_from: "2026-12-01".parse().unwrap(),
        bytes: content.len() as u64,
        hash: Hash(*blake3::hash(content).as_bytes()),
    }
}

fn sealed(head: &Head, content: &[u8]) -> Vec<u8> {
    seal(head, &signature(&head.message()), content).unwrap()
}

fn code(bytes: &[u8], kind: Kind) -> Code {
    open(bytes, kind, OFFICE, genuine).unwrap_err().code
}

#[test]
fn what_was_sealed_is_opened_and_says_what_it_said() {
    for office in [None, Some(OFFICE)] {
        let head = head(Kind::Calendar, office, 7, b"{}\n{}");
        let opened = open(&sealed(&head, b"{}\n{}"), Kind::Calendar, OFFICE, genuine).unwrap();
        assert_eq!((opened.head, &opened.content[..]), (head, &b"{}\n{}"[..]));
    }
}

#[test]
fn each_kind_of_wrong_bundle_has_its_code() {
    let good = head(Kind::Users, None, 3, b"[]");
    let whole = sealed(&good, b"[]");
    assert_eq!(code(b"", Kind::Users), Code::BundleDamaged);
    assert_eq!(code(b"{\"serial\":1}", Kind::Users), Code::BundleDamaged);
    assert_eq!(
        code(&whole[..whole.len() - 1], Kind::Users),
        Code::BundleDamaged
    );
    let other = seal(&good, &signature(b"something else"), b"[]").unwrap();
    assert_eq!(code(&other, Kind::Users), Code::BundleSignature);
    // Signed, and for another kind than was asked for.
    assert_eq!(code(&whole, Kind::Calendar), Code::BundleDamaged);
    let foreign = head(Kind::Users, Some("H99.13"), 3, b"[]");
    assert_eq!(
        code(&sealed(&foreign, b"[]"), Kind::Users),
        Code::BundleOffice
    );
    let much = vec![b' '; Kind::Users.most() + 1];
    let large = sealed(&head(Kind::Users, None, 3, &much), &much);
    assert_eq!(code(&large, Kind::Users), Code::BundleTooLarge);
    let more = vec![b' '; Kind::Users.most_whole() + 1];
    assert_eq!(code(&more, Kind::Users), Code::BundleTooLarge);
}

#[test]
fn no_two_heads_are_signed_alike() {
    let base = head(Kind::Catalogue, None, 3, b"x");
    let mut others = vec![
        head(Kind::Users, None, 3, b"x"),
        head(Kind::Catalogue, Some(""), 3, b"x"),
        head(Kind::Catalogue, Some(OFFICE), 3, b"x"),
        head(Kind::Catalogue, None, 4, b"x"),
        head(Kind::Catalogue, None, 3, b"y"),
    ];
    let mut later = base.clone();
    later.valid_from = "2026-12-02".parse().unwrap();
    others.push(later);
    for other in others {
        assert_ne!(base.message(), other.message(), "{other:?}");
    }
}

fn taken(own: bool, serial: u64) -> Body {
    Body::Branch(BranchEvent::BundleTaken(BundleTaken {
        kind: Kind::Calendar,
        office: own.then(|| OFFICE.to_owned()),
        serial,
        valid_from: "2026-12-01".parse().unwrap(),
        bytes: 1,
        hash: String::new(),
        signature: String::new(),
        key: String::new(),
        changed: 1,
    }))
}

#[test]
fn a_refusal_stands_until_a_newer_one_is_taken_in_and_scopes_are_apart() {
    let refused = Body::Branch(BranchEvent::BundleRefused(BundleRefused {
        kind: Kind::Calendar,
        own: false,
        serial: 3,
        code: "BUNDLE_SIGNATURE".to_owned(),
        message: String::new(),
    }));
    let events = [taken(false, 2), refused, taken(true, 9), taken(false, 1)];
    let fold = |own, events: &[Body]| Standing::fold(own, events.iter().map(|body| (body, 0)));
    let standing = fold(false, &events);
    assert_eq!((standing.serial(), standing.refused.is_some()), (2, true));
    assert_eq!(fold(true, &events).serial(), 9);
    let mut events = events.to_vec();
    events.push(taken(false, 3));
    let standing = fold(false, &events);
    assert_eq!((standing.serial(), standing.refused), (3, None));
}

proptest! {
    #[test]
    fn a_bundle_that_was_touched_anywhere_is_never_opened(
        content in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
        cut in any::<prop::sample::Index>(),
    ) {
        let good = head(Kind::Catalogue, None, 5, &content);
        let whole = sealed(&good, &content);
        let mut touched = whole.clone();
        let at = at.index(touched.len());
        touched[at] ^= flip;
        // JSON may be written in two ways, with the same meaning: what is opened is what was sealed.
        if let Ok(opened) = open(&touched, Kind::Catalogue, OFFICE, genuine) {
            prop_assert_eq!((&opened.head, &opened.content), (&good, &content));
        }
        let cut = cut.index(whole.len());
        prop_assert!(open(&whole[..cut], Kind::Catalogue, OFFICE, genuine).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes, Kind::Catalogue, OFFICE, genuine).is_err());
    }
}
