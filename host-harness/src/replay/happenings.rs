//! Taking in the lines of a recording: what each happening means for the account, the CRM and the inbox.

use std::sync::Arc;

use serde_json::Value;

use super::Replay;
use super::inbox::{Pending, State};
use super::report::ProblemKind;
use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::exports::uis::integration::setup::Callback;
use crate::bindings::uis::integration::call_events::ClickToCall;
use crate::callback;
use crate::event::Event;
use crate::integration::lock;
use crate::notification::{self, params::Params};
use crate::recording::{Content, Happening, Line};

impl Replay<'_> {
    /// Takes in one line.
    pub(super) async fn happen(&mut self, line: Line) {
        let seats = self.seats_of(&line);
        // Lines may well share one instant; only what they set off must not run away.
        self.runs.1 = 0;
        for member in &line.ignored {
            self.note(line.number, format!("line {}: {member:?} means nothing here and is ignored", line.number));
        }
        for (name, taken) in self.rules.refresh() {
            match taken {
                Ok(()) => self.note(line.number, format!("the rule {name} changed, and the new one is in force")),
                Err(error) => self.note(line.number, format!("the rule {name} changed, and the old one stays: {error}")),
            }
        }
        let number = line.number;
        let received = self.now();
        match line.happening {
            Happening::Notification { mnemonic, content } => {
                let params = match &content {
                    Content::Body(body) => Params::from_body(body, self.zone, received),
                    Content::Query(query) => Ok(Params::from_query(query, self.zone, received)),
                };
                match params.and_then(|params| notification::events(&mnemonic, &params)) {
                    Ok(events) => {
                        for event in events {
                            let event = self.completed(event);
                            lock(&self.account).report.told(&event);
                            self.deliver(&seats, number, &mnemonic, event).await;
                        }
                    }
                    Err(error) => self.unreadable(number, error.to_string()),
                }
            }
            Happening::Route(query) => match notification::route(&query, self.zone, received) {
                Ok(event) => self.deliver(&seats, number, "route", event).await,
                Err(error) => self.unreadable(number, error.to_string()),
            },
            Happening::ClickToCall(query) => {
                let event = |parameters| Event::ClickToCall(ClickToCall { parameters, at: received });
                self.call_back(&seats, number, "click-to-call", "make-call", &query, event).await;
            }
            Happening::OrderWebhook { method, parameters } => {
                let event = |parameters| Event::OrderWebhook(OrderWebhook { at: received, method: method.to_owned(), parameters });
                if !parameters.starts_with("https://") {
                    return self.call_back(&seats, number, "order-webhook", "order-webhook", &parameters, event).await;
                }
                // The whole address, as it was copied from the settings: it says whose it is, and shows the secret.
                let served = |seat: &usize| self.seats[*seat].integration.endpoints.parameters_at("order-webhook", &parameters);
                match seats.iter().find_map(|seat| Some((*seat, served(seat)?.to_owned()))) {
                    Some((seat, query)) => self.call_back(&[seat], number, "order-webhook", "order-webhook", &query, event).await,
                    None => {
                        let why = "order-webhook: no integration is served at this address; copy Webhook url from its settings";
                        self.report.failed(number, ProblemKind::Rejected, why.to_owned());
                        self.note(number, why.to_owned());
                    }
                }
            }
            Happening::Callback { name, method, parameters } => {
                let event =
                    |parameters| Event::Callback(Callback { name: name.clone(), at: received, method: method.to_owned(), parameters });
                self.call_back(&seats, number, "callback", &name, &parameters, event).await;
            }
            Happening::Crm(act) => {
                for name in self.systems_of(&seats) {
                    match self.remote.clone().act(&name, &act).await {
                        Ok(text) => self.note(number, text),
                        Err(error) => self.unreadable(number, format!("crm: {error}")),
                    }
                }
            }
            Happening::CrmFaults(faults) => {
                for name in self.systems_of(&seats) {
                    match self.remote.misbehave(&name, &faults) {
                        Ok(()) => self.note(number, format!("the CRM misbehaves from now on: {faults}")),
                        Err(error) => self.unreadable(number, format!("crm-faults: {error}")),
                    }
                }
            }
            Happening::Report(rows) => {
                let learnt = lock(&self.account).learn_report(&rows, self.zone, received);
                match learnt {
                    Ok(()) => self.note(number, "UIS's reports know more".into()),
                    Err(error) => self.unreadable(number, error),
                }
            }
            Happening::Settings(settings) => {
                for seat in seats {
                    self.save_settings(seat, number, &settings).await;
                }
            }
            Happening::Account(members) => {
                let became = lock(&self.account).become_other(&members);
                match became {
                    Err(error) => self.unreadable(number, error),
                    Ok(other_extensions) => {
                        self.note(number, format!("the account is another: {members}"));
                        for seat in 0..self.seats.len() {
                            if other_extensions && self.seats[seat].inbox.state != State::Inactive {
                                self.switch_on(seat, number);
                            }
                        }
                        self.advance(received).await;
                    }
                }
            }
            Happening::ReleaseRule(name) => match self.rules.release(&name) {
                true => self.note(number, format!("the rule {name} is asked again")),
                false => self.unreadable(number, format!("there is no rule {name:?}")),
            },
            Happening::Action(name) => self.deliver(&seats, number, "action", Event::Action(name)).await,
            Happening::Deactivate => {
                for seat in seats {
                    match self.seats[seat].inbox.state {
                        State::Inactive => self.note(number, "the integration is off already".into()),
                        _ => self.enqueue(seat, number, "deactivate", Event::Deactivate),
                    }
                }
                self.advance(received).await;
            }
            Happening::Activate => {
                for seat in seats {
                    self.switch_on(seat, number);
                }
                self.advance(received).await;
            }
            // What a strict replay answers with is read beforehand.
            Happening::Exchange(_) => {}
        }
    }

    /// Of these integrations one for each remote system: what happens in a system that several share happens once.
    fn systems_of(&self, seats: &[usize]) -> Vec<String> {
        let mut systems = Vec::new();
        let mut names = Vec::new();
        for seat in seats {
            let name = self.seats[*seat].integration.name.clone();
            let system = self.remote.system_of(&name);
            if !systems.contains(&system) {
                systems.push(system);
                names.push(name);
            }
        }
        names
    }

    /// An event with what the account knows better than the notification: templates without `is_internal` tell of internal calls, too.
    fn completed(&self, mut event: Event) -> Event {
        let account = lock(&self.account);
        if event.call().and_then(|call| call.contact.as_ref()).is_some_and(|number| account.is_extension(&number.digits)) {
            event.set_internal();
        }
        event
    }

    /// A request of the remote system: its secret is checked before anything sees it.
    async fn call_back(
        &mut self,
        seats: &[usize],
        line: u64,
        what: &str,
        name: &str,
        parameters: &str,
        event: impl Fn(Vec<(String, String)>) -> Event,
    ) {
        for seat in seats {
            let endpoints = &self.seats[*seat].integration.endpoints;
            match callback::admit(&self.plugin.description().callbacks, endpoints, name, callback::parameters(parameters)) {
                Ok(parameters) => self.deliver(&[*seat], line, what, event(parameters)).await,
                Err(refused) => {
                    self.report.failed(line, ProblemKind::Rejected, format!("{what}: {refused}"));
                    self.note(line, format!("{what} refused: {refused}"));
                }
            }
        }
    }

    async fn save_settings(&mut self, seat: usize, line: u64, settings: &Value) {
        match self.plugin.clone().prepare(&settings.to_string(), None).await {
            Err(fault) => self.report.fault(line, "settings", &fault),
            Ok(Err(problems)) => {
                for problem in problems {
                    self.report.failed(
                        line,
                        ProblemKind::Misconfigured,
                        format!("settings.{}: {}; the settings before stay in force", problem.setting, problem.message),
                    );
                }
                self.note(line, "the settings are refused".into());
            }
            Ok(Ok(prepared)) => {
                *lock(&self.seats[seat].integration.settings) = Arc::new(prepared);
                self.note(line, "settings saved".into());
                if self.seats[seat].inbox.state != State::Inactive {
                    self.switch_on(seat, line);
                    self.advance(self.now()).await;
                }
            }
        }
    }

    /// Activation runs before anything that waits.
    pub(super) fn switch_on(&mut self, seat: usize, line: u64) {
        let pending = self.pending(seat, line, "activate", Event::Activate);
        let now = self.now();
        self.seats[seat].inbox.activate(pending, now);
    }

    pub(super) fn pending(&mut self, seat: usize, line: u64, what: &str, event: Event) -> Pending {
        let number = self.report.next_delivery();
        Pending {
            id: format!("{}-{number}", self.seats[seat].integration.name),
            line,
            what: what.to_owned(),
            event,
            attempt: 1,
            received: self.now(),
            reason: None,
            reported: false,
        }
    }

    pub(super) fn enqueue(&mut self, seat: usize, line: u64, what: &str, event: Event) {
        let key = event.ordering_key();
        let pending = self.pending(seat, line, what, event);
        let now = self.now();
        self.seats[seat].inbox.push(key, pending, now);
    }
}
