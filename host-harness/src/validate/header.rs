//! The header: its members, the account's, and the CRM's content.

use serde_json::Value;

use super::{Findings, Kind};
use crate::recording::members::{did_you_mean, nearest};
use crate::recording::{HEADER_MEMBERS, Header};

/// The columns of lists of the account, by the Data API and by this project. A list may have further ones.
const COLUMNS: [(&str, &[&str]); 3] = [
    (
        "employees",
        &[
            "id",
            "login",
            "first_name",
            "last_name",
            "patronymic",
            "full_name",
            "status",
            "status_id",
            "email",
            "phone_numbers",
            "extension",
            "groups",
            "call_recording",
            "schedule_id",
            "schedule_name",
            "coach",
            "operator",
            "operator_sites",
            "sip_lines",
            "licences",
        ],
    ),
    (
        "virtual_numbers",
        &[
            "id",
            "virtual_phone_number",
            "redirection_phone_number",
            "activation_date",
            "status",
            "category",
            "type",
            "name",
            "comment",
            "campaigns",
            "scenarios",
        ],
    ),
    ("chat_channels", &["id", "name", "type", "status"]),
];

/// Checks the header.
pub(super) fn check(header: &Header, findings: &mut Findings) {
    for name in &header.ignored {
        let meant = did_you_mean(name, HEADER_MEMBERS);
        findings.error(1, Kind::UnknownMember, format!("{name:?} is no member of a header{meant}; it is ignored"));
    }
    for credentials in &header.credentials {
        crm(&credentials.crm, &format!("credentials {:?}: ", credentials.name), findings);
    }
    for integration in &header.integrations {
        let place = if header.integrations.len() > 1 { format!("integration {:?}: ", integration.name) } else { String::new() };
        crm(&integration.crm, &place, findings);
    }
}

/// Checks the members of the account as they are written.
pub(super) fn check_account(account: &Value, findings: &mut Findings) {
    let known = serde_json::to_value(uis_simulator::Account::default()).unwrap_or_default();
    let known: Vec<&str> = known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for name in account.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !known.contains(&name.as_str())) {
        let meant = did_you_mean(name, known.iter().copied());
        findings.error(1, Kind::UnknownMember, format!("account.{name} is unknown{meant}; it is ignored"));
    }
    for (list, columns) in COLUMNS {
        for (index, row) in account[list].as_array().into_iter().flatten().enumerate() {
            // The Data API has further columns, so only a name that is nearly a known one is wrong.
            for name in row.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !columns.contains(&name.as_str())) {
                let Some(meant) = nearest(name, columns.iter().copied()).filter(|meant| row.get(*meant).is_none()) else { continue };
                let message = format!("account.{list}[{index}].{name} is unknown (did you mean {meant:?}?)");
                findings.warning(1, Kind::UnknownMember, message);
            }
        }
    }
}

fn crm(content: &Value, place: &str, findings: &mut Findings) {
    if let Err(error) = retailcrm_simulator::Account::read(content) {
        findings.error(1, Kind::Unreadable, format!("{place}{error}"));
    }
}
