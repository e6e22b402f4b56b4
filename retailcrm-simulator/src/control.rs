//! Control of the simulator, under `/_simulator`: looking at the account, restarting it, setting a plan of faults, and acting in it as a
//! user does. No CRM has this.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::CONTENT_TYPE;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::Account;
use crate::context::Context;
use crate::entity::{entity, id_of, is, whole};
use crate::history::Actor;
use crate::simulator::Simulator;
use crate::state::State;
use crate::state::outgoing::Outgoing;
use crate::wire::{Call, php};
use crate::{api, callbacks};

/// The list of routes, as `GET /_simulator` answers it.
const HELP: &str = "RetailCRM simulator, control\n\
GET  /_simulator/state                       the whole account as JSON; it can be given to --account again\n\
POST /_simulator/reset                       empties it: settings, keys, users and reference books stay; a JSON body is the account to start from; ?to=start returns to the beginning\n\
POST /_simulator/faults                      a JSON plan of misbehaviour; {} ends it\n\
GET  /_simulator/popups?user=5               pop-ups that a user sees now\n\
GET  /_simulator/callbacks                   requests that the account made, and what came of them\n\
ANY  /_simulator/as/{user}/api/v5/...        as this user, or as admin: no key, history's source is `user`, triggers act\n\
POST /_simulator/make-call                   {\"user\":5,\"phone\":\"79160000001\"}: the user clicks a number\n\
POST /_simulator/module-activity             {\"code\":\"uis\",\"active\":false,\"freeze\":false}: a module is switched off or on\n\
POST /_simulator/settings                    {\"timezone\":\"Asia/Omsk\"}: the account's settings are changed; modules get them\n\
POST /_simulator/user                        {\"id\":5,\"lastName\":\"...\",\"active\":false}: an administrator changes a user, or adds one\n\
POST /_simulator/key                         {\"key\":\"...\"}: the main key is replaced; the old one is refused from now on\n\
POST /_simulator/delete                      {\"order\":17}, {\"customer\":5}, {\"task\":3} or {\"status\":\"prepayed\"}, \"user\":5: the user deletes it; {\"user\":6} alone: this user is deleted\n\
POST /_simulator/move                        {\"order\":17,\"site\":\"shop\",\"user\":5}: the user moves it to another shop\n";

/// The control's routes.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/_simulator", get(async || HELP))
        .route("/_simulator/state", get(dump))
        .route("/_simulator/reset", post(reset))
        .route("/_simulator/faults", post(faults))
        .route("/_simulator/popups", get(popups))
        .route("/_simulator/callbacks", get(made))
        .route("/_simulator/make-call", post(make_call))
        .route("/_simulator/module-activity", post(module_activity))
        .route("/_simulator/settings", post(settings))
        .route("/_simulator/user", post(change_user))
        .route("/_simulator/key", post(replace_key))
        .route("/_simulator/delete", post(delete))
        .route("/_simulator/move", post(move_order))
        .route("/_simulator/as/{user}/{*path}", any(act))
        // A whole account may be long; the listener limits bodies.
        .layer(DefaultBodyLimit::disable())
        .with_state(simulator)
}

/// A request to control that cannot be served, and why.
struct Mistake(StatusCode, String);

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({"error": self.1}))).into_response()
    }
}

fn mistake(complaint: impl Into<String>) -> Mistake {
    Mistake(StatusCode::BAD_REQUEST, complaint.into())
}

fn read(body: &Bytes) -> Result<Value, Mistake> {
    if body.is_empty() {
        Ok(json!({}))
    } else {
        serde_json::from_slice(body).map_err(|error| mistake(format!("the body is no JSON: {error}")))
    }
}

async fn dump(Shared(simulator): Shared<Simulator>) -> Response {
    // A million calls take a while to serialise: not on a thread that serves other requests.
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&simulator.state().dump())).await;
    match written {
        Ok(Ok(written)) => ([(CONTENT_TYPE, "application/json")], written).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

async fn reset(Shared(simulator): Shared<Simulator>, Query(To { to }): Query<To>, body: Bytes) -> Result<Response, Mistake> {
    match (to.as_deref(), body.is_empty()) {
        (None, true) => simulator.empty(),
        (Some("start"), true) => simulator.restart(),
        (None, false) => {
            let account = Account::read(&read(&body)?).map_err(|error| mistake(error.to_string()))?;
            simulator.begin(account);
        }
        (Some("start"), false) => return Err(mistake("?to=start takes no body")),
        (Some(to), _) => return Err(mistake(format!("?to={to}: expected start"))),
    }
    Ok(axum::Json(json!({"success": true})).into_response())
}

async fn faults(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    simulator.misbehave(&read(&body)?).map_err(mistake)?;
    Ok(axum::Json(json!({"success": true})).into_response())
}

async fn popups(Shared(simulator): Shared<Simulator>, request: Request) -> Result<Response, Mistake> {
    let user = user_of(&php::tree(request.uri().query().unwrap_or_default()))?;
    Ok(axum::Json(json!({"popups": simulator.state().popups.seen_by(user)})).into_response())
}

async fn made(Shared(simulator): Shared<Simulator>) -> Response {
    let callbacks: Vec<Value> = simulator.state().callbacks.iter().map(Outgoing::to_json).collect();
    axum::Json(json!({"callbacks": callbacks})).into_response()
}

fn user_of(given: &Value) -> Result<i64, Mistake> {
    whole(&given["user"]).ok_or_else(|| mistake("expected \"user\": the id of a user"))
}

/// Makes a request of the account and answers its outcome.
async fn make(simulator: &Simulator, outgoing: Outgoing) -> Response {
    let number = outgoing.number;
    simulator.state().callbacks.push(outgoing);
    simulator.send_callbacks_and_wait().await;
    let made = simulator.state().callbacks.iter().rev().find(|known| known.number == number).map(Outgoing::to_json);
    axum::Json(json!({"success": true, "callback": made})).into_response()
}

async fn make_call(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let given = read(&body)?;
    let user = user_of(&given)?;
    let phone = given["phone"].as_str().ok_or_else(|| mistake("expected \"phone\""))?;
    let outgoing =
        callbacks::make_call(&simulator.state(), simulator.now(), user, phone, given["externalPhone"].as_str()).map_err(mistake)?;
    Ok(make(&simulator, outgoing).await)
}

async fn module_activity(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let given = read(&body)?;
    let code = given["code"].as_str().ok_or_else(|| mistake("expected \"code\": a module's"))?;
    let outgoing = {
        let mut state = simulator.state();
        let module = state.modules.get_mut(code).ok_or_else(|| mistake(format!("there is no module {code:?}")))?;
        for name in ["active", "freeze"] {
            if let Some(flag) = given[name].as_bool() {
                module.insert(name.into(), flag.into());
            }
        }
        let module = module.clone();
        callbacks::activity(&state, simulator.now(), &module)
    };
    match outgoing {
        Some(outgoing) => Ok(make(&simulator, outgoing).await),
        None => Ok(axum::Json(json!({"success": true, "callback": null})).into_response()),
    }
}

async fn settings(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let Value::Object(changed) = read(&body)? else { return Err(mistake("expected an object of settings")) };
    {
        let mut state = simulator.state();
        for (name, value) in &changed {
            let fits = match name.as_str() {
                "work_times" | "non_working_days" => value.is_array(),
                "mg" => value.is_object(),
                _ => value.is_string() || value["value"].is_string(),
            };
            if !fits {
                return Err(mistake(format!("{name}: {value} is not what GET /settings shows there")));
            }
        }
        let mut known = entity(state.account.settings.clone());
        known.extend(changed);
        let account = Account { settings: known.into(), ..Account::default() };
        account
            .timezone()
            .parse::<chrono_tz::Tz>()
            .map_err(|_| mistake(format!("timezone: {:?} is no IANA time zone", account.timezone())))?;
        state.account.settings = account.settings;
        let requests: Vec<Outgoing> =
            state.active_modules().filter_map(|module| callbacks::settings(&state, simulator.now(), module)).collect();
        state.callbacks.extend(requests);
    }
    simulator.send_callbacks_and_wait().await;
    Ok(axum::Json(json!({"success": true})).into_response())
}

/// The API cannot change users; an administrator can.
async fn change_user(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let Value::Object(given) = read(&body)? else { return Err(mistake("expected an object: a user's members")) };
    let mut state = simulator.state();
    let id = match given.get("id") {
        None => state.users.next_id(),
        Some(id) => whole(id).filter(|id| *id > 0).ok_or_else(|| mistake("id: expected a user's id"))?,
    };
    let mut user = state.users.get(id).cloned().unwrap_or_default();
    user.extend(given);
    user.retain(|_, value| !value.is_null());
    user.insert("id".into(), id.into());
    state.users.put(id, user);
    Ok(axum::Json(json!({"success": true, "id": id})).into_response())
}

/// Does what the API cannot, as a user or as the CRM itself.
async fn without_api(
    simulator: &Simulator,
    given: &Value,
    deed: impl FnOnce(&mut Context<'_>) -> Result<(), String>,
) -> Result<Response, Mistake> {
    {
        let mut guard = simulator.state();
        let call = Call::default();
        let actor = match whole(&given["user"]) {
            None => Actor::System,
            Some(user) if guard.users.get(user).is_some() => Actor::User(user),
            Some(user) => return Err(mistake(format!("there is no user {user}"))),
        };
        let sites = guard.sites_of(None).map(str::to_owned).collect();
        let mut context = Context { state: &mut guard, call: &call, path: &[], now: simulator.now(), actor, sites };
        deed(&mut context).map_err(mistake)?;
    }
    simulator.send_callbacks_and_wait().await;
    Ok(axum::Json(json!({"success": true})).into_response())
}

/// An administrator makes a new main key; the old one is refused from now on.
async fn replace_key(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let given = read(&body)?;
    let key = given["key"].as_str().filter(|key| !key.is_empty()).ok_or_else(|| mistake("expected \"key\": the new key"))?;
    let mut state = simulator.state();
    let keys = &mut state.account.keys;
    if keys.iter().skip(1).any(|other| other.key == key) {
        return Err(mistake("another key of the account has this value"));
    }
    if let Some(main) = keys.first_mut() {
        key.clone_into(&mut main.key);
    }
    Ok(axum::Json(json!({"success": true})).into_response())
}

async fn delete(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let given = read(&body)?;
    type Remove = fn(&mut Context<'_>, i64) -> Result<(), String>;
    let by_id: [(&str, Remove); 3] = [("order", api::remove_order), ("customer", api::remove_customer), ("task", api::remove_task)];
    let deed = |context: &mut Context<'_>| {
        let mut named = by_id.iter().filter_map(|(name, remove)| Some((whole(&given[*name])?, remove)));
        match (named.next(), named.next(), given["status"].as_str()) {
            (Some((id, remove)), None, None) => remove(context, id),
            (None, None, Some(code)) => api::remove_status(context, code),
            // A user alone is the one to delete; beside something else it is the one who deletes.
            (None, None, None) if whole(&given["user"]).is_some() => api::remove_user(context, whole(&given["user"]).unwrap_or_default()),
            _ => Err(r#"expected one of "order", "customer", "task" (an id), "status" (a code), or "user" alone (an id)"#.into()),
        }
    };
    without_api(&simulator, &given, deed).await
}

async fn move_order(Shared(simulator): Shared<Simulator>, body: Bytes) -> Result<Response, Mistake> {
    let given = read(&body)?;
    let deed = |context: &mut Context<'_>| match (whole(&given["order"]), given["site"].as_str()) {
        (Some(id), Some(site)) => api::move_order(context, id, site),
        _ => Err("expected \"order\", an id, and \"site\", a shop's code".into()),
    };
    without_api(&simulator, &given, deed).await
}

/// A user does something through the CRM's pages: the API's methods without a key.
async fn act(
    Shared(simulator): Shared<Simulator>,
    Path((user, _)): Path<(String, String)>,
    mut request: Request,
) -> Result<Response, Mistake> {
    let id: Option<i64> = match user.as_str() {
        "admin" => None,
        id => Some(id.parse().map_err(|_| mistake(format!("/_simulator/as/{user}: expected a user's id, or admin")))?),
    };
    if let Some(id) = id.filter(|id| simulator.state().users.get(*id).is_none()) {
        return Err(mistake(format!("there is no user {id}")));
    }
    // The path as it was sent, with its encoding.
    let whole = request.uri().path_and_query().map(|path| path.as_str()).unwrap_or_default();
    let path = whole.strip_prefix("/_simulator/as/").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    *request.uri_mut() = format!("/{path}").parse::<Uri>().map_err(|error| mistake(error.to_string()))?;
    Ok(simulator.act(request, id).await)
}

/// The user who acts when a request names none: an administrator, else the first user.
pub(crate) fn default_user(state: &State) -> Option<i64> {
    let admin = state.users.iter().find(|user| is(user, "isAdmin", false));
    admin.or(state.users.iter().next()).and_then(id_of)
}
