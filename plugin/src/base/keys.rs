//! The keys of everything that is stored between events. Only this file converts them to and from text.

use std::fmt;

use crate::base::appeal_id::AppealId;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key<'a> {
    // RetailCRM's state.
    /// The account's time zone.
    Zone,
    /// Order statuses.
    Statuses,
    /// Shops.
    Sites,
    /// Working hours and days off.
    WorkTimes,
    /// Fields that the account added to an entity, by RetailCRM's name of the entity.
    KnownFields(&'a str),
    /// The code of our module.
    ModuleCode,
    /// Whether RetailCRM shows, or may show, our pages.
    ModuleEmbedded,
    /// The data that the module was last registered with.
    ModuleRegistered,
    /// RetailCRM switched the integration off.
    SwitchedOff,
    /// RetailCRM switched the integration on again, and the reactivation is not finished.
    SwitchingOn,

    /// Something else answers in RetailCRM's place, and an event waits.
    Outage,
    /// The users of RetailCRM who are active.
    ActiveUsers,
    /// What the last review of the settings found.
    SettingsReviewed,

    // Employees.
    /// A UIS employee's link to a CRM user.
    EmployeeLink(i64),
    /// A CRM user's link to a UIS employee.
    UserLink(i64),
    /// The employee who belongs to a synchronised CRM user.
    Synchronised(i64),
    /// A number of the UIS account itself: a virtual number, or an employee's phone.
    OwnNumber(&'a str),

    // Appeals.
    /// What is already done in RetailCRM for an appeal.
    Appeal(AppealId),
    /// Which customer of RetailCRM a visitor is.
    Visitor(i64),
    /// Which customer a person is who has this phone or e-mail, and not on the customer's record.
    Alias(&'a str),
    /// The lease of an appeal that is looking for the person with this phone, e-mail or visitor id.
    PersonLease(&'a str),
    /// A number that UIS gave, and that would be read as another one where people type numbers.
    GivenNumber(&'a str),
    /// The texts that we wrote into custom fields of a customer or order: `customer/17`.
    OwnTexts(&'a str),
    /// The task of an appeal.
    AppealTask(AppealId),
    /// It was already reported that RetailCRM has no such field.
    MissingField(&'a str),
    /// The open task for missed calls from a phone.
    MissedCallTask(&'a str),

    /// When the integration was last switched on, and when that was done.
    SwitchedOn,

    // Calls.
    /// The merged state of a call.
    Call(i64),
    /// A call that is not finished.
    UnfinishedCall(i64),
    /// A CRM user's click on a phone.
    Clicked(i64, &'a str),
    /// A click in RetailCRM, by the mark that its call has.
    ClickMark(&'a str),
    /// The last clicks on a phone in RetailCRM.
    ClickOn(&'a str),
    /// The time up to which UIS's report of calls was read.
    CallsRead,
    /// The rows of UIS's report of calls that were handled.
    CallsSeen,

    // Chats and site requests.
    /// The merged state of a chat.
    Chat(i64),
    /// The chat behind a communication.
    ChatOfCommunication(i64),
    /// Tags of a communication whose chat is not known yet.
    CommunicationTags(i64),
    /// The time up to which UIS's reports of chats and site requests were read.
    TextsRead,
    /// The rows of UIS's report of chats that were handled.
    ChatsSeen,
    /// The rows of UIS's report of site requests that were handled.
    RequestsSeen,
    /// A chat of which RetailCRM refused something.
    RefusedChat(i64),
    /// A site request of which RetailCRM refused something.
    RefusedRequest(i64),

    // Deals.
    /// The state of an order's deal in UIS.
    Deal(i64),
    /// An order that a trigger named and that is not read yet.
    DealHint(i64),
    /// A funnel as it is in UIS.
    DealFunnel(&'a str),
    /// Funnel stages that UIS refused.
    DealFunnelRefused(&'a str),
    /// A prerequisite of deals as it is in UIS.
    DealPrerequisite(DealPrerequisite, &'a str),
    /// A prerequisite of deals that UIS refused.
    DealPrerequisiteRefused(DealPrerequisite, &'a str),
    /// RetailCRM's statuses, groups, shops and users, as deals need them.
    DealsReferences,
    /// Statuses that orders are or were in.
    DealsUsedStatuses,
    /// Groups of statuses that were merged into one stage each, as last reported.
    DealsMergedGroups,
    /// The stage of each status that orders were in.
    DealsStages,
    /// When hints were last processed.
    DealsHintsDone,
    /// The day since which deals were loaded.
    DealsLoadedFrom,
    /// The digest of the settings that affect every deal.
    DealsSettingsDigest,
    /// When the next early run is due.
    DealsSoon,
    /// How far the orders' history was read.
    DealsPlan,
    /// How many orders are read at a time.
    DealsBatchSize,
    /// It was already reported that the key may not read orders.
    DealsForbidden,
    /// Skipped items of a failed run, not reported yet.
    DealsUnreported,
    /// The RetailCRM account whose deals UIS has.
    DealsAccount,
    /// The account has to be read again; since when.
    DealsAccountDue,
    /// This integration sends its RetailCRM account's deals.
    DealsClaimed,
    /// Another integration sends them: the code of its module.
    DealsOwnedBy,
    /// Any key of a family, by its name.
    Listed(Family, &'a str),
}

/// What must exist in UIS before a deal, besides its funnel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DealPrerequisite {
    /// A field.
    Field,
    /// An employee.
    Employee,
    /// A contact.
    Contact,
}

/// Keys with a common prefix, which can be listed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// [`Key::EmployeeLink`].
    EmployeeLinks,
    /// [`Key::UserLink`].
    UserLinks,
    /// [`Key::Synchronised`].
    Synchronised,
    /// [`Key::OwnNumber`].
    OwnNumbers,
    /// [`Key::UnfinishedCall`].
    UnfinishedCalls,
    /// [`Key::MissingField`].
    MissingFields,
    /// [`Key::RefusedChat`].
    RefusedChats,
    /// [`Key::RefusedRequest`].
    RefusedRequests,
    /// [`Key::Deal`].
    Deals,
    /// [`Key::DealHint`].
    DealHints,
    /// [`Key::DealFunnel`].
    DealFunnels,
    /// [`Key::DealFunnelRefused`].
    DealFunnelsRefused,
    /// [`Key::DealPrerequisite`].
    DealPrerequisites(DealPrerequisite),
    /// [`Key::DealPrerequisiteRefused`].
    DealPrerequisitesRefused(DealPrerequisite),
}

impl Family {
    /// The common prefix of the keys; the rest of each key is its name.
    pub fn prefix(self) -> &'static str {
        match self {
            Family::EmployeeLinks => "employees/",
            Family::UserLinks => "users/",
            Family::Synchronised => "synchronised/",
            Family::OwnNumbers => "own-number/",
            Family::UnfinishedCalls => "unsettled-call/",
            Family::MissingFields => "missing-field/",
            Family::RefusedChats => "refused-chat/",
            Family::RefusedRequests => "refused-request/",
            Family::Deals => "deal/",
            Family::DealHints => "deal-hint/",
            Family::DealFunnels => "deal-funnel/",
            Family::DealFunnelsRefused => "deal-funnel-refused/",
            Family::DealPrerequisites(DealPrerequisite::Field) => "deal-field/",
            Family::DealPrerequisites(DealPrerequisite::Employee) => "deal-employee/",
            Family::DealPrerequisites(DealPrerequisite::Contact) => "deal-contact/",
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
            Key::SwitchedOn => ("switched-on", &""),
            Key::SwitchingOn => ("retailcrm/switching-on", &""),
            Key::Outage => ("retailcrm/outage", &""),
            Key::ActiveUsers => ("retailcrm/active-users", &""),
            Key::SettingsReviewed => ("settings/reviewed", &""),
            Key::EmployeeLink(employee) => (Family::EmployeeLinks.prefix(), employee),
            Key::UserLink(user) => (Family::UserLinks.prefix(), user),
            Key::Synchronised(user) => (Family::Synchronised.prefix(), user),
            Key::OwnNumber(number) => (Family::OwnNumbers.prefix(), number),
            Key::Appeal(appeal) => ("appeal/", appeal),
            Key::PersonLease(name) => ("person-lease/", name),
            Key::Alias(name) => ("alias/", name),
            Key::Visitor(visitor) => ("visitor/", visitor),
            Key::ChatOfCommunication(id) => ("chat-of/", id),
            Key::CommunicationTags(id) => ("tags/", id),
            Key::OwnTexts(record) => ("own-texts/", record),
            Key::MissingField(name) => (Family::MissingFields.prefix(), name),
            Key::AppealTask(appeal) => ("task/", appeal),
            Key::GivenNumber(number) => ("given-number/", number),
            Key::MissedCallTask(phone) => ("missed-call-task/", phone),
            Key::Call(session) => ("call/", session),
            Key::UnfinishedCall(session) => (Family::UnfinishedCalls.prefix(), session),
            Key::Clicked(user, phone) => return write!(out, "clicked/{user}/{phone}"),
            Key::ClickMark(mark) => ("click/", mark),
            Key::ClickOn(phone) => ("click-on/", phone),
            Key::CallsRead => ("reconcile/calls", &""),
            Key::CallsSeen => ("reconcile/calls-seen", &""),
            Key::Chat(chat) => ("chat/", chat),
            Key::TextsRead => ("reconcile/texts", &""),
            Key::ChatsSeen => ("reconcile/chats-seen", &""),
            Key::RequestsSeen => ("reconcile/requests-seen", &""),
            Key::RefusedChat(chat) => (Family::RefusedChats.prefix(), chat),
            Key::RefusedRequest(request) => (Family::RefusedRequests.prefix(), request),
            Key::Deal(order) => (Family::Deals.prefix(), order),
            Key::DealHint(order) => (Family::DealHints.prefix(), order),
            Key::DealFunnel(funnel) => (Family::DealFunnels.prefix(), funnel),
            Key::DealFunnelRefused(funnel) => (Family::DealFunnelsRefused.prefix(), funnel),
            Key::DealPrerequisite(part, id) => (Family::DealPrerequisites(*part).prefix(), id),
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
            Key::DealsAccount => ("deals/account", &""),
            Key::DealsAccountDue => ("deals/account-due", &""),
            Key::DealsClaimed => ("deals/claimed", &""),
            Key::DealsOwnedBy => ("deals/owned-by", &""),
            Key::Listed(family, name) => (family.prefix(), name),
        };
        out.write_str(prefix)?;
        name.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_with_the_prefix_of_their_family() {
        let part = DealPrerequisite::Contact;
        for (key, family, name) in [
            (Key::EmployeeLink(5), Family::EmployeeLinks, "5"),
            (Key::UserLink(-5), Family::UserLinks, "-5"),
            (Key::Synchronised(5), Family::Synchronised, "5"),
            (Key::OwnNumber("74951112233"), Family::OwnNumbers, "74951112233"),
            (Key::UnfinishedCall(5), Family::UnfinishedCalls, "5"),
            (Key::MissingField("extra-field-rows: x"), Family::MissingFields, "extra-field-rows: x"),
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
