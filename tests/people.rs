//! Three people call, chat and send site requests. The notifications get lost, come twice or in another order, the CRM fails, and the host
//! crashes. In the end each person is one customer, every appeal has its order, and every chat's transcript is stored once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_harness::faults::invariants::{canonical, doubled};
use uis_test_support::chaos::{cases, crashes, faults, lane_order, save_case, scramble, scrambling};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_blocking_seeded;
use uis_test_support::settings::any_settings;

/// The people: phone, e-mail, and UIS's visitor id.
const PEOPLE: [(&str, &str, i64); 3] =
    [("79160000001", "a@x.example", 71), ("79160000002", "b@x.example", 72), ("79160000003", "c@x.example", 73)];

/// The kind of an appeal.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Channel {
    Call,
    Chat,
    Request,
}

#[derive(Debug, Clone)]
struct Appeal {
    id: i64,
    person: usize,
    channel: Channel,
    /// Whether a chat or a site request has the person's phone, and whether it has the e-mail.
    contacts: (bool, bool),
}

fn appeals() -> impl Strategy<Value = Vec<Appeal>> {
    let contacts = prop_oneof![Just((true, false)), Just((false, true)), Just((true, true))];
    let appeal = (0..PEOPLE.len(), prop_oneof![Just(Channel::Call), Just(Channel::Chat), Just(Channel::Request)], contacts);
    prop::collection::vec(appeal, 1..7).prop_map(|all| {
        all.into_iter().zip(100..).map(|((person, channel, contacts), id)| Appeal { id, person, channel, contacts }).collect()
    })
}

impl Appeal {
    fn contacts(&self) -> Value {
        let (phone, email, visitor) = PEOPLE[self.person];
        let (by_phone, by_email) = self.contacts;
        json!({
            "visitor_id": visitor,
            "visitor_phone_number": by_phone.then_some(phone),
            "visitor_email": by_email.then_some(email),
        })
    }

    fn external_id(&self) -> String {
        let kind = match self.channel {
            Channel::Call => "call",
            Channel::Chat => "chat",
            Channel::Request => "request",
        };
        format!("uis-{kind}-{}", self.id)
    }

    /// UIS's notifications of the appeal; and, for when they get lost, the appeal's row in UIS's report with the name of the table.
    fn sent_by_uis(&self) -> (Vec<(&'static str, Value)>, &'static str, Value) {
        let with = |base: &Value, more: Value| {
            let mut whole = base.clone();
            whole.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            whole
        };
        let at = "2026-11-23 10:00:00";
        match self.channel {
            Channel::Call => {
                let base = json!({"call_session_id": self.id, "contact_phone_number": PEOPLE[self.person].0, "virtual_phone_number": "74951112233", "direction": "in", "employee_id": 1});
                let sent = vec![
                    ("call_connected", base.clone()),
                    ("call_session_finished", with(&base, json!({"talk_time_duration": 30, "total_time_duration": 40, "is_lost": false}))),
                ];
                let row = json!({
                    "id": self.id, "start_time": at, "finish_time": "2026-11-23 10:01:00", "direction": "in",
                    "contact_phone_number": PEOPLE[self.person].0, "virtual_phone_number": "74951112233", "is_lost": false,
                    "talk_duration": 30, "total_duration": 40, "employees": [{"employee_id": 1, "is_talked": true}],
                });
                (sent, "calls", row)
            }
            Channel::Chat => {
                let base = with(
                    &self.contacts(),
                    json!({"chat_id": self.id, "chat_channel_id": 31, "chat_channel_type": "comagic", "chat_channel_name": "Сайт"}),
                );
                let sent = vec![
                    ("chat_message", with(&base, json!({"id": self.id * 10, "source": "visitor", "text": "Здравствуйте"}))),
                    ("chat_accepted", with(&base, json!({"employee_id": 1}))),
                    ("chat_finished", with(&base, json!({"status": "succeed"}))),
                ];
                (sent, "chats", with(&base, json!({"id": self.id, "date_time": at, "duration": 60, "status": "succeed", "employee_id": 1})))
            }
            Channel::Request => {
                let base =
                    with(&self.contacts(), json!({"communication_id": self.id, "text": "Перезвоните", "site_domain_name": "shop.example"}));
                (vec![("offline_message", base.clone())], "offline_messages", with(&base, json!({"id": self.id, "date_time": at})))
            }
        }
    }
}

/// A recording of these notifications, one a second. A seed other than 0 makes the CRM fail. In the end UIS's reports have all appeals.
fn recording(settings: &Value, received: &[(&str, Value)], seed: u64, appeals: &[Appeal]) -> String {
    let header = json!({
        "recording": 1,
        "account": {"employees": [{"id": 1, "last_name": "A", "email": "a@x.example"}], "chat_channels": [{"id": 31, "name": "Сайт", "type": "comagic"}]},
        "settings": settings,
        "crm": {"users": [{"id": 11, "email": "A@x.example"}], "customers": [{"id": 5, "email": "B@x.example", "phones": [{"number": "8 (916) 000-00-02"}]}]},
    });
    let mut lines = vec![header];
    if seed != 0 {
        lines.push(json!({"at": "2026-11-23T09:59:00+03:00", "crm-faults": faults(seed)}));
    }
    for (second, (mnemonic, body)) in received.iter().enumerate() {
        lines.push(
            json!({"at": format!("2026-11-23T10:{:02}:{:02}+03:00", second / 60, second % 60), "notification": mnemonic, "body": body}),
        );
    }
    let mut report: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for appeal in appeals {
        let (_, table, row) = appeal.sent_by_uis();
        report.entry(table).or_default().push(row);
        if appeal.channel == Channel::Chat {
            report.entry("chat_messages").or_default().push(
                json!({"id": appeal.id * 10, "chat_id": appeal.id, "date_time": "2026-11-23 10:00:00", "source": "visitor", "text": "Здравствуйте"}),
            );
        }
    }
    lines.push(json!({"at": "2026-11-23T10:05:00+03:00", "report": report}));
    lines.push(json!({"at": "2026-11-24T09:00:00+03:00", "crm-faults": {}}));
    lines.push(json!({"at": "2026-11-24T12:00:00+03:00", "report": {"calls": []}}));
    lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// Checks what must be true of the CRM after these appeals.
fn check_crm(appeals: &[Appeal], crm: &Value) -> Result<(), TestCaseError> {
    let list = |name: &str| crm[name].as_array().expect("a list").clone();
    // No two customers have the same phone or the same e-mail, and nothing else is there twice.
    prop_assert_eq!(doubled(crm, &Value::Null, None), []);
    let mut phones: Vec<String> = Vec::new();
    let mut emails: Vec<String> = Vec::new();
    for customer in list("customers") {
        let numbers = customer["phones"].as_array().cloned().unwrap_or_default();
        phones.extend(numbers.iter().filter_map(|phone| phone["number"].as_str()).map(canonical).collect::<BTreeSet<_>>());
        emails.extend(customer["email"].as_str().filter(|email| !email.is_empty()).map(str::to_lowercase));
    }
    for appeal in appeals {
        let (phone, email, _) = PEOPLE[appeal.person];
        let by_phone = appeal.channel == Channel::Call || appeal.contacts.0;
        prop_assert!(!by_phone || phones.contains(&phone.to_owned()), "no customer has {}: {:?}", phone, phones);
        let by_email_alone = appeal.channel != Channel::Call && !appeal.contacts.0;
        prop_assert!(!by_email_alone || emails.contains(&email.to_owned()), "no customer has {}: {:?}", email, emails);
    }
    // There is one order for each appeal.
    let orders: Vec<String> = list("orders").iter().map(|order| order["externalId"].as_str().unwrap_or("none").to_owned()).collect();
    let wanted: BTreeSet<String> = appeals.iter().map(Appeal::external_id).collect();
    prop_assert_eq!(orders.len(), wanted.len(), "{:?}", orders);
    prop_assert_eq!(orders.into_iter().collect::<BTreeSet<_>>(), wanted);
    // There is one note for each chat.
    let notes: Vec<String> = list("notes").iter().filter_map(|note| note["text"].as_str()?.lines().next().map(str::to_owned)).collect();
    // Requests that make no order have notes, too.
    let notes: Vec<String> = notes.into_iter().filter(|note| note.starts_with("Чат ")).collect();
    let chats: BTreeSet<String> =
        appeals.iter().filter(|appeal| appeal.channel == Channel::Chat).map(|appeal| format!("Чат №{} (Сайт)", appeal.id)).collect();
    prop_assert_eq!(notes.len(), chats.len(), "{:?}", notes);
    prop_assert_eq!(notes.into_iter().collect::<BTreeSet<_>>(), chats);
    Ok(())
}

/// Checks what must be true of the CRM after these appeals whatever the settings are.
fn check_crm_with(settings: &Value, appeals: &[Appeal], crm: &Value) -> Result<(), TestCaseError> {
    let list = |name: &str| crm[name].as_array().expect("a list").clone();
    prop_assert_eq!(doubled(crm, &Value::Null, None), []);
    let notes: Vec<String> = list("notes").iter().filter_map(|note| note["text"].as_str()?.lines().next().map(str::to_owned)).collect();
    prop_assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), notes.len(), "a note twice: {:?}", notes);
    let on = |section: &str, switch: &str| settings[section] != false && settings[switch] == true;
    let kinds = [(Channel::Chat, on("texts", "chat-send")), (Channel::Request, on("texts", "request-send"))];
    for appeal in appeals {
        let is_off = kinds.iter().any(|(kind, on)| *kind == appeal.channel && !on);
        let ordered = list("orders").iter().any(|order| order["externalId"] == appeal.external_id().as_str());
        prop_assert!(!(is_off && ordered), "{} is of a kind that is switched off", appeal.external_id());
    }
    Ok(())
}

/// Replays the notifications on a host that crashes as `crashes` says, and checks the CRM afterwards.
fn run(received: &[(&str, Value)], seed: u64, appeals: &[Appeal], crashes: Vec<u32>, order: u64) -> Result<(), TestCaseError> {
    let settings = json!({
        "create-contact": true, "default-responsible": 11, "text-default-responsible": 11,
        "call-orders": true, "call-order-calls": ["first", "repeat"], "call-order-repeat": "always",
        "chat-send": true, "chat-repeat": "always", "request-send": true, "request-repeat": "always",
    });
    let source = recording(&settings, received, seed, appeals);
    let (trace, crm, _) = play_blocking_seeded(&source, NativePlugin::crashing(crashes), order);
    let result = check_crm(appeals, &crm);
    if result.is_err() {
        save_case("people", &source, &trace.0);
    }
    result
}

/// A visitor gives an e-mail in a chat, and later the same e-mail and a phone in a site request. After whatever step the host crashes, the
/// visitor is one customer who has both, because the plugin remembers who the visitor of the chat is.
#[test]
fn a_visitor_stays_one_customer_when_the_host_crashes_after_any_step() {
    let appeals = [
        Appeal { id: 101, person: 2, channel: Channel::Chat, contacts: (false, true) },
        Appeal { id: 102, person: 2, channel: Channel::Request, contacts: (true, true) },
    ];
    let notifications: Vec<_> = appeals.iter().flat_map(|appeal| appeal.sent_by_uis().0).collect();
    for attempt in 0..5 {
        for step in 1..=10 {
            let mut crashes = vec![0; attempt];
            crashes.push(step);
            run(&notifications, 0, &appeals, crashes, 0).unwrap_or_else(|error| panic!("attempt {attempt}, after step {step}: {error}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_any_settings_nothing_is_doubled(settings in any_settings(), appeals in appeals(), seed in prop_oneof![Just(0), any::<u64>()], crashes in crashes(), scrambling in scrambling(40), order in lane_order()) {
        let received = scramble(appeals.iter().flat_map(|appeal| appeal.sent_by_uis().0).collect(), scrambling, 40);
        let source = recording(&settings, &received, seed, &appeals);
        let (trace, crm, _) = play_blocking_seeded(&source, NativePlugin::crashing(crashes), order);
        let result = check_crm_with(&settings, &appeals, &crm);
        if result.is_err() {
            save_case("settings-of-people", &source, &trace.0);
        }
        result?;
    }

    #[test]
    fn each_person_is_one_customer_and_no_appeal_is_lost(appeals in appeals(), seed in prop_oneof![Just(0), any::<u64>()], crashes in crashes(), scrambling in scrambling(40), order in lane_order()) {
        let received = scramble(appeals.iter().flat_map(|appeal| appeal.sent_by_uis().0).collect(), scrambling, 40);
        run(&received, seed, &appeals, crashes, order)?;
    }
}
