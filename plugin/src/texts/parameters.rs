//! A site request's or chat's parameters for templates and fields, under UIS's names.

use std::collections::BTreeMap;

use crate::appeal::EventParameters;

/// The parameters, by name.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Takes the attributes of an event.
    pub fn new(attributes: &[(String, String)]) -> Parameters {
        Parameters(attributes.iter().cloned().collect())
    }

    /// Adds a field of the event; an absent value changes nothing.
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
