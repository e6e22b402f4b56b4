//! An event that sends no request, for measuring what every event costs: a phone rings for a call that ended long ago. The settings are the
//! defaults, and there is neither an account nor a CRM.

use std::time::{Duration, Instant};

use serde_json::json;
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::event::Event;
use uis_host::limits::Limits;
use uis_host::notification::{self, params::Params};
use uis_host::services::EventScope;

use crate::native_plugin::Numbers;

/// The event.
pub fn event() -> Event {
    let body = json!({"call_session_id": 1, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233", "employee_id": 5, "notification_time": "2026-11-23 10:00:00"});
    let params = Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("a body");
    notification::events("out_call", &params).expect("an event").remove(0)
}

/// Its delivery.
pub fn delivery() -> Delivery {
    Delivery { id: "1".into(), attempt: 1, received_at: 0, ordering_key: "phone:79161234567".into() }
}

/// The default settings, as the plugin prepares them.
pub fn settings() -> Vec<u8> {
    uis_retailcrm::settings::prepare(&Numbers, "{}", None).expect("the defaults").bytes
}

/// A fresh scope with prepared settings.
pub fn scope(limits: &Limits, prepared: &[u8]) -> EventScope {
    let mut scope = EventScope::detached(limits).with_settings(prepared.to_vec());
    scope.deadline = Instant::now() + Duration::from_secs(1);
    scope
}
