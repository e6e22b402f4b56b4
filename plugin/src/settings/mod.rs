//! The settings chosen by the account's owner. The settings page is built from `schema.json`; [`Settings`] has the same settings as Rust
//! types. [`prepare`] checks the saved settings, refuses unknown ones, and converts them.

mod check;
mod common;
mod prepared;
pub mod telephony;
pub mod texts;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bindings::uis::integration::types::{Failure, Misconfiguration};
use crate::retailcrm::custom_fields::Entity;
pub use common::{ExtraFieldRow, Repeat};
use telephony::{ContactAssignee, EmployeePair, Hours, Matching, MissedCall, OrderAssignee, OrderCall, ShopNumber, TaskAssignee};
use texts::{SiteDomain, TextSettings};

/// The JSON Schema of the settings: Russian titles for the owner, English descriptions.
pub const SCHEMA: &str = include_str!("schema.json");

/// The prefix of plugin versions whose settings can be read: all versions so far. `None` means new settings.
const READABLE: &str = "0.1.";

/// The longest wait for a recording, in minutes: a day.
const RECORDING_WAIT_MAX: u64 = 1440;

/// The longest time for a task, in hours: a year.
const DUE_HOURS_MAX: u32 = 8760;

/// The checked settings, as every event gets them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// «Ожидание записи разговора»: how many minutes an answered call waits for its recording before it is stored without one.
    pub recording_wait: u64,
    /// «Варианты сопоставления сотрудников».
    pub employee_matching: Matching,
    /// Users of RetailCRM for whom UIS employees are created.
    pub synchronised_users: Vec<i64>,
    /// The table of [`Matching::Table`].
    pub employee_table: Vec<EmployeePair>,
    /// «Ответственный по умолчанию»: a CRM user.
    #[serde(rename = "default-responsible")]
    pub default_assignee: Option<i64>,
    /// «Фильтровать по виртуальным номерам».
    pub filter_by_virtual_numbers: bool,
    /// The numbers whose calls are handled when the filter is on, canonical digits.
    pub virtual_numbers: Vec<String>,
    /// «Создавать контакт при звонке».
    pub create_contact: bool,
    /// «Назначать ответственного на».
    #[serde(rename = "contact-responsible")]
    pub contact_assignee: ContactAssignee,
    /// The user of [`ContactAssignee::Fixed`].
    #[serde(rename = "contact-responsible-user")]
    pub contact_assignee_user: Option<i64>,
    /// «Создавать задачу по пропущенному звонку».
    pub missed_call_task: bool,
    /// «Тип звонка».
    pub missed_call_task_calls: Vec<MissedCall>,
    /// «По рабочему времени».
    pub missed_call_task_hours: Hours,
    /// «Ответственный за задачу».
    #[serde(rename = "missed-call-task-responsible")]
    pub missed_call_task_assignee: TaskAssignee,
    /// The user of [`TaskAssignee::Fixed`].
    pub missed_call_task_user: Option<i64>,
    /// «Шаблон названия».
    pub missed_call_task_name: String,
    /// «Срок исполнения задачи, часов».
    pub missed_call_task_due_hours: u32,
    /// «Не создавать вторую задачу, пока открыта первая».
    pub missed_call_task_once: bool,
    /// «Закрывать задачу успешным звонком».
    pub missed_call_task_close: bool,
    /// «Создавать заказ по звонку».
    pub call_orders: bool,
    /// «Звонки, по которым создавать заказ».
    pub call_order_calls: Vec<OrderCall>,
    /// «Повторное обращение».
    pub call_order_repeat: Repeat,
    /// The hours of [`Repeat::AfterHours`].
    pub call_order_after_hours: u32,
    /// «Тип заказа»: a code.
    pub call_order_type: Option<String>,
    /// «Способ оформления»: a code; none: RetailCRM's built-in method for such calls.
    pub call_order_method: Option<String>,
    /// «Статус заказа»: a code.
    pub call_order_status: Option<String>,
    /// «Ответственный за заказ».
    #[serde(rename = "call-order-responsible")]
    pub call_order_assignee: OrderAssignee,
    /// The user of [`OrderAssignee::Fixed`].
    pub call_order_user: Option<i64>,
    /// «Шаблон комментария».
    pub call_order_comment: String,
    /// «Включить переадресацию на персонального менеджера».
    pub forward_to_manager: bool,
    /// «Передавать дополнительные поля».
    pub extra_fields: bool,
    /// The fields, and the templates of their values.
    pub extra_field_rows: Vec<ExtraFieldRow>,
    /// «Внешние номера магазинов».
    pub shop_numbers: Vec<ShopNumber>,
    /// «Номер для звонка по клику», canonical digits.
    pub click_to_call_number: Option<String>,
    /// «Переопределять АОН для исходящих звонков».
    pub override_caller_id: bool,
    /// «Ответственный по умолчанию» of text communications.
    #[serde(rename = "text-default-responsible")]
    pub text_default_assignee: Option<i64>,
    /// «Магазины сайтов».
    pub site_domains: Vec<SiteDomain>,
    /// «Объединять клиентов».
    pub join_customers: bool,
    /// «Передавать сделки».
    pub deals: bool,
    /// «Дефолтная воронка».
    pub deal_default_funnel: bool,
    /// «Учитывать стоимость доставки».
    pub deal_delivery_cost: bool,
    /// «Передавать дополнительные поля» of deals.
    pub deal_extra_fields: bool,
    /// The codes of the orders' fields.
    pub deal_field_codes: Vec<String>,
    /// «Группы статусов успешных сделок»: codes.
    pub deal_success_groups: Vec<String>,
    /// «Группы статусов неуспешных сделок»: codes.
    pub deal_failed_groups: Vec<String>,
    /// «Загрузить сделки с даты», `Y-m-d`.
    pub deal_history_from: Option<String>,
    /// «Передача заявок»: settings whose names begin with `request-`.
    pub requests: TextSettings,
    /// «Передача чатов»: settings whose names begin with `chat-`.
    pub chats: TextSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            recording_wait: 10,
            employee_matching: Matching::Synchronisation,
            synchronised_users: Vec::new(),
            employee_table: Vec::new(),
            default_assignee: None,
            filter_by_virtual_numbers: false,
            virtual_numbers: Vec::new(),
            create_contact: false,
            contact_assignee: ContactAssignee::Talked,
            contact_assignee_user: None,
            missed_call_task: false,
            missed_call_task_calls: vec![MissedCall::Incoming],
            missed_call_task_hours: Hours::Any,
            missed_call_task_assignee: TaskAssignee::CalledLast,
            missed_call_task_user: None,
            missed_call_task_name: "Перезвонить: пропущенный звонок {{contact_phone_number}}".to_owned(),
            missed_call_task_due_hours: 1,
            missed_call_task_once: true,
            missed_call_task_close: false,
            call_orders: false,
            call_order_calls: vec![OrderCall::First],
            call_order_repeat: Repeat::NoOpen,
            call_order_after_hours: 24,
            call_order_type: None,
            call_order_method: None,
            call_order_status: None,
            call_order_assignee: OrderAssignee::Talked,
            call_order_user: None,
            call_order_comment: "Звонок {{contact_phone_number}} на {{virtual_phone_number}}, {{start_time}}".to_owned(),
            // On by default, because calls are only forwarded if the account's scenario requests it.
            forward_to_manager: true,
            extra_fields: false,
            extra_field_rows: Vec::new(),
            shop_numbers: Vec::new(),
            click_to_call_number: None,
            override_caller_id: false,
            text_default_assignee: None,
            site_domains: Vec::new(),
            join_customers: true,
            deals: true,
            deal_default_funnel: false,
            deal_delivery_cost: false,
            deal_extra_fields: false,
            deal_field_codes: Vec::new(),
            deal_success_groups: vec!["complete".to_owned()],
            deal_failed_groups: vec!["cancel".to_owned()],
            deal_history_from: None,
            requests: TextSettings::requests(),
            chats: TextSettings::chats(),
        }
    }
}

impl Settings {
    /// Settings from the bytes that [`prepare`] made.
    pub fn decode(prepared: &[u8]) -> Result<Settings, Failure> {
        prepared::decode(prepared)
    }

    /// Whether the settings need an entity's custom fields.
    pub fn needs_fields_of(&self, entity: Entity) -> bool {
        let texts = [&self.requests, &self.chats].into_iter().any(|block| block.send && !block.rows(entity).is_empty());
        let deals = entity == Entity::Order && self.deals && !self.deal_fields().is_empty();
        texts || deals || (entity == Entity::Customer && self.extra_fields)
    }

    /// The codes of the orders' custom fields for deals; empty if they are off.
    pub fn deal_fields(&self) -> &[String] {
        if self.deal_extra_fields { &self.deal_field_codes } else { &[] }
    }

    /// The rows of «Передавать дополнительные поля»; empty if it is off.
    pub fn field_rows(&self) -> &[ExtraFieldRow] {
        if self.extra_fields { &self.extra_field_rows } else { &[] }
    }

    /// [`Settings::recording_wait`] in milliseconds.
    pub fn recording_wait_ms(&self) -> i64 {
        i64::try_from(self.recording_wait.min(RECORDING_WAIT_MAX) * 60_000).unwrap_or(i64::MAX)
    }
}

/// Checks settings and returns the bytes that [`Settings::decode`] reads. All problems are reported, each under its setting's name.
pub fn prepare(json: &str, from_version: Option<&str>) -> Result<Vec<u8>, Vec<Misconfiguration>> {
    if let Some(version) = from_version.filter(|version| !version.starts_with(READABLE)) {
        return Err(vec![problem(
            "",
            format!("settings of version {version} cannot be read by {}; save them again", env!("CARGO_PKG_VERSION")),
        )]);
    }
    let given: Map<String, Value> = match crate::base::json::parse(json.as_bytes()) {
        Ok(Value::Object(given)) => given,
        Ok(_) => return Err(vec![problem("", "the settings must be a JSON object".into())]),
        Err(error) => return Err(vec![problem("", format!("the settings are not JSON: {error}"))]),
    };
    let (known, shown) = (known(false), known(true));
    let mut problems = Vec::new();
    let mut readable = Map::new();
    for (name, value) in given {
        // The settings page may send back read-only settings that it showed.
        if shown.contains(&name) {
            continue;
        }
        if !known.contains(&name) {
            problems.push(problem(&name, format!("there is no such setting; there are: {}", known.join(", "))));
            continue;
        }
        // Each setting is read separately, so that a problem is reported under its name.
        match Settings::deserialize(nested([(name.clone(), value.clone())])) {
            Ok(_) => drop(readable.insert(name, value)),
            Err(error) => problems.push(problem(&name, format!("{value} cannot be used: {error}"))),
        }
    }
    let mut settings = Settings::deserialize(nested(readable)).map_err(|error| vec![problem("", error.to_string())])?;
    problems.extend(check::check(&mut settings));
    if !problems.is_empty() {
        return Err(problems);
    }
    prepared::encode(&settings).map_err(|error| vec![problem("", error)])
}

/// A block of settings: the prefix of the settings' names, the field in [`Settings`], the defaults.
type Block = (&'static str, &'static str, fn() -> TextSettings);

/// The blocks.
const BLOCKS: [Block; 2] = [("request-", "requests", TextSettings::requests), ("chat-", "chats", TextSettings::chats)];

/// Converts saved settings, each under its own name, to the form of [`Settings`]: settings of a block become fields of the block.
fn nested(saved: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut whole = Map::new();
    for (_, block, defaults) in BLOCKS {
        whole.insert(block.to_owned(), serde_json::to_value(defaults()).unwrap_or_default());
    }
    for (name, value) in saved {
        match BLOCKS.iter().find_map(|(prefix, block, _)| Some((name.strip_prefix(prefix)?, block))) {
            Some((member, block)) => whole[*block][member] = value,
            None => drop(whole.insert(name, value)),
        }
    }
    Value::Object(whole)
}

fn problem(setting: &str, message: String) -> Misconfiguration {
    Misconfiguration { setting: setting.to_owned(), message }
}

/// The source of a setting's choices, from `x-choices` in the schema; none if the setting has no such choices. A field of a table's row is
/// named `setting.field`.
pub fn choices_from(setting: &str) -> Option<String> {
    let schema: Value = crate::base::json::parse(SCHEMA.as_bytes()).unwrap_or_default();
    let property = match setting.split_once('.') {
        Some((table, member)) => &schema["properties"][table]["items"]["properties"][member],
        None => &schema["properties"][setting],
    };
    property["x-choices"].as_str().map(str::to_owned)
}

/// The names of the settings in the schema: the read-only ones if `shown` is true, otherwise those that can be set.
fn known(shown: bool) -> Vec<String> {
    let schema: Value = crate::base::json::parse(SCHEMA.as_bytes()).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.filter(|(_, property)| (property["readOnly"] == Value::Bool(true)) == shown).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_means_the_schemas_defaults() {
        let prepared = prepare("{}", None).expect("valid");
        let settings = Settings::decode(&prepared).expect("readable");
        let schema: Value = crate::base::json::parse(SCHEMA.as_bytes()).expect("the schema is JSON");
        let mut as_json = serde_json::to_value(&settings).expect("JSON");
        for (prefix, block, _) in BLOCKS {
            let members = as_json.as_object_mut().and_then(|all| all.remove(block)).expect("a block");
            for (name, value) in members.as_object().expect("an object") {
                // Settings that only chats have do not exist for requests.
                if schema["properties"].get(format!("{prefix}{name}")).is_some() {
                    as_json[format!("{prefix}{name}")] = value.clone();
                }
            }
        }
        for (name, property) in schema["properties"].as_object().expect("properties") {
            assert_eq!(as_json[name], property["default"], "{name}");
            assert!(property["title"].is_string() && property["description"].is_string(), "{name} needs a title and a description");
        }
        assert_eq!(as_json.as_object().expect("object").len(), known(false).len(), "schema and struct name the same settings");
    }

    #[test]
    fn read_only_settings_are_ignored_when_saved() {
        assert_eq!(known(true), ["webhook-url"]);
        assert_eq!(prepare(r#"{"webhook-url":"https://evil.example"}"#, None), prepare("{}", None));
    }

    #[test]
    fn every_problem_is_reported_under_its_setting() {
        let problems = prepare(r#"{"recording-wait":"soon","recordingwait":5}"#, None).expect_err("invalid");
        let names: Vec<_> = problems.iter().map(|problem| problem.setting.as_str()).collect();
        assert_eq!(names, ["recording-wait", "recordingwait"]);
        assert!(problems[1].message.contains("recording-wait"), "the message names the right setting: {}", problems[1].message);
        assert!(prepare("[]", None).is_err() && prepare("{", None).is_err());
        assert!(prepare(r#"{"recording-wait":1441}"#, None).is_err());
        assert!(prepare("{}", Some("9.0.0")).is_err());
        assert!(prepare("{}", Some("0.1.0")).is_ok());
    }

    #[test]
    fn contradicting_settings_are_reported_under_their_names() {
        for (json, setting) in [
            (r#"{"filter-by-virtual-numbers":true}"#, "virtual-numbers"),
            (r#"{"create-contact":true,"contact-responsible":"fixed"}"#, "contact-responsible-user"),
            (r#"{"create-contact":"yes"}"#, "create-contact"),
            (r#"{"contact-responsible":"somebody"}"#, "contact-responsible"),
            (r#"{"missed-call-task":true}"#, "default-responsible"),
            (r#"{"missed-call-task":true,"missed-call-task-responsible":"fixed"}"#, "missed-call-task-user"),
            (r#"{"missed-call-task":true,"default-responsible":5,"missed-call-task-calls":[]}"#, "missed-call-task-calls"),
            (r#"{"missed-call-task":true,"default-responsible":5,"missed-call-task-name":"{{phone"}"#, "missed-call-task-name"),
            (r#"{"missed-call-task":true,"default-responsible":5,"missed-call-task-due-hours":9000}"#, "missed-call-task-due-hours"),
            (r#"{"shop-numbers":[{"site":"a","number":"7495"},{"site":"b","number":"7495"}]}"#, "shop-numbers"),
            (r#"{"shop-numbers":[{"site":"a"}]}"#, "shop-numbers"),
            (r#"{"employee-table":[{"user":5,"employee":1},{"user":6,"employee":1}]}"#, "employee-table"),
            (r#"{"employee-matching":"names"}"#, "employee-matching"),
            (r#"{"call-orders":true,"call-order-calls":[]}"#, "call-order-calls"),
            (r#"{"call-orders":true,"call-order-responsible":"fixed"}"#, "call-order-user"),
            (r#"{"extra-fields":true}"#, "extra-field-rows"),
            (r#"{"extra-field-rows":[{"field":"a","value":"x"},{"field":"a","value":"y"}]}"#, "extra-field-rows"),
            (r#"{"extra-field-rows":[{"field":"a","value":"{{"}]}"#, "extra-field-rows"),
            (r#"{"override-caller-id":true}"#, "click-to-call-number"),
            (r#"{"click-to-call-number":"x"}"#, "click-to-call-number"),
            (r#"{"deal-extra-fields":true}"#, "deal-field-codes"),
            (r#"{"deal-success-groups":["a","b"],"deal-failed-groups":["b"]}"#, "deal-failed-groups"),
            (r#"{"deal-failed-groups":[]}"#, "deal-failed-groups"),
            (r#"{"deal-history-from":"31.01.2026"}"#, "deal-history-from"),
            (r#"{"deal-default-funnel":"yes"}"#, "deal-default-funnel"),
        ] {
            let problems = prepare(json, None).expect_err("invalid");
            assert_eq!(problems.iter().map(|problem| problem.setting.as_str()).collect::<Vec<_>>(), [setting], "{json}");
        }
        let prepared = prepare(r#"{"filter-by-virtual-numbers":true,"virtual-numbers":["8 (495) 111-22-33"]}"#, None).expect("valid");
        let settings = Settings::decode(&prepared).expect("readable");
        assert_eq!(settings.virtual_numbers, ["74951112233"]);
    }
}
