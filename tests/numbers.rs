//! Phones: what UIS gives stays as it is, what people type is read by the account's country, an extension is kept apart, and one person is
//! one customer. The recordings are in `recordings/numbers/`; the property test has people of eleven countries.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_test_support::chaos::{cases, save_case};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_blocking;
use uis_test_support::{Replayed, root, story};

/// `customer ID has PHONES [EMAIL]`, `calls NUMBERS`, `dialled NUMBER [then TONES]`, `answer NAME, forward to NUMBERS`, in the order of the systems' lists.
const AFTER: &[(&str, &[&str])] = &[
    (
        "foreign-callers",
        &[
            "customer 1 has 84987650321",
            "customer 2 has 85261234987",
            "customer 3 has 3725123456",
            "customer 4 has 493012345678",
            "customer 5 has 8613800138000",
            "calls 84987650321, 85261234987, 3725123456, 493012345678, 8613800138000",
            "dialled 84987650321",
            "dialled 85261234987",
            "dialled 3725123456",
            "dialled 8613800138000",
        ],
    ),
    (
        "same-digits-at-home",
        &[
            "customer 31 has 8 (493) 855-01-70",
            "customer 32 has 84938550170",
            "calls 84938550170, 74938550170",
            "dialled 84938550170",
            "dialled 74938550170",
        ],
    ),
    (
        "extensions-in-the-crm",
        &[
            "customer 41 has +74951230011#204",
            "customer 42 has 8 (495) 123-00-12 доб. 7",
            "customer 43 has 8 495 123-00-13 доб. 1; 8 495 123-00-14",
            "customer 44 has +7 495 123-00-15 доб. 11",
            "customer 45 has +7 495 123-00-15, доб. 12",
            "calls 74951230011, 74951230012, 74951230014, 74951230015",
            "dialled 74951230012 then ...7",
            "dialled 74951230011 then ...204",
        ],
    ),
    (
        "more-than-a-number-typed",
        &[
            "customer 1 has 79217001001 and 79217001011",
            "customer 2 has 79217001002 and 79217001012",
            "customer 3 has 79217001003",
            "customer 4 has 78127001004 доб. 33",
            "customer 5 has 79217001005",
            "customer 6 has 358401234567 and 79217001006",
        ],
    ),
    ("further-numbers-of-a-known-client", &["customer 61 has 8 (921) 700-20-01", "calls 79217002002"]),
    ("known-by-the-second-number", &["customer 63 has +7 921 700-63-02", "calls 79217006301"]),
    (
        "card-by-every-spelling",
        &[
            "customer 51 has +7 (812) 700-61-01, доб. 512",
            "customer 52 has 8 812 700-61-02; 8 921 700-61-02",
            "answer Снабжение, forward to 74950001101",
            "answer Склад, forward to 74950001101",
            "answer nobody, forward to nobody",
        ],
    ),
    (
        "card-of-nobody-else",
        &[
            "customer 53 has +84 938 550 180",
            "customer 54 has 8 (493) 855-01-90",
            "answer nobody, forward to nobody",
            "answer Линь, forward to 74950001101",
            "answer nobody, forward to nobody",
            "answer Ткачиха, forward to 74950001101",
        ],
    ),
    ("own-numbers-quoted", &["customer 1 has 79217006202", "customer 2 has 79217006203"]),
    ("messenger-numbers", &["customer 1 has 84938550195", "customer 2 has 4930255019", "calls 84938550195, 4930255019"]),
    ("email-of-a-client-without-one", &["customer 64 has 8 921 700-64-01 lada@mail.example"]),
    ("visitor-of-a-call", &["customer 1 has 79217006501", "calls 79217006501"]),
    ("click-on-a-stored-number", &["customer 65 has 84938550197", "dialled 84938550197", "dialled 74938550197"]),
    (
        "phones-in-messages",
        &[
            "customer 1 has 79217003001",
            "customer 2 has 79217003002",
            "customer 3 has 79217003003",
            "customer 4 has 79217003004 and 79217003014",
            "customer 5 has 375297003005",
        ],
    ),
    ("impossible-numbers", &[]),
    (
        "country-of-numbers",
        &[
            "customer 91 has 020 7946 0958",
            "customer 92 has 442079460018",
            "customer 93 has 447700900123 доб. 4",
            "customer 94 has 79217004001",
            "calls 442079460958",
        ],
    ),
    ("later-phone-joins", &["customer 1 has 79217005001 olga@mail.example", "calls 79217005001"]),
    ("later-phone-in-a-chat-joins", &["customer 1 has 79217005002 nina@mail.example", "calls 79217005002"]),
    ("two-clients-of-one-person-join", &["customer 1 has 79217005003 pavel@mail.example", "calls 79217005003"]),
    ("later-email-of-the-same-phone-joins", &["customer 1 has 79217005004 anton@mail.example", "calls 79217005004"]),
    ("joining-is-off", &["customer 1 has  rita@mail.example", "customer 2 has 79217005005", "calls 79217005005"]),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn phones_of(customer: &Value) -> Vec<&str> {
    customer["phones"].as_array().into_iter().flatten().map(|phone| text(&phone["number"])).collect()
}

fn lines(after: &Replayed) -> Vec<String> {
    let customer = |customer: &Value| {
        let line = format!("customer {} has {} {}", customer["id"], phones_of(customer).join(" and "), text(&customer["email"]));
        line.strip_suffix(' ').map_or(line.clone(), str::to_owned)
    };
    let dialled = |order: &Value| {
        let tones = order["dtmf_string"].as_str().map(|tones| format!(" then {tones}")).unwrap_or_default();
        format!("dialled {}{tones}", text(&order["contact"]))
    };
    let calls: Vec<&str> = after.calls().iter().map(|call| text(&call["phone"])).collect();
    let calls = (!calls.is_empty()).then(|| format!("calls {}", calls.join(", ")));
    let answer = |answer: &Value| {
        let forward: Vec<&str> = answer["forward_to"].as_array().into_iter().flatten().map(text).collect();
        let known = |name: &str| if name.is_empty() { "nobody".to_owned() } else { name.to_owned() };
        format!("answer {}, forward to {}", known(text(&answer["card"]["name"])), known(&forward.join(", ")))
    };
    let after_calls = after.dialled().iter().map(dialled).chain(after.answers().iter().map(answer));
    after.customers().iter().map(customer).chain(calls).chain(after_calls).collect()
}

#[test]
fn numbers_are_read_where_people_typed_them_and_kept_where_uis_gave_them() {
    for (name, expected) in AFTER {
        assert_eq!(lines(&story(&format!("numbers/{name}")).replay_natively()), *expected, "{name}");
    }
    let recordings = std::fs::read_dir(root().join("tests/recordings/numbers")).expect("a folder").count();
    assert_eq!(AFTER.len(), recordings, "a recording is missing in the table");
}

#[test]
fn an_extension_picks_among_customers_who_share_a_number() {
    let after = story("numbers/extensions-in-the-crm").replay_natively();
    let orders: Vec<&Value> = after.popups().iter().map(|popup| &popup["phone"]).collect();
    assert_eq!(orders.len(), 4, "{orders:?}");
    assert_eq!(after.customers().len(), 5, "nobody new");
}

#[test]
fn a_request_without_a_possible_number_stays_visible() {
    let after = story("numbers/impossible-numbers").replay_natively();
    assert_eq!(after.messages().iter().filter(|message| message.contains("neither phone nor e-mail")).count(), 5);
}

/// A person: the country, the number as UIS gives it, and how it is typed in that country.
type Person = (&'static str, &'static str, &'static [&'static str]);

/// Among them people whose digits are the same number in another country: Vietnam's `84938550164` is also a spelling of Ivanovo's
/// `74938550164`, and Kazakhstan has Russia's country code.
const PEOPLE: [Person; 12] = [
    ("RU", "79161234567", &["8 916 123-45-67", "89161234567", "9161234567", "8(916)1234567", "8 916 123 45 67 Анна"]),
    ("RU", "74938550164", &["8 (493) 855-01-64", "+7 493 855 01 64", "8-493-855-01-64"]),
    ("VN", "84938550164", &["0938550164", "0938 550 164"]),
    ("BY", "375291234567", &["8 029 123-45-67", "80291234567"]),
    ("KZ", "77011234567", &["8 701 123 45 67", "87011234567", "7011234567"]),
    ("SG", "6582550437", &["8255 0437", "82550437"]),
    ("HK", "85225550188", &["2555 0188"]),
    ("EE", "37255501234", &["5550 1234"]),
    ("KR", "821025501234", &["010-2550-1234", "01025501234"]),
    ("DE", "4930255012", &["030 255012", "(030) 255 012"]),
    ("GB", "442071838750", &["020 7183 8750", "(020) 71838750"]),
    ("CN", "8613800138000", &["138 0013 8000", "13800138000"]),
];

/// How a person gets in touch, or is called.
#[derive(Debug, Clone, Copy)]
enum Contact {
    /// UIS reports a call from the number.
    Call,
    /// A call with an extension, as UIS writes it.
    CallOfExtension,
    /// The number is typed into a form.
    Form(usize),
    /// The number is typed into a form with an extension.
    FormWithExtension(usize),
    /// The number is written in a chat, as international.
    Chat,
    /// A user clicks the number in RetailCRM, where the integration wrote it.
    Click,
}

fn contacts() -> impl Strategy<Value = Vec<(usize, Contact)>> {
    let contact = prop_oneof![
        3 => Just(Contact::Call),
        1 => Just(Contact::CallOfExtension),
        3 => (0..7usize).prop_map(Contact::Form),
        1 => (0..7usize).prop_map(Contact::FormWithExtension),
        2 => Just(Contact::Chat),
        2 => Just(Contact::Click),
    ];
    prop::collection::vec((0..PEOPLE.len(), contact), 1..10).prop_map(|mut all| {
        // Only what is in RetailCRM can be clicked.
        let mut known = BTreeSet::new();
        all.retain(|(person, contact)| match contact {
            Contact::Click => known.contains(person),
            _ => {
                known.insert(*person);
                true
            }
        });
        all
    })
}

/// A spelling of the number that people use in `country`.
fn spelling((home, number, national): Person, country: &str, choice: usize) -> String {
    let grouped = format!("{} {}", &number[..number.len() - 4], &number[number.len() - 4..]);
    let international = if country == "RU" { format!("8 10 {grouped}") } else { format!("00 {grouped}") };
    let known = [format!("+{number}"), format!("+{grouped}, после шести"), international];
    let at_home = national.iter().map(|text| (*text).to_owned()).filter(|_| home == country);
    // `00` and `810` are prefixes of countries that dial so; elsewhere people write a plus.
    let dials_so = !matches!(country, "SG" | "HK" | "KR");
    let all: Vec<String> = known.into_iter().take(if dials_so { 3 } else { 2 }).chain(at_home).collect();
    all[choice % all.len()].clone()
}

fn recording(country: &str, contacts: &[(usize, Contact)]) -> String {
    let mut lines = vec![json!({
        "recording": 1,
        "account": {
            "employees": [{"id": 1, "last_name": "A", "email": "a@x.example", "extension": {"extension_phone_number": "101"}}],
            "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233", "name": "A"}],
            "chat_channels": [{"id": 31, "name": "Сайт", "type": "comagic"}],
        },
        "settings-version": "0.2.0",
        "settings": {
            "phone-country": country, "incoming-first": "client", "incoming-missed": true, "default-responsible": 11, "text-default-responsible": 11,
            "request-send": true, "request-first": "client", "chat-send": true, "chat-first": "client",
            "click-to-call-number": "74951112233", "incoming-missed-task": "default",
        },
        "crm": {"users": [{"id": 11, "email": "a@x.example"}]},
    })];
    for (place, (person, contact)) in contacts.iter().enumerate() {
        let (id, number) = (100 + place, PEOPLE[*person].1);
        let at = format!("2026-11-23T{:02}:00:00+03:00", 9 + place);
        let mut send = |mnemonic: &str, body: Value| lines.push(json!({"at": at, "notification": mnemonic, "body": body}));
        let mut call = |contact: String| {
            let base = json!({"call_session_id": id, "contact_phone_number": contact, "virtual_phone_number": "74951112233", "direction": "in", "employee_id": 1});
            send("out_call", base.clone());
            let end = json!({"talk_time_duration": 0, "total_time_duration": 20, "is_lost": true});
            let end = base.as_object().expect("an object").iter().chain(end.as_object().expect("an object"));
            send("call_session_finished", end.map(|(name, value)| (name.clone(), value.clone())).collect());
        };
        match contact {
            Contact::Call => call(number.to_owned()),
            Contact::CallOfExtension => call(format!("{number}...15")),
            Contact::Form(choice) => send(
                "offline_message",
                json!({"communication_id": id, "visitor_phone_number": spelling(PEOPLE[*person], country, *choice), "text": "Жду"}),
            ),
            Contact::FormWithExtension(choice) => {
                let typed = spelling(PEOPLE[*person], country, *choice);
                let typed =
                    format!("{} доб. 15", typed.trim_end_matches(char::is_alphabetic).trim_end().trim_end_matches(", после").trim_end());
                send("offline_message", json!({"communication_id": id, "visitor_phone_number": typed, "text": "Жду"}))
            }
            Contact::Chat => {
                let base = json!({"chat_id": id, "chat_channel_id": 31, "visitor_id": 1000 + id});
                let message = json!({"chat_id": id, "chat_channel_id": 31, "visitor_id": 1000 + id, "id": id * 10, "source": "visitor",
                    "text": format!("Здравствуйте, мой номер +{number}, жду до 18:00")});
                send("chat_message", message);
                let end = base.as_object().expect("an object").iter().map(|(name, value)| (name.clone(), value.clone()));
                send("chat_finished", end.chain([("status".to_owned(), json!("succeed"))]).collect());
            }
            Contact::Click => {
                lines.push(json!({"at": at, "click-to-call": format!("clientId=replay-client-id&code=101&userId=11&phone={number}")}))
            }
        }
    }
    lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// The main number of a phone that the integration wrote.
fn main_number(written: &str) -> &str {
    written.split(' ').next().unwrap_or_default()
}

fn check(country: &str, contacts: &[(usize, Contact)], crm: &Value, uis: &Value) -> Result<(), TestCaseError> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut owners: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for customer in list(&crm["customers"]) {
        for phone in phones_of(&customer) {
            owners.entry(main_number(phone).to_owned()).or_default().push(customer["id"].as_i64().unwrap_or_default());
        }
    }
    let people: BTreeSet<&str> = contacts.iter().map(|(person, _)| PEOPLE[*person].1).collect();
    let clicked = contacts.iter().filter(|(_, contact)| matches!(contact, Contact::Click)).map(|(person, _)| PEOPLE[*person].1);
    prop_assert_eq!(owners.keys().map(String::as_str).collect::<Vec<_>>(), people.iter().copied().collect::<Vec<_>>(), "{}", country);
    prop_assert!(owners.values().all(|ids| ids.len() == 1), "a person is doubled: {:?}", owners);
    let dialled: Vec<Value> = list(&uis["dialled"]).into_iter().map(|order| order["contact"].clone()).collect();
    prop_assert_eq!(dialled, clicked.map(Value::from).collect::<Vec<_>>());
    for record in list(&crm["calls"]).iter().chain(&list(&crm["tasks"])).chain(&list(&crm["popups"])) {
        let number = main_number(text(&record["phone"]));
        prop_assert!(people.contains(number), "{} is nobody's number: {}", number, record);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_customer_per_person_and_nobody_elses_number_is_dialled(country in prop::sample::select(vec!["RU", "VN", "BY", "KZ", "SG", "HK", "EE", "KR", "DE", "GB", "CN"]), contacts in contacts()) {
        let source = recording(country, &contacts);
        let (trace, crm, uis) = play_blocking(&source, NativePlugin::new());
        let result = check(country, &contacts, &crm, &uis);
        if result.is_err() {
            save_case("numbers", &source, &trace.0);
        }
        result?;
    }
}
