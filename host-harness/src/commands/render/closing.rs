//! The end of a replay's text: everything that was made, each with its cause, then the problems and the counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uis_harness::effects::{Effect, EffectResult, Kind, Subject};
use uis_harness::recording::Header;
use uis_harness::report::{Problem, Report};

/// A problem that occurs more often is printed this many times, then counted.
const SAME_PROBLEM: usize = 3;

/// What the end of a replay's text is made from.
pub struct Closing<'a> {
    /// The counts and problems.
    pub report: &'a Report,
    /// The effects.
    pub effects: &'a [Effect],
    /// The records that the recording's header contains.
    pub header: &'a Header,
    /// The content of the CRM.
    pub crm: &'a Value,
    /// The content of UIS.
    pub uis: &'a Value,
}

/// The lines at the end.
pub fn closing(closing: &Closing<'_>) -> String {
    let mut out = String::from("\n");
    for (title, lines) in closing.sections() {
        if lines.is_empty() {
            continue;
        }
        out += &format!("{title}: {}\n", lines.len());
        for line in &lines {
            out += &format!("  {line}\n");
        }
    }
    out += &problems(&closing.report.problems);
    let report = closing.report;
    out + &format!("events: {} delivered, {} retried, {} failed\n", report.delivered, report.retried, report.failed)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

impl Closing<'_> {
    fn sections(&self) -> Vec<(&'static str, Vec<String>)> {
        let (crm, uis) = (self.crm, self.uis);
        vec![
            ("customers", self.made("customers", "customer", &customer)),
            ("orders", self.made("orders", "order", &order)),
            ("tasks", self.made("tasks", "task", &task)),
            ("notes", self.made("notes", "note", &|note| format!("customer {}: {}", text(&note["customer"]["id"]), text(&note["text"])))),
            ("calls in the history", rows(&crm["calls"]).map(|of| call(of) + &self.of_id(of, "call", &of["externalId"])).collect()),
            ("pop-ups", rows(&crm["popups"]).map(|of| pop_up(of) + &self.of_pop_up(of)).collect()),
            ("employees in UIS", self.employees()),
            ("funnels in UIS", rows(&uis["funnels"]).map(|of| funnel(of) + &self.of_uis("funnel", &of["ext_id"])).collect()),
            ("deals in UIS", rows(&uis["deals"]).map(|of| deal(of) + &self.of_uis("deal", &of["ext_id"])).collect()),
            ("answers to incoming calls", rows(&uis["answers"]).map(|of| answer(of) + &self.of_answer(of)).collect()),
            ("calls dialled", rows(&uis["dialled"]).enumerate().map(|(nth, of)| dialled(of) + &self.nth("dial order", nth)).collect()),
        ]
    }

    /// The records of the CRM that were not in the recording's header.
    fn made(&self, member: &str, entity: &str, line: &dyn Fn(&Value) -> String) -> Vec<String> {
        let before: BTreeSet<(String, String)> = self
            .header
            .integrations
            .iter()
            .flat_map(|of| rows(&of.crm[member]).map(|record| (of.name.clone(), record["id"].to_string())))
            .chain(
                self.header
                    .credentials
                    .iter()
                    .flat_map(|of| rows(&of.crm[member]).map(|record| (of.name.clone(), record["id"].to_string()))),
            )
            .collect();
        let is_new = |record: &&Value| {
            let id = record["id"].to_string();
            let alone = self.header.integrations.len() == 1;
            !before.iter().any(|(name, known)| *known == id && (alone || record["integration"] == name.as_str()))
        };
        rows(&self.crm[member])
            .filter(is_new)
            .map(|record| format!("{} {}{}", record["id"], line(record), self.of_id(record, entity, &record["id"])))
            .collect()
    }

    /// The cause of the first effect that made an entity, as the end of its line.
    fn of_id(&self, record: &Value, entity: &str, id: &Value) -> String {
        let id = text(id);
        let found = self.find(|effect| {
            let here = effect.integration.as_deref().is_none_or(|name| record["integration"].is_null() || record["integration"] == name);
            effect.entity == entity && effect.id.as_deref() == Some(&id) && here && effect.result == EffectResult::Done
        });
        // A request whose answer was lost has no id; the persons and communications that both name identify it.
        let named = Subject::within(record);
        let lost = |effect: &Effect| {
            let same = named.iter().any(|subject| effect.about.contains(subject));
            effect.entity == entity && effect.id.is_none() && effect.result == EffectResult::Unknown && same
        };
        found.or_else(|| self.find(lost)).map_or_else(String::new, brief)
    }

    fn find(&self, wanted: impl Fn(&Effect) -> bool) -> Option<&Effect> {
        self.effects.iter().find(|effect| wanted(effect))
    }

    fn of_pop_up(&self, pop_up: &Value) -> String {
        let phone = text(&pop_up["phone"]);
        let at = text(&pop_up["shownAt"]);
        let shown =
            |effect: &Effect| effect.entity == "pop-up" && effect.verb == "shown" && effect.at == at && effect.what.starts_with(&phone);
        self.find(shown).map_or_else(String::new, brief)
    }

    /// The cause of the last effect in UIS that names an entity.
    fn of_uis(&self, entity: &str, id: &Value) -> String {
        let id = text(id);
        let names = |effect: &&Effect| effect.entity == entity && effect.what.split(' ').any(|word| word == id);
        self.effects.iter().rfind(names).map_or_else(String::new, brief)
    }

    fn of_answer(&self, answer: &Value) -> String {
        let call = Subject::new(Kind::Call, &answer["call_session_id"]);
        self.find(|effect| effect.entity == "answer" && effect.about.contains(&call)).map_or_else(String::new, brief)
    }

    fn nth(&self, entity: &str, nth: usize) -> String {
        self.effects.iter().filter(|effect| effect.entity == entity).nth(nth).map_or_else(String::new, brief)
    }

    fn employees(&self) -> Vec<String> {
        let done = self.effects.iter().filter(|effect| effect.entity == "employee" && effect.result == EffectResult::Done);
        done.map(|effect| format!("{} {}: {}{}", text(&effect.id.clone().into()), effect.verb, effect.what, brief(effect))).collect()
    }
}

fn brief(effect: &Effect) -> String {
    format!("  ← {}", effect.cause.brief())
}

fn customer(customer: &Value) -> String {
    let names: Vec<String> =
        ["lastName", "firstName", "patronymic"].iter().filter_map(|name| customer[*name].as_str()).map(str::to_owned).collect();
    let phones: Vec<String> = rows(&customer["phones"]).map(|phone| text(&phone["number"])).collect();
    let email = customer["email"].as_str().map(|email| format!(", {email}")).unwrap_or_default();
    let manager = if customer["managerId"].is_null() { String::new() } else { format!(", manager {}", customer["managerId"]) };
    format!("{}, {}{email}{manager}", names.join(" "), phones.join(", "))
}

fn order(order: &Value) -> String {
    let number = order["number"].as_str().map(|number| format!("{number}, ")).unwrap_or_default();
    let manager = if order["managerId"].is_null() { String::new() } else { format!(", manager {}", order["managerId"]) };
    format!("{number}customer {}, status {}{manager}", text(&order["customer"]["id"]), text(&order["status"]))
}

fn task(task: &Value) -> String {
    let state = if task["complete"] == true { ", completed" } else { "" };
    format!("{}, due {}, user {}{state}", text(&task["text"]), text(&task["datetime"]), text(&task["performer"]))
}

fn call(call: &Value) -> String {
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
}

fn pop_up(popup: &Value) -> String {
    let part = |name: &str| text(&popup[name]);
    format!("user {} saw {} from {} to {}", part("userId"), part("phone"), part("shownAt"), part("closedAt"))
}

fn funnel(funnel: &Value) -> String {
    let stages: Vec<&str> = rows(&funnel["stages"]).filter_map(|stage| stage["stage_name"].as_str()).collect();
    format!("{} {}: {}", text(&funnel["ext_id"]), text(&funnel["name"]), stages.join(" · "))
}

fn deal(deal: &Value) -> String {
    let part = |name: &str| text(&deal[name]);
    let stages = rows(&deal["history"]).map(|state| {
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
}

fn answer(answer: &Value) -> String {
    let numbers: Vec<String> = rows(&answer["forward_to"]).map(text).collect();
    format!("call {}: {}, forward to [{}]", text(&answer["call_session_id"]), text(&answer["card"]["name"]), numbers.join(", "))
}

fn dialled(call: &Value) -> String {
    format!("{} by employee {}", text(&call["contact"]), text(&call["employee"]["id"]))
}

/// The problems. Those that differ only in numbers, such as one for each call during an outage, are printed a few times and then counted.
pub(super) fn problems(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let pattern = |problem: &Problem| format!("{:?} {}", problem.kind, problem.message.replace(|c: char| c.is_ascii_digit(), ""));
    let mut lines: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for problem in problems {
        lines.entry(pattern(problem)).or_default().push(problem.line);
    }
    let mut printed: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = format!("problems: {}\n", problems.len());
    for problem in problems {
        let key = pattern(problem);
        let all = lines.get(&key).map_or(&[][..], Vec::as_slice);
        let nth = printed.entry(key).or_default();
        *nth += 1;
        let kind = format!("{:?}", problem.kind).to_lowercase();
        if *nth <= SAME_PROBLEM || all.len() == SAME_PROBLEM + 1 {
            out += &format!("  line {} {kind}: {}\n", problem.line, problem.message);
        } else if *nth == SAME_PROBLEM + 1 {
            let (first, last) = (problem.line, all.iter().max().copied().unwrap_or(problem.line));
            out += &format!("  {} more like these, lines {first} to {last}\n", all.len() - SAME_PROBLEM);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use uis_host::ports::ProblemKind;

    #[test]
    fn a_problem_that_many_calls_have_is_counted() {
        let problem = |line: u64, message: String| Problem { line, kind: ProblemKind::Limit.into(), message };
        let mut all: Vec<Problem> =
            (2..102).map(|line| problem(line, format!("out_call (call {line} 79160000{line})): the CRM is down"))).collect();
        all.push(problem(200, "another".into()));
        let text = problems(&all);
        assert_eq!(text.lines().count(), 1 + 3 + 1 + 1, "{text}");
        assert!(text.contains("  97 more like these, lines 5 to 101\n") && text.ends_with("line 200 limit: another\n"), "{text}");
        assert_eq!(problems(&all[..4]).lines().count(), 5);
    }
}
