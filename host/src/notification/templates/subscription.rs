//! Notifications as they are set up in an account of UIS. One program writes them as JSON, another one reads them; members that the reader
//! does not know are ignored.

use serde::{Deserialize, Serialize};

use super::{EVENT_TEMPLATES, ROUTE_PARAMETERS};

/// How UIS sends a notification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The rendered template is the query.
    #[serde(rename = "GET")]
    Get,
    /// The rendered template is the body.
    #[default]
    #[serde(rename = "POST")]
    Post,
}

/// A notification that is switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The type, one of [`MNEMONICS`](crate::notification::MNEMONICS).
    pub event: String,
    /// The address. It may contain a secret.
    pub url: String,
    /// GET or POST.
    #[serde(default)]
    pub method: Method,
    /// The body, or the query, with placeholders.
    pub template: String,
}

/// The request of a call scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RouteRequest {
    /// The address. It may contain a secret.
    pub url: String,
    /// GET or POST.
    #[serde(default = "get")]
    pub method: Method,
    /// The parameters that the scenario selects.
    #[serde(default = "documented")]
    pub parameters: Vec<String>,
    /// How long the scenario waits for the answer, in milliseconds; absent: the simulator's default. UIS's own default is not public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

fn get() -> Method {
    Method::Get
}

fn documented() -> Vec<String> {
    ROUTE_PARAMETERS.map(str::to_owned).into()
}

/// What is set up in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscriptions {
    /// Notifications.
    pub notifications: Vec<Subscription>,
    /// The request of the scenario of incoming calls, if it has one.
    pub scenario: Option<RouteRequest>,
}

impl Subscriptions {
    /// All notifications with their templates, below one address: the type is the last part of each address, or stands in place of
    /// `{event}`. The scenario asks `…/route/…` where the address has `…/notify/…`; for another address there is no routing request.
    pub fn below(base: &str) -> Subscriptions {
        let notification = |event: &str, template: String| Subscription {
            event: event.to_owned(),
            url: address(base, event),
            method: Method::Post,
            template,
        };
        let scenario = route_beside(base).map(|url| RouteRequest { url, method: Method::Get, parameters: documented(), timeout_ms: None });
        Subscriptions { notifications: EVENT_TEMPLATES.iter().map(|known| notification(known.mnemonic, known.body())).collect(), scenario }
    }

    /// The same notifications below another address.
    pub fn moved(mut self, base: &str) -> Subscriptions {
        for notification in &mut self.notifications {
            notification.url = address(base, &notification.event);
        }
        self.scenario = match (self.scenario, route_beside(base)) {
            (Some(known), Some(url)) => Some(RouteRequest { url, ..known }),
            _ => None,
        };
        self
    }
}

fn address(base: &str, event: &str) -> String {
    match base.contains("{event}") {
        true => base.replace("{event}", event),
        false => format!("{}/{event}", base.trim_end_matches('/')),
    }
}

fn route_beside(base: &str) -> Option<String> {
    let (before, after) = base.rsplit_once("/notify/")?;
    Some(format!("{before}/route/{}", after.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_and_the_scenario_stand_below_one_address() {
        let all = Subscriptions::below("http://127.0.0.1:8080/shop/notify/s3cret/");
        assert_eq!(all.notifications[0].url, "http://127.0.0.1:8080/shop/notify/s3cret/in_call_session");
        assert_eq!(all.scenario.as_ref().map(|scenario| scenario.url.as_str()), Some("http://127.0.0.1:8080/shop/route/s3cret"));
        let elsewhere = all.moved("http://hook.example/?type={event}");
        assert_eq!((elsewhere.notifications[0].url.as_str(), elsewhere.scenario), ("http://hook.example/?type=in_call_session", None));
    }

    #[test]
    fn what_is_written_is_read_again_and_other_members_are_ignored() {
        let all = Subscriptions::below("http://a.example/shop/notify/s");
        let mut written = serde_json::to_value(&all).expect("JSON");
        written["language"] = "ru".into();
        written["notifications"][0]["title"] = "Входящий звонок".into();
        assert_eq!(serde_json::from_value::<Subscriptions>(written).expect("readable"), all);
        let short =
            r#"{"notifications":[{"event":"set_mark","url":"http://a.example","template":"{}"}],"scenario":{"url":"http://a.example/r"}}"#;
        let read: Subscriptions = serde_json::from_str(short).expect("readable");
        assert_eq!(read.notifications[0].method, Method::Post);
        assert_eq!(read.scenario.map(|scenario| (scenario.method, scenario.parameters.len())), Some((Method::Get, 5)));
    }
}
