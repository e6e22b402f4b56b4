//! The service: events in order per customer, retries, timers, and the HTTP addresses.
//!
//! | address | what |
//! |---|---|
//! | `POST /notify/{name}` | a notification of UIS; acknowledged at once, handled afterwards |
//! | `GET /route?cdr_id=…&numa=…&numb=…` | the scenario's routing request; answered with the caller's card |

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uis_retailcrm::bindings::exports::uis::integration::schedule::TimerDue;
use uis_retailcrm::bindings::exports::uis::integration::setup::Delivery;
use uis_retailcrm::bindings::uis::integration::call_events::{CallAnswer, CallFinished, FinishKind};
use uis_retailcrm::bindings::uis::integration::connections::{Request, Response, SendError};
use uis_retailcrm::bindings::uis::integration::timers::Timer;
use uis_retailcrm::bindings::uis::integration::types::Failure;
use uis_retailcrm::handlers;
use url::Url;

use crate::crm::Crm;
use crate::platform::{Handling, Numbers};
use crate::state::State;
use crate::uis::{Account, CallEnd, RouteQuery};

/// How many events are handled side by side. A customer's events are all in one lane.
const LANES: usize = 64;
/// How many events wait in a lane before a notification waits for its acknowledgement.
const LANE_ROOM: usize = 1024;
/// How long the handler of a notification or a timer may take.
const HANDLER_TIME: Duration = Duration::from_secs(60);
/// How often an event is tried before it is given up.
const ATTEMPTS: u32 = 8;
/// The wait after a first failure; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What a service is started with.
pub struct Options {
    /// RetailCRM's address.
    pub crm: Url,
    /// RetailCRM's key.
    pub key: String,
    /// The plugin's settings, as JSON.
    pub settings: String,
    /// The UIS account.
    pub account: Account,
    /// The service's own address.
    pub public_url: String,
}

struct Parts {
    crm: Crm,
    prepared: Vec<u8>,
    account: Account,
    public_url: String,
    state: Mutex<State>,
    lanes: Vec<mpsc::Sender<Job>>,
    runtime: Handle,
    last_id: AtomicU64,
}

/// The running service.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

/// An event that waits in a lane.
struct Job {
    delivery: Delivery,
    event: Event,
}

enum Event {
    Finished(Box<CallFinished>),
    Due(TimerDue),
}

impl Service {
    /// Starts the lanes and switches the integration on. Errors: the settings are wrong, or RetailCRM does not answer.
    pub async fn start(options: Options) -> Result<Service> {
        let prepared = handlers::prepare(&Numbers, &options.settings, None).map_err(|wrong| anyhow!("the settings: {wrong:?}"))?.bytes;
        let (lanes, jobs): (Vec<_>, Vec<_>) = (0..LANES).map(|_| mpsc::channel(LANE_ROOM)).unzip();
        let service = Service(Arc::new(Parts {
            crm: Crm::new(options.crm, &options.key)?,
            prepared,
            account: options.account,
            public_url: options.public_url,
            state: Mutex::default(),
            lanes,
            runtime: Handle::current(),
            last_id: AtomicU64::new(0),
        }));
        for lane in jobs {
            tokio::spawn(service.clone().run_lane(lane));
        }
        let delivery = service.delivery("setup".to_owned());
        let activated = service.clone().blocking(HANDLER_TIME, move |handling| handlers::on_activate(&handling, &delivery)).await?;
        activated.map_err(|failure| anyhow!("the integration cannot be switched on: {failure:?}"))?;
        Ok(service)
    }

    /// The HTTP addresses.
    pub fn router(&self) -> Router {
        Router::new().route("/notify/{name}", post(notify)).route("/route", get(route)).with_state(self.clone())
    }

    /// The UIS account.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// The settings as the plugin prepared them.
    pub fn prepared(&self) -> &[u8] {
        &self.0.prepared
    }

    /// The service's own address, without a slash at the end.
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// What is remembered.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends requests to RetailCRM and waits for the answers, on a thread that may block.
    pub fn send(&self, requests: Vec<Request>, deadline: Duration) -> Vec<Result<Response, SendError>> {
        self.0.runtime.block_on(self.0.crm.send(requests, deadline))
    }

    /// Sets a timer; it replaces the one with its name.
    pub fn set_timer(&self, timer: Timer) {
        let (service, name) = (self.clone(), timer.name.clone());
        // The task waits for this lock before it forgets the timer, so that it cannot forget it before it is kept.
        let mut state = self.state();
        let task = self.0.runtime.spawn(service.run_timer(timer));
        state.set_timer(&name, task.abort_handle());
    }

    async fn run_timer(self, timer: Timer) {
        let mut due = timer.at;
        loop {
            let wait = u64::try_from(due - Utc::now().timestamp_millis()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            if timer.every_ms.is_none() {
                self.state().forget_timer(&timer.name, tokio::task::id());
            }
            let event = TimerDue { name: timer.name.clone(), due, payload: timer.payload.clone() };
            self.enqueue(timer.ordering_key.clone(), Event::Due(event)).await;
            let Some(every) = timer.every_ms else { return };
            due = Utc::now().timestamp_millis().saturating_add_unsigned(every);
        }
    }

    fn delivery(&self, ordering_key: String) -> Delivery {
        let id = self.0.last_id.fetch_add(1, Ordering::Relaxed);
        Delivery { id: format!("event-{id}"), attempt: 1, received_at: Utc::now().timestamp_millis(), ordering_key }
    }

    /// Puts an event into its lane. A lane ends only with the process.
    async fn enqueue(&self, ordering_key: String, event: Event) {
        let mut hasher = DefaultHasher::new();
        ordering_key.hash(&mut hasher);
        let lane = &self.0.lanes[(hasher.finish() % LANES as u64) as usize];
        let job = Job { delivery: self.delivery(ordering_key), event };
        if lane.send(job).await.is_err() {
            eprintln!("an event is lost: its lane has ended");
        }
    }

    async fn run_lane(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            self.handle(job).await;
        }
    }

    /// Handles an event, again after a temporary failure.
    async fn handle(&self, job: Job) {
        let job = Arc::new(job);
        let mut wait = FIRST_WAIT;
        for attempt in 1..=ATTEMPTS {
            let attempted = job.clone();
            let handled = self.clone().blocking(HANDLER_TIME, move |handling| {
                let delivery = Delivery { attempt, ..attempted.delivery.clone() };
                match &attempted.event {
                    Event::Finished(event) => handlers::on_call_finished(&handling, &delivery, event),
                    Event::Due(event) => handlers::on_schedule(&handling, &delivery, event),
                }
            });
            match handled.await {
                Ok(Ok(_)) => return,
                Ok(Err(Failure::Retry(later))) => {
                    let least = Duration::from_millis(later.after_ms.unwrap_or(0).into());
                    tokio::time::sleep(wait.max(least)).await;
                    wait *= 2;
                }
                Ok(Err(failure)) => return eprintln!("{} failed: {failure:?}", job.delivery.id),
                Err(panicked) => return eprintln!("{} failed: {panicked}", job.delivery.id),
            }
        }
        eprintln!("{} was tried {ATTEMPTS} times", job.delivery.id);
    }

    /// Runs the plugin's logic, which blocks while it waits for RetailCRM, on a thread of its own.
    async fn blocking<T: Send + 'static>(self, time: Duration, work: impl FnOnce(Handling) -> T + Send + 'static) -> Result<T> {
        let until = Instant::now() + time;
        tokio::task::spawn_blocking(move || work(Handling { service: self, until })).await.context("the handler panicked")
    }

    /// The answer to the scenario, in UIS's form; the card's links lead into RetailCRM.
    fn written(&self, answer: CallAnswer) -> Value {
        let mut body = json!({});
        if !answer.forward_to.is_empty() {
            body["phones"] = answer.forward_to.into();
        }
        if let Some(card) = answer.card {
            let link = |path: &str| self.0.crm.link(path);
            let orders =
                card.orders.iter().filter_map(|order| Some(json!({"url": link(&order.url)?, "name": order.name, "status": order.status})));
            body["card"] = json!({"name": card.name, "url": card.url.as_deref().and_then(link), "orders": orders.collect::<Vec<_>>()});
        }
        body
    }
}

async fn notify(Shared(service): Shared<Service>, Path(name): Path<String>, Json(body): Json<CallEnd>) -> StatusCode {
    let kind = match name.as_str() {
        "call_session_finished" => FinishKind::Finished,
        "lost_call_session" => FinishKind::Lost,
        _ => return StatusCode::NOT_FOUND,
    };
    let key = body.ordering_key();
    let event = body.event(kind, service.0.account.timezone, Utc::now().timestamp_millis());
    service.enqueue(key, Event::Finished(Box::new(event))).await;
    StatusCode::OK
}

async fn route(Shared(service): Shared<Service>, Query(query): Query<RouteQuery>) -> Json<Value> {
    let event = query.event(Utc::now().timestamp_millis());
    let delivery = service.delivery(format!("call:{}", event.call.session_id));
    let time = Duration::from_millis(event.deadline_ms.into());
    let answered = service.clone().blocking(time, move |handling| handlers::on_incoming_call(&handling, &delivery, &event)).await;
    // Without an answer the scenario goes on.
    Json(match answered {
        Ok(Ok(answer)) => service.written(answer),
        failed => {
            eprintln!("an incoming call was not answered: {failed:?}");
            json!({})
        }
    })
}
