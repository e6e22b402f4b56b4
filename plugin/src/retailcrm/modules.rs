//! `/integration-modules`: the registration of the integration, shown on the account's marketplace page.

use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiRequest, Crm, CrmError, Refusal, answer};

/// The integration's code in RetailCRM; the module's own code starts with it.
pub const CODE: &str = "uis";

/// If several integrations use the same RetailCRM account, each has its own module; at most this many are tried.
const CODES_MAX: u32 = 20;

/// A manager's extension.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalCode {
    /// The CRM user.
    pub user_id: i64,
    /// The user's extension in UIS.
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

/// The module's registration. RetailCRM replaces lists as a whole, so they must be complete.
#[derive(Debug)]
pub struct Module {
    /// The module's code: [`CODE`], with a number if other integrations use the same account.
    pub code: String,
    /// Its name, which people see.
    pub name: String,
    /// Whether the integration is on.
    pub active: bool,
    /// The URL that callbacks' paths are relative to.
    pub base_url: String,
    /// The logo's URL; an SVG.
    pub logo: String,
    /// A value that RetailCRM repeats in callbacks.
    pub client_id: String,
    /// All extensions.
    pub additional_codes: Vec<AdditionalCode>,
    /// The callback for a clicked number, relative to `base_url`.
    pub make_call_url: String,
    /// The callback for a manager's status, relative to `base_url`.
    pub change_user_status_url: String,
    /// The numbers of all shops.
    pub external_phones: Vec<ExternalPhone>,
    /// `embedJs`: our pages, and our places on RetailCRM's pages; null: none.
    pub embed: Value,
    /// Whether an earlier registration may have had pages.
    pub embedded: bool,
}

/// A module of this or another integration.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub active: bool,
    /// The URL that its callbacks are relative to.
    pub base_url: String,
}

/// The codes that modules of integrations of one account may have, in order.
pub fn codes() -> impl Iterator<Item = String> {
    (1..=CODES_MAX).map(|number| if number == 1 { CODE.to_owned() } else { format!("{CODE}-{number}") })
}

/// The module with this code, if there is one.
pub fn find(crm: Crm<'_>, code: &str) -> Result<Option<Registered>, CrmError> {
    match crm.send(ApiRequest::get(format!("/api/v5/integration-modules/{code}"))) {
        Ok(found) => {
            let module = &found["integrationModule"];
            let active = module["active"] != Value::Bool(false) && module["freeze"] != Value::Bool(true);
            Ok(Some(Registered { name: answer::text(&module["name"]), active, base_url: answer::text(&module["baseUrl"]) }))
        }
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The code of our module: the one whose callbacks already reach us, else the first unused one.
pub fn code(crm: Crm<'_>, base_url: &str) -> Result<String, CrmError> {
    for code in codes() {
        if find(crm, &code)?.is_none_or(|module| module.base_url.trim_end_matches('/') == base_url) {
            return Ok(code);
        }
    }
    Err(CrmError::Denied(format!("{CODES_MAX} integrations are already registered in this RetailCRM account; remove some of them")))
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
    // Null removes earlier pages [inferred]; a module that never had any does not send it.
    if !module.embed.is_null() || module.embedded {
        integrations["embedJs"] = module.embed.clone();
    }
    let value = json!({
        "code": module.code,
        "integrationCode": CODE,
        "active": module.active,
        "name": module.name,
        "logo": module.logo,
        "clientId": module.client_id,
        "baseUrl": module.base_url,
        "actions": {"activity": "/activity", "settings": "/settings"},
        "integrations": integrations,
    });
    crm.send(ApiRequest::post(format!("/api/v5/integration-modules/{}/edit", module.code)).json("integrationModule", &value))?;
    Ok(())
}
