//! What RetailCRM would plausibly answer to a writing request. The answers are successes: a dry run shows what would be done if nothing fails.

use serde_json::{Value, json};
use uis_host::endpoints::callback::parameters;

/// The first id that is given to something that a dry run only pretends to create. Accounts have smaller ids.
pub const FIRST_ID: u64 = 9_000_000_001;

/// The status and the body of the answer. `id` is for something that the request would create.
pub fn answer(path: &str, form: &str, id: u64) -> (u16, Value) {
    let segments: Vec<&str> = path.trim_start_matches("/api/v5/").trim_matches('/').split('/').collect();
    let form: Vec<(String, String)> = parameters(form);
    let json_field = |name: &str| -> Value {
        let value = form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        value.and_then(|value| serde_json::from_str(value).ok()).unwrap_or_default()
    };
    match segments.as_slice() {
        ["telephony", "call", "event"] => {
            (200, json!({"success": true, "notifiedUserIds": json_field("event")["userIds"].as_array().cloned().unwrap_or_default()}))
        }
        ["telephony", "calls", "upload"] => {
            let count = json_field("calls").as_array().map_or(0, Vec::len);
            (200, json!({"success": true, "processedCallsCount": count, "duplicateCalls": []}))
        }
        ["integration-modules", code, "edit"] => (200, json!({"success": true, "info": {"code": code}})),
        // A whole list at once: of customers, orders, ….
        [.., "upload"] => {
            (200, json!({"success": true, "uploadedCustomers": [], "uploadedOrders": [], "failedCustomers": [], "failedOrders": []}))
        }
        ["custom-fields", entity, "create"] => (201, json!({"success": true, "code": json_field("customField")["code"], "entity": entity})),
        [.., "create"] => (201, json!({"success": true, "id": id})),
        [.., of, "edit"] => (200, json!({"success": true, "id": of.parse::<u64>().unwrap_or(id)})),
        _ => (200, json!({"success": true})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_created_has_an_id_and_what_would_be_changed_keeps_its_own() {
        assert_eq!(answer("/api/v5/tasks/create", "task=%7B%7D", 7), (201, json!({"success": true, "id": 7})));
        assert_eq!(answer("/api/v5/customers/17/edit", "", 7), (200, json!({"success": true, "id": 17})));
        assert_eq!(answer("/api/v5/customers/notes/create", "", 7).1["id"], 7);
        assert_eq!(answer("/api/v5/users/5/status", "status=free", 7), (200, json!({"success": true})));
    }

    #[test]
    fn telephony_answers_whom_a_pop_up_reached_and_how_many_calls_were_stored() {
        let event = "event=%7B%22userIds%22%3A%5B5%2C6%5D%7D";
        assert_eq!(answer("/api/v5/telephony/call/event", event, 7).1["notifiedUserIds"], json!([5, 6]));
        assert_eq!(answer("/api/v5/telephony/calls/upload", "calls=%5B%7B%7D%2C%7B%7D%5D", 7).1["processedCallsCount"], 2);
    }
}
