//! Connections to remote systems: base URL, key, egress and rate limits. A plugin knows a connection only by its name.
//!
//! | file | what |
//! |---|---|
//! | [`credentials`] | keys, stored by name |
//! | [`pace`] | rate limits |

pub mod credentials;
pub mod pace;

use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use url::Url;

use crate::bindings::exports::uis::integration::setup::AuthStyle;
use crate::ports::Egress;
use crate::sync::lock;
use pace::Pace;

/// A connection to a remote system.
pub struct Connection {
    /// The base URL: `https://host[:port]`, without a path.
    pub base: Mutex<Url>,
    /// Patterns of the hosts that the plugin may use, from `setup.describe`. Empty when a developer chose the base URL; then it cannot
    /// change.
    pub host_patterns: Vec<String>,
    /// How a request carries the key.
    pub auth: AuthStyle,
    /// The secret key.
    pub key: SecretString,
    /// Sends the requests.
    pub egress: Arc<dyn Egress>,
    /// The rate limits.
    pub pace: Arc<Pace>,
}

impl Connection {
    /// Checks that a link leads to this connection's host, and returns it as an absolute URL. The link is a path, or a URL with the same
    /// scheme, host and port, without user information. The error says why it was refused.
    pub fn own_link(&self, link: &str) -> Result<String, String> {
        let base = lock(&self.base).clone();
        let resolved = if link.starts_with('/') && !link.starts_with("//") { base.join(link) } else { Url::parse(link) };
        let url = resolved.map_err(|error| format!("{link:?} is not a valid link: {error}"))?;
        let own = url.scheme() == base.scheme() && url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default();
        if !own || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{link:?} does not lead to {}", base.host_str().unwrap_or("the connection's host")));
        }
        Ok(url.into())
    }
}

/// Whether a host matches a pattern. `*.example.com` stands for exactly one more label, and does not match `example.com`.
pub fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        None => pattern == host,
    }
}

/// Sets a new base URL if its host matches the patterns of the connection. The error says why it was refused.
pub fn accept_base(connection: &Connection, proposed: &str) -> Result<(), String> {
    let patterns: Vec<&str> = connection.host_patterns.iter().map(String::as_str).collect();
    *lock(&connection.base) = plain_base(proposed, &patterns)?;
    Ok(())
}

/// Parses an https URL whose host matches one of the patterns, and removes path, query and fragment. The error says why it was refused.
pub fn plain_base(text: &str, host_patterns: &[&str]) -> Result<Url, String> {
    // A URL parser reads `\\` as `/` and ignores line breaks, other parsers do not. Such an address is ambiguous.
    if text.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(format!("{text:?} contains backslashes, spaces or control characters"));
    }
    let mut base = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
    let host = base.host_str().unwrap_or_default();
    if base.scheme() != "https" || !base.username().is_empty() || base.password().is_some() || base.port().is_some() {
        return Err(format!("{text:?} is not a plain https URL (no user, password or port)"));
    }
    if !host_patterns.iter().any(|pattern| host_matches(pattern, host)) {
        return Err(format!("{host} matches none of: {}", host_patterns.join(", ")));
    }
    base.set_path("");
    base.set_query(None);
    base.set_fragment(None);
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::EgressError;
    use bytes::Bytes;

    #[test]
    fn a_star_stands_for_exactly_one_label() {
        assert!(host_matches("*.crm.example", "shop.CRM.example"));
        for other in ["crm.example", "a.b.crm.example", "evilcrm.example", ".crm.example", "shop.crm.example.evil.example"] {
            assert!(!host_matches("*.crm.example", other), "{other}");
        }
    }

    struct NoEgress;
    impl Egress for NoEgress {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: usize,
        ) -> futures_util::future::BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
            Box::pin(async { Err(EgressError::NotSent("there is no egress".into())) })
        }
    }

    fn connection() -> Connection {
        Connection {
            base: Mutex::new(Url::parse("https://shop.crm.example").expect("a URL")),
            host_patterns: vec!["*.crm.example".into()],
            auth: AuthStyle::None,
            key: SecretString::from("key"),
            egress: Arc::new(NoEgress),
            pace: Arc::new(Pace::none()),
        }
    }

    #[test]
    fn only_links_to_the_connections_own_host_are_shown() {
        let connection = connection();
        assert_eq!(connection.own_link("/customers/5"), Ok("https://shop.crm.example/customers/5".into()));
        assert_eq!(connection.own_link("https://shop.crm.example:443/x"), Ok("https://shop.crm.example/x".into()));
        for foreign in [
            "https://evil.example/",
            "http://shop.crm.example/",
            "//evil.example/x",
            "javascript:alert(1)",
            "https://shop.crm.example@evil.example/",
            "https://u@shop.crm.example/",
            "https://shop.crm.example:444/",
            "customers/5",
        ] {
            assert!(connection.own_link(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_base_url_moves_only_within_the_described_hosts() {
        let connection = connection();
        assert!(accept_base(&connection, "https://evil.example").is_err());
        assert!(accept_base(&connection, "http://shop2.crm.example").is_err());
        assert!(accept_base(&connection, "https://u:p@shop2.crm.example").is_err());
        assert_eq!(accept_base(&connection, "https://shop2.crm.example/admin?x#y"), Ok(()));
        assert_eq!(connection.own_link("/a"), Ok("https://shop2.crm.example/a".into()));
    }
}
