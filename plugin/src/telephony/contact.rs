//! «Создавать контакт при звонке»: a customer is created when a talk with somebody unknown begins; never while it rings, never for a call
//! that nobody answered. One customer per phone: he is looked for by his digits first, and his `externalId` is made of them, so that of two
//! creates RetailCRM refuses the second.

use serde_json::Map;

use crate::bindings::uis::integration::call_events::CallAnswered;
use crate::bindings::uis::integration::types::Failure;
use crate::employees;
use crate::outcome::{Handled, done};
use crate::platform::Platform;
use crate::retailcrm::Crm;
use crate::retailcrm::customers::{self, NewCustomer};
use crate::settings::Settings;
use crate::settings::telephony::ContactResponsible;
use crate::shops;
use crate::telephony::fields;
use crate::telephony::parameters;
use crate::telephony::story::{self, Story};
use crate::template;

/// RetailCRM's longest name, in characters.
const NAME_MAX: usize = 255;

/// A talk began.
pub fn on_call_answered(platform: &dyn Platform, event: &CallAnswered) -> Handled {
    let session = event.call.session_id;
    ensure(platform, session, &story::read(platform, session), &Settings::load(platform)?)?;
    done()
}

/// The `externalId` of whoever has this phone.
pub fn external_id(phone: &str) -> String {
    format!("uis-phone-{phone}")
}

/// Sees to it that the customer of a call that was talked is there, if the setting wants it.
pub fn ensure(platform: &dyn Platform, session: i64, story: &Story, settings: &Settings) -> Result<(), Failure> {
    if settings.create_contact { create(platform, session, story, settings) } else { Ok(()) }
}

/// Looks for who called, and creates him when nobody has the phone.
pub fn create(platform: &dyn Platform, session: i64, story: &Story, settings: &Settings) -> Result<(), Failure> {
    let (Some(phone), false) = (&story.phone, story.contact || story.internal) else { return Ok(()) };
    let crm = Crm::new(platform);
    let mut known = customers::find_by_phone(crm, phone)?;
    let mut fields = Map::new();
    let mut created = None;
    if known.is_none() {
        fields = fields::of_new(platform, settings, session, story)?;
        let number = story.virtual_number.as_deref();
        let name = template::line(story.parameters.get("contact_full_name").map_or("", String::as_str), NAME_MAX);
        let customer = NewCustomer {
            external_id: external_id(phone),
            first_name: if name.is_empty() { format!("+{phone}") } else { name },
            phone: phone.clone(),
            manager_id: responsible(platform, settings, story),
            site: shops::of_call(platform, settings, number),
            source: parameters::source(story),
            fields: fields.clone(),
        };
        created = customers::create(crm, &customer)?.map(|id| (id, customer.site.clone().unwrap_or_default()));
        if created.is_none() {
            // Somebody was faster; whom he made is the one.
            known = customers::find_by_phone(crm, phone)?;
        }
    }
    story::tell(platform, session, |story| {
        story.contact = true;
        story.created |= created.is_some();
        story.customer = created.clone().or(known.as_ref().map(|known| (known.id, known.site.clone())));
        if created.is_some() {
            story.fields.extend(fields.clone());
        }
    })
}

/// Who answers for a customer made on this call.
fn responsible(platform: &dyn Platform, settings: &Settings, story: &Story) -> Option<i64> {
    let talked = || {
        let ended = story.end.as_ref().and_then(|end| end.employee_id);
        let employee = story.talks.iter().rev().copied().find(|id| *id != 0).or(ended)?;
        employees::of_employee(platform, employee).map(|tie| tie.user_id)
    };
    let chosen = match settings.contact_responsible {
        ContactResponsible::Talked => talked(),
        ContactResponsible::Default => None,
        ContactResponsible::Fixed => settings.contact_responsible_user,
        ContactResponsible::Shop => shops::responsible(settings, story.virtual_number.as_deref()),
    };
    chosen.or(settings.default_responsible)
}
