//! The trigger that the account's administrator set up in RetailCRM: a GET with `orderId`, mostly. He may have typed another name, forgotten
//! the value, or sent a form; so whatever looks like an order's number counts. It is only a hint: the order itself is read.

use crate::base::keys::{Family, Key};
use crate::base::outcome::{Handled, done};
use crate::base::{stored, template};
use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::deals;

/// A hint that was not followed for so long is not followed any more: the history is.
const TTL_MS: u64 = 7 * 24 * 3_600_000;
/// Orders of one request.
const ORDERS_MAX: usize = 100;
/// An order's id has at most so many digits.
const DIGITS_MAX: usize = 12;
/// Triggers of one order come in swarms: each is waited for this long.
const GATHER_MS: i64 = 2_000;
/// However many triggers come, orders are read no more often than this.
const BETWEEN_MS: i64 = 30_000;

/// A trigger fired. It is answered at once; the order is read by a timer, with all others that were told of meanwhile.
pub fn on_order_webhook(context: &Context<'_>, event: &OrderWebhook) -> Handled {
    if !context.settings()?.deals {
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

/// An order that is read once the history is read to its end.
pub fn postpone(context: &Context<'_>, order: i64) -> Result<(), Failure> {
    stored::put(context.platform, Key::DealHint(order), &true, Some(TTL_MS))
}

/// At most so many orders that triggers told of, and whether there are more.
pub fn pending(context: &Context<'_>, most: usize) -> (Vec<i64>, bool) {
    if most == 0 {
        return (Vec::new(), !stored::page(context.platform, Family::DealHints, None, 1).names.is_empty());
    }
    let page = stored::page(context.platform, Family::DealHints, None, most);
    (page.ids(), page.next.is_some())
}

/// These were followed.
pub fn mark_done(context: &Context<'_>, orders: &[i64]) -> Result<(), Failure> {
    for order in orders {
        stored::forget(context.platform, Key::DealHint(*order))?;
    }
    if orders.is_empty() { Ok(()) } else { stored::put(context.platform, Key::DealsHintsDone, &context.platform.now(), None) }
}

/// The orders that a trigger's parameters name: by the parameter that is called so, else by those whose names end in `id`, else by all.
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

/// Whole numbers of a value: one, or a list. A value that is more than numbers names nothing.
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
    fn whatever_the_administrator_typed_the_order_is_found() {
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
