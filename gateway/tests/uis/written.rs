//! Records of reports are written as rows from which the same records are read.

use serde_json::{Value, json};
use uis_gateway::uis::written;
use uis_harness::recording::{self, Happening};
use uis_simulator::report::Report;
use uis_test_support::recordings;

const ALL: usize = 10_000;

/// Everything that a report has, as text: the contract's records cannot be compared.
fn shown(report: &Report) -> Vec<String> {
    let mut shown: Vec<String> = report.calls.page(i64::MIN, None, ALL).0.iter().map(|row| format!("{row:?}")).collect();
    shown.extend(report.chats.page(i64::MIN, None, ALL).0.iter().map(|row| format!("{row:?}")));
    shown.extend(report.site_requests.page(i64::MIN, None, ALL).0.iter().map(|row| format!("{row:?}")));
    let mut chats: Vec<_> = report.messages.iter().collect();
    chats.sort_by_key(|(id, _)| **id);
    shown.extend(chats.iter().flat_map(|(_, messages)| messages.page(i64::MIN, None, ALL).0).map(|row| format!("{row:?}")));
    shown
}

fn written(report: &Report) -> Value {
    let messages = report.messages.values().flat_map(|messages| messages.page(i64::MIN, None, ALL).0);
    json!({
        "calls": report.calls.page(i64::MIN, None, ALL).0.iter().map(written::call).collect::<Vec<_>>(),
        "chats": report.chats.page(i64::MIN, None, ALL).0.iter().map(written::chat).collect::<Vec<_>>(),
        "offline_messages": report.site_requests.page(i64::MIN, None, ALL).0.iter().map(written::site_request).collect::<Vec<_>>(),
        "chat_messages": messages.map(|message| written::message(&message)).collect::<Vec<_>>(),
    })
}

#[test]
fn reports_of_all_stories_are_read_as_they_were() {
    let mut count = 0;
    for (name, path) in recordings() {
        let text = std::fs::read(path).expect("the recording");
        let (header, lines) = recording::open(text.as_slice()).expect("a header");
        let zone = uis_host::clock::zone(&header.account.timezone).expect("a zone");
        let mut report = Report::default();
        for line in lines.flatten() {
            if let Happening::Report(rows) = line.happening {
                report.merge(&rows, zone, line.at.timestamp_millis(), &|_| false).ok();
            }
        }
        let mut again = Report::default();
        again.merge(&written(&report), chrono_tz::UTC, 0, &|_| false).expect("readable rows");
        let (first, second) = (shown(&report), shown(&again));
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first, second, "{name}");
        }
        assert_eq!(first.len(), second.len(), "{name}");
        count += first.len();
    }
    assert!(count > 30, "only {count} rows");
}
