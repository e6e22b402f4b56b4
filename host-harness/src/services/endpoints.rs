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

    /// The public URL of a callback or asset.
    pub fn url(&self, name: &str) -> Option<String> {
        if name.starts_with("asset/") {
            return Some(format!("{}/{name}", self.base));
        }
        let (_, secret_in_path) = self.callbacks.iter().find(|(known, _)| known == name)?;
        Some(if *secret_in_path {
            format!("{}/{name}/{}", self.base, self.secret.expose_secret())
        } else {
            format!("{}/{name}", self.base)
        })
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
