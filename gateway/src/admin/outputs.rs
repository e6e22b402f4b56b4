//! What commands print with `--json`, and the schemas of it. Most commands print what the administrator's listener answers; here is the rest.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::wire::{Addresses, ErrorBody, Integrations, Rules, Versions};
use crate::control::erasure::ErasureView;
use crate::control::storage::BackupView;
use crate::control::{
    AuditPage, CheckedIntegration, DeadLetterView, EventDetail, EventPage, EventView, Finding, IntegrationView, Reasons, RedriveReport,
    ReloadView, RuleView, Status, Verdict, VersionView,
};
use crate::export::Summary;

/// `dead-letters list`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeadLetterList {
    /// Newest first.
    pub dead_letters: Vec<EventView>,
    /// The cursor with which the list goes on; null at its end.
    pub next: Option<String>,
    /// Not all were looked at, because the time was over: ask again with `next`.
    pub out_of_time: bool,
}

/// `dead-letters redrive` with a filter.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Redriven {
    /// Whether they were put back; otherwise the report is a preview.
    pub done: bool,
    /// How many, of which integrations.
    pub report: RedriveReport,
}

/// `check`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    /// The worst verdict.
    pub verdict: Verdict,
    /// What all integrations share.
    pub gateway: Vec<Finding>,
    /// Each integration that was checked.
    pub integrations: Vec<CheckedIntegration>,
}

/// `check-store`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckedStore {
    /// The file.
    pub file: String,
    /// What does not match, by table and key.
    pub damaged: Vec<String>,
    /// What was done.
    pub notes: Vec<String>,
}

/// `restore`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RestoredStore {
    /// The backup.
    pub restored: String,
    /// The store's file.
    pub store: String,
    /// Where the store from before is; null when there was none.
    pub aside: Option<String>,
    /// Number of integrations.
    pub integrations: u64,
    /// Number of events that wait.
    pub waiting: u64,
    /// Number of dead letters.
    pub dead_letters: u64,
    /// When the newest event of the backup was received, RFC 3339; null when it has none.
    pub newest_event: Option<String>,
    /// Rows whose checksum does not match, by table and key.
    pub damaged: Vec<String>,
    /// Whether the sealing key is there.
    pub sealing_key: bool,
    /// What was erased since the backup was written, and is erased again. Without the sealing key nobody is found; the service erases them when it
    /// starts with the key.
    pub erased_again: ErasedAgain,
}

/// What a restored store had of persons who were erased since.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ErasedAgain {
    /// Entries of the journal of erasures that the backup did not have.
    pub entries: usize,
    /// Persons, counted by integration and time of erasure.
    pub persons: usize,
    /// Rows that were deleted.
    pub rows: usize,
    /// Entries that were made with another sealing key, so that nobody is found by them.
    pub other_key: usize,
    /// Numbers of lines of the journal that are damaged.
    pub damaged_lines: Vec<usize>,
    /// What could not be done, and what to do.
    pub notes: Vec<String>,
}

/// `token add`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewToken {
    /// Whose token it is.
    pub name: String,
    /// The token. It cannot be shown again.
    pub token: String,
}

/// `token list`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenNames {
    /// Their names.
    pub tokens: Vec<String>,
}

/// `token remove`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RemovedToken {
    /// Whose token it was.
    pub removed: String,
}

/// `setup`: what is to be entered in UIS and in RetailCRM. It contains the integration's secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SetupPage {
    /// The integration.
    pub integration: String,
    /// `ru` or `en`.
    pub language: String,
    /// UIS's notifications, with address and template.
    pub notifications: Vec<Value>,
    /// The request of the scenario of incoming calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Map<String, Value>>,
    /// The trigger of RetailCRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Map<String, Value>>,
}

/// `demo`: what the morning left in both systems.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Morning {
    /// Everything that is counted or listed.
    #[serde(flatten)]
    pub left: Map<String, Value>,
}

/// The schema of each command's output: a line for each.
fn commands(schemas: &mut SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("audit", schemas.subschema_for::<AuditPage>()),
        ("backup", schemas.subschema_for::<BackupView>()),
        ("check", schemas.subschema_for::<Checked>()),
        ("check-store", schemas.subschema_for::<CheckedStore>()),
        ("dead-letters edit", schemas.subschema_for::<DeadLetterView>()),
        ("dead-letters list", schemas.subschema_for::<DeadLetterList>()),
        ("dead-letters list --by-reason", schemas.subschema_for::<Reasons>()),
        ("dead-letters redrive", schemas.subschema_for::<Redriven>()),
        ("dead-letters redrive ID", schemas.subschema_for::<DeadLetterView>()),
        ("demo", schemas.subschema_for::<Morning>()),
        ("erase", schemas.subschema_for::<ErasureView>()),
        ("event", schemas.subschema_for::<EventDetail>()),
        ("events", schemas.subschema_for::<EventPage>()),
        ("export", schemas.subschema_for::<Summary>()),
        ("integration action", schemas.subschema_for::<IntegrationView>()),
        ("integration activate", schemas.subschema_for::<IntegrationView>()),
        ("integration add", schemas.subschema_for::<IntegrationView>()),
        ("integration addresses", schemas.subschema_for::<Addresses>()),
        ("integration deactivate", schemas.subschema_for::<IntegrationView>()),
        ("integration list", schemas.subschema_for::<Integrations>()),
        ("integration rotate-secret", schemas.subschema_for::<IntegrationView>()),
        ("integration set", schemas.subschema_for::<IntegrationView>()),
        ("integration show", schemas.subschema_for::<IntegrationView>()),
        ("pause", schemas.subschema_for::<IntegrationView>()),
        ("reload", schemas.subschema_for::<ReloadView>()),
        ("restore", schemas.subschema_for::<RestoredStore>()),
        ("resume", schemas.subschema_for::<IntegrationView>()),
        ("rollback", schemas.subschema_for::<VersionView>()),
        ("rules list", schemas.subschema_for::<Rules>()),
        ("rules promote", schemas.subschema_for::<RuleView>()),
        ("rules release", schemas.subschema_for::<RuleView>()),
        ("setup", schemas.subschema_for::<SetupPage>()),
        ("status", schemas.subschema_for::<Status>()),
        ("token add", schemas.subschema_for::<NewToken>()),
        ("token list", schemas.subschema_for::<TokenNames>()),
        ("token remove", schemas.subschema_for::<RemovedToken>()),
        ("versions", schemas.subschema_for::<Versions>()),
    ]
}

/// The JSON Schema of everything that commands print with `--json`. `commands` names the schema of each command; an error has its own.
pub fn schema() -> Value {
    let mut schemas = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let commands: Map<String, Value> =
        commands(&mut schemas).into_iter().map(|(name, schema)| (name.to_owned(), schema.to_value())).collect();
    let error = schemas.subschema_for::<ErrorBody>().to_value();
    let mut all: Vec<Value> = vec![error.clone()];
    for schema in commands.values() {
        if !all.contains(schema) {
            all.push(schema.clone());
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the commands of uis-gateway print with --json",
        "anyOf": all,
        "commands": commands,
        "error": error,
        "$defs": schemas.take_definitions(true),
    })
}
