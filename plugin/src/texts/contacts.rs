//! Finds the phone and the e-mail that a visitor left. People write one into the other's field, and both into messages.

use crate::base::phone;

/// How many digits a phone has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// The longest e-mail, according to its standard.
const EMAIL_MAX: usize = 254;
/// How many words of a text are examined.
const WORDS_MAX: usize = 2000;

/// The phone, if the text is nothing but a phone; canonical digits.
pub fn phone(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | '.' | ' ' | '\u{a0}');
    let text = text.trim();
    let digits = phone::canonical(text);
    (text.chars().all(plain) && DIGITS.contains(&digits.len())).then_some(digits)
}

/// The e-mail, if the text is nothing but an e-mail; in lower case.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(['.', ',', ';', ')', '>']).trim_start_matches(['(', '<']);
    let (name, host) = text.split_once('@')?;
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let labels: Vec<&str> = host.split('.').collect();
    let fits = !name.is_empty()
        && text.len() <= EMAIL_MAX
        && name.chars().all(good)
        && labels.len() > 1
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    fits.then(|| text.to_lowercase())
}

/// The phone and the e-mail from two fields, whichever field each was written into.
pub fn of_fields(phone_field: Option<&str>, email_field: Option<&str>) -> (Option<String>, Option<String>) {
    let fields = [phone_field, email_field];
    let first = |find: fn(&str) -> Option<String>, order: [usize; 2]| order.into_iter().find_map(|place| fields[place].and_then(find));
    (first(phone, [0, 1]), first(email, [1, 0]))
}

/// The phone and the e-mail in a text. A number counts as a phone if it begins with `+`, or with `8` or `7` and has ten more digits.
pub fn of_text(text: &str) -> (Option<String>, Option<String>) {
    let found_email = text.split_whitespace().take(WORDS_MAX).find_map(email);
    let mut found_phone = None;
    let mut run = String::new();
    for c in text.chars().chain([' ', 'x']) {
        if c.is_ascii_digit() || (c == '+' && run.is_empty()) || (matches!(c, '-' | '(' | ')' | ' ' | '\u{a0}') && !run.is_empty()) {
            run.push(c);
            continue;
        }
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let russian = digits.len() == 11 && digits.starts_with(['7', '8']);
        if found_phone.is_none() && (russian || (run.starts_with('+') && DIGITS.contains(&digits.len()))) {
            found_phone = phone(&run);
        }
        run.clear();
    }
    (found_phone, found_email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_found_wherever_they_were_written() {
        let some = |text: &str| Some(text.to_owned());
        for (phone_field, email_field, phone, email) in [
            (Some("8 (916) 123-45-67"), Some("Anna@Shop.example"), some("79161234567"), some("anna@shop.example")),
            (Some("anna@shop.example"), Some("+7 916 123 45 67"), some("79161234567"), some("anna@shop.example")),
            (Some("позвоните"), Some("нет"), None, None),
            (Some("12"), None, None, None),
            (None, Some("a@b"), None, None),
            (None, None, None, None),
        ] {
            assert_eq!(of_fields(phone_field, email_field), (phone, email), "{phone_field:?} {email_field:?}");
        }
        for (text, phone, email) in [
            ("мой номер 8 916 123-45-67, спасибо", some("79161234567"), None),
            ("+375 29 123-45-67", some("375291234567"), None),
            ("пишите на Anna.P@shop.example.", None, some("anna.p@shop.example")),
            ("заказ 1234567890123456 от 23.11.2026", None, None),
            ("89161234567 или 89160000002", some("79161234567"), None),
            ("цена 7 990 рублей", None, None),
            ("", None, None),
        ] {
            assert_eq!(of_text(text), (phone, email), "{text}");
        }
    }
}
