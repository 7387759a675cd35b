//! Officers as a central system names them: added, changed, no longer working here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Branch, Officer, Role};
use crate::refusal::{Code, Refusal, Result};

/// One officer, with everything that holds from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffEntry {
    /// Short stable name.
    pub id: String,
    /// Full name as signed.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Works here no longer: may do nothing, and what they did keeps their name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

impl Branch {
    /// This branch with those officers as they are named, and everybody else as before; with how
    /// many are not as they were. What was recorded keeps the id of whoever did it.
    ///
    /// # Errors
    /// `BUNDLE_STAFF` where no supervisor or no administrator would be left, `ARGUMENT_INVALID`
    /// where one is named twice, and those of [`Branch::checked`].
    pub fn with_staff(&self, staff: &[StaffEntry]) -> Result<(Self, u32)> {
        let mut next = self.clone();
        for (i, entry) in staff.iter().enumerate() {
            if staff[..i].iter().any(|before| before.id == entry.id) {
                return Err(Refusal::new(
                    Code::ArgumentInvalid,
                    format!("Cán bộ {} ghi hai lần.", entry.id),
                )
                .at(format!("users[{i}].id")));
            }
            let at = next.officers.iter().position(|o| o.id == entry.id);
            let officer = Officer {
                id: entry.id.clone(),
                name: entry.name.clone(),
                roles: entry.roles.clone(),
            };
            match (at, entry.disabled) {
                (Some(at), false) => next.officers[at] = officer,
                (None, false) => next.officers.push(officer),
                (Some(at), true) => {
                    next.officers.remove(at);
                }
                (None, true) => {}
            }
        }
        // An administrator may do what a supervisor does, but is seldom in the room.
        for (role, who) in [(Role::Supervisor, "giám sát"), (Role::Admin, "quản trị")] {
            let has = |branch: &Self| branch.officers.iter().any(|o| o.roles.contains(&role));
            if has(self) && !has(&next) {
                return Err(Refusal::new(
                    Code::BundleStaff,
                    format!("Danh sách này làm chi nhánh không còn {who} nào."),
                )
                .at("users"));
            }
        }
        let next = next.checked()?;
        let as_before = |o: &&Officer| self.officer(&o.id) == Some(o);
        let kept = next.officers.iter().filter(as_before).count();
        let gone = self.officers.iter();
        let gone = gone.filter(|o| next.officer(&o.id).is_none()).count();
        let changed = next.officers.len() - kept + gone;
        Ok((next, changed as u32))
    }
}
