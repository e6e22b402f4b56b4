//! What every [`Dialler`] does. Calls are started: a live account rings real phones.

use crate::bindings::uis::integration::call_events::DialOrder;
use crate::ports::{DialError, Dialler};

/// What the account takes and what it refuses.
pub struct Fixture<'a> {
    /// The implementation.
    pub dialler: &'a dyn Dialler,
    /// An order that UIS takes.
    pub order: DialOrder,
    /// Orders that UIS refuses, each with the Call API's mnemonic: `employee_not_found`, `no_active_phone_number`,
    /// `virtual_phone_number_not_found`, … Empty for an account that refuses nothing.
    pub refused: Vec<(DialOrder, &'static str)>,
    /// How many calls the account has started so far.
    pub started: &'a (dyn Fn() -> usize + Sync),
    /// Begins the orders' ids. No order of the account had an id with this beginning.
    pub prefix: &'a str,
}

/// Checks every promise of [`Dialler`].
pub async fn conforms(fixture: &Fixture<'_>) {
    let Fixture { dialler, order, started, prefix, .. } = fixture;
    let before = started();
    let first = format!("{prefix}1");
    assert_eq!(dialler.start_call(&first, order).await, Ok(()), "UIS takes the order");
    assert_eq!(started() - before, 1, "an order starts one call");
    let repeated = dialler.start_call(&first, order).await;
    assert_eq!(started() - before, 1, "an order that comes again with the same id starts no second call (it was answered {repeated:?})");
    assert_eq!(repeated, Ok(()), "an order that comes again is answered as it was the first time");
    assert_eq!(dialler.start_call(&format!("{prefix}2"), order).await, Ok(()), "UIS takes an equal order with another id");
    assert_eq!(started() - before, 2, "an equal order with another id starts another call");
    for (index, (order, mnemonic)) in fixture.refused.iter().enumerate() {
        let answer = dialler.start_call(&format!("{prefix}refused-{index}"), order).await;
        let Err(DialError::Refused(why, message)) = answer else { panic!("UIS refuses this order by {mnemonic}: {answer:?}, {order:?}") };
        assert_eq!(why, *mnemonic, "a refusal has the Call API's mnemonic ({message})");
        assert_eq!(started() - before, 2, "an order that UIS refuses starts no call");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use futures_util::future::{BoxFuture, ready};

    use super::*;
    use crate::ports::Absent;
    use crate::suites::broken;

    /// Starts a call for whatever comes.
    #[derive(Default)]
    struct Careless(AtomicUsize);

    impl Dialler for Careless {
        fn start_call<'a>(&'a self, _: &'a str, _: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            ready(Ok(())).boxed()
        }
    }

    fn order() -> DialOrder {
        DialOrder {
            contact: "79161234567".into(),
            employee_id: 1,
            employee_phone: None,
            virtual_number: "74951234567".into(),
            extension: Some("15".into()),
            virtual_number_rule: None,
            show_virtual_number: false,
            external_id: None,
        }
    }

    #[test]
    fn the_suite_names_the_broken_promise() {
        let careless = Careless::default();
        let started = || careless.0.load(Ordering::SeqCst);
        let fixture = Fixture { dialler: &careless, order: order(), refused: Vec::new(), started: &started, prefix: "t" };
        let found = broken(conforms(&fixture));
        assert!(found.contains("starts no second call"), "{found}");
        let fixture = Fixture { dialler: &Absent, order: order(), refused: Vec::new(), started: &|| 0, prefix: "t" };
        let found = broken(conforms(&fixture));
        assert!(found.contains("UIS takes the order"), "{found}");
    }
}
