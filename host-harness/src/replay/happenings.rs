//! Plays the lines of a recording: what each line means for the account, the CRM and the integrations.

use serde_json::{Value, json};
use uis_host::bindings::exports::uis::integration::orders::OrderWebhook;
use uis_host::bindings::exports::uis::integration::setup::{Callback, CallbackRole};
use uis_host::bindings::uis::integration::call_events::ClickToCall;
use uis_host::dispatch::{Arrival, CheckedAnswer, LiveEnd, kind_of};
use uis_host::endpoints::callback;
use uis_host::event::Event;
use uis_host::notification::{self, params::Params};
use uis_host::ports::{Directory, IntegrationState, Origin, ProblemKind, StoreError};
use uis_host::sync::lock;

use super::Replay;
use crate::parameters;
use crate::recording::{Content, Happening, Line};
use crate::report::about_setting;

impl Replay<'_> {
    /// Plays one line.
    pub(super) async fn play_line(&mut self, line: Line) -> Result<(), StoreError> {
        let slots = self.slots_of(&line);
        // Many lines may have the same time. The limit of handlers at one instant applies to each line separately.
        self.dispatch.line_begins();
        for member in &line.ignored {
            self.note(line.number, format!("unknown member {member:?} is ignored"));
        }
        for (name, taken) in self.rules.refresh() {
            match taken {
                Ok(()) => self.note(line.number, format!("the file of rule {name} changed; the new rule is in use")),
                Err(error) => self.note(
                    line.number,
                    format!("the file of rule {name} changed but cannot be loaded; the previous rule stays in use: {error}"),
                ),
            }
        }
        let number = line.number;
        match line.happening {
            Happening::Notification { mnemonic, content } => self.notified(&slots, (number, line.lost), &mnemonic, content).await,
            Happening::Route(query) => match notification::route(&query, self.zone, self.now()) {
                Ok(event) => self.deliver(&slots, number, "route", event).await,
                Err(error) => {
                    self.unreadable(number, error.to_string());
                    Ok(())
                }
            },
            Happening::ClickToCall(query) => {
                let at = self.now();
                let event = |parameters| Event::ClickToCall(ClickToCall { parameters, at });
                let name = self.callback_of(CallbackRole::MakeCall);
                self.call_back(&slots, number, ("click-to-call", &name), &query, event).await
            }
            Happening::OrderWebhook { method, parameters } => self.order_hinted(&slots, number, method, &parameters).await,
            Happening::Callback { name, method, parameters } => {
                let at = self.now();
                let content_type = content_type(method);
                let event = |parameters| {
                    Event::Callback(Callback {
                        name: name.clone(),
                        at,
                        method: method.to_owned(),
                        parameters,
                        content_type: content_type.clone(),
                        body: Vec::new(),
                    })
                };
                self.call_back(&slots, number, ("callback", &name), &parameters, event).await
            }
            Happening::Crm(_) | Happening::CrmFaults(_) => {
                self.in_the_crm(&slots, number, line.happening).await;
                Ok(())
            }
            Happening::Report(rows) => {
                let (zone, now) = (self.zone, self.now());
                let merged = self.account.state().merge_report(&rows, zone, now);
                match merged {
                    Ok(()) => self.note(number, "rows were added to UIS's reports".into()),
                    Err(error) => self.unreadable(number, error),
                }
                Ok(())
            }
            Happening::Settings { settings, version } => {
                for slot in slots {
                    self.save_settings(slot, number, &settings, version.as_deref()).await?;
                }
                Ok(())
            }
            Happening::Account(members) => self.account_changed(number, &members).await,
            Happening::ReleaseRule(name) => {
                match self.rules.release(&name) {
                    true => self.note(number, format!("the rule {name} was released from quarantine")),
                    false => self.unreadable(number, format!("there is no rule {name:?}")),
                }
                Ok(())
            }
            Happening::Erase(who) => self.deliver(&slots, number, "erase", Event::Erase(who)).await,
            Happening::Action(name) => self.deliver(&slots, number, "action", Event::Action(name)).await,
            Happening::Deactivate => {
                for slot in slots {
                    if !self.dispatch.switch_off(slot, Origin(number)).await? {
                        self.note(number, "the integration is switched off already".into());
                    }
                }
                self.dispatch.advance(self.now()).await
            }
            Happening::Activate => {
                for slot in slots {
                    self.dispatch.switch_on(slot, Origin(number)).await?;
                }
                self.dispatch.advance(self.now()).await
            }
            // The answers of a strict replay are read before the replay begins.
            Happening::Exchange(_) => Ok(()),
            Happening::Expect(expected) => {
                match &self.part {
                    Some(part) => part.give_up(),
                    None => self.expect(line.number, expected).await,
                }
                Ok(())
            }
        }
    }

    async fn notified(&mut self, slots: &[usize], (line, lost): (u64, bool), mnemonic: &str, content: Content) -> Result<(), StoreError> {
        let received = self.now();
        let params = match &content {
            Content::Body(body) => Params::from_body(body, self.zone, received),
            Content::Query(query) => Ok(Params::from_query(query, self.zone, received)),
        };
        let events = match params.and_then(|params| Ok((notification::events(mnemonic, &params)?, params))) {
            Ok((events, params)) => {
                for message in parameters::misread(&params) {
                    self.note(line, message.clone());
                    self.problem(line, ProblemKind::Skipped, message);
                }
                events
            }
            Err(error) => {
                self.unreadable(line, error.to_string());
                return Ok(());
            }
        };
        for event in events {
            let event = self.completed(event).await;
            if lost {
                self.account.state().report.lost(&event);
                self.note(line, format!("{mnemonic} got lost; UIS has what it says"));
                continue;
            }
            self.account.state().notified(&event, received);
            self.deliver(slots, line, mnemonic, event).await?;
        }
        Ok(())
    }

    /// The plugin's name of a callback with this role; if it has none, the role's own name, which is refused as unknown.
    fn callback_of(&self, role: CallbackRole) -> String {
        let usual = match role {
            CallbackRole::MakeCall => "make-call",
            CallbackRole::OrderWebhook => "order-webhook",
            CallbackRole::Callback => "callback",
        };
        callback::of_role(&self.plugin.description().callbacks, role).unwrap_or(usual).to_owned()
    }

    /// A webhook of an order: its parameters, or its full address as copied from the settings, which identifies the integration and
    /// contains the secret.
    async fn order_hinted(&mut self, slots: &[usize], line: u64, method: &'static str, parameters: &str) -> Result<(), StoreError> {
        let name = self.callback_of(CallbackRole::OrderWebhook);
        let names = ("order-webhook", name.as_str());
        let at = self.now();
        let content_type = content_type(method);
        let event = |parameters| {
            Event::OrderWebhook(OrderWebhook {
                at,
                method: method.to_owned(),
                parameters,
                content_type: content_type.clone(),
                body: Vec::new(),
            })
        };
        if !parameters.starts_with("https://") {
            return self.call_back(slots, line, names, parameters, event).await;
        }
        let served = |slot: &usize| self.dispatch.integration(*slot).endpoints.parameters_at(names.1, parameters);
        match slots.iter().find_map(|slot| Some((*slot, served(slot)?.to_owned()))) {
            Some((slot, query)) => self.call_back(&[slot], line, names, &query, event).await,
            None => {
                let why = "order-webhook: no integration has this address; copy Webhook url from the integration's settings";
                self.problem(line, ProblemKind::Rejected, why.to_owned());
                self.note(line, why.to_owned());
                Ok(())
            }
        }
    }

    /// A user acts in the CRM, or the CRM begins to misbehave.
    async fn in_the_crm(&mut self, slots: &[usize], line: u64, happening: Happening) {
        for name in self.systems_of(slots) {
            let came_of_it = match &happening {
                Happening::Crm(act) => self.remote.clone().act(&name, act).await.map_err(|error| format!("crm: {error}")),
                Happening::CrmFaults(faults) => match self.remote.clone().misbehave(&name, faults).await {
                    Ok(()) => Ok(format!("from now on the CRM misbehaves: {faults}")),
                    Err(error) => Err(format!("crm-faults: {error}")),
                },
                _ => continue,
            };
            match came_of_it {
                Ok(text) => self.note(line, text),
                Err(error) => self.unreadable(line, error),
            }
        }
    }

    async fn account_changed(&mut self, line: u64, members: &Value) -> Result<(), StoreError> {
        let updated = self.account.state().update(members);
        let other_extensions = match updated {
            Ok(other_extensions) => other_extensions,
            Err(error) => {
                self.unreadable(line, error);
                return Ok(());
            }
        };
        self.note(line, format!("the account changed: {members}"));
        for slot in 0..self.dispatch.len() {
            if other_extensions && self.dispatch.state(slot) != IntegrationState::Inactive {
                self.dispatch.switch_on(slot, Origin(line)).await?;
            }
        }
        self.dispatch.advance(self.now()).await
    }

    /// Delivers an event to integrations.
    async fn deliver(&mut self, slots: &[usize], line: u64, what: &str, event: Event) -> Result<(), StoreError> {
        for &slot in slots {
            let arrival = Arrival { origin: Origin(line), what: what.to_owned(), event: event.clone() };
            let end = self.dispatch.deliver(slot, arrival).await?;
            if let Event::IncomingCall(incoming) = &event {
                match end {
                    LiveEnd::Answered(answer) => self.answered(incoming.call.session_id, &answer),
                    // UIS treats a failure as "not found", and the scenario continues.
                    LiveEnd::Failed => self.answered(incoming.call.session_id, &CheckedAnswer::default()),
                    LiveEnd::Kept | LiveEnd::Done | LiveEnd::Refused(_) | LiveEnd::Fault | LiveEnd::Dropped => {}
                }
            }
        }
        self.dispatch.advance(self.now()).await
    }

    /// Records the answer to a routing request.
    fn answered(&mut self, session: i64, answer: &CheckedAnswer) {
        let at = self.account.shown(self.now());
        let answer = json!({"at": at, "call_session_id": session, "forward_to": answer.forward_to, "card": answer.card});
        self.account.state().answered(answer);
    }

    /// One of these integrations for each remote system, so that an action in a shared system happens only once.
    fn systems_of(&self, slots: &[usize]) -> Vec<String> {
        let mut systems = Vec::new();
        let mut names = Vec::new();
        for slot in slots {
            let name = self.dispatch.integration(*slot).name.clone();
            let system = self.remote.system_of(&name);
            if !systems.contains(&system) {
                systems.push(system);
                names.push(name);
            }
        }
        names
    }

    /// Marks a call as internal when its contact is an extension of the account. A notification whose template lacks `is_internal` does not
    /// say so.
    async fn completed(&self, mut event: Event) -> Event {
        if let Some(number) = event.call().and_then(|call| call.contact.as_ref())
            && self.account.is_extension(&number.digits).await
        {
            event.set_internal();
        }
        event
    }

    /// Plays a request of the CRM. `what` is the recording's name for it, `name` the plugin's. The secret is checked before anything else
    /// sees the request.
    async fn call_back(
        &mut self,
        slots: &[usize],
        line: u64,
        (what, name): (&str, &str),
        parameters: &str,
        event: impl Fn(Vec<(String, String)>) -> Event,
    ) -> Result<(), StoreError> {
        for slot in slots {
            let endpoints = &self.dispatch.integration(*slot).endpoints;
            match callback::admit(&self.plugin.description().callbacks, endpoints, name, callback::parameters(parameters)) {
                Ok(parameters) => self.deliver(&[*slot], line, what, event(parameters)).await?,
                Err(refused) => {
                    self.problem(line, ProblemKind::Rejected, format!("{what}: {refused}"));
                    self.note(line, format!("{what} was refused: {refused}"));
                }
            }
        }
        Ok(())
    }

    async fn save_settings(&mut self, slot: usize, line: u64, settings: &Value, version: Option<&str>) -> Result<(), StoreError> {
        match self.plugin.clone().prepare(&settings.to_string(), version).await {
            Err(fault) => self.problem(line, kind_of(&fault), format!("settings: {fault}")),
            Ok(Err(problems)) => {
                for problem in problems {
                    let message = format!("{}; the previous settings stay in use", about_setting(&problem));
                    self.problem(line, ProblemKind::Misconfigured, message);
                }
                self.note(line, "the settings were refused".into());
            }
            Ok(Ok(prepared)) => {
                let notes = self.dispatch.integration(slot).set_settings(prepared);
                lock(&self.report).settings_notes(line, &notes);
                self.note(line, "the settings were saved".into());
                if self.dispatch.state(slot) != IntegrationState::Inactive {
                    self.dispatch.switch_on(slot, Origin(line)).await?;
                    self.dispatch.advance(self.now()).await?;
                }
            }
        }
        Ok(())
    }
}

/// The media type of a recorded request's body: a POST has a form.
fn content_type(method: &str) -> Option<String> {
    (method == "POST").then(|| "application/x-www-form-urlencoded".to_owned())
}
