use crate::fake::Fake;
use crate::settings::Settings;
use crate::settings::common::{First, Repeat};
use crate::settings::prepare;
use crate::settings::telephony::{CallAssignee, MissedFirst, MissedRepeat, MissedTask, OrderAssignee};
use crate::settings::texts::TaskFor;

fn settings(json: &str, version: Option<&str>) -> Settings {
    Settings::decode(&prepare(&Fake::default(), json, version).expect("valid").bytes).expect("readable")
}

fn notes(json: &str) -> Vec<String> {
    prepare(&Fake::default(), json, None).expect("valid").notes.into_iter().map(|note| note.setting).collect()
}

#[test]
fn settings_of_0_1_keep_its_defaults() {
    let (old, new) = (settings("{}", Some("0.1.0")), settings("{}", None));
    assert!(old.deals && old.forward_to_manager && old.import_user_statuses);
    assert!(!new.deals && !new.forward_to_manager && !new.import_user_statuses);
    assert!(!settings(r#"{"deals":false}"#, Some("0.1.0")).deals, "what is named wins");
    assert_eq!(settings("{}", Some("0.2.0")), new);
}

/// Every setting of 0.1 that has been renamed or merged, with everything on; and the same in the present names. What behaves otherwise
/// than in 0.1 is listed in `docs/behaviours.md`.
#[test]
fn settings_of_0_1_with_everything_on_mean_what_their_successors_mean() {
    let old = r#"{"default-responsible":5,"text-default-responsible":6,"create-contact":true,"contact-responsible":"fixed","contact-responsible-user":7,
        "missed-call-task":true,"missed-call-task-calls":["incoming","outgoing"],"missed-call-task-responsible":"manager",
        "missed-call-task-name":"Перезвонить {{contact_phone_number}}","missed-call-task-due-hours":2,"missed-call-task-close":true,
        "call-orders":true,"call-order-calls":["first","repeat","lost"],"call-order-repeat":"no-open","request-send":true,"request-method":"client",
        "chat-send":true,"chat-method":"task","chat-channels":[41],"site-domains":[{"domain":"https://www.shop.example","site":"main"}]}"#;
    let block = r#""first":"client-and-order","first-responsible":"fixed","first-user":7,"repeat":"no-open","missed-task":"manager",
        "missed-task-name":"Перезвонить {{contact_phone_number}}","missed-task-due-hours":2"#;
    let of = |direction: &str| {
        block
            .replace("\"first", &format!("\"{direction}-first"))
            .replace("\"repeat\"", &format!("\"{direction}-repeat\""))
            .replace("\"missed", &format!("\"{direction}-missed"))
    };
    let new = format!(
        r#"{{"default-responsible":5,"text-default-responsible":6,{},{},"incoming-missed":true,"incoming-missed-first":"client-and-order",
        "incoming-missed-repeat":"no-open","call-order-responsible":"talked","missed-call-task-close":true,"forward-to-manager":true,"deals":true,
        "import-user-statuses":true,"request-send":true,"request-first":"client","request-repeat":"nothing","chat-send":true,"chat-first":"nothing",
        "chat-repeat":"nothing","chat-task":true,"chat-task-for":["any"],"filter-chats":true,
        "chat-filter":[[{{"parameter":"channel","condition":"include","values":["41"]}}]],"site-domains":[{{"domain":"shop.example","site":"main"}}]}}"#,
        of("incoming"),
        of("outgoing")
    );
    assert_eq!(settings(old, Some("0.1.0")), settings(&new, None));
}

#[test]
fn contacts_and_orders_of_calls_become_lists_per_direction() {
    let all = |json: &str| {
        let settings = settings(json, None);
        let incoming = &settings.incoming;
        assert_eq!((settings.outgoing.first, settings.outgoing.repeat), (incoming.first, incoming.repeat), "{json}");
        (incoming.first, incoming.repeat, incoming.missed, incoming.missed_first, incoming.missed_repeat)
    };
    let calls = |kinds: &str| format!(r#"{{"call-orders":true,"call-order-repeat":"always","call-order-calls":{kinds}}}"#);
    let missed = (MissedFirst::ClientAndOrder, MissedRepeat::Always);
    let answered = (MissedFirst::AsAnswered, MissedRepeat::AsAnswered);
    for (kinds, first, repeat, lost) in [
        (r#"["first"]"#, First::ClientAndOrder, Repeat::Nothing, false),
        (r#"["repeat"]"#, First::Nothing, Repeat::Always, false),
        (r#"["lost"]"#, First::Nothing, Repeat::Nothing, true),
        (r#"["first","repeat"]"#, First::ClientAndOrder, Repeat::Always, false),
        (r#"["first","lost"]"#, First::ClientAndOrder, Repeat::Nothing, true),
        (r#"["repeat","lost"]"#, First::Nothing, Repeat::Always, true),
        (r#"["first","repeat","lost"]"#, First::ClientAndOrder, Repeat::Always, true),
    ] {
        let (missed_first, missed_repeat) = if lost { missed } else { answered };
        assert_eq!(all(&calls(kinds)), (first, repeat, lost, missed_first, missed_repeat), "{kinds}");
    }
    assert_eq!(all(r#"{"create-contact":true}"#).0, First::Client);
    assert_eq!(all(r#"{"create-contact":true,"call-orders":true,"call-order-calls":["repeat"]}"#).0, First::Client);
    assert_eq!(settings(&calls(r#"["first"]"#), None).call_order_assignee, OrderAssignee::Talked);
    let fixed = settings(r#"{"create-contact":true,"contact-responsible":"fixed","contact-responsible-user":7}"#, None);
    assert_eq!((fixed.outgoing.first_assignee, fixed.outgoing.first_user), (CallAssignee::Fixed, Some(7)));
    assert_eq!(
        settings(r#"{"create-contact":true,"contact-responsible":"talked"}"#, None).incoming.first_assignee,
        CallAssignee::LastTalked
    );
    assert_eq!(
        settings(r#"{"create-contact":true,"incoming-first":"nothing"}"#, None).incoming.first,
        First::Nothing,
        "the present name wins"
    );
}

#[test]
fn the_task_of_missed_calls_becomes_one_per_direction() {
    let tasks = |json: &str| {
        let settings = settings(json, None);
        (settings.incoming.missed_task, settings.outgoing.missed_task)
    };
    assert_eq!(tasks(r#"{"missed-call-task":true,"default-responsible":5}"#), (MissedTask::CalledLast, MissedTask::None));
    let outgoing = r#"{"missed-call-task":true,"default-responsible":5,"missed-call-task-calls":["outgoing"],"missed-call-task-responsible":"manager"}"#;
    assert_eq!(tasks(outgoing), (MissedTask::None, MissedTask::Manager));
    assert_eq!(tasks(r#"{"missed-call-task":false,"missed-call-task-responsible":"manager"}"#), (MissedTask::None, MissedTask::None));
    let json = r#"{"missed-call-task":true,"missed-call-task-responsible":"fixed","missed-call-task-user":5,"missed-call-task-name":"a",
        "missed-call-task-due-hours":3,"missed-call-task-calls":["incoming","outgoing"]}"#;
    let all = settings(json, None);
    for block in [&all.incoming, &all.outgoing] {
        assert_eq!((block.missed_task_user, block.missed_task_name.as_str(), block.missed_task_due_hours), (Some(5), "a", 3));
    }
    assert_eq!(notes(json).len(), 6, "a note for each renamed setting");
}

#[test]
fn the_method_of_texts_becomes_lists_and_a_task() {
    let client = settings(r#"{"request-method":"client","request-repeat":"always"}"#, None).requests;
    assert_eq!((client.first, client.repeat), (First::Client, Repeat::Nothing));
    let task = settings(r#"{"chat-method":"task","text-default-responsible":5}"#, None).chats;
    assert_eq!((task.first, task.repeat, task.task, task.task_for), (First::Nothing, Repeat::Nothing, true, vec![TaskFor::Any]));
    let both = settings(r#"{"chat-method":"client-and-order","chat-repeat":"always"}"#, None).chats;
    assert_eq!((both.first, both.repeat, both.task), (First::ClientAndOrder, Repeat::Always, false));
}

#[test]
fn chosen_channels_become_a_row_of_the_filter() {
    let one = settings(r#"{"chat-channels":[41,42]}"#, None);
    assert!(one.filter_chats);
    assert_eq!(one.chats.filter[0][0].values, ["41", "42"]);
    let filter =
        r#"[[{"parameter":"site","condition":"include","values":["1"]}],[{"parameter":"site","condition":"include","values":["2"]}]]"#;
    let joined = settings(&format!(r#"{{"chat-channels":[41],"chat-filter":{filter}}}"#), None);
    assert_eq!(joined.chats.filter.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    assert!(!settings(r#"{"chat-channels":[]}"#, None).filter_chats);
}

#[test]
fn old_settings_that_cannot_be_read_are_reported_under_their_names() {
    for (json, setting) in [
        (r#"{"create-contact":"yes"}"#, "create-contact"),
        (r#"{"contact-responsible":"somebody"}"#, "contact-responsible"),
        (r#"{"call-orders":true,"call-order-calls":[]}"#, "call-order-calls"),
        (r#"{"call-order-repeat":"sometimes"}"#, "call-order-repeat"),
        (r#"{"missed-call-task":true,"default-responsible":5,"missed-call-task-calls":[]}"#, "missed-call-task-calls"),
        (r#"{"missed-call-task-responsible":"somebody"}"#, "missed-call-task-responsible"),
        (r#"{"request-method":"pigeon"}"#, "request-method"),
        (r#"{"chat-channels":"all"}"#, "chat-channels"),
    ] {
        let problems = prepare(&Fake::default(), json, Some("0.1.0")).expect_err("invalid");
        assert_eq!(problems.iter().map(|problem| problem.setting.as_str()).collect::<Vec<_>>(), [setting], "{json}");
    }
}
