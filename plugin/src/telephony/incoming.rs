//! Looks up the caller and the phones to forward to. It changes nothing and makes one round trip to RetailCRM, within the deadline. Besides the
//! caller whom RetailCRM names by the number as UIS gives it, it asks for everybody whose phone has these digits, because people store numbers
//! in other spellings and with extensions.

use crate::base::phone::{Phone, Reader};
use crate::bindings::uis::integration::call_events::{CallAnswer, CallerCard, IncomingCall, OpenOrder};
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::log::{Level, Verdict as Decided};
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::{employee_links, statuses};
use crate::retailcrm::CONNECTION;
use crate::retailcrm::customers::{self, Customer};
use crate::retailcrm::orders::{self, Order};
use crate::retailcrm::telephony::{self, Caller, CallerCustomer, Manager};
use crate::telephony::routing;
use crate::uis::directory;

/// The most phones of an employee that the contract allows.
const NUMBERS_MAX: usize = 10;
/// The part of the deadline that is reserved for the work after RetailCRM's answer.
const RESERVE_MS: u32 = 200;

/// Looks the caller up.
pub fn answer(context: &Context<'_>, event: &IncomingCall) -> Result<CallAnswer, Failure> {
    let nobody = CallAnswer { card: None, forward_to: Vec::new(), skipped: Vec::new() };
    let Some(contact) = event.call.contact.as_ref().filter(|_| !event.call.is_internal) else {
        return Ok(nobody);
    };
    let number = contact.digits.clone();
    let crm = context.crm.within(event.deadline_ms.saturating_sub(RESERVE_MS));
    let (reader, phone) = (context.phones()?, Phone { number: number.clone(), extension: contact.extension.clone() });
    let [caller, orders, others] =
        crm.send_all([telephony::manager_request(&number), orders::by_phone_request(&number), customers::by_phone_request(reader, &phone)]);
    let others = others.and_then(|answer| customers::on_page(reader, &phone, &answer)).unwrap_or_else(|error| {
        context.platform.log(Level::Warn, "the caller could not be looked up by other spellings", &[("error", &error.to_string())]);
        None
    });
    let caller = recognised(reader, Caller::read(&caller?), &number, others);
    // Without the orders, the card is still useful.
    let orders = orders.and_then(|answer| orders::read(&answer)).unwrap_or_else(|error| {
        context.platform.log(Level::Warn, "the caller's orders could not be read", &[("error", &error.to_string())]);
        Vec::new()
    });
    let open = open_orders(context, &caller, orders, &number)?;
    let known = known(&caller, &open);
    let card = card(&caller, open);
    let forward_to = match &caller.manager {
        Some(manager) if context.settings()?.forward_to_manager => numbers(context, manager)?,
        _ => Vec::new(),
    };
    if let (Some(manager), true) = (&caller.manager, forward_to.is_empty()) {
        let why = format!("it is off, or manager {:?} has no phone that may ring", manager.id);
        context.decided(format_args!("forwarding of call {}", event.call.session_id), "forward-to-manager", Decided::LeftOut, why);
    }
    let forward_to = routing::route(context, &event.call, || known, forward_to);
    Ok(CallAnswer { card, forward_to, skipped: Vec::new() })
}

/// The caller whom RetailCRM named, if one of their phones is this number; else the customer who was found by reading everybody's phones.
fn recognised(reader: Reader<'_>, named: Caller, number: &str, found: Option<Customer>) -> Caller {
    let is_named = |customer: &CallerCustomer| {
        customer.phones.is_empty() || !customers::phones_with(reader, &customer.external_id, &customer.phones, number).is_empty()
    };
    match (&named.customer, found) {
        (Some(customer), _) if is_named(customer) => named,
        (_, Some(customer)) => Caller {
            manager: customer.manager_id.map(|id| Manager { id: Some(id) }),
            customer: Some(CallerCustomer { id: Some(customer.id), name: customer.name, ..CallerCustomer::default() }),
            customer_link: String::new(),
        },
        // Without a customer, the manager is the one whom RetailCRM suggests for new ones.
        (None, None) => named,
        (Some(_), None) => Caller::default(),
    }
}

/// The caller's open orders.
fn open_orders(context: &Context<'_>, caller: &Caller, orders: Vec<Order>, number: &str) -> Result<Vec<OpenOrder>, Failure> {
    let Some(customer) = &caller.customer else { return Ok(Vec::new()) };
    let reader = context.phones()?;
    let statuses = statuses::all(context.platform)?;
    let open = orders.into_iter().filter_map(|order| {
        // RetailCRM's search compares text, so the order may belong to another customer.
        let theirs = order.customer.map_or_else(|| reader.find(&order.phone, number).is_some(), |owner| Some(owner) == customer.id);
        let status = statuses.iter().find(|status| status.code == order.status);
        let ended = status.is_some_and(|status| matches!(status.group.as_str(), "complete" | "cancel"));
        let title = status.map_or(&order.status, |status| &status.name).clone();
        let name = if order.number.is_empty() { order.id?.to_string() } else { order.number };
        (theirs && !ended).then(|| OpenOrder { url: format!("/orders/{}/edit", order.id.unwrap_or_default()), name, status: title })
    });
    Ok(open.collect())
}

/// What RetailCRM knows about the caller, for partners' rules.
fn known(caller: &Caller, open: &[OpenOrder]) -> Vec<(&'static str, String)> {
    let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
    let customer = caller.customer.as_ref();
    vec![
        ("customer-id", id(customer.and_then(|customer| customer.id))),
        ("customer-name", customer.map(|customer| customer.name.clone()).unwrap_or_default()),
        ("manager", id(caller.manager.as_ref().and_then(|manager| manager.id))),
        ("open-orders", open.iter().map(|order| order.name.as_str()).collect::<Vec<_>>().join(", ")),
    ]
}

fn card(caller: &Caller, orders: Vec<OpenOrder>) -> Option<CallerCard> {
    let customer = caller.customer.as_ref()?;
    let name = customer.name.clone();
    let url = match (&caller.customer_link, customer.id) {
        (link, _) if !link.is_empty() => Some(link.clone()),
        (_, Some(id)) => Some(format!("/customers/{id}")),
        _ => None,
    };
    Some(CallerCard { connection: CONNECTION.to_owned(), name: (!name.is_empty()).then_some(name), url, orders })
}

/// The active phones of the manager's UIS employee, in order; none if the manager is away.
fn numbers(context: &Context<'_>, manager: &Manager) -> Result<Vec<String>, Failure> {
    let Some(employee) = employee(context, manager)? else {
        context.platform.log(
            Level::Info,
            "the caller's manager is not a UIS employee",
            &[("user", &manager.id.unwrap_or_default().to_string())],
        );
        return Ok(Vec::new());
    };
    if !matches!(employee.status.as_str(), "available" | "unknown" | "") {
        context.platform.log(
            Level::Info,
            "the caller's manager is away",
            &[("employee", &employee.full_name), ("status", &employee.status)],
        );
        return Ok(Vec::new());
    }
    Ok(employee.phones.into_iter().filter(|phone| phone.active).map(|phone| phone.number).take(NUMBERS_MAX).collect())
}

fn employee(context: &Context<'_>, manager: &Manager) -> Result<Option<Employee>, Failure> {
    let Some(link) = manager.id.map_or(Ok(None), |id| employee_links::of_user(context.platform, id))? else { return Ok(None) };
    context.platform.find_employee(link.employee_id).map_err(directory::directory_failure)
}
