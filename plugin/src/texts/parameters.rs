//! What a site request or a chat tells for templates and fields, by UIS's names.

use std::collections::BTreeMap;

use crate::appeal::EventParameters;

/// Its parameters.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Of what an event said besides its own members.
    pub fn new(attributes: &[(String, String)]) -> Parameters {
        Parameters(attributes.iter().cloned().collect())
    }

    /// With a member of the event; an absent one takes nothing away.
    pub fn with(mut self, name: &str, value: Option<impl Into<String>>) -> Parameters {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }
}

impl EventParameters for Parameters {
    fn raw(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        self.0.clone().into_iter().collect()
    }
}
