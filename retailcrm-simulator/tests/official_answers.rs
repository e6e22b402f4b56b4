//! The official PHP and Go clients' own tests have requests with the answers that RetailCRM gave. `official_answers/pairs.json` has what
//! those are made of: each request with values of our own, the status that each client recorded, and the answer's members with their types.
//! The simulator, asked over its real interface, answers with the same members, types and status. What still differs is listed in
//! `official_answers/differences.json` with the reason, and in `docs/simulator.md` as this test writes it.

mod kinds;
mod sequence;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::kinds::{Kind, Known, differences};
use self::sequence::disorders;
use crate::support::program::{Program, start};

#[derive(Deserialize)]
struct Pair {
    method: String,
    path: String,
    #[serde(default)]
    form: Map<String, Value>,
    json: Option<Value>,
    /// What each client recorded. A request without a status only prepares the next ones.
    #[serde(default)]
    status: BTreeMap<String, u16>,
    answer: Option<Value>,
}

#[derive(Deserialize)]
struct Difference {
    /// A request and a place; `*` is any text.
    places: String,
    reason: String,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn ask(client: &reqwest::Client, program: &Program, pair: &Pair) -> (u16, String) {
    let url = format!("{}{}", program.url, pair.path);
    let key = if pair.path.contains("apiKey=") { "" } else { &program.key };
    let request = match (pair.method.as_str(), &pair.json) {
        ("GET", _) => client.get(url),
        (_, Some(json)) => client.post(url).body(json.to_string()),
        (_, None) => {
            let fields = pair.form.iter().map(|(name, value)| (name, text(value)));
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
        }
    };
    let request = if key.is_empty() { request } else { request.header("X-API-KEY", key) };
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, String::from_utf8(answer.bytes().await.expect("a body").to_vec()).expect("UTF-8"))
}

const PAIRS: &str = include_str!("official_answers/pairs.json");

/// The path without its query and values that the test chose.
fn named(pair: &Pair) -> String {
    format!("{} {}", pair.method, pair.path.split('?').next().unwrap_or_default().trim_start_matches("/api/v5"))
}

/// How the simulator's answers differ from the recorded ones: a line per place.
async fn found() -> Vec<String> {
    let account = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_answers/account.json");
    let program = start(&["--json", "--quiet", "--rate-limit", "off", "--account", account]);
    let client = reqwest::Client::new();
    let pairs: Vec<Pair> = serde_json::from_str(PAIRS).expect("pairs");
    let known = Known::read(&serde_json::from_str(include_str!("official_answers/kinds.json")).expect("kinds"));
    let mut lines = Vec::new();
    for (pair, written) in pairs.into_iter().zip(sequence::answers(PAIRS)) {
        let (status, body) = ask(&client, &program, &pair).await;
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let Some(recorded) = &pair.answer else {
            assert_eq!(status, 200, "{}: {answer}", named(&pair));
            continue;
        };
        for (who, recorded) in pair.status.iter().filter(|(_, recorded)| **recorded != status) {
            lines.push(format!("{} ({who}): status {recorded} recorded, {status} answered", named(&pair)));
        }
        // Of a refusal for another reason the members say nothing.
        if answer["success"] == recorded["success"].is_string() || pair.status.values().any(|recorded| *recorded == status) {
            let places = differences(&known, &Kind::read(recorded), &Kind::of(&answer, ""), "");
            lines.extend(places.into_iter().map(|place| format!("{}: {place}", named(&pair))));
            let order = written.map(|written| disorders(&written, &serde_json::from_str(&body).expect("JSON"), "order:"));
            lines.extend(order.into_iter().flatten().map(|place| format!("{}: {place}", named(&pair))));
        }
    }
    lines.dedup();
    lines
}

/// Whether a text is what a pattern with `*` describes.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|start| rest.is_char_boundary(*start)).any(|start| fits(after, &rest[start..]))
}

/// The table of `docs/simulator.md`.
fn table(known: &[Difference]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let row = |difference: &Difference| format!("| `{}` | {} |\n", cell(&difference.places), cell(&difference.reason));
    format!("| where | why |\n|---|---|\n{}", known.iter().map(row).collect::<String>())
}

#[tokio::test]
async fn answers_are_the_recorded_ones() {
    let known: Vec<Difference> = serde_json::from_str(include_str!("official_answers/differences.json")).expect("differences");
    let found = found().await;
    let unknown: Vec<&String> = found.iter().filter(|line| !known.iter().any(|known| fits(&known.places, line))).collect();
    assert!(
        unknown.is_empty(),
        "{} differences without a reason:\n{}",
        unknown.len(),
        unknown.iter().map(|line| format!("{line}\n")).collect::<String>()
    );
    let gone: Vec<&String> =
        known.iter().map(|known| &known.places).filter(|places| !found.iter().any(|line| fits(places, line))).collect();
    assert!(gone.is_empty(), "no longer different: {gone:#?}");
    let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/simulator.md")).expect("docs");
    assert!(written.contains(&table(&known)), "docs/simulator.md should have this table:\n{}", table(&known));
}

/// `filters.json`: the lists and histories, and every filter that an official client has for them, written as the client writes it.
#[tokio::test]
async fn filters_of_the_official_clients_are_known() {
    let account = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_answers/account.json");
    let program = start(&["--json", "--quiet", "--rate-limit", "off", "--account", account]);
    let client = reqwest::Client::new();
    let lists: BTreeMap<String, Vec<String>> = serde_json::from_str(include_str!("official_answers/filters.json")).expect("filters");
    let mut refused = Vec::new();
    for (path, filters) in &lists {
        for filter in filters {
            let joint = if path.contains('?') { '&' } else { '?' };
            let answer = client.get(format!("{}{path}{joint}{filter}", program.url)).header("X-API-KEY", &program.key).send().await;
            let answer = answer.expect("an answer");
            if answer.status() != 200 {
                refused.push(format!("{path} {filter}: {}", answer.text().await.expect("a body")));
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn patterns_fit() {
    assert!(fits("GET /orders*: missing *.segments[]", "GET /orders/5: missing order.customer.segments[]"));
    assert!(fits("a*", "a") && !fits("a*b", "a") && !fits("a", "ab"));
}
