//! `replay --summary` of integrations that share no RetailCRM: on several threads the result is that of one replay of all of them, or there is
//! none and they are replayed one after the other.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uis_harness::crm::within::Simulators;
use uis_harness::effects::Recorder;
use uis_harness::parallel::{Counted, Parallel};
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_host::clock::Clock;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::{file, many, recordings, replay_json, root, uis_host};

const SETTLE: Duration = Duration::from_secs(24 * 3600);

/// One replay of all integrations.
async fn in_one(source: &str, plugin: Arc<dyn Plugin>) -> Counted {
    let (header, mut lines) = recording::open(source.as_bytes()).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("accounts"));
    let mut silent = ();
    let mut recorder = Recorder::counting(chrono_tz::Europe::Moscow, &mut silent);
    let builder = ReplayBuilder::new(&header, plugin, simulators.clone(), clock).counting();
    let replay = builder.ready(&mut recorder).await.expect("usable");
    let (report, uis) = replay.run(lines, SETTLE, |_| {}).await.expect("a store in memory does not fail");
    Counted { report, effects: recorder.count(), crm: simulators.counts().into(), uis }
}

/// A replay on several threads; none if it has no result.
async fn in_parts(source: &str, plugin: Arc<dyn Plugin>, threads: usize) -> Option<Counted> {
    let (header, mut lines) = recording::open(source.as_bytes()).expect("a header");
    let begins = clock_for(&mut lines).now();
    let parallel = Parallel::of(&header, begins, threads)?;
    let lines = || Ok(recording::open(source.as_bytes()).expect("a header").1);
    parallel.replay(plugin, &Limits::default(), SETTLE, lines, |_, _| {}).await
}

fn plugin() -> Arc<dyn Plugin> {
    Arc::new(NativePlugin::new())
}

/// Compares both ways to replay a recording. Returns whether there is a result on several threads.
async fn compared(what: &str, source: &str) -> bool {
    let Some(parts) = in_parts(source, plugin(), 3).await else { return false };
    let one = in_one(source, plugin()).await;
    assert_eq!(format!("{parts:#?}"), format!("{one:#?}"), "{what}");
    true
}

/// A header with integrations `one`, `two` and `three`, with these settings and a CRM each, and these lines.
fn three(settings: &Value, lines: &[Value]) -> String {
    let crm = json!({"users": [{"id": 5, "email": "anna@shop.example", "firstName": "Анна", "active": true, "isAdmin": true, "code": "101"}],
        "customers": [{"id": 17, "firstName": "Пётр", "phones": [{"number": "79161234567"}]}]});
    let integration = |name: &str| json!({"name": name, "settings": settings, "crm": crm});
    let account = json!({"timezone": "Europe/Moscow", "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233", "name": "Основной"}],
        "employees": [{"id": 1001, "full_name": "Иванова Анна", "email": "anna@shop.example", "status": "available",
            "phone_numbers": [{"phone_number": "74950000101", "status": "active"}], "extension": {"extension_phone_number": "101"}}]});
    let integrations = ["one", "two", "three"].map(integration);
    let header = json!({"recording": 1, "account": account, "integrations": integrations});
    std::iter::once(&header).chain(lines).map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// A missed call at this minute after ten, for this integration or for all.
fn missed(integration: Option<&str>, minute: u32, session: u64) -> Value {
    let body = json!({"virtual_phone_number": "74951112233", "notification_time": format!("2026-11-23 10:{minute:02}:00"),
        "contact_phone_number": format!("7916{session}"), "call_session_id": session, "direction": "in", "is_lost": true,
        "talk_time_duration": 0, "total_time_duration": 20, "wait_time_duration": 20});
    with(integration, minute, &json!({"notification": "lost_call_session", "body": body}))
}

/// A line at this minute after ten, for this integration or for all.
fn with(integration: Option<&str>, minute: u32, happening: &Value) -> Value {
    let mut line = json!({"at": format!("2026-11-23T10:{minute:02}:00+03:00")});
    if let (Value::Object(line), Value::Object(members)) = (&mut line, happening.clone()) {
        line.extend(members);
        line.extend(integration.map(|name| ("integration".to_owned(), name.into())));
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_several_integrations_are_counted_as_one_replay_counts_them() {
    let mut text = Vec::new();
    many::write_several(&mut text, 60 * many::EVENTS_OF_A_CALL, 5).expect("written");
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(compared("calls", &text).await);
    let counted = in_parts(&text, plugin(), 8).await.expect("a result");
    assert_eq!((counted.report.delivered, &counted.uis["answers"], &counted.crm["calls"]), (420, &json!(120), &json!(60)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_all_and_for_one_is_counted_as_one_replay_counts_it() {
    let call = json!({"click-to-call": "clientId=replay-client-id&code=101&phone=79161234567&userId=5"});
    let act = json!({"crm": {"path": "/api/v5/customers/create", "form": {"customer": {"firstName": "Новый"}}}});
    let faults = json!({"crm-faults": {"rules": [{"status": 503, "times": 2}]}});
    let cases = [
        ("lines for all", vec![missed(None, 0, 7000001), missed(Some("two"), 1, 7000002), missed(None, 30, 7000003)]),
        (
            "an integration is switched off and on",
            vec![
                missed(None, 0, 7000001),
                with(Some("one"), 1, &json!({"deactivate": true})),
                missed(None, 2, 7000002),
                with(Some("one"), 3, &json!({"activate": true})),
                with(None, 4, &json!({"deactivate": true})),
                missed(None, 5, 7000003),
            ],
        ),
        ("calls are started", vec![with(Some("one"), 0, &call), with(None, 1, &call)]),
        ("users act", vec![with(None, 0, &act), with(Some("three"), 1, &act), missed(None, 2, 7000001)]),
        ("a CRM fails for a while", vec![with(Some("two"), 0, &faults), missed(None, 1, 7000001), missed(Some("two"), 2, 7000002)]),
        (
            "the account and settings change",
            vec![
                with(None, 0, &json!({"account": {"extensions": ["rmo"]}})),
                missed(None, 1, 7000001),
                with(Some("two"), 2, &json!({"settings": {}})),
                missed(None, 3, 7000002),
            ],
        ),
        ("one has much more to do", (0..50).map(|minute| missed(Some("one"), minute, 7_000_000 + u64::from(minute))).collect()),
    ];
    for (what, lines) in cases {
        let settings = json!({"click-to-call-number": "+7 (495) 111-22-33"});
        assert!(compared(what, &three(&settings, &lines)).await, "{what}: no result");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_result_where_integrations_may_depend_on_one_another() {
    let wrong = json!({"click-to-call": "clientId=wrong&code=101&phone=79161234567&userId=5"});
    let cases = [
        ("a problem", vec![with(Some("one"), 0, &wrong)]),
        ("problems of two", vec![with(Some("one"), 0, &wrong), with(Some("two"), 1, &wrong)]),
        ("an unknown name", vec![missed(Some("four"), 0, 7000001)]),
        ("a line that cannot be read", vec![json!({"at": "2026-11-23T10:00:00+03:00"})]),
        ("an expectation", vec![missed(None, 0, 7000001), with(None, 1, &json!({"expect": {"uis": {"dialled": []}}}))]),
    ];
    for (what, lines) in cases {
        let source = three(&json!({}), &lines);
        let (header, _) = recording::open(source.as_bytes()).expect("a header");
        assert!(Parallel::of(&header, chrono::DateTime::UNIX_EPOCH, 3).is_some(), "{what}");
        assert!(in_parts(&source, plugin(), 3).await.is_none(), "{what}");
    }
    // Its integrations send deals to UIS, of which they use the same Data API points.
    let deals = std::fs::read_to_string(root().join("tests/recordings/deals/two-crms.jsonl")).expect("readable");
    assert!(in_parts(&deals, plugin(), 2).await.is_none());
    // Its integrations share one RetailCRM, so there is only one part.
    let shared = std::fs::read_to_string(root().join("tests/recordings/telephony/credentials-chosen-again.jsonl")).expect("readable");
    assert!(in_parts(&shared, plugin(), 2).await.is_none());
}

/// The recording with each integration twice, or none if it has several already. `divided`: its lines are for one of both in turn; otherwise all of
/// them are for both.
fn doubled(text: &str, divided: bool) -> Option<String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut header: Value = serde_json::from_str(lines.next()?.trim_start_matches('\u{feff}')).ok()?;
    let members = header.as_object_mut()?;
    if members.contains_key("integrations") {
        return None;
    }
    let mut one: serde_json::Map<String, Value> =
        ["settings", "settings-version", "crm"].iter().filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?))).collect();
    let mut named = |name: &str| {
        one.insert("name".into(), name.into());
        Value::Object(one.clone())
    };
    members.insert("integrations".into(), vec![named("main"), named("second")].into());
    let mut all = vec![header.to_string()];
    for (index, line) in lines.enumerate() {
        let Ok(Value::Object(mut members)) = serde_json::from_str::<Value>(line) else {
            all.push(line.to_owned());
            continue;
        };
        // Expectations are about one integration, and a replay on several threads has no result then.
        if members.contains_key("expect") {
            continue;
        }
        if divided {
            members.insert("integration".into(), ["main", "second"][index % 2].into());
        }
        all.push(Value::Object(members).to_string());
    }
    Some(all.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_gives_the_same_counts_or_none() {
    let (mut with_result, mut all) = (0, 0);
    for (index, (name, path)) in recordings().into_iter().enumerate() {
        let text = std::fs::read_to_string(&path).expect("readable");
        // In turn, as both ways with all recordings take twice as long.
        let source = doubled(&text, index % 2 == 1).unwrap_or(text);
        all += 1;
        with_result += u32::from(compared(&name, &source).await);
    }
    // Otherwise nothing was compared.
    assert!(with_result > all / 3, "{with_result} of {all}");
}

/// The program prints the same with and without `--jobs 1`, whether or not the integrations can be replayed side by side.
#[test]
fn the_number_of_threads_changes_nothing_that_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = |lines: &[Value]| three(&json!({}), lines).lines().map(str::to_owned).collect::<Vec<_>>();
    let written = |name: &str, lines: &[String]| file(&folder, name, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut files = vec![
        written("counted.jsonl", &lines(&[missed(None, 0, 7000001), missed(Some("two"), 1, 7000002)])),
        written("unknown.jsonl", &lines(&[missed(None, 0, 7000001), missed(Some("four"), 1, 7000002), missed(Some("five"), 2, 7000003)])),
    ];
    let wrong = json!({"click-to-call": "clientId=wrong&code=101&phone=79161234567&userId=5"});
    let off = with(Some("one"), 1, &json!({"deactivate": true}));
    files.push(written("rejected.jsonl", &lines(&[with(None, 0, &wrong), off, missed(None, 2, 7000001), with(Some("two"), 3, &wrong)])));
    let several =
        recordings().into_iter().filter(|(_, path)| std::fs::read_to_string(path).is_ok_and(|text| text.contains("\"integrations\"")));
    files.extend(several.map(|(_, path)| path.to_str().expect("UTF-8").to_owned()));
    assert!(files.len() > 7);
    for file in &files {
        let (one, parts) = (replay_json(&[file, "--summary", "--jobs", "1"]), replay_json(&[file, "--summary", "--jobs", "4"]));
        assert_eq!(one, parts, "{file}");
        let printed = |jobs: &str| {
            let output = uis_host(&["replay", file, "--summary", "--jobs", jobs]);
            // The time that it took to load the plugin differs.
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            let lines: Vec<String> = text.lines().filter(|line| !line.starts_with("plugin ")).map(str::to_owned).collect();
            (output.status, lines, String::from_utf8(output.stderr).expect("UTF-8"))
        };
        assert_eq!(printed("1"), printed("4"), "{file}");
    }
}

#[test]
fn progress_is_printed_once_whatever_the_number_of_threads() {
    let file = root().join("tests/recordings/telephony/two-integrations.jsonl");
    let output = uis_host(&["replay", "--summary", "--progress", "--jobs", "2", file.to_str().expect("UTF-8")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = errors.lines().filter(|line| line.starts_with("8 events in ") && line.ends_with(" a second"));
    assert_eq!(lines.count(), 1, "{errors}");
}
