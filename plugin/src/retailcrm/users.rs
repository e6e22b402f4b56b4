//! `/users`: RetailCRM's users.

use serde_json::Value;

use super::{ApiRequest, Crm, CrmError, Members, answer};

/// The largest page.
pub const PAGE: u32 = 100;

/// A CRM user.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// Id.
    pub id: Option<i64>,
    /// E-mail.
    pub email: String,
    /// First name; may be empty.
    pub first_name: String,
    /// Last name; may be empty.
    pub last_name: String,
    /// Patronymic; may be empty.
    pub patronymic: String,
    /// Whether the user can log in.
    pub active: Option<bool>,
    /// Whether the user has RetailCRM open now.
    pub online: Option<bool>,
}

/// What [`page`] and [`full_name`] read.
const MEMBERS: Members = Members {
    named: &["users", "user", "pagination", "totalPageCount", "id", "email", "firstName", "lastName", "patronymic", "active", "online"],
    whole: &[],
};

/// Requests a page of users.
pub fn page_request(page: u32) -> ApiRequest {
    ApiRequest::get("/api/v5/users").with("limit", PAGE.to_string()).with("page", page.to_string()).reading(MEMBERS)
}

/// All users. `first` is the first page, already read.
pub fn all(crm: Crm<'_>, first: &Value) -> Result<Vec<User>, CrmError> {
    let mut users = page(first)?;
    for number in 2..=first["pagination"]["totalPageCount"].as_u64().unwrap_or(1) {
        users.extend(page(&crm.send(page_request(u32::try_from(number).unwrap_or(u32::MAX)))?)?);
    }
    Ok(users)
}

/// The users of one page.
pub fn page(answer: &Value) -> Result<Vec<User>, CrmError> {
    let user = |user: &Value| User {
        id: answer::id(&user["id"]),
        email: answer::text(&user["email"]),
        first_name: answer::text(&user["firstName"]),
        last_name: answer::text(&user["lastName"]),
        patronymic: answer::text(&user["patronymic"]),
        active: user["active"].as_bool(),
        online: user["online"].as_bool(),
    };
    Ok(answer::members(answer, "users")?.into_iter().map(user).collect())
}

/// A user's name, last name first; empty if there is none.
pub fn full_name(user: &Value) -> String {
    let parts = ["lastName", "firstName", "patronymic"].map(|name| answer::text(&user[name]));
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" ")
}
