//! Control of the simulator, under `/_simulator`: looking at the account, changing it, adding rows to its reports, setting a plan of
//! faults. UIS has nothing of this.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use uis_host::clock::zone;

use crate::account::Account;
use crate::rows;
use crate::shapes::Api;
use crate::twin::Twin;

/// The list of routes, as `GET /_simulator` answers it.
const HELP: &str = "UIS simulator, control\n\
GET   /_simulator/state      the whole account as JSON; `account` and `reports` can be given to --account again\n\
PATCH /_simulator/account    {\"black_list\":[\"79160000001\"]}: these members of the account change\n\
POST  /_simulator/reports    {\"calls\":[{\"id\":1,...}],\"chats\":[],\"chat_messages\":[],\"offline_messages\":[],\"call_legs\":[]}: rows are added or replaced\n\
GET   /_simulator/dialled    calls that were started, as parameters of start.employee_call\n\
GET   /_simulator/limits     points of both APIs: the limits, what is left, the most in a minute\n\
POST  /_simulator/faults     a JSON plan of misbehaviour; {} ends it\n\
POST  /_simulator/reset      returns to the account as it was at first; a JSON body is another account to begin with\n\
POST  /_simulator/trigger    {\"story\":\"missed\",\"phone\":\"79160000001\"}: a story is played; the answer says what was sent\n\
POST  /_simulator/day        {\"stories\":[{\"time\":\"10:00\",\"story\":\"answered\"}]}: a day is played in the background\n\
GET   /_simulator/subscriptions, PUT: what is set up under «Уведомления», as `--templates` takes it\n\
GET   /_simulator/notifications  what was sent, as rows of get.notifications\n";

/// The control's routes.
pub(crate) fn router(twin: Twin) -> Router {
    Router::new()
        .route("/_simulator", get(async || HELP))
        .route("/_simulator/state", get(state))
        .route("/_simulator/account", patch(account))
        .route("/_simulator/reports", post(reports))
        .route("/_simulator/dialled", get(dialled))
        .route("/_simulator/limits", get(limits))
        .route("/_simulator/faults", post(faults))
        .route("/_simulator/reset", post(reset))
        // A whole account may be long.
        .layer(DefaultBodyLimit::disable())
        .with_state(twin)
}

/// A request to control that cannot be served, and why.
struct Mistake(String);

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

fn read(body: &Bytes) -> Result<Value, Mistake> {
    serde_json::from_slice(body).map_err(|error| Mistake(format!("the body is no JSON: {error}")))
}

fn done() -> Json<Value> {
    Json(json!({"success": true}))
}

async fn state(Shared(twin): Shared<Twin>) -> Json<Value> {
    let now = twin.now();
    let state = twin.account().state();
    let (deals, zone) = (&state.deals, &state.account.timezone);
    Json(json!({
        "account": state.account,
        "reports": state.report.to_json(),
        "funnels": deals.funnels.iter().map(rows::funnel_row).collect::<Vec<_>>(),
        "deals": deals.deals.iter().filter_map(|history| rows::deal_row(zone, deals, history)).collect::<Vec<_>>(),
        "deal_contacts": deals.contacts.iter().map(|contact| rows::contact_row(zone, contact)).collect::<Vec<_>>(),
        "dialled": state.dialled,
        "ongoing": state.ongoing,
        "notifications": state.notifications,
        "sessions": state.sessions,
        "limits": {
            "data_api": state.points.remaining(state.account.data_api_points, now),
            "call_api": state.call_points.remaining(state.account.call_api_points, now),
        },
    }))
}

async fn account(Shared(twin): Shared<Twin>, body: Bytes) -> Result<Json<Value>, Mistake> {
    let members = read(&body)?;
    if !members.is_object() {
        return Err(Mistake("expected an object: members of the account".into()));
    }
    twin.account().state().update(&members).map_err(Mistake)?;
    Ok(done())
}

async fn reports(Shared(twin): Shared<Twin>, body: Bytes) -> Result<Json<Value>, Mistake> {
    let rows = read(&body)?;
    let now = twin.now();
    let mut state = twin.account().state();
    let zone = zone(&state.account.timezone).map_err(Mistake)?;
    state.merge_report(&rows, zone, now).map_err(Mistake)?;
    Ok(done())
}

async fn dialled(Shared(twin): Shared<Twin>) -> Json<Value> {
    Json(json!({"dialled": twin.account().state().dialled}))
}

async fn limits(Shared(twin): Shared<Twin>) -> Json<Value> {
    let (data, call) = (twin.limits(Api::Data), twin.limits(Api::Call));
    let state = twin.account().state();
    Json(json!({
        "data_api": {"limits": data, "most_in_a_minute": state.points.most_in_a_minute},
        "call_api": {"limits": call, "most_in_a_minute": state.call_points.most_in_a_minute},
    }))
}

async fn faults(Shared(twin): Shared<Twin>, body: Bytes) -> Result<Json<Value>, Mistake> {
    twin.misbehave(&read(&body)?).map_err(Mistake)?;
    Ok(done())
}

async fn reset(Shared(twin): Shared<Twin>, body: Bytes) -> Result<Json<Value>, Mistake> {
    let account = if body.is_empty() { None } else { Some(Account::read(&read(&body)?).map_err(Mistake)?) };
    twin.reset(account);
    Ok(done())
}
