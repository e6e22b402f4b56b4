//! The methods of the Data API, one file per area.

mod account;
mod changes;
mod deals;
mod employees;
mod funnels;
mod lists;
mod reports;
mod uploads;

use uis_host::bindings::uis::integration::deals::Refusal;

use crate::context::Handler;
use crate::rpc::ApiError;

pub(crate) use reports::notifications_filter;

/// The method with this name; none when the Data API or this server does not have it.
pub(crate) fn handler(method: &str) -> Option<Handler> {
    Some(match method {
        "get.account" => account::account,
        "getobj.account" => account::whole,
        "get.employees" => lists::employees,
        "create.employees" => employees::create,
        "update.employees" => employees::update,
        "get.sip_lines" => lists::sip_lines,
        "get.virtual_numbers" => lists::virtual_numbers,
        "get.chat_channels" => lists::chat_channels,
        "get.sites" => lists::sites,
        "get.campaigns" => lists::campaigns,
        "get.scenarios" => lists::scenarios,
        "get.tags" => lists::tags,
        "get.statuses" => account::statuses,
        "get.calls_report" => reports::calls,
        "get.call_legs_report" => reports::call_legs,
        "get.chats_report" => reports::chats,
        "get.chat_messages_report" => reports::chat_messages,
        "get.offline_messages_report" => reports::offline_messages,
        "get.notifications" => reports::notifications,
        "set.tag_communications" => changes::set_tag,
        "unset.tag_communications" => changes::unset_tag,
        "get.sales_funnel" => funnels::list,
        "create.sales_funnel" => funnels::create,
        "update.sales_funnel" => funnels::update,
        "delete.sales_funnel" => funnels::delete,
        "create.sales_funnel_stages" => funnels::create_stage,
        "update.sales_funnel_stages" => funnels::update_stage,
        "delete.sales_funnel_stages" => funnels::delete_stage,
        "get.deal_employees" => deals::employees,
        "create.deal_employees" => deals::create_employee,
        "update.deal_employees" => deals::update_employee,
        "get.deal_contacts" => deals::contacts,
        "create.deal_contacts" => deals::create_contacts,
        "update.deal_contacts" => deals::update_contact,
        "get.deal_user_fields" => deals::user_fields,
        "create.deal_user_field" => deals::create_user_field,
        "update.deal_user_field" => deals::update_user_field,
        "upload.deals_history" => uploads::history,
        "get.deals_history" => uploads::list,
        "get.deals_in_processing" => uploads::in_processing,
        "delete.deals" => uploads::delete,
        _ => return None,
    })
}

/// A refusal of the account's deals as an error of the API.
fn refused(refusal: Refusal) -> ApiError {
    let mut error = ApiError::of(&refusal.mnemonic).because(refusal.message);
    error.field = refusal.field;
    error.value = refusal.value.map(Into::into);
    error
}

#[cfg(test)]
mod tests {
    use crate::shapes::Api;

    #[test]
    fn every_method_of_the_table_is_there() {
        let own = ["login.user", "logout.user"];
        let missing: Vec<_> =
            Api::Data.methods().keys().filter(|name| !own.contains(&name.as_str()) && super::handler(name).is_none()).collect();
        assert!(missing.is_empty() && Api::Data.methods().len() > 40, "{missing:?}");
    }
}
