//! Control of the running simulator, under `/_simulator`. No UIS has this.
//!
//! | request | what |
//! |---|---|
//! | `POST /_simulator/trigger` | plays a story, such as `{"story": "missed", "phone": "79161234567"}`, and answers what was sent |
//! | `POST /_simulator/day` | plays a day, `{"stories": [{"time": "10:00", …}]}`, in the background |
//! | `GET /_simulator/subscriptions`, `PUT` | what is set up under «Уведомления» |
//! | `GET /_simulator/notifications` | what was sent, as rows of `get.notifications` |

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use uis_host::notification::templates::Subscriptions;

use super::day::Day;
use super::player::{Player, answered};
use crate::stories::Story;

/// The control's routes.
pub fn router(player: Arc<Player>) -> Router {
    Router::new()
        .route("/_simulator/trigger", post(trigger))
        .route("/_simulator/day", post(day))
        .route("/_simulator/subscriptions", get(subscriptions).put(subscribe))
        .route("/_simulator/notifications", get(notifications))
        .with_state(player)
}

type Shared = State<Arc<Player>>;

/// A request that cannot be served, and why.
struct Mistake(String);

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

fn read(body: &Bytes) -> Result<Value, Mistake> {
    serde_json::from_slice(body).map_err(|error| Mistake(format!("the body is no JSON: {error}")))
}

async fn trigger(State(player): Shared, body: Bytes) -> Result<Response, Mistake> {
    let story = Story::read(&read(&body)?).map_err(Mistake)?;
    let steps = player.play(&story).await.map_err(Mistake)?;
    Ok(Json(answered(&steps)).into_response())
}

async fn day(State(player): Shared, body: Bytes) -> Result<Response, Mistake> {
    let day = Day::read(&read(&body)?).map_err(Mistake)?;
    let stories = day.entries.len();
    tokio::spawn(async move { day.play(&player).await });
    Ok((StatusCode::ACCEPTED, Json(json!({ "stories": stories }))).into_response())
}

async fn subscriptions(State(player): Shared) -> Response {
    Json(player.subscriptions()).into_response()
}

async fn subscribe(State(player): Shared, body: Bytes) -> Result<Response, Mistake> {
    let given: Subscriptions = serde_json::from_slice(&body).map_err(|error| Mistake(error.to_string()))?;
    player.subscribe(given);
    Ok(Json(player.subscriptions()).into_response())
}

async fn notifications(State(player): Shared) -> Response {
    Json(json!({ "notifications": player.account.state().notifications })).into_response()
}
