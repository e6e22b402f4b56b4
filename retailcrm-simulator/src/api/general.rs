//! `/credentials`, `/api-versions`, `/system-info`, `/settings`.

use serde_json::{Value, json};

use super::Context;
use crate::wire::{ApiResult, Success};

/// What the key may do.
pub fn credentials(context: &mut Context<'_>) -> ApiResult {
    let account = &context.state.account;
    let sites: Vec<&Value> = account.sites.iter().filter_map(|site| site.get("code")).collect();
    // `credentials`, the list of methods, is deprecated in favour of `scopes`.
    Success::ok(json!({"credentials": [], "scopes": account.scopes, "siteAccess": "access_full", "sitesAvailable": sites}))
}

/// Versions of the API.
pub fn api_versions(_: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"versions": ["3.0", "4.0", "5.0"]}))
}

/// The system.
pub fn system_info(context: &mut Context<'_>) -> ApiResult {
    let url = &context.state.account.public_url;
    Success::ok(json!({"systemVersion": "8.1.51", "publicUrl": url, "technicalUrl": url}))
}

/// The account's settings.
pub fn settings(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"settings": context.state.account.settings()}))
}
