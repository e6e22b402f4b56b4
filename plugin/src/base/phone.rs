//! Phone numbers as keys: the same person's number must look the same however it was written.

/// Digits with the country code first. The platform gives E.164 digits; people and CRMs also write the Russian trunk prefix
/// (`8 916 …`) or leave the country out (`916 …`), which are read as Russian numbers `[inferred: the platform's default country]`.
pub fn canonical(number: &str) -> String {
    let dialled: String = number.chars().filter(char::is_ascii_digit).collect();
    // Dialled from Russia or from elsewhere, a foreign number begins so.
    let abroad = ["810", "00"].into_iter().find_map(|prefix| dialled.strip_prefix(prefix).filter(|rest| rest.len() >= 10));
    let digits = abroad.map_or_else(|| dialled.clone(), str::to_owned);
    match (digits.len(), digits.as_bytes().first()) {
        (11, Some(b'8')) => format!("7{}", &digits[1..]),
        (10, Some(b'3'..=b'9')) => format!("7{digits}"),
        _ => digits,
    }
}

/// Whether two numbers, however written, are one.
pub fn same(left: &str, right: &str) -> bool {
    let (left, right) = (canonical(left), canonical(right));
    !left.is_empty() && left == right
}

/// The part of a number that every way of writing it shares: for a Russian number the ten digits after the country code.
pub fn national(number: &str) -> String {
    let digits = canonical(number);
    match digits.strip_prefix('7') {
        Some(rest) if rest.len() == 10 => rest.to_owned(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_written_in_many_ways_is_one() {
        for written in ["79161234567", "+7 (916) 123-45-67", "89161234567", "8-916-123-45-67", "9161234567"] {
            assert_eq!(canonical(written), "79161234567", "{written}");
            assert!(same(written, "79161234567"));
            assert_eq!(national(written), "9161234567");
        }
    }

    #[test]
    fn foreign_and_short_numbers_stay_as_they_are() {
        assert_eq!(canonical("+375 29 123-45-67"), "375291234567");
        for written in ["8 10 7 916 123 45 67", "007 916 1234567"] {
            assert_eq!(canonical(written), "79161234567", "{written}");
        }
        assert_eq!(canonical("8 10 375 29 123-45-67"), "375291234567");
        assert_eq!(canonical("101"), "101");
        assert_eq!(canonical("88005553535"), "78005553535");
        assert!(!same("", ""));
    }
}
