//! Answers: `{"success":true,…}`, and errors as `errorMsg` with `errors`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::sequence::InSequence;

/// Why a request is refused, as far as the simulator itself makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Anything else.
    #[default]
    Other,
    /// Another entity has the `externalId`.
    ExternalIdTaken,
}

/// An error as RetailCRM answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// The reason; it is not part of the answer.
    pub cause: Cause,
    /// The status.
    pub status: StatusCode,
    /// `errorMsg`.
    pub message: String,
    /// `errors`: a list or a map.
    pub errors: Option<Value>,
    /// Further members, as an upload's lists.
    pub members: Map<String, Value>,
}

impl ApiError {
    /// An error without details.
    pub fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError { cause: Cause::Other, status, message: message.into(), errors: None, members: Map::new() }
    }

    /// 400 with `errors`.
    pub fn refused(message: impl Into<String>, errors: impl Into<Value>) -> ApiError {
        ApiError { errors: Some(errors.into()), ..ApiError::new(StatusCode::BAD_REQUEST, message) }
    }

    /// 400: another entity of this class (`Order`) has the `externalId`.
    pub fn external_id_taken(class: &str, external_id: &str) -> ApiError {
        let errors = json!({"externalId": format!("{class} with externalId={external_id} already exists")});
        ApiError { cause: Cause::ExternalIdTaken, ..ApiError::refused(format!("{class} is not loaded"), errors) }
    }

    /// `Parameter 'X' is missing`.
    pub fn missing(parameter: &str) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, format!("Parameter '{parameter}' is missing"))
    }

    /// `Errors in the entity format`, by field.
    pub fn entity(errors: impl Into<Value>) -> ApiError {
        ApiError::refused("Errors in the entity format", errors)
    }

    /// `Errors in the input parameters`, by parameter.
    pub fn input(parameter: &str, complaint: &str) -> ApiError {
        ApiError::refused("Errors in the input parameters", json!({ parameter: complaint }))
    }

    /// `Not found`.
    pub fn not_found() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// `Access denied.`: the key lacks the scope or the shop.
    pub fn denied() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "Access denied.")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = Map::from_iter([("success".to_owned(), json!(false)), ("errorMsg".to_owned(), json!(self.message))]);
        if let Some(errors) = self.errors {
            body.insert("errors".into(), errors);
        }
        body.extend(self.members);
        (self.status, axum::Json(InSequence::answer(&Value::Object(body)))).into_response()
    }
}

/// What a route answers.
pub type ApiResult = Result<Success, ApiError>;

/// A good answer.
#[derive(Debug)]
pub struct Success {
    status: StatusCode,
    members: Map<String, Value>,
}

impl Success {
    /// `{"success":true,…}` with 200.
    pub fn ok(members: Value) -> ApiResult {
        Ok(Success { status: StatusCode::OK, members: crate::entity::entity(members) })
    }

    /// The same with 201: something was created.
    pub fn created(members: Value) -> ApiResult {
        Ok(Success { status: StatusCode::CREATED, members: crate::entity::entity(members) })
    }
}

impl IntoResponse for Success {
    fn into_response(self) -> Response {
        let mut body = Map::from_iter([("success".to_owned(), Value::Bool(true))]);
        body.extend(self.members);
        (self.status, axum::Json(InSequence::answer(&Value::Object(body)))).into_response()
    }
}

/// An empty map as PHP writes it.
pub fn php_map(members: Map<String, Value>) -> Value {
    if members.is_empty() { json!([]) } else { Value::Object(members) }
}
