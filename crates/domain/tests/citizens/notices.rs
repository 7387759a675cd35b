//! Whatever was recorded, by whichever machines and in whatever order: nobody is told twice by a
//! machine, nobody is told who does not want to be, and nobody is forgotten.

use motcua_domain::notice::{
    CallOutcome, Channel, Consent, Contact, LONGEST_PAUSE_MS, Means, Step, Telling, Told, next,
    pause_ms,
};
use proptest::prelude::*;

fn told(told: Told) -> Telling {
    Telling {
        at_ms: 1,
        by: "system".to_owned(),
        told,
    }
}

fn any_told() -> impl Strategy<Value = Told> {
    let channel = prop::sample::select(vec![Channel::Email, Channel::Sms]);
    prop_oneof![
        1 => channel.clone().prop_map(|channel| Told::Sent { channel }),
        4 => (channel, 0..3_u32).prop_map(|(channel, contact)| Told::Refused {
            channel,
            reason: "mã 550".to_owned(),
            contact,
        }),
        4 => (0..3_usize, 0..3_u32).prop_map(|(i, contact)| Told::Called {
            outcome: [CallOutcome::Reached, CallOutcome::NoAnswer, CallOutcome::WrongNumber][i],
            note: None,
            contact,
        }),
    ]
}

fn any_contact() -> impl Strategy<Value = Contact> {
    (
        prop::sample::select(vec![None, Some(Consent::Agreed), Some(Consent::Declined)]),
        prop::sample::select(vec![None, Some("0912345678"), Some("02143840123")]),
        any::<bool>(),
        0..3_u32,
    )
        .prop_map(|(consent, phone, email, changes)| Contact {
            consent,
            phone: phone.map(str::to_owned),
            email: email.then(|| "mai@example.vn".to_owned()),
            changes,
        })
}

proptest! {
    #[test]
    fn the_machine_holds_its_promises(
        live: bool,
        contact in any_contact(),
        tellings in prop::collection::vec(any_told(), 0..8),
        email: bool,
        sms: bool,
    ) {
        let tellings: Vec<Telling> = tellings.into_iter().map(told).collect();
        let step = next(live, &contact, &tellings, Means { email, sms });
        let knows = tellings.iter().any(|t| matches!(
            t.told,
            Told::Sent { .. } | Told::Called { outcome: CallOutcome::Reached, .. }
        ));
        prop_assert_eq!(step == Step::Told, knows, "what was accepted once is never sent again");
        if !knows {
            let wanted = live && contact.consent == Some(Consent::Agreed);
            prop_assert_eq!(step == Step::Moot, !wanted, "nobody who did not agree, nobody forgotten");
        }
        match step {
            Step::Email => prop_assert!(email && contact.email.is_some()),
            Step::Sms => prop_assert!(sms && contact.phone.as_deref() == Some("0912345678"), "no SMS to a landline"),
            Step::Call => prop_assert!(contact.phone.is_some()),
            _ => {}
        }
        // The order in which machines come to know of what was done changes nothing.
        let mut turned = tellings.clone();
        turned.reverse();
        prop_assert_eq!(step, next(live, &contact, &turned, Means { email, sms }));
    }

    #[test]
    fn refusals_lead_to_a_person_and_a_new_address_begins_anew(email: bool, sms: bool, phone: bool) {
        let mut contact = Contact {
            consent: Some(Consent::Agreed),
            phone: phone.then(|| "0912345678".to_owned()),
            email: Some("mai@example.vn".to_owned()),
            changes: 0,
        };
        let means = Means { email, sms };
        let first = next(true, &contact, &[], means);
        let mut tellings = Vec::new();
        // Whatever is tried is refused: at most one try for each way, then a person.
        for _ in 0..3 {
            let channel = match next(true, &contact, &tellings, means) {
                Step::Email => Channel::Email,
                Step::Sms => Channel::Sms,
                other => {
                    prop_assert_eq!(other, if phone { Step::Call } else { Step::Unreachable });
                    break;
                }
            };
            tellings.push(told(Told::Refused { channel, reason: String::new(), contact: 0 }));
        }
        prop_assert!(tellings.len() <= 2);
        contact.changes = 1;
        prop_assert_eq!(next(true, &contact, &tellings, means), first);
    }

    #[test]
    fn pauses_grow_and_are_capped(failures in 1..200_u32) {
        prop_assert!(pause_ms(failures) <= pause_ms(failures + 1));
        prop_assert!(pause_ms(failures) <= LONGEST_PAUSE_MS);
    }
}

#[test]
fn a_wrong_number_is_not_called_again_and_nobody_at_home_is() {
    let contact = Contact {
        consent: Some(Consent::Agreed),
        phone: Some("0912345678".to_owned()),
        ..Contact::default()
    };
    let called = |outcome| {
        vec![told(Told::Called {
            outcome,
            note: None,
            contact: 0,
        })]
    };
    let after = |outcome| next(true, &contact, &called(outcome), Means::default());
    assert_eq!(after(CallOutcome::NoAnswer), Step::Call);
    assert_eq!(after(CallOutcome::WrongNumber), Step::Unreachable);
    assert_eq!(after(CallOutcome::Reached), Step::Told);
}
