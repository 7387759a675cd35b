//! Every state with every act: the table's pairs lead where it says, all others are refused.

use motcua_domain::{Code, visit::State};
use rstest::rstest;

use crate::play::{Play, acts};

use State::{Booked, Called, Closed, Held, Missed, Serving, Waiting};

/// The whole table. What is not in it cannot be done.
pub(crate) const TABLE: &[(State, &str, State)] = &[
    (Booked, "check_in", Waiting),
    (Booked, "leave", Closed),
    (Booked, "identify", Booked),
    (Booked, "close_day", Closed),
    (Waiting, "call", Called),
    (Waiting, "add_service", Waiting),
    (Waiting, "leave", Closed),
    (Waiting, "void", Closed),
    (Waiting, "classify", Waiting),
    (Waiting, "identify", Waiting),
    (Waiting, "jump", Waiting),
    (Waiting, "close_day", Closed),
    (Called, "recall", Called),
    (Called, "undo", Waiting),
    (Called, "start", Serving),
    (Called, "miss", Missed),
    (Called, "transfer", Waiting),
    (Called, "add_service", Called),
    (Called, "leave", Closed),
    (Called, "identify", Called),
    (Called, "close_day", Closed),
    (Serving, "hold", Held),
    (Serving, "hold_citizen", Held),
    (Serving, "transfer", Waiting),
    (Serving, "add_service", Serving),
    (Serving, "finish", Closed),
    (Serving, "leave", Closed),
    (Serving, "identify", Serving),
    (Serving, "close_day", Closed),
    (Held, "resume_serving", Serving),
    (Held, "resume_waiting", Waiting),
    (Held, "add_service", Held),
    (Held, "leave", Closed),
    (Held, "identify", Held),
    (Held, "close_day", Closed),
    (Missed, "call", Called),
    (Missed, "return_waiting", Waiting),
    (Missed, "return_called", Called),
    (Missed, "no_show", Closed),
    (Missed, "leave", Closed),
    (Missed, "identify", Missed),
    (Missed, "close_day", Closed),
    (Closed, "reopen_waiting", Waiting),
    (Closed, "reopen_serving", Serving),
    (Closed, "identify", Closed),
];

/// Where the table leads, if anywhere. Finishing with services still to come waits for the next.
pub(crate) fn leads(from: State, act: &str) -> Option<State> {
    TABLE
        .iter()
        .find(|(state, name, _)| *state == from && *name == act)
        .map(|(.., to)| *to)
}

#[rstest]
fn every_act_leads_where_the_table_says_or_is_refused(
    #[values(Booked, Waiting, Called, Serving, Held, Missed, Closed)] state: State,
) {
    for (name, act) in acts() {
        let mut play = Play::standing(state);
        let before = play.visit.clone();
        match (leads(state, name), play.try_act(act)) {
            (Some(to), Ok(visit)) => assert_eq!(visit.state(), to, "{state:?} {name}"),
            (None, Err(refusal)) => {
                assert!(
                    matches!(refusal.code, Code::VisitState | Code::VisitAlreadyCalled),
                    "{state:?} {name}: {refusal:?}"
                );
                assert!(!refusal.message.is_empty());
                assert_eq!(play.visit, before, "a refusal changes nothing");
            }
            (expected, got) => {
                panic!("{state:?} {name}: expected {expected:?}, got {got:?}")
            }
        }
    }
}
