//! HAR archives, as browsers and proxies save them: requests of UIS to addresses of webhooks, and requests of the CRM.

use form_urlencoded::Serializer;
use serde_json::Value;
use url::Url;

use super::Place;
use super::request::{Arrival, Captured, Hints};
use super::shapes::Found;
use super::{kind, wrapped};
use crate::recording::Content;

/// A request that has one of these is UIS's or the CRM's.
const SIGNS: [&str; 7] = ["call_session_id", "chat_id", "communication_id", "cdr_id", "notification_mnemonic", "clientId", "orderId"];

/// An entry of an archive.
pub(super) fn entry(entry: &Value, place: Place) -> Found {
    let request = &entry["request"];
    let Some(url) = request["url"].as_str().and_then(|url| Url::parse(url).ok()) else {
        return Found::Unusable(place, "the entry has no request.url".into());
    };
    let posted = &request["postData"];
    let body = posted["text"].as_str().map(str::trim).filter(|text| !text.is_empty());
    let text = body.map(str::to_owned).or_else(|| form(&posted["params"])).or_else(|| url.query().map(str::to_owned)).unwrap_or_default();
    // RetailCRM's API, and UIS's: nobody's webhooks.
    let is_of_an_api = url.path().starts_with("/api/") || text.contains("\"jsonrpc\"");
    let is_named = url.path_segments().into_iter().flatten().any(|part| kind::mnemonic(part).is_some());
    if is_of_an_api || text.is_empty() || !(is_named || SIGNS.iter().any(|sign| text.contains(sign))) {
        return Found::Other;
    }
    if posted["encoding"].as_str() == Some("base64") {
        return Found::Unusable(place, "the body is base64; save the archive with bodies as text".into());
    }
    let arrival = entry.get("startedDateTime").cloned().map(Arrival::Noted);
    let hints = Hints { url: Some(url.path().to_owned()), ..Hints::default() };
    let is_form = posted["mimeType"].as_str().is_some_and(|kind| kind.contains("form-urlencoded"));
    let content = if is_form { Content::Query(text) } else { wrapped::content(&text) };
    let content = match (content, request["method"].as_str()) {
        // A query that is not the body's, whatever it looks like.
        (Content::Body(Value::String(query)), Some("GET")) => Content::Query(query),
        (content, _) => content,
    };
    Found::Request(Box::new(Captured { place, arrival, hints, content }))
}

/// A form that the archive has as a list of names and values.
fn form(params: &Value) -> Option<String> {
    let pairs: Vec<(&str, &str)> =
        params.as_array()?.iter().filter_map(|pair| Some((pair["name"].as_str()?, pair["value"].as_str().unwrap_or_default()))).collect();
    (!pairs.is_empty()).then(|| Serializer::new(String::new()).extend_pairs(pairs).finish())
}
