//! Calls: incoming, outgoing, and the call of a clicked number.

use serde_json::{Map, Value, json};

use super::Moment;
use super::call::{Call, or_null};
use super::story::{Kind, Story};
use super::world::{Person, World, members};

/// How long a clicked call takes until the employee picks up, in seconds.
const PICK_UP: u32 = 2;

/// Whom the scenario forwards a call to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    /// These numbers, in order.
    To(Vec<String>),
    /// The scenario goes on with the operation that is linked: the story's employees.
    GoOn,
}

/// An incoming call that has reached its virtual number.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    call: Call,
    story: Story,
}

/// An incoming call reaches the virtual number.
pub fn incoming(story: &Story, world: &mut World<'_>) -> Result<(Vec<Moment>, Incoming), String> {
    // What does not fit the account is reported before anything is sent.
    let first = world.first(story)?;
    let second = world.second(story, first.as_ref())?;
    if story.story == Kind::Transfer && second.is_none() {
        return Err("the account has no second employee to transfer the call to; give second-employee".to_owned());
    }
    let mut call = Call::begin(story, world, "in", "va")?;
    call.event(world, "in_call_session", None, json!({}));
    let moments = call.moments();
    Ok((moments, Incoming { call, story: story.clone() }))
}

impl Incoming {
    /// The caller's number; empty for an anonymous caller.
    pub fn caller(&self) -> &str {
        &self.call.contact
    }

    /// The parameters of the scenario's routing request, under the names that UIS documents, and all others of the call.
    pub fn route_parameters(&self, world: &World<'_>) -> Map<String, Value> {
        members(json!({
            "cdr_id": self.call.session,
            "call_session_id": self.call.session,
            "start_time": world.at(0) / 1000,
            // The literal that UIS sends when the caller has typed nothing.
            "input_result": "None",
            "numa": or_null(&self.call.contact),
            "numb": self.call.virtual_number,
        }))
    }

    /// The rest of the call. `waited` is how long the scenario waited for its answer, in milliseconds.
    pub fn goes_on(mut self, world: &mut World<'_>, forward: &Forward, waited: i64) -> Result<Vec<Moment>, String> {
        let rung: Vec<Person> = match forward {
            Forward::To(numbers) => numbers.iter().map(|number| world.behind(number)).collect(),
            Forward::GoOn => {
                let first = world.first(&self.story)?;
                let second = self.story.second_employee.filter(|_| self.story.story == Kind::Missed).map(|id| world.employee(id));
                first.into_iter().chain(second.transpose()?).collect()
            }
        };
        self.call.after_ms(waited.max(0)).after(1);
        match self.story.story {
            Kind::Missed => self.missed(world, &rung),
            Kind::Transfer => self.transferred(world, &rung)?,
            _ => self.answered(world, &rung),
        }
        Ok(self.call.moments())
    }

    fn missed(&mut self, world: &mut World<'_>, rung: &[Person]) {
        for person in rung {
            self.call.rings(world, person);
            self.call.after(self.story.ring);
        }
        self.call.ends(world, "operator_not_responsible", true, None);
    }

    /// The first employee answers and talks.
    fn first_talk(&mut self, world: &mut World<'_>, rung: &[Person]) -> Person {
        let person = rung.first().cloned().unwrap_or_default();
        let leg = self.call.rings(world, &person);
        self.call.after(self.story.ring).talks(world, &person, Some(leg));
        person
    }

    fn answered(&mut self, world: &mut World<'_>, rung: &[Person]) {
        self.first_talk(world, rung);
        self.call.after(self.story.talk / 2).tags(world);
        self.call.after(self.story.talk.div_ceil(2)).talk_ends(world);
        self.call.ends(world, "success_finish", false, None);
        self.call.recordings(world);
    }

    fn transferred(&mut self, world: &mut World<'_>, rung: &[Person]) -> Result<(), String> {
        let first = self.first_talk(world, rung);
        let Some(second) = world.second(&self.story, Some(&first))? else {
            return Err("the account has no second employee to transfer the call to; give second-employee".to_owned());
        };
        // The second phone rings while the first employee still talks.
        let ring = self.story.ring.min(self.story.talk);
        self.call.after(self.story.talk - ring);
        let leg = self.call.transfers(world, &second);
        self.call.after(ring).talk_ends(world);
        self.call.after(1).talks(world, &second, Some(leg));
        self.call.after(self.story.second_talk).tags(world);
        self.call.talk_ends(world);
        self.call.ends(world, "success_finish", false, None);
        self.call.recordings(world);
        Ok(())
    }
}

/// A call that an employee starts, with or without UIS's Call API.
pub fn outgoing(story: &Story, world: &mut World<'_>) -> Result<Vec<Moment>, String> {
    let person = world.first(story)?.unwrap_or_default();
    let clicked = story.story == Kind::Click;
    let mut call = Call::begin(story, world, "out", if clicked { "callapi" } else { "sip" })?;
    call.event(world, "out_call_session", Some(&person), json!({}));
    let mut leg = None;
    if clicked {
        // UIS calls the employee first.
        leg = Some(call.after(1).rings(world, &person));
        call.after(PICK_UP);
    }
    call.after(story.ring);
    if story.story == Kind::Unanswered {
        call.ends(world, "subscriber_not_responsible", true, Some(&person));
        return Ok(call.moments());
    }
    call.talks(world, &person, leg);
    call.after(story.talk / 2).tags(world);
    call.after(story.talk.div_ceil(2)).talk_ends(world);
    call.ends(world, "success_finish", false, Some(&person));
    call.recordings(world);
    Ok(call.moments())
}
