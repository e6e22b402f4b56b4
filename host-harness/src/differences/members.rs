//! The members of the states: what their records are called, and what identifies them, in the order in which it is tried.

use super::Part;

/// A way to recognise a record in the other outcome.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// The same external id.
    ExternalId,
    /// The same id, if the record was there before the handlers ran.
    Given,
    /// These members are the same, and at least one is present.
    Members(&'static [&'static str]),
    /// The same first phone.
    FirstPhone,
    /// The same event made it.
    Made,
}

/// A member of a state.
#[derive(Debug)]
pub(super) struct Member {
    /// The name in the report.
    pub(super) name: &'static str,
    pub(super) part: Part,
    /// The entity, as effects name it.
    pub(super) entity: &'static str,
    /// The noun of its ids, if other records and texts refer to it.
    pub(super) noun: Option<&'static str>,
    /// What its records have in place of an id.
    pub(super) id: &'static str,
    /// What identifies a record, the surest first.
    pub(super) keys: &'static [Key],
}

use Key::{ExternalId, FirstPhone, Given, Made, Members};

const fn crm(name: &'static str, entity: &'static str, noun: Option<&'static str>, id: &'static str, keys: &'static [Key]) -> Member {
    Member { name, part: Part::Crm, entity, noun, id, keys }
}

const fn uis(name: &'static str, entity: &'static str, id: &'static str, keys: &'static [Key]) -> Member {
    Member { name, part: Part::Uis, entity, noun: None, id, keys }
}

/// All members, those that others refer to first.
pub(super) const MEMBERS: [Member; 14] = [
    crm(
        "customers",
        "customer",
        Some("customer"),
        "id",
        &[ExternalId, Given, Members(&["phones", "email"]), Members(&["phones"]), FirstPhone, Members(&["email"]), Made],
    ),
    crm("orders", "order", Some("order"), "id", &[ExternalId, Given, Made, Members(&["customer", "managerComment"])]),
    crm(
        "tasks",
        "task",
        Some("task"),
        "id",
        &[Given, Members(&["text", "customer", "phone", "datetime"]), Made, Members(&["text", "customer", "phone"])],
    ),
    crm("notes", "note", Some("note"), "id", &[Given, Members(&["text", "customer"]), Made, Members(&["text"])]),
    crm("calls", "call", None, "externalId", &[ExternalId]),
    crm(
        "popups",
        "pop-up",
        None,
        "",
        &[Members(&["userId", "phone", "shownAt"]), Members(&["phone", "shownAt"]), Members(&["userId", "phone"]), Members(&["phone"])],
    ),
    crm(
        "callEvents",
        "pop-up",
        None,
        "",
        &[
            Members(&["callExternalId", "type", "codes", "userIds"]),
            Members(&["callExternalId", "type"]),
            Members(&["phone", "type", "at"]),
            Members(&["phone", "type"]),
        ],
    ),
    crm("modules", "module", None, "code", &[Members(&["code"])]),
    uis("employees", "employee", "id", &[Given, Members(&["email", "full_name"]), Members(&["email"]), Members(&["full_name"]), Made]),
    uis("funnels", "funnel", "ext_id", &[Members(&["ext_id"])]),
    uis("dealContacts", "deal contact", "ext_id", &[Members(&["ext_id"]), Members(&["phone_numbers"])]),
    uis("deals", "deal", "ext_id", &[Members(&["ext_id"])]),
    uis("dialled", "dial order", "", &[Members(&["contact", "at"]), Members(&["contact"])]),
    uis("answers", "answer", "", &[Members(&["call_session_id", "at"]), Members(&["call_session_id"])]),
];

/// What identifies a record of a member that is not in the table: another CRM has other members.
pub(super) const OTHER: [Key; 2] = [ExternalId, Given];
