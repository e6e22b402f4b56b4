//! `endpoints`: where the remote system reaches us, and the secret it must show.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::EventScope;
use crate::bindings::uis::integration::endpoints::Host;

/// Our addresses for one integration.
pub struct Endpoints {
    /// Every callback is this, a slash, and its name. No slash at its end.
    pub base: String,
    /// Callbacks that the plugin described, and whether the path holds the secret.
    pub callbacks: Vec<(String, bool)>,
    /// What the remote system must send back.
    pub secret: SecretString,
}

/// Stands for the secret in what a plugin sends. It can come from nowhere else: no text of a customer has it by chance.
pub const SECRET_PLACEHOLDER: &str = "{uis-callback-secret-4d0f9a}";

impl Endpoints {
    /// Whether this is the secret; takes the same time whatever is wrong with it.
    pub fn is_secret(&self, shown: &str) -> bool {
        self.secret.expose_secret().as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// Text for the remote system, with the secret in place of its stand-in.
    pub fn reveal(&self, text: &str) -> String {
        text.replace(SECRET_PLACEHOLDER, self.secret.expose_secret())
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
        Some(if *secret_in_path { format!("{}/{name}/{SECRET_PLACEHOLDER}", self.base) } else { format!("{}/{name}", self.base) })
    }
}

impl Host for EventScope {
    fn url(&mut self, callback: String) -> wasmtime::Result<Option<String>> {
        Ok(self.integration.endpoints.url(&callback))
    }

    fn secret_placeholder(&mut self) -> wasmtime::Result<String> {
        Ok(SECRET_PLACEHOLDER.to_owned())
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
    }
}
