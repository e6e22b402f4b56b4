//! Running a recording against a plugin: the account as the header gives it, the clock as the lines turn it, and an inbox that
//! delivers as the contract promises.

pub mod entry;
pub mod inbox;
pub mod report;
pub mod strict;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::account::AccountState;
use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::exports::uis::integration::schedule::TimerDue;
use crate::bindings::exports::uis::integration::setup::{Callback, ConnectionNeed};
use crate::bindings::uis::integration::call_events::{CallAnswer, ClickToCall, DialOrder};
use crate::bindings::uis::integration::types::{Delivery, Failure};
use crate::callback;
use crate::clock::{Clock, VirtualClock, instant, zone};
use crate::egress::Egress;
use crate::event::{Class, Event, Reply};
use crate::integration::{Integration, lock};
use crate::notification::{self, params::Params};
use crate::plugin::limits::{CARD_ORDERS, FORWARD_TO, Limits, SKIPPED};
use crate::plugin::{Fault, Plugin, Run};
use crate::recording::{Content, Happening, Header, Line, Lines};
use crate::services::EventScope;
use crate::services::connections::Connection;
use crate::services::endpoints::Endpoints;
use crate::trace::{Answer, Step};
use entry::{Entry, Observer, Outcome};
use inbox::{Inbox, Pending, State};
use report::{ProblemKind, Report};

/// The remote system of a replay: a simulator, a real one, or what was recorded of one.
pub trait RemoteSystem: Send + Sync {
    /// How a connection of this integration reaches it.
    fn connect(&self, integration: &str, need: &ConnectionNeed) -> Result<Remote, String>;

    /// Somebody acts in it (the recording's `crm` lines); says what came of it.
    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>>;

    /// From now on it misbehaves (the recording's `crm-faults` lines).
    fn misbehave(&self, integration: &str, faults: &Value) -> Result<(), String>;
}

/// A way to a remote system.
pub struct Remote {
    /// Its address.
    pub base: Url,
    /// The key.
    pub key: SecretString,
    /// The way out.
    pub egress: Arc<dyn Egress>,
}

/// A live event that waited so long is dropped: a pop-up a minute late is worse than none.
const STALE_MS: i64 = 10_000;

/// After the last line a repeating timer gets a turn if it comes due within this time: what UIS's report learnt last is found only by
/// one, but a replay need not run on for hours to see a daily timer.
const TURN_MS: i64 = 3_600_000;

/// Nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The header's settings are not valid.
    #[error("{0}")]
    Settings(String),
    /// The remote system cannot be reached so.
    #[error("{0}")]
    Remote(String),
    /// The plugin could not even prepare the settings.
    #[error("settings cannot be prepared: {0}")]
    Plugin(#[from] Fault),
}

/// A replay under way.
pub struct Replay<'a> {
    plugin: Arc<dyn Plugin>,
    remote: Arc<dyn RemoteSystem>,
    clock: Arc<VirtualClock>,
    account: Arc<Mutex<AccountState>>,
    zone: Tz,
    seats: Vec<Seat>,
    observer: &'a mut dyn Observer,
    report: Report,
}

/// An integration and its inbox.
struct Seat {
    integration: Arc<Integration>,
    inbox: Inbox,
}

/// What comes next.
enum Due {
    Event { seat: usize, key: String },
    Timer { seat: usize, name: String },
}

impl<'a> Replay<'a> {
    /// Sets everything up: the account, its integrations, their prepared settings. Nothing runs yet.
    pub async fn new(
        header: &Header,
        plugin: Arc<dyn Plugin>,
        remote: Arc<dyn RemoteSystem>,
        clock: Arc<VirtualClock>,
        limits: &Limits,
        observer: &'a mut dyn Observer,
    ) -> Result<Replay<'a>, Unusable> {
        let account = Arc::new(Mutex::new(AccountState::new(header.account.clone())));
        let zone = zone(&header.account.timezone).map_err(Unusable::Remote)?;
        let mut seats = Vec::new();
        let settings = prepare_settings(header, plugin.as_ref()).await?;
        for (described, prepared) in header.integrations.iter().zip(settings) {
            let about = plugin.description();
            let mut connections = BTreeMap::new();
            for need in &about.connections {
                let remote = remote.connect(&described.name, need).map_err(Unusable::Remote)?;
                let connection = Connection {
                    base: Mutex::new(remote.base),
                    host_patterns: need.host_patterns.clone(),
                    auth: need.auth.clone(),
                    key: remote.key,
                    egress: remote.egress,
                };
                connections.insert(need.name.clone(), connection);
            }
            let integration = Integration {
                name: described.name.clone(),
                clock: clock.clone(),
                account: account.clone(),
                connections,
                storage: Mutex::default(),
                timers: Mutex::default(),
                settings: Mutex::new(Arc::new(prepared)),
                endpoints: Endpoints {
                    base: format!("https://hooks.uis.example/{}", described.name),
                    callbacks: about
                        .callbacks
                        .iter()
                        .map(|callback| (callback.name.clone(), callback.secret_parameter.is_none()))
                        .collect(),
                    secret: header.account.client_id.clone().into(),
                },
                limits: limits.clone(),
            };
            seats.push(Seat { integration: Arc::new(integration), inbox: Inbox::new(State::Inactive) });
        }
        Ok(Replay { plugin, remote, clock, account, zone, seats, observer, report: Report::default() })
    }

    /// Runs the lines, then lets the clock run on for at most `settle`. `progress` is told the bytes read so far.
    pub async fn run<R: BufRead>(
        mut self,
        header: &Header,
        mut lines: Lines<R>,
        settle: Duration,
        mut progress: impl FnMut(u64),
    ) -> (Report, Value) {
        if let Some(begins) = lines.begins() {
            self.clock.advance_to(begins.timestamp_millis());
        }
        if header.active {
            for seat in 0..self.seats.len() {
                self.switch_on(seat, 1);
            }
        }
        while let Some(line) = lines.next() {
            match line {
                Ok(line) => {
                    self.advance(line.at.timestamp_millis()).await;
                    self.happen(line).await;
                }
                Err((number, error)) => self.unreadable(number, error),
            }
            progress(lines.bytes());
        }
        self.settle(settle).await;
        let uis = lock(&self.account).to_json();
        (self.report, uis)
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The time as the report writes it: RFC 3339 in the account's zone.
    fn shown(&self, at: i64) -> String {
        instant(at).with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    fn unreadable(&mut self, line: u64, error: String) {
        self.report.failed(line, ProblemKind::Unreadable, error.clone());
        self.note(line, format!("line {line} cannot be read: {error}"));
    }

    fn note(&mut self, line: u64, text: String) {
        let at = instant(self.now()).with_timezone(&self.zone);
        self.observer.note(at, line, &text);
    }

    /// Seats that a line is about.
    fn seats_of(&mut self, line: &Line) -> Vec<usize> {
        let Some(name) = &line.integration else { return (0..self.seats.len()).collect() };
        let found: Vec<usize> = (0..self.seats.len()).filter(|seat| self.seats[*seat].integration.name == *name).collect();
        if found.is_empty() {
            self.unreadable(line.number, format!("there is no integration {name:?} in the header"));
        }
        found
    }

    /// Takes in one line.
    async fn happen(&mut self, line: Line) {
        let seats = self.seats_of(&line);
        let number = line.number;
        let received = self.now();
        match line.happening {
            Happening::Notification { mnemonic, content } => {
                let params = match &content {
                    Content::Body(body) => Params::from_body(body, self.zone, received),
                    Content::Query(query) => Ok(Params::from_query(query, self.zone, received)),
                };
                match params.and_then(|params| notification::event(&mnemonic, &params)) {
                    Ok(event) => self.deliver(&seats, number, &mnemonic, event).await,
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
                self.call_back(&seats, number, "order-webhook", "order-webhook", &parameters, event).await;
            }
            Happening::Callback { name, method, parameters } => {
                let event =
                    |parameters| Event::Callback(Callback { name: name.clone(), at: received, method: method.to_owned(), parameters });
                self.call_back(&seats, number, "callback", &name, &parameters, event).await;
            }
            Happening::Crm(act) => {
                for seat in seats {
                    let name = self.seats[seat].integration.name.clone();
                    match self.remote.clone().act(&name, &act).await {
                        Ok(text) => self.note(number, text),
                        Err(error) => self.unreadable(number, format!("crm: {error}")),
                    }
                }
            }
            Happening::CrmFaults(faults) => {
                for seat in seats {
                    match self.remote.misbehave(&self.seats[seat].integration.name, &faults) {
                        Ok(()) => self.note(number, format!("the CRM misbehaves from now on: {faults}")),
                        Err(error) => self.unreadable(number, format!("crm-faults: {error}")),
                    }
                }
            }
            Happening::Report(rows) => {
                let learnt = lock(&self.account).report.learn(&rows, self.zone, received);
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
            Happening::Action(name) => self.deliver(&seats, number, "action", Event::Action(name)).await,
            Happening::Deactivate => {
                for seat in seats {
                    self.enqueue(seat, number, "deactivate", Event::Deactivate);
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
    fn switch_on(&mut self, seat: usize, line: u64) {
        let pending = self.pending(seat, line, "activate", Event::Activate);
        let now = self.now();
        self.seats[seat].inbox.activate(pending, now);
    }

    fn pending(&mut self, seat: usize, line: u64, what: &str, event: Event) -> Pending {
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

    fn enqueue(&mut self, seat: usize, line: u64, what: &str, event: Event) {
        let key = event.ordering_key();
        let pending = self.pending(seat, line, what, event);
        let now = self.now();
        self.seats[seat].inbox.push(key, pending, now);
    }

    /// Hands an event to integrations: at once, or through the inbox.
    async fn deliver(&mut self, seats: &[usize], line: u64, what: &str, event: Event) {
        for &seat in seats {
            match event.class() {
                Class::Kept if self.seats[seat].inbox.state == State::Inactive => {
                    self.note(line, format!("{what} is not delivered: the integration is off"))
                }
                Class::Kept => self.enqueue(seat, line, what, event.clone()),
                Class::Live => {
                    let pending = self.pending(seat, line, what, event.clone());
                    self.deliver_live(seat, pending).await;
                }
            }
        }
        self.advance(self.now()).await;
    }

    async fn deliver_live(&mut self, seat: usize, pending: Pending) {
        // What waits because of an activation under way gets its chance first.
        self.advance(self.now()).await;
        match self.seats[seat].inbox.state {
            State::Active => {}
            State::Inactive => return self.note(pending.line, format!("{} is not delivered: the integration is off", pending.what)),
            State::Activating | State::Paused => {
                let why = format!("{} dropped: the integration is not ready, and a live event does not wait", pending.what);
                self.report.problem(pending.line, ProblemKind::Stale, why.clone());
                return self.note(pending.line, why);
            }
        }
        if self.now() - pending.received > STALE_MS {
            let why = format!("{} dropped: it waited longer than {STALE_MS} ms", pending.what);
            self.report.problem(pending.line, ProblemKind::Stale, why);
            return;
        }
        let key = pending.event.ordering_key();
        let run = self.run_handler(seat, &pending, key).await;
        let outcome = match run.result {
            Ok(Ok(reply)) => {
                self.report.accepted(&pending);
                self.carry_out(seat, &pending, reply)
            }
            Ok(Err(failure)) => {
                if let Event::IncomingCall(event) = &pending.event {
                    // For UIS a failure is "not found": the scenario goes on.
                    self.answer(event.call.session_id, &[], Value::Null);
                }
                self.live_failure(&pending, failure)
            }
            Err(fault) => {
                self.report.fault(pending.line, &pending.title(), &fault);
                Outcome::Fault(fault)
            }
        };
        self.show(seat, &pending, run.scope.trace, outcome, run.fuel);
    }

    fn live_failure(&mut self, pending: &Pending, failure: Failure) -> Outcome {
        let (line, what) = (pending.line, &pending.title());
        match &failure {
            Failure::Retry(later) => {
                self.report.problem(line, ProblemKind::Stale, format!("{what} dropped, as live events are not retried: {}", later.reason))
            }
            other => self.report.failure(line, what, other),
        }
        Outcome::Failed(failure, None)
    }

    /// Runs a handler in a fresh instance.
    async fn run_handler(&mut self, seat: usize, pending: &Pending, ordering_key: String) -> Run {
        let integration = self.seats[seat].integration.clone();
        let limits = &integration.limits;
        let wall = if pending.event.class() == Class::Live { limits.wall_live } else { limits.wall_kept };
        let scope = EventScope::new(integration.clone(), pending.line, Instant::now() + wall);
        let delivery = Delivery { id: pending.id.clone(), attempt: pending.attempt, received_at: pending.received, ordering_key };
        let run = self.plugin.clone().handle(scope, delivery, pending.event.clone()).await;
        for step in &run.scope.trace {
            if let Step::Request { answer: Answer::Error { message, .. }, .. } = step
                && let Some(divergence) = message.strip_prefix(strict::MARK)
                // Further attempts diverge in the same way, which says nothing new.
                && pending.attempt == 1
            {
                self.report.failed(pending.line, ProblemKind::Divergence, divergence.to_owned());
            }
        }
        run
    }

    /// Does what a handler's answer asks of UIS.
    fn carry_out(&mut self, seat: usize, pending: &Pending, reply: Reply) -> Outcome {
        let mut told = Vec::new();
        match &reply {
            Reply::Done(outcome) => told.extend(outcome.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone()))),
            Reply::Answer(answer) => {
                told.extend(answer.skipped.iter().map(|skipped| (skipped.what.clone(), skipped.why.clone())));
                if let Event::IncomingCall(event) = &pending.event {
                    let (forward_to, card, withheld) = self.checked_answer(seat, answer);
                    told.extend(withheld);
                    self.answer(event.call.session_id, &forward_to, card);
                }
            }
            Reply::Dial(Some(order)) => self.dial(order),
            Reply::Dial(None) => {}
        }
        for (what, why) in told.into_iter().take(SKIPPED) {
            self.report.problem(pending.line, ProblemKind::Skipped, format!("{what}: {why}"));
        }
        Outcome::Accepted(reply)
    }

    /// What of an answer reaches UIS: numbers that are numbers, links to the connection's own host.
    fn checked_answer(&self, seat: usize, answer: &CallAnswer) -> (Vec<String>, Value, Vec<(String, String)>) {
        let mut withheld = Vec::new();
        let mut forward_to = Vec::new();
        for number in &answer.forward_to {
            let usable = !number.is_empty() && number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_digit());
            if usable && forward_to.len() < FORWARD_TO {
                forward_to.push(number.clone());
            } else {
                withheld
                    .push(("number to forward to".into(), format!("{number:?} is not 1 to 32 digits, or beyond the first {FORWARD_TO}")));
            }
        }
        let Some(card) = &answer.card else { return (forward_to, Value::Null, withheld) };
        let connection = self.seats[seat].integration.connections.get(&card.connection);
        let mut own = |what: &str, link: &str| {
            let checked = connection
                .ok_or_else(|| format!("there is no connection {:?}", card.connection))
                .and_then(|connection| connection.own_link(link));
            checked.map_err(|why| withheld.push((what.to_owned(), why))).ok()
        };
        let url = card.url.as_ref().and_then(|link| own("link to the customer", link));
        let orders: Vec<Value> = card
            .orders
            .iter()
            .take(CARD_ORDERS)
            .filter_map(|order| Some(json!({"url": own("link to an order", &order.url)?, "name": order.name, "status": order.status})))
            .collect();
        (forward_to, json!({"name": card.name, "url": url, "orders": orders}), withheld)
    }

    fn answer(&mut self, session: i64, forward_to: &[String], card: Value) {
        let at = self.shown(self.now());
        lock(&self.account).answers.push(json!({"at": at, "call_session_id": session, "forward_to": forward_to, "card": card}));
    }

    fn dial(&mut self, order: &DialOrder) {
        let at = self.shown(self.now());
        lock(&self.account).dial(&at, order);
    }

    /// What is due first, no later than `until`.
    fn next_due(&self, until: i64) -> Option<(i64, Due)> {
        let mut first: Option<(i64, u64, Due)> = None;
        let mut offer = |at: i64, order: u64, due: Due| {
            if at <= until && first.as_ref().is_none_or(|(known, known_order, _)| (at, order) < (*known, *known_order)) {
                first = Some((at, order, due));
            }
        };
        for (seat, found) in self.seats.iter().enumerate() {
            if let Some((at, order, key)) = found.inbox.next() {
                offer(at, order, Due::Event { seat, key });
            }
            if found.inbox.state == State::Active
                && let Some(next) = lock(&found.integration.timers).next()
            {
                offer(next.timer.at, u64::MAX, Due::Timer { seat, name: next.timer.name.clone() });
            }
        }
        first.map(|(at, _, due)| (at, due))
    }

    /// Runs everything that is due up to a time, each at its own.
    async fn advance(&mut self, until: i64) {
        while let Some((at, due)) = self.next_due(until) {
            self.clock.advance_to(at);
            self.run_due(due).await;
        }
        self.clock.advance_to(until);
    }

    async fn run_due(&mut self, due: Due) {
        match due {
            Due::Event { seat, key } => self.run_pending(seat, key).await,
            Due::Timer { seat, name } => {
                let now = self.now();
                let Some(taken) = lock(&self.seats[seat].integration.timers).take(&name, now) else { return };
                let event = Event::TimerDue(TimerDue { name, due: taken.timer.at, payload: taken.timer.payload });
                let pending = self.pending(seat, taken.line, "timer", event);
                self.seats[seat].inbox.push(taken.timer.ordering_key, pending, now);
            }
        }
    }

    /// Delivers the first event of a lane.
    async fn run_pending(&mut self, seat: usize, key: String) {
        let Some(mut pending) = self.seats[seat].inbox.take(&key) else { return };
        let run = self.run_handler(seat, &pending, key.clone()).await;
        let now = self.now();
        let outcome = match run.result {
            Ok(Ok(reply)) => {
                self.report.accepted(&pending);
                self.accepted(seat, &pending, now);
                let outcome = self.carry_out(seat, &pending, reply);
                self.seats[seat].inbox.done(&key, now);
                outcome
            }
            Ok(Err(Failure::Retry(later))) => {
                let delay = later.after_ms.map_or_else(|| inbox::delay_ms(pending.attempt), i64::from);
                self.report.retried += 1;
                let shown = pending.clone();
                pending.attempt += 1;
                pending.reason = Some(later.reason.clone());
                self.seats[seat].inbox.put_back(&key, pending, now + delay);
                self.show(seat, &shown, run.scope.trace, Outcome::Failed(Failure::Retry(later), Some(delay)), run.fuel);
                return;
            }
            Ok(Err(failure @ Failure::Unauthorized(_))) => {
                // Every event would fail so: they wait until the owner has done something.
                self.report.failure(pending.line, &pending.title(), &failure);
                let shown = pending.clone();
                pending.reported = true;
                self.seats[seat].inbox.pause(&key, pending);
                self.show(seat, &shown, run.scope.trace, Outcome::Failed(failure, None), run.fuel);
                return;
            }
            Ok(Err(failure)) => {
                self.report.failure(pending.line, &pending.title(), &failure);
                self.seats[seat].inbox.done(&key, now);
                Outcome::Failed(failure, None)
            }
            Err(fault) => {
                self.report.fault(pending.line, &pending.title(), &fault);
                self.seats[seat].inbox.done(&key, now);
                Outcome::Fault(fault)
            }
        };
        self.show(seat, &pending, run.scope.trace, outcome, run.fuel);
    }

    /// What follows for the integration from an event of its own life.
    fn accepted(&mut self, seat: usize, pending: &Pending, now: i64) {
        match pending.event {
            Event::Activate => self.seats[seat].inbox.resume(now),
            Event::Deactivate => {
                lock(&self.seats[seat].integration.timers).clear();
                self.seats[seat].inbox.state = State::Inactive;
            }
            _ => {}
        }
    }

    fn show(&mut self, seat: usize, pending: &Pending, trace: Vec<Step>, outcome: Outcome, fuel: Option<u64>) {
        let entry = Entry {
            at: instant(self.now()).with_timezone(&self.zone),
            line: pending.line,
            integration: &self.seats[seat].integration.name,
            alone: self.seats.len() == 1,
            what: &pending.what,
            event: &pending.event,
            attempt: pending.attempt,
            trace,
            outcome,
            fuel,
        };
        self.observer.entry(entry);
    }

    /// Lets the clock run on until nothing waits, no timer is left but repeating ones, and those of them that are due within
    /// [`TURN_MS`] had a turn after the last line, or `settle` is over.
    async fn settle(&mut self, settle: Duration) {
        let until = self.now().saturating_add(i64::try_from(settle.as_millis()).unwrap_or(i64::MAX));
        let soon = self.now() + TURN_MS;
        let mut turns: Vec<_> = self.repeating().into_iter().filter(|(_, _, at)| *at <= soon).map(|(seat, name, _)| (seat, name)).collect();
        loop {
            let one_shot = self.seats.iter().any(|seat| {
                seat.inbox.state == State::Active && lock(&seat.integration.timers).all().any(|set| set.timer.every_ms.is_none())
            });
            let waiting = self.seats.iter().any(|seat| seat.inbox.next().is_some());
            if !one_shot && !waiting && turns.is_empty() {
                break;
            }
            let Some((at, due)) = self.next_due(until) else { break };
            self.clock.advance_to(at);
            if let Due::Timer { seat, name } = &due {
                turns.retain(|turn| turn != &(*seat, name.clone()));
            }
            self.run_due(due).await;
            // A repeating timer that is gone has no turn to wait for.
            let left = self.repeating();
            turns.retain(|turn| left.iter().any(|(seat, name, _)| (*seat, name) == (turn.0, &turn.1)));
        }
        for seat in 0..self.seats.len() {
            for (pending, kind, why) in self.seats[seat].inbox.drain() {
                let waited = chrono::Duration::milliseconds(self.now() - pending.received).num_minutes();
                let message = format!("{}: still not done after {waited} min: {why}", pending.title());
                match kind {
                    ProblemKind::Skipped => self.report.problem(pending.line, kind, message),
                    _ => self.report.failed(pending.line, kind, message),
                }
            }
        }
    }

    /// Repeating timers of integrations that are on, and when each is due next.
    fn repeating(&self) -> Vec<(usize, String, i64)> {
        let active = self.seats.iter().enumerate().filter(|(_, seat)| seat.inbox.state == State::Active);
        let all = active.flat_map(|(index, seat)| {
            let timers = lock(&seat.integration.timers);
            let set: Vec<_> =
                timers.all().filter(|set| set.timer.every_ms.is_some()).map(|set| (index, set.timer.name.clone(), set.timer.at)).collect();
            set
        });
        all.collect()
    }
}

/// Prepares the settings of every integration of a header, or says what is wrong with them.
pub async fn prepare_settings(header: &Header, plugin: &dyn Plugin) -> Result<Vec<Vec<u8>>, Unusable> {
    let mut all = Vec::new();
    for described in &header.integrations {
        let prepared = plugin.prepare(&described.settings.to_string(), None).await?;
        all.push(prepared.map_err(|problems| {
            let told = problems.iter().map(|problem| match problem.setting.as_str() {
                "" => format!("settings: {}", problem.message),
                setting => format!("settings.{setting}: {}", problem.message),
            });
            Unusable::Settings(told.collect::<Vec<_>>().join("; "))
        })?);
    }
    Ok(all)
}

/// A virtual clock that stands where a recording begins.
pub fn clock_for<R: BufRead>(lines: &mut Lines<R>) -> Arc<VirtualClock> {
    Arc::new(VirtualClock::at(lines.begins().unwrap_or(chrono::DateTime::<Utc>::UNIX_EPOCH)))
}
