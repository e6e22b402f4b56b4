//! Secrets: where they come from, how they are stored, and how they are compared.
//!
//! | file | what |
//! |---|---|
//! | [`sealing`] | sealing with a key outside the database |
//! | [`mod@reference`] | a stored secret: sealed, or where it is read from |
//! | [`tokens`] | the administrators' tokens |

pub mod reference;
pub mod sealing;
pub mod tokens;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

pub use reference::SecretRef;
pub use sealing::Sealer;

/// The secrets of an integration's addresses.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The secret in use.
    pub current: SecretString,
    /// The one before it, and until when it is accepted, in milliseconds since 1970.
    pub previous: Option<(SecretString, i64)>,
}

impl Secrets {
    /// Whether a presented secret is accepted at this time. The comparison takes the same time whichever secret differs, and where.
    pub fn admits(&self, shown: &str, now: i64) -> bool {
        let same = |secret: &SecretString| secret.expose_secret().as_bytes().ct_eq(shown.as_bytes());
        let previous = match &self.previous {
            Some((secret, until)) => same(secret) & Choice::from(u8::from(*until > now)),
            None => Choice::from(0),
        };
        (same(&self.current) | previous).into()
    }
}

/// A random secret of 256 bits, in characters that need no encoding in an address.
pub fn random() -> Result<SecretString, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_before_is_accepted_for_a_time() {
        let secrets = Secrets { current: "new".to_owned().into(), previous: Some(("old".to_owned().into(), 100)) };
        for (shown, now, admitted) in
            [("new", 0, true), ("new", 200, true), ("old", 99, true), ("old", 100, false), ("ol", 0, false), ("", 0, false)]
        {
            assert_eq!(secrets.admits(shown, now), admitted, "{shown} at {now}");
        }
    }

    #[test]
    fn random_secrets_differ_and_fit_into_an_address() {
        let (left, right) = (random().expect("random"), random().expect("random"));
        assert_ne!(left.expose_secret(), right.expose_secret());
        assert!(left.expose_secret().len() == 43 && left.expose_secret().chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
}
