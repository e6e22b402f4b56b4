//! Pages of lists.

use serde_json::{Value, json};

use super::{ApiError, Call};

/// A page of a list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// 20, 50 or 100.
    pub limit: usize,
    /// From 1.
    pub page: usize,
}

impl Page {
    /// `limit` and `page`, as RetailCRM allows them.
    pub fn of(call: &Call) -> Result<Page, ApiError> {
        let number = |name: &str, absent: usize| match call.text(name) {
            None => Ok(absent),
            Some(text) => text.parse().map_err(|_| ApiError::input(name, "This value is not valid.")),
        };
        let (limit, page) = (number("limit", 20)?, number("page", 1)?);
        if ![20, 50, 100].contains(&limit) {
            return Err(ApiError::input("limit", "The value you selected is not a valid choice."));
        }
        if page == 0 {
            return Err(ApiError::input("page", "This value should be 1 or more."));
        }
        Ok(Page { limit, page })
    }

    /// The page's part of a list, and `pagination`.
    pub fn cut<T>(self, all: Vec<T>) -> (Vec<T>, Value) {
        let total = all.len();
        let part = all.into_iter().skip((self.page - 1).saturating_mul(self.limit)).take(self.limit).collect();
        (part, self.pagination(total))
    }

    /// `pagination`.
    pub fn pagination(self, total: usize) -> Value {
        json!({"limit": self.limit, "totalCount": total, "currentPage": self.page, "totalPageCount": total.div_ceil(self.limit)})
    }
}
