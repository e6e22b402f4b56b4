//! Sends a notification over HTTP.

use std::time::Duration;

use crate::templates::Rendered;

/// How long the answer is waited for. UIS's own time is not public `[inferred]`.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before a notification is sent again.
const PAUSE: Duration = Duration::from_secs(1);
/// The most of an answer that is kept, in bytes.
const ANSWER_BYTES: usize = 2000;

/// What came of a notification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer's status; none when there was no answer.
    pub status: Option<u16>,
    /// The answer's body, cut.
    pub answer: String,
    /// Why there was no answer.
    pub error: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
}

impl Outcome {
    /// Whether the receiver has taken it.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// The sender.
#[derive(Debug, Clone)]
pub struct Sender {
    http: reqwest::Client,
    retries: u32,
}

impl Sender {
    /// A sender that follows no redirects. Whether UIS sends a refused notification again is not public, so `retries` is 0 by default.
    pub fn new(retries: u32) -> Result<Sender, String> {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = builder.build().map_err(|error| format!("the HTTP client cannot start: {error}"))?;
        Ok(Sender { http, retries })
    }

    /// Sends a rendered notification, and again while it is refused and retries are left.
    pub async fn send(&self, rendered: &Rendered) -> Outcome {
        let mut outcome = Outcome::default();
        for attempt in 0..=self.retries {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            outcome = self.once(rendered, PATIENCE).await;
            outcome.attempts = attempt + 1;
            if outcome.is_taken() {
                break;
            }
        }
        outcome
    }

    /// Sends a request once and waits for the answer so long.
    pub async fn once(&self, rendered: &Rendered, patience: Duration) -> Outcome {
        if !rendered.url.starts_with("http://") {
            let error = "the simulator speaks plain http; give a http:// address".to_owned();
            return Outcome { error: Some(error), attempts: 1, ..Outcome::default() };
        }
        let request = match &rendered.body {
            None => self.http.get(&rendered.url),
            Some(body) => self.http.post(&rendered.url).header("content-type", "application/json").body(body.clone()),
        };
        let failed = |error: reqwest::Error| Outcome { error: Some(why(&error)), attempts: 1, ..Outcome::default() };
        match request.timeout(patience).send().await {
            Err(error) => failed(error),
            Ok(answer) => {
                let status = answer.status().as_u16();
                match answer.text().await {
                    Err(error) => failed(error),
                    Ok(text) => {
                        let answer = text.chars().take(ANSWER_BYTES).collect();
                        Outcome { status: Some(status), answer, error: None, attempts: 1 }
                    }
                }
            }
        }
    }
}

/// The innermost cause, without the address: it contains a secret.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match error.is_builder() {
        true => "this is no address of http".to_owned(),
        false => cause.to_string(),
    }
}
