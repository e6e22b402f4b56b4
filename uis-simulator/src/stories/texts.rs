//! Chats, site requests and tags. UIS does not publish these notifications: the names of the parameters are those of its reports
//! `[inferred]`.

use serde_json::{Map, Value, json};

use super::call::or_null;
use super::story::{Line, Speaker, Story};
use super::world::{CUSTOMER, Person, World, members};
use super::{Moment, What};

/// The chat of a story that has no lines.
const TALK: [(Speaker, &str); 3] = [
    (Speaker::Visitor, "Здравствуйте! Есть в наличии?"),
    (Speaker::Operator, "Здравствуйте! Да, есть. Куда доставить?"),
    (Speaker::Visitor, "Спасибо, я подумаю"),
];
/// Seconds between two lines of a chat.
const BETWEEN_LINES: i64 = 4;

/// A chat as it goes on.
struct Chat<'a, 'w> {
    world: &'a mut World<'w>,
    story: &'a Story,
    /// Parameters of every event.
    facts: Map<String, Value>,
    now: i64,
    moments: Vec<Moment>,
}

fn visitor(story: &Story, world: &mut World<'_>) -> Map<String, Value> {
    let phone = story.phone.clone().unwrap_or_else(|| CUSTOMER.to_owned());
    let shown = [story.name.as_deref(), Some(phone.as_str()).filter(|phone| !phone.is_empty()), story.email.as_deref()];
    members(json!({
        "visitor_id": world.ids.take(),
        "visitor_name": story.name,
        "visitor_phone_number": or_null(&phone),
        "visitor_email": story.email,
        "visitor_contact_info": shown.into_iter().flatten().next(),
    }))
}

fn site(story: &Story, world: &World<'_>) -> Result<Map<String, Value>, String> {
    let site = world.site(story)?;
    Ok(members(json!({"site_id": site.as_ref().map(|row| row.id), "site_domain_name": site.map(|row| row.domain_name)})))
}

impl<'a, 'w> Chat<'a, 'w> {
    fn begin(story: &'a Story, world: &'a mut World<'w>) -> Result<Chat<'a, 'w>, String> {
        let channel = world.channel(story)?;
        let mut facts = members(json!({
            "app_id": world.account.app_id,
            "notification_name": "crm",
            "chat_id": world.ids.take(),
            "communication_id": world.ids.take(),
            "communication_number": world.ids.take(),
            "communication_type": "chat",
            "chat_channel_id": channel.as_ref().map(|row| row.id),
            "chat_channel_name": channel.as_ref().map(|row| row.name.clone()),
            "chat_channel_type": channel.as_ref().map(|row| row.kind.clone()),
            "chat_username": story.nick,
            "initiator": "visitor",
        }));
        facts.extend(visitor(story, world));
        // A chat of a messenger belongs to no site.
        if story.site.is_some() || channel.is_none_or(|row| row.kind == "comagic") {
            facts.extend(site(story, world)?);
        }
        Ok(Chat { world, story, facts, now: 0, moments: Vec::new() })
    }

    fn event(&mut self, mnemonic: &'static str, person: Option<&Person>, more: Value) {
        let mut parameters = self.facts.clone();
        parameters.insert("notification_mnemonic".into(), mnemonic.into());
        parameters.insert("notification_time".into(), self.world.event_time(self.now).into());
        parameters.insert("date_time".into(), self.world.row_time(self.now).into());
        parameters.extend(person.map(Person::parameters).unwrap_or_default());
        parameters.extend(members(more));
        parameters.extend(self.story.parameters.clone());
        self.moments.push(Moment { after: self.now, what: What::Event { mnemonic, parameters } });
    }

    fn rows(&mut self, list: &str, row: Value) {
        self.moments.push(Moment { after: self.now, what: What::Rows(json!({ list: [row] })) });
    }

    fn writes(&mut self, line: &Line, operator: Option<&Person>) {
        let id = self.world.ids.take();
        let person = operator.filter(|_| line.from == Speaker::Operator);
        self.event("chat_message", person, json!({"message_id": id, "id": id, "source": line.from.word(), "text": line.text}));
        let row = json!({
            "id": id,
            "chat_id": self.facts["chat_id"],
            "channel_id": self.facts["chat_channel_id"],
            "channel_type": self.facts["chat_channel_type"],
            "date_time": self.world.row_time(self.now),
            "visitor_id": self.facts["visitor_id"],
            "text": line.text,
            "source": line.from.word(),
            "resource": null,
            "employee_id": person.and_then(|person| person.id),
            "employee_full_name": person.and_then(|person| person.name.clone()),
        });
        self.rows("chat_messages", row);
    }

    fn ends(&mut self, status: &str, cause: &str, operator: Option<&Person>, lines: &[Line]) {
        self.event("chat_finished", operator, json!({"status": status, "release_cause": cause}));
        let mut row = self.facts.clone();
        for name in ["notification_name", "app_id", "visitor_contact_info", "visitor_name", "visitor_email"] {
            row.remove(name);
        }
        row.extend(members(json!({
            "id": self.facts["chat_id"],
            "status": status,
            "release_cause": cause,
            "date_time": self.world.row_time(0),
            // The Data API gives text.
            "duration": ((self.world.at(self.now) - self.world.at(0)) / 1000).to_string(),
            "messages_count": lines.len(),
            "employee_messages_count": lines.iter().filter(|line| line.from == Speaker::Operator).count(),
            "employee_id": operator.and_then(|person| person.id),
            "employee_full_name": operator.and_then(|person| person.name.clone()),
            "tags": [],
        })));
        row.extend(self.story.parameters.clone());
        row.remove("chat_id");
        self.rows("chats", row.into());
    }
}

fn lines(story: &Story) -> Vec<Line> {
    match story.lines.is_empty() {
        true => TALK.iter().map(|(from, text)| Line { from: *from, text: (*text).to_owned() }).collect(),
        false => story.lines.clone(),
    }
}

/// A chat. Without an answer it has only the lines of the visitor.
pub fn chat(story: &Story, world: &mut World<'_>, answered: bool) -> Result<Vec<Moment>, String> {
    let operator = if answered { world.first(story)? } else { None };
    let mut lines = lines(story);
    if !answered {
        lines.retain(|line| line.from == Speaker::Visitor);
    }
    let mut chat = Chat::begin(story, world)?;
    chat.event("chat_started", None, json!({}));
    let mut accepted = false;
    for line in &lines {
        // The employee accepts the chat before they write.
        if answered && !accepted && line.from == Speaker::Operator {
            chat.event("chat_accepted", operator.as_ref(), json!({}));
            chat.now += 1000;
            accepted = true;
        }
        chat.writes(line, operator.as_ref());
        chat.now += BETWEEN_LINES * 1000;
    }
    if answered {
        let status = if lines.iter().any(|line| line.from == Speaker::Visitor) { "succeed" } else { "refused" };
        chat.ends(status, "closed_by_operator", operator.as_ref(), &lines);
    } else {
        let last = lines.last().map(|line| line.text.clone());
        chat.event("unanswered_chats", None, json!({ "text": last }));
        chat.now += i64::from(story.ring) * 1000;
        chat.ends("lost", "visitor_disconnected", None, &lines);
    }
    Ok(chat.moments)
}

/// A visitor sends a form.
pub fn site_request(story: &Story, world: &mut World<'_>) -> Result<Vec<Moment>, String> {
    let id = world.ids.take();
    let mut facts = members(json!({
        "communication_id": id,
        "communication_type": "offline_message",
        "communication_number": world.ids.take(),
        "date_time": world.row_time(0),
        "text": story.text.as_deref().unwrap_or("Перезвоните мне, пожалуйста"),
        "form_name": story.form.as_deref().unwrap_or("Обратный звонок"),
        "form_type": "Пользовательская",
    }));
    facts.extend(visitor(story, world));
    facts.extend(site(story, world)?);
    facts.extend(story.parameters.clone());
    let mut parameters = facts.clone();
    parameters.extend(members(json!({
        "app_id": world.account.app_id,
        "notification_name": "crm",
        "notification_mnemonic": "offline_message",
        "notification_time": world.event_time(0),
    })));
    parameters.extend(story.parameters.clone());
    facts.remove("visitor_contact_info");
    facts.extend(members(json!({"id": id, "status": "not_processed", "tags": []})));
    Ok(vec![
        Moment { after: 0, what: What::Event { mnemonic: "offline_message", parameters } },
        Moment { after: 0, what: What::Rows(json!({ "offline_messages": [facts] })) },
    ])
}

/// A tag is set on a communication.
pub fn tag(story: &Story, world: &mut World<'_>) -> Result<Vec<Moment>, String> {
    let Some(communication) = story.communication else {
        return Err("communication is missing: the id of the call, chat or site request that gets the tag".to_owned());
    };
    let kind = story.communication_type.as_deref().unwrap_or("call");
    if !["call", "chat", "offline_message", "goal", "email"].contains(&kind) {
        return Err(format!("communication-type {kind:?} is not one of call, chat, offline_message, goal, email"));
    }
    let (id, name) = world.tag(story);
    let phone = story.phone.as_deref().map_or(Value::Null, or_null);
    let mut parameters = members(json!({
        "app_id": world.account.app_id,
        "notification_name": "crm",
        "notification_mnemonic": "set_mark",
        "notification_time": world.event_time(0),
        "communication_id": communication,
        "communication_type": kind,
        "call_session_id": (kind == "call").then_some(communication),
        "tag_ids": id.map(|id| vec![id]),
        "tag_names": [name],
    }));
    parameters.insert(if kind == "call" { "contact_phone_number" } else { "visitor_phone_number" }.into(), phone);
    parameters.extend(story.parameters.clone());
    Ok(vec![Moment { after: 0, what: What::Event { mnemonic: "set_mark", parameters } }])
}
