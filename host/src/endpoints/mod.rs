//! Where remote systems reach an integration, the secret they must show, and which of their requests are let in.

pub mod callback;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Our addresses for one integration.
pub struct Endpoints {
    /// Every callback is this, a slash, and its name. No slash at its end.
    pub base: String,
    /// Callbacks that the plugin described, and whether the path holds the secret.
    pub callbacks: Vec<(String, bool)>,
    /// What the remote system must send back.
    pub secret: SecretString,
}

/// How every secret's stand-in begins.
const PLACEHOLDER: &str = "{uis-callback-secret-";
/// How it is shown to people.
const SHOWN_PLACEHOLDER: &str = "{uis-callback-secret}";

impl Endpoints {
    /// Whether this is the secret; takes the same time whatever is wrong with it.
    pub fn is_secret(&self, shown: &str) -> bool {
        self.secret.expose_secret().as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Stands for the secret in what a plugin sends. It is made of the secret, so that nobody but the host and its plugin can know it: whoever
    /// writes a stand-in of his own into a chat or a site request has nothing put in its place. Always the same for one secret, because
    /// plugins compare what they register with what they registered before.
    pub fn placeholder(&self) -> String {
        let digest = Sha256::new().chain_update(b"uis-host: stands for the secret\0").chain_update(self.secret.expose_secret()).finalize();
        let mark: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{PLACEHOLDER}{mark}}}")
    }

    /// Text for the remote system, with the secret in place of its stand-in.
    pub fn reveal(&self, text: &str) -> String {
        if text.contains(PLACEHOLDER) { text.replace(&self.placeholder(), self.secret.expose_secret()) } else { text.to_owned() }
    }

    /// An answer of the remote system, with the stand-in in place of the secret: it may give a registration back to whoever asks.
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

    /// Text as it is shown to people, who need to know that the stand-in was there and not which it was.
    pub fn hide(&self, text: String) -> String {
        if text.contains(PLACEHOLDER) { text.replace(&self.placeholder(), SHOWN_PLACEHOLDER) } else { text }
    }

    /// The address of a callback as whoever calls it needs it: a secret in the path is there.
    pub fn full_url(&self, name: &str) -> Option<String> {
        self.url(name).map(|url| self.reveal(&url))
    }

    /// The parameters behind a full address, if it is the one at which this callback is served.
    pub fn parameters_at<'a>(&self, name: &str, address: &'a str) -> Option<&'a str> {
        let (place, parameters) = address.split_once('?').unwrap_or((address, ""));
        let served = self.full_url(name)?;
        bool::from(served.as_bytes().ct_eq(place.as_bytes())).then_some(parameters)
    }

    /// The public URL of a callback or asset, as a plugin may know it: a secret in the path is its stand-in.
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
    fn a_plugin_knows_its_addresses_but_no_secret() {
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
        assert_eq!(endpoints.reveal(&webhook), "https://hooks.example/main/webhook/s3cret", "the remote system is told the whole");
        assert_eq!(endpoints.parameters_at("webhook", "https://hooks.example/main/webhook/s3cret?a=1"), Some("a=1"));
        assert_eq!(endpoints.parameters_at("webhook", "https://hooks.example/main/webhook/s3cre?a=1"), None);
        let concealed = endpoints.conceal(b"{\"a\":\"s3cret\",\"b\":\"s3cret\"}".to_vec());
        assert_eq!(endpoints.reveal(&String::from_utf8(concealed.clone()).expect("text")), "{\"a\":\"s3cret\",\"b\":\"s3cret\"}");
        assert!(!concealed.windows(6).any(|part| part == b"s3cret"));
        let other = Endpoints { secret: "another".to_owned().into(), ..endpoints };
        assert_eq!(other.reveal(&webhook), webhook, "another integration's stand-in stands for nothing here");
        assert!(!other.hide(other.placeholder()).contains(&other.placeholder()));
    }
}
