//! Plays stories of one account.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value, json};
use uis_host::clock::{Clock, zone};
use uis_host::notification::templates::{RouteRequest, Subscriptions};
use uis_host::sync::lock;

use super::tempo::Tempo;
use crate::delivery::log::{self, Notification};
use crate::delivery::{Arranged, Mishap, Mishaps, Odds, Outcome, Routing, Sender};
use crate::simulated::SimulatedAccount;
use crate::stories::{Forward, Ids, Incoming, Kind, Moment, Script, Story, What, World, script};
use crate::templates::{Style, render};

/// How stories are played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// How fast.
    pub tempo: Tempo,
    /// How values are rendered.
    pub style: Style,
    /// What goes wrong with notifications.
    pub odds: Odds,
    /// How often a refused notification is sent again.
    pub retries: u32,
}

/// What was sent, or was not. The address is left out, because it contains a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// When it was sent, RFC 3339.
    pub at: String,
    /// The type of a notification, or `route`.
    pub what: String,
    /// The rendered template.
    pub message: String,
    /// The status of the answer; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The answer's body.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// Why there was no answer, or why nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went wrong on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mishap: Option<Mishap>,
}

impl Step {
    /// Whether it was accepted, or lost on purpose. A routing request without an answer is no error: the scenario goes on.
    pub fn is_fine(&self) -> bool {
        let accepted = self.status.is_some_and(|status| (200..300).contains(&status));
        accepted || self.what == ROUTE || self.mishap == Some(Mishap::Lost)
    }
}

/// How many ids are left for calls.
const CALLS: i64 = 1_000_000;

/// What a routing request is called among the steps.
const ROUTE: &str = "route";

/// A communication that was played last.
type Last = Option<(i64, String)>;

/// Plays stories.
pub struct Player {
    pub(super) account: Arc<SimulatedAccount>,
    clock: Arc<dyn Clock>,
    pub(super) manner: Manner,
    subscriptions: Mutex<Subscriptions>,
    sender: Sender,
    routing: Routing,
    ids: Mutex<Ids>,
    mishaps: Mutex<Mishaps>,
    last: Mutex<Last>,
    observer: Box<dyn Fn(&Step) + Send + Sync>,
}

impl Player {
    /// A player. `observer` sees each step when it is done. The error says which probability is none.
    pub fn new(
        account: Arc<SimulatedAccount>,
        clock: Arc<dyn Clock>,
        subscriptions: Subscriptions,
        manner: Manner,
        observer: Box<dyn Fn(&Step) + Send + Sync>,
    ) -> Result<Player, String> {
        let mut ids = Ids::at(clock.now_ms());
        // Calls are numbered by the account, because the Call API starts some, too.
        account.state().begin_sessions_at(ids.take());
        ids.skip(CALLS);
        Ok(Player {
            account,
            ids: Mutex::new(ids),
            clock,
            subscriptions: Mutex::new(subscriptions),
            sender: Sender::new(manner.retries)?,
            routing: Routing::default(),
            mishaps: Mutex::new(Mishaps::new(manner.odds)?),
            last: Mutex::new(None),
            manner,
            observer,
        })
    }

    /// What is set up under «Уведомления» from now on.
    pub fn subscribe(&self, subscriptions: Subscriptions) {
        *lock(&self.subscriptions) = subscriptions;
    }

    /// What is set up under «Уведомления».
    pub fn subscriptions(&self) -> Subscriptions {
        lock(&self.subscriptions).clone()
    }

    /// Something that needs the account, the time and new ids.
    fn in_world<T>(&self, start: i64, act: impl FnOnce(&mut World<'_>) -> T) -> T {
        let state = self.account.state();
        let mut ids = lock(&self.ids);
        act(&mut World { account: &state.account, start, faster: self.manner.tempo.faster(), ids: &mut ids })
    }

    /// Plays a story to its end. The error says what in the story does not fit the account.
    pub async fn play(&self, story: &Story) -> Result<Vec<Step>, String> {
        let story = self.completed(story);
        let (start, began) = (self.clock.now_ms(), Instant::now());
        let written = self.in_world(start, |world| script(&story, world))?;
        let mut steps = Vec::new();
        match written {
            Script::Moments(moments) => self.run(moments, began, &mut steps).await?,
            Script::Incoming(moments, call) => {
                self.run(moments, began, &mut steps).await?;
                let (forward, waited) = self.routed(&call, start, &mut steps).await;
                let moments = self.in_world(start, |world| call.goes_on(world, &forward, waited))?;
                self.run(moments, began, &mut steps).await?;
            }
        }
        Ok(steps)
    }

    /// A call gets its id from the account. A tag without a communication is set on the one that was played last.
    fn completed(&self, story: &Story) -> Story {
        let mut story = story.clone();
        if story.story.is_call() && story.call_session_id.is_none() {
            story.call_session_id = Some(self.account.state().new_session_id());
        }
        if let (Kind::Tag, None, Some((id, kind))) = (story.story, story.communication, lock(&self.last).clone()) {
            story.communication = Some(id);
            story.communication_type.get_or_insert(kind);
        }
        story
    }

    /// Asks the scenario's address, if there is one.
    async fn routed(&self, call: &Incoming, start: i64, steps: &mut Vec<Step>) -> (Forward, i64) {
        let request: Option<RouteRequest> = lock(&self.subscriptions).scenario.clone();
        let Some(request) = request else { return (Forward::GoOn, 0) };
        let parameters = self.in_world(start, |world| call.route_parameters(world));
        let asked = self.routing.ask(&self.sender, &request, call.caller(), &parameters, self.clock.now_ms()).await;
        let message = match &asked.sent {
            Some(sent) => sent.message().to_owned(),
            None => "not asked: UIS remembers whom this caller was forwarded to".to_owned(),
        };
        self.note(steps, ROUTE, message, &asked.outcome, None);
        (asked.forward, self.manner.tempo.of_story(asked.waited))
    }

    /// Plays moments, one after the other: the next one waits for the answer to the one before.
    async fn run(&self, moments: Vec<Moment>, began: Instant, steps: &mut Vec<Step>) -> Result<(), String> {
        let arranged = lock(&self.mishaps).arrange(moments);
        for one in arranged {
            let due = self.manner.tempo.real(one.moment.after).saturating_sub(began.elapsed());
            if !due.is_zero() {
                tokio::time::sleep(due).await;
            }
            match &one.moment.what {
                What::Rows(rows) => self.reported(rows)?,
                What::Event { mnemonic, parameters } => self.notified(&one, mnemonic, parameters, steps).await,
            }
        }
        Ok(())
    }

    fn reported(&self, rows: &Value) -> Result<(), String> {
        let mut state = self.account.state();
        let zone = zone(&state.account.timezone)?;
        state.merge_report(rows, zone, self.clock.now_ms())
    }

    /// Sends a notification to everybody who wants it.
    async fn notified(&self, one: &Arranged, mnemonic: &str, parameters: &Map<String, Value>, steps: &mut Vec<Step>) {
        let text = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(id) = parameters.get("communication_id").and_then(Value::as_i64) {
            *lock(&self.last) = Some((id, text("communication_type").to_owned()));
        }
        let wanted = lock(&self.subscriptions).notifications.clone();
        for subscription in wanted.iter().filter(|subscription| subscription.event == mnemonic) {
            let rendered = render(subscription, parameters, self.manner.style);
            if one.mishap == Some(Mishap::Lost) {
                let outcome = Outcome { error: Some("lost on purpose".to_owned()), ..Outcome::default() };
                self.note(steps, mnemonic, rendered.message().to_owned(), &outcome, one.mishap);
                continue;
            }
            let outcome = self.sender.send(&rendered).await;
            let sent = self.in_world(self.clock.now_ms(), |world| world.row_time(0));
            let row = Notification {
                id: lock(&self.ids).take(),
                mnemonic,
                parameters,
                url: &subscription.url,
                message: rendered.message(),
                outcome: &outcome,
                // Without the milliseconds that events have.
                started: text("notification_time").get(..19).unwrap_or_default(),
                sent: &sent,
                delay: (one.moment.after - one.meant) / 1000,
            };
            let row = log::row(&row);
            self.account.state().notifications.push(row);
            self.note(steps, mnemonic, rendered.message().to_owned(), &outcome, one.mishap);
        }
    }

    fn note(&self, steps: &mut Vec<Step>, what: &str, message: String, outcome: &Outcome, mishap: Option<Mishap>) {
        let step = Step {
            at: self.account.shown(self.clock.now_ms()),
            what: what.to_owned(),
            message,
            status: outcome.status,
            answer: outcome.answer.clone(),
            error: outcome.error.clone(),
            mishap,
        };
        (self.observer)(&step);
        steps.push(step);
    }
}

/// Steps as the control answers them.
pub fn answered(steps: &[Step]) -> Value {
    json!({ "steps": steps })
}
