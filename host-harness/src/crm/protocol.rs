//! The control of a simulator in another process, under `/_simulator`: look at its content, replace it, let it misbehave, act in it as a
//! user. Any CRM's simulator may serve it (`docs/simulator.md`).

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use url::Url;

/// How much of an answer is quoted in an error.
const QUOTED_CHARS: usize = 500;

/// How long a program on this machine has to say that it is a simulator.
const PROBE: Duration = Duration::from_secs(5);

/// A simulator that is controlled over HTTP.
#[derive(Debug, Clone)]
pub struct Control {
    base: Url,
    client: Client,
}

/// What answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// A simulator.
    Simulator,
    /// Something else, which may be a real account.
    Other,
    /// Nothing: the connection was refused.
    Nothing,
}

impl Control {
    /// Controls the simulator with this base URL.
    pub fn new(base: Url, client: Client) -> Control {
        Control { base, client }
    }

    /// What answers at the address.
    pub async fn answers(&self) -> Answers {
        let Ok(url) = self.base.join("/_simulator") else { return Answers::Other };
        let text = async {
            let answer = self.client.get(url).send().await?.error_for_status()?;
            answer.text().await
        };
        match tokio::time::timeout(PROBE, text).await {
            // A proxy to a real account may answer anything, but it does not list the routes.
            Ok(Ok(text)) if text.contains("/_simulator/state") => Answers::Simulator,
            Ok(Err(error)) if error.is_connect() => Answers::Nothing,
            Ok(_) | Err(_) => Answers::Other,
        }
    }

    /// Everything that the simulator contains; none if it does not say.
    pub async fn state(&self) -> Option<Value> {
        let text = self.client.get(self.base.join("/_simulator/state").ok()?).send().await.ok()?.text().await.ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Replaces everything that the simulator contains.
    pub async fn reset(&self, content: &Value) -> Result<(), String> {
        self.post("/_simulator/reset", content).await
    }

    /// Begins a plan of faults; an empty object ends all faults.
    pub async fn misbehave(&self, faults: &Value) -> Result<(), String> {
        self.post("/_simulator/faults", faults).await
    }

    /// A user does something: a `crm` line of a recording. Without a user, an administrator does it. Returns a text for the log.
    pub async fn act(&self, act: &Value) -> Result<String, String> {
        let text = |name: &str| act[name].as_str();
        let (method, path) = (text("method").unwrap_or("POST"), text("path").ok_or("expected \"path\"")?);
        let user = act["user"].as_i64().map_or_else(|| "admin".to_owned(), |user| user.to_string());
        let place = if path.starts_with("/_simulator") { path.to_owned() } else { format!("/_simulator/as/{user}{path}") };
        let mut url = self.base.join(&place).map_err(|error| format!("{path}: {error}"))?;
        url.set_query(text("query"));
        let verb = Method::from_bytes(method.as_bytes()).map_err(|_| format!("{method:?} is no HTTP method"))?;
        let request = self.client.request(verb, url);
        let request = match act.get("json") {
            Some(json) => request.header(reqwest::header::CONTENT_TYPE, "application/json").body(json.to_string()),
            None => {
                let fields = act["form"].as_object().into_iter().flatten();
                let fields = fields.map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
        };
        let status = answered(&format!("{method} {path}"), request).await?;
        Ok(format!("in the CRM: {method} {path} → {}", status.as_u16()))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), String> {
        let url = self.base.join(path).map_err(|error| format!("{path}: {error}"))?;
        let request = self.client.post(url).header(reqwest::header::CONTENT_TYPE, "application/json").body(body.to_string());
        answered(&format!("POST {path}"), request).await.map(drop)
    }
}

/// Sends a request, which must succeed.
async fn answered(what: &str, request: reqwest::RequestBuilder) -> Result<StatusCode, String> {
    let answer = request.send().await.map_err(|error| format!("{what}: {error}"))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status);
    }
    let body: String = answer.text().await.unwrap_or_default().chars().take(QUOTED_CHARS).collect();
    Err(format!("{what} → {} {body}", status.as_u16()))
}
