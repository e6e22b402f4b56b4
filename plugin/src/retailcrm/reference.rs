//! `/settings` and `/reference/*`: what the account is set to, and its order statuses.

use serde::{Deserialize, Serialize};

use super::{Ask, answer};

/// `GET /settings`.
#[derive(Debug, Default, Deserialize)]
pub struct SettingsAnswer {
    #[serde(default)]
    settings: Settings,
}

#[derive(Debug, Default, Deserialize)]
struct Settings {
    #[serde(default)]
    timezone: Option<Setting>,
}

#[derive(Debug, Deserialize)]
struct Setting {
    #[serde(default, deserialize_with = "answer::text")]
    value: String,
}

impl SettingsAnswer {
    /// The IANA zone of the account's date-times.
    pub fn timezone(self) -> Option<String> {
        self.settings.timezone.map(|setting| setting.value).filter(|zone| !zone.is_empty())
    }
}

/// Asks for the settings.
pub fn ask_settings() -> Ask {
    Ask::get("/api/v5/settings")
}

/// An order status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Code.
    #[serde(deserialize_with = "answer::text")]
    pub code: String,
    /// Title.
    #[serde(deserialize_with = "answer::text")]
    pub name: String,
    /// Code of its group: `complete` and `cancel` are ends.
    #[serde(deserialize_with = "answer::text")]
    pub group: String,
}

/// `GET /reference/statuses`.
#[derive(Debug, Default, Deserialize)]
pub struct Statuses {
    /// All of them.
    #[serde(default, deserialize_with = "answer::map_or_list")]
    pub statuses: Vec<Status>,
}

/// Asks for the statuses.
pub fn ask_statuses() -> Ask {
    Ask::get("/api/v5/reference/statuses")
}
