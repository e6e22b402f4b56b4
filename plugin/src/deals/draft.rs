//! Converts an order into a deal without stages. Pure functions; [`super::stages`] adds the stages.

use serde_json::Value;

use crate::base::appeal_id::AppealId;
use crate::base::phone::Reader;
use crate::base::template;
use crate::retailcrm::answer;
use crate::retailcrm::custom_fields::Field;
use crate::retailcrm::whole_orders::WholeOrder;
use crate::settings::Settings;

/// UIS's longest short text and longest comment, in characters `[inferred]`.
const SHORT: usize = 255;
const LONG: usize = 1000;
/// The most phones and e-mails of a contact.
const CONTACTS_MAX: usize = 10;
/// How many digits a phone may have in UIS.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=15;

/// A person or company that a deal is with.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Its id in UIS.
    pub ext_id: String,
    /// The name.
    pub name: String,
    /// When the contact was created in RetailCRM, `Y-m-d H:i:s`; empty: with the order.
    pub created: String,
    /// The phones, canonical digits.
    pub phones: Vec<String>,
    /// The e-mails as RetailCRM has them.
    pub emails: Vec<String>,
}

/// A field of a deal.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldValue {
    /// Its id in UIS.
    pub ext_id: String,
    /// Its value as text.
    pub value: String,
    /// Whether UIS stores it as a number.
    pub numeric: bool,
}

/// An order's data for UIS, without stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The order's id.
    pub order: i64,
    /// The order's number that people use.
    pub number: String,
    /// The deal's title.
    pub name: String,
    /// Its shop's code.
    pub site: String,
    /// When it was created, `Y-m-d H:i:s`.
    pub created: String,
    /// Its status.
    pub status: String,
    /// Since when it has the status, `Y-m-d H:i:s`.
    pub since: String,
    /// The contacts, the main one first.
    pub contacts: Vec<Contact>,
    /// The assignee: a CRM user.
    pub manager: Option<i64>,
    /// Its sum.
    pub revenue: Option<String>,
    /// The manager's comment.
    pub comments: Option<String>,
    /// The advertising source.
    pub source: Option<String>,
    /// The appeal that the order was created from. The plugin wrote its id into the order's `externalId`.
    pub mark: Option<AppealId>,
    /// The deal's fields.
    pub fields: Vec<FieldValue>,
}

/// UIS's id of an order's deal.
pub fn ext_id(order: i64) -> String {
    format!("order-{order}")
}

/// Converts an order; none if it has no id. `fields` are RetailCRM's descriptions of the orders' custom fields.
pub fn of(order: &WholeOrder, settings: &Settings, fields: &[Field], reader: Reader<'_>) -> Option<Draft> {
    let id = answer::id(&order.id)?;
    let text = answer::text;
    let number = Some(text(&order.number)).filter(|number| !number.is_empty()).unwrap_or_else(|| id.to_string());
    let sum = if settings.deal_delivery_cost { &order.total_summ } else { &order.summ };
    let comment = template::line(&text(&order.manager_comment), LONG);
    Some(Draft {
        order: id,
        name: template::line(&format!("Заказ №{number}"), SHORT),
        number,
        site: text(&order.site),
        created: text(&order.created_at),
        status: text(&order.status),
        since: Some(text(&order.status_updated_at)).filter(|since| !since.is_empty()).unwrap_or_else(|| text(&order.created_at)),
        contacts: contacts(order, id, reader),
        manager: answer::id(&order.manager_id),
        revenue: Some(text(sum)).filter(|sum| !sum.is_empty()),
        comments: Some(comment).filter(|comment| !comment.is_empty()),
        source: source(&order.source),
        mark: AppealId::parse(&text(&order.external_id)),
        fields: field_values(order, settings, fields),
    })
}

/// The order's customer. For a company's order, the contact comes first and then the company. For an order without a customer, the contact
/// is made from the order's own name and phone.
fn contacts(order: &WholeOrder, id: i64, reader: Reader<'_>) -> Vec<Contact> {
    let own = (answer::text(&order.phone), answer::text(&order.email));
    let company = order.customer["type"] == "customer_corporate";
    let mut found = Vec::new();
    let person = if company { &order.contact } else { &order.customer };
    if let Some(number) = answer::id(&person["id"]) {
        let mut contact = contact(&format!("customer-{number}"), person, reader);
        // If RetailCRM knows no phone or e-mail of the person, the order's are used.
        if contact.phones.is_empty() && contact.emails.is_empty() {
            contact.phones = phones([own.0.as_str()].into_iter(), reader);
            contact.emails = emails([own.1.as_str()].into_iter());
        }
        found.push(contact);
    }
    if let Some(number) = answer::id(&order.customer["id"]).filter(|_| company) {
        found.push(contact(&format!("company-{number}"), &order.customer, reader));
    }
    if found.is_empty() {
        let (phones, emails) = (phones([own.0.as_str()].into_iter(), reader), emails([own.1.as_str()].into_iter()));
        let name = [answer::text(&order.last_name), answer::text(&order.first_name)].join(" ");
        if !phones.is_empty() || !emails.is_empty() {
            let name = shown(&name, &phones, &emails, &format!("Заказ {id}"));
            found.push(Contact { ext_id: format!("of-order-{id}"), name, created: String::new(), phones, emails });
        }
    }
    found
}

fn contact(ext_id: &str, person: &Value, reader: Reader<'_>) -> Contact {
    let listed: Vec<String> = person["phones"].as_array().into_iter().flatten().map(|phone| answer::text(&phone["number"])).collect();
    let phones = phones(listed.iter().map(String::as_str), reader);
    let email = answer::text(&person["email"]);
    let emails = emails([email.as_str()].into_iter());
    let part = |name: &str| answer::text(&person[name]);
    let full = [part("lastName"), part("firstName"), part("patronymic")].join(" ");
    let name = if part("nickName").is_empty() { full } else { part("nickName") };
    Contact { ext_id: ext_id.to_owned(), name: shown(&name, &phones, &emails, ext_id), created: part("createdAt"), phones, emails }
}

/// A contact's display name: the name, else a phone, else an e-mail, else `usual`.
fn shown(name: &str, phones: &[String], emails: &[String], usual: &str) -> String {
    let line = template::line(name, SHORT);
    let other = || phones.first().map(|phone| format!("+{phone}")).or_else(|| emails.first().cloned()).unwrap_or_else(|| usual.to_owned());
    if line.is_empty() { other() } else { line }
}

/// The main numbers of phone fields: UIS's deals have no place for an extension.
fn phones<'a>(all: impl Iterator<Item = &'a str>, reader: Reader<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for digits in all.flat_map(|text| reader.of_crm(text)).map(|phone| phone.number) {
        if DIGITS.contains(&digits.len()) && !found.contains(&digits) && found.len() < CONTACTS_MAX {
            found.push(digits);
        }
    }
    found
}

fn emails<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let is_email = |email: &&str| {
        let parts = email.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) && !email.contains(char::is_whitespace)
    };
    all.map(str::trim).filter(is_email).take(CONTACTS_MAX).map(str::to_owned).collect()
}

fn source(source: &Value) -> Option<String> {
    let parts = ["source", "medium", "campaign", "keyword", "content"].map(|name| template::line(&answer::text(&source[name]), SHORT));
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| template::line(&parts.join(" / "), LONG))
}

/// UIS's id of a custom field.
pub fn field_ext_id(code: &str) -> String {
    format!("field-{code}")
}

/// A field that every deal has: UIS's deals have no other place for the shop.
pub const SITE_FIELD: &str = "shop";
/// A field that every deal has: UIS's deals have no other place for the currency.
pub const CURRENCY_FIELD: &str = "currency";

/// Whether UIS stores a field of this type as a number.
pub fn is_numeric(kind: &str) -> bool {
    matches!(kind, "integer" | "numeric")
}

fn field_values(order: &WholeOrder, settings: &Settings, fields: &[Field]) -> Vec<FieldValue> {
    let mut values = Vec::new();
    let mut put = |ext_id: String, value: String, numeric: bool| {
        if !value.is_empty() {
            values.push(FieldValue { ext_id, value, numeric });
        }
    };
    put(CURRENCY_FIELD.to_owned(), answer::text(&order.currency).to_uppercase(), false);
    for code in settings.deal_fields() {
        let Some(field) = fields.iter().find(|field| field.code == *code) else { continue };
        put(field_ext_id(code), field_value(&order.custom_fields[code.as_str()], field), is_numeric(&field.kind));
    }
    values
}

/// A value as UIS stores it: numbers unchanged, booleans as words, dictionary codes as titles.
fn field_value(value: &Value, field: &Field) -> String {
    let titled = |value: &Value| {
        let code = answer::text(value);
        field.elements.iter().find(|(known, _)| *known == code).map_or(code, |(_, title)| title.clone())
    };
    match value {
        Value::Bool(true) => "да".to_owned(),
        Value::Bool(false) => "нет".to_owned(),
        Value::Array(list) => template::line(&list.iter().map(titled).collect::<Vec<_>>().join(", "), SHORT),
        other => template::line(&titled(other), SHORT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draft(order: Value, settings: &Settings, fields: &[Field]) -> Draft {
        let order: WholeOrder = serde_json::from_value(order).expect("an order");
        of(&order, settings, fields, Reader::new(&crate::fake::Fake::default(), "RU")).expect("a draft")
    }

    #[test]
    fn every_kind_of_order_is_converted() {
        let whole = draft(
            json!({
                "id": "17", "number": "17A", "externalId": "uis-call-998", "status": "new", "createdAt": "2026-11-23 10:00:00", "site": "main",
                "managerId": 5, "summ": 779, "totalSumm": 1395.16, "currency": "rub", "items": [{"id": 1}], "managerComment": "<b>срочно</b>",
                "customer": {"id": 9, "type": "customer", "firstName": "Пётр", "lastName": "Сидоров", "email": "p@x.ru", "createdAt": "2026-01-01 00:00:00",
                    "phones": [{"number": "8 (916) 123-45-67"}, {"number": "+7 916 123 45 67"}, {"number": "1"}]},
                "source": {"source": "yandex", "campaign": "Осень"}, "customFields": [],
            }),
            &Settings::default(),
            &[],
        );
        assert_eq!((whole.order, whole.name.as_str(), whole.revenue.as_deref()), (17, "Заказ №17A", Some("779")));
        assert_eq!(whole.contacts[0].phones, ["79161234567"]);
        assert_eq!((whole.contacts[0].name.as_str(), whole.mark), ("Сидоров Пётр", Some(AppealId::call(998))));
        assert_eq!((whole.source.as_deref(), whole.comments.as_deref()), (Some("yandex / Осень"), Some("‹b›срочно‹/b›")));
        assert_eq!(whole.since, "2026-11-23 10:00:00", "an order whose status never changed has had it since it was created");
        assert_eq!(whole.fields, [FieldValue { ext_id: "currency".into(), value: "RUB".into(), numeric: false }]);
        let with_delivery = Settings { deal_delivery_cost: true, ..Settings::default() };
        assert_eq!(draft(json!({"id": 1, "summ": 0, "totalSumm": 300.5}), &with_delivery, &[]).revenue.as_deref(), Some("300.5"));
        // A refund, a free order, an order without any data.
        assert_eq!(draft(json!({"id": 1, "summ": -100}), &Settings::default(), &[]).revenue.as_deref(), Some("-100"));
        assert_eq!(draft(json!({"id": 1, "summ": 0}), &Settings::default(), &[]).revenue.as_deref(), Some("0"));
        let bare = draft(json!({"id": 1, "customer": null}), &Settings::default(), &[]);
        assert_eq!((bare.contacts.len(), bare.revenue, bare.name.as_str()), (0, None, "Заказ №1"));
    }

    #[test]
    fn contacts_of_persons_companies_and_orders_without_a_customer() {
        let of = |order: Value| draft(order, &Settings::default(), &[]).contacts;
        let company = of(json!({"id": 1, "customer": {"id": 3, "type": "customer_corporate", "nickName": "ООО Ромашка"},
            "contact": {"id": 4, "firstName": "Анна", "phones": [{"number": "79160000001"}]}}));
        let names: Vec<(&str, &str)> = company.iter().map(|contact| (contact.ext_id.as_str(), contact.name.as_str())).collect();
        assert_eq!(names, [("customer-4", "Анна"), ("company-3", "ООО Ромашка")]);
        let unknown = of(json!({"id": 1, "phone": "8 916 000 00 02", "email": "no mail", "firstName": "Вера"}));
        assert_eq!((unknown[0].ext_id.as_str(), unknown[0].phones.as_slice()), ("of-order-1", &["79160000002".to_owned()][..]));
        assert!(unknown[0].emails.is_empty());
        let silent = of(json!({"id": 1, "phone": "79160000003", "customer": {"id": 5}}));
        assert_eq!((silent[0].name.as_str(), silent[0].phones.len()), ("customer-5", 1));
    }

    #[test]
    fn fields_keep_their_types() {
        let field = |code: &str, kind: &str, elements: &[(&str, &str)]| Field {
            code: code.into(),
            name: code.into(),
            kind: kind.into(),
            elements: elements.iter().map(|(code, title)| ((*code).to_owned(), (*title).to_owned())).collect(),
        };
        let codes = ["margin", "gift", "way", "tags", "gone"];
        let settings = Settings { deal_extra_fields: true, deal_field_codes: codes.map(str::to_owned).to_vec(), ..Settings::default() };
        let fields = [
            field("margin", "numeric", &[]),
            field("gift", "boolean", &[]),
            field("way", "dictionary", &[("air", "Самолётом")]),
            field("tags", "multiselect_dictionary", &[("a", "А"), ("b", "Б")]),
        ];
        let custom = json!({"margin": 12.5, "gift": false, "way": "air", "tags": ["a", "b"], "gone": 1});
        let draft = draft(json!({"id": 1, "customFields": custom}), &settings, &fields);
        let values: Vec<(&str, &str)> = draft.fields.iter().map(|field| (field.ext_id.as_str(), field.value.as_str())).collect();
        assert_eq!(values, [("field-margin", "12.5"), ("field-gift", "нет"), ("field-way", "Самолётом"), ("field-tags", "А, Б")]);
    }
}
