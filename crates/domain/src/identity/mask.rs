//! A name as a screen in the hall may show it: enough for its owner, too little for the others.

/// Initials of all words but the last, and the last, by which people are addressed:
/// `H. V. Ký` for Hoàng Văn Ký. A name of one word keeps only its initial.
///
/// ```
/// use motcua_domain::identity::mask::masked;
/// assert_eq!(masked("Hoàng Văn Ký"), "H. V. Ký");
/// assert_eq!(masked("Đặng"), "Đ.");
/// assert_eq!(masked(""), "");
/// ```
pub fn masked(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let initial = |word: &str| word.chars().next().map(|c| format!("{c}."));
    match words.as_slice() {
        [] => String::new(),
        [only] => initial(only).unwrap_or_default(),
        [before @ .., last] => {
            let mut parts: Vec<String> = before.iter().filter_map(|w| initial(w)).collect();
            parts.push((*last).to_owned());
            parts.join(" ")
        }
    }
}
