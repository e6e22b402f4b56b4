//! The log of requests: a line for people, or a JSON object a line for machines. It never delays a request: when the reader is slow, lines
//! are left out and counted.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use axum::body::Bytes;
use chrono::{Local, SecondsFormat};
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};

/// Lines that may wait for a reader.
const WAITING: usize = 10_000;
/// The longest value that a line for people shows, in characters.
const SHOWN: usize = 160;

/// The log. Clones write into the same one.
#[derive(Clone)]
pub struct Log {
    json: bool,
    quiet: bool,
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

/// What the log shows of a request.
pub struct Line {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    other_body: Option<String>,
}

impl Line {
    /// A request as it came. Keys are left out.
    pub fn new(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Line {
        let pairs = |encoded: &[u8]| -> Vec<(String, String)> {
            form_urlencoded::parse(encoded).into_owned().filter(|(name, _)| !name.to_lowercase().contains("apikey")).collect()
        };
        let kind = headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        Line {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            form: if is_form { pairs(body) } else { Vec::new() },
            other_body: (!is_form && !body.is_empty()).then(|| format!("{kind}, {} bytes", body.len())),
        }
    }
}

impl Log {
    /// A log on stdout.
    pub fn new(json: bool, quiet: bool) -> Log {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        std::thread::spawn(move || {
            for line in waiting {
                let mut out = std::io::stdout().lock();
                // The reader has closed the pipe.
                if out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).is_err() {
                    break;
                }
            }
        });
        Log { json, quiet, lines, lost: Arc::default() }
    }

    /// Whether requests are logged at all.
    pub fn wants(&self) -> bool {
        !self.quiet
    }

    /// A line before any request, written even when quiet.
    pub fn first(&self, text: &str) {
        let _ = self.lines.send(text.to_owned());
    }

    /// A request and its answer's status; `None`: the connection was broken.
    pub fn request(&self, request: Line, status: Option<u16>, took: Duration, fault: Option<String>) {
        let line = if self.json { machine(request, status, took, fault) } else { person(&request, status, took, fault.as_deref()) };
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        } else if self.lost.load(Ordering::Relaxed) > 0 {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            let line = if self.json {
                json!({"lost": lost}).to_string()
            } else {
                format!("({lost} requests are missing here: the log was read too slowly)")
            };
            let _ = self.lines.try_send(line);
        }
    }
}

fn machine(request: Line, status: Option<u16>, took: Duration, fault: Option<String>) -> String {
    let pairs = |pairs: Vec<(String, String)>| -> Value {
        // A name that occurs twice becomes a list.
        let mut all = Map::new();
        for (name, value) in pairs {
            match all.get_mut(&name) {
                None => drop(all.insert(name, value.into())),
                Some(Value::Array(values)) => values.push(value.into()),
                Some(known) => *known = json!([known.take(), value]),
            }
        }
        all.into()
    };
    let mut line = json!({
        "at": chrono::Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true), "method": request.method, "path": request.path,
        "query": pairs(request.query), "form": pairs(request.form), "status": status, "ms": took.as_secs_f64() * 1e3,
    });
    if let Some(body) = request.other_body {
        line["body"] = body.into();
    }
    if let Some(fault) = fault {
        line["fault"] = fault.into();
    }
    line.to_string()
}

fn person(request: &Line, status: Option<u16>, took: Duration, fault: Option<&str>) -> String {
    let short = |text: &str| {
        // A terminal obeys control characters; a log shows them.
        let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        if text.chars().count() > SHOWN { format!("{}…", text.chars().take(SHOWN).collect::<String>()) } else { text }
    };
    let mut line = format!("{}  {:<4} {}", Local::now().format("%H:%M:%S%.3f"), request.method, short(&request.path));
    for (name, value) in request.query.iter().chain(&request.form) {
        line.push_str(&format!(" {}={}", short(name), short(value)));
    }
    if let Some(body) = &request.other_body {
        line.push_str(&format!(" ({})", short(body)));
    }
    let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    line.push_str(&format!(" → {status} in {:.1} ms", took.as_secs_f64() * 1e3));
    if let Some(fault) = fault {
        line.push_str(&format!(" [{fault}]"));
    }
    line
}
