//! Rows of UIS's Data API, with its field names. Fields that this library does not use are kept in `rest`, so that a row can be written
//! back whole.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bindings::uis::integration::directory;

/// A row of `get.employees`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Employee {
    /// The employee's id.
    pub id: i64,
    /// Last name.
    pub last_name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Patronymic.
    pub patronymic: Option<String>,
    /// The full name as UIS displays it.
    pub full_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// `available`, `break`, …
    pub status: Option<String>,
    /// Phones, highest priority first.
    pub phone_numbers: Vec<EmployeePhone>,
    /// The extension (short number).
    pub extension: Option<Extension>,
    /// SIP lines; not a field of the Data API, but our addition to recordings.
    pub sip_lines: Vec<SipLine>,
    /// Licences, `vats` and `omni`; not a field of the Data API, but our addition to recordings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licences: Option<Vec<String>>,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A phone of an employee.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmployeePhone {
    /// The phone number, digits only.
    pub phone_number: String,
    /// `active` or `inactive`; absent means active.
    pub status: Option<String>,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An extension (short number): the Data API gives an object; recordings may also give text or a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extension {
    /// The Data API's object.
    Object(ExtensionObject),
    /// The number as text.
    Text(String),
    /// The number as a JSON number.
    Number(i64),
}

/// The Data API's object for an extension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtensionObject {
    /// At most 5 digits.
    pub extension_phone_number: Option<String>,
    /// All other fields of the object.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A SIP line of an employee; our addition to recordings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SipLine {
    /// The virtual number that calls over the line show to customers.
    pub virtual_phone_number: Option<String>,
    /// Whether a device is registered on the line.
    pub registered: bool,
    /// How UIS chooses the number that customers see: `fixed`, `random`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_phone_usage_rule: Option<String>,
}

/// A row of `get.virtual_numbers`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualNumber {
    /// The virtual number's id.
    pub id: i64,
    /// The phone number, digits only.
    pub virtual_phone_number: String,
    /// The number's name.
    pub name: Option<String>,
    /// `active` and others; absent means active.
    pub status: Option<String>,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A row of `get.chat_channels`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatChannel {
    /// The channel's id.
    pub id: i64,
    /// The channel's name.
    pub name: String,
    /// `comagic`, `telegram`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// `active` and others; absent means active.
    pub status: Option<String>,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A site. The Data API names sites within other rows, by the second name of each field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// The site's id.
    #[serde(alias = "site_id")]
    pub id: i64,
    /// The host, or host and path.
    #[serde(alias = "site_domain_name", alias = "domain")]
    pub domain_name: String,
    /// The site's name.
    pub name: Option<String>,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A row of `get.tags`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// The tag's id.
    #[serde(alias = "tag_id")]
    pub id: i64,
    /// The tag's name.
    #[serde(alias = "tag_name")]
    pub name: String,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A call scenario, as a row of `get.virtual_numbers` has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scenario {
    /// The scenario's id.
    #[serde(alias = "scenario_id")]
    pub id: i64,
    /// The scenario's name.
    #[serde(alias = "scenario_name")]
    pub name: String,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An advertising campaign, as a row of `get.virtual_numbers` has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Campaign {
    /// The campaign's id.
    #[serde(alias = "campaign_id")]
    pub id: i64,
    /// The campaign's name.
    #[serde(alias = "campaign_name")]
    pub name: String,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A source of visits, as a row of a report has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// The source's id.
    #[serde(alias = "source_id")]
    pub id: Option<i64>,
    /// The source's name.
    #[serde(alias = "source_name")]
    pub name: String,
    /// All other fields of the row.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn is_active(status: Option<&str>) -> bool {
    status.is_none_or(|status| status == "active")
}

impl Employee {
    /// The full name: `full_name`, or else last name, first name and patronymic.
    pub fn shown_name(&self) -> String {
        if let Some(name) = self.full_name.as_deref().filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        let parts = [&self.last_name, &self.first_name, &self.patronymic];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }

    /// The extension as text; none when it is empty.
    pub fn extension_number(&self) -> Option<String> {
        let number = match self.extension.as_ref()? {
            Extension::Object(object) => object.extension_phone_number.clone()?,
            Extension::Text(text) => text.clone(),
            Extension::Number(number) => number.to_string(),
        };
        (!number.is_empty()).then_some(number)
    }

    /// Converts the row to the contract's `employee`.
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
            licences: self.licences.clone(),
        }
    }

    /// Overwrites the fields that are given, and derives `full_name` from them.
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
    /// Converts the row to the contract's `virtual-number`.
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
    /// Converts the row to the contract's `chat-channel`.
    pub fn to_contract(&self) -> directory::ChatChannel {
        directory::ChatChannel { id: self.id, name: self.name.clone(), kind: self.kind.clone(), active: is_active(self.status.as_deref()) }
    }
}

impl Site {
    /// Converts the row to the contract's `site`.
    pub fn to_contract(&self) -> directory::Site {
        let name = self.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| self.domain_name.clone());
        directory::Site { id: self.id, domain: self.domain_name.clone(), name }
    }
}

impl Tag {
    /// Converts the row to the contract's `directory-tag`.
    pub fn to_contract(&self) -> directory::DirectoryTag {
        directory::DirectoryTag { id: self.id, name: self.name.clone() }
    }
}

impl Scenario {
    /// Converts the row to the contract's `scenario`.
    pub fn to_contract(&self) -> directory::Scenario {
        directory::Scenario { id: self.id, name: self.name.clone() }
    }
}

impl Campaign {
    /// Converts the row to the contract's `campaign`.
    pub fn to_contract(&self) -> directory::Campaign {
        directory::Campaign { id: self.id, name: self.name.clone() }
    }
}

impl Source {
    /// Converts the row to the contract's `source`.
    pub fn to_contract(&self) -> directory::Source {
        directory::Source { id: self.id, name: self.name.clone() }
    }
}
