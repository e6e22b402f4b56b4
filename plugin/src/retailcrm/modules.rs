//! `/integration-modules`: how the integration stands in the account's marketplace page.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiRequest, Crm, CrmError, Refusal, answer};

/// The integration's code in RetailCRM; the module's own begins with it.
pub const CODE: &str = "uis";

/// Of several integrations of one RetailCRM account each has a module of its own; at most so many are looked for.
const CODES_MAX: u32 = 20;

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
    /// Its own code: [`CODE`], or with a number when other integrations of the account have theirs.
    pub code: String,
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
    /// `embedJs`: pages and places in RetailCRM's own; null: none.
    pub embed: Value,
    /// It may have some from before.
    pub embedded: bool,
}

/// The code of our module: the one whose callbacks reach us already, else the first that nobody has.
pub fn code(crm: Crm<'_>, base_url: &str) -> Result<String, CrmError> {
    for number in 1..=CODES_MAX {
        let code = if number == 1 { CODE.to_owned() } else { format!("{CODE}-{number}") };
        match crm.send(ApiRequest::get(format!("/api/v5/integration-modules/{code}"))) {
            Ok(found) if answer::text(&found["integrationModule"]["baseUrl"]).trim_end_matches('/') != base_url => {}
            Ok(_) | Err(CrmError::Refused { why: Refusal::NotFound, .. }) => return Ok(code),
            Err(error) => return Err(error),
        }
    }
    Err(CrmError::Denied(format!("{CODES_MAX} integrations of this RetailCRM account are registered already; take some out of use")))
}

/// Creates or changes the module.
pub fn register(crm: Crm<'_>, module: &Module) -> Result<(), CrmError> {
    let mut integrations = json!({"telephony": {
        "allowEdit": false,
        "makeCallUrl": module.make_call_url,
        "changeUserStatusUrl": module.change_user_status_url,
        "inputEventSupported": true,
        "outputEventSupported": true,
        "hangupEventSupported": true,
        "additionalCodes": module.additional_codes,
        "externalPhones": module.external_phones,
    }});
    // Null takes out what was there before [inferred]; a module that never had any is not told of it.
    if !module.embed.is_null() || module.embedded {
        integrations["embedJs"] = module.embed.clone();
    }
    let value = json!({
        "code": module.code,
        "integrationCode": CODE,
        "active": module.active,
        "name": "UIS",
        "logo": module.logo,
        "clientId": module.client_id,
        "baseUrl": module.base_url,
        "actions": {"activity": "/activity", "settings": "/settings"},
        "integrations": integrations,
    });
    crm.send(ApiRequest::post(format!("/api/v5/integration-modules/{}/edit", module.code)).json("integrationModule", &value))?;
    Ok(())
}
