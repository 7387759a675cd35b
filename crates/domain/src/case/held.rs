//! The papers of a dossier as they are now: what was received at first, what supplements brought,
//! what was taken over, and what is still missing.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{AttachedTo, Case, CaseStatus, WantedPaper};
use crate::catalogue::Paper;

/// A paper of a dossier as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct HeldPaper {
    /// Its position in the procedure's list, where it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// What it is called.
    pub name: String,
    /// Originals.
    pub originals: u32,
    /// Certified copies.
    pub certified: u32,
    /// Plain copies.
    pub copies: u32,
    /// Required and not (wholly) handed in, as long as the dossier was not completed.
    pub missing: bool,
    /// It does not apply to this citizen.
    pub not_needed: bool,
    /// Taken over from an earlier case.
    pub reused: bool,
    /// The code of that case, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<String>,
}

impl HeldPaper {
    /// Whether any of it is there.
    pub fn is_present(&self) -> bool {
        self.originals > 0 || self.certified > 0 || self.copies > 0
    }

    fn add(&mut self, [originals, certified, copies]: [u32; 3]) {
        self.originals += originals;
        self.certified += certified;
        self.copies += copies;
    }
}

impl Case {
    /// Its papers in the order of the procedure's list, and behind them what is not in it. `list` is
    /// that of the version under which it was received; a paper beyond it goes by the name under
    /// which it was asked for, or by its number.
    pub fn held(&self, list: &[Paper]) -> Vec<HeldPaper> {
        let received = &self.received;
        let later: Vec<&WantedPaper> = self.supplemented().collect();
        let lacking: &[usize] = if self.is_completed() {
            &[]
        } else {
            &received.missing
        };
        let places: BTreeSet<usize> = (received.papers.iter().map(|paper| paper.index))
            .chain(later.iter().filter_map(|paper| paper.index))
            .chain(lacking.iter().copied())
            .collect();
        let listed = places.into_iter().map(|index| {
            let first = received.papers.iter().find(|paper| paper.index == index);
            let more = || later.iter().filter(move |paper| paper.index == Some(index));
            let name = (list.get(index).map(|paper| &paper.name))
                .or_else(|| more().next().map(|paper| &paper.name));
            let mut held = HeldPaper {
                index: Some(index),
                name: name
                    .cloned()
                    .unwrap_or_else(|| format!("Giấy tờ số {}", index + 1)),
                missing: lacking.contains(&index),
                reused: first.is_some_and(|paper| paper.reused),
                ..HeldPaper::default()
            };
            if let Some(first) = first {
                held.add(first.counts());
            }
            more().for_each(|paper| held.add(paper.counts()));
            held.not_needed =
                !held.is_present() && first.is_some_and(|paper| paper.not_applicable.is_some());
            if held.reused {
                held.reused_from = (self.attachments.iter())
                    .filter(|a| a.file.paper == AttachedTo::Paper { index })
                    .find_map(|a| Some(a.file.reused_from.as_ref()?.case_code.clone()));
            }
            held
        });
        let others = later.iter().filter(|paper| paper.index.is_none());
        let others = others.map(|paper| {
            let mut held = HeldPaper {
                name: paper.name.clone(),
                ..HeldPaper::default()
            };
            held.add(paper.counts());
            held
        });
        listed
            .chain(others)
            .filter(|held| held.is_present() || held.missing || held.not_needed || held.reused)
            .collect()
    }

    /// Whether there is a result, so that papers of one can be.
    pub fn has_result(&self) -> bool {
        matches!(self.status, CaseStatus::Done | CaseStatus::Returned)
    }

    /// Who signs where the citizen signs: whoever handed it in, or the owner.
    pub fn signer(&self) -> &str {
        let received = &self.received;
        let person = received.submitter.as_ref().unwrap_or(&received.applicant);
        person.signer()
    }
}
