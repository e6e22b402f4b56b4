//! Deals and what they refer to, as parameters of the Data API.

use chrono_tz::Tz;
use serde_json::{Map, Number, Value, json};
use uis_host::bindings::uis::integration::deals::{Deal, DealContact, Funnel, Stage, StageStatus, UserField, UserFieldType};

use super::error::{CallError, Refusal};
use super::times::written;

/// The most rows of one request: deals and contacts.
const ROWS_MAX: usize = 1000;

fn refused(mnemonic: &str, message: impl Into<String>, field: &str, value: impl Into<String>) -> CallError {
    CallError::Refused(Refusal::of(mnemonic, message, field, value))
}

/// Refuses more rows than UIS takes at once, without asking.
pub fn check_rows(list: &str, rows: usize) -> Result<(), CallError> {
    match rows > ROWS_MAX {
        true => Err(refused("data_limit_exceeded", format!("{list}: at most {ROWS_MAX} at once"), list, rows.to_string())),
        false => Ok(()),
    }
}

/// The members of an object.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The stage of a funnel that ends deals. `create.sales_funnel` takes exactly one of each kind.
fn closing<'a>(funnel: &'a Funnel, status: StageStatus, name: &str) -> Result<&'a Stage, CallError> {
    let mut all = funnel.stages.iter().filter(|stage| stage.status == status);
    match (all.next(), all.count()) {
        (Some(stage), 0) => Ok(stage),
        (found, more) => {
            let count = usize::from(found.is_some()) + more;
            let field = format!("stages.{name}");
            Err(refused("invalid_parameter_value", "a funnel has exactly one such stage", &field, count.to_string()))
        }
    }
}

/// The stages of a funnel: won, lost, and those in process. Refuses what the Data API cannot express.
pub fn stages(funnel: &Funnel) -> Result<(&Stage, &Stage, Vec<&Stage>), CallError> {
    let (won, lost) = (closing(funnel, StageStatus::Success, "success")?, closing(funnel, StageStatus::Failed, "failed")?);
    let in_process: Vec<&Stage> = funnel.stages.iter().filter(|stage| stage.status == StageStatus::InProcess).collect();
    if in_process.is_empty() || in_process.len() > 100 {
        let (text, count) = ("a funnel has 1 to 100 stages in process", in_process.len().to_string());
        return Err(refused("invalid_parameter_value", text, "stages.in_process", count));
    }
    Ok((won, lost, in_process))
}

/// Parameters of `create.sales_funnel`.
pub fn new_funnel(funnel: &Funnel) -> Result<Map<String, Value>, CallError> {
    let (won, lost, in_process) = stages(funnel)?;
    let closing = |stage: &Stage| json!({"ext_id": stage.ext_id, "name": stage.name});
    let open = |stage: &&Stage| json!({"ext_id": stage.ext_id, "name": stage.name, "order": stage.order});
    let stages = json!({
        "success": closing(won),
        "failed": closing(lost),
        "in_process": in_process.iter().map(open).collect::<Vec<_>>(),
    });
    Ok(members(json!({"ext_id": funnel.ext_id, "name": funnel.name, "stages": stages})))
}

/// One request that changes a funnel: the method and its parameters.
pub type Step = (&'static str, Map<String, Value>);

/// The requests that make a funnel from what UIS has. A stage that deals are in cannot be removed, so removals come first: when UIS refuses
/// one, little or nothing has changed. Only when all stages in process are replaced, the new ones come before.
pub fn funnel_changes(known: &Funnel, wanted: &Funnel) -> Result<Vec<Step>, CallError> {
    let (won, lost, in_process) = stages(wanted)?;
    for (stage, status) in [(won, StageStatus::Success), (lost, StageStatus::Failed)] {
        let same = known.stages.iter().any(|has| has.ext_id == stage.ext_id && has.status == status);
        if !same {
            let text = "the stage that ends deals cannot be replaced by another one; only its name can change";
            return Err(refused("invalid_parameters_combination", text, "stages.ext_id", stage.ext_id.clone()));
        }
    }
    for (index, stage) in in_process.iter().enumerate() {
        let known_as = known.stages.iter().find(|has| has.ext_id == stage.ext_id).map(|has| has.status);
        if in_process[..index].iter().any(|other| other.ext_id == stage.ext_id) || known_as.is_some_and(|is| is != StageStatus::InProcess) {
            return Err(refused("duplicate_entity", "two stages have one id", "stages.ext_id", stage.ext_id.clone()));
        }
    }
    let step = |method, stage: &Stage, more: Value| {
        let mut all = members(json!({"sales_funnel_ext_id": wanted.ext_id, "ext_id": stage.ext_id}));
        all.extend(members(more));
        (method, all)
    };
    let open = known.stages.iter().filter(|stage| stage.status == StageStatus::InProcess);
    let gone: Vec<&Stage> = open.clone().filter(|stage| !in_process.iter().any(|kept| kept.ext_id == stage.ext_id)).collect();
    let removals: Vec<Step> = gone.iter().map(|stage| step("delete.sales_funnel_stages", stage, json!({}))).collect();
    let mut changes = Vec::new();
    if known.name != wanted.name {
        changes.push(("update.sales_funnel", members(json!({"ext_id": wanted.ext_id, "name": wanted.name}))));
    }
    for stage in wanted.stages.iter() {
        let open = stage.status == StageStatus::InProcess;
        let with_order = if open { json!({"name": stage.name, "order": stage.order}) } else { json!({"name": stage.name}) };
        match known.stages.iter().find(|has| has.ext_id == stage.ext_id) {
            None => changes.push(step("create.sales_funnel_stages", stage, with_order)),
            Some(has) if has.name != stage.name || open && has.order != stage.order => {
                changes.push(step("update.sales_funnel_stages", stage, with_order));
            }
            Some(_) => {}
        }
    }
    let all_replaced = gone.len() == open.count();
    Ok(if all_replaced { changes.into_iter().chain(removals).collect() } else { removals.into_iter().chain(changes).collect() })
}

/// A contact, for `create.deal_contacts` and `update.deal_contacts`.
pub fn contact(contact: &DealContact, zone: Tz) -> Map<String, Value> {
    members(json!({
        "ext_id": contact.ext_id,
        "name": contact.name,
        "created_date_time": written(zone, contact.created),
        "phone_numbers": contact.phone_numbers,
        "emails": contact.emails,
    }))
}

/// The Data API's name of a field's type.
pub fn field_type(field: &UserField) -> &'static str {
    match field.data_type {
        UserFieldType::Numeric => "numeric",
        UserFieldType::Text => "string",
    }
}

/// A state of a deal, for `upload.deals_history`. The Data API has no place for the order's page.
pub fn deal(deal: &Deal, zone: Tz) -> Result<Value, CallError> {
    let time = |at: i64| Value::from(written(zone, at));
    let mut all = members(json!({
        "ext_id": deal.ext_id,
        "name": deal.name,
        "created_date_time": time(deal.created),
        "modified_stage_date_time": time(deal.stage_modified),
        "sales_funnel_ext_id": deal.funnel_ext_id,
        "stage_ext_id": deal.stage_ext_id,
    }));
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            all.insert(name.to_owned(), value);
        }
    };
    put("modified_date_time", deal.modified.map(time));
    put("closed_date_time", deal.closed.map(time));
    put("contact_ext_ids", Some(json!(deal.contact_ext_ids)).filter(|_| !deal.contact_ext_ids.is_empty()));
    put("main_contact_ext_id", deal.contact_ext_ids.first().map(|id| json!(id)));
    put("employee_ext_id", deal.employee_ext_id.as_ref().map(|id| json!(id)));
    put("comments", deal.comments.as_ref().map(|text| json!(text)));
    put("source", deal.source.as_ref().map(|text| json!(text)));
    put("communication_type", deal.communication.as_ref().map(|(kind, _)| json!(kind)));
    put("communication_id", deal.communication.as_ref().map(|(_, id)| json!(id)));
    let field = |(ext_id, value): &(String, String)| json!({"ext_id": ext_id, "value": value});
    put("user_fields", Some(deal.user_fields.iter().map(field).collect()).filter(|_| !deal.user_fields.is_empty()));
    if let Some(revenue) = &deal.revenue {
        let number: Result<Number, _> = revenue.trim().parse();
        let number = number.map_err(|_| refused("data_type_error", "the revenue is not a number", "revenue", revenue.clone()))?;
        put("revenue", Some(number.into()));
    }
    Ok(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(ext_id: &str, status: StageStatus, order: u32) -> Stage {
        Stage { ext_id: ext_id.to_owned(), name: format!("Этап {ext_id}"), status, order }
    }

    fn funnel(open: &[(&str, u32)]) -> Funnel {
        let mut stages = vec![stage("won", StageStatus::Success, 10_010), stage("lost", StageStatus::Failed, 10_020)];
        stages.extend(open.iter().map(|(id, order)| stage(id, StageStatus::InProcess, *order)));
        Funnel { ext_id: "f".to_owned(), name: "Воронка".to_owned(), stages }
    }

    fn methods(known: &Funnel, wanted: &Funnel) -> Vec<String> {
        let steps = funnel_changes(known, wanted).expect("it can be done");
        steps.iter().map(|(method, params)| format!("{method} {}", params["ext_id"].as_str().unwrap_or_default())).collect()
    }

    #[test]
    fn a_funnel_is_changed_by_the_fewest_requests_and_removals_come_first() {
        let known = funnel(&[("a", 1), ("b", 2)]);
        assert_eq!(methods(&known, &known), Vec::<String>::new());
        let mut wanted = funnel(&[("a", 5), ("c", 3)]);
        wanted.name = "Другая".to_owned();
        assert_eq!(
            methods(&known, &wanted),
            ["delete.sales_funnel_stages b", "update.sales_funnel f", "update.sales_funnel_stages a", "create.sales_funnel_stages c"]
        );
        assert_eq!(
            methods(&known, &funnel(&[("c", 3)])),
            ["create.sales_funnel_stages c", "delete.sales_funnel_stages a", "delete.sales_funnel_stages b"]
        );
    }

    #[test]
    fn a_funnel_that_cannot_be_is_refused_without_asking() {
        let known = funnel(&[("a", 1)]);
        let mut without_lost = known.clone();
        without_lost.stages.retain(|stage| stage.status != StageStatus::Failed);
        let mut other_end = known.clone();
        other_end.stages[0].ext_id = "won2".to_owned();
        for wrong in [without_lost, other_end, funnel(&[]), funnel(&[("a", 1), ("a", 2)]), funnel(&[("won", 1)])] {
            assert!(matches!(funnel_changes(&known, &wrong), Err(CallError::Refused(_))), "{wrong:?}");
        }
    }

    #[test]
    fn a_deal_has_the_data_api_s_members_and_no_empty_ones() {
        let zone = chrono_tz::Europe::Moscow;
        let mut given = Deal {
            ext_id: "order-1".to_owned(),
            name: "Заказ".to_owned(),
            created: 1_795_417_200_000,
            stage_modified: 1_795_417_201_000,
            modified: None,
            closed: None,
            funnel_ext_id: "f".to_owned(),
            stage_ext_id: "a".to_owned(),
            contact_ext_ids: Vec::new(),
            employee_ext_id: None,
            revenue: Some("1299.50".to_owned()),
            comments: None,
            source: None,
            communication: None,
            user_fields: Vec::new(),
            page: None,
        };
        let expected = json!({
            "ext_id": "order-1", "name": "Заказ", "created_date_time": "2026-11-23 10:00:00",
            "modified_stage_date_time": "2026-11-23 10:00:01", "sales_funnel_ext_id": "f", "stage_ext_id": "a", "revenue": 1299.50,
        });
        assert_eq!(deal(&given, zone).expect("a deal"), expected);
        given.contact_ext_ids = vec!["c1".to_owned(), "c2".to_owned()];
        given.communication = Some(("call".to_owned(), 17));
        given.user_fields = vec![("u".to_owned(), "-5.25".to_owned())];
        let written = deal(&given, zone).expect("a deal");
        assert_eq!((&written["main_contact_ext_id"], &written["communication_id"]), (&json!("c1"), &json!(17)));
        assert_eq!(written["user_fields"], json!([{"ext_id": "u", "value": "-5.25"}]));
        given.revenue = Some("1 299,50".to_owned());
        let Err(CallError::Refused(refusal)) = deal(&given, zone) else { panic!("it is no number") };
        assert_eq!((refusal.mnemonic.as_str(), refusal.value.as_deref()), ("data_type_error", Some("1 299,50")));
    }
}
