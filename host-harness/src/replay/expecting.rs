//! `expect` lines: what the report must contain at this moment.

use serde_json::{Value, json};
use uis_host::ports::ProblemKind;
use uis_host::sync::lock;

use super::Replay;
use crate::expectation::{MEMBERS, unmet};
use crate::report::Kind;

/// The problem of an expectation about a CRM that cannot be looked into. Expectations about problems do not count it.
const NOT_COMPARED: &str = "expect: crm is not compared, because this CRM does not show what it contains";

impl Replay<'_> {
    /// Compares an expectation with what has happened so far. If it is not met, that is a problem.
    pub(super) async fn expect(&mut self, line: u64, mut expected: Value) {
        let Some(members) = expected.as_object_mut() else { return };
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let error = format!("expect: there is no member {unknown:?}; expected {}", MEMBERS.join(", "));
            return self.unreadable(line, error);
        }
        if members.is_empty() {
            return self.unreadable(line, format!("expect: nothing is expected; name at least one of {}", MEMBERS.join(", ")));
        }
        let crm = if members.contains_key("crm") { self.remote.clone().content().await } else { None };
        if crm.is_none() && members.remove("crm").is_some() {
            self.note(line, NOT_COMPARED.into());
            self.problem(line, ProblemKind::Skipped, NOT_COMPARED.into());
        }
        let found = self.so_far(crm);
        match unmet(&expected, &found) {
            None => self.note(line, "as expected".into()),
            Some(differences) => {
                let message = format!("expect: {differences}");
                self.note(line, message.clone());
                self.problem(line, Kind::Expectation, message);
            }
        }
    }

    /// The report so far, with the members of `docs/replay.schema.json`.
    fn so_far(&self, crm: Option<Value>) -> Value {
        let uis = self.account.state().to_json();
        let report = lock(&self.report);
        let events = json!({"delivered": report.delivered, "retried": report.retried, "failed": report.failed});
        let problems: Vec<_> = report.problems.iter().filter(|problem| problem.message != NOT_COMPARED).collect();
        json!({"events": events, "crm": crm, "uis": uis, "problems": problems})
    }
}
