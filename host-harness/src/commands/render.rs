//! Prints a replay for people: for each event what the plugin did and what the CRM answered, and a summary at the end.

use std::fmt::Write as _;
use std::path::Path;

use chrono_tz::Tz;
use serde_json::Value;
use uis_harness::recording::Header;
use uis_harness::report::Report;
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::event::{Event, Reply};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::ports::{Entry, Observer, Origin, Outcome};
use uis_host::trace::{Answer, Step};

use super::say;

/// Longer bodies and values are cut to this many characters.
const SHOWN_CHARS: usize = 300;

/// Prints a replay to standard output while it runs.
pub struct Story {
    verbose: bool,
    zone: Tz,
    day: Option<chrono::NaiveDate>,
}

impl Story {
    /// Prints times in this zone. With `verbose`, prints every step and whole bodies.
    pub fn new(verbose: bool, zone: Tz) -> Story {
        Story { verbose, zone, day: None }
    }

    /// The lines before the replay: the recording and the plugin.
    pub fn opening(path: &Path, header: &Header, plugin: &ComponentPlugin) -> String {
        let about = plugin.description();
        let name = if header.name.is_empty() { path.display().to_string() } else { header.name.clone() };
        let how = if plugin.cached { "compiled earlier" } else { "compiled now" };
        format!(
            "recording  {name} ({})\nplugin     {} {}, {} kB, {how}: {} ms\n",
            header.account.timezone,
            about.name,
            about.version,
            plugin.size / 1000,
            plugin.compiled_in.as_millis()
        )
    }

    fn time(&mut self, at: i64) -> String {
        let at = uis_host::clock::instant(at).with_timezone(&self.zone);
        let mut out = String::new();
        if self.day != Some(at.date_naive()) {
            self.day = Some(at.date_naive());
            let _ = writeln!(out, "\n{}", at.format("%Y-%m-%d"));
        }
        let _ = write!(out, "{}", at.format("%H:%M:%S"));
        out
    }

    fn steps(&self, trace: &[Step], zone: Tz) -> String {
        let mut out = String::new();
        for step in trace {
            match step {
                Step::Request { connection, method, path, query, form, answer, .. } => {
                    let _ = writeln!(out, "          → {connection} {method} {path}{}", self.pairs(query, form));
                    let _ = writeln!(out, "          ← {}", self.answer(answer));
                }
                Step::Log { level, message, fields } if self.verbose || level != "debug" => {
                    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", self.short(value))).collect();
                    let _ = writeln!(out, "          · {level}: {message} {}", fields.join(" "));
                }
                Step::Decision { subject, decided_by, verdict, why } if self.verbose => {
                    let _ = writeln!(out, "          · decided by {decided_by}: {subject}: {verdict}: {why}");
                }
                Step::TimerSet { name, at, every_ms } if self.verbose || every_ms.is_none() => {
                    let at = uis_host::clock::instant(*at).with_timezone(&zone).format("%H:%M:%S");
                    let every = every_ms.map(|every| format!(", every {} min", every / 60_000)).unwrap_or_default();
                    let _ = writeln!(out, "          · timer {name} at {at}{every}");
                }
                Step::Stored { key, value } if self.verbose => {
                    let _ = writeln!(
                        out,
                        "          · stored {key} = {}",
                        value.as_deref().map_or("(deleted)".into(), |value| self.short(value))
                    );
                }
                Step::Uis { method, subject, answer } => {
                    let _ = writeln!(out, "          → UIS {method} {}: {answer}", self.short(subject));
                }
                Step::Rule { rule, about, dry_run, verdict, changes, .. } => {
                    let dry = if *dry_run { " (dry run: not applied)" } else { "" };
                    let _ = writeln!(out, "          · rule {rule}{dry}: {about}: {verdict}");
                    for change in changes {
                        let part = |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |value| self.short(value));
                        let _ = writeln!(out, "            {}: {} → {}", change.field, part(&change.from), part(&change.to));
                    }
                }
                Step::Withheld { what, limit, why } => {
                    let _ = writeln!(out, "          · withheld {what}: {limit}; {why}");
                }
                Step::TimerCancelled { name } if self.verbose => {
                    let _ = writeln!(out, "          · timer {name} cancelled");
                }
                _ => {}
            }
        }
        out
    }

    fn pairs(&self, query: &[(String, String)], form: &[(String, String)]) -> String {
        query.iter().chain(form).map(|(name, value)| format!(" {name}={}", self.short(value))).collect()
    }

    fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::Response { status, body, .. } => format!("{status} {}", self.short(body)),
            Answer::Error { error, message } => format!("{error}: {message}"),
        }
    }

    /// One line of at most [`SHOWN_CHARS`] characters; with `verbose` of any length.
    fn short(&self, text: &str) -> String {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.verbose || line.chars().count() <= SHOWN_CHARS {
            return line;
        }
        let mut cut: String = line.chars().take(SHOWN_CHARS).collect();
        cut.push('…');
        cut
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(Reply::Done(done)) => {
            done.skipped.iter().map(|skipped| format!("          skipped: {}: {}\n", skipped.what, skipped.why)).collect()
        }
        Outcome::Accepted(Reply::Answer(answer)) => {
            let who = answer.card.as_ref().and_then(|card| card.name.clone()).unwrap_or_else(|| "unknown".into());
            let orders = answer.card.as_ref().map_or(0, |card| card.orders.len());
            let forward = if answer.forward_to.is_empty() { "not found".into() } else { answer.forward_to.join(", ") };
            format!("          answer: caller {who}, open orders {orders}, forward to: {forward}\n")
        }
        Outcome::Accepted(Reply::Dial(None)) => "          answer: nothing to dial\n".into(),
        Outcome::Accepted(Reply::Dial(Some(order))) => {
            let then = order.extension.as_ref().map(|extension| format!(", then {extension}")).unwrap_or_default();
            format!("          dial {}{then} for employee {}, shown {}\n", order.contact, order.employee_id, order.virtual_number)
        }
        Outcome::Failed(failure, again) => {
            let what = match failure {
                Failure::Retry(later) if again.is_none() => format!("dropped, because live events are not retried: {}", later.reason),
                Failure::Retry(later) => format!("to be retried: {}", later.reason),
                Failure::Rejected(why) => format!("REJECTED: {why}"),
                Failure::Unauthorized(why) => format!("UNAUTHORIZED: {why}"),
                Failure::Suspended(why) => format!("SUSPENDED: {why}"),
                Failure::Misconfigured(problem) => format!("MISCONFIGURED: {}: {}", problem.setting, problem.message),
            };
            let again = again.map(|delay| format!(" (next attempt in {} s)", delay as f64 / 1000.0)).unwrap_or_default();
            format!("          {what}{again}\n")
        }
        Outcome::Fault(fault) => format!("          FAILED: {fault}\n"),
    }
}

impl Observer for Story {
    fn entry(&mut self, entry: Entry<'_>) {
        // A timer that found nothing to do is not printed.
        let idle = matches!(&entry.outcome, Outcome::Accepted(Reply::Done(done)) if done.skipped.is_empty());
        let silent = entry.trace.iter().all(|step| match step {
            Step::Stored { .. } | Step::TimerCancelled { .. } => true,
            Step::Request { method, answer: Answer::Response { status: 200, .. }, .. } => method == "GET",
            _ => false,
        });
        if idle && silent && matches!(entry.event, Event::TimerDue(_)) && !self.verbose {
            return;
        }
        let whose = if entry.alone { String::new() } else { format!("[{}] ", entry.integration) };
        let again = if entry.attempt > 1 { format!(" (attempt {})", entry.attempt) } else { String::new() };
        let time = self.time(entry.at);
        let fuel = entry.fuel.filter(|_| self.verbose).map(|fuel| format!(", fuel {fuel}")).unwrap_or_default();
        let subject = entry.event.subject();
        let subject = if subject.is_empty() { subject } else { format!(" {subject}") };
        let head = format!("{time}  {whose}{}{subject} → {}{again}{fuel}", entry.what, entry.event.handler());
        say(&format!("{head}\n{}{}", self.steps(&entry.trace, self.zone), outcome(&entry.outcome)));
    }

    fn note(&mut self, at: i64, _: Origin, text: &str) {
        let line = format!("{}  {}\n", self.time(at), self.short(text));
        say(&line);
    }
}

/// A member of each row of a list, on one line.
fn listed_names(list: &Value, name: &str) -> String {
    list.as_array().into_iter().flatten().filter_map(|row| row[name].as_str()).collect::<Vec<_>>().join(" · ")
}

/// The summary at the end.
pub fn closing(report: &Report, crm: &Value, uis: &Value, summary: bool) -> String {
    let mut out = String::from("\n");
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let funnel = |funnel: &Value| {
        let stages = listed_names(&funnel["stages"], "stage_name");
        format!("{} {}: {stages}", text(&funnel["ext_id"]), text(&funnel["name"]))
    };
    let deal = |deal: &Value| {
        let part = |name: &str| text(&deal[name]);
        let stages = deal["history"].as_array().into_iter().flatten().map(|state| {
            let generated = if state["is_generated"] == true { " (UIS's own)" } else { "" };
            format!("{} {}{generated}", text(&state["modified_stage_date_time"]), text(&state["stage_ext_id"]))
        });
        format!(
            "{} {}, {}, contact {}, employee {}, funnel {}: {}",
            part("ext_id"),
            part("name"),
            part("revenue"),
            part("main_contact_ext_id"),
            part("employee_ext_id"),
            part("sales_funnel_ext_id"),
            stages.collect::<Vec<_>>().join(" → ")
        )
    };
    let listed =
        |list: &Value, line: &dyn Fn(&Value) -> String| -> Vec<String> { list.as_array().into_iter().flatten().map(line).collect() };
    let sections: [(&str, &Value, Vec<String>); 8] = [
        (
            "calls in the history",
            &crm["calls"],
            listed(&crm["calls"], &|call| {
                let part = |name: &str| text(&call[name]);
                format!(
                    "{} {} {} {}, talk {} s, wait {} s, user {}, recording {}",
                    part("date"),
                    part("type"),
                    part("phone"),
                    part("result"),
                    part("duration"),
                    part("durationWaiting"),
                    part("userId"),
                    part("recordUrl")
                )
            }),
        ),
        (
            "pop-ups",
            &crm["popups"],
            listed(&crm["popups"], &|popup| {
                format!(
                    "user {} saw {} from {} to {}",
                    text(&popup["userId"]),
                    text(&popup["phone"]),
                    text(&popup["shownAt"]),
                    text(&popup["closedAt"])
                )
            }),
        ),
        (
            "notes",
            &crm["notes"],
            listed(&crm["notes"], &|note| format!("customer {}: {}", text(&note["customer"]["id"]), text(&note["text"]))),
        ),
        ("tasks", &crm["tasks"], listed(&crm["tasks"], &|task| text(&task["text"]))),
        ("funnels in UIS", &uis["funnels"], listed(&uis["funnels"], &funnel)),
        ("deals in UIS", &uis["deals"], listed(&uis["deals"], &deal)),
        (
            "answers to incoming calls",
            &uis["answers"],
            listed(&uis["answers"], &|answer| {
                let numbers: Vec<String> = answer["forward_to"].as_array().into_iter().flatten().map(text).collect();
                format!("call {}: {}, forward to [{}]", text(&answer["call_session_id"]), text(&answer["card"]["name"]), numbers.join(", "))
            }),
        ),
        (
            "calls dialled",
            &uis["dialled"],
            listed(&uis["dialled"], &|call| format!("{} by employee {}", text(&call["contact"]), text(&call["employee"]["id"]))),
        ),
    ];
    for (title, list, lines) in sections {
        if count(list) == 0 {
            continue;
        }
        let _ = writeln!(out, "{title}: {}", count(list));
        for line in lines.iter().filter(|_| !summary) {
            let _ = writeln!(out, "  {line}");
        }
    }
    if !report.problems.is_empty() {
        let _ = writeln!(out, "problems: {}", report.problems.len());
        for problem in &report.problems {
            let _ = writeln!(out, "  line {} {}: {}", problem.line, format!("{:?}", problem.kind).to_lowercase(), problem.message);
        }
    }
    let _ = writeln!(out, "events: {} delivered, {} retried, {} failed", report.delivered, report.retried, report.failed);
    out
}
