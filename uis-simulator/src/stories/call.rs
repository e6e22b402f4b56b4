//! The course of one call: what has happened so far, and the events of it.

use serde_json::{Map, Value, json};

use super::story::Story;
use super::world::{CUSTOMER, Person, World, members};
use super::{Moment, What};

/// The name that the owner gave the notifications. It is free text.
const NOTIFICATION_NAME: &str = "crm";

/// A talk with an employee.
#[derive(Debug, Clone, PartialEq)]
struct Talk {
    person: Person,
    leg: Option<i64>,
    began: i64,
    ended: i64,
}

/// A phone that rang.
#[derive(Debug, Clone, PartialEq)]
struct Leg {
    person: Person,
    id: i64,
    began: i64,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// UIS's id of the call.
    pub session: i64,
    /// The customer's number; empty for an anonymous caller.
    pub contact: String,
    /// The virtual number.
    pub virtual_number: String,
    direction: &'static str,
    source: &'static str,
    communication_number: i64,
    /// Parameters of every event of the call.
    facts: Map<String, Value>,
    tag: Option<(Option<i64>, String)>,
    tagged: bool,
    transferred: bool,
    rung: Vec<Leg>,
    talks: Vec<Talk>,
    records: Vec<i64>,
    /// Milliseconds since the story's beginning.
    now: i64,
    ended: Option<(i64, &'static str, bool)>,
    moments: Vec<Moment>,
    story: Story,
}

/// A text, or null when it is empty.
pub fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

impl Call {
    /// A call that begins now. `direction` is `in` or `out`, `source` one of UIS's sources of calls.
    pub fn begin(story: &Story, world: &mut World<'_>, direction: &'static str, source: &'static str) -> Result<Call, String> {
        let contact = story.phone.clone().unwrap_or_else(|| CUSTOMER.to_owned());
        let virtual_number = world.virtual_number(story);
        let session = story.call_session_id.unwrap_or_else(|| world.ids.take());
        let communication_number = world.ids.take();
        let (calling, called) = if direction == "in" { (&contact, &virtual_number) } else { (&virtual_number, &contact) };
        let internal = world.account.employees.iter().any(|row| row.extension_number().as_deref() == Some(contact.as_str()));
        let mut facts = members(json!({
            "app_id": world.account.app_id,
            "notification_name": NOTIFICATION_NAME,
            "call_session_id": session,
            "communication_id": session,
            "communication_type": "call",
            "communication_number": communication_number,
            "contact_phone_number": or_null(&contact),
            "contact_id": null,
            "contact_full_name": story.name,
            "virtual_phone_number": virtual_number,
            "calling_phone_number": or_null(calling),
            "called_phone_number": or_null(called),
            "direction": direction,
            "call_source": source,
            "external_id": story.external_id,
            "start_time": world.event_time(0),
            "is_internal": internal,
        }));
        if direction == "in" {
            facts.extend(world.scenario(story, &virtual_number));
        }
        if story.site.is_some() {
            let site = world.site(story)?;
            facts.extend(members(json!({"site_id": site.as_ref().map(|row| row.id), "site_domain_name": site.map(|row| row.domain_name)})));
        }
        Ok(Call {
            session,
            contact,
            virtual_number,
            direction,
            source,
            communication_number,
            facts,
            tag: story.tag.is_some().then(|| world.tag(story)),
            tagged: false,
            transferred: false,
            rung: Vec::new(),
            talks: Vec::new(),
            records: Vec::new(),
            now: 0,
            ended: None,
            moments: Vec::new(),
            story: story.clone(),
        })
    }

    /// What happens after so many seconds.
    pub fn after(&mut self, seconds: u32) -> &mut Call {
        self.after_ms(i64::from(seconds) * 1000)
    }

    /// What happens after so many milliseconds.
    pub fn after_ms(&mut self, milliseconds: i64) -> &mut Call {
        self.now += milliseconds;
        self
    }

    /// The moments since the last time.
    pub fn moments(&mut self) -> Vec<Moment> {
        std::mem::take(&mut self.moments)
    }

    /// Adds an event with the parameters that the call has now, and more.
    pub fn event(&mut self, world: &World<'_>, mnemonic: &'static str, person: Option<&Person>, more: Value) {
        let mut parameters = self.facts.clone();
        parameters.insert("notification_mnemonic".into(), mnemonic.into());
        parameters.insert("notification_time".into(), world.event_time(self.now).into());
        parameters.insert("notification_timestamp".into(), (world.at(self.now) / 1000).into());
        parameters.insert("is_transfer".into(), self.transferred.into());
        parameters.extend(person.map(Person::parameters).unwrap_or_default());
        if let Some((id, name)) = self.tag.as_ref().filter(|_| self.tagged) {
            parameters.insert("tag_ids".into(), id.map_or(Value::Null, |id| json!([id])));
            parameters.insert("tag_names".into(), json!([name]));
        }
        parameters.extend(members(more));
        parameters.extend(self.story.parameters.clone());
        self.moments.push(Moment { after: self.now, what: What::Event { mnemonic, parameters } });
    }

    /// An employee's phone rings.
    pub fn rings(&mut self, world: &mut World<'_>, person: &Person) -> i64 {
        let leg = world.ids.take();
        self.rung.push(Leg { person: person.clone(), id: leg, began: self.now });
        self.event(world, "out_call", Some(person), json!({ "leg_id": leg }));
        leg
    }

    /// The phone of another employee rings, to whom the call is transferred.
    pub fn transfers(&mut self, world: &mut World<'_>, person: &Person) -> i64 {
        self.transferred = true;
        self.rings(world, person)
    }

    /// An employee and the customer are connected.
    pub fn talks(&mut self, world: &World<'_>, person: &Person, leg: Option<i64>) {
        self.event(world, "call_connected", Some(person), json!({"leg_id": leg, "leg_ids": leg.map(|leg| vec![leg])}));
        self.talks.push(Talk { person: person.clone(), leg, began: self.now, ended: self.now });
    }

    /// The talk ends.
    pub fn talk_ends(&mut self, world: &World<'_>) {
        let Some(talk) = self.talks.last_mut() else { return };
        talk.ended = self.now;
        let talk = talk.clone();
        let seconds = (talk.ended - talk.began) / 1000;
        let more = json!({
            "talk_time_duration": seconds,
            "leg_id": talk.leg,
            "leg_ids": talk.leg.map(|leg| vec![leg]),
            "is_transfer": self.talks.len() > 1,
        });
        self.event(world, "talk_finished", Some(&talk.person), more);
    }

    /// The employee sets the story's tag, if it has one.
    pub fn tags(&mut self, world: &World<'_>) {
        if self.tag.is_some() {
            self.tagged = true;
            self.event(world, "set_mark", None, json!({}));
        }
    }

    /// Seconds of talk, of waiting before the first talk, and of the whole call.
    fn durations(&self) -> (i64, i64, i64) {
        let end = self.ended.map_or(self.now, |(at, _, _)| at);
        let talk: i64 = self.talks.iter().map(|talk| (talk.ended - talk.began) / 1000).sum();
        (talk, self.talks.first().map_or(end, |talk| talk.began) / 1000, end / 1000)
    }

    fn rung_ids(&self) -> Value {
        let mut ids: Vec<i64> = Vec::new();
        for id in self.rung.iter().filter_map(|leg| leg.person.id) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.is_empty() { Value::Null } else { json!(ids) }
    }

    /// The call ends, for one of UIS's reasons. `caller` is the employee of a call that had no talk.
    pub fn ends(&mut self, world: &World<'_>, reason: &'static str, lost: bool, caller: Option<&Person>) {
        self.ended = Some((self.now, reason, lost));
        let (talk, wait, total) = self.durations();
        let first = self.talks.first().map(|talk| talk.person.clone()).or_else(|| caller.cloned());
        let more = json!({
            "finish_time": world.event_time(self.now),
            "finish_reason": reason,
            "lost_reason": lost.then_some(reason),
            "is_lost": lost,
            "talk_time_duration": talk,
            "wait_time_duration": wait,
            "total_time_duration": total,
            "last_talked_employee_id": self.talks.last().and_then(|talk| talk.person.id),
            "employee_ids": self.rung_ids(),
        });
        self.event(world, "call_session_finished", first.as_ref(), more.clone());
        if lost && self.direction == "in" {
            // Both come; the second one a little later.
            self.after(1);
            self.event(world, "lost_call_session", None, more);
        }
        self.report(world);
    }

    /// The recordings of all talks become ready, one after the other.
    pub fn recordings(&mut self, world: &mut World<'_>) {
        if self.story.recording_after == 0 {
            return;
        }
        self.after(self.story.recording_after);
        for talk in self.talks.clone() {
            let record = world.ids.take();
            self.records.push(record);
            let link = format!("https://app.comagic.ru/system/media/talk/{}/{record}/", self.session);
            let more = json!({
                "file_link": link,
                "file_duration": (talk.ended - talk.began) / 1000,
                "record_file_links": [link],
            });
            self.event(world, "record_ready", Some(&talk.person), more);
        }
        if !self.records.is_empty() {
            self.report(world);
        }
    }

    /// UIS's report has the call as it is now.
    fn report(&mut self, world: &World<'_>) {
        let Some((end, reason, lost)) = self.ended else { return };
        let (talk, wait, total) = self.durations();
        let people = |person: &Person, talked: bool| json!({"employee_id": person.id, "employee_full_name": person.name, "is_answered": talked, "is_talked": talked});
        let talked: Vec<&Person> = self.talks.iter().map(|talk| &talk.person).collect();
        let mut employees: Vec<Value> = Vec::new();
        for person in self.rung.iter().map(|leg| &leg.person).chain(talked.iter().copied()) {
            let row = people(person, talked.contains(&person));
            if person.id.is_some() && !employees.contains(&row) {
                employees.push(row);
            }
        }
        let id = |person: Option<&&Person>| person.and_then(|person| person.id);
        let name = |person: Option<&&Person>| person.and_then(|person| person.name.clone());
        let tags = self.tag.as_ref().filter(|_| self.tagged);
        let mut row = members(json!({
            "id": self.session,
            "communication_id": self.session,
            "communication_type": "call",
            "communication_number": self.communication_number,
            "start_time": world.row_time(0),
            "finish_time": world.row_time(end),
            "finish_reason": reason,
            "direction": self.direction,
            "source": self.source,
            "is_lost": lost,
            "is_transfer": self.transferred,
            "contact_phone_number": or_null(&self.contact),
            "contact_full_name": self.story.name,
            "virtual_phone_number": self.virtual_number,
            "wait_duration": wait,
            "total_wait_duration": wait,
            "talk_duration": talk,
            "clean_talk_duration": talk,
            "total_duration": total,
            "call_records": self.records.iter().map(i64::to_string).collect::<Vec<_>>(),
            "employees": employees,
            "first_answered_employee_id": id(talked.first()),
            "first_answered_employee_full_name": name(talked.first()),
            "last_answered_employee_id": id(talked.last()),
            "last_answered_employee_full_name": name(talked.last()),
            "first_talked_employee_id": id(talked.first()),
            "first_talked_employee_full_name": name(talked.first()),
            "last_talked_employee_id": id(talked.last()),
            "last_talked_employee_full_name": name(talked.last()),
            "call_api_external_id": self.story.external_id,
            "tags": tags.map(|(id, name)| json!([{"tag_id": id, "tag_name": name, "tag_type": "manual"}])).unwrap_or_else(|| json!([])),
        }));
        for name in ["scenario_id", "scenario_name", "site_id", "site_domain_name"] {
            row.extend(self.facts.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        row.extend(self.story.parameters.clone());
        let legs: Vec<Value> = self.rung.iter().map(|leg| self.leg_row(leg, world, end)).collect();
        self.moments.push(Moment { after: self.now, what: What::Rows(json!({ "calls": [row], "call_legs": legs })) });
    }

    /// The row of a phone that rang.
    fn leg_row(&self, leg: &Leg, world: &World<'_>, end: i64) -> Value {
        let talk = self.talks.iter().find(|talk| talk.leg == Some(leg.id));
        // A phone that nobody picked up rang until the next one, or until the end.
        let next = self.rung.iter().map(|other| other.began).find(|began| *began > leg.began);
        let ended = talk.map_or(next.unwrap_or(end), |talk| talk.ended);
        let (calling, called) = match (self.direction, &leg.person.phone) {
            ("in", phone) => (Some(self.contact.clone()), phone.clone()),
            (_, phone) => (phone.clone(), Some(self.contact.clone())),
        };
        json!({
            "id": leg.id,
            "call_session_id": self.session,
            "start_time": world.row_time(leg.began),
            "connect_time": talk.map(|talk| world.row_time(talk.began)),
            "duration": talk.map_or(0, |talk| (talk.ended - talk.began) / 1000),
            "total_duration": (ended - leg.began) / 1000,
            "finish_reason": if talk.is_some() { "success_finish" } else { "operator_not_responsible" },
            "direction": self.direction,
            "virtual_phone_number": self.virtual_number,
            "calling_phone_number": calling.filter(|number| !number.is_empty()),
            "called_phone_number": called.filter(|number| !number.is_empty()),
            "contact_phone_number": or_null(&self.contact),
            "contact_full_name": self.story.name,
            "employee_id": leg.person.id,
            "employee_full_name": leg.person.name,
            "employee_phone_number": leg.person.phone,
            "is_operator": true,
            "is_talked": talk.is_some(),
            "is_failed": talk.is_none(),
            "is_transfered": self.transferred && self.rung.first().is_some_and(|first| first.id != leg.id),
        })
    }
}
