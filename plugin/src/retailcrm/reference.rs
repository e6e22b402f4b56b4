//! `/settings` and `/reference/*`: the account's settings, shops and order statuses.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApiRequest, CrmError, answer};

/// Requests the settings.
pub fn settings_request() -> ApiRequest {
    ApiRequest::get("/api/v5/settings")
}

/// The account's time zone, an IANA name.
pub fn timezone(settings: &Value) -> Option<String> {
    Some(answer::text(&settings["settings"]["timezone"]["value"])).filter(|zone| !zone.is_empty())
}

/// Requests the shops.
pub fn sites_request() -> ApiRequest {
    ApiRequest::get("/api/v5/reference/sites")
}

/// A shop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Its code.
    pub code: String,
    /// The address of its web site, as typed by an administrator; may be empty.
    pub url: String,
    /// Its title.
    pub name: String,
}

/// The shops that the key can see, the main one first.
pub fn sites(answer: &Value) -> Result<Vec<Site>, CrmError> {
    let mut sites = answer::members(answer, "sites")?;
    sites.sort_by_key(|site| (site["defaultForCrm"] != Value::Bool(true), answer::id(&site["id"])));
    let sites = sites.into_iter().map(|site| Site {
        code: answer::text(&site["code"]),
        url: answer::text(&site["url"]),
        name: answer::text(&site["name"]),
    });
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
    /// Code of its group: the groups `complete` and `cancel` are final.
    pub group: String,
    /// The status's position.
    pub ordering: i64,
    /// Whether the status is in use.
    pub active: bool,
}

/// A group of statuses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusGroup {
    /// Code.
    pub code: String,
    /// Title.
    pub name: String,
    /// The group's position.
    pub ordering: i64,
}

/// Requests the status groups.
pub fn status_groups_request() -> ApiRequest {
    ApiRequest::get("/api/v5/reference/status-groups")
}

/// All status groups, by position.
pub fn status_groups(answer: &Value) -> Result<Vec<StatusGroup>, CrmError> {
    let read = |group: &Value| StatusGroup {
        code: answer::text(&group["code"]),
        name: answer::text(&group["name"]),
        ordering: answer::id(&group["ordering"]).unwrap_or(i64::MAX),
    };
    let mut groups: Vec<StatusGroup> = answer::members(answer, "statusGroups")?.into_iter().map(read).collect();
    groups.sort_by(|left, right| (left.ordering, &left.code).cmp(&(right.ordering, &right.code)));
    Ok(groups)
}

/// Requests the statuses.
pub fn statuses_request() -> ApiRequest {
    ApiRequest::get("/api/v5/reference/statuses")
}

/// All statuses, sorted by code.
pub fn statuses(answer: &Value) -> Result<Vec<Status>, CrmError> {
    let text = |status: &Value, name: &str| answer::text(&status[name]);
    let read = |status: &Value| Status {
        code: text(status, "code"),
        name: text(status, "name"),
        group: text(status, "group"),
        ordering: answer::id(&status["ordering"]).unwrap_or(i64::MAX),
        active: status["active"] != Value::Bool(false),
    };
    let mut statuses: Vec<Status> = answer::members(answer, "statuses")?.into_iter().map(read).collect();
    statuses.sort_by(|left, right| left.code.cmp(&right.code));
    Ok(statuses)
}
