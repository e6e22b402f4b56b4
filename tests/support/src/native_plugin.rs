//! Runs the plugin's logic natively, not as a component. Its port `Platform` is implemented by the same host services that a component
//! calls. The plugin and the host have generated types of their own for the same contract, so values are converted through JSON.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use uis_harness::faults::Crashing;
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, TemplateParameter,
};
use uis_host::bindings::uis::integration as host;
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration};
use uis_host::event::Fault;
use uis_host::event::{Event, Handled, Reply};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
use uis_host::services::EventScope;
use uis_retailcrm::bindings::uis::integration as guest;
use uis_retailcrm::handlers;
use uis_retailcrm::platform::{self, Platform};

/// Converts a value to the same type of the other side.
fn same<A: Serialize, B: DeserializeOwned>(value: A) -> B {
    serde_json::from_value(serde_json::to_value(value).expect("JSON")).expect("the same contract")
}

/// The plugin's port, implemented by the host's services.
struct Services {
    scope: RefCell<EventScope>,
    runtime: tokio::runtime::Handle,
    /// How far the plugin's clock is ahead, in milliseconds.
    ahead: Cell<i64>,
    /// How much further it is ahead after each request.
    jump: i64,
}

/// The payload of the panic that ends a handler because the host's store failed, or the host is said to have crashed.
struct Stopped(String);

/// The answer of a service. An error ends the handler at once, as it does in a component.
fn answer<T>(answered: Result<T, impl std::fmt::Display>) -> T {
    answered.unwrap_or_else(|error| std::panic::resume_unwind(Box::new(Stopped(error.to_string()))))
}

/// Calls a service that is not async. Called natively, none of them traps.
macro_rules! service {
    ($self:ident, $interface:ident . $function:ident ( $($argument:expr),* )) => {
        same(host::$interface::Host::$function(&mut *$self.scope.borrow_mut(), $($argument),*).expect("no trap"))
    };
}

/// The reader of phones without an event, for preparing settings.
pub struct Numbers;

fn country(code: &str) -> uis_phones::Country {
    code.parse().unwrap_or(uis_phones::Country::NONE)
}

fn phone(read: uis_phones::Phone) -> guest::phones::Phone {
    guest::phones::Phone { number: read.number, extension: read.extension }
}

impl platform::Phones for Numbers {
    fn phone_of_system(&self, text: &str) -> Option<guest::phones::Phone> {
        uis_phones::of_system(text).map(phone)
    }
    fn phones_typed(&self, text: &str, code: &str) -> Vec<guest::phones::Phone> {
        uis_phones::typed(text, country(code)).into_iter().map(phone).collect()
    }
    fn phones_in_text(&self, text: &str, code: &str) -> Vec<guest::phones::Phone> {
        uis_phones::in_text(text, country(code)).into_iter().map(|(_, found)| phone(found)).collect()
    }
    fn national_digits(&self, number: &str) -> String {
        uis_phones::national(number)
    }
}

/// Calls an async service and waits for it. The answer is the host's.
macro_rules! waiting_for {
    ($self:ident, $interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let mut scope = $self.scope.borrow_mut();
        let answered = $self.runtime.block_on(host::$interface::Host::$function(&mut *scope, $($argument),*));
        // Before the panic: the scope is used afterwards.
        drop(scope);
        answer(answered)
    }};
}

/// The same, with the answer as the plugin knows it.
macro_rules! waiting {
    ($($call:tt)*) => { same(waiting_for!($($call)*)) };
}

// Bytes are passed on as they are: as JSON they would be lists of numbers, and take most of a replay's time.

fn response(of: host::connections::Response) -> guest::connections::Response {
    let host::connections::Response { status, content_type, retry_after, body } = of;
    guest::connections::Response { status, content_type, retry_after, body }
}

fn entry(of: host::storage::Entry) -> guest::storage::Entry {
    guest::storage::Entry { value: of.value, version: of.version }
}

impl platform::Connections for Services {
    fn send(
        &self,
        requests: Vec<guest::connections::Request>,
        deadline_ms: u32,
    ) -> Vec<Result<guest::connections::Response, guest::connections::SendError>> {
        let answers = waiting_for!(self, connections.send(same(requests), deadline_ms));
        self.ahead.set(self.ahead.get() + self.jump);
        answers.into_iter().map(|answer| answer.map(response).map_err(same)).collect()
    }
    fn propose_base_url(&self, connection: &str, base_url: &str) -> Result<(), String> {
        waiting!(self, connections.propose_base_url(connection.to_owned(), base_url.to_owned()))
    }
}

impl platform::PreparedSettings for Services {
    fn prepared_settings(&self) -> Vec<u8> {
        answer(host::settings::Host::prepared(&mut *self.scope.borrow_mut()))
    }
    fn integration_name(&self) -> String {
        service!(self, settings.integration_name())
    }
}

impl platform::Storage for Services {
    fn get(&self, key: &str) -> Option<guest::storage::Entry> {
        waiting_for!(self, storage.get(key.to_owned())).map(entry)
    }
    fn swap(&self, key: &str, expected: Option<u64>, value: &[u8], ttl_ms: Option<u64>) -> Result<u64, guest::storage::StorageError> {
        waiting!(self, storage.swap(key.to_owned(), expected, value.to_vec(), ttl_ms))
    }
    fn delete(&self, key: &str, expected: u64) -> Result<(), guest::storage::StorageError> {
        waiting!(self, storage.delete(key.to_owned(), expected))
    }
    fn scan(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> guest::storage::ItemPage {
        let page = waiting_for!(self, storage.scan(prefix.to_owned(), cursor.map(str::to_owned), limit));
        let item = |item: host::storage::Item| guest::storage::Item { key: item.key, entry: entry(item.entry) };
        guest::storage::ItemPage { items: page.items.into_iter().map(item).collect(), next: page.next }
    }
}

impl platform::Timers for Services {
    fn set_timer(&self, timer: &guest::timers::Timer) -> Result<(), String> {
        waiting!(self, timers.set(same(timer)))
    }
    fn cancel_timer(&self, name: &str) {
        waiting!(self, timers.cancel(name.to_owned()))
    }
}

impl platform::Clock for Services {
    fn now(&self) -> i64 {
        let now: i64 = service!(self, clock.now());
        now + self.ahead.get()
    }
    fn time_left(&self) -> u32 {
        service!(self, clock.time_left())
    }
    fn to_local(&self, at: i64, zone: &str) -> Result<guest::clock::LocalTime, String> {
        service!(self, clock.to_local(at, zone.to_owned()))
    }
    fn instant_of(&self, local: &guest::clock::LocalTime, zone: &str) -> Result<i64, String> {
        service!(self, clock.from_local(same(local), zone.to_owned()))
    }
}

impl platform::Phones for Services {
    fn phone_of_system(&self, text: &str) -> Option<guest::phones::Phone> {
        service!(self, phones.of_system(text.to_owned()))
    }
    fn phones_typed(&self, text: &str, country: &str) -> Vec<guest::phones::Phone> {
        service!(self, phones.typed(text.to_owned(), country.to_owned()))
    }
    fn phones_in_text(&self, text: &str, country: &str) -> Vec<guest::phones::Phone> {
        service!(self, phones.in_text(text.to_owned(), country.to_owned()))
    }
    fn national_digits(&self, number: &str) -> String {
        service!(self, phones.national(number.to_owned()))
    }
}

impl platform::Directory for Services {
    fn account(&self) -> guest::directory::Account {
        waiting!(self, directory.get_account())
    }
    fn employees(&self, offset: u32) -> Result<Vec<guest::directory::Employee>, guest::directory::DirectoryError> {
        waiting!(self, directory.employees(offset))
    }
    fn find_employee(&self, id: i64) -> Result<Option<guest::directory::Employee>, guest::directory::DirectoryError> {
        waiting!(self, directory.find_employee(id))
    }
    fn create_employee(&self, fields: &guest::directory::EmployeeFields) -> Result<i64, guest::directory::DirectoryError> {
        waiting!(self, directory.create_employee(same(fields)))
    }
    fn update_employee(&self, id: i64, fields: &guest::directory::EmployeeFields) -> Result<(), guest::directory::DirectoryError> {
        waiting!(self, directory.update_employee(id, same(fields)))
    }
    fn lines(&self, offset: u32) -> Result<Vec<guest::directory::Line>, guest::directory::DirectoryError> {
        waiting!(self, directory.lines(offset))
    }
    fn chat_channels(&self, offset: u32) -> Result<Vec<guest::directory::ChatChannel>, guest::directory::DirectoryError> {
        waiting!(self, directory.chat_channels(offset))
    }
    fn virtual_numbers(&self, offset: u32) -> Result<Vec<guest::directory::VirtualNumber>, guest::directory::DirectoryError> {
        waiting!(self, directory.virtual_numbers(offset))
    }
    fn sites(&self, offset: u32) -> Result<Vec<guest::directory::Site>, guest::directory::DirectoryError> {
        waiting!(self, directory.sites(offset))
    }
    fn tags(&self, offset: u32) -> Result<Vec<guest::directory::DirectoryTag>, guest::directory::DirectoryError> {
        waiting!(self, directory.tags(offset))
    }
    fn scenarios(&self, offset: u32) -> Result<Vec<guest::directory::Scenario>, guest::directory::DirectoryError> {
        waiting!(self, directory.scenarios(offset))
    }
    fn campaigns(&self, offset: u32) -> Result<Vec<guest::directory::Campaign>, guest::directory::DirectoryError> {
        waiting!(self, directory.campaigns(offset))
    }
    fn sources(&self, offset: u32) -> Result<Vec<guest::directory::Source>, guest::directory::DirectoryError> {
        waiting!(self, directory.sources(offset))
    }
}

impl platform::Communications for Services {
    fn deliver_call(&self, call: guest::communications::ReportedCall, at: i64) -> Result<(), String> {
        waiting!(self, communications.deliver_call(same(call), at))
    }
    fn deliver_chat(&self, chat: guest::communications::ReportedChat, at: i64) -> Result<(), String> {
        waiting!(self, communications.deliver_chat(same(chat), at))
    }
    fn deliver_site_request(&self, request: guest::communications::ReportedSiteRequest, at: i64) -> Result<(), String> {
        waiting!(self, communications.deliver_site_request(same(request), at))
    }
    fn finished_calls(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<guest::communications::CallPage, guest::communications::ReportError> {
        waiting!(self, communications.finished_calls(since, cursor.map(str::to_owned), limit))
    }
    fn finished_chats(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<guest::communications::ChatPage, guest::communications::ReportError> {
        waiting!(self, communications.finished_chats(since, cursor.map(str::to_owned), limit))
    }
    fn received_site_requests(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<guest::communications::SiteRequestPage, guest::communications::ReportError> {
        waiting!(self, communications.received_site_requests(since, cursor.map(str::to_owned), limit))
    }
    fn transcript(
        &self,
        chat: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<guest::communications::TranscriptPage, guest::communications::ReportError> {
        waiting!(self, communications.transcript(chat, cursor.map(str::to_owned), limit))
    }
}

impl platform::Deals for Services {
    fn create_funnel(&self, funnel: &guest::deals::Funnel) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.create_funnel(same(funnel)))
    }
    fn update_funnel(&self, funnel: &guest::deals::Funnel) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.update_funnel(same(funnel)))
    }
    fn put_deal_employees(&self, employees: &[guest::deals::DealEmployee]) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.put_employees(same(employees)))
    }
    fn put_deal_contacts(&self, contacts: &[guest::deals::DealContact]) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.put_contacts(same(contacts)))
    }
    fn put_deal_fields(&self, fields: &[guest::deals::UserField]) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.put_user_fields(same(fields)))
    }
    fn upload_deals(&self, deals: &[guest::deals::Deal]) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.upload_history(same(deals)))
    }
    fn delete_deal(&self, ext_id: &str) -> Result<(), guest::deals::DealsError> {
        waiting!(self, deals.delete_deal(ext_id.to_owned()))
    }
}

impl platform::Rules for Services {
    fn decided(&self) -> guest::rules::Points {
        let points = host::rules::Host::decided(&mut *self.scope.borrow_mut()).expect("no trap");
        let mut same = guest::rules::Points::empty();
        for (known, point) in [
            (host::rules::Points::RESPONSIBLE, guest::rules::Points::RESPONSIBLE),
            (host::rules::Points::DRAFT, guest::rules::Points::DRAFT),
            (host::rules::Points::ROUTING, guest::rules::Points::ROUTING),
            (host::rules::Points::DEAL, guest::rules::Points::DEAL),
        ] {
            if points & known == known {
                same = same | point;
            }
        }
        same
    }
    fn decide_responsible(&self, about: &guest::decision::Appeal, proposed: Option<&str>) -> Option<String> {
        let mut scope = self.scope.borrow_mut();
        self.runtime.block_on(host::rules::Host::responsible(&mut *scope, same(about), proposed.map(str::to_owned)))
    }
    fn review_draft(&self, about: &guest::decision::Appeal, draft: &guest::decision::Draft) -> guest::decision::Verdict {
        let mut scope = self.scope.borrow_mut();
        same(self.runtime.block_on(host::rules::Host::review_draft(&mut *scope, same(about), same(draft))))
    }
    fn route(&self, about: &guest::decision::Appeal, proposed: &guest::decision::Routing) -> guest::decision::Routing {
        let mut scope = self.scope.borrow_mut();
        same(self.runtime.block_on(host::rules::Host::route(&mut *scope, same(about), same(proposed))))
    }
    fn review_deal(&self, deal: &guest::decision::DealDraft) -> Option<guest::decision::DealDraft> {
        let mut scope = self.scope.borrow_mut();
        same(self.runtime.block_on(host::rules::Host::review_deal(&mut *scope, same(deal))))
    }
}

impl platform::Endpoints for Services {
    fn endpoint(&self, callback: &str) -> Option<String> {
        service!(self, endpoints.url(callback.to_owned()))
    }
    fn secret_placeholder(&self) -> String {
        service!(self, endpoints.secret_placeholder())
    }
}

impl platform::Log for Services {
    fn log(&self, level: guest::log::Level, message: &str, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        service!(self, log.write(same(level), message.to_owned(), fields))
    }
    fn decision(&self, subject: &str, decided_by: &str, verdict: guest::log::Verdict, why: &str) {
        service!(self, log.decision(subject.to_owned(), decided_by.to_owned(), same(verdict), why.to_owned()))
    }
}

/// The plugin, run natively.
pub struct NativePlugin {
    description: Description,
    /// After each request the plugin's clock says that the request has arrived or never will.
    impatient: bool,
    /// Events are handled on the thread that hands them over.
    in_place: bool,
}

/// How far the clock of an impatient plugin is ahead: more than any request may still be on its way.
const IMPATIENCE_MS: i64 = 10 * 60_000;

impl Default for NativePlugin {
    fn default() -> Self {
        NativePlugin::new()
    }
}

impl NativePlugin {
    /// The plugin.
    pub fn new() -> NativePlugin {
        NativePlugin { description: same(handlers::describe()), impatient: false, in_place: false }
    }

    /// The plugin on a host that crashes: `after` has, for each attempt, the number of writes after which the host crashes; 0: not in this
    /// attempt. When the list is used up, the host crashes no more.
    pub fn crashing(after: impl IntoIterator<Item = u32>) -> Crashing {
        Crashing::new(Arc::new(NativePlugin::new()), after)
    }

    /// The plugin for measuring: an event is handled on the thread that hands it over, as a component does it, not on a thread for blocking
    /// work. Needs a runtime with several threads, and hands over one event at a time.
    pub fn in_place() -> NativePlugin {
        NativePlugin { in_place: true, ..NativePlugin::new() }
    }

    /// The plugin without its wait for open intents: whether a request that got no answer was carried out is looked up at once. It shows that
    /// tests notice a missing wait.
    pub fn impatient() -> NativePlugin {
        NativePlugin { impatient: true, ..NativePlugin::new() }
    }
}

fn done(result: Result<guest::types::Outcome, guest::types::Failure>) -> Handled {
    result.map(|outcome| Reply::Done(same(outcome))).map_err(|failure| -> Failure { same(failure) })
}

fn call(platform: &dyn Platform, delivery: &guest::types::Delivery, event: Event) -> Handled {
    match event {
        Event::IncomingCall(event) => {
            handlers::on_incoming_call(platform, delivery, &same(event)).map(|answer| Reply::Answer(same(answer))).map_err(same)
        }
        Event::LegRinging(event) => done(handlers::on_leg_ringing(platform, delivery, &same(event))),
        Event::OutgoingCall(event) => done(handlers::on_outgoing_call(platform, delivery, &same(event))),
        Event::CallAnswered(event) => done(handlers::on_call_answered(platform, delivery, &same(event))),
        Event::TalkFinished(event) => done(handlers::on_talk_finished(platform, delivery, &same(event))),
        Event::CallFinished(event) => done(handlers::on_call_finished(platform, delivery, &same(event))),
        Event::RecordingReady(event) => done(handlers::on_recording_ready(platform, delivery, &same(event))),
        Event::TagsChanged(event) => done(handlers::on_tags_changed(platform, delivery, &same(event))),
        Event::ClickToCall(event) => {
            handlers::on_click_to_call(platform, delivery, &same(event)).map(|order| Reply::Dial(same(order))).map_err(same)
        }
        Event::ChatStarted(event) => done(handlers::on_chat_started(platform, delivery, &same(event))),
        Event::ChatAccepted(event) => done(handlers::on_chat_accepted(platform, delivery, &same(event))),
        Event::ChatMessage(event) => done(handlers::on_chat_message(platform, delivery, &same(event))),
        Event::ChatUnanswered(event) => done(handlers::on_chat_unanswered(platform, delivery, &same(event))),
        Event::ChatFinished(event) => done(handlers::on_chat_finished(platform, delivery, &same(event))),
        Event::SiteRequest(event) => done(handlers::on_site_request(platform, delivery, &same(event))),
        Event::OrderWebhook(event) => done(handlers::on_order_webhook(platform, delivery, &same(event))),
        Event::TimerDue(event) => done(handlers::on_schedule(platform, delivery, &same(event))),
        Event::Callback(event) => done(handlers::on_callback(platform, delivery, &same(event))),
        Event::Activate => done(handlers::on_activate(platform, delivery)),
        Event::Deactivate => done(handlers::on_deactivate(platform, delivery)),
        Event::Erase(who) => done(handlers::erase(platform, delivery, &same(who))),
        Event::Action(name) => done(handlers::run_action(platform, delivery, &name)),
    }
}

impl Plugin for NativePlugin {
    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        std::future::ready(Ok(handlers::prepare(&Numbers, settings, from_version).map(same).map_err(same))).boxed()
    }

    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        std::future::ready(Ok(handlers::settings_schema())).boxed()
    }

    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        std::future::ready(Ok(same(handlers::template_parameters(setting)))).boxed()
    }

    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        std::future::ready(Ok(handlers::preview_template(setting, template).map_err(same))).boxed()
    }

    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        let (setting, page) = (setting.to_owned(), page.map(str::to_owned));
        question(scope, move |platform| same(handlers::choices(platform, &setting, page.as_deref())))
    }

    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        question(scope, |platform| same(handlers::check_connection(platform)))
    }

    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        std::future::ready(Ok(handlers::normalise_connection(pasted).map(same))).boxed()
    }

    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        let path = path.to_owned();
        question(scope, move |platform| same(Ok::<_, guest::types::Failure>(handlers::asset(platform, &path))))
            .map(|asked| asked.map(|file| file.expect("a file is no failure")))
            .boxed()
    }

    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        let runtime = tokio::runtime::Handle::current();
        let jump = if self.impatient { IMPATIENCE_MS } else { 0 };
        if self.in_place {
            return async move { tokio::task::block_in_place(|| handle_until(runtime, scope, delivery, event, jump)) }.boxed();
        }
        async move {
            // The logic is synchronous and blocks while it waits for responses, so it needs a thread of its own. A component has a fiber.
            let work = move || handle_until(runtime, scope, delivery, event, jump);
            tokio::time::timeout(Duration::from_secs(60), tokio::task::spawn_blocking(work)).await.expect("in time").expect("no panic")
        }
        .boxed()
    }
}

/// Runs a function of the settings page, such as `choices`, on a thread of its own.
fn question<T: Send + 'static>(
    scope: EventScope,
    ask: impl FnOnce(&dyn Platform) -> Result<T, Failure> + Send + 'static,
) -> BoxFuture<'static, SetupResult<T>> {
    let runtime = tokio::runtime::Handle::current();
    async move {
        let work = move || ask(&Services { scope: RefCell::new(scope), runtime, ahead: Cell::new(0), jump: 0 });
        Ok(tokio::task::spawn_blocking(work).await.expect("no panic"))
    }
    .boxed()
}

/// Handles an event on the current thread. If the handler sends requests, this must not be a thread of the async runtime.
pub fn handle_here(runtime: tokio::runtime::Handle, scope: EventScope, delivery: Delivery, event: Event) -> Run {
    handle_until(runtime, scope, delivery, event, 0)
}

fn handle_until(runtime: tokio::runtime::Handle, scope: EventScope, delivery: Delivery, event: Event, jump: i64) -> Run {
    // Far enough that no time which an earlier attempt wrote down is still to come.
    let ahead = i64::from(delivery.attempt.saturating_sub(1)) * 100 * jump;
    let services = Services { scope: RefCell::new(scope), runtime, ahead: Cell::new(ahead), jump };
    let handled = catch_unwind(AssertUnwindSafe(|| call(&services, &same(delivery), event)));
    let result = match handled {
        Ok(handled) => Ok(handled),
        Err(panic) => match panic.downcast::<Stopped>() {
            Ok(stopped) => Err(Fault::Host(stopped.0)),
            Err(panic) => Err(Fault::Trap(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".into()))),
        },
    };
    Run { scope: services.scope.into_inner(), result, fuel: None, memory_bytes: None }
}
