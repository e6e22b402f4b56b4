//! `/credentials`, `/api-versions`, `/system-info`, `/settings`.

use serde_json::json;

use super::ENDPOINTS;
use crate::context::Context;
use crate::wire::{ApiResult, Success};

/// What the key may do.
pub fn credentials(context: &mut Context<'_>) -> ApiResult {
    let key = context.state.key(context.key());
    let scopes = key.map(|key| key.scopes.clone()).unwrap_or_default();
    let access = if key.is_some_and(|key| !key.sites.is_empty()) { "access_selective" } else { "access_full" };
    let allowed = |scope: Option<&str>| scope.is_none_or(|scope| scopes.iter().any(|known| known == scope));
    // The list of methods is deprecated in favour of `scopes`. It names them without the version.
    let methods: Vec<String> = ENDPOINTS
        .iter()
        .filter(|endpoint| endpoint.path.starts_with("/api/v5/") && allowed(endpoint.scope))
        .map(|endpoint| endpoint.path.replacen("/api/v5/", "/api/", 1))
        .collect();
    Success::ok(json!({"credentials": methods, "scopes": scopes, "siteAccess": access, "sitesAvailable": context.sites}))
}

/// Versions of the API.
pub fn api_versions(_: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"versions": ["3.0", "4.0", "5.0"]}))
}

/// The system.
pub fn system_info(context: &mut Context<'_>) -> ApiResult {
    let account = &context.state.account;
    let (public, technical) = (account.url(), account.technical_url.clone().unwrap_or_else(|| account.url()));
    Success::ok(json!({"systemVersion": "8.1.51", "publicUrl": public, "technicalUrl": technical}))
}

/// The account's settings.
pub fn settings(context: &mut Context<'_>) -> ApiResult {
    Success::ok(json!({"settings": context.state.account.settings()}))
}
