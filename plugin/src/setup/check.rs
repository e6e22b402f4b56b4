//! Checks the connection and explains problems to the account's owner. All requests are sent in parallel.

use crate::bindings::exports::uis::integration::setup::ConnectionReport;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::platform::Platform;
use crate::retailcrm::{ApiRequest, Crm, CrmError, answer, users};
use crate::setup::pairing;

/// A right of the key.
struct Right {
    /// What the right is needed for.
    what: &'static str,
    /// The scope's name in RetailCRM; some names are inferred by analogy [inferred].
    scope: &'static str,
    /// A method that the scope allows. Some accounts list methods instead of scopes.
    method: &'static str,
    /// Whether the integration cannot work without it.
    vital: bool,
}

const RIGHTS: [Right; 12] = [
    Right { what: "settings and reference books", scope: "reference_read", method: "/api/reference/statuses", vital: true },
    Right { what: "users, to match them with employees", scope: "user_read", method: "/api/users", vital: true },
    Right { what: "the module's registration", scope: "integration_write", method: "/api/integration-modules/{code}/edit", vital: true },
    Right { what: "the module's registration", scope: "integration_read", method: "/api/integration-modules/{code}", vital: true },
    Right { what: "pop-ups and call history", scope: "telephony_write", method: "/api/telephony/calls/upload", vital: true },
    Right { what: "the caller and their manager", scope: "telephony_read", method: "/api/telephony/manager", vital: true },
    Right { what: "finding customers", scope: "customer_read", method: "/api/customers", vital: true },
    Right { what: "creating customers, and notes on them", scope: "customer_write", method: "/api/customers/create", vital: false },
    Right { what: "open orders on the caller's card", scope: "order_read", method: "/api/orders", vital: false },
    Right { what: "orders on calls", scope: "order_write", method: "/api/orders/create", vital: false },
    Right { what: "tasks for missed calls", scope: "task_write", method: "/api/tasks/create", vital: false },
    Right { what: "extra fields", scope: "custom_fields_read", method: "/api/custom-fields", vital: false },
];

/// Read requests that show what the key may actually do, with the scope that each needs.
const PROBES: [(&str, &str); 6] = [
    ("reference_read", "/api/v5/reference/statuses"),
    ("user_read", "/api/v5/users"),
    ("customer_read", "/api/v5/customers"),
    ("order_read", "/api/v5/orders"),
    ("telephony_read", "/api/v5/telephony/manager"),
    ("custom_fields_read", "/api/v5/custom-fields"),
];

/// Finds out what the key may do, and what both accounts lack to work together. A wrong key or address is a finding; only a temporary error is
/// a failure.
pub fn check_connection(platform: &dyn Platform) -> Result<ConnectionReport, Failure> {
    let probes = PROBES.map(|(scope, path)| match scope {
        "telephony_read" => ApiRequest::get(path).with("phone", "70000000000"),
        "user_read" => users::page_request(1),
        _ => ApiRequest::get(path),
    });
    let [a, b, c, d, e, f] = probes;
    let [credentials, probed @ ..] = Crm::new(platform).send_all([ApiRequest::get("/api/credentials"), a, b, c, d, e, f]);
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(CrmError::Unauthorized(message) | CrmError::Forbidden { message, .. }) => {
            return Ok(unusable(format!(
                "RetailCRM does not accept the key ({message}): copy it again from Настройки → Интеграция → Ключи доступа к API"
            )));
        }
        Err(CrmError::NoAccount(message) | CrmError::Denied(message)) => return Ok(unusable(message)),
        // The address belongs to another server, or RetailCRM is being maintained; the owner can find out which.
        Err(CrmError::Unknown { reason, .. } | CrmError::Foreign { reason, .. }) => {
            return Ok(unusable(format!("{reason}: there may be no RetailCRM account at this address, or it cannot answer now")));
        }
        Err(error) => return Err(error.into()),
    };
    let listed = |name: &str| answer::members(&credentials, name).unwrap_or_default().into_iter().map(answer::text).collect::<Vec<_>>();
    let (scopes, methods) = (listed("scopes"), listed("credentials"));
    let said_missing = |right: &Right| match (scopes.is_empty(), methods.is_empty()) {
        (false, _) => !scopes.iter().any(|scope| scope == right.scope),
        (true, false) => !methods.iter().any(|method| method == right.method),
        (true, true) => false,
    };
    let (mut denied, mut first_users) = (Vec::new(), None);
    for ((scope, _), result) in PROBES.iter().zip(probed) {
        match result {
            Ok(page) if *scope == "user_read" => first_users = Some(page),
            Err(CrmError::Forbidden { .. } | CrmError::Unauthorized(_)) => denied.push(*scope),
            Err(error @ (CrmError::NotSent { .. } | CrmError::Busy { .. } | CrmError::Unknown { .. } | CrmError::Foreign { .. })) => {
                return Err(error.into());
            }
            // RetailCRM may require a shop if the key can see several. That is an answer to an authorised request.
            Ok(_) | Err(_) => {}
        }
    }
    // If a probe was answered, the right exists, whatever the scopes are called.
    let read = |right: &Right| PROBES.iter().any(|(scope, _)| *scope == right.scope) && !denied.contains(&right.scope);
    let missing: Vec<&Right> =
        RIGHTS.iter().filter(|right| denied.contains(&right.scope) || (said_missing(right) && !read(right))).collect();
    let mut usable = !missing.iter().any(|right| right.vital);
    let mut findings: Vec<String> = missing
        .iter()
        .map(|right| format!("The key lacks the right {} ({}): allow it all methods in RetailCRM's settings", right.scope, right.what))
        .collect();
    if answer::text(&credentials["siteAccess"]) == "access_selective" {
        let sites = listed("sitesAvailable");
        if sites.is_empty() {
            usable = false;
            findings.insert(0, "The key has access to no shop: allow it all shops in RetailCRM's settings".to_owned());
        } else {
            findings.push(format!("The key sees only the shops {}: calls of others are not found", sites.join(", ")));
        }
    }
    if let Some(first_users) = first_users.filter(|_| usable) {
        findings.extend(pairing::findings(&Context::new(platform), &first_users));
    }
    Ok(ConnectionReport { usable, findings })
}

fn unusable(finding: String) -> ConnectionReport {
    ConnectionReport { usable: false, findings: vec![finding] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fake::Fake;

    const CREDENTIALS: &str = "/api/credentials";

    fn account(credentials: &str, denied: &[&'static str]) -> Fake {
        let mut answers: BTreeMap<&'static str, String> =
            PROBES.iter().map(|(_, path)| (*path, r#"{"success":true}"#.to_owned())).collect();
        answers.insert(CREDENTIALS, credentials.to_owned());
        let statuses = denied.iter().map(|path| (*path, 403)).collect();
        Fake { answers, statuses, ..Fake::default() }
    }

    #[test]
    fn problems_of_the_connection_are_distinguished() {
        let all = RIGHTS.iter().map(|right| format!("{:?}", right.scope)).collect::<Vec<_>>().join(",");
        let without = |scope: &str| all.replace(&format!(",{scope:?}"), "");
        let full = |scopes: &str| format!(r#"{{"success":true,"scopes":[{scopes}],"siteAccess":"access_full","sitesAvailable":["main"]}}"#);
        let some = |sites: &str| format!(r#"{{"success":true,"scopes":[{all}],"siteAccess":"access_selective","sitesAvailable":{sites}}}"#);
        let by_method = r#"{"success":true,"scopes":[],"credentials":["/api/telephony/calls/upload"],"siteAccess":"access_full"}"#;
        // credentials, denied paths -> usable, part of the first finding
        for (fake, usable, expected) in [
            (account(&full(&all), &[]), true, ""),
            (account(&full(&without("task_write")), &[]), true, "task_write (tasks for missed calls)"),
            (account(&full(&without("telephony_write")), &[]), false, "telephony_write"),
            // The probe was answered, so the right exists.
            (account(&full(&without("user_read")), &[]), true, ""),
            (account(&full(&all), &["/api/v5/customers"]), false, "customer_read"),
            (account(&some("[]"), &[]), false, "access to no shop"),
            (account(&some(r#"["omsk"]"#), &[]), true, "only the shops omsk"),
            (account(by_method, &[]), false, "integration_write"),
            (account(r#"{"success":false,"errorMsg":"Wrong \"apiKey\" value."}"#, &[CREDENTIALS]), false, "does not accept the key"),
            (account("<html>", &[CREDENTIALS]), false, "no RetailCRM account at this address"),
        ] {
            let report = check_connection(&fake).expect("a report");
            assert_eq!(report.usable, usable, "{expected}: {:?}", report.findings);
            let first = report.findings.first().map_or("", String::as_str);
            assert!(first.contains(expected) && first.is_empty() == expected.is_empty(), "{expected}: {:?}", report.findings);
        }
        assert!(matches!(check_connection(&Fake::default()), Err(Failure::Retry(_))), "RetailCRM is not reached");
    }
}
