//! By what an appointment is found again.

use uuid::Uuid;

/// Letters and digits that nobody takes for one another, on paper or on the phone.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `HEN-7K2-M9Q`: the end of the visit's id, short enough to be said. It is looked for among the
/// appointments of some days only, and says nothing of the person.
pub fn booking_code(visit: Uuid) -> String {
    let mut rest = visit.as_u128();
    let mut letters = [0_u8; 6];
    for letter in letters.iter_mut().rev() {
        *letter = LETTERS[(rest & 31) as usize];
        rest >>= 5;
    }
    let said: String = letters.iter().map(|b| char::from(*b)).collect();
    format!("HEN-{}-{}", &said[..3], &said[3..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_end_of_the_id() {
        assert_eq!(booking_code(Uuid::from_u128(0)), "HEN-000-000");
        assert_eq!(booking_code(Uuid::from_u128(31 << 125 | 33)), "HEN-000-011");
        assert_eq!(booking_code(Uuid::from_u128(u128::MAX)), "HEN-ZZZ-ZZZ");
    }
}
