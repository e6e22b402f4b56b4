//! Three people who call, chat and send requests in any order, doubled and lost on the way, to a CRM that misbehaves and a host that falls
//! over: nobody is two customers, every appeal that asks for an order has one, every talk is kept once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_test_support::misfortune::{befall, cases, crashes, fate, faults, keep, lane_order};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::played_seeded;

/// Who they are: a phone, an e-mail, the visitor that UIS takes them for.
const PEOPLE: [(&str, &str, i64); 3] =
    [("79160000001", "a@x.example", 71), ("79160000002", "b@x.example", 72), ("79160000003", "c@x.example", 73)];

/// One of their appeals.
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
    /// Of texts: by phone, by e-mail, or by both.
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

    /// What UIS tells of it, and the row of its report that makes good what was lost.
    fn told(&self) -> (Vec<(&'static str, Value)>, &'static str, Value) {
        let with = |base: &Value, more: Value| {
            let mut whole = base.clone();
            whole.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            whole
        };
        let at = "2026-11-23 10:00:00";
        match self.channel {
            Channel::Call => {
                let base = json!({"call_session_id": self.id, "contact_phone_number": PEOPLE[self.person].0, "virtual_phone_number": "74951112233", "direction": "in", "employee_id": 1});
                let told = vec![
                    ("call_connected", base.clone()),
                    ("call_session_finished", with(&base, json!({"talk_time_duration": 30, "total_time_duration": 40, "is_lost": false}))),
                ];
                let row = json!({
                    "id": self.id, "start_time": at, "finish_time": "2026-11-23 10:01:00", "direction": "in",
                    "contact_phone_number": PEOPLE[self.person].0, "virtual_phone_number": "74951112233", "is_lost": false,
                    "talk_duration": 30, "total_duration": 40, "employees": [{"employee_id": 1, "is_talked": true}],
                });
                (told, "calls", row)
            }
            Channel::Chat => {
                let base = with(
                    &self.contacts(),
                    json!({"chat_id": self.id, "chat_channel_id": 31, "chat_channel_type": "comagic", "chat_channel_name": "Сайт"}),
                );
                let told = vec![
                    ("chat_message", with(&base, json!({"id": self.id * 10, "source": "visitor", "text": "Здравствуйте"}))),
                    ("chat_accepted", with(&base, json!({"employee_id": 1}))),
                    ("chat_finished", with(&base, json!({"status": "succeed"}))),
                ];
                (told, "chats", with(&base, json!({"id": self.id, "date_time": at, "duration": 60, "status": "succeed", "employee_id": 1})))
            }
            Channel::Request => {
                let base =
                    with(&self.contacts(), json!({"communication_id": self.id, "text": "Перезвоните", "site_domain_name": "shop.example"}));
                (vec![("offline_message", base.clone())], "offline_messages", with(&base, json!({"id": self.id, "date_time": at})))
            }
        }
    }
}

/// A recording of these happenings, a second apart; UIS's reports know everything in the end.
fn recording(told: &[(&str, Value)], seed: u64, appeals: &[Appeal]) -> String {
    let header = json!({
        "recording": 1,
        "account": {"employees": [{"id": 1, "last_name": "A", "email": "a@x.example"}], "chat_channels": [{"id": 31, "name": "Сайт", "type": "comagic"}]},
        "settings": {
            "create-contact": true, "default-responsible": 11, "text-default-responsible": 11,
            "call-orders": true, "call-order-calls": ["first", "repeat"], "call-order-repeat": "always",
            "chat-send": true, "chat-repeat": "always", "request-send": true, "request-repeat": "always",
        },
        "crm": {"users": [{"id": 11, "email": "A@x.example"}], "customers": [{"id": 5, "email": "B@x.example", "phones": [{"number": "8 (916) 000-00-02"}]}]},
    });
    let mut lines = vec![header];
    if seed != 0 {
        lines.push(json!({"at": "2026-11-23T09:59:00+03:00", "crm-faults": faults(seed)}));
    }
    for (second, (mnemonic, body)) in told.iter().enumerate() {
        lines.push(
            json!({"at": format!("2026-11-23T10:{:02}:{:02}+03:00", second / 60, second % 60), "notification": mnemonic, "body": body}),
        );
    }
    let mut report: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for appeal in appeals {
        let (_, table, row) = appeal.told();
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

fn all_holds(appeals: &[Appeal], crm: &Value) -> Result<(), TestCaseError> {
    let list = |name: &str| crm[name].as_array().expect("a list").clone();
    let canonical = |number: &str| {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        digits.strip_prefix('8').filter(|rest| rest.len() == 10).map_or(digits.clone(), |rest| format!("7{rest}"))
    };
    // Nobody is two customers: neither by a phone nor by an e-mail.
    let mut phones: Vec<String> = Vec::new();
    let mut emails: Vec<String> = Vec::new();
    for customer in list("customers") {
        let numbers = customer["phones"].as_array().cloned().unwrap_or_default();
        phones.extend(numbers.iter().filter_map(|phone| phone["number"].as_str()).map(canonical).collect::<BTreeSet<_>>());
        emails.extend(customer["email"].as_str().filter(|email| !email.is_empty()).map(str::to_lowercase));
    }
    prop_assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len(), "phones {:?}", phones);
    prop_assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len(), "e-mails {:?}", emails);
    for appeal in appeals {
        let (phone, email, _) = PEOPLE[appeal.person];
        let by_phone = appeal.channel == Channel::Call || appeal.contacts.0;
        prop_assert!(!by_phone || phones.contains(&phone.to_owned()), "nobody has {}: {:?}", phone, phones);
        let by_email_alone = appeal.channel != Channel::Call && !appeal.contacts.0;
        prop_assert!(!by_email_alone || emails.contains(&email.to_owned()), "nobody has {}: {:?}", email, emails);
    }
    // One order for each appeal.
    let orders: Vec<String> = list("orders").iter().map(|order| order["externalId"].as_str().unwrap_or("none").to_owned()).collect();
    let wanted: BTreeSet<String> = appeals.iter().map(Appeal::external_id).collect();
    prop_assert_eq!(orders.len(), wanted.len(), "{:?}", orders);
    prop_assert_eq!(orders.into_iter().collect::<BTreeSet<_>>(), wanted);
    // Each talk once.
    let notes: Vec<String> = list("notes").iter().filter_map(|note| note["text"].as_str()?.lines().next().map(str::to_owned)).collect();
    let chats: BTreeSet<String> =
        appeals.iter().filter(|appeal| appeal.channel == Channel::Chat).map(|appeal| format!("Чат №{} (Сайт)", appeal.id)).collect();
    prop_assert_eq!(notes.len(), chats.len(), "{:?}", notes);
    prop_assert_eq!(notes.into_iter().collect::<BTreeSet<_>>(), chats);
    Ok(())
}

/// Replays the happenings on a host that falls over as told; every word of [`all_holds`] must be true in the end.
fn run(told: &[(&str, Value)], seed: u64, appeals: &[Appeal], crashes: Vec<u32>, order: u64) -> Result<(), TestCaseError> {
    let source = recording(told, seed, appeals);
    let (trace, crm, _) = played_seeded(&source, NativePlugin::crashing(crashes), order);
    let held = all_holds(appeals, &crm);
    if held.is_err() {
        keep("people", &source, &trace.0);
    }
    held
}

/// Somebody chats and leaves an e-mail, then sends a request with his phone as well. Wherever the host falls over on the way, he is one
/// customer who has both: once the chat is told for good it is known who the visitor is.
#[test]
fn a_host_that_falls_over_at_any_step_forgets_nobody() {
    let appeals = [
        Appeal { id: 101, person: 2, channel: Channel::Chat, contacts: (false, true) },
        Appeal { id: 102, person: 2, channel: Channel::Request, contacts: (true, true) },
    ];
    let told: Vec<_> = appeals.iter().flat_map(|appeal| appeal.told().0).collect();
    for attempt in 0..5 {
        for step in 1..=10 {
            let mut crashes = vec![0; attempt];
            crashes.push(step);
            run(&told, 0, &appeals, crashes, 0).unwrap_or_else(|lost| panic!("attempt {attempt}, after step {step}: {lost}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_two_customers_and_no_appeal_is_lost(appeals in appeals(), seed in prop_oneof![Just(0), any::<u64>()], crashes in crashes(), fate in fate(40), order in lane_order()) {
        let told = befall(appeals.iter().flat_map(|appeal| appeal.told().0).collect(), fate, 40);
        run(&told, seed, &appeals, crashes, order)?;
    }
}
