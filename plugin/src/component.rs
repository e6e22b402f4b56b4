//! The adapter between the contract and the port: the only file that knows about the component. It is compiled for wasm32 only, because a
//! native library cannot export the contract's names.

use crate::bindings::exports::uis::integration::{calls, chats, orders, schedule, setup, site_requests};
use crate::bindings::uis::integration as imports;
use crate::bindings::uis::integration::{call_events, chat_events, site_request_events};
use crate::handlers;
use crate::platform;

/// The host, reached through the component's imports.
struct Imports;

impl platform::Connections for Imports {
    fn send(
        &self,
        requests: Vec<imports::connections::Request>,
        deadline_ms: u32,
    ) -> Vec<Result<imports::connections::Response, imports::connections::SendError>> {
        imports::connections::send(&requests, deadline_ms)
    }
    fn propose_base_url(&self, connection: &str, base_url: &str) -> Result<(), String> {
        imports::connections::propose_base_url(connection, base_url)
    }
}

impl platform::PreparedSettings for Imports {
    fn prepared_settings(&self) -> Vec<u8> {
        imports::settings::prepared()
    }
}

impl platform::Storage for Imports {
    fn get(&self, key: &str) -> Option<imports::storage::Entry> {
        imports::storage::get(key)
    }
    fn swap(&self, key: &str, expected: Option<u64>, value: &[u8], ttl_ms: Option<u64>) -> Result<u64, imports::storage::StorageError> {
        imports::storage::swap(key, expected, value, ttl_ms)
    }
    fn delete(&self, key: &str, expected: u64) -> Result<(), imports::storage::StorageError> {
        imports::storage::delete(key, expected)
    }
    fn scan(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> imports::storage::ItemPage {
        imports::storage::scan(prefix, cursor, limit)
    }
}

impl platform::Timers for Imports {
    fn set_timer(&self, timer: &imports::timers::Timer) -> Result<(), String> {
        imports::timers::set(timer)
    }
    fn cancel_timer(&self, name: &str) {
        imports::timers::cancel(name);
    }
}

impl platform::Clock for Imports {
    fn now(&self) -> i64 {
        imports::clock::now()
    }
    fn to_local(&self, at: i64, zone: &str) -> Result<imports::clock::LocalTime, String> {
        imports::clock::to_local(at, zone)
    }
    fn instant_of(&self, local: &imports::clock::LocalTime, zone: &str) -> Result<i64, String> {
        imports::clock::from_local(*local, zone)
    }
}

impl platform::Phones for Imports {
    fn phone_of_system(&self, text: &str) -> Option<imports::phones::Phone> {
        imports::phones::of_system(text)
    }
    fn phones_typed(&self, text: &str, country: &str) -> Vec<imports::phones::Phone> {
        imports::phones::typed(text, country)
    }
    fn phones_in_text(&self, text: &str, country: &str) -> Vec<imports::phones::Phone> {
        imports::phones::in_text(text, country)
    }
    fn national_digits(&self, number: &str) -> String {
        imports::phones::national(number)
    }
}

impl platform::Directory for Imports {
    fn account(&self) -> imports::directory::Account {
        imports::directory::get_account()
    }
    fn employees(&self, offset: u32) -> Result<Vec<imports::directory::Employee>, imports::directory::DirectoryError> {
        imports::directory::employees(offset)
    }
    fn find_employee(&self, id: i64) -> Result<Option<imports::directory::Employee>, imports::directory::DirectoryError> {
        imports::directory::find_employee(id)
    }
    fn create_employee(&self, fields: &imports::directory::EmployeeFields) -> Result<i64, imports::directory::DirectoryError> {
        imports::directory::create_employee(fields)
    }
    fn update_employee(&self, id: i64, fields: &imports::directory::EmployeeFields) -> Result<(), imports::directory::DirectoryError> {
        imports::directory::update_employee(id, fields)
    }
    fn lines(&self, offset: u32) -> Result<Vec<imports::directory::Line>, imports::directory::DirectoryError> {
        imports::directory::lines(offset)
    }
    fn chat_channels(&self, offset: u32) -> Result<Vec<imports::directory::ChatChannel>, imports::directory::DirectoryError> {
        imports::directory::chat_channels(offset)
    }
    fn virtual_numbers(&self, offset: u32) -> Result<Vec<imports::directory::VirtualNumber>, imports::directory::DirectoryError> {
        imports::directory::virtual_numbers(offset)
    }
    fn sites(&self, offset: u32) -> Result<Vec<imports::directory::Site>, imports::directory::DirectoryError> {
        imports::directory::sites(offset)
    }
    fn tags(&self, offset: u32) -> Result<Vec<imports::directory::DirectoryTag>, imports::directory::DirectoryError> {
        imports::directory::tags(offset)
    }
    fn scenarios(&self, offset: u32) -> Result<Vec<imports::directory::Scenario>, imports::directory::DirectoryError> {
        imports::directory::scenarios(offset)
    }
    fn campaigns(&self, offset: u32) -> Result<Vec<imports::directory::Campaign>, imports::directory::DirectoryError> {
        imports::directory::campaigns(offset)
    }
    fn sources(&self, offset: u32) -> Result<Vec<imports::directory::Source>, imports::directory::DirectoryError> {
        imports::directory::sources(offset)
    }
}

impl platform::Communications for Imports {
    fn finished_calls(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<imports::communications::CallPage, imports::communications::ReportError> {
        imports::communications::finished_calls(since, cursor, limit)
    }
    fn finished_chats(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<imports::communications::ChatPage, imports::communications::ReportError> {
        imports::communications::finished_chats(since, cursor, limit)
    }
    fn received_site_requests(
        &self,
        since: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<imports::communications::SiteRequestPage, imports::communications::ReportError> {
        imports::communications::received_site_requests(since, cursor, limit)
    }
    fn transcript(
        &self,
        chat: i64,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<imports::communications::TranscriptPage, imports::communications::ReportError> {
        imports::communications::transcript(chat, cursor, limit)
    }
}

impl platform::Deals for Imports {
    fn create_funnel(&self, funnel: &imports::deals::Funnel) -> Result<(), imports::deals::DealsError> {
        imports::deals::create_funnel(funnel)
    }
    fn update_funnel(&self, funnel: &imports::deals::Funnel) -> Result<(), imports::deals::DealsError> {
        imports::deals::update_funnel(funnel)
    }
    fn put_deal_employees(&self, employees: &[imports::deals::DealEmployee]) -> Result<(), imports::deals::DealsError> {
        imports::deals::put_employees(employees)
    }
    fn put_deal_contacts(&self, contacts: &[imports::deals::DealContact]) -> Result<(), imports::deals::DealsError> {
        imports::deals::put_contacts(contacts)
    }
    fn put_deal_fields(&self, fields: &[imports::deals::UserField]) -> Result<(), imports::deals::DealsError> {
        imports::deals::put_user_fields(fields)
    }
    fn upload_deals(&self, deals: &[imports::deals::Deal]) -> Result<(), imports::deals::DealsError> {
        imports::deals::upload_history(deals)
    }
    fn delete_deal(&self, ext_id: &str) -> Result<(), imports::deals::DealsError> {
        imports::deals::delete_deal(ext_id)
    }
}

impl platform::Rules for Imports {
    fn decided(&self) -> imports::rules::Points {
        imports::rules::decided()
    }
    fn decide_responsible(&self, about: &imports::decision::Appeal, proposed: Option<&str>) -> Option<String> {
        imports::rules::responsible(about, proposed)
    }
    fn review_draft(&self, about: &imports::decision::Appeal, draft: &imports::decision::Draft) -> imports::decision::Verdict {
        imports::rules::review_draft(about, draft)
    }
    fn route(&self, about: &imports::decision::Appeal, proposed: &imports::decision::Routing) -> imports::decision::Routing {
        imports::rules::route(about, proposed)
    }
    fn review_deal(&self, deal: &imports::decision::DealDraft) -> Option<imports::decision::DealDraft> {
        imports::rules::review_deal(deal)
    }
}

impl platform::Endpoints for Imports {
    fn endpoint(&self, callback: &str) -> Option<String> {
        imports::endpoints::url(callback)
    }
    fn secret_placeholder(&self) -> String {
        imports::endpoints::secret_placeholder()
    }
}

impl platform::Log for Imports {
    fn log(&self, level: imports::log::Level, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        imports::log::write(level, message, &fields);
    }
}

struct Component;

/// Passes an event to the handler of the same name.
macro_rules! forward {
    ($($name:ident($event:ty) -> $answer:ty;)*) => {$(
        fn $name(delivery: Delivery, event: $event) -> Result<$answer, Failure> {
            handlers::$name(&Imports, &delivery, &event)
        }
    )*};
}

impl calls::Guest for Component {
    forward! {
        on_incoming_call(call_events::IncomingCall) -> call_events::CallAnswer;
        on_leg_ringing(call_events::LegRinging) -> Outcome;
        on_outgoing_call(call_events::OutgoingCall) -> Outcome;
        on_call_answered(call_events::CallAnswered) -> Outcome;
        on_talk_finished(call_events::TalkFinished) -> Outcome;
        on_call_finished(call_events::CallFinished) -> Outcome;
        on_recording_ready(call_events::RecordingReady) -> Outcome;
        on_tags_changed(call_events::TagsChanged) -> Outcome;
        on_click_to_call(call_events::ClickToCall) -> Option<call_events::DialOrder>;
    }
}

impl chats::Guest for Component {
    forward! {
        on_chat_started(chat_events::ChatStarted) -> Outcome;
        on_chat_accepted(chat_events::ChatAccepted) -> Outcome;
        on_chat_message(chat_events::ChatMessage) -> Outcome;
        on_chat_unanswered(chat_events::ChatUnanswered) -> Outcome;
        on_chat_finished(chat_events::ChatFinished) -> Outcome;
    }
}

impl site_requests::Guest for Component {
    forward! {
        on_site_request(site_request_events::SiteRequest) -> Outcome;
    }
}

impl orders::Guest for Component {
    forward! {
        on_order_webhook(orders::OrderWebhook) -> Outcome;
    }
}

impl schedule::Guest for Component {
    forward! {
        on_schedule(schedule::TimerDue) -> Outcome;
    }
}

use imports::types::{Delivery, Failure, Outcome};

impl setup::Guest for Component {
    fn describe() -> setup::Description {
        handlers::describe()
    }
    fn settings_schema() -> String {
        handlers::settings_schema()
    }
    fn prepare(settings: String, from_version: Option<String>) -> Result<setup::PreparedSettings, Vec<setup::Misconfiguration>> {
        handlers::prepare(&Imports, &settings, from_version.as_deref())
    }
    fn template_parameters(setting: String) -> Vec<setup::TemplateParameter> {
        handlers::template_parameters(&setting)
    }
    fn preview_template(setting: String, template: String) -> Result<String, setup::Misconfiguration> {
        handlers::preview_template(&setting, &template)
    }
    fn choices(setting: String, page: Option<String>) -> Result<setup::ChoicePage, Failure> {
        handlers::choices(&Imports, &setting, page.as_deref())
    }
    fn normalise_connection(pasted: String) -> Result<setup::NormalConnection, String> {
        handlers::normalise_connection(&pasted)
    }
    fn check_connection() -> Result<setup::ConnectionReport, Failure> {
        handlers::check_connection(&Imports)
    }
    fn on_activate(delivery: Delivery) -> Result<Outcome, Failure> {
        handlers::on_activate(&Imports, &delivery)
    }
    fn on_deactivate(delivery: Delivery) -> Result<Outcome, Failure> {
        handlers::on_deactivate(&Imports, &delivery)
    }
    fn run_action(delivery: Delivery, name: String) -> Result<Outcome, Failure> {
        handlers::run_action(&Imports, &delivery, &name)
    }
    fn on_callback(delivery: Delivery, event: setup::Callback) -> Result<Outcome, Failure> {
        handlers::on_callback(&Imports, &delivery, &event)
    }
    fn asset(path: String) -> Option<setup::AssetFile> {
        handlers::asset(&Imports, &path)
    }
}

crate::bindings::export!(Component with_types_in crate::bindings);
