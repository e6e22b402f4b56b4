//! Rows of the Data API as records of the contract. Reading is lenient: only an id must be there, and a value of another type is taken for
//! what it means or left out. A row without its id is none.

use serde_json::{Map, Value};
use uis_host::bindings::uis::integration::deals::{DealContact, Funnel, Stage, StageStatus, UserField, UserFieldType};
use uis_host::bindings::uis::integration::directory::{
    Campaign, ChatChannel, DirectoryTag, Employee, EmployeePhone, Line, Scenario, Site, Source, VirtualNumber,
};

/// A row of a list.
pub type Row = Map<String, Value>;

/// A whole number, given as a number or as text.
pub fn integer(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A text that is not empty; a number is taken as its digits.
pub fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list<'a>(row: &'a Row, member: &str) -> impl Iterator<Item = &'a Row> {
    row.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn id(row: &Row, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| integer(row.get(*name)))
}

fn named(row: &Row, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(row.get(*name)))
}

fn is_active(row: &Row) -> bool {
    text(row.get("status")).is_none_or(|status| status == "active")
}

/// A row of `get.employees`.
pub fn employee(row: &Row) -> Option<Employee> {
    let part = |name: &str| text(row.get(name)).unwrap_or_default();
    let names = [part("last_name"), part("first_name"), part("patronymic")];
    let joined = names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    let [last_name, first_name, patronymic] = names;
    Some(Employee {
        id: integer(row.get("id"))?,
        first_name,
        last_name,
        patronymic,
        full_name: text(row.get("full_name")).unwrap_or(joined),
        email: text(row.get("email")),
        extension: row.get("extension").and_then(|extension| text(extension.get("extension_phone_number"))),
        phones: list(row, "phone_numbers")
            .filter_map(|phone| Some(EmployeePhone { number: text(phone.get("phone_number"))?, active: is_active(phone) }))
            .collect(),
        // Filled only for UIS's own statuses: in one that the account made itself, whether somebody can be called is unknown.
        status: text(row.get("status")).unwrap_or_else(|| "unknown".to_owned()),
        // The Data API does not give licences.
        licences: None,
    })
}

/// A row of `get.sip_lines`; none for a line that belongs to nobody.
pub fn line(row: &Row) -> Option<Line> {
    let state = text(row.get("physical_state")).unwrap_or_default().to_lowercase();
    // Russian words in the English product, too.
    let registered = matches!(state.as_str(), "зарегистрирован" | "registered");
    let billed = text(row.get("billing_state")).is_none_or(|state| state == "active");
    Some(Line {
        employee_id: integer(row.get("employee_id"))?,
        virtual_number: text(row.get("virtual_phone_number")),
        registered: registered && billed && is_active(row),
        usage_rule: text(row.get("virtual_phone_usage_rule")),
    })
}

/// A row of `get.virtual_numbers`.
pub fn virtual_number(row: &Row) -> Option<VirtualNumber> {
    Some(VirtualNumber {
        id: integer(row.get("id"))?,
        number: text(row.get("virtual_phone_number"))?,
        name: text(row.get("name")).unwrap_or_default(),
        active: is_active(row),
    })
}

/// A row of `get.chat_channels`.
pub fn chat_channel(row: &Row) -> Option<ChatChannel> {
    Some(ChatChannel {
        id: integer(row.get("id"))?,
        name: text(row.get("name")).unwrap_or_default(),
        kind: text(row.get("type")).unwrap_or_default(),
        active: is_active(row),
    })
}

/// A row of `get.sites`, or of another list with the site's names in it.
pub fn site(row: &Row) -> Option<Site> {
    let domain = named(row, &["domain_name", "site_domain_name"])?;
    let name = text(row.get("name")).filter(|_| row.contains_key("domain_name")).unwrap_or_else(|| domain.clone());
    // `-1` stands for no site.
    Some(Site { id: id(row, if row.contains_key("domain_name") { &["id"] } else { &["site_id"] }).filter(|id| *id >= 0)?, domain, name })
}

/// A row of `get.tags`.
pub fn tag(row: &Row) -> Option<DirectoryTag> {
    Some(DirectoryTag { id: integer(row.get("id"))?, name: text(row.get("name"))? })
}

/// A row of `get.scenarios`, or a scenario of a virtual number.
pub fn scenario(row: &Row) -> Option<Scenario> {
    Some(Scenario { id: id(row, &["scenario_id", "id"])?, name: named(row, &["scenario_name", "name"]).unwrap_or_default() })
}

/// A row of `get.campaigns`, or a campaign of a virtual number.
pub fn campaign(row: &Row) -> Option<Campaign> {
    let name = named(row, &["campaign_name", "name"]).unwrap_or_default();
    Some(Campaign { id: id(row, &["campaign_id", "id"]).filter(|id| *id >= 0)?, name })
}

/// The source of a communication, by its row in a report.
pub fn source(row: &Row) -> Option<Source> {
    Some(Source { id: integer(row.get("source_id")), name: text(row.get("source_name"))? })
}

/// The objects in a member of a row, such as the `campaigns` of a virtual number.
pub fn inside(row: &Row, member: &str) -> Vec<Row> {
    list(row, member).cloned().collect()
}

/// A row of `get.sales_funnel`.
pub fn funnel(row: &Row) -> Option<Funnel> {
    let stage = |row: &Row| {
        let status = match text(row.get("stage_status"))?.as_str() {
            "success" => StageStatus::Success,
            "failed" => StageStatus::Failed,
            _ => StageStatus::InProcess,
        };
        let order = integer(row.get("stage_order")).and_then(|order| u32::try_from(order).ok()).unwrap_or(0);
        let ext_id = text(row.get("stage_ext_id"))?;
        Some(Stage { ext_id, name: text(row.get("stage_name")).unwrap_or_default(), status, order })
    };
    Some(Funnel {
        ext_id: text(row.get("ext_id"))?,
        name: text(row.get("name")).unwrap_or_default(),
        stages: list(row, "stages").filter_map(stage).collect(),
    })
}

/// The id, and what an update could change, of a contact as UIS has it. The time is as UIS writes it.
pub fn contact(row: &Row) -> Option<(DealContact, Option<String>)> {
    let texts = |name: &str| row.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(|item| text(Some(item))).collect();
    let contact = DealContact {
        ext_id: text(row.get("ext_id"))?,
        name: text(row.get("name")).unwrap_or_default(),
        created: 0,
        phone_numbers: texts("phone_numbers"),
        emails: texts("emails"),
    };
    Some((contact, text(row.get("created_date_time"))))
}

/// A row of `get.deal_user_fields`; the type is none when it is neither of the two.
pub fn user_field(row: &Row) -> Option<(UserField, bool)> {
    let data_type = text(row.get("data_type"));
    let numeric = data_type.as_deref() == Some("numeric");
    let known = numeric || data_type.as_deref() == Some("string");
    let data_type = if numeric { UserFieldType::Numeric } else { UserFieldType::Text };
    Some((UserField { ext_id: text(row.get("ext_id"))?, name: text(row.get("name")).unwrap_or_default(), data_type }, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Row {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn an_employee_is_read_from_the_documented_row() {
        let read = employee(&row(json!({"id": 31001, "first_name": "Анна", "last_name": "Иванова", "patronymic": null, "full_name": null,
            "status": null, "status_id": 17, "email": "", "coach": {}, "extension": {"extension_phone_number": "101"},
            "phone_numbers": [{"phone_number": "79000000101", "status": "active"}, {"phone_number": 100_101, "status": "inactive"}, {}]})))
        .expect("an employee");
        assert_eq!((read.full_name.as_str(), read.status.as_str(), read.email), ("Иванова Анна", "unknown", None));
        assert_eq!(read.extension.as_deref(), Some("101"));
        let phones: Vec<(&str, bool)> = read.phones.iter().map(|phone| (phone.number.as_str(), phone.active)).collect();
        assert_eq!(phones, [("79000000101", true), ("100101", false)]);
        for extension in [json!({}), json!(null), json!({"extension_phone_number": null}), json!(5)] {
            assert_eq!(employee(&row(json!({"id": 1, "extension": extension}))).expect("an employee").extension, None);
        }
        assert_eq!(employee(&row(json!({"last_name": "Никто"}))), None);
    }

    #[test]
    fn a_line_is_registered_by_the_russian_word() {
        let registered = |state: &str, billing: &str| {
            line(&row(json!({"employee_id": 1, "physical_state": state, "billing_state": billing}))).expect("a line").registered
        };
        assert!(registered("Зарегистрирован", "active"));
        assert!(!registered("Не зарегистрирован", "active") && !registered("Зарегистрирован", "limit_lock"));
        assert!(line(&row(json!({"employee_id": null, "phone_number": "0100101"}))).is_none());
    }

    #[test]
    fn a_site_is_read_from_its_own_list_and_from_others() {
        let own = site(&row(json!({"id": 4, "domain_name": "shop.example", "name": null}))).expect("a site");
        assert_eq!((own.id, own.name.as_str()), (4, "shop.example"));
        let campaign =
            site(&row(json!({"campaign_id": 9, "site_id": 4, "site_domain_name": "shop.example", "name": "x"}))).expect("a site");
        assert_eq!((campaign.id, campaign.name.as_str()), (4, "shop.example"));
        assert!(site(&row(json!({"site_id": -1, "site_domain_name": "none"}))).is_none());
    }

    #[test]
    fn a_funnel_is_read_from_the_official_sample_s_shape() {
        let funnel = funnel(&row(json!({"ext_id": "1", "name": "Основная", "stages": [
            {"stage_name": "Новая", "stage_ext_id": "1", "stage_status": "in_process", "stage_order": 10},
            {"stage_name": "Успех", "stage_ext_id": "1000", "stage_status": "success", "stage_order": 10010}]})))
        .expect("a funnel");
        assert_eq!(funnel.stages.len(), 2);
        assert_eq!((funnel.stages[0].order, funnel.stages[1].status), (10, StageStatus::Success));
    }
}
