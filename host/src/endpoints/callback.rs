//! Requests that a remote system sends to an integration: checking their secret, and the parameters that the plugin receives.

use super::Endpoints;
use crate::bindings::exports::uis::integration::setup::{CallbackNeed, CallbackRole};

/// The parameters of a query or form, decoded, in order.
pub fn parameters(encoded: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded.trim_start_matches('?').as_bytes()).into_owned().collect()
}

/// The name of the plugin's callback with this role; none if the plugin has none.
pub fn of_role(needs: &[CallbackNeed], role: CallbackRole) -> Option<&str> {
    needs.iter().find(|need| need.role == role).map(|need| need.name.as_str())
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The plugin has no callback with this name.
    #[error("the plugin has no callback {name:?} (a name, or a role of its description); it has: {known}")]
    Unknown {
        /// The name in the request.
        name: String,
        /// The names of the plugin's callbacks, separated by commas.
        known: String,
    },
    /// The secret is missing or wrong; the answer does not say which.
    #[error("the parameter {0} does not contain the account's secret")]
    WrongSecret(String),
}

/// Checks the secret of a request, and returns the parameters without it.
pub fn admit(
    needs: &[CallbackNeed],
    endpoints: &Endpoints,
    name: &str,
    mut parameters: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Refused> {
    let Some(need) = needs.iter().find(|need| need.name == name) else {
        let known = needs.iter().map(|need| need.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Refused::Unknown { name: name.to_owned(), known });
    };
    let Some(secret) = &need.secret_parameter else { return Ok(parameters) };
    let shown = parameters.iter().find(|(name, _)| name == secret).map(|(_, value)| value.clone()).unwrap_or_default();
    if !endpoints.is_secret(&shown) {
        return Err(Refused::WrongSecret(secret.clone()));
    }
    parameters.retain(|(name, _)| name != secret);
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_checked_and_removed() {
        let needs = [CallbackNeed {
            name: "status".into(),
            role: CallbackRole::Callback,
            methods: vec!["GET".into()],
            secret_parameter: Some("key".into()),
        }];
        let endpoints = Endpoints { base: String::new(), callbacks: Vec::new(), secret: "s3cret".to_owned().into() };
        let admitted = admit(&needs, &endpoints, "status", parameters("?key=s3cret&user=5&text=a+b"));
        assert_eq!(admitted, Ok(vec![("user".into(), "5".into()), ("text".into(), "a b".into())]));
        for wrong in ["key=s3cre", "key=", "user=5", "KEY=s3cret"] {
            assert_eq!(admit(&needs, &endpoints, "status", parameters(wrong)), Err(Refused::WrongSecret("key".into())), "{wrong}");
        }
        assert!(matches!(admit(&needs, &endpoints, "other", Vec::new()), Err(Refused::Unknown { .. })));
    }
}
