//! `/settings` and `/reference/*`: what the account is set to, and its order statuses.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ask, CrmError, answer};

/// Asks for the settings.
pub fn ask_settings() -> Ask {
    Ask::get("/api/v5/settings")
}

/// The IANA zone of the account's date-times.
pub fn timezone(settings: &Value) -> Option<String> {
    Some(answer::text(&settings["settings"]["timezone"]["value"])).filter(|zone| !zone.is_empty())
}

/// Asks for the shops.
pub fn ask_sites() -> Ask {
    Ask::get("/api/v5/reference/sites")
}

/// A shop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Its code.
    pub code: String,
    /// Where it is on the web, as somebody typed it; may be empty.
    pub url: String,
}

/// The shops that the key sees, the main one first.
pub fn sites(answer: &Value) -> Result<Vec<Site>, CrmError> {
    let mut sites = answer::members(answer, "sites")?;
    sites.sort_by_key(|site| (site["defaultForCrm"] != Value::Bool(true), answer::id(&site["id"])));
    let sites = sites.into_iter().map(|site| Site { code: answer::text(&site["code"]), url: answer::text(&site["url"]) });
    Ok(sites.filter(|site| !site.code.is_empty()).collect())
}

/// An order status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Code.
    pub code: String,
    /// Title.
    pub name: String,
    /// Code of its group: `complete` and `cancel` are ends.
    pub group: String,
}

/// Asks for the statuses.
pub fn ask_statuses() -> Ask {
    Ask::get("/api/v5/reference/statuses")
}

/// All statuses, by code.
pub fn statuses(answer: &Value) -> Result<Vec<Status>, CrmError> {
    let text = |status: &Value, name: &str| answer::text(&status[name]);
    let read = |status: &Value| Status { code: text(status, "code"), name: text(status, "name"), group: text(status, "group") };
    let mut statuses: Vec<Status> = answer::members(answer, "statuses")?.into_iter().map(read).collect();
    statuses.sort_by(|left, right| left.code.cmp(&right.code));
    Ok(statuses)
}
