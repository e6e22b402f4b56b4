//! Phones as RetailCRM's search sees them: digits, a Russian leading 8 and 7 being one.

/// The digits of a number, whatever else it is written with.
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Digits that are equal when the phones are.
pub fn key(number: &str) -> String {
    let digits = digits(number);
    match digits.strip_prefix('8') {
        Some(rest) if rest.len() == 10 => format!("7{rest}"),
        _ => digits,
    }
}
