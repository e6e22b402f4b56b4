//! What goes over the wire. In: PHP-style query parameters, forms whose structured fields are JSON, the key in a header or a parameter.
//! Out: `{"success":true,…}`, and errors as `errorMsg` with `errors`.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

/// The longest body that is read: 50 entities of an upload are far below.
const BODY_BYTES: usize = 16 << 20;

/// An error as RetailCRM answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// `errorMsg`.
    pub message: String,
    /// `errors`: a list or a map.
    pub errors: Option<Value>,
}

impl ApiError {
    /// An error without details.
    pub fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError { status, message: message.into(), errors: None }
    }

    /// `Parameter 'X' is missing`.
    pub fn missing(parameter: &str) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, format!("Parameter '{parameter}' is missing"))
    }

    /// `Errors in the entity format`, by field.
    pub fn entity(errors: impl Into<Value>) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, message: "Errors in the entity format".into(), errors: Some(errors.into()) }
    }

    /// `Errors in the input parameters`, by parameter.
    pub fn input(parameter: &str, complaint: &str) -> ApiError {
        let errors = json!({ parameter: complaint });
        ApiError { status: StatusCode::BAD_REQUEST, message: "Errors in the input parameters".into(), errors: Some(errors) }
    }

    /// `Not found`.
    pub fn not_found() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "Not found")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({"success": false, "errorMsg": self.message});
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        (self.status, axum::Json(body)).into_response()
    }
}

/// What a route answers.
pub type ApiResult = Result<Success, ApiError>;

/// A good answer.
pub struct Success {
    status: StatusCode,
    members: Map<String, Value>,
}

impl Success {
    /// `{"success":true,…}` with 200.
    pub fn ok(members: Value) -> ApiResult {
        Ok(Success { status: StatusCode::OK, members: crate::account::entity(members) })
    }

    /// The same with 201.
    pub fn created(members: Value) -> ApiResult {
        Ok(Success { status: StatusCode::CREATED, members: crate::account::entity(members) })
    }
}

impl IntoResponse for Success {
    fn into_response(self) -> Response {
        let mut body = Map::from_iter([("success".to_owned(), Value::Bool(true))]);
        body.extend(self.members);
        (self.status, axum::Json(Value::Object(body))).into_response()
    }
}

/// A request, understood.
#[derive(Debug, Default)]
pub struct Call {
    /// Query parameters as a tree: `filter[name]` is `filter.name`.
    pub query: Value,
    /// Form fields as text.
    pub form: BTreeMap<String, String>,
    /// The key it shows.
    pub key: Option<String>,
}

impl Call {
    /// Reads a request: query, form of either encoding, key.
    pub async fn read(request: Request) -> Result<Call, ApiError> {
        let encoded = request.uri().query().unwrap_or_default().to_owned();
        // Brackets come as they are or percent-encoded; what is no tree at all counts as no parameters.
        let query: Value =
            serde_qs::Config::new().max_depth(8).use_form_encoding(true).deserialize_str(&encoded).unwrap_or_else(|_| json!({}));
        let header = request.headers().get("x-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let form = if request.method() == Method::GET { BTreeMap::new() } else { form(request).await? };
        let key = header.or_else(|| query["apiKey"].as_str().map(str::to_owned)).or_else(|| form.get("apiKey").cloned());
        Ok(Call { query, form, key })
    }

    /// A query parameter as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query[name].as_str().filter(|text| !text.is_empty())
    }

    /// `filter[name]` as text.
    pub fn filter(&self, name: &str) -> Option<String> {
        text_of(&self.query["filter"][name])
    }

    /// `filter[name][]` as a list; a single value counts as one.
    pub fn filter_list(&self, name: &str) -> Option<Vec<String>> {
        match &self.query["filter"][name] {
            Value::Null => None,
            Value::Array(items) => Some(items.iter().filter_map(text_of).collect()),
            // `k[0]=a&k[2]=b` is a map by index.
            Value::Object(items) => Some(items.values().filter_map(text_of).collect()),
            one => Some(text_of(one).into_iter().collect()),
        }
    }

    /// Whether a parameter says yes: PHP clients write `1`, Python ones `True`.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.to_lowercase().as_str(), "1" | "true"))
    }

    /// A form field that holds JSON.
    pub fn json(&self, name: &str) -> Result<Value, ApiError> {
        let text = self.form.get(name).ok_or_else(|| ApiError::missing(name))?;
        serde_json::from_str(text).map_err(|_| ApiError::entity(json!({ name: "Invalid JSON." })))
    }

    /// A form field that holds a JSON object.
    pub fn object(&self, name: &str) -> Result<Map<String, Value>, ApiError> {
        match self.json(name)? {
            Value::Object(members) => Ok(members),
            _ => Err(ApiError::entity(json!({ name: "This value should be an object." }))),
        }
    }

    /// `limit` and `page`, as RetailCRM allows them.
    pub fn page(&self) -> Result<Page, ApiError> {
        let number = |name: &str, absent: usize| match self.text(name) {
            None => Ok(absent),
            Some(text) => text.parse().map_err(|_| ApiError::input(name, "This value is not valid.")),
        };
        let (limit, page) = (number("limit", 20)?, number("page", 1)?);
        if ![20, 50, 100].contains(&limit) {
            return Err(ApiError::input("limit", "The value you selected is not a valid choice."));
        }
        if page == 0 {
            return Err(ApiError::input("page", "This value should be 1 or more."));
        }
        Ok(Page { limit, page })
    }
}

/// A page of a list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// 20, 50 or 100.
    pub limit: usize,
    /// From 1.
    pub page: usize,
}

impl Page {
    /// The page's part of a list, and `pagination`.
    pub fn cut<T>(self, all: Vec<T>) -> (Vec<T>, Value) {
        let total = all.len();
        let part = all.into_iter().skip((self.page - 1).saturating_mul(self.limit)).take(self.limit).collect();
        let pagination =
            json!({"limit": self.limit, "totalCount": total, "currentPage": self.page, "totalPageCount": total.div_ceil(self.limit)});
        (part, pagination)
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An empty map as PHP writes it.
pub fn php_map(members: Map<String, Value>) -> Value {
    if members.is_empty() { json!([]) } else { Value::Object(members) }
}

fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// A form's fields. Another body has none, so that the parameter asked for is "missing", as RetailCRM says of raw JSON.
async fn form(request: Request) -> Result<BTreeMap<String, String>, ApiError> {
    let too_large = |_| ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "Request entity too large");
    match media_type(request.headers()).as_str() {
        "multipart/form-data" => {
            let broken = || ApiError::new(StatusCode::BAD_REQUEST, "Invalid multipart body");
            let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
            let mut fields = BTreeMap::new();
            while let Some(field) = multipart.next_field().await.map_err(|_| broken())? {
                let name = field.name().unwrap_or_default().to_owned();
                fields.insert(name, field.text().await.map_err(|_| broken())?);
            }
            Ok(fields)
        }
        "application/x-www-form-urlencoded" => {
            let body = axum::body::to_bytes(request.into_body(), BODY_BYTES).await.map_err(too_large)?;
            Ok(form_urlencoded::parse(&body).into_owned().collect())
        }
        _ => Ok(BTreeMap::new()),
    }
}
