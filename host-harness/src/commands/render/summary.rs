//! The end of a replay's text with `--summary`: numbers only.

use serde_json::Value;
use uis_harness::report::Report;

use super::closing::problems;

/// The titles of the CRM's and UIS's lists, in the order in which they are printed.
const TITLES: [(&str, &str); 11] = [
    ("customers", "customers"),
    ("orders", "orders"),
    ("tasks", "tasks"),
    ("notes", "notes"),
    ("calls", "calls in the history"),
    ("popups", "pop-ups"),
    ("funnels", "funnels in UIS"),
    ("deals", "deals in UIS"),
    ("dealContacts", "contacts of deals in UIS"),
    ("answers", "answers to incoming calls"),
    ("dialled", "calls dialled"),
];

/// The lines at the end. `crm` and `uis` have the length of each list, also of what the recording's header contains.
pub fn summary(report: &Report, crm: &Value, uis: &Value, effects: u64) -> String {
    let mut out = String::from("\n");
    for (name, title) in TITLES {
        let count = [crm, uis].iter().find_map(|lists| lists[name].as_u64()).unwrap_or(0);
        if count > 0 {
            out += &format!("{title}: {count}\n");
        }
    }
    out += &problems(&report.problems);
    if report.further.problems > 0 {
        out += &format!("  and {} further problems, which are not listed\n", report.further.problems);
    }
    out += &format!("effects: {effects}\n");
    out + &format!("events: {} delivered, {} retried, {} failed\n", report.delivered, report.retried, report.failed)
}
