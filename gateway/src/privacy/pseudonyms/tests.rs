use proptest::prelude::*;
use uis_phones::Country;

use super::*;

fn with(key: u8) -> Pseudonyms {
    Pseudonyms::new([key; 32])
}

#[test]
fn a_phone_is_one_in_every_spelling() {
    let mut hidden = with(1);
    let number = hidden.text("79161234567");
    assert!(number.starts_with("79") && number.len() == 11 && number != "79161234567", "{number}");
    let national = &number[1..];
    assert_eq!(hidden.text("89161234567"), format!("8{national}"));
    assert_eq!(hidden.text("тел. 9161234567"), format!("тел. {national}"));
    let spelled = format!("+7 ({}) {}-{}-{}", &national[..3], &national[3..6], &national[6..8], &national[8..]);
    assert_eq!(hidden.text("+7 (916) 123-45-67"), spelled);
    assert_eq!(hidden.text("8 916 123 45 67"), format!("8{}", &spelled[2..].replace(['(', ')'], "").replace('-', " ")));
    assert_eq!(hidden.text("https://wa.me/79161234567"), format!("https://wa.me/{number}"));
    assert!(hidden.text("x?a=%2B79161234567").ends_with(&format!("%2B{number}")));
    assert_eq!(hidden.form("phone=%2B79161234567"), format!("phone=%2B{number}"));
    assert_eq!(hidden.json("{\"phone\":79161234567}"), format!("{{\"phone\":{number}}}"));
    assert_eq!(hidden.json(r#"{"list":"[\"79161234567\"]"}"#), format!(r#"{{"list":"[\"{number}\"]"}}"#), "JSON within a text");
}

#[test]
fn dates_ids_and_the_programs_words_stay() {
    let mut hidden = with(1);
    for text in
        ["2026-11-23 10:00:00", "2026-11-23T10:00:00.000+03:00", "10:00", "Europe/Berlin", "12345", "23.11.2026", "{{visitor_name}}"]
    {
        assert_eq!(hidden.text(text), text);
    }
    hidden.learn_json(r#"{"call_session_id":3194828312,"status":"awaiting-vip","visitor_id":3194828313}"#);
    assert_eq!(hidden.text("https://app.example/3194828312/"), "https://app.example/3194828312/");
    assert_eq!(hidden.text("awaiting-vip"), "awaiting-vip");
    assert_ne!(hidden.json(r#"{"visitor_id":3194828313}"#), r#"{"visitor_id":3194828313}"#, "a visitor's id leads to a person");
    hidden.learn_json(r#"{"chat_id":79161234567}"#);
    assert_ne!(hidden.text("79161234567"), "79161234567", "messengers use phones as ids");
}

#[test]
fn an_address_stays_one_and_a_domain_too() {
    let mut hidden = with(1);
    let (anna, boris) = (hidden.text("Anna.Ivanova@Lamps.ru"), hidden.text("boris@lamps.ru"));
    assert_eq!(anna.to_lowercase(), hidden.text("anna.ivanova@lamps.ru"), "the case stays a matter of case");
    let domain = |email: &str| email.split_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default();
    assert_eq!(domain(&anna), domain(&boris));
    assert!(domain(&anna).ends_with(".example") && !domain(&anna).contains("lamps"), "{anna}");
    assert_ne!(domain(&hidden.text("boris@lamps.com")), domain(&boris), "two domains never become one");
    assert_eq!(hidden.text("uis-email-boris@lamps.ru"), format!("uis-email-{boris}"), "as the plugin joins it");
}

#[test]
fn broken_json_and_unknown_names_are_hidden_too() {
    let mut hidden = with(1);
    for text in ["{\"text\":\"Секретная Тайна", "{\"Тайна\":1}", "[\"тайна\", тайна]", "{\"a\":\"\\u0422\\u0430\\u0439\\u043d\\u0430\"}"]
    {
        let found = hidden.json(text).to_lowercase();
        assert!(!found.contains("тайна") && !found.contains("\\u0430"), "{found}");
    }
}

#[test]
fn tokens_are_replaced_as_a_whole() {
    let mut hidden = with(1);
    let token = hidden.text("NzkxNjEyMzQ1Njc");
    assert!(token.len() == 15 && token != "NzkxNjEyMzQ1Njc", "{token}");
    let hash = hidden.text("d41d8cd98f00b204e9800998ecf8427e");
    assert!(hash.len() == 32 && hash.bytes().all(|sign| sign.is_ascii_hexdigit()) && hash != "d41d8cd98f00b204e9800998ecf8427e", "{hash}");
}

#[test]
fn the_programs_words_name_nobody() {
    let known = harmless::Harmless::default();
    let names = [
        "Александр",
        "Алексей",
        "Анастасия",
        "Андрей",
        "Анна",
        "Борис",
        "Валентина",
        "Виктор",
        "Владимир",
        "Галина",
        "Дмитрий",
        "Екатерина",
        "Елена",
        "Иван",
        "Ирина",
        "Людмила",
        "Мария",
        "Михаил",
        "Наталья",
        "Николай",
        "Ольга",
        "Павел",
        "Пётр",
        "Светлана",
        "Сергей",
        "Татьяна",
        "Юлия",
        "Иванов",
        "Иванова",
        "Петров",
        "Петрова",
        "Сидоров",
        "Смирнов",
        "Кузнецова",
        "anna",
        "boris",
        "ivan",
        "maria",
        "olga",
        "petrov",
    ];
    let found: Vec<&str> = names.into_iter().filter(|name| known.has(name)).collect();
    assert!(found.is_empty(), "{found:?} stand in texts of the plugin or the host, so they stay in a masked export");
    assert!(known.has("Звонок") && known.has("retailcrm"), "the words of the programs' texts");
}

#[test]
fn a_phone_becomes_one_that_nobody_has() {
    for key in 0..30 {
        let mut hidden = with(key);
        let mobile = hidden.text("79031112233");
        assert!(phones::FREE_CODES.contains(&&mobile[1..4]), "{mobile}");
        for landline in ["74957778899", "78123334455", "73432221100"] {
            let landline = hidden.text(landline);
            assert!(matches!(landline.as_bytes()[4], b'0' | b'1'), "{landline}");
        }
        let american = hidden.text("12125551234");
        assert_eq!(&american[4..9], "55501");
    }
}

/// Digits as people are called: of Russia mostly, and of other countries.
fn phone() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "79[0-9]{9}",
        3 => "7(495|812|343|863)[2-9][0-9]{6}",
        1 => "7800[0-9]{7}",
        1 => "77(01|47|27)[0-9]{7}",
        1 => "375(29|33)[1-9][0-9]{6}",
        1 => "1212[2-9][0-9]{6}",
        1 => "4420[0-9]{8}",
        1 => "[1-9][0-9]{5,14}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn phones_keep_how_they_are_read_and_never_become_one(phones in prop::collection::hash_set(phone(), 1..12), key in any::<u8>()) {
        let mut hidden = with(key);
        let mut seen = std::collections::HashMap::new();
        for phone in &phones {
            let other = hidden.text(phone);
            prop_assert_eq!(other.len(), phone.len());
            prop_assert_eq!(&hidden.text(phone), &other, "it stays the same");
            prop_assert_eq!(seen.insert(other.clone(), phone), None, "two became one");
            prop_assert_eq!(uis_phones::assigned(&other).is_some(), uis_phones::assigned(phone).is_some(), "{} {}", phone, other);
            if uis_phones::assigned(phone).is_some() {
                prop_assert_eq!(uis_phones::assigned(&other), uis_phones::assigned(phone), "{} {}", phone, other);
                prop_assert_eq!(uis_phones::national(&other).len(), uis_phones::national(phone).len());
                prop_assert_eq!(&other[..1], &phone[..1], "the country");
            }
            let typed = |digits: &str| uis_phones::typed(digits, Country::RUSSIA).len();
            prop_assert_eq!(typed(&other), typed(phone));
        }
    }

    #[test]
    fn words_keep_case_length_and_what_they_share(word in "[а-яё]{1,12}", end in "[а-яё]{1,5}", latin in "[A-Za-z]{1,12}", key in any::<u8>()) {
        let mut hidden = with(key);
        let known = harmless::Harmless::default();
        let longer = format!("{word}{end}");
        prop_assume!(!known.has(&word) && !known.has(&longer) && !known.has(&latin) && !words::is_token(&latin));
        let (one, two) = (hidden.text(&word), hidden.text(&longer));
        prop_assert_eq!(one.chars().count(), word.chars().count());
        prop_assert!(two.starts_with(&one), "a text that was cut off is still the beginning: {} {}", one, two);
        prop_assert_ne!(&one, &two);
        prop_assert_eq!(hidden.text(&word.to_uppercase()), one.to_uppercase());
        let capitals = |text: &str| text.chars().map(char::is_uppercase).collect::<Vec<_>>();
        prop_assert_eq!(capitals(&hidden.text(&latin)), capitals(&latin));
        prop_assert_eq!(hidden.text(&format!("{word}, {latin}!")), format!("{one}, {}!", hidden.text(&latin)), "a text is its words");
    }

    #[test]
    fn two_words_never_become_one(words in prop::collection::hash_set("[а-я]{2,4}", 2..60), key in any::<u8>()) {
        let mut hidden = with(key);
        let others: std::collections::HashSet<String> = words.iter().map(|word| hidden.text(word)).collect();
        let kept = harmless::Harmless::default();
        if words.iter().all(|word| !kept.has(word)) {
            prop_assert_eq!(others.len(), words.len());
        }
    }

    #[test]
    fn another_key_gives_others(phone in "79[0-9]{9}", name in "[А-Я][а-я]{7,12}") {
        prop_assume!(!harmless::Harmless::default().has(&name));
        let text = format!("{name} {phone}");
        let (one, other) = (with(1).text(&text), with(2).text(&text));
        prop_assert_ne!(&one, &other);
        prop_assert!(!one.contains(&phone) && !one.contains(&name));
    }

    #[test]
    fn any_text_is_hidden_without_failing(text in any::<String>(), key in any::<u8>()) {
        let mut hidden = with(key);
        hidden.learn_body(&text);
        let once = hidden.text(&text);
        prop_assert_eq!(&hidden.text(&text), &once);
        hidden.body(&text);
        hidden.path(&text);
    }
}
