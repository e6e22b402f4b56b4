//! What lines refer to, and whether the recording has it.

use std::collections::BTreeSet;

use serde_json::Value;
use uis_host::notification::params::Params;
use uis_simulator::AccountState;

use super::{Findings, Kind};
use crate::recording::Header;

/// Parameters with an employee's id.
const EMPLOYEES: [&str; 3] = ["employee_id", "last_talked_employee_id", "operator_id"];

/// What the recording has so far.
pub(super) struct References {
    /// The UIS account, as earlier lines changed it.
    pub(super) state: AccountState,
    orders: BTreeSet<i64>,
    /// A line created orders, whose ids only the CRM knows.
    orders_are_open: bool,
}

impl References {
    /// What the header has.
    pub(super) fn of(header: &Header) -> References {
        let of_credentials = header.credentials.iter().map(|credentials| &credentials.crm);
        let contents = header.integrations.iter().map(|integration| &integration.crm).chain(of_credentials);
        let orders = contents.flat_map(|crm| crm["orders"].as_array().into_iter().flatten()).filter_map(|order| order["id"].as_i64());
        References { state: AccountState::new(header.account.clone()), orders: orders.collect(), orders_are_open: false }
    }

    /// A user of the CRM acts: what is created has an id that nobody knows before.
    pub(super) fn acted(&mut self, act: &Value) {
        self.orders_are_open |= act["path"].as_str().is_some_and(|path| path.contains("/orders") || path.contains("/_simulator"));
    }

    /// The employees, numbers and chat channels of a notification.
    pub(super) fn notification(&self, line: u64, params: &Params, findings: &mut Findings) {
        let ids = EMPLOYEES.iter().filter_map(|name| params.peek_integer(name)).chain(params.integers("employee_ids"));
        for id in ids.filter(|id| *id > 0).collect::<BTreeSet<_>>() {
            if !self.state.account.employees.iter().any(|employee| employee.id == id) {
                findings.once(line, Kind::Reference, format!("employee {id} is not in the account"));
            }
        }
        let channel = params.peek_integer("chat_channel_id").filter(|id| *id > 0);
        if let Some(id) = channel.filter(|id| !self.state.account.chat_channels.iter().any(|channel| channel.id == *id)) {
            findings.once(line, Kind::Reference, format!("chat channel {id} is not in the account"));
        }
        self.number(line, params, "virtual_phone_number", findings);
    }

    /// A virtual number in this parameter.
    pub(super) fn number(&self, line: u64, params: &Params, name: &str, findings: &mut Findings) {
        let number = params.phone(name).map(|number| number.digits);
        if let Some(number) =
            number.filter(|number| !self.state.account.virtual_numbers.iter().any(|own| own.virtual_phone_number == *number))
        {
            findings.once(line, Kind::Reference, format!("virtual number {number} is not in the account"));
        }
    }

    /// The parameters of a click or of another request of the CRM: the secret, and the extension of who clicked.
    pub(super) fn of_the_crm(&self, line: u64, parameters: &[(String, String)], is_click: bool, findings: &mut Findings) {
        let value = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if let Some(secret) = value("clientId").filter(|secret| *secret != self.state.account.client_id) {
            let message = format!("clientId is {secret:?}, not account.client_id of the header; the request is refused");
            findings.error(line, Kind::Reference, message);
        }
        if let (true, Some(code)) = (is_click, value("code"))
            && !self.state.is_extension(code)
        {
            findings.once(line, Kind::Reference, format!("no employee of the account has the extension {code}"));
        }
    }

    /// The order of a trigger's request.
    pub(super) fn order(&self, line: u64, parameters: &[(String, String)], findings: &mut Findings) {
        let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
        let id = parameters.iter().find(|(name, _)| plain(name) == "orderid").and_then(|(_, value)| value.trim().parse::<i64>().ok());
        if let Some(id) = id.filter(|id| !self.orders_are_open && !self.orders.contains(id)) {
            findings.once(line, Kind::Reference, format!("order {id} is not in the header's crm.orders"));
        }
    }
}
