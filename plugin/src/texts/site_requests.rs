//! «Передача заявок»: creates a customer, an order and a task for a request sent from a site, as the settings require.

use crate::appeal::{Appeal, Identity};
use crate::appeals::lookup::Lookup;
use crate::appeals::steps::StepResults;
use crate::appeals::{conditions, progress, source};
use crate::base::appeal_id::AppealId;
use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, done_with_skipped};
use crate::base::tags::{self, StoredTag};
use crate::base::template;
use crate::bindings::uis::integration::log::Verdict as Decided;
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::types::{Delivery, Failure, Skipped};
use crate::context::Context;
use crate::crm_state::{shops, switch};
use crate::settings::Settings;
use crate::settings::conditions::Verdict;
use crate::settings::texts::{OrderType, TextSettings};
use crate::texts::actions::{self, AppealActions};
use crate::texts::contacts;
use crate::texts::parameters::Parameters;
use crate::texts::refused;
use crate::texts::words::Words;
use crate::uis::directory;

/// RetailCRM's built-in order method for requests from a site.
const STOCK_METHOD: &str = "landing-page";

/// Whether a request in UIS's report still has to be handled. Its own timer handles it.
pub fn is_new(context: &Context<'_>, settings: &Settings, request: i64) -> Result<bool, Failure> {
    Ok(settings.handles_requests() && !progress::read(context, AppealId::site_request(request))?.finished)
}

/// A site request arrived.
pub fn on_site_request(context: &Context<'_>, delivery: &Delivery, event: &SiteRequest) -> Handled {
    let settings = context.settings()?;
    let id = AppealId::site_request(event.communication_id);
    if !settings.handles_requests() || switch::switched_off(context.platform)? {
        actions::note_not_handled(context, id, "request-send")?;
        return done();
    }
    if progress::read(context, id)?.finished {
        return done();
    }
    let parameters = parameters(context, event)?;
    let identity = identity(context, event)?;
    let tags = reported_tags(event);
    let employee = match &event.employee {
        Some(hint) => directory::id_of_hint(context.platform, hint)?,
        None => None,
    };
    let (own_site, site) = shops::of_domain(context.platform, settings, event.site_domain.as_deref())?;
    let appeal = Appeal {
        id,
        at: event.at,
        name: template::render(&settings.requests.client_name, |name| crate::appeal::EventParameters::get(&parameters, name), |_| {}),
        own_site,
        site,
        source: source::source(context, &parameters, None),
        parameters: &parameters,
        identity,
        employees: employee.into_iter().collect(),
        tags: &tags,
        ended: true,
    };
    if settings.filter_requests && conditions::verdict(context, &appeal, &settings.requests.filter)? != Verdict::Pass {
        // It may be another integration's request, so nothing is reported.
        context.decided(id, "request-filter", Decided::LeftOut, "the request does not pass the filter");
        progress::update(context, id, |progress| progress.finished = true)?;
        return done();
    }
    let words = Words::of(context.phones()?, event, &appeal.identity, &parameters);
    let mut steps = StepResults::resume(context, id)?;
    let unplaced = handle(context, event, &appeal, &words, &mut steps)?;
    // Before the request is finished: an attempt that breaks off in between does it again.
    if steps.is_refused() || unplaced {
        refused::remember(context, Key::RefusedRequest(event.communication_id), event.at, &delivery.ordering_key)?;
    }
    // Finished even if something was refused: UIS's report must not bring the request up again, only other settings do.
    progress::update(context, id, |progress| progress.finished = true)?;
    done_with_skipped(steps.into_skipped()?)
}

/// Makes of a request what the settings require, and makes sure that its words have a place. Returns whether RetailCRM refused to take them.
fn handle(
    context: &Context<'_>,
    event: &SiteRequest,
    appeal: &Appeal<'_>,
    words: &Words,
    steps: &mut StepResults<'_>,
) -> Result<bool, Failure> {
    let settings = context.settings()?;
    let order_type = order_type(&settings.requests, event);
    let actions = AppealActions {
        block: &settings.requests,
        settings,
        employee: appeal.employees.first().copied(),
        stock_method: STOCK_METHOD,
        customer_comment: event.text.clone(),
        facts: words.of_order(),
        facts_of_known: words.of_known(),
        client_due: true,
        order_due: settings.requests.order_types.is_empty() || order_type.is_some(),
        type_assignee: order_type.and_then(|row| row.assignee),
        with_task: settings.requests.task,
        task_is_apart: false,
    };
    let known = progress::read(context, appeal.id)?;
    let has_contacts = appeal.identity.phone.is_some() || appeal.identity.email.is_some();
    let mut lookup = Lookup::of(context, appeal.identity.clone(), &known).unwrap_or_else(|| Lookup::without_customer(context));
    // Without contacts, no customer and no order are created, but the settings may require a task.
    let made = match has_contacts {
        true => actions.carry_out(context, appeal, &mut lookup, steps).map(|()| Vec::new()),
        false => actions.task_alone(context, appeal),
    };
    steps.add(made)?;
    let placed = place(context, appeal, words, &mut lookup);
    let unplaced = matches!(placed, Ok(Placed::Refused(_)));
    let reported = placed.map(|placed| match placed {
        Placed::Well => Vec::new(),
        Placed::Nowhere(report) | Placed::Refused(report) => report,
    });
    steps.add(reported)?;
    Ok(unplaced)
}

/// Where a request's words are.
enum Placed {
    /// In RetailCRM.
    Well,
    /// No customer can have them; with what the owner has to know.
    Nowhere(Vec<Skipped>),
    /// RetailCRM refuses them; with what the owner has to know.
    Refused(Vec<Skipped>),
}

/// Makes sure that the words are in RetailCRM: in the request's own order, else in a note on the customer.
fn place(context: &Context<'_>, appeal: &Appeal<'_>, words: &Words, lookup: &mut Lookup<'_>) -> Result<Placed, Failure> {
    let known = progress::read(context, appeal.id)?;
    // If a rule skipped the customer, that is a filter of the account's own.
    if known.skipped || (known.order_created && words.fits_order()) {
        return Ok(Placed::Well);
    }
    if let Some(customer) = lookup.customer()? {
        let refused = words.note(context, appeal, &customer)?;
        return Ok(if refused.is_empty() { Placed::Well } else { Placed::Refused(refused) });
    }
    let has_contacts = appeal.identity.phone.is_some() || appeal.identity.email.is_some();
    let why = match has_contacts {
        true => "the settings make no customer of it, and RetailCRM has none with these contacts",
        false => "it has neither phone nor e-mail; it can be found in UIS's reports",
    };
    Ok(Placed::Nowhere(words.report(&format!("site request {}", appeal.id.id), why)))
}

/// The row of «Типы заявок для заказа» for the request's type.
fn order_type<'a>(block: &'a TextSettings, event: &SiteRequest) -> Option<&'a OrderType> {
    let wanted = event.form_type.as_deref()?.trim().to_lowercase();
    block.order_types.iter().find(|row| row.request_type.trim().to_lowercase() == wanted)
}

fn reported_tags(event: &SiteRequest) -> Vec<StoredTag> {
    let mut known = Vec::new();
    tags::merge(&mut known, &event.tags);
    known
}

/// The sender's identity, from the form's fields in whichever they were written, else from the text.
fn identity(context: &Context<'_>, event: &SiteRequest) -> Result<Identity, Failure> {
    let mut left = contacts::of_event(context, &event.attributes, (event.phone.as_ref(), event.email.as_deref()), None)?;
    // Contacts in the text may belong to another person, so they count only if the form has none.
    if left.is_empty() {
        left = contacts::of_text(context, event.text.as_deref().unwrap_or_default())?;
    }
    let mut phones = left.phones.into_iter();
    let first = phones.next().unwrap_or_default();
    Ok(Identity {
        phone: Some(first.number).filter(|number| !number.is_empty()),
        extension: first.extension,
        further_phones: phones.collect(),
        email: left.email,
        visitor: event.visitor_id,
    })
}

fn parameters(context: &Context<'_>, event: &SiteRequest) -> Result<Parameters, Failure> {
    let at = context.crm_date_time(event.at)?;
    let contact = event.phone.as_ref().map(|number| number.digits.clone()).or_else(|| event.email.clone()).or_else(|| event.name.clone());
    Ok(Parameters::new(&event.attributes)
        .with("communication_id", Some(event.communication_id.to_string()))
        .with("communication_number", event.communication_number.map(|number| number.to_string()))
        .with("communication_type", Some("offline_message"))
        .with("visitor_name", event.name.clone())
        .with("visitor_phone_number", event.phone.as_ref().map(|number| number.digits.clone()))
        .with("visitor_email", event.email.clone())
        .with("visitor_id", event.visitor_id.map(|id| id.to_string()))
        .with("visitor_contact_info", contact)
        .with("site_domain_name", event.site_domain.clone())
        .with("site_id", event.site_id.map(|id| id.to_string()))
        .with("form_name", event.form_name.clone())
        .with("form_type", event.form_type.clone())
        .with("text", event.text.clone())
        .with("employee_full_name", event.employee.as_ref().and_then(|employee| employee.full_name.clone()))
        .with("employee_email", event.employee.as_ref().and_then(|employee| employee.email.clone()))
        .with("start_time", Some(at.clone()))
        .with("finish_time", Some(at)))
}
