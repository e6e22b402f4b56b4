//! Starting calls over UIS's Call API v4.0: `start.employee_call` [DOC:call_api/create_call/start_employee_call].

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::ports::{DialError, Dialler};
use url::Url;

/// UIS begins to dial before it answers, so an answer takes a few seconds at most.
const DEADLINE: Duration = Duration::from_secs(15);

/// The Call API of one account.
pub struct CallApi {
    client: reqwest::Client,
    url: Url,
    token: String,
}

/// An answer of JSON-RPC 2.0.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: RpcErrorData,
}

#[derive(Default, Deserialize)]
struct RpcErrorData {
    #[serde(default)]
    mnemonic: String,
}

impl CallApi {
    /// The Call API at an address, with the account's key (`access_token`).
    pub fn new(url: Url, token: String) -> Result<CallApi, String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(DEADLINE).build();
        Ok(CallApi { client: client.map_err(|error| format!("the HTTP client cannot be set up: {error}"))?, url, token })
    }

    async fn start(&self, id: &str, order: &DialOrder) -> Result<(), DialError> {
        let unknown = |error: reqwest::Error| DialError::OutcomeUnknown(error.without_url().to_string());
        let body = self.request(id, order).to_string();
        let sent = self.client.post(self.url.clone()).header("content-type", "application/json; charset=UTF-8").body(body).send().await;
        let text = match sent {
            Err(error) if error.is_connect() => {
                return Err(DialError::Refused("not_sent".into(), format!("UIS cannot be reached: {}", error.without_url())));
            }
            sent => sent.map_err(unknown)?.text().await.map_err(unknown)?,
        };
        match serde_json::from_str::<Answer>(&text) {
            Ok(Answer { error: Some(error), .. }) => Err(DialError::Refused(error.data.mnemonic, error.message)),
            Ok(Answer { result: Some(_), .. }) => Ok(()),
            Ok(_) | Err(_) => Err(DialError::OutcomeUnknown("UIS's answer is no JSON-RPC answer".into())),
        }
    }

    fn request(&self, id: &str, order: &DialOrder) -> Value {
        let mut employee = json!({ "id": order.employee_id });
        if let Some(phone) = &order.employee_phone {
            employee["phone_number"] = phone.clone().into();
        }
        let mut params = json!({
            "access_token": self.token,
            "first_call": "employee",
            "virtual_phone_number": order.virtual_number,
            "show_virtual_phone_number": order.show_virtual_number,
            "contact": order.contact,
            "employee": employee,
            "direction": "out",
            // The plugin's own id where it gave one, because UIS sends it back in the call's events.
            "external_id": order.external_id.as_deref().unwrap_or(id),
        });
        if let Some(rule) = &order.virtual_number_rule {
            params["virtual_phone_usage_rule"] = rule.clone().into();
        }
        if let Some(extension) = &order.extension {
            params["dtmf_string"] = uis_phones::dtmf(extension).into();
        }
        json!({"jsonrpc": "2.0", "id": id, "method": "start.employee_call", "params": params})
    }
}

impl Dialler for CallApi {
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        self.start(id, order).boxed()
    }
}
