//! The keys of all that is kept between events. Here alone they are written and read as text.

use std::fmt;

use crate::base::appeal_id::AppealId;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key<'a> {
    // What is remembered of RetailCRM.
    /// Its account's time zone.
    Zone,
    /// Order statuses.
    Statuses,
    /// Shops.
    Sites,
    /// Working hours and days off.
    WorkTimes,
    /// Fields that the account added to an entity, by RetailCRM's name of that.
    KnownFields(&'a str),
    /// Our module's code.
    ModuleCode,
    /// RetailCRM shows pages of ours, or may.
    ModuleEmbedded,
    /// What the module was last registered with.
    ModuleRegistered,
    /// RetailCRM took the integration out of use.
    SwitchedOff,
    /// It put the integration into use again, and what follows from that is not done yet.
    SwitchingOn,

    // Employees.
    /// The link of a UIS employee.
    EmployeeLink(i64),
    /// The link of a CRM user.
    UserLink(i64),
    /// The employee who is a synchronised CRM user.
    Synchronised(i64),

    // Appeals.
    /// What of an appeal is done in RetailCRM.
    Appeal(AppealId),
    /// Who a visitor is in RetailCRM.
    Visitor(i64),
    /// An appeal is looking for the person with this phone, e-mail or visitor id.
    PersonLease(&'a str),
    /// The task of an appeal.
    AppealTask(AppealId),
    /// The open task of missed calls of a phone.
    MissedCallTask(&'a str),

    // Calls.
    /// A call's story.
    Call(i64),
    /// A call that is not done with.
    UnfinishedCall(i64),
    /// A click by a CRM user on a phone.
    Clicked(i64, &'a str),
    /// Up to when UIS's report of calls was read.
    CallsRead,

    // Chats and site requests.
    /// A chat's story.
    Chat(i64),
    /// Up to when UIS's reports of chats and site requests were read.
    TextsRead,

    // Deals.
    /// What UIS knows of an order's deal.
    Deal(i64),
    /// An order that a trigger named and that is not read yet.
    DealHint(i64),
    /// A funnel as UIS has it.
    DealFunnel(&'a str),
    /// Stages that UIS refused for a funnel.
    DealFunnelRefused(&'a str),
    /// A part of deals as UIS has it.
    DealPrerequisite(DealPrerequisite, &'a str),
    /// A part of deals that UIS refused.
    DealPrerequisiteRefused(DealPrerequisite, &'a str),
    /// RetailCRM's statuses, groups, shops and people, as deals need them.
    DealsReferences,
    /// Statuses that deals are or were in.
    DealsUsedStatuses,
    /// Groups of statuses that became one stage each, as they were last reported.
    DealsMergedGroups,
    /// The stages of statuses that orders were in.
    DealsStages,
    /// When hints were followed last.
    DealsHintsDone,
    /// The day from which on deals were loaded.
    DealsLoadedFrom,
    /// What the settings make of every deal.
    DealsSettingsDigest,
    /// When the next run that should not wait is due.
    DealsSoon,
    /// How far the orders' history was read.
    DealsPlan,
    /// How many orders are read at a time.
    DealsBatchSize,
    /// It was reported that the key may not read orders.
    DealsForbidden,
    /// What was left out by a run that broke off.
    DealsUnreported,
}

/// What must be in UIS before a deal, besides its funnel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DealPrerequisite {
    /// A field.
    Field,
    /// An employee.
    Employee,
    /// A contact.
    Contact,
}

/// Keys that are listed: all that begin alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// [`Key::EmployeeLink`].
    EmployeeLinks,
    /// [`Key::UserLink`].
    UserLinks,
    /// [`Key::Synchronised`].
    Synchronised,
    /// [`Key::UnfinishedCall`].
    UnfinishedCalls,
    /// [`Key::Deal`].
    Deals,
    /// [`Key::DealHint`].
    DealHints,
    /// [`Key::DealFunnel`].
    DealFunnels,
    /// [`Key::DealPrerequisiteRefused`].
    DealPrerequisitesRefused(DealPrerequisite),
}

impl Family {
    /// What the keys begin with; the rest is the name.
    pub fn prefix(self) -> &'static str {
        match self {
            Family::EmployeeLinks => "employees/",
            Family::UserLinks => "users/",
            Family::Synchronised => "synchronised/",
            Family::UnfinishedCalls => "unsettled-call/",
            Family::Deals => "deal/",
            Family::DealHints => "deal-hint/",
            Family::DealFunnels => "deal-funnel/",
            Family::DealPrerequisitesRefused(DealPrerequisite::Field) => "deal-field-refused/",
            Family::DealPrerequisitesRefused(DealPrerequisite::Employee) => "deal-employee-refused/",
            Family::DealPrerequisitesRefused(DealPrerequisite::Contact) => "deal-contact-refused/",
        }
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, name): (&str, &dyn fmt::Display) = match self {
            Key::Zone => ("retailcrm/timezone", &""),
            Key::Statuses => ("retailcrm/statuses", &""),
            Key::Sites => ("retailcrm/sites", &""),
            Key::WorkTimes => ("retailcrm/work-times", &""),
            Key::KnownFields(entity) => ("retailcrm/fields/", entity),
            Key::ModuleCode => ("retailcrm/module-code", &""),
            Key::ModuleEmbedded => ("retailcrm/module-embedded", &""),
            Key::ModuleRegistered => ("retailcrm/module", &""),
            Key::SwitchedOff => ("retailcrm/switched-off", &""),
            Key::SwitchingOn => ("retailcrm/switching-on", &""),
            Key::EmployeeLink(employee) => (Family::EmployeeLinks.prefix(), employee),
            Key::UserLink(user) => (Family::UserLinks.prefix(), user),
            Key::Synchronised(user) => (Family::Synchronised.prefix(), user),
            Key::Appeal(appeal) => ("appeal/", appeal),
            Key::PersonLease(name) => ("person-lease/", name),
            Key::Visitor(visitor) => ("visitor/", visitor),
            Key::AppealTask(appeal) => ("task/", appeal),
            Key::MissedCallTask(phone) => ("missed-call-task/", phone),
            Key::Call(session) => ("call/", session),
            Key::UnfinishedCall(session) => (Family::UnfinishedCalls.prefix(), session),
            Key::Clicked(user, phone) => return write!(out, "clicked/{user}/{phone}"),
            Key::CallsRead => ("reconcile/calls", &""),
            Key::Chat(chat) => ("chat/", chat),
            Key::TextsRead => ("reconcile/texts", &""),
            Key::Deal(order) => (Family::Deals.prefix(), order),
            Key::DealHint(order) => (Family::DealHints.prefix(), order),
            Key::DealFunnel(funnel) => (Family::DealFunnels.prefix(), funnel),
            Key::DealFunnelRefused(funnel) => ("deal-funnel-refused/", funnel),
            Key::DealPrerequisite(DealPrerequisite::Field, id) => ("deal-field/", id),
            Key::DealPrerequisite(DealPrerequisite::Employee, id) => ("deal-employee/", id),
            Key::DealPrerequisite(DealPrerequisite::Contact, id) => ("deal-contact/", id),
            Key::DealPrerequisiteRefused(part, id) => (Family::DealPrerequisitesRefused(*part).prefix(), id),
            Key::DealsReferences => ("deals/book", &""),
            Key::DealsUsedStatuses => ("deals/met-statuses", &""),
            Key::DealsMergedGroups => ("deals/folded", &""),
            Key::DealsStages => ("deals/stages", &""),
            Key::DealsHintsDone => ("deals/followed", &""),
            Key::DealsLoadedFrom => ("deals/loaded-from", &""),
            Key::DealsSettingsDigest => ("deals/shape", &""),
            Key::DealsSoon => ("deals/soon", &""),
            Key::DealsPlan => ("deals/plan", &""),
            Key::DealsBatchSize => ("deals/pack", &""),
            Key::DealsForbidden => ("deals/forbidden", &""),
            Key::DealsUnreported => ("deals/untold", &""),
        };
        out.write_str(prefix)?;
        name.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_family_begin_as_it_says() {
        let part = DealPrerequisite::Contact;
        for (key, family, name) in [
            (Key::EmployeeLink(5), Family::EmployeeLinks, "5"),
            (Key::UserLink(-5), Family::UserLinks, "-5"),
            (Key::Synchronised(5), Family::Synchronised, "5"),
            (Key::UnfinishedCall(5), Family::UnfinishedCalls, "5"),
            (Key::Deal(5), Family::Deals, "5"),
            (Key::DealHint(5), Family::DealHints, "5"),
            (Key::DealFunnel("shop-a"), Family::DealFunnels, "shop-a"),
            (Key::DealPrerequisiteRefused(part, "customer-5"), Family::DealPrerequisitesRefused(part), "customer-5"),
        ] {
            assert_eq!(key.to_string().strip_prefix(family.prefix()), Some(name), "{key}");
        }
        assert_eq!(Key::Appeal(AppealId::call(5)).to_string(), "appeal/uis-call-5");
        assert_eq!(Key::Clicked(5, "79161234567").to_string(), "clicked/5/79161234567");
    }
}
