//! UIS's employees follow RetailCRM's users. The recordings are in `recordings/telephony/`.

use serde_json::Value;

use crate::telephony::replayed;

/// The codes of the integration module: which user of RetailCRM has which extension.
fn codes(module: &Value) -> &Value {
    &module["integrations"]["telephony"]["additionalCodes"]
}

#[test]
fn employees_follow_the_chosen_users() {
    let after = replayed("employees-synchronised");
    let employees: Vec<String> = after
        .employees()
        .iter()
        .map(|employee| {
            let text = |name: &str| employee[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {} {}", employee["id"], text("last_name"), text("first_name"), text("email"), text("status"))
        })
        .collect();
    assert_eq!(
        employees,
        [
            "323409 Иванова-Петрова Анна anna.new@shop.example available",
            "323410 Петров Борис boris@shop.example available",
            "323411 Вера  vera@shop.example not_at_work",
        ],
        "323409 got a new name and e-mail; 323410 is not chosen and unchanged; 323411 was created without a last name and deactivated later"
    );
    assert_eq!(codes(&after.modules()[0]), &serde_json::json!([{"code": "101", "userId": 5}, {"code": "102", "userId": 6}]));
    let messages = after.messages().join("\n");
    for (user, reason) in [("user 8: ", "another chosen user has the e-mail"), ("user 9: ", "no e-mail"), ("user 99: ", "no such user")] {
        assert!(messages.contains(user) && messages.contains(reason), "{user}{reason}: {messages}");
    }
}

#[test]
fn an_employee_whom_uis_refuses_delays_no_other_and_a_returning_one_is_active_again() {
    let after = replayed("employees-refused-and-back");
    let employees: Vec<(&str, &str)> = after
        .employees()
        .iter()
        .map(|employee| (employee["email"].as_str().unwrap_or_default(), employee["status"].as_str().unwrap_or("none")))
        .collect();
    assert_eq!(
        employees,
        [
            ("anna@shop.example", "available"),
            ("boris@shop.example", "available"),
            ("gleb@shop.example", "none"),
            ("vera@shop.example", "none"),
        ]
    );
    let messages = after.messages().join("\n");
    assert!(messages.contains("user 8: UIS refuses"), "{messages}");
}

#[test]
fn a_table_decides_which_employee_is_which_user() {
    let after = replayed("employees-by-table");
    // In the table, the employee with extension 101 in UIS is user 6 in RetailCRM, although the e-mail is that of user 5.
    assert_eq!(codes(&after.modules()[0]), &serde_json::json!([{"code": "101", "userId": 6}]));
    assert_eq!(after.calls()[0]["userId"], 6);
}
