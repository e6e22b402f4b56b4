//! Describes a plugin without running an event: its interfaces, connections, callbacks, actions and settings.

use serde::Serialize;
use serde_json::Value;

use super::Plugin;
use super::component::ComponentPlugin;
use crate::bindings::exports::uis::integration::setup::AuthStyle;
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};
use crate::event::Fault;

/// The output of `uis-host inspect`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The contract that the plugin was built against: package and version.
    pub contract: String,
    /// The component's size in bytes.
    pub size_bytes: usize,
    /// Names of the exports.
    pub exports: Vec<String>,
    /// Names of the imports.
    pub imports: Vec<String>,
    /// Connections to remote systems.
    pub connections: Vec<ConnectionView>,
    /// Names of the callbacks that the plugin handles.
    pub callbacks: Vec<String>,
    /// Buttons of the settings page.
    pub actions: Vec<ActionView>,
    /// The settings.
    pub settings: Vec<SettingView>,
}

/// A button of the settings page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionView {
    /// The action's name.
    pub name: String,
    /// The button's title, in Russian.
    pub title: String,
    /// What the action does, in English.
    pub description: String,
}

/// A connection to a remote system.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// The connection's name.
    pub name: String,
    /// Patterns of the hosts that the connection may use.
    pub hosts: Vec<String>,
    /// How a request carries the key: `none`, `header NAME` or `bearer`.
    pub auth: String,
    /// Rate limits: path prefix and requests per second.
    pub rates: Vec<(String, u32)>,
}

/// A setting.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingView {
    /// The setting's name.
    pub name: String,
    /// Its title, in Russian.
    pub title: String,
    /// Other titles under which the owner may know the setting (`x-uis-titles`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_titles: Vec<String>,
    /// The titles of the section, the tab and the group where the settings page shows it; empty if the schema does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub place: Vec<String>,
    /// Whether it switches its section.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub switches_section: bool,
    /// What it does, in English.
    pub description: String,
    /// The default value.
    pub default: Value,
    /// The values to choose from, each with its title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
    /// For a table: the columns, name and title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, String)>,
    /// For conditions: the parameters that a row may compare, name and title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    /// The name of the callback whose address the host shows here, read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows_callback: Option<String>,
    /// The setting matters only when other settings have these values.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub shown_when: Value,
}

/// The members of an object, each with its title.
fn titled(members: &Value, title: impl Fn(&Value) -> &Value) -> Vec<(String, String)> {
    let members = members.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.clone(), title(member).as_str().unwrap_or_default().to_owned())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The names of all settings: those of the sections in the order of the settings page, then those that no section names.
fn in_order(schema: &Value) -> Vec<String> {
    let sections = schema["x-sections"].as_array().into_iter().flatten();
    let mut names: Vec<String> = sections.flat_map(|section| section["settings"].as_array().into_iter().flatten().map(text)).collect();
    names.retain(|name| schema["properties"].get(name).is_some());
    let others = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
    let others: Vec<String> = others.filter(|name| !names.contains(name)).cloned().collect();
    names.extend(others);
    names
}

/// A setting as the schema describes it.
fn view(schema: &Value, name: &str) -> SettingView {
    let setting = &schema["properties"][name];
    let named = |list: &str, wanted: &Value| {
        let found = schema[list].as_array().into_iter().flatten().find(|entry| entry["name"] == *wanted && wanted.is_string());
        found.map(|entry| (text(&entry["title"]), entry["switch"] == name))
    };
    let section = named("x-sections", &setting["x-section"]);
    let switches_section = section.as_ref().is_some_and(|(_, switches)| *switches);
    let tab = named("x-tabs", &setting["x-tab"]).map(|(title, _)| title);
    let group = setting["x-group"].as_str().map(str::to_owned);
    let items = &setting["items"];
    let rows = if items["type"] == "array" { items } else { &items["properties"]["conditions"]["items"] };
    SettingView {
        name: name.to_owned(),
        title: text(&setting["title"]),
        other_titles: setting["x-uis-titles"].as_array().into_iter().flatten().map(text).collect(),
        place: section.map(|(title, _)| title).into_iter().chain(tab).chain(group).collect(),
        switches_section,
        description: text(&setting["description"]),
        default: setting["default"].clone(),
        values: titled(&setting["x-titles"], |title| title),
        columns: titled(&items["properties"], |column| &column["title"]),
        parameters: titled(&rows["items"]["properties"]["parameter"]["x-titles"], |title| title),
        shows_callback: setting["x-endpoint"].as_str().map(str::to_owned),
        shown_when: setting["x-shown-when"].clone(),
    }
}

/// Describes a plugin. Fails when its `setup.settings-schema` traps or exceeds a limit.
pub async fn inspect(plugin: &ComponentPlugin) -> Result<Inspection, Fault> {
    let about = plugin.description();
    let schema: Value = serde_json::from_str(&plugin.settings_schema().await?).unwrap_or_default();
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
        settings: in_order(&schema).into_iter().map(|name| view(&schema, &name)).collect(),
    })
}
