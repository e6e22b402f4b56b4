//! The routing request of a call scenario: UIS asks whom to forward an incoming call to, waits for a set time, and otherwise goes on with the
//! linked operation. Whoever it was forwarded to is remembered for the caller.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use uis_host::notification::templates::{Method, RouteRequest};
use uis_host::sync::lock;

use super::sender::{Outcome, Sender};
use crate::stories::Forward;
use crate::templates::{Rendered, encoded, with_query};

/// How long the scenario waits for the answer, unless the request says otherwise. UIS's default is not public `[inferred]`.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// How long UIS remembers whom a caller was forwarded to, in milliseconds.
pub const MEMORY_MS: i64 = 6 * 60 * 60 * 1000;

/// What came of a routing request.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Whom the call is forwarded to.
    pub forward: Forward,
    /// The request as it was sent; none when UIS remembered the answer and did not ask.
    pub sent: Option<Rendered>,
    /// What came back.
    pub outcome: Outcome,
    /// How long the scenario waited.
    pub waited: Duration,
}

/// Asks, and remembers.
#[derive(Debug, Default)]
pub struct Routing {
    /// Until when, and whom to, by the caller's number.
    remembered: Mutex<HashMap<String, (i64, Vec<String>)>>,
}

impl Routing {
    /// Asks whom a call is forwarded to. `now` is in milliseconds since 1970. An anonymous caller is asked about each time.
    pub async fn ask(&self, sender: &Sender, request: &RouteRequest, caller: &str, parameters: &Map<String, Value>, now: i64) -> Asked {
        let known = lock(&self.remembered).get(caller).filter(|(until, _)| *until > now).map(|(_, numbers)| numbers.clone());
        if let Some(numbers) = known {
            let outcome = Outcome::default();
            return Asked { forward: Forward::To(numbers), sent: None, outcome, waited: Duration::ZERO };
        }
        let rendered = rendered(request, parameters);
        let began = Instant::now();
        let outcome = sender.once(&rendered, request.timeout_ms.map_or(TIMEOUT, Duration::from_millis)).await;
        let numbers = if outcome.status == Some(200) { phones(&outcome.answer) } else { Vec::new() };
        let forward = match numbers.is_empty() {
            true => Forward::GoOn,
            false => Forward::To(numbers.clone()),
        };
        if !numbers.is_empty() && !caller.is_empty() {
            lock(&self.remembered).insert(caller.to_owned(), (now + MEMORY_MS, numbers));
        }
        Asked { forward, sent: Some(rendered), outcome, waited: began.elapsed() }
    }
}

/// The numbers of an answer. Another answer, such as `{"returned_code": 2}`, leads to a branch of the scenario, which is the account's own.
fn phones(answer: &str) -> Vec<String> {
    let Ok(answer) = serde_json::from_str::<Value>(answer) else { return Vec::new() };
    let numbers = answer["phones"].as_array().map(Vec::as_slice).unwrap_or_default();
    numbers.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The request. Its values are plain text, without the quotes that notifications have.
fn rendered(request: &RouteRequest, parameters: &Map<String, Value>) -> Rendered {
    let text = |name: &str| match parameters.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let pairs: Vec<String> = request.parameters.iter().map(|name| format!("{}={}", encoded(name), encoded(&text(name)))).collect();
    match request.method {
        Method::Get => Rendered { url: with_query(&request.url, &pairs.join("&")), body: None },
        Method::Post => {
            let members: Map<String, Value> =
                request.parameters.iter().map(|name| (name.clone(), parameters.get(name).cloned().unwrap_or(Value::Null))).collect();
            Rendered { url: request.url.clone(), body: Some(Value::Object(members).to_string()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::world::members;
    use serde_json::json;

    #[test]
    fn the_request_has_the_documented_parameters() {
        let given = members(json!({"cdr_id": 5, "start_time": 1200, "input_result": "None", "numa": null, "numb": "74951112233"}));
        let mut request: RouteRequest = serde_json::from_value(json!({"url": "http://a.example/route/s"})).expect("a request");
        let query = "cdr_id=5&start_time=1200&input_result=None&numa=&numb=74951112233";
        assert_eq!(rendered(&request, &given), Rendered { url: format!("http://a.example/route/s?{query}"), body: None });
        request.method = Method::Post;
        let body = rendered(&request, &given).body.expect("a body");
        assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), Value::Object(given));
    }

    #[test]
    fn only_numbers_forward_a_call() {
        assert_eq!(phones(r#"{"phones":["74950000101","101"],"text":"Минуту"}"#), ["74950000101", "101"]);
        for other in ["{}", r#"{"returned_code":2}"#, r#"{"phones":[]}"#, r#"{"phones":"7495"}"#, "<html>", "", "[1]"] {
            assert!(phones(other).is_empty(), "{other}");
        }
    }
}
