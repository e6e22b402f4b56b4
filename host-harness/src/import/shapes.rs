//! Finds the requests in a file: one body, several one after the other, one a line, a list, a log, an archive, a recording.

use serde_json::{Map, Value};
use uis_host::notification::lenient;

use super::Place;
use super::request::{Captured, Hints};
use super::{har, wrapped};
use crate::parameters;
use crate::recording::{Content, KINDS};

/// How many lines are looked at to find out whether each is a body.
const LINES_LOOKED_AT: usize = 20;

/// After how many places where a body could end it is taken to have no end.
const ENDS_TRIED: usize = 200;

/// How much of a text is shown in a message, in characters.
const SHOWN: usize = 60;

/// Something in a file.
pub(super) enum Found {
    /// A request.
    Request(Box<Captured>),
    /// A recording's header.
    Header(Map<String, Value>),
    /// A recording's line, as it is written.
    Line(Place, String),
    /// Something that cannot be used, and why.
    Unusable(Place, String),
    /// A request that has nothing to do with UIS or the CRM.
    Other,
}

impl Found {
    pub(super) fn request(place: &Place, content: Content) -> Found {
        Found::Request(Box::new(Captured { place: place.clone(), arrival: None, hints: Hints::default(), content }))
    }
}

/// What is in a file's text.
pub(super) fn read(text: &str, place: &Place) -> Vec<Found> {
    let trimmed = text.trim();
    let unusable = |why: &str| vec![Found::Unusable(place.clone(), why.to_owned())];
    if trimmed.is_empty() {
        return unusable("the file is empty");
    }
    if let Some(Value::Object(header)) = trimmed.lines().next().and_then(|line| serde_json::from_str(line).ok())
        && header.contains_key("recording")
    {
        return recording(header, text, place);
    }
    match serde_json::from_str::<Value>(trimmed) {
        Ok(value) => of_value(value, place),
        Err(error) if trimmed.starts_with(['{', '[', '"']) => several(text, trimmed, place, &error),
        Err(_) if is_raw_request(trimmed) => raw_request(trimmed, place),
        Err(_) if trimmed.lines().any(|line| wrapped::logged(line).is_some()) => log(text, place),
        Err(_) if trimmed.contains('=') => queries(text, place),
        Err(_) => {
            unusable("the file is neither JSON nor a query; expected the body of a webhook, JSON Lines, a HAR archive or a delivery log")
        }
    }
}

/// A service's log: some lines end with a body, others are about something else.
fn log(text: &str, place: &Place) -> Vec<Found> {
    let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let found = numbered.flat_map(|(number, line)| {
        let place = Place { line: Some(number), ..place.clone() };
        let Some(logged) = wrapped::logged(line) else { return vec![Found::Other] };
        let found = of_text(logged.body, &place);
        found.into_iter().map(|found| logged.complete(found)).collect()
    });
    found.collect()
}

fn recording(header: Map<String, Value>, text: &str, place: &Place) -> Vec<Found> {
    let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).skip(1);
    let lines = numbered.map(|(number, line)| Found::Line(Place { line: Some(number), ..place.clone() }, line.to_owned()));
    std::iter::once(Found::Header(header)).chain(lines).collect()
}

/// What a JSON value is.
fn of_value(value: Value, place: &Place) -> Vec<Found> {
    let item = |index: usize| Place { item: Some(index as u64 + 1), ..place.clone() };
    match value {
        Value::Array(items) => items.into_iter().enumerate().flat_map(|(index, value)| of_value(value, &item(index))).collect(),
        Value::Object(members) => {
            if let Some(entries) = members.get("log").and_then(|log| log.get("entries")).and_then(Value::as_array) {
                return entries.iter().enumerate().map(|(index, entry)| har::entry(entry, item(index))).collect();
            }
            match wrapped::rows(&members) {
                Some(rows) => rows.iter().enumerate().flat_map(|(index, row)| of_value(row.clone(), &item(index))).collect(),
                None => vec![of_object(members, place)],
            }
        }
        Value::String(text) if !text.trim().is_empty() => read(&text, place),
        other => vec![Found::Unusable(place.clone(), format!("{} is no request", shown(&other.to_string())))],
    }
}

fn of_object(members: Map<String, Value>, place: &Place) -> Found {
    if members.contains_key("at") && KINDS.iter().any(|kind| members.contains_key(*kind)) {
        return Found::Line(place.clone(), Value::Object(members).to_string());
    }
    if members.contains_key("notification_message") {
        return wrapped::row(&members, place);
    }
    match wrapped::unwrap(&members, place) {
        Some(captured) => Found::Request(Box::new(captured)),
        None => Found::request(place, Content::Body(Value::Object(members))),
    }
}

/// A text that is no JSON as a whole: JSON Lines, bodies one after the other, or a body whose template is not quite JSON.
fn several(text: &str, trimmed: &str, place: &Place, error: &serde_json::Error) -> Vec<Found> {
    if is_lines(trimmed) {
        let numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        return numbered.flat_map(|(number, line)| of_text(line.trim(), &Place { line: Some(number), ..place.clone() })).collect();
    }
    let pieces = pieces(trimmed);
    if pieces.len() == 1 {
        return of_text(trimmed, place).into_iter().map(|found| cut_off(found, error)).collect();
    }
    pieces.iter().enumerate().flat_map(|(index, piece)| of_text(piece, &Place { item: Some(index as u64 + 1), ..place.clone() })).collect()
}

/// Says of a body that cannot be read that it is cut off, if it is.
fn cut_off(found: Found, error: &serde_json::Error) -> Found {
    match found {
        Found::Unusable(place, _) if error.is_eof() => {
            let why = format!("the body is cut off at line {}, column {}: it ends before it is complete", error.line(), error.column());
            Found::Unusable(place, why)
        }
        other => other,
    }
}

/// Whether each line is something of its own. Some lines may be cut off, the first one too.
fn is_lines(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES_LOOKED_AT).collect();
    let whole = lines.iter().filter(|line| is_whole(line)).count();
    lines.len() > 1 && whole * 2 >= lines.len()
}

fn is_whole(text: &str) -> bool {
    let is_json = || matches!(serde_json::from_str(text), Ok(Value::Object(_) | Value::String(_) | Value::Array(_)));
    text.starts_with(['{', '"', '[']) && (is_json() || lenient::object(text).is_ok())
}

/// One body or one line.
fn of_text(text: &str, place: &Place) -> Vec<Found> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => of_value(value, place),
        Err(error) if text.starts_with(['{', '"', '[']) => vec![match lenient::object(text) {
            // As it came: the host reads it in the same way.
            Ok(_) => Found::request(place, Content::Body(Value::String(text.to_owned()))),
            Err(_) if error.is_eof() => {
                Found::Unusable(place.clone(), format!("the body is cut off after {} characters: {}", text.chars().count(), shown(text)))
            }
            Err(at) => Found::Unusable(
                place.clone(),
                format!("the body cannot be read from line {}, column {}: {:?}", at.line, at.column, at.near),
            ),
        }],
        Err(_) if text.contains('=') => queries(text, place),
        Err(_) => vec![Found::Unusable(place.clone(), format!("neither JSON nor a query: {}", shown(text)))],
    }
}

/// The bodies of a text in which several stand one after the other: `{…}{…}`. What is left over at the end is a piece of its own.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut begin, mut tried) = (Vec::new(), 0, 0);
    let ends: Vec<usize> = text.match_indices('}').map(|(at, _)| at + 1).collect();
    for end in ends {
        let next = text[end..].trim_start();
        if !(next.is_empty() || next.starts_with('{')) {
            continue;
        }
        let piece = text[begin..end].trim();
        if is_whole(piece) {
            pieces.push(piece);
            (begin, tried) = (end, 0);
        }
        tried += 1;
        if tried > ENDS_TRIED {
            break;
        }
    }
    let rest = text[begin..].trim();
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Queries and forms, one a line.
fn queries(text: &str, place: &Place) -> Vec<Found> {
    let lines: Vec<(u64, &str)> = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()).collect();
    let one = lines.len() == 1;
    let found = lines.into_iter().map(|(number, line)| {
        let place = if one { place.clone() } else { Place { line: Some(number), ..place.clone() } };
        query(line, &place)
    });
    found.collect()
}

fn query(line: &str, place: &Place) -> Found {
    // An address, perhaps with the method before it and the protocol after it, as in a server's log.
    let word = line.split_ascii_whitespace().find(|word| word.contains('?') && word.contains('=')).unwrap_or(line);
    let (url, query) = match word.split_once('?') {
        Some((url, query)) => (Some(url).filter(|url| !url.is_empty()), query),
        None => (None, word),
    };
    let query = query.trim_matches('"');
    let known = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| parameters::is_known(&name) || is_of_the_crm(&name));
    if query.contains(char::is_whitespace) || !known {
        return Found::Unusable(place.clone(), format!("none of its parameters is one of UIS's: {}", shown(line)));
    }
    let hints = Hints { url: url.map(str::to_owned), ..Hints::default() };
    Found::Request(Box::new(Captured { place: place.clone(), arrival: None, hints, content: Content::Query(query.to_owned()) }))
}

fn is_of_the_crm(name: &str) -> bool {
    matches!(name, "clientId" | "orderId" | "activity")
}

/// Whether a text begins as a request does on the wire: `POST /hook HTTP/1.1`.
fn is_raw_request(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    (first.starts_with("POST ") || first.starts_with("GET ")) && first.contains(" HTTP/") && text.lines().nth(1).is_some()
}

fn raw_request(text: &str, place: &Place) -> Vec<Found> {
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""));
    let target = head.split_ascii_whitespace().nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = body.trim();
    let content = if body.is_empty() { Content::Query(query.to_owned()) } else { wrapped::content(body) };
    let hints = Hints { url: Some(path.to_owned()), ..Hints::default() };
    vec![Found::Request(Box::new(Captured { place: place.clone(), arrival: None, hints, content }))]
}

fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::super::request::Arrival;
    use super::*;

    /// What was found, in short: `request`, `line`, `header`, `other`, or the reason.
    fn of(text: &str) -> Vec<String> {
        let place = Place { file: "f".into(), ..Place::default() };
        let short = |found: Found| match found {
            Found::Request(captured) => match captured.content {
                Content::Body(Value::String(_)) => format!("{} text", captured.place),
                Content::Body(_) => format!("{} body", captured.place),
                Content::Query(query) => format!("{} query {query}", captured.place),
            },
            Found::Header(_) => "header".into(),
            Found::Line(place, _) => format!("{place} line"),
            Found::Unusable(place, why) => format!("{place}: {why}"),
            Found::Other => "other".into(),
        };
        read(text, &place).into_iter().map(short).collect()
    }

    #[test]
    fn a_file_with_one_body_is_one_request() {
        assert_eq!(of("{\n  \"call_session_id\": 1\n}"), ["f body"]);
        assert_eq!(of("{\n  \"call_session_id\": 1,\n  \"direction\": \"\"in\"\"\n}"), ["f text"]);
        assert_eq!(of("call_session_id=1&direction=%22in%22\n"), ["f query call_session_id=1&direction=%22in%22"]);
        assert_eq!(of("GET /hook?call_session_id=1 HTTP/1.1\r\nHost: a.example\r\n\r\n"), ["f query call_session_id=1"]);
        assert_eq!(of("POST /hook HTTP/1.1\nHost: a.example\n\n{\"call_session_id\":1}"), ["f body"]);
    }

    #[test]
    fn bodies_are_found_in_a_log() {
        let text =
            "started\n2026-11-23 10:00:00 INFO POST /notify/s/out_call {\"call_session_id\":1}\n[2026-11-23T10:00:01+03:00] {\"chat_id\":";
        let found = read(text, &Place { file: "f".into(), ..Place::default() });
        let [Found::Other, Found::Request(captured), Found::Unusable(place, why)] = &found[..] else { panic!("{:?}", of(text)) };
        assert_eq!(captured.hints.url.as_deref(), Some("/notify/s/out_call"));
        assert!(matches!(&captured.arrival, Some(Arrival::Noted(Value::String(time))) if time == "2026-11-23 10:00:00"));
        assert!(place.line == Some(3) && why.contains("cut off"), "{why}");
    }

    #[test]
    fn a_file_with_several_bodies_is_several_requests() {
        assert_eq!(of("{\"call_session_id\":1}\n\n{\"call_session_id\":2}\n"), ["f:1 body", "f:3 body"]);
        assert_eq!(of("{\"call_session_id\":1}{\"call_session_id\":1}"), ["f item 1 body", "f item 2 body"]);
        assert_eq!(of("{\n\"a\": \"\"x\"\"\n}\n{\n\"a\": \"\"x\"\"\n}"), ["f item 1 text", "f item 2 text"]);
        assert_eq!(of("[{\"call_session_id\":1},{\"call_session_id\":2}]"), ["f item 1 body", "f item 2 body"]);
        assert_eq!(of("?call_session_id=1\nhttps://a.example/?chat_id=2"), ["f:1 query call_session_id=1", "f:2 query chat_id=2"]);
        assert_eq!(of("{\"recording\":1}\n{\"at\":\"x\"}"), ["header", "f:2 line"]);
    }

    proptest::proptest! {
        /// Whatever a file has, it is either used or listed.
        #[test]
        fn no_text_is_passed_over(text in "([{}\\[\\]\",:=&? \n\\\\]|call_session_id|notification_message|\\PC){0,40}") {
            proptest::prop_assert!(!of(&text).is_empty() || text.trim() == "[]");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where_and_why() {
        for (text, expected) in [
            ("", &["f: the file is empty"][..]),
            ("hello", &["f: the file is neither JSON"]),
            ("a = b", &["f: none of its parameters"]),
            ("{\"call_session_id\":1,\"direction\":\"i", &["f: the body is cut off at line 1"]),
            ("{\"call_session_id\":1}{\"call_ses", &["f item 1 body", "f item 2: the body is cut off"]),
            ("{\"call_session_id\":1}\n{\"call_ses\n{\"call_session_id\":2}", &["f:1 body", "f:2: the body is cut off", "f:3 body"]),
            ("{\"call_ses\n{\"call_session_id\":1}", &["f:1: the body is cut off", "f:2 body"]),
            ("\"{\\\"call_session_id\\\":1}\"\n\"call_session_id=2\"", &["f:1 body", "f:2 query"]),
            ("[1]", &["f item 1: 1 is no request"]),
        ] {
            let found = of(text);
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{text}: {found}");
            }
        }
    }
}
