//! RetailCRM's API v5 as far as this integration uses it. [`Crm`] sends requests, [`answer`] reads the answers. Each of the other files
//! covers one area of the API, under RetailCRM's own names.

pub mod answer;
pub mod corporate;
pub mod custom_fields;
pub mod customers;
pub mod modules;
pub mod order_history;
pub mod orders;
pub mod reference;
pub mod system;
pub mod tasks;
pub mod telephony;
pub mod users;
pub mod whole_orders;

use serde_json::Value;

use crate::bindings::uis::integration::connections::{Body, Method, Request};
use crate::platform::Platform;
pub use answer::{CrmError, Members, Refusal};

/// The connection's name in the contract.
pub const CONNECTION: &str = "retailcrm";

/// The longest time for one request. RetailCRM answers in tenths of a second, a bulk upload in seconds.
const DEADLINE_MS: u32 = 15_000;

/// How long after its deadline a request may still be carried out. It may be in transit when the host stops waiting, and RetailCRM finishes
/// what it began even if the connection is closed. PHP limits a request to 30 seconds; that RetailCRM does the same is `[inferred]`.
const IN_FLIGHT_MS: u32 = 30_000;

/// An API request: a path below the account's address, and parameters.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    /// The members of the answer that are read; none: all.
    members: Option<Members>,
}

impl ApiRequest {
    /// A GET.
    pub fn get(path: impl Into<String>) -> ApiRequest {
        ApiRequest { method: Method::Get, path: path.into(), query: Vec::new(), form: Vec::new(), members: None }
    }

    /// A POST with a form.
    pub fn post(path: impl Into<String>) -> ApiRequest {
        ApiRequest { method: Method::Post, path: path.into(), query: Vec::new(), form: Vec::new(), members: None }
    }

    /// Adds a query parameter.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> ApiRequest {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a plain form field.
    pub fn field(mut self, name: &str, value: impl Into<String>) -> ApiRequest {
        self.form.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a form field that contains JSON, as RetailCRM expects for structured parameters.
    pub fn json(self, name: &str, value: &Value) -> ApiRequest {
        let text = value.to_string();
        self.field(name, text)
    }

    /// Reads only these members of a successful answer.
    pub fn reading(mut self, members: Members) -> ApiRequest {
        self.members = Some(members);
        self
    }

    /// The request's title for messages, for example `GET /api/v5/users`.
    fn title(&self) -> String {
        let verb = if self.method == Method::Get { "GET" } else { "POST" };
        format!("{verb} {}", self.path)
    }

    fn into_request(self) -> Request {
        let body = if self.method == Method::Get { Body::Empty } else { Body::Form(self.form) };
        Request { connection: CONNECTION.to_owned(), method: self.method, path: self.path, query: self.query, body }
    }
}

/// The account's RetailCRM, to which requests are sent.
#[derive(Clone, Copy)]
pub struct Crm<'a> {
    platform: &'a dyn Platform,
    deadline_ms: u32,
}

impl<'a> Crm<'a> {
    /// The account's RetailCRM with the usual deadline.
    pub fn new(platform: &'a dyn Platform) -> Self {
        Crm { platform, deadline_ms: DEADLINE_MS }
    }

    /// The same with a shorter deadline.
    pub fn within(self, deadline_ms: u32) -> Self {
        Crm { deadline_ms: deadline_ms.min(self.deadline_ms), ..self }
    }

    /// The longest time from handing a request to the host until it can no longer be carried out, in milliseconds.
    pub fn max_in_flight_ms(self) -> u32 {
        self.deadline_ms + IN_FLIGHT_MS
    }

    /// Sends one request.
    pub fn send(self, request: ApiRequest) -> Result<Value, CrmError> {
        let [answer] = self.send_all([request]);
        answer
    }

    /// Sends one request and reads selected members of the answer.
    pub fn send_partial<T: answer::PartialAnswer>(self, request: ApiRequest) -> Result<T, CrmError> {
        let title = request.title();
        match self.platform.send(vec![request.into_request()], self.deadline_ms).pop() {
            Some(result) => answer::parse_partial(title, result),
            None => Err(CrmError::NotSent { title, reason: "the host gave no answer".into() }),
        }
    }

    /// Sends several requests in parallel; the answers are in the same order.
    pub fn send_all<const N: usize>(self, requests: [ApiRequest; N]) -> [Result<Value, CrmError>; N] {
        let titles = requests.each_ref().map(|request| (request.title(), request.members));
        let mut results = self.platform.send(requests.map(ApiRequest::into_request).into(), self.deadline_ms).into_iter();
        titles.map(|(title, members)| match results.next() {
            Some(result) => answer::parse(title, result, members),
            None => Err(CrmError::NotSent { title, reason: "the host gave no answer".into() }),
        })
    }
}
