//! One line after the header.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::Value;
use uis_host::clock::{instant, zone};
use uis_host::endpoints::callback::parameters as pairs;
use uis_host::notification::{self, params::Params};

use super::references::References;
use super::{Findings, Kind};
use crate::expectation::{CRM_LISTS, MEMBERS};
use crate::parameters;
use crate::recording::members::{did_you_mean, nearest};
use crate::recording::{Content, GAP_DAYS, Happening, Header, LINE_MEMBERS, Line};

/// The members of a `crm` line.
const CRM_MEMBERS: [&str; 6] = ["method", "path", "query", "form", "json", "user"];

/// Checks a line.
pub(super) fn check(line: &Line, header: &Header, references: &mut References, findings: &mut Findings) {
    let number = line.number;
    for name in &line.ignored {
        let meant = match &line.happening {
            Happening::Crm(_) if CRM_MEMBERS.contains(&name.as_str()) => {
                format!(" (it belongs into the object \"crm\": {{\"crm\":{{{name:?}:…}}}})")
            }
            _ => did_you_mean(name, LINE_MEMBERS),
        };
        findings.error(number, Kind::UnknownMember, format!("{name:?} has no meaning on this line{meant}; it is ignored"));
    }
    if let Some(name) = &line.integration
        && !header.integrations.iter().any(|integration| integration.name == *name)
    {
        let known = header.integrations.iter().map(|integration| integration.name.as_str());
        let meant = did_you_mean(name, known);
        findings.error(number, Kind::Reference, format!("there is no integration {name:?} in the header{meant}"));
    }
    match &line.happening {
        Happening::Notification { mnemonic, content } => notified(line, mnemonic, content, references, findings),
        Happening::Route(query) => route(line, query, references, findings),
        Happening::ClickToCall(query) => references.of_the_crm(number, &pairs(query), true, findings),
        Happening::Callback { parameters, .. } => references.of_the_crm(number, &pairs(parameters), false, findings),
        Happening::OrderWebhook { parameters, .. } => {
            references.order(number, &pairs(parameters.split_once('?').map_or(parameters.as_str(), |(_, query)| query)), findings);
        }
        Happening::Crm(act) => acted(number, act, references, findings),
        Happening::CrmFaults(plan) => {
            if let Err(error) = retailcrm_simulator::Faults::read(plan) {
                findings.error(number, Kind::Unreadable, format!("crm-faults: {error}"));
            }
        }
        Happening::Expect(expected) => expectation(number, expected, findings),
        Happening::Report(rows) => {
            let zone = zone(&references.state.account.timezone).unwrap_or_default();
            if let Err(error) = references.state.merge_report(rows, zone, line.at.timestamp_millis()) {
                findings.error(number, Kind::Unreadable, error);
            }
        }
        Happening::Account(members) => {
            if let Err(error) = references.state.update(members) {
                findings.error(number, Kind::Unreadable, error);
            }
        }
        _ => {}
    }
}

/// The names in an expectation. What another CRM's simulator has is not known, so only a name that is nearly one of RetailCRM's is wrong.
fn expectation(number: u64, expected: &Value, findings: &mut Findings) {
    let names = |value: &Value| -> Vec<String> { value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect() };
    if names(expected).is_empty() {
        findings.error(number, Kind::Empty, format!("expect: nothing is expected; name at least one of {}", MEMBERS.join(", ")));
    }
    for name in names(expected).into_iter().filter(|name| !MEMBERS.contains(&name.as_str())) {
        let inside = if CRM_LISTS.contains(&name.as_str()) { format!("; write {{\"crm\":{{{name:?}:…}}}}") } else { String::new() };
        let meant = did_you_mean(&name, MEMBERS);
        findings.error(number, Kind::UnknownMember, format!("expect.{name} is no member of a report{meant}{inside}"));
    }
    for name in names(&expected["crm"]).into_iter().filter(|name| !CRM_LISTS.contains(&name.as_str())) {
        if let Some(meant) = nearest(&name, CRM_LISTS) {
            findings.warning(number, Kind::UnknownMember, format!("expect.crm.{name} is no list of RetailCRM (did you mean {meant:?}?)"));
        }
    }
}

fn notified(line: &Line, mnemonic: &str, content: &Content, references: &References, findings: &mut Findings) {
    let (number, received) = (line.number, line.at.timestamp_millis());
    let zone = zone(&references.state.account.timezone).unwrap_or_default();
    let params = match content {
        Content::Body(body) => Params::from_body(body, zone, received),
        Content::Query(query) => Ok(Params::from_query(query, zone, received)),
    };
    let params = match params {
        Ok(params) => params,
        Err(error) => return findings.error(number, Kind::Unreadable, error.to_string()),
    };
    if let Err(error) = notification::events(mnemonic, &params) {
        return findings.error(number, Kind::Unreadable, error.to_string());
    }
    for message in parameters::misread(&params) {
        findings.warning(number, Kind::Time, message);
    }
    times(line, &params, findings);
    references.notification(number, &params, findings);
    let unread = params.attributes();
    let unknown: BTreeSet<&str> = unread.iter().map(|(name, _)| name.as_str()).filter(|name| !parameters::is_known(name)).collect();
    for name in unknown {
        let meant = did_you_mean(name, parameters::known());
        findings.once(
            number,
            Kind::UnknownParameter,
            format!("no event of UIS has the parameter {name:?}{meant}; the plugin gets it as an attribute"),
        );
    }
}

/// Times in a body that cannot be right.
fn times(line: &Line, params: &Params, findings: &mut Findings) {
    for name in parameters::TIMES {
        let Some(time) = params.time(name).map(instant) else { continue };
        let days = (time - line.at).num_days();
        if (time - line.at).abs() > TimeDelta::days(GAP_DAYS) {
            let side = if days > 0 { "after" } else { "before" };
            findings.warning(line.number, Kind::Time, format!("{name} is {} days {side} the line's \"at\"; check the year", days.abs()));
        }
    }
    if let (Some(start), Some(finish)) = (params.time("start_time"), params.time("finish_time"))
        && finish < start
    {
        findings.warning(line.number, Kind::Time, "finish_time is before start_time");
    }
}

fn route(line: &Line, query: &str, references: &References, findings: &mut Findings) {
    let received = line.at.timestamp_millis();
    let zone = zone(&references.state.account.timezone).unwrap_or_default();
    if let Err(error) = notification::route(query, zone, received) {
        return findings.error(line.number, Kind::Unreadable, error.to_string());
    }
    references.number(line.number, &Params::from_query(query, zone, received), "numb", findings);
}

fn acted(number: u64, act: &Value, references: &mut References, findings: &mut Findings) {
    for name in act.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !CRM_MEMBERS.contains(&name.as_str())) {
        let meant = did_you_mean(name, CRM_MEMBERS);
        findings.error(number, Kind::UnknownMember, format!("crm.{name} has no meaning{meant}; it is ignored"));
    }
    if act["path"].as_str().is_none() {
        findings.error(number, Kind::Unreadable, "crm.path is missing; expected a path like /api/v5/orders/17/edit");
    }
    references.acted(act);
}
