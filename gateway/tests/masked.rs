//! Every recording is sent through the gateway, and exported from its store: once as it is, once masked. Both exports are replayed with their
//! own exchanges in place of the CRM. The masked one does the same, step by step, and contains nobody's phone, address, name or text.

use std::path::Path;
use std::sync::Arc;

use uis_gateway::control::export::RecordingSubject;
use uis_gateway::export::{Options, write_with};
use uis_host::plugin::Plugin;
use uis_test_support::native_plugin::NativePlugin;

use crate::recordings::outcomes::{Exports, Outcome, assert_same, on_each, outcomes};
use crate::recordings::{driver, leak, strict};

/// Recordings whose masked export is replayed otherwise, each with the reason.
const OTHERWISE: [(&str, &str); 0] = [];

/// Recordings that cannot be sent through the gateway.
const NOT_SENT: [&str; 1] = ["erase"];

async fn difference(name: &str, exports: &Exports) -> Option<String> {
    let plugin: Arc<dyn Plugin> = Arc::new(NativePlugin::new());
    let Exports { plain, masked } = exports;
    if let Ok(folder) = std::env::var("KEEP_EXPORTS") {
        std::fs::write(Path::new(&folder).join(format!("{name}.plain.jsonl")), plain).expect("written");
        std::fs::write(Path::new(&folder).join(format!("{name}.masked.jsonl")), masked).expect("written");
    }
    // The search itself: everything is found in the plain export.
    if name == "answered" && leak::first(&String::from_utf8_lossy(plain), &String::from_utf8_lossy(plain)).is_none() {
        return Some("nothing personal is found in the plain export".to_owned());
    }
    if let Some(found) = leak::first(&String::from_utf8_lossy(plain), &String::from_utf8_lossy(masked)) {
        return Some(format!("the masked export has {found}"));
    }
    let (plain, masked) = match (strict::replay(plain, plugin.clone()).await, strict::replay(masked, plugin).await) {
        (Ok(plain), Ok(masked)) => (plain, masked),
        (Err(why), _) => return Some(format!("the plain export: {why}")),
        (_, Err(why)) => return Some(format!("the masked export: {why}")),
    };
    if !plain.divergences.is_empty() {
        eprintln!("{name}: {} divergences of the plain export, first {}", plain.divergences.len(), plain.divergences[0]);
    }
    compare(&plain, &masked)
}

fn compare(plain: &strict::Done, masked: &strict::Done) -> Option<String> {
    let different = plain.attempts.iter().zip(&masked.attempts).find(|(plain, masked)| plain != masked);
    if let Some((plain, other)) = different {
        let first = masked.divergences.first().cloned().unwrap_or_default();
        return Some(format!("plain {plain}\n    masked {other}\n    first divergence {first}"));
    }
    if masked.divergences.len() > plain.divergences.len() {
        return Some(format!("{} divergences, first {}", masked.divergences.len(), masked.divergences[0]));
    }
    let rest = |done: &strict::Done| (done.attempts.len(), done.problems.clone(), done.counts);
    (rest(plain) != rest(masked)).then(|| format!("plain {:?}\n    masked {:?}", rest(plain), rest(masked)))
}

#[test]
fn a_masked_export_replays_with_the_same_decisions() {
    let sent = outcomes().iter().filter(|outcome| !NOT_SENT.contains(&outcome.name.as_str()));
    let differences = on_each(sent.collect(), async |outcome: &Outcome| {
        let difference = match &outcome.sent {
            Ok((_, Ok(exports))) => difference(&outcome.name, exports).await,
            Ok((_, Err(why))) | Err(why) => Some(why.clone()),
        };
        (outcome.name.as_str(), difference)
    });
    assert_same(&OTHERWISE, differences);
}

fn lines(text: &[u8]) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(text).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn exported<T>(name: &str, look: impl FnOnce(&[RecordingSubject]) -> T) -> T {
    let text = std::fs::read(uis_test_support::root().join(format!("tests/recordings/{name}.jsonl"))).expect("the recording");
    driver::send_then(&text, Arc::new(NativePlugin::new()), false, look).await.expect("sent").1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_export_has_what_came_and_the_audit_log_says_so() {
    let (plain, about, audit) = exported("answered", |subjects| {
        let options = |phone: Option<&str>| Options { from: 0, until: i64::MAX, phone: phone.map(str::to_owned), plain: true };
        let write = |options: &Options| {
            let mut text = Vec::new();
            let summary = write_with(subjects, options, None, &mut text).expect("written");
            (lines(&text), summary)
        };
        let store = rusqlite::Connection::open(&subjects[0].store).expect("the store");
        let audit: Vec<String> = store
            .prepare("SELECT what || ' ' || integration || ' ' || detail FROM audit WHERE what = 'export'")
            .expect("the audit log")
            .query_map([], |row| row.get(0))
            .expect("rows")
            .flatten()
            .collect();
        (write(&options(None)), write(&options(Some("79990000000"))), audit)
    })
    .await;
    let (lines, summary) = plain;
    assert!(lines[0].get("masked").is_none() && lines[0]["active"] == false && lines[1]["activate"] == true, "{} {}", lines[0], lines[1]);
    assert!(!summary.masked && summary.requests == 7 && summary.doings == 1 && summary.without_exchanges <= 1, "{summary:?}");
    assert!(lines.iter().any(|line| line["body"]["contact_phone_number"] == "79161234567"));
    assert!(lines.iter().filter(|line| line["exchange"].is_object()).count() as u64 == summary.exchanges && summary.exchanges > 5);
    let (_, summary) = about;
    assert_eq!((summary.requests, summary.doings), (0, 1), "nothing is about this phone; what the administrator did stays");
    assert_eq!(audit, ["export main plain: with personal data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_has_the_settings_of_the_beginning() {
    let (first, later) = exported("telephony/settings-half-way", |subjects| {
        let write = |from| {
            let mut text = Vec::new();
            let options = Options { from, until: i64::MAX, phone: None, plain: true };
            write_with(subjects, &options, None, &mut text).expect("written");
            lines(&text)
        };
        let first = write(0);
        let saved = first.iter().find(|line| line["settings"].is_object()).expect("settings were saved");
        let at = chrono::DateTime::parse_from_rfc3339(saved["at"].as_str().expect("a time")).expect("a time").timestamp_millis();
        (first.clone(), write(at + 1))
    })
    .await;
    let saved = first.iter().find(|line| line["settings"].is_object()).expect("settings were saved");
    assert_ne!(first[0]["integrations"][0]["settings"], saved["settings"]);
    assert_eq!(later[0]["integrations"][0]["settings"], saved["settings"]);
    assert_eq!((&first[0]["active"], &later[0]["active"]), (&false.into(), &true.into()));
}
