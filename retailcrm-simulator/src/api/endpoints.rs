//! The table of the API's methods.

use super::{corporate, custom_fields, customers, general, history, modules, notifications, orders, reference, tasks, telephony, users};
use crate::context::Context;
use crate::wire::ApiResult;

/// The function that serves a method.
type Route = fn(&mut Context<'_>) -> ApiResult;

/// A method of the API.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// GET or POST.
    pub method: &'static str,
    /// Its path; parts in braces.
    pub path: &'static str,
    /// The scope that a key needs; `None`: every key may use it.
    pub scope: Option<&'static str>,
    route: Route,
}

impl Endpoint {
    /// Serves a request.
    pub fn serve(&self, context: &mut Context<'_>) -> ApiResult {
        (self.route)(context)
    }
}

const fn read(path: &'static str, scope: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "GET", path, scope: Some(scope), route }
}

const fn write(path: &'static str, scope: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "POST", path, scope: Some(scope), route }
}

const fn open(path: &'static str, route: Route) -> Endpoint {
    Endpoint { method: "GET", path, scope: None, route }
}

/// The API. Names of scopes are partly by pattern: see [`crate::account::stock::SCOPES`].
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    open("/api/credentials", general::credentials),
    open("/api/api-versions", general::api_versions),
    open("/api/system-info", general::system_info),
    open("/api/v5/settings", general::settings),
    write("/api/v5/telephony/call/event", "telephony_write", telephony::call_event),
    write("/api/v5/telephony/calls/upload", "telephony_write", telephony::calls_upload),
    read("/api/v5/telephony/manager", "telephony_read", telephony::manager),
    read("/api/v5/integration-modules/{code}", "integration_read", modules::get),
    write("/api/v5/integration-modules/{code}/edit", "integration_write", modules::edit),
    write("/api/v5/integration-modules/{code}/update-scopes", "integration_write", modules::update_scopes),
    read("/api/v5/users", "user_read", users::list),
    read("/api/v5/users/{id}", "user_read", users::get),
    write("/api/v5/users/{id}/status", "user_write", users::status),
    read("/api/v5/user-groups", "user_read", users::groups),
    read("/api/v5/reference/{kind}", "reference_read", reference::list),
    write("/api/v5/reference/{kind}/{code}/edit", "reference_write", reference::edit),
    write("/api/v5/reference/{kind}/create", "reference_write", reference::create),
    read("/api/v5/custom-fields", "custom_fields_read", custom_fields::list),
    read("/api/v5/custom-fields/dictionaries", "custom_fields_read", custom_fields::dictionaries),
    write("/api/v5/custom-fields/dictionaries/create", "custom_fields_write", custom_fields::create_dictionary),
    read("/api/v5/custom-fields/dictionaries/{code}", "custom_fields_read", custom_fields::dictionary),
    write("/api/v5/custom-fields/dictionaries/{code}/edit", "custom_fields_write", custom_fields::edit_dictionary),
    write("/api/v5/custom-fields/{entity}/create", "custom_fields_write", custom_fields::create),
    read("/api/v5/custom-fields/{entity}/{code}", "custom_fields_read", custom_fields::get),
    write("/api/v5/custom-fields/{entity}/{code}/edit", "custom_fields_write", custom_fields::edit),
    read("/api/v5/customers", "customer_read", customers::list),
    write("/api/v5/customers/create", "customer_write", customers::create),
    write("/api/v5/customers/upload", "customer_write", customers::upload),
    write("/api/v5/customers/combine", "customer_write", customers::combine),
    write("/api/v5/customers/fix-external-ids", "customer_write", customers::fix_external_ids),
    read("/api/v5/customers/history", "customer_read", history::customers),
    read("/api/v5/customers/notes", "customer_read", customers::notes),
    write("/api/v5/customers/notes/create", "customer_write", customers::create_note),
    write("/api/v5/customers/notes/{id}/delete", "customer_write", customers::delete_note),
    read("/api/v5/customers/{id}", "customer_read", customers::get),
    write("/api/v5/customers/{id}/edit", "customer_write", customers::edit),
    write("/api/v5/customers/{id}/subscriptions", "customer_write", customers::subscribe),
    read("/api/v5/customers-corporate", "customer_read", corporate::list),
    read("/api/v5/customers-corporate/history", "customer_read", history::corporate),
    read("/api/v5/customers-corporate/notes", "customer_read", corporate::notes),
    read("/api/v5/customers-corporate/{id}", "customer_read", corporate::get),
    read("/api/v5/customers-corporate/{id}/addresses", "customer_read", corporate::addresses),
    read("/api/v5/customers-corporate/{id}/companies", "customer_read", corporate::companies),
    read("/api/v5/customers-corporate/{id}/contacts", "customer_read", corporate::contacts),
    read("/api/v5/orders", "order_read", orders::list),
    write("/api/v5/orders/create", "order_write", orders::create),
    write("/api/v5/orders/upload", "order_write", orders::upload),
    write("/api/v5/orders/combine", "order_write", orders::combine),
    write("/api/v5/orders/fix-external-ids", "order_write", orders::fix_external_ids),
    write("/api/v5/orders/links/create", "order_write", orders::create_link),
    read("/api/v5/orders/history", "order_read", history::orders),
    read("/api/v5/orders/statuses", "order_read", orders::statuses),
    write("/api/v5/orders/payments/create", "order_write", orders::create_payment),
    write("/api/v5/orders/payments/{id}/edit", "order_write", orders::edit_payment),
    write("/api/v5/orders/payments/{id}/delete", "order_write", orders::delete_payment),
    read("/api/v5/orders/{id}", "order_read", orders::get),
    write("/api/v5/orders/{id}/edit", "order_write", orders::edit),
    read("/api/v5/tasks", "task_read", tasks::list),
    write("/api/v5/tasks/create", "task_write", tasks::create),
    read("/api/v5/tasks/history", "task_read", history::tasks),
    read("/api/v5/tasks/{id}", "task_read", tasks::get),
    write("/api/v5/tasks/{id}/edit", "task_write", tasks::edit),
    read("/api/v5/tasks/{id}/comments", "task_read", tasks::comments),
    write("/api/v5/notifications/send", "notification_write", notifications::send),
];
