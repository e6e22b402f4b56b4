//! Partners' rules about deals: the deal is uploaded as the rules left it.

use crate::bindings::uis::integration::deals::Deal;
use crate::bindings::uis::integration::decision::DealDraft;
use crate::bindings::uis::integration::rules::Points;
use crate::context::Context;
use crate::deals::draft::{Contact, Draft};
use crate::rules::{self, Changed, Fields, OWN};

/// Applies the rules to a deal's states. Rules review the last state; their changes apply to all states. No states: the deal is not
/// uploaded.
pub fn review(context: &Context<'_>, order: &Draft, states: Vec<Deal>) -> Vec<Deal> {
    let Some(last) = states.last().filter(|_| rules::decides(context, Points::DEAL)) else { return states };
    let mut fields = Fields::default()
        .text("name", Some(last.name.clone()))
        .text("funnel", Some(last.funnel_ext_id.clone()))
        .text("stage", Some(last.stage_ext_id.clone()))
        .text("comments", last.comments.clone())
        .text("source", last.source.clone())
        .decimal("revenue", last.revenue.clone());
    for (id, value) in &last.user_fields {
        fields = fields.text(&format!("{OWN}{id}"), Some(value.clone()));
    }
    let draft = DealDraft { ext_id: last.ext_id.clone(), fields: fields.into_fields(), attributes: known_of_deal(order, last) };
    let Some(decided) = context.platform.review_deal(&draft) else { return Vec::new() };
    let changed = Changed::of(decided.fields);
    let change = |state: Deal| Deal {
        // Rules cannot change stages, and a deal must have a name.
        name: changed.text("name").unwrap_or_else(|| state.name.clone()),
        comments: changed.lines("comments"),
        source: changed.text("source"),
        revenue: changed.text("revenue"),
        user_fields: state.user_fields.iter().filter_map(|(id, _)| Some((id.clone(), changed.text(&format!("{OWN}{id}"))?))).collect(),
        ..state
    };
    states.into_iter().map(change).collect()
}

/// A deal's attributes for rules: further data, and which fields may be changed. Fields that UIS stores as numbers must stay numbers.
fn known_of_deal(order: &Draft, last: &Deal) -> Vec<(String, String)> {
    let numbers = order.fields.iter().filter(|field| field.numeric).map(|field| format!(" {OWN}{}:decimal", field.ext_id));
    let may = format!("name revenue:decimal comments source{} {OWN}*", numbers.collect::<String>());
    let contact = order.contacts.first();
    let first = |list: fn(&Contact) -> &Vec<String>| contact.and_then(|contact| list(contact).first().cloned());
    let (kind, communication) = last.communication.clone().map_or((None, None), |(kind, id)| (Some(kind), Some(id.to_string())));
    let known = [
        ("order", Some(order.order.to_string())),
        ("order-number", Some(order.number.clone())),
        ("shop", Some(order.site.clone())),
        ("status", Some(order.status.clone())),
        ("created", Some(order.created.clone())),
        ("manager", order.manager.map(|user| user.to_string())),
        ("contact-name", contact.map(|contact| contact.name.clone())),
        ("contact-phone", first(|contact| &contact.phones)),
        ("contact-email", first(|contact| &contact.emails)),
        ("communication-type", kind),
        ("communication-id", communication),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)));
    known.chain(rules::may_change(&may)).collect()
}
