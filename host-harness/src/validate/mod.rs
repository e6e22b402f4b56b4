//! Checks a recording without running it: the format, members and parameters that nobody knows, references to nobody, and times.
//!
//! Settings are the plugin's, so a replay checks them, and `inspect --check-settings`.

mod duplicates;
mod header;
mod line;
mod references;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::recording;
use references::References;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The replay does not do what is written.
    Error,
    /// The replay can do it, but it is probably not what was meant.
    Warning,
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The line cannot be read.
    Unreadable,
    /// A member has no meaning where it stands.
    UnknownMember,
    /// A member stands twice in one object; only the last one counts.
    DuplicateMember,
    /// A parameter that no event of UIS has.
    UnknownParameter,
    /// Something that the header does not have: an employee, a number, a chat channel, an order, an integration.
    Reference,
    /// A time or a duration that cannot be read or cannot be right.
    Time,
    /// The recording has a header and nothing else.
    Empty,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub kind: Kind,
    /// The message. It names the member, and says what was expected.
    pub message: String,
}

/// The findings of one recording.
#[derive(Debug, Default)]
struct Findings {
    all: Vec<Finding>,
    /// What was found about a subject: the place of the first finding, and in how many further lines it was found.
    subjects: BTreeMap<(Kind, String), (usize, u64)>,
}

impl Findings {
    fn error(&mut self, line: u64, kind: Kind, message: impl Into<String>) {
        self.all.push(Finding { line, severity: Severity::Error, kind, message: message.into() });
    }

    fn warning(&mut self, line: u64, kind: Kind, message: impl Into<String>) {
        self.all.push(Finding { line, severity: Severity::Warning, kind, message: message.into() });
    }

    /// A warning that many lines may cause: only the first is listed, the others are counted.
    fn once(&mut self, line: u64, kind: Kind, message: String) {
        match self.subjects.get_mut(&(kind, message.clone())) {
            Some((_, more)) => *more += 1,
            None => {
                self.subjects.insert((kind, message.clone()), (self.all.len(), 0));
                self.warning(line, kind, message);
            }
        }
    }

    fn finish(mut self) -> Vec<Finding> {
        for (place, more) in self.subjects.into_values().filter(|(_, more)| *more > 0) {
            self.all[place].message.push_str(&format!(" (and in {more} more lines)"));
        }
        self.all.sort_by_key(|finding| (finding.line, finding.severity));
        self.all
    }
}

/// The header as it is written.
fn written(source: impl BufRead) -> Value {
    let mut lines = source.lines().map_while(Result::ok);
    let first = lines.find(|line| !line.trim_start_matches('\u{feff}').trim().is_empty()).unwrap_or_default();
    serde_json::from_str(first.trim_start_matches('\u{feff}')).unwrap_or_default()
}

/// Checks a recording, which is read three times. The error is an unusable header, with its line, or a file that cannot be read.
pub fn validate<R: BufRead>(open: impl Fn() -> io::Result<R>) -> Result<Vec<Finding>, (u64, String)> {
    let failed = |error: io::Error| (1, format!("the file cannot be read: {error}"));
    let mut findings = Findings::default();
    let (head, lines) = recording::open(open().map_err(failed)?)?;
    header::check(&head, &mut findings);
    header::check_account(&written(open().map_err(failed)?)["account"], &mut findings);
    let mut references = References::of(&head);
    let mut before: Option<(u64, DateTime<Utc>)> = None;
    let mut is_empty = true;
    for line in lines {
        is_empty = false;
        let line = match line {
            Ok(line) => line,
            Err((number, why)) => {
                findings.error(number, Kind::Unreadable, why);
                continue;
            }
        };
        if let Some((number, time)) = before.filter(|(_, time)| line.at < *time) {
            let seconds = (time - line.at).as_seconds_f64();
            let back = format!("\"at\" is {seconds} s before that of line {number}; the clock of a replay never goes back");
            findings.warning(line.number, Kind::Time, back);
        }
        before = Some((line.number, line.at));
        line::check(&line, &head, &mut references, &mut findings);
    }
    if is_empty {
        findings.warning(1, Kind::Empty, "the recording has a header and no lines; a replay of it shows only the activation");
    }
    duplicates::check(open().map_err(failed)?, &mut findings);
    Ok(findings.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was found: line, severity, kind, message.
    fn of(lines: &[&str]) -> Vec<(u64, Severity, Kind, String)> {
        let text = lines.join("\n");
        let found = validate(|| Ok(text.as_bytes())).map_err(|(line, error)| format!("{line}: {error}")).expect("a header");
        found.into_iter().map(|found| (found.line, found.severity, found.kind, found.message)).collect()
    }

    const HEADER: &str = r#"{"recording":1,"account":{"employees":[{"id":5,"extension":{"extension_phone_number":"101"}}],"virtual_numbers":[{"id":1,"virtual_phone_number":"74951112233"}],"chat_channels":[{"id":31}]},"crm":{"orders":[{"id":17}]}}"#;

    fn only(lines: &[&str]) -> (u64, Severity, Kind, String) {
        let found = of(lines);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.into_iter().next().expect("one finding")
    }

    #[test]
    fn each_kind_of_mistake_is_found_with_its_line_and_a_remedy() {
        let at = "\"at\":\"2026-11-23T10:00:00+03:00\"";
        for (line, severity, kind, part) in [
            ("nonsense", Severity::Error, Kind::Unreadable, "not JSON"),
            (&format!("{{{at},\"notificaton\":\"out_call\"}}"), Severity::Error, Kind::Unreadable, "did you mean \"notification\""),
            (&format!("{{{at},\"notification\":\"out_cal\",\"body\":{{}}}}"), Severity::Error, Kind::Unreadable, "out_call"),
            (&format!("{{{at},\"notification\":\"out_call\",\"body\":{{}}}}"), Severity::Error, Kind::Unreadable, "call_session_id"),
            (
                &format!("{{{at},\"deactivate\":true,\"intgration\":\"x\"}}"),
                Severity::Error,
                Kind::UnknownMember,
                "did you mean \"integration\"",
            ),
            (&format!("{{{at},\"deactivate\":true,\"integration\":\"x\"}}"), Severity::Error, Kind::Reference, "\"x\""),
            (&format!("{{{at},\"deactivate\":true,\"deactivate\":true}}"), Severity::Error, Kind::DuplicateMember, "deactivate"),
            (
                &format!(
                    "{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"call_info\":{{\"leg_id\":1,\"leg_id\":2}}}}}}"
                ),
                Severity::Warning,
                Kind::DuplicateMember,
                "body.call_info.leg_id",
            ),
            (
                &format!("{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"employe_id\":5}}}}"),
                Severity::Warning,
                Kind::UnknownParameter,
                "did you mean \"employee_id\"",
            ),
            (
                &format!("{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"employee_id\":6}}}}"),
                Severity::Warning,
                Kind::Reference,
                "employee 6",
            ),
            (
                &format!(
                    "{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"virtual_phone_number\":\"74950000000\"}}}}"
                ),
                Severity::Warning,
                Kind::Reference,
                "74950000000",
            ),
            (
                &format!("{{{at},\"notification\":\"chat_started\",\"body\":{{\"chat_id\":1,\"chat_channel_id\":32}}}}"),
                Severity::Warning,
                Kind::Reference,
                "chat channel 32",
            ),
            (
                &format!("{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"notification_time\":\"now\"}}}}"),
                Severity::Warning,
                Kind::Time,
                "\"now\"",
            ),
            (
                &format!(
                    "{{{at},\"notification\":\"out_call\",\"body\":{{\"call_session_id\":1,\"start_time\":\"2016-11-23 10:00:00\"}}}}"
                ),
                Severity::Warning,
                Kind::Time,
                "start_time",
            ),
            (&format!("{{{at},\"order-webhook\":\"orderId=18\"}}"), Severity::Warning, Kind::Reference, "order 18"),
            (
                &format!("{{{at},\"click-to-call\":\"clientId=replay-client-id&code=102&phone=7\"}}"),
                Severity::Warning,
                Kind::Reference,
                "102",
            ),
            (&format!("{{{at},\"click-to-call\":\"clientId=x&code=101&phone=7\"}}"), Severity::Error, Kind::Reference, "client_id"),
            (&format!("{{{at},\"crm\":{{\"path\":\"/x\",\"body\":{{}}}}}}"), Severity::Error, Kind::UnknownMember, "crm.body"),
            (&format!("{{{at},\"crm-faults\":{{\"rule\":[]}}}}"), Severity::Error, Kind::Unreadable, "crm-faults"),
            (&format!("{{{at},\"report\":{{\"callz\":[{{}}]}}}}"), Severity::Error, Kind::Unreadable, "callz"),
            (&format!("{{{at},\"account\":{{\"employes\":[]}}}}"), Severity::Error, Kind::Unreadable, "employes"),
        ] {
            let found = only(&[HEADER, line]);
            assert_eq!((found.0, found.1, found.2), (2, severity, kind), "{line}: {}", found.3);
            assert!(found.3.contains(part), "{line}: {}", found.3);
        }
    }

    #[test]
    fn a_recording_that_is_right_has_no_findings() {
        let found = of(&[
            HEADER,
            r#"{"at":"2026-11-23T10:00:00+03:00","notification":"out_call","body":{"call_session_id":1,"employee_id":"5","virtual_phone_number":"\"74951112233\"","start_time":"2026-11-23 09:59:58","utm_source":"x"},"guessed":true}"#,
            r#"{"at":"2026-11-23T10:00:00+03:00","order-webhook":"orderId=17"}"#,
            r#"{"at":"2026-11-23T10:00:00+03:00","crm":{"method":"POST","path":"/api/v5/orders/create","form":{}}}"#,
            r#"{"at":"2026-11-23T10:00:00+03:00","order-webhook":"orderId=18"}"#,
        ]);
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn what_many_lines_cause_is_listed_once_and_counted() {
        let line = r#"{"at":"2026-11-23T10:00:00+03:00","notification":"out_call","body":{"call_session_id":1,"employee_id":6}}"#;
        let found = only(&[HEADER, line, line, line]);
        assert!(found.0 == 2 && found.3.ends_with("(and in 2 more lines)"), "{}", found.3);
    }

    #[test]
    fn the_header_is_checked_and_times_must_not_run_back() {
        let line = r#"{"at":"2026-11-23T10:00:00+03:00","activate":true}"#;
        for (header, kind, part) in [
            (r#"{"recording":1,"setings":{}}"#, Kind::UnknownMember, "did you mean \"settings\""),
            (r#"{"recording":1,"account":{"employes":[]}}"#, Kind::UnknownMember, "account.employes"),
            (r#"{"recording":1,"account":{"employees":[{"id":1,"e_mail":"a@b.example"}]}}"#, Kind::UnknownMember, "did you mean \"email\""),
            (r#"{"recording":1,"crm":{"user":[]}}"#, Kind::Unreadable, "user"),
            (r#"{"recording":1,"name":"a","name":"b"}"#, Kind::DuplicateMember, "name"),
        ] {
            let found = only(&[header, line]);
            assert!((found.0, found.2) == (1, kind) && found.3.contains(part), "{header}: {found:?}");
        }
        let earlier = r#"{"at":"2026-11-23T09:59:56+03:00","activate":true}"#;
        let found = only(&[r#"{"recording":1}"#, line, earlier]);
        assert!((found.0, found.2) == (3, Kind::Time) && found.3.contains("4 s before that of line 2"), "{found:?}");
        assert_eq!(only(&[r#"{"recording":1}"#]).2, Kind::Empty);
        assert_eq!(only(&[r#"{"recording":1}"#, line, &line.replace("2026", "4026")]).2, Kind::Unreadable);
    }
}
