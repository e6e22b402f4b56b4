//! Requests that the remote system sends to us: who may, and what of them a plugin sees.

use super::Endpoints;
use crate::bindings::exports::uis::integration::setup::CallbackNeed;

/// Parameters of a query or form, in order.
pub fn parameters(encoded: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded.trim_start_matches('?').as_bytes()).into_owned().collect()
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The plugin serves no such callback.
    #[error("the plugin serves no callback {name:?}; it serves: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// Those it serves.
        known: String,
    },
    /// The secret is wrong or missing. Which of the two is not told to the other side.
    #[error("the parameter {0} is not the account's secret")]
    WrongSecret(String),
}

/// Checks the secret of a request and takes it out.
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
    fn the_secret_is_checked_and_taken_out() {
        let needs = [CallbackNeed { name: "status".into(), methods: vec!["GET".into()], secret_parameter: Some("key".into()) }];
        let endpoints = Endpoints { base: String::new(), callbacks: Vec::new(), secret: "s3cret".to_owned().into() };
        let admitted = admit(&needs, &endpoints, "status", parameters("?key=s3cret&user=5&text=a+b"));
        assert_eq!(admitted, Ok(vec![("user".into(), "5".into()), ("text".into(), "a b".into())]));
        for wrong in ["key=s3cre", "key=", "user=5", "KEY=s3cret"] {
            assert_eq!(admit(&needs, &endpoints, "status", parameters(wrong)), Err(Refused::WrongSecret("key".into())), "{wrong}");
        }
        assert!(matches!(admit(&needs, &endpoints, "other", Vec::new()), Err(Refused::Unknown { .. })));
    }
}
