//! Who asks: tokens, sessions, rights, components; `login.user` and `logout.user`.

use std::net::IpAddr;

use serde_json::json;

use crate::access::{Sessions, admits};
use crate::account::AccountState;
use crate::context::{Answer, Context};
use crate::rpc::{ApiError, Call};
use crate::shapes::{Api, Method};

/// Lets a request in: the address, the token, the account's state, the rights, the components, in this order `[inferred]`. Returns the
/// rights; none: all rights. `from` is the client's address; none: the request came within the process.
pub(crate) fn admit(
    state: &AccountState,
    (api, method): (Api, &Method),
    call: &Call,
    from: Option<IpAddr>,
    now: i64,
) -> Result<Option<Vec<String>>, ApiError> {
    let account = &state.account;
    let foreign = |list: &[String]| from.filter(|address| !admits(list, *address));
    let not_listed = |address: IpAddr| Err(ApiError::of("ip_not_whitelisted").with("ip", address.to_string()));
    if let Some(address) = foreign(&account.api_ip_allowed) {
        return not_listed(address);
    }
    let rights = if call.method == "login.user" {
        None
    } else {
        let token = call.params.get("access_token");
        let Some(token) = token.filter(|token| !token.is_null()) else {
            return Err(ApiError::about("required_parameter_missed", "access_token", &json!(null)));
        };
        let Some(token) = token.as_str() else { return Err(ApiError::about("data_type_error", "access_token", token)) };
        if let Some(address) = account.api_keys.iter().find(|key| key.token == token).and_then(|key| foreign(&key.ip_allowed)) {
            return not_listed(address);
        }
        rights(state, token, now)?
    };
    if account.app_state != "active" {
        return Err(ApiError::of("account_inactive"));
    }
    if let (Some(needed), Some(rights)) = (&method.right, &rights)
        && !rights.contains(needed)
    {
        return Err(ApiError::of("forbidden"));
    }
    components(api, method, account.components.as_deref())?;
    Ok(rights)
}

/// Whose token this is, as their rights. In an account without keys and users every token is good, except those of ended sessions.
fn rights(state: &AccountState, token: &str, now: i64) -> Result<Option<Vec<String>>, ApiError> {
    let account = &state.account;
    if let Some(key) = account.api_keys.iter().find(|key| key.token == token) {
        return match key.expire_at {
            _ if key.blocked => Err(ApiError::of("access_token_blocked")),
            Some(until) if until.saturating_mul(1000) <= now => Err(ApiError::of("access_token_expired")),
            _ => Ok(key.rights.clone()),
        };
    }
    match state.sessions.by_token.get(token) {
        Some(session) if session.until > now => Ok(session.rights.clone()),
        Some(_) => Err(ApiError::of("access_token_invalid")),
        None if account.api_keys.is_empty() && account.api_users.is_empty() && !token.is_empty() => Ok(None),
        None => Err(ApiError::of("access_token_invalid")),
    }
}

fn components(api: Api, method: &Method, components: Option<&[String]>) -> Result<(), ApiError> {
    let Some(components) = components.filter(|_| !method.components.is_empty()) else { return Ok(()) };
    if method.components.iter().any(|needed| components.contains(needed)) {
        return Ok(());
    }
    let needed = method.components.join(", ");
    Err(match api {
        Api::Data => ApiError::of("method_component_disabled").with("components", needed),
        Api::Call => ApiError::of("component_disabled").with("component_name", needed),
    })
}

/// `login.user`: begins a session. Only the Data API answers the account's id.
pub(crate) fn login(api: Api, context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let login = context.text("login").unwrap_or_default().to_owned();
    let password = context.text("password").unwrap_or_default();
    let account = &context.state.account;
    let open = account.api_users.is_empty() && !login.is_empty() && !password.is_empty();
    let user = account.api_users.iter().find(|user| user.login == login && user.password == password);
    if user.is_none() && !open {
        return Err(ApiError::of("auth_error"));
    }
    let rights = user.and_then(|user| user.rights.clone());
    let app_id = account.app_id;
    let now = context.now;
    let sessions: &mut Sessions = &mut context.state.sessions;
    Ok(Answer::Data(match api {
        Api::Data => {
            let (token, session) = sessions.begin(&login, rights, 40, now);
            json!({"access_token": token, "expire_at": session.until / 1000, "app_id": app_id})
        }
        Api::Call => {
            let (token, session) = sessions.begin(&login, rights, 73, now);
            json!({"access_token": token, "expire_at": session.until / 1000})
        }
    }))
}

/// `logout.user`: ends a session. A key is not a session.
pub(crate) fn logout(api: Api, context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let token = context.text("access_token").unwrap_or_default().to_owned();
    if !context.state.sessions.end(&token, context.now) {
        return Err(ApiError::of("access_token_invalid"));
    }
    Ok(Answer::Data(match api {
        Api::Data => json!({}),
        Api::Call => json!({"success": true}),
    }))
}
