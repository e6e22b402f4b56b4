//! `/users`: the CRM's users.

use serde::Deserialize;

use super::{Ask, Crm, CrmError, answer};

/// The most that a page may hold.
pub const PAGE: u32 = 100;

/// A CRM user.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User {
    /// Id.
    #[serde(deserialize_with = "answer::id")]
    pub id: Option<i64>,
    /// E-mail.
    #[serde(deserialize_with = "answer::text")]
    pub email: String,
    /// Can log in.
    pub active: Option<bool>,
}

/// A page of users.
#[derive(Debug, Deserialize)]
pub struct Users {
    #[serde(default, deserialize_with = "answer::map_or_list")]
    users: Vec<User>,
    #[serde(default)]
    pagination: Pagination,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Pagination {
    total_page_count: u32,
}

/// Asks for a page.
pub fn ask_page(page: u32) -> Ask {
    Ask::get("/api/v5/users").with("limit", PAGE.to_string()).with("page", page.to_string())
}

/// All users, the first page being here already.
pub fn all(crm: Crm<'_>, first: Users) -> Result<Vec<User>, CrmError> {
    let mut users = first.users;
    for page in 2..=first.pagination.total_page_count {
        let next: Users = crm.ask(ask_page(page))?;
        users.extend(next.users);
    }
    Ok(users)
}
