//! The settings chosen by the account's owner. The settings page is built from the [`schema`]; [`Settings`] has the same settings as Rust
//! types. [`prepare`] migrates the saved settings, checks them, refuses unknown ones, and converts them.
//!
//! | file | section of the settings page |
//! |---|---|
//! | [`employees`] | «Синхронизация сотрудников» |
//! | [`telephony`] | «Телефония» |
//! | [`texts`] | «Текстовые коммуникации» |
//! | [`common`] | types of both |
//! | [`conditions`] | the condition language of filters and of «Ответственные» |
//! | [`schema`] | the JSON Schema: titles, sections, tabs |
//! | `check` | combinations of settings that are refused |
//! | `mend` | values that older versions accepted and that cannot work |
//! | `migration` | settings of older versions |

mod check;
pub mod common;
pub mod conditions;
pub mod employees;
mod mend;
mod migration;
mod prepared;
pub mod schema;
pub mod telephony;
pub mod texts;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bindings::uis::integration::types::{Failure, Misconfiguration};
use crate::platform::Phones;
use crate::retailcrm::custom_fields::Entity;
pub use common::{ExtraFieldRow, Repeat};
use employees::{EmployeePair, Matching};
pub use mend::day_to_load_from;
use telephony::{CallSettings, Hours, OrderAssignee, ShopNumber};
use texts::{SiteDomain, TextSettings};

/// The prefixes of plugin versions whose settings can be read: all versions so far. `None` means new settings.
const READABLE: [&str; 2] = ["0.1.", "0.2."];

/// «Страна номеров» unless another one is chosen.
pub const DEFAULT_COUNTRY: &str = "RU";

/// The longest wait for a recording, in minutes: a day.
const RECORDING_WAIT_MAX: u64 = 1440;

/// The longest time for a task, in hours: a year.
const DUE_HOURS_MAX: u32 = 8760;

/// The checked settings, as every event gets them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// «Синхронизация сотрудников»: the section's switch.
    pub employee_synchronisation: bool,
    /// «Варианты сопоставления сотрудников».
    pub employee_matching: Matching,
    /// «Синхронизировать всех сотрудников».
    pub synchronise_all_users: bool,
    /// «Сотрудники для синхронизации»: users of RetailCRM for whom UIS employees are created.
    pub synchronised_users: Vec<i64>,
    /// «Соответствие»: the table of [`Matching::Table`].
    pub employee_table: Vec<EmployeePair>,
    /// «Страна номеров»: two letters of ISO 3166-1. Phones that people type are read by its numbering plan.
    pub phone_country: String,
    /// «Телефония»: the section's switch.
    pub telephony: bool,
    /// «Синхронизировать статусы сотрудников из RetailCRM».
    pub import_user_statuses: bool,
    /// «Ответственный по умолчанию»: a CRM user.
    #[serde(rename = "default-responsible")]
    pub default_assignee: Option<i64>,
    /// «Фильтровать по виртуальным номерам».
    pub filter_by_virtual_numbers: bool,
    /// The numbers whose calls are handled when the filter is on: digits as UIS gives them.
    pub virtual_numbers: Vec<String>,
    /// «Фильтровать звонки».
    pub filter_calls: bool,
    /// «Входящие звонки»: settings whose names begin with `incoming-`.
    pub incoming: CallSettings,
    /// «Исходящие звонки»: settings whose names begin with `outgoing-`.
    pub outgoing: CallSettings,
    /// «По рабочему времени».
    pub missed_call_task_hours: Hours,
    /// «Не создавать вторую задачу, пока открыта первая».
    pub missed_call_task_once: bool,
    /// «Закрывать задачу успешным звонком».
    pub missed_call_task_close: bool,
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
    /// «Основной магазин» of calls: a code; none: RetailCRM's main shop.
    pub main_shop: Option<String>,
    /// «Магазины» («Внешние номера магазинов»).
    pub shop_numbers: Vec<ShopNumber>,
    /// «Номер для звонка по клику», as it was chosen or typed.
    pub click_to_call_number: Option<String>,
    /// «Всегда отображать номер» («Переопределять АОН для исходящих звонков»).
    pub override_caller_id: bool,
    /// «Ожидание записи разговора»: how many minutes an answered call waits for its recording before it is stored without one.
    pub recording_wait: u64,
    /// «Текстовые коммуникации»: the section's switch.
    pub texts: bool,
    /// «Ответственный по умолчанию» of text communications.
    #[serde(rename = "text-default-responsible")]
    pub text_default_assignee: Option<i64>,
    /// «Фильтровать заявки».
    pub filter_requests: bool,
    /// «Фильтровать чаты».
    pub filter_chats: bool,
    /// «Основной магазин» of texts: a code; none: RetailCRM's main shop.
    pub text_main_shop: Option<String>,
    /// «Магазины» of texts («Сопоставление сайтов с магазинами»).
    pub site_domains: Vec<SiteDomain>,
    /// «Объединять клиентов».
    pub join_customers: bool,
    /// «Передача сделок»: the section's switch.
    pub deals: bool,
    /// «Воронка по умолчанию» («Дефолтная воронка»).
    pub deal_default_funnel: bool,
    /// «Учитывать стоимость доставки».
    pub deal_delivery_cost: bool,
    /// «Передавать дополнительные поля» of deals.
    pub deal_extra_fields: bool,
    /// «Список дополнительных полей»: the codes of the orders' fields.
    pub deal_field_codes: Vec<String>,
    /// «Группы статусов успешных сделок»: codes.
    pub deal_success_groups: Vec<String>,
    /// «Группы статусов неуспешных сделок»: codes.
    pub deal_failed_groups: Vec<String>,
    /// «Загрузить сделки с даты», `Y-m-d`.
    pub deal_history_from: Option<String>,
    /// «Заявки»: settings whose names begin with `request-`.
    pub requests: TextSettings,
    /// «Чаты»: settings whose names begin with `chat-`.
    pub chats: TextSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            employee_synchronisation: true,
            employee_matching: Matching::Synchronisation,
            synchronise_all_users: false,
            synchronised_users: Vec::new(),
            employee_table: Vec::new(),
            phone_country: DEFAULT_COUNTRY.to_owned(),
            telephony: true,
            import_user_statuses: false,
            default_assignee: None,
            filter_by_virtual_numbers: false,
            virtual_numbers: Vec::new(),
            filter_calls: false,
            incoming: CallSettings::incoming(),
            outgoing: CallSettings::outgoing(),
            missed_call_task_hours: Hours::Any,
            missed_call_task_once: true,
            missed_call_task_close: false,
            call_order_after_hours: 24,
            call_order_type: None,
            call_order_method: None,
            call_order_status: None,
            call_order_assignee: OrderAssignee::default(),
            call_order_user: None,
            call_order_comment: "Звонок {{contact_phone_number}} на {{virtual_phone_number}}, {{start_time}}".to_owned(),
            forward_to_manager: false,
            extra_fields: false,
            extra_field_rows: Vec::new(),
            main_shop: None,
            shop_numbers: Vec::new(),
            click_to_call_number: None,
            override_caller_id: false,
            recording_wait: 10,
            texts: true,
            text_default_assignee: None,
            filter_requests: false,
            filter_chats: false,
            text_main_shop: None,
            site_domains: Vec::new(),
            join_customers: true,
            deals: false,
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
    /// Settings from the bytes that [`prepare`] made, perhaps in an older version: without the values that cannot work.
    pub fn decode(prepared: &[u8]) -> Result<Settings, Failure> {
        let mut settings = prepared::decode(prepared)?;
        mend::mend(&mut settings);
        Ok(settings)
    }

    /// The values that cannot work in the bytes that an older version prepared, and what to do.
    pub fn unusable(prepared: &[u8]) -> Result<Vec<Misconfiguration>, Failure> {
        Ok(mend::mend(&mut prepared::decode(prepared)?).into_iter().map(with_title).collect())
    }

    /// The assignee of what requests and chats create when no other is known: «Ответственный по умолчанию» of text communications, else that of
    /// calls.
    pub fn default_of_texts(&self) -> Option<i64> {
        self.text_default_assignee.or(self.default_assignee)
    }

    /// Whether site requests are handled.
    pub fn handles_requests(&self) -> bool {
        self.texts && self.requests.send
    }

    /// Whether chats are handled.
    pub fn handles_chats(&self) -> bool {
        self.texts && self.chats.send
    }

    /// Whether the settings need an entity's custom fields.
    pub fn needs_fields_of(&self, entity: Entity) -> bool {
        let texts = [&self.requests, &self.chats].into_iter().any(|block| self.texts && block.send && !block.rows(entity).is_empty());
        let deals = entity == Entity::Order && self.deals && !self.deal_fields().is_empty();
        let calls = self.telephony && !self.field_rows(entity).is_empty();
        texts || deals || calls
    }

    /// The codes of the orders' custom fields for deals; empty if they are off.
    pub fn deal_fields(&self) -> &[String] {
        if self.deal_extra_fields { &self.deal_field_codes } else { &[] }
    }

    /// The rows of «Передавать дополнительные поля» of calls for an entity's fields; empty if it is off.
    pub fn field_rows(&self, entity: Entity) -> Vec<ExtraFieldRow> {
        if self.extra_fields { common::rows_of(&self.extra_field_rows, entity) } else { Vec::new() }
    }

    /// [`Settings::recording_wait`] in milliseconds.
    pub fn recording_wait_ms(&self) -> i64 {
        i64::try_from(self.recording_wait.min(RECORDING_WAIT_MAX) * 60_000).unwrap_or(i64::MAX)
    }
}

/// Settings that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The bytes that [`Settings::decode`] reads.
    pub bytes: Vec<u8>,
    /// What was migrated from an older version, and what the owner should know though it does no harm.
    pub notes: Vec<Misconfiguration>,
}

/// Migrates and checks settings. All problems are reported, each under its setting's name. `phones` reads the numbers in them.
pub fn prepare(phones: &dyn Phones, json: &str, from_version: Option<&str>) -> Result<Prepared, Vec<Misconfiguration>> {
    if let Some(version) = from_version.filter(|version| !READABLE.iter().any(|prefix| version.starts_with(prefix))) {
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
    let (given, mut problems, mut notes) = migration::migrate(given, from_version);
    let (readable, unreadable) = readable(given);
    // A setting that cannot be read has its default below, about which nothing needs to be said.
    let is_unread: Vec<String> = unreadable.iter().map(|one| one.setting.clone()).collect();
    let is_read = |one: &Misconfiguration| !is_unread.contains(&one.setting);
    problems.extend(unreadable);
    let mut settings = Settings::deserialize(nested(readable)).map_err(|error| vec![problem("", error.to_string())])?;
    mend::tidy(&mut settings);
    let checked = check::check(&mut settings, phones);
    problems.extend(checked.problems.into_iter().filter(is_read));
    notes.extend(checked.notes.into_iter().filter(is_read));
    let unusable = mend::mend(&mut settings);
    if from_version.is_some_and(|version| version.starts_with("0.1.")) {
        // That version accepted them, and its settings stay in use.
        let without = |one: Misconfiguration| problem(&one.setting, format!("{}. Until then it is not used", one.message));
        notes.extend(unusable.into_iter().map(without).map(with_title));
    } else {
        problems.extend(unusable);
    }
    if !problems.is_empty() {
        return Err(problems.into_iter().map(with_title).collect());
    }
    let bytes = prepared::encode(&settings).map_err(|error| vec![problem("", error)])?;
    Ok(Prepared { bytes, notes })
}

/// Separates the settings that can be read from those that cannot; each is read on its own, so that a problem is reported under its name.
fn readable(given: Map<String, Value>) -> (Map<String, Value>, Vec<Misconfiguration>) {
    let properties = schema::properties();
    let (mut readable, mut problems) = (Map::new(), Vec::new());
    for (name, value) in given {
        match properties.get(&name) {
            // The settings page may send back read-only settings that it showed.
            Some(property) if property["readOnly"] == true => {}
            Some(property) => match schema::not_listed(property, &value) {
                Some(message) => problems.push(problem(&name, message)),
                None => match Settings::deserialize(nested([(name.clone(), value.clone())])) {
                    Ok(_) => drop(readable.insert(name, value)),
                    Err(error) => {
                        let wanted = || schema::expected(property).unwrap_or_else(|| error.to_string());
                        let message =
                            schema::half_filled(property, &value).unwrap_or_else(|| format!("{value} cannot be used: {}", wanted()));
                        problems.push(problem(&name, message));
                    }
                },
            },
            None => problems.push(problem(&name, no_such_setting(&name))),
        }
    }
    (readable, problems)
}

/// How alike a misspelt name and a setting's name must be for the setting to be meant, from 0 to 1.
const ALIKE: f64 = 0.7;

/// The message about a name that no setting has: the setting that it probably means, or else all of them.
fn no_such_setting(written: &str) -> String {
    let names = schema::names(false);
    // However long the name is that somebody sent: comparing takes its length times that of each setting's name.
    let compared = if written.len() <= 100 { names.as_slice() } else { &[] };
    let scored = compared.iter().map(|name| (strsim::normalized_levenshtein(written, name), name));
    match scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, meant)) => format!("there is no such setting; did you mean \"{meant}\"?"),
        None => format!("there is no such setting; there are: {}", names.join(", ")),
    }
}

/// A block of settings: the prefix of the settings' names, the field in [`Settings`], the defaults as JSON.
type Block = (&'static str, &'static str, fn() -> Value);

/// The blocks.
const BLOCKS: [Block; 4] = [
    ("incoming-", "incoming", || serde_json::to_value(CallSettings::incoming()).unwrap_or_default()),
    ("outgoing-", "outgoing", || serde_json::to_value(CallSettings::outgoing()).unwrap_or_default()),
    ("request-", "requests", || serde_json::to_value(TextSettings::requests()).unwrap_or_default()),
    ("chat-", "chats", || serde_json::to_value(TextSettings::chats()).unwrap_or_default()),
];

/// Converts saved settings, each under its own name, to the form of [`Settings`]: settings of a block become fields of the block.
fn nested(saved: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut whole = Map::new();
    for (_, block, defaults) in BLOCKS {
        whole.insert(block.to_owned(), defaults());
    }
    for (name, value) in saved {
        match BLOCKS.iter().find_map(|(prefix, block, _)| Some((name.strip_prefix(prefix)?, block))) {
            Some((member, block)) => whole[*block][member] = value,
            None => drop(whole.insert(name, value)),
        }
    }
    Value::Object(whole)
}

/// The same problem with the setting's title, as the settings page shows it.
fn with_title(one: Misconfiguration) -> Misconfiguration {
    match schema::properties().get(&one.setting).and_then(|property| property["title"].as_str()) {
        Some(title) => problem(&one.setting, format!("«{title}»: {}", one.message)),
        None => one,
    }
}

fn problem(setting: &str, message: String) -> Misconfiguration {
    Misconfiguration { setting: setting.to_owned(), message }
}

#[cfg(test)]
mod tests;
