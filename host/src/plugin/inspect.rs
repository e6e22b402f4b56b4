//! What a component is, without running any event of it.

use serde::Serialize;
use serde_json::Value;

use super::Plugin;
use super::component::ComponentPlugin;
use crate::bindings::exports::uis::integration::setup::AuthStyle;
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use crate::event::Fault;

/// A plugin as `inspect` shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The contract it was built to.
    pub contract: String,
    /// The component's size in bytes.
    pub size_bytes: usize,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// The remote systems it talks to.
    pub connections: Vec<ConnectionView>,
    /// Callbacks it serves.
    pub callbacks: Vec<String>,
    /// Buttons of its settings page.
    pub actions: Vec<ActionView>,
    /// Its settings.
    pub settings: Vec<SettingView>,
}

/// A button.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// Its title, Russian.
    pub title: String,
    /// What it does, English.
    pub description: String,
}

/// A connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// Hosts allowed.
    pub hosts: Vec<String>,
    /// Where the key goes.
    pub auth: String,
    /// `path-prefix`: requests a second.
    pub rates: Vec<(String, u32)>,
}

/// A setting.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingView {
    /// Its name.
    pub name: String,
    /// Its title, Russian.
    pub title: String,
    /// What it does, English.
    pub description: String,
    /// Its default.
    pub default: Value,
    /// What can be chosen, and its title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
    /// Of a table its columns: name and title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, String)>,
    /// The host shows it and nobody changes it: the address of this callback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows_callback: Option<String>,
    /// It matters only when other settings have these values.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub shown_when: Value,
}

/// Members of an object, by name, with their titles.
fn titled(members: &Value, title: impl Fn(&Value) -> &Value) -> Vec<(String, String)> {
    let members = members.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.clone(), title(member).as_str().unwrap_or_default().to_owned())).collect()
}

/// Looks at a plugin.
pub async fn inspect(plugin: &ComponentPlugin) -> Result<Inspection, Fault> {
    let about = plugin.description();
    let schema: Value = serde_json::from_str(&plugin.settings_schema().await?).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let settings = schema["properties"].as_object().into_iter().flatten().map(|(name, setting)| SettingView {
        name: name.clone(),
        title: text(&setting["title"]),
        description: text(&setting["description"]),
        default: setting["default"].clone(),
        values: titled(&setting["x-titles"], |title| title),
        columns: titled(&setting["items"]["properties"], |column| &column["title"]),
        shows_callback: setting["x-endpoint"].as_str().map(str::to_owned),
        shown_when: setting["x-shown-when"].clone(),
    });
    let connections = about.connections.iter().map(|connection| ConnectionView {
        name: connection.name.clone(),
        hosts: connection.host_patterns.clone(),
        auth: match &connection.auth {
            AuthStyle::None => "none".into(),
            AuthStyle::Header(name) => format!("header {name}"),
            AuthStyle::Bearer => "bearer".into(),
        },
        rates: connection.rate_classes.iter().map(|class| (class.path_prefix.clone(), class.per_second)).collect(),
    });
    let contract = plugin
        .interfaces
        .exports
        .iter()
        .find_map(|name| name.strip_prefix(CONTRACT_PACKAGE)?.split_once('@').map(|(_, version)| version.to_owned()));
    Ok(Inspection {
        name: about.name.clone(),
        version: about.version.clone(),
        contract: format!("{CONTRACT_PACKAGE}@{}", contract.as_deref().unwrap_or(CONTRACT_VERSION)),
        size_bytes: plugin.size,
        exports: plugin.interfaces.exports.clone(),
        imports: plugin.interfaces.imports.clone(),
        connections: connections.collect(),
        callbacks: about.callbacks.iter().map(|callback| callback.name.clone()).collect(),
        actions: about
            .actions
            .iter()
            .map(|action| ActionView { name: action.name.clone(), title: action.title.clone(), description: action.description.clone() })
            .collect(),
        settings: settings.collect(),
    })
}
