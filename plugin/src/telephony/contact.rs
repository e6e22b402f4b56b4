//! «Создавать контакт при звонке»: a customer is created when a talk with somebody unknown begins; never while it rings, never for a call
//! that nobody answered. One customer per phone: he is looked for by his digits first, and his `externalId` is made of them, so that of two
//! creates RetailCRM refuses the second.

use serde_json::Map;

use crate::bindings::uis::integration::call_events::CallAnswered;
use crate::bindings::uis::integration::types::Failure;
use crate::employees;
use crate::outcome::{Handled, done};
use crate::platform::Platform;
use crate::retailcrm::customers::{self, Customer, NewCustomer};
use crate::settings::Settings;
use crate::settings::telephony::ContactResponsible;
use crate::shops;
use crate::telephony::fields;
use crate::telephony::lookup::Lookup;
use crate::telephony::parameters;
use crate::telephony::story::{self, Story};
use crate::template;

/// RetailCRM's longest name, in characters.
const NAME_MAX: usize = 255;

/// A talk began.
pub fn on_call_answered(platform: &dyn Platform, event: &CallAnswered) -> Handled {
    let session = event.call.session_id;
    let (story, settings) = (story::read(platform, session), Settings::load(platform)?);
    if let Some(mut lookup) = Lookup::of(platform, &story).filter(|_| settings.create_contact) {
        ensure(platform, session, &story, &settings, &mut lookup)?;
    }
    done()
}

/// The `externalId` of whoever has this phone.
pub fn external_id(phone: &str) -> String {
    format!("uis-phone-{phone}")
}

/// Sees to it that whoever called is a customer: looks for him, and creates him when nobody has the phone.
pub fn ensure(platform: &dyn Platform, session: i64, story: &Story, settings: &Settings, lookup: &mut Lookup<'_>) -> Result<(), Failure> {
    if story.contact {
        return Ok(());
    }
    let mut fields = Map::new();
    let mut created = false;
    let site = shops::of_call(platform, settings, story.virtual_number.as_deref());
    if lookup.customer()?.is_none() {
        let phone = lookup.phone();
        fields = fields::of_new(platform, settings, session, story)?;
        let name =
            template::fit(platform, "customer's name", story.parameters.get("contact_full_name").map_or("", String::as_str), NAME_MAX);
        let customer = NewCustomer {
            external_id: external_id(phone),
            first_name: if name.is_empty() { format!("+{phone}") } else { name },
            phone: phone.to_owned(),
            manager_id: responsible(platform, settings, story),
            site: site.clone(),
            source: parameters::source(platform, story),
            fields: fields.clone(),
        };
        story::tell(platform, session, |story| story.creating = true)?;
        let made = customers::create(lookup.crm(), &customer)?;
        created = made.is_some();
        // None: somebody was faster; whom he made is the one.
        lookup.learn(made.map(|id| Customer {
            id,
            external_id: customer.external_id,
            site: customer.site.unwrap_or_default(),
            manager_id: customer.manager_id,
            ..Customer::default()
        }));
    }
    let mut customer = lookup.customer()?;
    if customer.is_none() {
        // He was made on an earlier call, and somebody has taken his phone off him since: he is the one still.
        customer = customers::by_external_id(lookup.crm(), &external_id(lookup.phone()), site.as_deref())?;
        lookup.learn(customer.clone());
    }
    // An attempt whose answer was lost has created him as well as one that was answered.
    created |= story.creating && customer.as_ref().is_some_and(|customer| customer.external_id == external_id(lookup.phone()));
    story::tell(platform, session, |story| {
        story.contact = true;
        story.created |= created;
        story.customer.clone_from(&customer);
        if created {
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
