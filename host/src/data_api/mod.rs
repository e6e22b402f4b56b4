//! Rows of the Data API, with its field names. What this library does not know of a row is kept as it came, so that it can be written again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bindings::uis::integration::directory;

/// A row of `get.employees`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Employee {
    /// Id.
    pub id: i64,
    /// Last name.
    pub last_name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Patronymic.
    pub patronymic: Option<String>,
    /// As UIS shows it.
    pub full_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// `available`, `break`, …
    pub status: Option<String>,
    /// Phones in order of priority.
    pub phone_numbers: Vec<EmployeePhone>,
    /// The short number.
    pub extension: Option<Extension>,
    /// Ours: SIP lines.
    pub sip_lines: Vec<SipLine>,
    /// Everything else of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A phone of an employee.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmployeePhone {
    /// The number.
    pub phone_number: String,
    /// `active` or `inactive`; absent means active.
    pub status: Option<String>,
    /// Everything else of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The short number, as the Data API nests it or as plain text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extension {
    /// The Data API's object.
    Object(ExtensionObject),
    /// Just the number.
    Text(String),
    /// Just the number, unquoted.
    Number(i64),
}

/// The Data API's object for a short number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtensionObject {
    /// At most 5 digits.
    pub extension_phone_number: Option<String>,
    /// Everything else of the object.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Ours: a SIP line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SipLine {
    /// The number customers see.
    pub virtual_phone_number: Option<String>,
    /// A device is registered now.
    pub registered: bool,
}

/// A row of `get.virtual_numbers`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualNumber {
    /// Id.
    pub id: i64,
    /// The number.
    pub virtual_phone_number: String,
    /// Its name.
    pub name: Option<String>,
    /// `active` and others; absent means active.
    pub status: Option<String>,
    /// Everything else of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A row of `get.chat_channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatChannel {
    /// Id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `comagic`, `telegram`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `active` and others; absent means active.
    pub status: Option<String>,
    /// Everything else of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn is_active(status: Option<&str>) -> bool {
    status.is_none_or(|status| status == "active")
}

impl Employee {
    /// As UIS shows the name: the row's own, else put together.
    pub fn shown_name(&self) -> String {
        if let Some(name) = self.full_name.as_deref().filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        let parts = [&self.last_name, &self.first_name, &self.patronymic];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }

    /// The short number.
    pub fn extension_number(&self) -> Option<String> {
        let number = match self.extension.as_ref()? {
            Extension::Object(object) => object.extension_phone_number.clone()?,
            Extension::Text(text) => text.clone(),
            Extension::Number(number) => number.to_string(),
        };
        (!number.is_empty()).then_some(number)
    }

    /// As the contract gives it.
    pub fn to_contract(&self) -> directory::Employee {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        directory::Employee {
            id: self.id,
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            patronymic: text(&self.patronymic),
            full_name: self.shown_name(),
            email: self.email.clone().filter(|email| !email.is_empty()),
            extension: self.extension_number(),
            phones: self
                .phone_numbers
                .iter()
                .map(|phone| directory::EmployeePhone { number: phone.phone_number.clone(), active: is_active(phone.status.as_deref()) })
                .collect(),
            status: self.status.clone().unwrap_or_else(|| "available".into()),
        }
    }

    /// Overwrites the fields that are given.
    pub fn write(&mut self, fields: &directory::EmployeeFields) {
        let set = |place: &mut Option<String>, value: &Option<String>| {
            if value.is_some() {
                place.clone_from(value);
            }
        };
        set(&mut self.last_name, &fields.last_name);
        set(&mut self.first_name, &fields.first_name);
        set(&mut self.patronymic, &fields.patronymic);
        set(&mut self.email, &fields.email);
        set(&mut self.status, &fields.status);
        self.full_name = None;
        self.full_name = Some(self.shown_name());
    }
}

impl VirtualNumber {
    /// As the contract gives it.
    pub fn to_contract(&self) -> directory::VirtualNumber {
        directory::VirtualNumber {
            id: self.id,
            number: self.virtual_phone_number.clone(),
            name: self.name.clone().unwrap_or_default(),
            active: is_active(self.status.as_deref()),
        }
    }
}

impl ChatChannel {
    /// As the contract gives it.
    pub fn to_contract(&self) -> directory::ChatChannel {
        directory::ChatChannel { id: self.id, name: self.name.clone(), kind: self.kind.clone(), active: is_active(self.status.as_deref()) }
    }
}
