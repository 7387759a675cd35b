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

/// The end of an id that a code stands for, in however many pieces and whichever letters it was typed;
/// none where it is no code.
pub fn booking_tail(typed: &str) -> Option<u32> {
    let typed = typed.to_uppercase();
    let letters = typed.trim().strip_prefix("HEN").unwrap_or(&typed);
    let mut tail = 0_u32;
    let mut count = 0;
    for letter in letters.chars().filter(|c| !matches!(c, ' ' | '-')) {
        // Left out because they are taken for these.
        let letter = match letter {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = LETTERS.iter().position(|b| char::from(*b) == letter)?;
        tail = tail << 5 | value as u32;
        count += 1;
        if count > 6 {
            return None;
        }
    }
    (count == 6).then_some(tail)
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

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        for end in [0, 33, 0x3fff_ffff, 0x1234_5678] {
            let code = booking_code(Uuid::from_u128(7 << 90 | end));
            let tail = Some((end & 0x3fff_ffff) as u32);
            assert_eq!(booking_tail(&code), tail);
            assert_eq!(booking_tail(&code.to_lowercase().replace('-', " ")), tail);
            assert_eq!(
                booking_tail(&code.replace("HEN-", "").replace('-', "")),
                tail
            );
        }
        assert_eq!(booking_tail("HEN-OIL-000"), booking_tail("HEN-011-000"));
        for no_code in ["", "HEN", "HEN-12", "HEN-123-4567", "HEN-UUU-UUU", "A-001"] {
            assert_eq!(booking_tail(no_code), None, "{no_code}");
        }
    }
}
