//! What holds for any text.

use proptest::prelude::*;
use uis_phones::{Country, Phone, in_text, national, of_system, typed};

/// Argentina is not among them: its plan puts a 9 into the numbers of mobiles that nobody types.
const COUNTRIES: [&str; 10] = ["RU", "BY", "KZ", "UZ", "UA", "DE", "GB", "US", "VN", "IT"];

fn countries() -> impl Strategy<Value = Country> {
    prop::sample::select(COUNTRIES.to_vec()).prop_map(|code| code.parse().expect("a country"))
}

/// Texts of digits and of everything that means something to a reader.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        8 => "[0-9]{1,5}",
        2 => "[0-9]{7,14}",
        3 => prop::sample::select(vec![" ", "-", "(", ")", "+", ".", ",", "/", ";", "#", "*", "x", "\n", ":", "…", "...", "+7", "8", "810", "00"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["доб. ", " вн.", " ext", "кв", "ИНН ", " заказ ", " руб", "@", "тел", "№", "_", "://", "й", "٣", "７"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the digits of a number stand in a text, in their order.
fn stand_in(number: &str, text: &str) -> bool {
    let mut digits = text.chars().filter_map(|c| match c {
        '0'..='9' => Some(c),
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(c) - 0x6f0, 10),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => None,
    });
    number.chars().all(|wanted| digits.any(|digit| digit == wanted))
}

fn check(phone: &Phone, text: &str, country: Country) {
    assert!(is_digits(&phone.number) && (6..=15).contains(&phone.number.len()), "{phone:?}");
    assert!(phone.extension.as_deref().is_none_or(is_digits), "{phone:?}");
    assert!(stand_in(&national(&phone.number), text), "{phone:?} in {text:?}");
    assert!(phone.extension.as_deref().is_none_or(|extension| stand_in(extension, text)), "{phone:?} in {text:?}");
    let shown = phone.to_string();
    for again in [typed(&shown, country), vec![of_system(&shown).expect("a number")], typed(&shown, Country::NONE)] {
        assert_eq!(again, std::slice::from_ref(phone), "{shown}");
    }
    let found: Vec<Phone> = in_text(&shown, country).into_iter().map(|(_, phone)| phone).collect();
    assert_eq!(found, std::slice::from_ref(phone), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_typed_holds_its_numbers(text in texts(), country in countries()) {
        for phone in typed(&text, country) {
            check(&phone, &text, country);
        }
    }

    #[test]
    fn running_text_holds_its_numbers(text in texts(), country in countries()) {
        let mut read_to = 0;
        for (range, phone) in in_text(&text, country) {
            prop_assert!(range.start >= read_to && range.start < range.end);
            check(&phone, &text[range.clone()], country);
            read_to = range.end;
        }
    }

    #[test]
    fn a_systems_number_stays(text in texts()) {
        if let Some(phone) = of_system(&text) {
            prop_assert!(is_digits(&phone.number) && phone.number.len() <= 32 && stand_in(&phone.number, &text));
            prop_assert_eq!(of_system(&phone.to_string()), Some(phone.clone()));
            prop_assert_eq!(of_system(&phone.number), Some(Phone { extension: None, ..phone }));
        }
    }

    #[test]
    fn any_text_is_read(text in any::<String>(), country in countries()) {
        typed(&text, country);
        in_text(&text, country);
        of_system(&text);
    }

    #[test]
    fn a_number_of_russia_is_found_in_every_spelling(
        number in "9[0-9]{9}",
        prefix in prop::sample::select(vec!["8", "+7", "7", "8 ", "+7 ", "", "007", "8-10-7-"]),
        signs in prop::sample::select(vec![["", "", "", ""], [" ", " ", " ", " "], ["(", ") ", "-", "-"], ["-", "-", "-", "-"], [" (", ")", "", ""], ["", ".", ".", "."]]),
        around in prop::sample::select(vec![("", ""), ("кв 5 ", ""), ("", " 12 марта"), ("мой телефон: ", "."), ("Иван, ", "\nспасибо"), ("", " или почта")]),
    ) {
        let [a, b, c, d] = signs;
        let written = format!("{prefix}{a}{}{b}{}{c}{}{d}{}", &number[..3], &number[3..6], &number[6..8], &number[8..]);
        let text = format!("{}{written}{}", around.0, around.1);
        let expected = Phone { number: format!("7{number}"), extension: None };
        prop_assert_eq!(typed(&text, Country::RUSSIA), vec![expected.clone()], "{}", text);
        let found: Vec<Phone> = in_text(&text, Country::RUSSIA).into_iter().map(|(_, phone)| phone).collect();
        prop_assert_eq!(found, vec![expected], "{}", text);
    }
}

/// A text of the greatest length with nothing but digits is read within seconds, also by an unoptimised build.
#[test]
fn a_long_text_is_read_in_time() {
    for unit in ["1 ", "8 9 ", "+7 ", "89161234567 ", "0"] {
        let text = unit.repeat((64 << 10) / unit.len());
        let begun = std::time::Instant::now();
        typed(&text, Country::RUSSIA);
        in_text(&text, "DE".parse().expect("a country"));
        println!("{unit:?} took {:?}", begun.elapsed());
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{unit:?} took {:?}", begun.elapsed());
    }
}
