//! `/custom-fields`: fields that the account added to customers and orders, and their dictionaries.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApiRequest, Crm, CrmError, answer};

/// The kind of entity that a field belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entity {
    /// Customers.
    #[default]
    Customer,
    /// Orders.
    Order,
}

impl Entity {
    /// RetailCRM's name for the kind.
    pub fn name(self) -> &'static str {
        match self {
            Entity::Customer => "customer",
            Entity::Order => "order",
        }
    }
}

/// A field as RetailCRM describes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// Its code.
    pub code: String,
    /// Its title.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Elements of its dictionary: code and name.
    pub elements: Vec<(String, String)>,
}

/// Reads all pages of a list.
fn pages(crm: Crm<'_>, path: &str, list: &str, filter: Option<(&str, &str)>) -> Result<Vec<Value>, CrmError> {
    let (mut all, mut page) = (Vec::new(), 1);
    loop {
        let mut request = ApiRequest::get(path).with("limit", "100").with("page", page.to_string());
        if let Some((name, value)) = filter {
            request = request.with(name, value);
        }
        let found = crm.send(request)?;
        all.extend(answer::members(&found, list)?.into_iter().cloned());
        if page >= found["pagination"]["totalPageCount"].as_u64().unwrap_or(1) {
            return Ok(all);
        }
        page += 1;
    }
}

/// The custom fields of customers or orders.
pub fn of(crm: Crm<'_>, entity: Entity) -> Result<Vec<Field>, CrmError> {
    let fields = pages(crm, "/api/v5/custom-fields", "customFields", Some(("filter[entity]", entity.name())))?;
    let needed = fields.iter().any(|field| answer::text(&field["type"]).ends_with("dictionary"));
    let dictionaries = if needed { pages(crm, "/api/v5/custom-fields/dictionaries", "customDictionaries", None)? } else { Vec::new() };
    let elements = |code: &str| {
        let dictionary = dictionaries.iter().find(|dictionary| answer::text(&dictionary["code"]) == code);
        let rows = dictionary.and_then(|dictionary| dictionary["elements"].as_array()).into_iter().flatten();
        rows.map(|row| (answer::text(&row["code"]), answer::text(&row["name"]))).collect()
    };
    let field = |field: &Value| Field {
        code: answer::text(&field["code"]),
        name: answer::text(&field["name"]),
        kind: answer::text(&field["type"]),
        elements: elements(&answer::text(&field["dictionary"])),
    };
    Ok(fields.iter().map(field).collect())
}
