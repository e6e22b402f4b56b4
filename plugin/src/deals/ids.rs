//! The ids of everything that deals put into UIS. Several integrations of one UIS account may have different RetailCRM accounts, and order 17 of
//! one is not order 17 of another. So each id names its RetailCRM account: `order-17@s-1.retailcrm.io`. The name is the host of the account's
//! technical address, which RetailCRM gives once; a new public domain changes no id. Within the plugin and for partners' rules ids are
//! without the account; only this file adds it.
//!
//! Version 0.1 sent ids without the account. UIS cannot rename ids, and a second id would double the deal. So an integration that has sent
//! deals in that form goes on in it, for new deals too, so that a deal, its funnel and its contacts stay together.

use serde::{Deserialize, Serialize};

use super::plan::{self, Cursor, Plan};
use super::prerequisites;
use crate::base::digest;
use crate::base::keys::{DealPrerequisite, Family, Key};
use crate::base::stored;
use crate::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, Funnel, UserField};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::retailcrm::{CrmError, system};

/// UIS's longest id, in characters `[inferred]`.
const ID_MAX: usize = 255;
/// How many values of another account are forgotten in one run.
const FORGOTTEN_PER_RUN: usize = 2000;

/// The RetailCRM account whose deals UIS has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Account {
    /// The host of its technical address.
    host: String,
    /// The ids in UIS do not name it, because version 0.1 sent them.
    plain: bool,
}

/// Makes ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Ids(Option<String>);

/// Why there are no ids.
pub enum NoIds {
    /// RetailCRM does not say which account it is; the reason.
    Unknown(String),
    /// Deals of another account are being forgotten; a further run continues.
    Busy,
    /// Another reason.
    Failure(Failure),
}

impl From<Failure> for NoIds {
    fn from(failure: Failure) -> NoIds {
        NoIds::Failure(failure)
    }
}

/// The integration was switched on or its settings were saved, perhaps with other credentials: the account is read again before the next run.
pub fn check_again(context: &Context<'_>, at: Instant) -> Result<(), Failure> {
    stored::put(context.platform, Key::DealsAccountDue, &at, None)
}

/// Whether no run has read the account since the integration was switched on or its settings were saved.
pub fn is_due(context: &Context<'_>) -> bool {
    stored::exists(context.platform, Key::DealsAccountDue)
}

/// The ids of the account that the credentials lead to.
pub fn of(context: &Context<'_>) -> Result<Ids, NoIds> {
    let platform = context.platform;
    let known: Option<Account> = stored::load(platform, Key::DealsAccount)?;
    let due: Option<Instant> = stored::load(platform, Key::DealsAccountDue)?;
    if let (Some(account), None) = (&known, due) {
        return Ok(Ids::of(account));
    }
    let account = match (system::technical_host(context.crm), known) {
        (Ok(Some(host)), Some(known)) if known.host == host => known,
        (Ok(Some(host)), Some(known)) => {
            let fields = [("before", known.host.as_str()), ("now", host.as_str())];
            platform.log(
                Level::Warn,
                "the credentials lead to another RetailCRM account; deals of the former one are left as they are",
                &fields,
            );
            if !forget_deals(context, due.unwrap_or_else(|| platform.now()))? {
                return Err(NoIds::Busy);
            }
            Account { host, plain: false }
        }
        (Ok(Some(host)), None) => Account { host, plain: !prerequisites::known_funnels(platform).is_empty() },
        // The account was known before, so the key's rights or a version of RetailCRM may have changed.
        (Ok(None) | Err(CrmError::Refused { .. } | CrmError::Forbidden { .. }), Some(known)) => known,
        (Ok(None), None) => return Err(NoIds::Unknown("RetailCRM does not say its technical address".into())),
        (Err(error @ (CrmError::Refused { .. } | CrmError::Forbidden { .. })), None) => return Err(NoIds::Unknown(error.to_string())),
        (Err(error), _) => return Err(NoIds::Failure(error.into())),
    };
    stored::put(platform, Key::DealsAccount, &account, None)?;
    stored::forget(platform, Key::DealsAccountDue)?;
    Ok(Ids::of(&account))
}

/// Forgets what is known about deals of another account, and begins with the changes since `at`; false: there is more.
fn forget_deals(context: &Context<'_>, at: Instant) -> Result<bool, Failure> {
    let platform = context.platform;
    let kinds = [DealPrerequisite::Field, DealPrerequisite::Employee, DealPrerequisite::Contact];
    let families = [Family::Deals, Family::DealHints, Family::DealFunnels, Family::DealFunnelsRefused];
    let prerequisites = kinds.iter().flat_map(|kind| [Family::DealPrerequisites(*kind), Family::DealPrerequisitesRefused(*kind)]);
    let mut room = FORGOTTEN_PER_RUN;
    for family in families.into_iter().chain(prerequisites) {
        while room > 0 {
            let page = stored::page(platform, family, None, room.min(200));
            for name in &page.names {
                stored::forget(platform, Key::Listed(family, name))?;
            }
            room = room.saturating_sub(page.names.len());
            if page.next.is_none() {
                break;
            }
        }
    }
    if room == 0 {
        return Ok(false);
    }
    for key in [Key::DealsReferences, Key::DealsUsedStatuses, Key::DealsMergedGroups, Key::DealsStages, Key::DealsHintsDone] {
        stored::forget(platform, key)?;
    }
    let loading = plan::load(context)?.loading;
    plan::put(context, &Plan { cursor: Some(Cursor::At(at)), loading, ..Plan::default() })?;
    Ok(true)
}

impl Ids {
    fn of(account: &Account) -> Ids {
        Ids(Some(account.host.clone()).filter(|_| !account.plain))
    }

    /// Ids without an account.
    #[cfg(test)]
    pub fn plain() -> Ids {
        Ids(None)
    }

    /// The id in UIS.
    pub fn full(&self, id: &str) -> String {
        let Some(host) = &self.0 else { return id.to_owned() };
        let room = ID_MAX.saturating_sub(host.chars().count() + 1);
        if id.chars().count() <= room {
            return format!("{id}@{host}");
        }
        // A very long code: what is cut off is named by its digest.
        let mark = format!("~{:x}", digest::of(&id));
        let begin: String = id.chars().take(room.saturating_sub(mark.len())).collect();
        format!("{begin}{mark}@{host}")
    }

    /// A funnel as UIS has it.
    pub fn funnel(&self, funnel: &Funnel) -> Funnel {
        let mut funnel = funnel.clone();
        funnel.ext_id = self.full(&funnel.ext_id);
        for stage in &mut funnel.stages {
            stage.ext_id = self.full(&stage.ext_id);
        }
        funnel
    }

    /// Fields as UIS has them.
    pub fn fields(&self, fields: &[UserField]) -> Vec<UserField> {
        fields.iter().map(|field| UserField { ext_id: self.full(&field.ext_id), ..field.clone() }).collect()
    }

    /// Employees as UIS has them.
    pub fn employees(&self, employees: &[DealEmployee]) -> Vec<DealEmployee> {
        employees.iter().map(|employee| DealEmployee { ext_id: self.full(&employee.ext_id), ..employee.clone() }).collect()
    }

    /// Contacts as UIS has them.
    pub fn contacts(&self, contacts: &[DealContact]) -> Vec<DealContact> {
        contacts.iter().map(|contact| DealContact { ext_id: self.full(&contact.ext_id), ..contact.clone() }).collect()
    }

    /// States of deals as UIS has them.
    pub fn deals(&self, deals: &[Deal]) -> Vec<Deal> {
        let deal = |deal: &Deal| Deal {
            ext_id: self.full(&deal.ext_id),
            funnel_ext_id: self.full(&deal.funnel_ext_id),
            stage_ext_id: self.full(&deal.stage_ext_id),
            contact_ext_ids: deal.contact_ext_ids.iter().map(|id| self.full(id)).collect(),
            employee_ext_id: deal.employee_ext_id.as_ref().map(|id| self.full(id)),
            user_fields: deal.user_fields.iter().map(|(id, value)| (self.full(id), value.clone())).collect(),
            ..deal.clone()
        };
        deals.iter().map(deal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::settings::Settings;

    fn answering(host: &str) -> Fake {
        let body = format!(r#"{{"success":true,"systemVersion":"8.1.51","technicalUrl":"https://{host}"}}"#);
        Fake { answers: [("/api/system-info", body)].into(), ..Fake::default() }
    }

    fn ids(fake: &Fake) -> Option<Ids> {
        of(&Context::with_settings(fake, Settings::default())).ok()
    }

    #[test]
    fn an_id_names_its_account_and_stays_short() {
        let ids = Ids(Some("s-1.retailcrm.io".into()));
        assert_eq!(ids.full("order-17"), "order-17@s-1.retailcrm.io");
        let (one, other) = (ids.full(&"я".repeat(300)), ids.full(&format!("{}ю", "я".repeat(299))));
        assert!(one != other && one.chars().count() <= ID_MAX && other.ends_with("@s-1.retailcrm.io"), "{one} {other}");
        assert_eq!(Ids(None).full("order-17"), "order-17");
    }

    #[test]
    fn the_account_is_read_once_and_again_after_the_settings_are_saved() {
        let fake = answering("s-1.retailcrm.io");
        assert_eq!((ids(&fake), ids(&fake)), (Some(Ids(Some("s-1.retailcrm.io".into()))), Some(Ids(Some("s-1.retailcrm.io".into())))));
        assert_eq!(fake.sent.borrow().len(), 1);
        check_again(&Context::with_settings(&fake, Settings::default()), 5).expect("stored");
        assert!(ids(&fake).is_some() && fake.sent.borrow().len() == 2);
    }

    #[test]
    fn an_integration_that_sent_deals_under_0_1_keeps_their_ids() {
        let fake = answering("s-1.retailcrm.io");
        fake.set("deal-funnel/shop-main", "v1:{}");
        assert_eq!(ids(&fake), Some(Ids(None)));
        check_again(&Context::with_settings(&fake, Settings::default()), 5).expect("stored");
        assert_eq!(ids(&fake), Some(Ids(None)), "it is the same account");
    }

    #[test]
    fn deals_of_another_account_are_forgotten() {
        let fake = answering("s-1.retailcrm.io");
        fake.set("deals/account", r#"v1:{"host":"s-9.retailcrm.io","plain":true}"#);
        for key in ["deal/17", "deal-contact/customer-7", "deal-funnel/shop-main", "deal-field-refused/shop", "deals/stages"] {
            fake.set(key, "v1:{}");
        }
        check_again(&Context::with_settings(&fake, Settings::default()), 5).expect("stored");
        assert_eq!(ids(&fake), Some(Ids(Some("s-1.retailcrm.io".into()))));
        let left: Vec<String> = fake.stored.borrow().keys().cloned().collect();
        assert_eq!(left, ["deals/account", "deals/plan"]);
        assert!(fake.value("deals/plan").expect("a plan").contains(r#"{"at":5}"#));
    }

    #[test]
    fn an_account_that_retailcrm_does_not_name_gets_no_ids() {
        let fake = Fake { answers: [("/api/system-info", r#"{"success":true}"#.to_owned())].into(), ..Fake::default() };
        assert!(matches!(of(&Context::with_settings(&fake, Settings::default())), Err(NoIds::Unknown(_))));
    }
}
