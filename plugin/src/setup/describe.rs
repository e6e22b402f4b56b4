//! The plugin's description: what it is and what it needs.

use crate::bindings::exports::uis::integration::setup::{
    Action, AssetFile, AuthStyle, CallbackNeed, CallbackRole, ConnectionNeed, Description, NormalConnection, RateClass,
};
use crate::deals::loading;
use crate::retailcrm::CONNECTION;

/// The domains of RetailCRM's accounts.
pub const HOST_PATTERNS: [&str; 5] = ["*.retailcrm.ru", "*.retailcrm.pro", "*.retailcrm.es", "*.simla.com", "*.retailcrm.io"];

/// The action «Синхронизировать».
pub const SYNC_EMPLOYEES: &str = "sync-employees";

/// The logo that RetailCRM shows for the module; it must be an SVG.
const LOGO: &str = include_str!("logo.svg");

/// The plugin's name, connections, callbacks and actions.
pub fn describe() -> Description {
    let callback = |name: &str, role: CallbackRole, methods: &[&str], secret: Option<&str>| CallbackNeed {
        name: name.to_owned(),
        role,
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        secret_parameter: secret.map(str::to_owned),
    };
    Description {
        name: "retailcrm".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        connections: vec![ConnectionNeed {
            name: CONNECTION.to_owned(),
            host_patterns: HOST_PATTERNS.iter().map(|&pattern| pattern.to_owned()).collect(),
            auth: AuthStyle::Header("X-API-KEY".to_owned()),
            // RetailCRM's published limits, per key.
            rate_classes: vec![
                RateClass { path_prefix: "/api/v5/telephony/".to_owned(), per_second: 40 },
                RateClass { path_prefix: "/".to_owned(), per_second: 10 },
            ],
        }],
        callbacks: vec![
            callback("make-call", CallbackRole::MakeCall, &["GET"], Some("clientId")),
            callback("status", CallbackRole::Callback, &["GET"], Some("clientId")),
            callback("activity", CallbackRole::Callback, &["POST"], Some("clientId")),
            callback("settings", CallbackRole::Callback, &["POST"], Some("clientId")),
            // An administrator configures the trigger by hand and does not know the client id, so the secret is part of the path.
            callback("order-webhook", CallbackRole::OrderWebhook, &["GET", "POST"], None),
        ],
        actions: vec![
            Action {
                name: SYNC_EMPLOYEES.to_owned(),
                title: "Синхронизировать".to_owned(),
                description: "Brings employees, extensions and what else is read every two hours up to date at once.".to_owned(),
            },
            Action {
                name: loading::ACTION.to_owned(),
                title: "Загрузить сделки".to_owned(),
                description: "Loads the orders since the day in deal-history-from as deals; what is there already is not doubled."
                    .to_owned(),
            },
        ],
    }
}

/// The base URL of a pasted address: with or without scheme, path, spaces or capitals.
pub fn normalise_connection(pasted: &str) -> Result<NormalConnection, String> {
    let example = "enter the account's address, like https://myshop.retailcrm.ru";
    let text = pasted.trim().to_lowercase();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
        return Err(format!("{pasted:?} is not an address: {example}"));
    }
    let fits = HOST_PATTERNS.iter().any(|pattern| {
        let domain = pattern.trim_start_matches('*');
        host.strip_suffix(domain).is_some_and(|account| !account.is_empty() && !account.contains('.'))
    });
    if fits {
        Ok(NormalConnection { base_url: format!("https://{host}") })
    } else {
        Err(format!("{host} is not an address of RetailCRM: {example}"))
    }
}

/// The logo, if `path` is its path.
pub fn logo(path: &str) -> Option<AssetFile> {
    (path == "logo.svg").then(|| AssetFile {
        content_type: "image/svg+xml".to_owned(),
        body: LOGO.as_bytes().to_vec(),
        content_security_policy: Some("default-src 'none'; style-src 'unsafe-inline'".to_owned()),
        framed_by: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::normalise_connection;

    #[test]
    fn pasted_addresses_are_normalised() {
        for pasted in ["demo.retailcrm.ru", " https://Demo.RetailCRM.ru/admin/orders?x=1#y ", "http://demo.retailcrm.ru/"] {
            assert_eq!(normalise_connection(pasted).map(|found| found.base_url), Ok("https://demo.retailcrm.ru".to_owned()), "{pasted}");
        }
        for wrong in [
            "",
            "retailcrm.ru",
            "a.b.retailcrm.ru",
            "demo.retailcrm.ru.evil.example",
            "https://demo.retailcrm.ru@evil.example",
            "demo.retailcrm.ru:8080",
        ] {
            assert!(normalise_connection(wrong).is_err(), "{wrong}");
        }
    }
}
