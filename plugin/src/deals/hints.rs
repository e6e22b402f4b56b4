//! Hints: orders named by the trigger that the account's administrator set up in RetailCRM. The trigger usually sends a GET with `orderId`,
//! but the administrator may have typed another name, left the value out, or chosen a form, so anything that looks like an order's id is
//! accepted. A hint only says which order to read.

use crate::base::keys::{Family, Key};
use crate::base::outcome::{Handled, done};
use crate::base::{stored, template};
use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::deals;

/// A hint that was not processed for this long expires; the history contains the change anyway.
const TTL_MS: u64 = 7 * 24 * 3_600_000;
/// The most orders of one request.
const ORDERS_MAX: usize = 100;
/// The most digits of an order's id.
const DIGITS_MAX: usize = 12;
/// Several triggers for one order usually arrive together, so reading starts after this time.
const GATHER_MS: i64 = 2_000;
/// Orders are not read more often than this, however many triggers arrive. Each time costs up to three of UIS's points (contacts looked up,
/// contacts created, the upload), and the smaller contracts have 3000 a day.
const BETWEEN_MS: i64 = 120_000;

/// Handles a trigger. It is answered at once; a timer reads the order later, together with all others named until then.
pub fn on_order_webhook(context: &Context<'_>, event: &OrderWebhook) -> Handled {
    if !deals::sends(context)? {
        return done();
    }
    let orders = orders(&event.parameters);
    if orders.is_empty() {
        let received: String = event.parameters.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        context.platform.log(
            Level::Warn,
            "a trigger names no order; in RetailCRM's trigger set the parameter orderId to {{ order.id }}",
            &[("parameters", &template::line(&received, 300))],
        );
        return done();
    }
    for order in orders {
        let key = Key::DealHint(order);
        if !stored::exists(context.platform, key) {
            stored::put(context.platform, key, &true, Some(TTL_MS))?;
        }
    }
    let followed: i64 = stored::load(context.platform, Key::DealsHintsDone)?.unwrap_or(i64::MIN);
    let rest = followed.saturating_add(BETWEEN_MS).saturating_sub(context.platform.now());
    deals::soon(context, GATHER_MS.max(rest))?;
    done()
}

/// Adds a hint for an order that can only be read after the history was read to its end.
pub fn postpone(context: &Context<'_>, order: i64) -> Result<(), Failure> {
    stored::put(context.platform, Key::DealHint(order), &true, Some(TTL_MS))
}

/// At most `most` orders that have hints, and whether there are more.
pub fn pending(context: &Context<'_>, most: usize) -> (Vec<i64>, bool) {
    if most == 0 {
        return (Vec::new(), !stored::page(context.platform, Family::DealHints, None, 1).names.is_empty());
    }
    let page = stored::page(context.platform, Family::DealHints, None, most);
    (page.ids(), page.next.is_some())
}

/// Deletes the hints of orders that were processed.
pub fn mark_done(context: &Context<'_>, orders: &[i64]) -> Result<(), Failure> {
    for order in orders {
        stored::forget(context.platform, Key::DealHint(*order))?;
    }
    if orders.is_empty() { Ok(()) } else { stored::put(context.platform, Key::DealsHintsDone, &context.platform.now(), None) }
}

/// The orders named by a trigger's parameters: by a parameter with a known name, else by parameters whose names end in `id`, else by all
/// parameters.
fn orders(parameters: &[(String, String)]) -> Vec<i64> {
    let named = |wanted: &dyn Fn(&str) -> bool| -> Vec<i64> {
        let plain = |name: &str| name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_lowercase();
        let values = parameters.iter().filter(|(name, _)| wanted(&plain(name))).map(|(_, value)| value.as_str());
        let mut found: Vec<i64> = values.flat_map(numbers).collect();
        found.sort_unstable();
        found.dedup();
        found.truncate(ORDERS_MAX);
        found
    };
    let by_name = named(&|name| matches!(name, "orderid" | "orderids" | "order" | "orders"));
    if !by_name.is_empty() {
        return by_name;
    }
    let by_id = named(&|name| name.ends_with("id") || name.ends_with("ids"));
    if by_id.is_empty() { named(&|_| true) } else { by_id }
}

/// The integers in a value: one, or a list. A value that contains anything else has none.
fn numbers(value: &str) -> Vec<i64> {
    let inside = value.trim().trim_start_matches('[').trim_end_matches(']');
    let parts = inside.split([',', ';', ' ', '|']).map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty());
    let number = |part: &str| {
        let digits = part.len() <= DIGITS_MAX && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|number| digits && *number > 0)
    };
    parts.map(number).collect::<Option<Vec<i64>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_found_under_any_parameter_name() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [i64]);
        let cases: [Case<'_>; 12] = [
            (&[("orderId", "17")], &[17]),
            (&[("order_id", " 17 ")], &[17]),
            (&[("ORDER-ID", "17"), ("status", "5")], &[17]),
            (&[("id", "17"), ("sum", "500")], &[17]),
            (&[("nomer", "17")], &[17]),
            (&[("orderId", "17,18, 19;18")], &[17, 18, 19]),
            (&[("orderIds", "[17,\"18\"]")], &[17, 18]),
            (&[("orderId[]", "17"), ("orderId[]", "18")], &[17, 18]),
            (&[("orderId", "{{ order.id }}")], &[]),
            (&[("orderId", "")], &[]),
            (&[("orderId", "17A")], &[]),
            (&[("orderId", "-1"), ("x", "99999999999999999999")], &[]),
        ];
        for (parameters, expected) in cases {
            let parameters: Vec<(String, String)> =
                parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(orders(&parameters), expected, "{parameters:?}");
        }
        let many: Vec<(String, String)> = (1..500).map(|id| ("orderId".to_owned(), id.to_string())).collect();
        assert_eq!(orders(&many).len(), ORDERS_MAX);
    }
}
