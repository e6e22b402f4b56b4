//! What has to be entered in UIS and in the CRM so that an integration receives its events, step by step. Menus and fields have the names that
//! the vendors have published; where a name is not public, the step says so.
//!
//! | file | what |
//! |---|---|
//! | `prose` | the sentences, in Russian and in English |
//! | `print` | the steps as text |

mod print;
mod prose;

use clap::ValueEnum;
use serde::Serialize;
use uis_host::notification::calls::INCOMING_DEADLINE_MS;
use uis_host::notification::templates::{EventTemplate, Method, ROUTE_PARAMETERS, RouteRequest, Subscription};

use crate::control::Address;

/// How much longer than the handler of an incoming call the scenario should wait, in milliseconds: for the way there and back.
const ROUTE_MARGIN_MS: u64 = 1000;
/// The plugin's callback that a trigger of the CRM calls.
const TRIGGER: &str = "order-webhook";

/// The language of the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Language {
    /// Russian.
    #[default]
    #[serde(rename = "ru")]
    #[value(name = "ru")]
    Russian,
    /// English.
    #[serde(rename = "en")]
    #[value(name = "en")]
    English,
}

/// A notification of UIS.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notification {
    /// What a program that plays UIS needs.
    #[serde(flatten)]
    pub subscription: Subscription,
    /// The event's name in «Уведомления»; absent where UIS has not published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'static str>,
    /// When UIS sends it.
    pub meaning: &'static str,
    /// The parameters that must stay in the template.
    pub required: Vec<&'static str>,
    /// The parameters that UIS's own instructions have for the event. The list of «Уведомления» may lack the others.
    pub published: Vec<&'static str>,
}

/// The trigger of the CRM.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// The address, with the secret.
    pub url: String,
    /// Always GET.
    pub method: Method,
    /// The parameter's name.
    pub parameter: &'static str,
    /// The parameter's value, which RetailCRM fills in.
    pub value: &'static str,
}

/// Everything that has to be entered for one integration. It contains the integration's secret. As JSON it is what
/// [`Subscriptions`](uis_host::notification::templates::Subscriptions) reads, and more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setup {
    /// The integration's name.
    pub integration: String,
    /// The language of `meaning`.
    pub language: Language,
    /// UIS's notifications.
    pub notifications: Vec<Notification>,
    /// The request of the scenario of incoming calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<RouteRequest>,
    /// The trigger of the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
}

impl Setup {
    /// What has to be entered, from the integration's addresses.
    pub fn new(integration: &str, addresses: &[Address], language: Language) -> Setup {
        let url = |what: &str| addresses.iter().find(|address| address.what == what).map(|address| address.url.clone());
        let scenario = url("route").map(|url| RouteRequest {
            url,
            method: Method::Get,
            parameters: ROUTE_PARAMETERS.map(str::to_owned).into(),
            timeout_ms: Some(u64::from(INCOMING_DEADLINE_MS) + ROUTE_MARGIN_MS),
        });
        Setup {
            integration: integration.to_owned(),
            language,
            notifications: addresses
                .iter()
                .filter_map(|address| Some(notification(address, EventTemplate::of(&address.what)?, language)))
                .collect(),
            scenario,
            trigger: url(TRIGGER).map(|url| Trigger { url, method: Method::Get, parameter: "orderId", value: "{{ order.id }}" }),
        }
    }

    /// The steps as text, in lines. Commands in them begin with `program`: `uis-gateway`, with the options that it needs here.
    pub fn lines(&self, program: &str) -> Vec<String> {
        print::lines(self, program)
    }
}

fn notification(address: &Address, template: &'static EventTemplate, language: Language) -> Notification {
    Notification {
        subscription: Subscription {
            event: template.mnemonic.to_owned(),
            url: address.url.clone(),
            method: Method::Post,
            template: template.body(),
        },
        title: template.title,
        meaning: match language {
            Language::Russian => template.meaning_ru,
            Language::English => template.meaning_en,
        },
        required: template.required.split_ascii_whitespace().collect(),
        published: template.published.split_ascii_whitespace().collect(),
    }
}
