//! Triggers, which RetailCRM's users configure in its settings: on an event, under a condition, an HTTP request with values of the
//! entity. Their JSON form is the simulator's own, as the settings page has no API; values are written `{{ order.id }}`, as on that page.
//!
//! ```json
//! {"name": "Сделки", "event": "order.changed", "condition": "changeSet.hasChangedField('status')",
//!  "action": {"url": "https://uis.example/hook", "parameters": [{"name": "orderId", "value": "{{ order.id }}"}]}}
//! ```

use std::sync::Arc;

use minijinja::value::{Object, Value as Held};
use minijinja::{Environment, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::history::{Change, Deed, Subject};

/// A trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    /// Its name in the settings.
    pub name: String,
    /// What sets it off.
    pub event: Event,
    /// When it acts; always when there is none. `order`, `customer` or `task` is the entity; `changeSet` has `isCreate()`, `isUpdate()`,
    /// `isDelete()` and `hasChangedField('status')`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The request that it makes.
    pub action: Action,
}

/// What sets a trigger off: a kind of entity, and what happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An order was created, changed or deleted.
    #[serde(rename = "order.changed")]
    OrderChanged,
    /// An order was created.
    #[serde(rename = "order.created")]
    OrderCreated,
    /// An order was changed.
    #[serde(rename = "order.updated")]
    OrderUpdated,
    /// An order was deleted.
    #[serde(rename = "order.deleted")]
    OrderDeleted,
    /// A customer was created, changed or deleted.
    #[serde(rename = "customer.changed")]
    CustomerChanged,
    /// A task was created or changed.
    #[serde(rename = "task.changed")]
    TaskChanged,
}

impl Event {
    /// Whether this event includes what happened.
    fn meets(self, subject: Subject, deed: Deed) -> bool {
        match self {
            Event::OrderChanged => subject == Subject::Order,
            Event::OrderCreated => subject == Subject::Order && deed == Deed::Created,
            Event::OrderUpdated => subject == Subject::Order && deed == Deed::Updated,
            Event::OrderDeleted => subject == Subject::Order && deed == Deed::Deleted,
            Event::CustomerChanged => matches!(subject, Subject::Customer | Subject::Corporate),
            Event::TaskChanged => subject == Subject::Task,
        }
    }
}

/// The request that a trigger makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    /// `GET`: parameters in the query; `POST`: in a form.
    #[serde(default = "get")]
    pub method: String,
    /// The address.
    pub url: String,
    /// Its parameters.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// A parameter of a trigger's request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value, a template.
    pub value: String,
}

fn get() -> String {
    "GET".into()
}

/// A request that a trigger makes, rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The trigger's name.
    pub name: String,
    /// GET or POST.
    pub method: String,
    /// The address.
    pub url: String,
    /// Parameters, rendered.
    pub parameters: Vec<(String, String)>,
}

/// What a condition may ask of a change.
#[derive(Debug)]
struct ChangeSet {
    deed: Deed,
    fields: Vec<String>,
}

impl Object for ChangeSet {
    fn call_method(self: &Arc<Self>, _: &minijinja::State<'_, '_>, method: &str, arguments: &[Held]) -> Result<Held, Error> {
        match method {
            "isCreate" => Ok((self.deed == Deed::Created).into()),
            "isUpdate" => Ok((self.deed == Deed::Updated).into()),
            "isDelete" => Ok((self.deed == Deed::Deleted).into()),
            "hasChangedField" => {
                let name = arguments.first().and_then(Held::as_str).unwrap_or_default().replace('_', "").to_lowercase();
                let name = if name == "managerid" { "manager".to_owned() } else { name };
                // The history's names and the API's mean the same field.
                Ok(self.fields.iter().any(|field| field.replace('_', "").to_lowercase() == name).into())
            }
            other => Err(Error::new(ErrorKind::UnknownMethod, format!("changeSet has no {other}()"))),
        }
    }
}

impl Trigger {
    /// Checks its method, its templates, its condition.
    pub fn check(&self) -> Result<(), String> {
        if !matches!(self.action.method.as_str(), "GET" | "POST") {
            return Err(format!("action.method: expected GET or POST, not {:?}", self.action.method));
        }
        let environment = Environment::new();
        if let Some(condition) = &self.condition {
            environment.compile_expression(condition).map_err(|error| format!("condition: {error}"))?;
        }
        for (index, parameter) in self.action.parameters.iter().enumerate() {
            environment.template_from_str(&parameter.value).map_err(|error| format!("action.parameters[{index}].value: {error}"))?;
        }
        Ok(())
    }

    /// The request that it makes when this sets it off. What a template asks for and the entity has not is rendered as nothing, and a
    /// condition that cannot be evaluated does not hold.
    pub fn wants(&self, subject: Subject, deed: Deed, changes: &[Change], shown: &Value) -> Option<Wanted> {
        if !self.event.meets(subject, deed) {
            return None;
        }
        let environment = Environment::new();
        let fields = changes.iter().map(|change| change.field.clone()).collect();
        let known = Map::from_iter([(subject.one().to_owned(), shown.clone())]);
        let known = minijinja::context! { changeSet => Held::from_object(ChangeSet { deed, fields }), ..Held::from_serialize(&known) };
        if let Some(condition) = &self.condition {
            let holds = environment.compile_expression(condition).and_then(|condition| condition.eval(&known));
            if !holds.is_ok_and(|holds| holds.is_true()) {
                return None;
            }
        }
        let render = |template: &str| environment.render_str(template, &known).unwrap_or_default();
        let parameters = self.action.parameters.iter().map(|parameter| (parameter.name.clone(), render(&parameter.value))).collect();
        Some(Wanted { name: self.name.clone(), method: self.action.method.clone(), url: self.action.url.clone(), parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trigger(condition: &str) -> Trigger {
        serde_json::from_value(json!({
            "name": "deals", "event": "order.changed", "condition": condition,
            "action": {"url": "http://x/hook", "parameters": [{"name": "orderId", "value": "{{ order.id }}"}, {"name": "no", "value": "{{ order.nothing.at.all }}"}]},
        }))
        .expect("a trigger")
    }

    #[test]
    fn a_condition_decides_and_templates_are_rendered() {
        let changes = [Change::new("order_type", Value::Null, json!({"code": "x"}))];
        let order = json!({"id": 17, "status": "complete"});
        let wanted = |condition: &str, deed| trigger(condition).wants(Subject::Order, deed, &changes, &order);
        let request = wanted("order.status == 'complete' and changeSet.hasChangedField('orderType')", Deed::Updated).expect("a request");
        assert_eq!(
            (request.method.as_str(), &request.parameters[..]),
            ("GET", &[("orderId".into(), "17".into()), ("no".into(), String::new())][..])
        );
        assert!(wanted("changeSet.isDelete()", Deed::Updated).is_none() && wanted("changeSet.isDelete()", Deed::Deleted).is_some());
        assert!(wanted("changeSet.hasChangedField('status')", Deed::Updated).is_none());
        assert!(trigger("true").wants(Subject::Customer, Deed::Created, &changes, &order).is_none(), "another kind of entity");
    }

    #[test]
    fn a_complaint_names_the_member() {
        assert!(trigger("order.status ==").check().expect_err("no expression").starts_with("condition: "));
        let mut broken = trigger("true");
        broken.action.parameters[0].value = "{{ order.id".into();
        assert!(broken.check().expect_err("no template").starts_with("action.parameters[0].value: "));
    }
}
