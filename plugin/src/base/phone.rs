//! Phone numbers in canonical form: the same number must compare equal however it was written.

/// The digits, with the country code first. UIS sends E.164 digits. People and RetailCRM also write the Russian trunk prefix (`8 916 …`) or
/// omit the country code (`916 …`); both are read as Russian numbers `[inferred: the platform's default country]`.
pub fn canonical(number: &str) -> String {
    let dialled: String = number.chars().filter(char::is_ascii_digit).collect();
    // The international prefix, as dialled from Russia (`810`) or from elsewhere (`00`).
    let abroad = ["810", "00"].into_iter().find_map(|prefix| dialled.strip_prefix(prefix).filter(|rest| rest.len() >= 10));
    let digits = abroad.map_or_else(|| dialled.clone(), str::to_owned);
    match (digits.len(), digits.as_bytes().first()) {
        (11, Some(b'8')) => format!("7{}", &digits[1..]),
        (10, Some(b'3'..=b'9')) => format!("7{digits}"),
        _ => digits,
    }
}

/// Whether two numbers are the same, however they are written.
pub fn same(left: &str, right: &str) -> bool {
    let (left, right) = (canonical(left), canonical(right));
    !left.is_empty() && left == right
}

/// The digits that every spelling of a number contains: for a Russian number, the ten digits after the country code.
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
