//! A dossier that was not taken in: no case comes of it, but the citizen gets a paper that says why
//! (Mẫu 03), or what to bring so that it can be taken in (Mẫu 02; NĐ 61/2018/NĐ-CP Điều 17.1), and
//! it stands in the visit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::state::{Party, State, Visit};
use crate::{
    case::{ProcedureRef, Wanted, check_party, decide},
    refusal::{Code, Refusal, Result},
};

/// A dossier that was refused at the desk before it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DossierRefused {
    /// What was asked for.
    pub procedure: ProcedureRef,
    /// Whose dossier it was.
    pub applicant: Party,
    /// Why.
    pub reason: String,
    /// What to bring, where it was only incomplete; none where it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wanted: Option<Wanted>,
}

/// The same, with when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TurnedAway {
    /// What was refused.
    pub dossier: DossierRefused,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// How often its paper was printed.
    #[serde(default)]
    pub prints: u32,
}

/// Refuses a dossier of somebody who is served.
///
/// # Errors
/// `VISIT_STATE` for somebody who is not at the desk; a party or reason that is not well, named.
pub fn refuse_dossier(
    visit: &Visit,
    procedure: ProcedureRef,
    applicant: Party,
    (wanted, why): (Option<Wanted>, &str),
) -> Result<DossierRefused> {
    if visit.state() != State::Serving {
        return Err(Refusal::new(
            Code::VisitState,
            format!(
                "Số {} không đang được phục vụ nên chưa ghi từ chối. Mời bắt đầu phục vụ trước.",
                visit.label()
            ),
        )
        .at("visit_id"));
    }
    Ok(DossierRefused {
        procedure,
        applicant: check_party(applicant).map_err(|r| r.within("applicant"))?,
        wanted: wanted.map(decide::lacking).transpose()?,
        reason: decide::reason(why)?,
    })
}
