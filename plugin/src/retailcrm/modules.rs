//! `/integration-modules`: how the integration stands in the account's marketplace page.

use serde::Serialize;
use serde_json::json;

use super::{Ask, Crm, CrmError};

/// The module's code; RetailCRM wants it to begin with `integrationCode`, so both are one.
pub const CODE: &str = "uis";

/// The extension of a manager.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalCode {
    /// The CRM user.
    pub user_id: i64,
    /// His extension in UIS.
    pub code: String,
}

/// A shop's number.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPhone {
    /// The shop.
    pub site_code: String,
    /// Its number.
    pub external_phone: String,
}

/// What the module is registered with. RetailCRM replaces lists wholesale, so they are always whole.
#[derive(Debug)]
pub struct Module {
    /// Whether the integration is on.
    pub active: bool,
    /// What callbacks' paths are relative to.
    pub base_url: String,
    /// An SVG.
    pub logo: String,
    /// Comes back in callbacks.
    pub client_id: String,
    /// All extensions.
    pub additional_codes: Vec<AdditionalCode>,
    /// Where a clicked number goes, relative to `base_url`.
    pub make_call_url: String,
    /// Where a manager's status goes, relative to `base_url`.
    pub change_user_status_url: String,
    /// All numbers of shops.
    pub external_phones: Vec<ExternalPhone>,
}

/// Creates or changes the module.
pub fn register(crm: Crm<'_>, module: &Module) -> Result<(), CrmError> {
    let value = json!({
        "code": CODE,
        "integrationCode": CODE,
        "active": module.active,
        "name": "UIS",
        "logo": module.logo,
        "clientId": module.client_id,
        "baseUrl": module.base_url,
        "actions": {"activity": "/activity", "settings": "/settings"},
        "integrations": {"telephony": {
            "allowEdit": false,
            "makeCallUrl": module.make_call_url,
            "changeUserStatusUrl": module.change_user_status_url,
            "inputEventSupported": true,
            "outputEventSupported": true,
            "hangupEventSupported": true,
            "additionalCodes": module.additional_codes,
            "externalPhones": module.external_phones,
        }},
    });
    crm.ask(Ask::post(format!("/api/v5/integration-modules/{CODE}/edit")).json("integrationModule", &value))?;
    Ok(())
}
