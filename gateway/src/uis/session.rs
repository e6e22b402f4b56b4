//! The access token of requests: a key that an administrator made, or a session that begins with a login and lasts for an hour.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::error::CallError;
use super::rpc::Rpc;

/// How long before its end a session is renewed, in milliseconds.
const EARLY_MS: i64 = 60_000;
/// How long a session lasts whose end UIS does not say, in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// How long after a refused login none is tried, in milliseconds: many in a row could lock the user.
const LOGIN_PAUSE_MS: i64 = 60_000;

/// What UIS knows this gateway by.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A key, which is the access token of every request.
    Token(SecretString),
    /// A user of the API.
    Login {
        /// The user's name.
        name: String,
        /// The user's password.
        password: SecretString,
    },
    /// They cannot be read now, with the reason and what to do. Nothing is sent.
    Unreadable(String),
}

impl Credentials {
    /// Bytes that differ for different credentials. They contain the secret.
    pub fn identity(&self) -> Vec<u8> {
        match self {
            Credentials::Token(token) => [b"token\0", token.expose_secret().as_bytes()].concat(),
            Credentials::Login { name, password } => [b"login\0", name.as_bytes(), b"\0", password.expose_secret().as_bytes()].concat(),
            Credentials::Unreadable(why) => [b"none\0", why.as_bytes()].concat(),
        }
    }
}

#[derive(Default)]
struct State {
    /// The session's token, and its end in milliseconds since 1970.
    session: Option<(SecretString, i64)>,
    /// Why the last login was refused, and until when none is tried.
    refused: Option<(CallError, i64)>,
}

/// The sessions of one API.
pub struct Sessions {
    credentials: Credentials,
    /// Locked while somebody logs in, so that only one does.
    state: Mutex<State>,
}

impl Sessions {
    /// Sessions with these credentials.
    pub fn new(credentials: Credentials) -> Sessions {
        Sessions { credentials, state: Mutex::default() }
    }

    /// The access token to use now. Logs in when there is no session, or it ends within a minute.
    pub async fn token(&self, rpc: &Rpc) -> Result<SecretString, CallError> {
        let (name, password) = match &self.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::Login { name, password } => (name, password),
            Credentials::Unreadable(why) => return Err(CallError::NotSent(why.clone())),
        };
        let mut state = self.state.lock().await;
        let now = rpc.now();
        if let Some((token, _)) = state.session.as_ref().filter(|(_, end)| now < end - EARLY_MS) {
            return Ok(token.clone());
        }
        if let Some((error, _)) = state.refused.as_ref().filter(|(_, until)| now < *until) {
            return Err(error.clone());
        }
        match login(rpc, name, password).await {
            Ok((token, end)) => {
                *state = State { session: Some((token.clone(), end)), refused: None };
                Ok(token)
            }
            Err(error) => {
                // An outage says nothing about the credentials, and UIS must see the next login as soon as it is back.
                state.refused = Some((error.clone(), now + LOGIN_PAUSE_MS)).filter(|_| !error.passes());
                Err(error)
            }
        }
    }

    /// Notes that UIS does not know a token any more. True when another one may be had: with a fixed key there is none.
    pub async fn ended(&self, token: &SecretString) -> bool {
        if matches!(self.credentials, Credentials::Token(_)) {
            return false;
        }
        let mut state = self.state.lock().await;
        // Somebody else may have logged in meanwhile.
        if state.session.as_ref().is_some_and(|(known, _)| known.expose_secret() == token.expose_secret()) {
            state.session = None;
        }
        true
    }
}

/// `login.user`: the token, and its end in milliseconds since 1970.
async fn login(rpc: &Rpc, name: &str, password: &SecretString) -> Result<(SecretString, i64), CallError> {
    let params = [("login", name), ("password", password.expose_secret())];
    let params: Map<String, Value> = params.into_iter().map(|(member, value)| (member.to_owned(), value.into())).collect();
    let answer = rpc.exchange("login.user", params).await?;
    let Some(token) = answer.data["access_token"].as_str().filter(|token| !token.is_empty()) else {
        return Err(CallError::NoAnswer("a login without an access token".to_owned()));
    };
    // The Data API's skeleton says `expire` where its table says `expire_at`.
    let end = answer.integer("expire_at").or_else(|| answer.integer("expire"));
    let end = end.and_then(|seconds| seconds.checked_mul(1000)).unwrap_or_else(|| rpc.now() + HOUR_MS);
    // An end that is past already, by a clock that differs, must not make every request log in.
    Ok((token.to_owned().into(), end.max(rpc.now() + 2 * EARLY_MS)))
}
