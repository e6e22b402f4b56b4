//! The operator's workplace (РМО) inside RetailCRM. While the account has the extension, our module in RetailCRM has a page in the menu,
//! and a button on the cards of orders and customers; both open the account's workplace. How RetailCRM shows a module's pages is
//! `[inferred]`: it loads `entrypoint` in a frame with `page=<code>` or `target=<target>` in the query.

use serde_json::{Value, json};

use crate::base::template;
use crate::bindings::exports::uis::integration::setup::AssetFile;
use crate::bindings::uis::integration::log::Level;
use crate::platform::Platform;
use crate::retailcrm::CONNECTION;

/// UIS's name of the extension.
const EXTENSION: &str = "rmo";
/// The page's code within the module: RetailCRM shows it at `/modules/<module>/workplace`.
const PAGE_CODE: &str = "workplace";
/// RetailCRM's menu for daily work, and the item under which ours is placed.
const MENU: (&str, &str) = ("activity_main_menu", "orders");
/// The places on the cards of orders and customers.
const TARGETS: [&str; 2] = ["order/card:common.after", "customer/card:communications.after"];

/// The page's files: path, content type, text.
const FILES: [(&str, &str, &str); 3] = [
    ("workplace.html", "text/html; charset=utf-8", include_str!("workplace.html")),
    ("workplace.js", "text/javascript; charset=utf-8", include_str!("workplace.js")),
    ("workplace.css", "text/css; charset=utf-8", include_str!("workplace.css")),
];

/// The address of the account's workplace; none if the extension is not connected.
fn url(platform: &dyn Platform) -> Option<String> {
    let account = platform.account();
    let connected = account.extensions.iter().any(|extension| extension == EXTENSION);
    let url = account.workplace_url.filter(|_| connected)?;
    if origin(&url).is_none() {
        platform.log(Level::Error, "the workplace's address is not a valid page address", &[("url", &template::line(&url, 200))]);
        return None;
    }
    Some(url)
}

/// Scheme, host and port of an address that is safe to write into a policy and a page.
fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    let whole = url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | ';' | ','));
    (authority.chars().all(plain) && whole).then(|| &url[..url.len() - rest.len() + authority.len()])
}

/// The value of `integrations.embedJs` in the module's registration; null removes the pages.
pub fn embed(platform: &dyn Platform) -> Value {
    if url(platform).is_none() {
        return Value::Null;
    }
    let title = |ru: &str, en: &str, es: &str| json!({"ru": ru, "en": en, "es": es});
    json!({
        "entrypoint": "/asset/workplace.html",
        "stylesheet": "/asset/workplace.css",
        "targets": TARGETS,
        "pages": [{
            "code": PAGE_CODE,
            "menu": MENU.0,
            "parentMenuItemCode": MENU.1,
            "menuItemOrdering": 100,
            "menuItemTitle": title("Чаты и заявки UIS", "UIS chats and requests", "Chats y solicitudes UIS"),
            "isSettingsMainPage": false,
        }],
    })
}

/// A file of the page; none if the account has no workplace.
pub fn asset(platform: &dyn Platform, path: &str) -> Option<AssetFile> {
    let (_, content_type, text) = FILES.iter().find(|(name, _, _)| *name == path)?;
    let url = url(platform)?;
    let origin = origin(&url)?;
    // `origin` accepts only addresses in which `&` is the only character with a meaning in HTML.
    let body = text.replace("{{workplace-url}}", &url.replace('&', "&amp;"));
    Some(AssetFile {
        content_type: (*content_type).to_owned(),
        body: body.into_bytes(),
        content_security_policy: Some(format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; frame-src {origin}; connect-src {origin}; base-uri 'none'; form-action 'none'"
        )),
        framed_by: vec![CONNECTION.to_owned()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::uis::integration::directory::Account;
    use crate::fake::Fake;

    fn fake(extensions: &[&str], workplace_url: Option<&str>) -> Fake {
        let account = Account {
            app_id: 1,
            name: String::new(),
            timezone: "Europe/Moscow".into(),
            extensions: extensions.iter().map(|&name| name.to_owned()).collect(),
            workplace_url: workplace_url.map(str::to_owned),
        };
        Fake { account: Some(account), ..Fake::default() }
    }

    #[test]
    fn without_the_extension_there_are_no_pages() {
        for account in [fake(&[], Some("https://rmo.example/")), fake(&["rmo"], None), fake(&["crm"], Some("https://rmo.example/"))] {
            assert_eq!(embed(&account), Value::Null);
            assert!(asset(&account, "workplace.html").is_none());
        }
        assert!(asset(&fake(&["rmo"], Some("https://rmo.example/")), "../settings").is_none());
    }

    #[test]
    fn the_page_may_show_the_workplace_and_nothing_else() {
        let account = fake(&["rmo"], Some("https://rmo.example:8443/app?a=1&b=2"));
        let page = asset(&account, "workplace.html").expect("a page");
        let html = String::from_utf8(page.body).expect("UTF-8");
        assert!(html.contains(r#"content="https://rmo.example:8443/app?a=1&amp;b=2""#), "{html}");
        let policy = page.content_security_policy.expect("a policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-src https://rmo.example:8443;"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.framed_by, ["retailcrm"]);
    }

    #[test]
    fn an_address_that_would_break_out_of_the_page_or_the_policy_is_refused() {
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https://user@evil.example/",
            "https://a.example/\"><script>",
            "https://a.example;script-src *",
            "https://a.example/ x",
            "//a.example",
        ] {
            assert_eq!(embed(&fake(&["rmo"], Some(bad))), Value::Null, "{bad}");
        }
    }
}
