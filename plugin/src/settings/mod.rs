//! The settings: what the account's owner chose. `schema.json` is what the settings page is built from; [`Settings`] is the same
//! in Rust, and [`prepare`] turns the one into the other, refusing what neither knows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bindings::uis::integration::types::{Failure, Misconfiguration};
use crate::outcome::misconfigured;
use crate::platform::Platform;

/// The JSON Schema of the settings: Russian titles as the owner reads them, English descriptions.
pub const SCHEMA: &str = include_str!("schema.json");

/// The versions of the plugin whose settings can be read: all since the first. `None` are new settings.
const READABLE: &str = "0.1.";

/// The longest wait for a recording, in minutes: a day.
const RECORDING_WAIT_MAX: u64 = 1440;

/// Settings as every event gets them, already checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// «Ожидание записи разговора»: minutes that a talked call waits for its recording before it is put into the history without one.
    pub recording_wait: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { recording_wait: 10 }
    }
}

impl Settings {
    /// The settings now in force.
    pub fn load(platform: &dyn Platform) -> Result<Settings, Failure> {
        crate::json::read(&platform.prepared_settings())
            .map_err(|error| misconfigured("", format!("the prepared settings cannot be read, save them again: {error}")))
    }

    /// [`Settings::recording_wait`] in milliseconds.
    pub fn recording_wait_ms(&self) -> i64 {
        i64::try_from(self.recording_wait.min(RECORDING_WAIT_MAX) * 60_000).unwrap_or(i64::MAX)
    }
}

/// Checks settings and makes the bytes that [`Settings::load`] reads. Every problem found is told, by setting.
pub fn prepare(json: &str, from_version: Option<&str>) -> Result<Vec<u8>, Vec<Misconfiguration>> {
    let problem = |setting: &str, message: String| Misconfiguration { setting: setting.to_owned(), message };
    if let Some(version) = from_version.filter(|version| !version.starts_with(READABLE)) {
        return Err(vec![problem(
            "",
            format!("settings of version {version} cannot be read by {}; save them again", env!("CARGO_PKG_VERSION")),
        )]);
    }
    let given: Map<String, Value> = match crate::json::parse(json.as_bytes()) {
        Ok(Value::Object(given)) => given,
        Ok(_) => return Err(vec![problem("", "the settings must be a JSON object".into())]),
        Err(error) => return Err(vec![problem("", format!("the settings are not JSON: {error}"))]),
    };
    let mut settings = Settings::default();
    let mut problems = Vec::new();
    for (name, value) in &given {
        match name.as_str() {
            "recording-wait" => match value.as_u64().filter(|minutes| *minutes <= RECORDING_WAIT_MAX) {
                Some(minutes) => settings.recording_wait = minutes,
                None => problems.push(problem(name, format!("{value} is not a whole number of minutes from 0 to {RECORDING_WAIT_MAX}"))),
            },
            _ => problems.push(problem(name, format!("there is no such setting; there are: {}", known().join(", ")))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    crate::json::write(&settings).map_err(|error| vec![problem("", error.to_string())])
}

/// The names of all settings, from the schema.
fn known() -> Vec<String> {
    let schema: Value = crate::json::parse(SCHEMA.as_bytes()).unwrap_or_default();
    schema["properties"].as_object().map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_means_the_schemas_defaults() {
        let prepared = prepare("{}", None).expect("valid");
        let settings: Settings = serde_json::from_slice(&prepared).expect("readable");
        let schema: Value = crate::json::parse(SCHEMA.as_bytes()).expect("the schema is JSON");
        let as_json = serde_json::to_value(&settings).expect("JSON");
        for (name, property) in schema["properties"].as_object().expect("properties") {
            assert_eq!(as_json[name], property["default"], "{name}");
            assert!(property["title"].is_string() && property["description"].is_string(), "{name} needs a title and a description");
        }
        assert_eq!(as_json.as_object().expect("object").len(), known().len(), "schema and struct name the same settings");
    }

    #[test]
    fn every_problem_is_told_by_its_setting() {
        let problems = prepare(r#"{"recording-wait":"soon","recordingwait":5}"#, None).expect_err("invalid");
        let names: Vec<_> = problems.iter().map(|problem| problem.setting.as_str()).collect();
        assert_eq!(names, ["recording-wait", "recordingwait"]);
        assert!(problems[1].message.contains("recording-wait"), "the fix is named: {}", problems[1].message);
        assert!(prepare("[]", None).is_err() && prepare("{", None).is_err());
        assert!(prepare(r#"{"recording-wait":1441}"#, None).is_err());
        assert!(prepare("{}", Some("9.0.0")).is_err());
        assert!(prepare("{}", Some("0.1.0")).is_ok());
    }
}
