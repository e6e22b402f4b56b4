//! One event at a time looks for a person and creates the customer. Events about one person usually have the same ordering key, but not
//! always: a chat by e-mail and a chat of the same visitor by phone are in different lanes. Without a lease, both would find no customer
//! and both would create one, with different `externalId`s.

use crate::appeal::Identity;
use crate::base::appeal_id::AppealId;
use crate::base::digest;
use crate::base::keys::Key;
use crate::base::outcome::retry_after;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;

/// The delay before an event is retried because another event holds a lease, in milliseconds: about the time of a look-up and a create.
const AGAIN_MS: u32 = 2_000;

/// The longest run of a handler, in milliseconds: the contract's usual limit. A lease lasts longer, so it expires only after a crash.
const HANDLER_MS: u64 = 60_000;

/// Leases on everything that identifies a person.
pub struct PersonLease<'a> {
    context: &'a Context<'a>,
    taken: Vec<String>,
}

impl<'a> PersonLease<'a> {
    /// Takes the leases for an appeal. An appeal that took them in an earlier attempt still holds them. If another appeal holds one of
    /// them, the event is retried.
    pub fn take(context: &'a Context<'a>, identity: &Identity, appeal: AppealId) -> Result<PersonLease<'a>, Failure> {
        let mut lease = PersonLease { context, taken: Vec::new() };
        let holder = appeal.to_string();
        for name in names(identity) {
            let ttl = u64::from(context.crm.max_in_flight_ms()) + HANDLER_MS;
            if stored::lease(context.platform, Key::PersonLease(&name), &holder, ttl)? {
                lease.taken.push(name);
            } else {
                lease.release()?;
                return Err(retry_after(AGAIN_MS, format!("another event about {} is looking for the customer", shown(&name))));
            }
        }
        Ok(lease)
    }

    /// Releases the leases.
    pub fn release(&mut self) -> Result<(), Failure> {
        for name in std::mem::take(&mut self.taken) {
            stored::forget(self.context.platform, Key::PersonLease(&name))?;
        }
        Ok(())
    }

    /// Releases the leases, unless a request whose outcome is unknown may still create the customer. In that case the leases expire, or the
    /// next attempt of the same appeal finds that it already holds them.
    pub fn release_after<T>(mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        if !matches!(result, Err(Failure::Retry(_))) {
            self.release()?;
        }
        result
    }
}

/// The names of a person's leases, always in the same order, so that two events cannot wait for each other. An e-mail may be longer than a
/// key, so names contain a digest. Two people with the same digest merely wait for each other.
fn names(identity: &Identity) -> Vec<String> {
    let email = identity.email.as_ref().map(|email| format!("email/{:x}", digest::of(email)));
    let phone = identity.phone.as_ref().map(|phone| format!("phone/{:x}", digest::of(phone)));
    let visitor = identity.visitor.map(|visitor| format!("visitor/{visitor}"));
    [email, phone, visitor].into_iter().flatten().collect()
}

/// What a lease is on, without personal data.
fn shown(name: &str) -> &'static str {
    match name.split('/').next() {
        Some("email") => "the same e-mail",
        Some("phone") => "the same phone",
        _ => "the same visitor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    fn person(phone: Option<&str>, email: Option<&str>) -> Identity {
        Identity { phone: phone.map(str::to_owned), email: email.map(str::to_owned), ..Identity::default() }
    }

    #[test]
    fn two_appeals_of_one_person_do_not_look_for_the_customer_at_once() {
        let fake = Fake::default();
        let context = Context::new(&fake);
        let (by_email, by_both) = (person(None, Some("a@x.example")), person(Some("79160000001"), Some("a@x.example")));
        let first = PersonLease::take(&context, &by_email, AppealId::chat(1)).expect("free");
        let Err(Failure::Retry(later)) = PersonLease::take(&context, &by_both, AppealId::chat(2)) else { panic!("the lease is taken") };
        assert_eq!(later.after_ms, Some(AGAIN_MS));
        assert!(!later.reason.contains("a@x.example"), "{}", later.reason);
        let by_phone = PersonLease::take(&context, &person(Some("79160000001"), None), AppealId::call(3));
        assert!(by_phone.is_ok(), "an event that cannot take all leases keeps none");
        by_phone.expect("checked").release_after(Ok(())).expect("given back");
        first.release_after(Ok(())).expect("given back");
        assert!(PersonLease::take(&context, &by_both, AppealId::chat(2)).is_ok());
    }

    #[test]
    fn an_appeal_keeps_its_leases_while_its_request_may_still_arrive() {
        let fake = Fake::default();
        let context = Context::new(&fake);
        let identity = person(None, Some("a@x.example"));
        let lease = PersonLease::take(&context, &identity, AppealId::chat(1)).expect("free");
        assert!(lease.release_after::<()>(Err(retry_after(1, "no answer"))).is_err());
        assert!(PersonLease::take(&context, &identity, AppealId::chat(2)).is_err(), "another appeal waits");
        assert!(PersonLease::take(&context, &identity, AppealId::chat(1)).is_ok(), "the next attempt of the same appeal continues");
    }
}
