//! The public addresses of an integration, the secret that protects them, and checking the requests that arrive there.

pub mod callback;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The public addresses of one integration.
pub struct Endpoints {
    /// The common beginning of all addresses, without a slash at the end. A callback's address is `{base}/{name}`.
    pub base: String,
    /// The plugin's callbacks, and whether the address contains the secret as its last segment.
    pub callbacks: Vec<(String, bool)>,
    /// The secret that the remote system must send.
    pub secret: SecretString,
}

/// The beginning of every placeholder for a secret.
const PLACEHOLDER: &str = "{uis-callback-secret-";
/// The placeholder in logs and reports.
const SHOWN_PLACEHOLDER: &str = "{uis-callback-secret}";

impl Endpoints {
    /// Whether this is the secret. The comparison takes constant time.
    pub fn is_secret(&self, shown: &str) -> bool {
        self.secret.expose_secret().as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// A text that stands for the secret in what the plugin sends; the host replaces it. It is derived from the secret, so that only the
    /// host and the plugin know it: a customer who writes such a text into a chat cannot make the host insert the secret. It is always the
    /// same for one secret, because plugins compare what they register with what they registered before.
    pub fn placeholder(&self) -> String {
        let digest = Sha256::new().chain_update(b"uis-host: stands for the secret\0").chain_update(self.secret.expose_secret()).finalize();
        let mark: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{PLACEHOLDER}{mark}}}")
    }

    /// A text for the remote system: the placeholder is replaced by the secret.
    pub fn reveal(&self, text: &str) -> String {
        if text.contains(PLACEHOLDER) { text.replace(&self.placeholder(), self.secret.expose_secret()) } else { text.to_owned() }
    }

    /// An answer for the plugin: the secret is replaced by the placeholder. Remote systems return registrations, which contain the secret.
    pub fn conceal(&self, body: Vec<u8>) -> Vec<u8> {
        let secret = self.secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return body;
        }
        let found: Vec<usize> = memchr::memmem::find_iter(&body, secret).collect();
        if found.is_empty() {
            return body;
        }
        let (placeholder, mut concealed, mut rest) = (self.placeholder(), Vec::with_capacity(body.len()), 0);
        for at in found {
            concealed.extend_from_slice(&body[rest..at]);
            concealed.extend_from_slice(placeholder.as_bytes());
            rest = at + secret.len();
        }
        concealed.extend_from_slice(&body[rest..]);
        concealed
    }

    /// A text for people: the placeholder is replaced by a fixed text.
    pub fn hide(&self, text: String) -> String {
        if text.contains(PLACEHOLDER) { text.replace(&self.placeholder(), SHOWN_PLACEHOLDER) } else { text }
    }

    /// The full address of a callback, with the secret in it, for the remote system.
    pub fn full_url(&self, name: &str) -> Option<String> {
        self.url(name).map(|url| self.reveal(&url))
    }

    /// The parameters in a full address, if it is the address of this callback.
    pub fn parameters_at<'a>(&self, name: &str, address: &'a str) -> Option<&'a str> {
        let (place, parameters) = address.split_once('?').unwrap_or((address, ""));
        let served = self.full_url(name)?;
        bool::from(served.as_bytes().ct_eq(place.as_bytes())).then_some(parameters)
    }

    /// The address of a callback or asset as the plugin knows it: with the placeholder instead of the secret. None when there is no such
    /// callback.
    pub fn url(&self, name: &str) -> Option<String> {
        if name.starts_with("asset/") {
            return Some(format!("{}/{name}", self.base));
        }
        let (_, secret_in_path) = self.callbacks.iter().find(|(known, _)| known == name)?;
        Some(if *secret_in_path { format!("{}/{name}/{}", self.base, self.placeholder()) } else { format!("{}/{name}", self.base) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_knows_its_addresses_but_not_the_secret() {
        let endpoints = Endpoints {
            base: "https://hooks.example/main".into(),
            callbacks: vec![("status".into(), false), ("webhook".into(), true)],
            secret: "s3cret".to_owned().into(),
        };
        assert_eq!(endpoints.url("status").as_deref(), Some("https://hooks.example/main/status"));
        assert_eq!(endpoints.url("asset/logo.svg").as_deref(), Some("https://hooks.example/main/asset/logo.svg"));
        assert_eq!(endpoints.url("unknown"), None);
        let webhook = endpoints.url("webhook").expect("an address");
        assert!(!webhook.contains("s3cret"), "{webhook}");
        assert_eq!(endpoints.reveal(&webhook), "https://hooks.example/main/webhook/s3cret", "the remote system receives the full address");
        assert_eq!(endpoints.parameters_at("webhook", "https://hooks.example/main/webhook/s3cret?a=1"), Some("a=1"));
        assert_eq!(endpoints.parameters_at("webhook", "https://hooks.example/main/webhook/s3cre?a=1"), None);
        let concealed = endpoints.conceal(b"{\"a\":\"s3cret\",\"b\":\"s3cret\"}".to_vec());
        assert_eq!(endpoints.reveal(&String::from_utf8(concealed.clone()).expect("text")), "{\"a\":\"s3cret\",\"b\":\"s3cret\"}");
        assert!(!concealed.windows(6).any(|part| part == b"s3cret"));
        let other = Endpoints { secret: "another".to_owned().into(), ..endpoints };
        assert_eq!(other.reveal(&webhook), webhook, "another integration's placeholder is not replaced");
        assert!(!other.hide(other.placeholder()).contains(&other.placeholder()));
    }
}
