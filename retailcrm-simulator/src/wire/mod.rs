//! What goes over the wire. In: PHP-style query parameters, forms whose structured fields are JSON, the key in a header or a parameter.
//! Out: answers, errors, pages.

pub mod answer;
pub mod page;
pub mod php;
mod sequence;

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

pub use answer::{ApiError, ApiResult, Cause, Success, php_map};
pub use page::Page;

/// The longest body that is read: 50 entities of an upload are far below.
pub const BODY_BYTES: usize = 16 << 20;

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
        let query = php::tree(request.uri().query().unwrap_or_default());
        let header = request.headers().get("x-api-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let form = if request.method() == Method::GET { BTreeMap::new() } else { form(request).await? };
        let key = header.or_else(|| query["apiKey"].as_str().map(str::to_owned)).or_else(|| form.get("apiKey").cloned());
        Ok(Call { query, form, key })
    }

    /// A query parameter as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query[name].as_str().filter(|text| !text.is_empty())
    }

    /// A scalar parameter of the form, else of the query: PHP looks into both.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str).filter(|text| !text.is_empty()).or_else(|| self.text(name))
    }

    /// A list in the query: `k[]=a&k[]=b`; a single value counts as one.
    pub fn list(&self, name: &str) -> Vec<String> {
        texts(&self.query[name])
    }

    /// `filter`'s members. A client that has no filter may write anything there: the official Python one writes `filter=None`.
    pub fn filters(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.query["filter"].as_object().unwrap_or(&NONE)
    }

    /// `filter[name]` as text.
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.filters().get(name)?.as_str().filter(|text| !text.is_empty())
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

    /// A form field that holds a JSON object. An empty list counts as an empty object: PHP clients write both as `[]`.
    pub fn object(&self, name: &str) -> Result<Map<String, Value>, ApiError> {
        match self.json(name)? {
            Value::Object(members) => Ok(members),
            Value::Array(none) if none.is_empty() => Ok(Map::new()),
            _ => Err(ApiError::entity(json!({ name: "This value should be an object." }))),
        }
    }

    /// A form field that holds a JSON list of at most `most` objects.
    pub fn objects(&self, name: &str, most: usize) -> Result<Vec<Map<String, Value>>, ApiError> {
        let Value::Array(items) = self.json(name)? else {
            return Err(ApiError::entity(json!({ name: "This value should be a list." })));
        };
        if items.len() > most {
            return Err(ApiError::entity(json!({ name: format!("This collection should contain {most} elements or less.") })));
        }
        let object = |(index, item): (usize, Value)| match item {
            Value::Object(members) => Ok(members),
            _ => Err(ApiError::entity(json!({ format!("{name}[{index}]"): "This value should be an object." }))),
        };
        items.into_iter().enumerate().map(object).collect()
    }

    /// `limit` and `page`.
    pub fn page(&self) -> Result<Page, ApiError> {
        Page::of(self)
    }
}

/// A query's value as texts: the items of a list, or the one value.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(items) => items.values().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// A form's fields. Another body has none, so that the parameter asked for is "missing", as RetailCRM says of raw JSON.
async fn form(request: Request) -> Result<BTreeMap<String, String>, ApiError> {
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
            let too_large = |_| ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "Request entity too large");
            let body = axum::body::to_bytes(request.into_body(), BODY_BYTES).await.map_err(too_large)?;
            Ok(form_urlencoded::parse(&body).into_owned().collect())
        }
        _ => Ok(BTreeMap::new()),
    }
}
