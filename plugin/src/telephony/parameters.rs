//! A call's parameters for templates and extra fields, under UIS's names. A call that only UIS's report contains has the same ones.

use std::cell::OnceCell;

use serde_json::json;

use crate::appeal::EventParameters;
use crate::bindings::uis::integration::directory::Employee;
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::platform::Platform;
use crate::telephony::story::Story;
use crate::telephony::verdict;

/// The parameters of one call.
pub struct Parameters<'a> {
    platform: &'a dyn Platform,
    session: i64,
    story: &'a Story,
    began: String,
    ended: Option<String>,
    employee: OnceCell<Option<Employee>>,
}

/// Parameters that are not stored under their names.
const OWN: [&str; 12] = [
    "contact_phone_number",
    "virtual_phone_number",
    "call_session_id",
    "communication_type",
    "start_time",
    "finish_time",
    "wait_time_duration",
    "talk_time_duration",
    "tag_names",
    "tag_ids",
    "employee_full_name",
    "employee_email",
];

impl<'a> Parameters<'a> {
    /// The parameters of a call as far as it is known.
    pub fn of(context: &Context<'a>, session: i64, story: &'a Story) -> Result<Parameters<'a>, Failure> {
        let ended = story.end.as_ref().map(|end| context.crm_date_time(end.at)).transpose()?;
        let (platform, began, employee) = (context.platform, context.crm_date_time(story.began())?, OnceCell::new());
        Ok(Parameters { platform, session, story, began, ended, employee })
    }

    /// The employee whose call it is, as UIS's directory has them; read at most once, because few templates name the employee.
    fn employee(&self) -> Option<&Employee> {
        let found = || {
            let found = self.platform.find_employee(verdict::employee(self.story)?);
            found.unwrap_or_else(|error| {
                self.platform.log(Level::Warn, "the employee of a call could not be looked up", &[("error", &format!("{error:?}"))]);
                None
            })
        };
        self.employee.get_or_init(found).as_ref()
    }

    /// A list as UIS sends it; none if it is empty.
    fn list<T: serde::Serialize>(items: Vec<T>) -> Option<String> {
        (!items.is_empty()).then(|| json!(items).to_string())
    }
}

impl EventParameters for Parameters<'_> {
    fn raw(&self, name: &str) -> Option<String> {
        let story = self.story;
        let stored = || story.parameters.get(name).cloned();
        let value = match name {
            "contact_phone_number" | "visitor_phone_number" | "calling_phone_number" => story.phone.clone(),
            "visitor_contact_info" => stored().or_else(|| story.phone.clone()),
            "virtual_phone_number" | "called_phone_number" => story.virtual_number.clone(),
            "call_session_id" | "communication_id" => Some(self.session.to_string()),
            "communication_type" => stored().or_else(|| Some("call".to_owned())),
            "start_time" => Some(self.began.clone()),
            "finish_time" | "finish_time_localized" => self.ended.clone(),
            "wait_time_duration" => verdict::wait_seconds(story).map(|seconds| seconds.to_string()),
            "talk_time_duration" => story.end.as_ref().map(|_| verdict::talk_seconds(story).to_string()),
            // Old versions stored the names only here.
            "tag_names" => Self::list(story.tags.iter().map(|tag| &tag.name).filter(|name| !name.is_empty()).collect()).or_else(stored),
            "tag_ids" => Self::list(story.tags.iter().filter_map(|tag| tag.id).collect()).or_else(stored),
            // The events name whoever they are about, for example who answered first.
            "employee_full_name" => self.employee().map(|employee| employee.full_name.clone()).or_else(stored),
            "employee_email" => self.employee().and_then(|employee| employee.email.clone()).or_else(stored),
            _ => stored(),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    fn all(&self) -> Vec<(String, String)> {
        let own = OWN.into_iter().filter_map(|name| Some((name.to_owned(), self.raw(name)?)));
        let stored = self.story.parameters.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        own.chain(stored.map(|(name, value)| (name.clone(), value.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tags::StoredTag;
    use crate::bindings::uis::integration::call_events::{CallFinished, FinishKind};
    use crate::bindings::uis::integration::types::{EmployeeHint, Tag};
    use crate::fake::Fake;
    use crate::settings::Settings;
    use crate::telephony::merge::EndEmployees;
    use crate::telephony::story::Leg;
    use crate::telephony::verdict::tests::finished;

    fn employee(id: i64, name: &str) -> Employee {
        Employee {
            id,
            first_name: String::new(),
            last_name: String::new(),
            patronymic: String::new(),
            full_name: name.into(),
            email: Some(format!("{id}@buket.example")),
            extension: None,
            phones: Vec::new(),
            status: "available".into(),
            licences: None,
        }
    }

    fn of_event(event: &CallFinished, who: EndEmployees, change: impl Fn(&mut Story)) -> impl Fn(&str) -> Option<String> {
        let fake = Fake { employees: vec![employee(1, "Ершова Алла"), employee(2, "Носов Глеб")], ..Fake::default() };
        let mut story = Story::default();
        change(&mut story);
        story.merge_end(event, who);
        move |name| {
            let context = Context::with_settings(&fake, Settings::default());
            Parameters::of(&context, 1, &story).expect("parameters").get(name)
        }
    }

    #[test]
    fn the_employee_is_the_one_whose_call_it_is() {
        let mut event = finished(FinishKind::Finished);
        event.call.employee =
            Some(EmployeeHint { id: Some(1), full_name: Some("Ершова Алла".into()), email: None, extension: None });
        (event.talk_seconds, event.is_lost) = (Some(60), Some(false));
        let name = |who, change: fn(&mut Story)| of_event(&event, who, change)("employee_full_name");
        let responsible = EndEmployees { responsible: Some(1), last_talked: None };
        let talked = |story: &mut Story| {
            story.add_talk(Some(1), 10);
            story.add_talk(Some(2), 20);
        };
        assert_eq!(name(responsible, talked).as_deref(), Some("Носов Глеб"), "who talked last");
        assert_eq!(name(EndEmployees { last_talked: Some(1), ..responsible }, talked).as_deref(), Some("Ершова Алла"), "the end says so");
        assert_eq!(name(responsible, |_| {}).as_deref(), Some("Ершова Алла"));
        let unknown = EndEmployees { responsible: Some(9), last_talked: None };
        assert_eq!(name(unknown, |_| {}).as_deref(), Some("Ершова Алла"), "as the event names them");
        assert_eq!(of_event(&event, responsible, talked)("employee_email").as_deref(), Some("2@buket.example"));
    }

    #[test]
    fn a_missed_call_has_the_employee_whose_phone_rang_last() {
        let mut event = finished(FinishKind::Reported);
        (event.is_lost, event.rung_employee_ids) = (Some(true), vec![1, 2]);
        assert_eq!(of_event(&event, EndEmployees::default(), |_| {})("employee_full_name").as_deref(), Some("Носов Глеб"));
        event.rung_employee_ids.clear();
        let rung = |story: &mut Story| assert!(story.add_leg(Leg { employee_id: 1, ..Leg::default() }));
        assert_eq!(of_event(&event, EndEmployees::default(), rung)("employee_full_name").as_deref(), Some("Ершова Алла"));
        assert_eq!(of_event(&event, EndEmployees::default(), |_| {})("employee_full_name"), None);
    }

    #[test]
    fn a_reported_call_has_the_parameters_of_an_event() {
        let mut event = finished(FinishKind::Reported);
        event.call.tags = vec![Tag { id: Some(5), name: "Опт".into() }, Tag { id: None, name: "Повтор".into() }];
        // More parameters than are stored; the ones that templates use come last.
        event.call.attributes = (0..200).map(|n| (format!("a{n}"), "1".to_owned())).collect();
        let named = [("scenario_name", "Продажи"), ("utm_source", "yandex"), ("utm_term", "букеты"), ("site_domain_name", "buket.example")];
        event.call.attributes.extend(named.map(|(name, value)| (name.to_owned(), value.to_owned())));
        event.call.attributes.push(("tags".to_owned(), "[{\"tag_id\":5}]".to_owned()));
        let get = of_event(&event, EndEmployees::default(), |story| {
            story.tags = vec![StoredTag { id: None, name: "Новый".into() }];
        });
        for (name, value) in named {
            assert_eq!(get(name).as_deref(), Some(value));
        }
        assert_eq!(get("tag_names").as_deref(), Some("Новый, Опт, Повтор"));
        assert_eq!((get("tag_ids").as_deref(), get("tags"), get("communication_type").as_deref()), (Some("[5]"), None, Some("call")));
    }
}
