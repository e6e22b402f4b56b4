//! Lines of a recording. They are written as text, so that a body stays as it came.

use std::io::{self, Write};

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::{Value, json};
use uis_host::clock::instant;

use super::begin::{self, Begin};
use super::{Options, Summary, is_received};
use crate::control::export::{RecordedRole, RecordingSubject};
use crate::privacy::pseudonyms::Pseudonyms;
use crate::store::walk::Met;
use crate::store::{Captured, NewRequest};

/// What a replay has as the secret of the addresses; the real one is not stored.
const SECRET: &str = "replay-client-id";
/// What stands for the secret in captures.
const HIDDEN_SECRET: &str = "{uis-callback-secret}";
/// The public address of a replay.
const HOOKS: &str = "https://hooks.uis.example";

/// Hides personal data, or leaves it.
pub struct Hiding(pub Option<Pseudonyms>);

impl Hiding {
    /// Looks for ids and codes.
    pub fn learn(&mut self, met: &Met) {
        let Some(hidden) = &mut self.0 else { return };
        match met {
            Met::Request(_, request) => {
                hidden.learn_form(&request.query);
                hidden.learn_body(&String::from_utf8_lossy(&request.body));
            }
            Met::Captured(captured) => {
                for exchange in exchanges(captured) {
                    hidden.learn_path(&exchange.path);
                    hidden.learn_form(&exchange.query);
                    hidden.learn_body(&exchange.form);
                    hidden.learn_body(exchange.answer["body"].as_str().unwrap_or_default());
                }
            }
            Met::Damaged(_) => {}
        }
    }

    /// Looks for ids and codes in JSON.
    pub fn learn_json(&mut self, json: &str) {
        if let Some(hidden) = &mut self.0 {
            hidden.learn_json(json);
        }
    }

    fn with(&mut self, text: &str, hide: fn(&mut Pseudonyms, &str) -> String) -> String {
        self.0.as_mut().map_or_else(|| text.to_owned(), |hidden| hide(hidden, text))
    }
}

/// A request to the CRM and its answer.
struct Exchanged {
    method: String,
    path: String,
    query: String,
    form: String,
    answer: Value,
}

/// The exchanges of an attempt.
fn exchanges(captured: &Captured) -> Vec<Exchanged> {
    let content: Value = serde_json::from_str(&captured.content).unwrap_or_default();
    let steps = content["steps"].as_array().cloned().unwrap_or_default();
    let pairs = |value: &Value| -> Vec<(String, String)> { serde_json::from_value(value.clone()).unwrap_or_default() };
    let encoded = |pairs: Vec<(String, String)>| match pairs.as_slice() {
        // A body of JSON.
        [(name, text)] if name.is_empty() => text.clone(),
        _ => form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let requests = steps.into_iter().filter(|step| step["step"] == "request");
    let exchanged = requests.map(|step| Exchanged {
        method: text(&step["method"]),
        path: text(&step["path"]),
        query: encoded(pairs(&step["query"])),
        form: encoded(pairs(&step["form"])),
        answer: step["answer"].clone(),
    });
    // What the host refused to send has no answer.
    exchanged.filter(|exchange| exchange.answer["error"] != "denied").collect()
}

/// Writes lines.
pub struct Lines<'a> {
    subjects: &'a [RecordingSubject],
    hiding: Hiding,
    zone: Tz,
    to: &'a mut dyn Write,
    summary: Summary,
    /// Requests of which no attempt was captured so far.
    uncaptured: std::collections::HashSet<u64>,
}

impl<'a> Lines<'a> {
    /// Lines of these integrations.
    pub fn new(subjects: &'a [RecordingSubject], mut hiding: Hiding, to: &'a mut dyn Write) -> Lines<'a> {
        if let (Some(hidden), Some(first)) = (&mut hiding.0, subjects.first()) {
            hidden.replace(&first.public_url, HOOKS);
            subjects.iter().for_each(|subject| hidden.harmless.add_name(&subject.name));
            if let Some(country) = subjects.iter().find_map(|subject| subject.settings.get("phone-country")?.as_str()?.parse().ok()) {
                hidden.in_country(country);
            }
        }
        let zone = subjects.first().and_then(|subject| subject.account["timezone"].as_str()?.parse().ok());
        let summary = Summary { masked: hiding.0.is_some(), ..Summary::default() };
        Lines { subjects, hiding, zone: zone.unwrap_or(chrono_tz::UTC), to, summary, uncaptured: Default::default() }
    }

    /// Writes the header, and switches on what was on.
    pub fn header(&mut self, subjects: &[RecordingSubject], begins: &[Begin], options: &Options) -> io::Result<()> {
        let header = begin::header(subjects, begins, self.summary.masked).to_string();
        let header = self.hiding.with(&header, Pseudonyms::json);
        writeln!(self.to, "{header}")?;
        if !begins.iter().all(|begin| begin.active) {
            for begin in begins.iter().filter(|begin| begin.active) {
                self.line(options.from, &begin.name, "\"activate\":true")?;
            }
        }
        Ok(())
    }

    fn line(&mut self, at: i64, integration: &str, members: &str) -> io::Result<()> {
        let at = instant(at).with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
        writeln!(self.to, "{{\"at\":\"{at}\",\"integration\":{},{members}}}", Value::from(integration))
    }

    /// Writes what was met.
    pub fn met(&mut self, met: Met) -> io::Result<()> {
        match met {
            Met::Damaged(_) => {
                self.summary.damaged += 1;
                Ok(())
            }
            Met::Captured(captured) => self.exchanged(&captured),
            Met::Request(number, request) => {
                let received = is_received(&Met::Request(number, request.clone()));
                match self.members(&request) {
                    None => self.summary.left_out += 1,
                    Some(members) => {
                        match received {
                            true => self.summary.requests += 1,
                            false if request.kind == "report" => {}
                            false => self.summary.doings += 1,
                        }
                        self.line(request.at, &request.owner, &members)?;
                    }
                }
                if received {
                    self.uncaptured.insert(number);
                }
                Ok(())
            }
        }
    }

    /// The members of a request's line; none when there is no line for it.
    fn members(&mut self, request: &NewRequest) -> Option<String> {
        let body = String::from_utf8_lossy(&request.body).trim_start_matches('\u{feff}').to_owned();
        let text = |text: String| Value::from(text).to_string();
        Some(match request.kind.as_str() {
            "notification" if body.is_empty() => {
                let query = self.hiding.with(&request.query, Pseudonyms::form);
                format!("\"notification\":{},\"query\":{}", text(request.what.clone()), text(query))
            }
            "notification" => format!("\"notification\":{},\"body\":{}", text(request.what.clone()), self.json_or_text(&body)),
            "route" => {
                let query = if body.is_empty() { &request.query } else { &body };
                format!("\"route\":{}", text(self.hiding.with(query, Pseudonyms::form)))
            }
            "callback" => return self.callback(request, &body),
            "settings" => {
                let saved: Value = serde_json::from_str(&body).ok()?;
                let settings = self.hiding.with(&saved["settings"].to_string(), Pseudonyms::json);
                format!("\"settings\":{settings},\"settings-version\":{}", saved["settings-version"])
            }
            "action" => format!("\"action\":{}", text(request.what.clone())),
            "activate" => "\"activate\":true".to_owned(),
            "deactivate" => "\"deactivate\":true".to_owned(),
            "report" => {
                let rows: Value = serde_json::from_str(&body).ok()?;
                let lists = rows.as_object()?.values();
                self.summary.report_rows += lists.map(|list| list.as_array().map_or(0, Vec::len) as u64).sum::<u64>();
                format!("\"report\":{}", self.hiding.with(&body, Pseudonyms::json))
            }
            _ => return None,
        })
    }

    /// A body as JSON, if it is JSON, otherwise as text.
    fn json_or_text(&mut self, body: &str) -> String {
        match serde_json::from_str::<serde::de::IgnoredAny>(body) {
            // A line has no line breaks; outside of texts JSON may have them, where they mean nothing.
            Ok(_) => self.hiding.with(body, Pseudonyms::json).replace(['\r', '\n'], " "),
            Err(_) => Value::from(self.hiding.with(body, Pseudonyms::body)).to_string(),
        }
    }

    fn callback(&mut self, request: &NewRequest, body: &str) -> Option<String> {
        let subject = self.subjects.iter().find(|subject| subject.name == request.owner)?;
        let need = subject.callbacks.iter().find(|need| need.name == request.what)?;
        let is_form = request.content_type.as_deref() == Some("application/x-www-form-urlencoded");
        if !is_form && !body.is_empty() {
            return None;
        }
        let encoded = self.hiding.with(if is_form { body } else { &request.query }, Pseudonyms::form);
        let encoded = match &need.secret_parameter {
            None => encoded,
            Some(parameter) if encoded.is_empty() => format!("{parameter}={SECRET}"),
            Some(parameter) => format!("{parameter}={SECRET}&{encoded}"),
        };
        let (text, name) = (Value::from(encoded), Value::from(request.what.as_str()));
        let member = if is_form { "form" } else { "query" };
        Some(match need.role {
            RecordedRole::ClickToCall => format!("\"click-to-call\":{text}"),
            RecordedRole::OrderWebhook => format!("\"order-webhook\":\"\",\"{member}\":{text}"),
            RecordedRole::Callback => format!("\"callback\":{name},\"{member}\":{text}"),
        })
    }

    fn exchanged(&mut self, captured: &Captured) -> io::Result<()> {
        self.uncaptured.remove(&captured.origin);
        for exchange in exchanges(captured) {
            let request = self.request(&exchange);
            let answered = self.answer(&exchange.answer);
            let line = match answered {
                Ok(response) => json!({ "request": request, "response": response }),
                Err(error) => json!({ "request": request, "error": error }),
            };
            self.summary.exchanges += 1;
            self.line(captured.at, &captured.owner, &format!("\"exchange\":{line}"))?;
        }
        Ok(())
    }

    fn request(&mut self, exchange: &Exchanged) -> Value {
        let is_json = exchange.form.trim_start().starts_with(['{', '[']);
        let form = match is_json {
            true => self.as_replayed(&exchange.form),
            false => {
                let pairs = uis_host::endpoints::callback::parameters(&exchange.form).into_iter();
                let pairs = pairs.map(|(name, value)| (name, self.as_replayed(&value)));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            }
        };
        json!({
            "method": exchange.method,
            "path": self.hiding.with(&exchange.path, Pseudonyms::path),
            "query": self.hiding.with(&exchange.query, Pseudonyms::form),
            "form": self.hiding.with(&form, if is_json { Pseudonyms::json } else { Pseudonyms::form }),
        })
    }

    /// The answer, or why there is none.
    fn answer(&mut self, answer: &Value) -> Result<Value, &'static str> {
        if answer["kind"] != "response" {
            return Err(match answer["error"].as_str() {
                Some("too-large") => "too-large",
                Some("outcome-unknown") => "outcome-unknown",
                _ => "not-sent",
            });
        }
        let body = self.as_replayed(answer["body"].as_str().unwrap_or_default());
        let kind = match serde_json::from_str::<serde::de::IgnoredAny>(&body) {
            Ok(_) => "application/json",
            Err(_) => "text/html",
        };
        let body = self.hiding.with(&body, Pseudonyms::body);
        let mut response = json!({ "status": answer["status"], "contentType": kind, "body": body });
        if answer["retry_after"].is_number() {
            response["retryAfter"] = answer["retry_after"].clone();
        }
        Ok(response)
    }

    /// With the secret and the public address that a replay has.
    fn as_replayed(&self, text: &str) -> String {
        let text = text.replace(HIDDEN_SECRET, SECRET);
        match self.subjects.first().map(|subject| subject.public_url.as_str()).filter(|url| !url.is_empty()) {
            Some(public_url) => text.replace(public_url, HOOKS),
            None => text,
        }
    }

    /// What was written.
    pub fn end(mut self) -> io::Result<Summary> {
        self.to.flush()?;
        self.summary.without_exchanges = self.uncaptured.len() as u64;
        if let Some(hidden) = &self.hiding.0 {
            self.summary.replaced = hidden.replaced();
        }
        Ok(self.summary)
    }
}
