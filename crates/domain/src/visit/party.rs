//! What is known of a party field by field: to offer it to whoever came before, and to say what was
//! not asked for again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Party, PartyKind};

/// One thing that is known of a party.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum PartyField {
    /// Name.
    Name,
    /// Identity number or tax code.
    IdNumber,
    /// Date of birth.
    BirthDate,
    /// Sex.
    Sex,
    /// Telephone.
    Phone,
    /// E-mail.
    Email,
    /// Address.
    Address,
    /// Who acts for an organisation.
    Representative,
}

impl PartyField {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::IdNumber,
        Self::BirthDate,
        Self::Sex,
        Self::Phone,
        Self::Email,
        Self::Address,
        Self::Representative,
    ];
}

impl Party {
    /// Who signs for them and takes what is theirs: for an organisation whoever acts for it.
    pub fn signer(&self) -> &str {
        let other = self.representative.as_deref();
        other
            .filter(|_| self.kind != PartyKind::Individual)
            .unwrap_or(&self.name)
    }

    /// What a field says, where it says anything.
    pub fn said(&self, field: PartyField) -> Option<String> {
        let text = match field {
            PartyField::Name => Some(self.name.clone()),
            PartyField::IdNumber => self.id_number.clone(),
            PartyField::BirthDate => self.birth_date.map(|date| date.to_string()),
            PartyField::Sex => self.sex.clone(),
            PartyField::Phone => self.phone.clone(),
            PartyField::Email => self.email.clone(),
            PartyField::Address => self.address.clone(),
            PartyField::Representative => self.representative.clone(),
        };
        text.filter(|text| !text.is_empty())
    }

    /// What an earlier record of the same party adds where this one says nothing: somebody who left
    /// their address last year and only a telephone yesterday is known by both.
    pub fn complete_from(&mut self, earlier: &Self) {
        fn or(now: &mut Option<String>, before: Option<&String>) {
            if now.is_none() {
                *now = before.cloned();
            }
        }
        if self.name.is_empty() {
            self.name.clone_from(&earlier.name);
        }
        or(&mut self.id_number, earlier.id_number.as_ref());
        self.birth_date = self.birth_date.or(earlier.birth_date);
        or(&mut self.sex, earlier.sex.as_ref());
        or(&mut self.phone, earlier.phone.as_ref());
        or(&mut self.email, earlier.email.as_ref());
        or(&mut self.address, earlier.address.as_ref());
        or(&mut self.representative, earlier.representative.as_ref());
    }

    /// Leaves of `taken_over` what is true: fields that stand as they were recorded before. What
    /// the officer changed afterwards was asked, and what nobody recorded cannot be taken over.
    pub fn taken_over_from(&mut self, before: Option<&Self>) {
        let mut claimed = std::mem::take(&mut self.taken_over);
        claimed.sort_unstable();
        claimed.dedup();
        claimed.retain(|field| {
            let now = self.said(*field);
            now.is_some() && before.is_some_and(|before| before.said(*field) == now)
        });
        self.taken_over = claimed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(name: &str, phone: Option<&str>, address: Option<&str>) -> Party {
        Party {
            name: name.to_owned(),
            phone: phone.map(str::to_owned),
            address: address.map(str::to_owned),
            ..Party::default()
        }
    }

    #[test]
    fn an_earlier_record_fills_what_the_later_one_does_not_say() {
        let mut known = party("Lò Thị Mai", Some("0912345846"), None);
        known.complete_from(&party("Lò Mai", Some("0900000000"), Some("Bản Mòng")));
        assert_eq!(
            known,
            party("Lò Thị Mai", Some("0912345846"), Some("Bản Mòng"))
        );
    }

    #[test]
    fn only_what_stands_as_it_was_recorded_counts_as_taken_over() {
        let before = party("Lò Thị Mai", Some("0912345846"), Some("Bản Mòng"));
        let mut now = party("Lò Thị Mai", Some("0900000000"), None);
        now.taken_over = vec![
            PartyField::Phone,
            PartyField::Name,
            PartyField::Address,
            PartyField::Name,
        ];
        let mut nobody = now.clone();
        now.taken_over_from(Some(&before));
        assert_eq!(now.taken_over, [PartyField::Name]);
        nobody.taken_over_from(None);
        assert_eq!(nobody.taken_over, []);
    }
}
