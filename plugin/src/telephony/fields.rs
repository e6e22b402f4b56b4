//! Extra fields of whoever called. A row is written when we create the customer, and on every call only if its own «Обновлять всегда» is on.

use serde_json::{Map, Value};

use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::extra_fields;
use crate::outcome::skipped;
use crate::platform::Platform;
use crate::retailcrm::CrmError;
use crate::retailcrm::customers;
use crate::settings::Settings;
use crate::telephony::lookup::Lookup;
use crate::telephony::parameters::Parameters;
use crate::telephony::story::{self, Story};

/// Values for a customer who is created on this call, as far as the call tells them by now. What cannot be is told at its end.
pub fn of_new(platform: &dyn Platform, settings: &Settings, session: i64, story: &Story) -> Result<Map<String, Value>, Failure> {
    if !settings.extra_fields {
        return Ok(Map::new());
    }
    let parameters = Parameters::of(platform, session, story)?;
    Ok(extra_fields::values(platform, settings.extra_field_rows.iter(), &parameters).0)
}

/// The call is over: what it told since, for a customer whom it created; rows that are always written, for any other.
pub fn update(
    platform: &dyn Platform,
    session: i64,
    story: &Story,
    settings: &Settings,
    lookup: &mut Lookup<'_>,
) -> Result<Vec<Skipped>, Failure> {
    if !settings.extra_fields {
        return Ok(Vec::new());
    }
    let rows = settings.extra_field_rows.iter().filter(|row| row.always || story.created);
    let parameters = Parameters::of(platform, session, story)?;
    let (mut values, mut left_out) = extra_fields::values(platform, rows, &parameters);
    values.retain(|code, value| story.fields.get(code) != Some(value));
    if values.is_empty() {
        return Ok(left_out);
    }
    let Some(customer) = lookup.customer()? else { return Ok(left_out) };
    match customers::set_fields(lookup.crm(), &customer, &values) {
        Ok(()) => story::tell(platform, session, |story| story.fields.extend(values.clone()))?,
        // RetailCRM has the last word on its fields; the call's record does not wait for them.
        Err(error @ CrmError::Refused { .. }) => {
            let codes: Vec<&str> = values.keys().map(String::as_str).collect();
            left_out.push(skipped(format!("fields {}", codes.join(", ")), error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(left_out)
}
