//! The module's registration in RetailCRM: extensions, shops' numbers, pages.

use serde_json::Value;

use crate::base::outcome::misconfigured;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::employee_links::EmployeeLink;
use crate::crm_state::{module, shops};
use crate::deals::owner;
use crate::employees::matching;
use crate::retailcrm::modules::{self, ExternalPhone, Module};
use crate::settings::telephony::ShopNumber;
use crate::workplace;

/// The shops' numbers in RetailCRM's form. Those of shops that are gone are left out, because RetailCRM would refuse the whole module.
fn numbers(context: &Context<'_>) -> Result<Vec<ExternalPhone>, Failure> {
    let row = |row: &ShopNumber| ExternalPhone { site_code: row.site.clone(), external_phone: row.number.clone() };
    Ok(shops::numbers(context.platform, context.settings()?)?.into_iter().map(row).collect())
}

/// The public URL of a callback or an asset.
fn url(context: &Context<'_>, name: &str) -> Result<String, Failure> {
    context.platform.endpoint(name).ok_or_else(|| misconfigured("", format!("the host has no endpoint for {name}")))
}

/// The URL that callbacks are relative to.
fn base_url(context: &Context<'_>) -> Result<String, Failure> {
    let activity = url(context, "activity")?;
    Ok(activity.strip_suffix("/activity").unwrap_or(&activity).to_owned())
}

/// The code of our module, looked up once.
pub fn own_code(context: &Context<'_>) -> Result<String, Failure> {
    if let Some(code) = module::code(context.platform)? {
        return Ok(code);
    }
    let code = modules::code(context.crm, &base_url(context)?)?;
    module::remember_code(context.platform, &code)?;
    Ok(code)
}

/// Registers the module, unless it is already registered with the same data.
pub fn register(context: &Context<'_>, active: bool, links: &[EmployeeLink]) -> Result<(), Failure> {
    let (crm, base_url) = (context.crm, base_url(context)?);
    let module = Module {
        code: own_code(context)?,
        name: owner::module_name(context, active)?,
        active,
        base_url,
        logo: url(context, "asset/logo.svg")?,
        client_id: context.platform.secret_placeholder(),
        additional_codes: matching::codes(links),
        make_call_url: "/make-call".to_owned(),
        change_user_status_url: "/status".to_owned(),
        external_phones: if active && context.settings()?.telephony { numbers(context)? } else { Vec::new() },
        embed: if active { workplace::embed(context.platform) } else { Value::Null },
        embedded: module::is_embedded(context.platform)?,
    };
    let registration =
        serde_json::json!([module.active, module.base_url, module.additional_codes, module.external_phones, module.embed, module.name]);
    if module::registered(context.platform)?.as_ref() == Some(&registration) {
        return Ok(());
    }
    if !module.embed.is_null() && !module.embedded {
        module::remember_embedded(context.platform)?;
    }
    modules::register(crm, &module)?;
    if module.embed.is_null() && module.embedded {
        module::forget_embedded(context.platform)?;
    }
    module::remember_registered(context.platform, &registration)
}
