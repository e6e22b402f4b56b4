//! One function per function that the contract exports, in the contract's order. Each calls the room that does the work.

use crate::base::outcome::{Handled, done};
use crate::base::timers::TimerName;
use crate::bindings::exports::uis::integration::orders::OrderWebhook;
use crate::bindings::exports::uis::integration::schedule::TimerDue;
use crate::bindings::exports::uis::integration::setup::{
    AssetFile, Callback, ChoicePage, ConnectionReport, Delivery, Description, Failure, Identity, Misconfiguration, NormalConnection,
    PreparedSettings, TemplateParameter,
};
use crate::bindings::uis::integration::call_events::{
    Call, CallAnswer, CallAnswered, CallFinished, ClickToCall, DialOrder, IncomingCall, LegRinging, OutgoingCall, RecordingReady,
    TagsChanged, TalkFinished,
};
use crate::bindings::uis::integration::chat_events::{ChatAccepted, ChatFinished, ChatMessage, ChatStarted, ChatUnanswered};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::types::CommunicationKind;
use crate::context::Context;
use crate::crm_state::{outage, switch};
use crate::platform::{Phones, Platform};
use crate::setup::{activation, callbacks, check, choices, describe, erase, templates};
use crate::telephony::{click_to_call, closing, contact, filter, history, incoming, popups, reconcile, story, tags};
use crate::texts::{self, chats, site_requests};
use crate::{deals, settings, workplace};

// setup

/// `setup.describe`.
pub fn describe() -> Description {
    describe::describe()
}

/// `setup.settings-schema`.
pub fn settings_schema() -> String {
    settings::schema::text()
}

/// `setup.prepare`.
pub fn prepare(phones: &dyn Phones, json: &str, from_version: Option<&str>) -> Result<PreparedSettings, Vec<Misconfiguration>> {
    let settings::Prepared { bytes, notes } = settings::prepare(phones, json, from_version)?;
    Ok(PreparedSettings { bytes, notes })
}

/// `setup.template-parameters`.
pub fn template_parameters(setting: &str) -> Vec<TemplateParameter> {
    templates::parameters(setting)
}

/// `setup.preview-template`.
pub fn preview_template(setting: &str, template: &str) -> Result<String, Misconfiguration> {
    templates::preview(setting, template)
}

/// `setup.erase`.
pub fn erase(platform: &dyn Platform, _: &Delivery, who: &Identity) -> Handled {
    erase::erase(platform, who)
}

/// `setup.choices`.
pub fn choices(platform: &dyn Platform, setting: &str, page: Option<&str>) -> Result<ChoicePage, Failure> {
    let context = &Context::new(platform);
    choices::choices(context, setting, page)
}

/// `setup.normalise-connection`.
pub fn normalise_connection(pasted: &str) -> Result<NormalConnection, String> {
    describe::normalise_connection(pasted)
}

/// `setup.check-connection`.
pub fn check_connection(platform: &dyn Platform) -> Result<ConnectionReport, Failure> {
    check::check_connection(platform)
}

/// `setup.on-activate`.
pub fn on_activate(platform: &dyn Platform, delivery: &Delivery) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || activation::on_activate(context, delivery.received_at))
}

/// `setup.on-deactivate`.
pub fn on_deactivate(platform: &dyn Platform, delivery: &Delivery) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || activation::on_deactivate(context))
}

/// `setup.run-action`.
pub fn run_action(platform: &dyn Platform, delivery: &Delivery, name: &str) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || {
        if name == describe::SYNC_EMPLOYEES {
            // A refresh registers the module as active, but it was switched off in RetailCRM on purpose.
            if switch::switched_off(platform)? {
                return Err(Failure::Rejected("the integration is switched off in RetailCRM: switch it on there first".into()));
            }
            return activation::refresh(context);
        }
        if name == deals::loading::ACTION {
            return deals::loading::on_action(context);
        }
        Err(Failure::Rejected(format!("there is no action {name:?}")))
    })
}

/// `setup.on-callback`.
pub fn on_callback(platform: &dyn Platform, delivery: &Delivery, event: &Callback) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || callbacks::on_callback(context, event))
}

/// `setup.asset`.
pub fn asset(platform: &dyn Platform, path: &str) -> Option<AssetFile> {
    describe::logo(path).or_else(|| workplace::asset(platform, path))
}

// calls

/// `calls.on-incoming-call`.
pub fn on_incoming_call(platform: &dyn Platform, _: &Delivery, event: &IncomingCall) -> Result<CallAnswer, Failure> {
    let context = &Context::new(platform);
    if !filter::ours(context, &event.call)? {
        return Ok(CallAnswer { card: None, forward_to: Vec::new(), skipped: Vec::new() });
    }
    let answer = incoming::answer(context, event);
    // After the answer: a call's other events may not contain what this one does.
    story::remember_incoming(context, &event.call);
    answer
}

/// `calls.on-leg-ringing`.
pub fn on_leg_ringing(platform: &dyn Platform, delivery: &Delivery, event: &LegRinging) -> Handled {
    let context = &Context::new(platform);
    begun(context, &event.call, || popups::on_leg_ringing(context, delivery, event))
}

/// `calls.on-outgoing-call`.
pub fn on_outgoing_call(platform: &dyn Platform, delivery: &Delivery, event: &OutgoingCall) -> Handled {
    let context = &Context::new(platform);
    begun(context, &event.call, || popups::on_outgoing_call(context, delivery, event))
}

/// A call begins, or another phone of it rings: the pop-up comes first.
fn begun(context: &Context<'_>, call: &Call, show: impl FnOnce() -> Handled) -> Handled {
    let shown = filter::if_ours(context, call, || {
        let shown = show();
        contact::on_call_begun(context, call.session_id);
        shown
    });
    outage::of_live(context.platform, shown)
}

/// `calls.on-call-answered`.
pub fn on_call_answered(platform: &dyn Platform, delivery: &Delivery, event: &CallAnswered) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || {
        filter::if_ours(context, &event.call, || {
            popups::on_call_answered(context, event)?;
            contact::on_call_answered(context, event)
        })
    })
}

/// `calls.on-talk-finished`.
pub fn on_talk_finished(platform: &dyn Platform, _: &Delivery, event: &TalkFinished) -> Handled {
    let context = &Context::new(platform);
    outage::of_live(platform, filter::if_ours(context, &event.call, || popups::on_talk_finished(context, event)))
}

/// `calls.on-call-finished`.
pub fn on_call_finished(platform: &dyn Platform, delivery: &Delivery, event: &CallFinished) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || filter::if_ours(context, &event.call, || history::on_call_finished(context, delivery, event)))
}

/// `calls.on-recording-ready`.
pub fn on_recording_ready(platform: &dyn Platform, delivery: &Delivery, event: &RecordingReady) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || filter::if_ours(context, &event.call, || history::on_recording_ready(context, delivery, event)))
}

/// `calls.on-tags-changed`.
pub fn on_tags_changed(platform: &dyn Platform, delivery: &Delivery, event: &TagsChanged) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || match event.communication {
        CommunicationKind::Call => tags::on_tags_changed(context, event),
        CommunicationKind::Chat => chats::on_tags_changed(context, delivery, event),
        CommunicationKind::SiteRequest | CommunicationKind::Goal | CommunicationKind::Email => {
            nothing_to_do(platform, "tags of a communication for which they change nothing")
        }
    })
}

/// `calls.on-click-to-call`.
pub fn on_click_to_call(platform: &dyn Platform, _: &Delivery, event: &ClickToCall) -> Result<Option<DialOrder>, Failure> {
    let context = &Context::new(platform);
    if switch::switched_off(platform)? {
        return Err(Failure::Rejected("the integration is switched off in RetailCRM".into()));
    }
    if !context.settings()?.telephony {
        return Err(Failure::Rejected("the section «Телефония» of the integration's settings is switched off".into()));
    }
    click_to_call::dial(context, event)
}

// chats

/// `chats.on-chat-started`.
pub fn on_chat_started(platform: &dyn Platform, delivery: &Delivery, event: &ChatStarted) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || chats::on_chat_started(context, event))
}

/// `chats.on-chat-accepted`.
pub fn on_chat_accepted(platform: &dyn Platform, delivery: &Delivery, event: &ChatAccepted) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || chats::on_chat_accepted(context, event))
}

/// `chats.on-chat-message`.
pub fn on_chat_message(platform: &dyn Platform, delivery: &Delivery, event: &ChatMessage) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || chats::on_chat_message(context, delivery, event))
}

/// `chats.on-chat-unanswered`.
pub fn on_chat_unanswered(platform: &dyn Platform, delivery: &Delivery, event: &ChatUnanswered) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || chats::on_chat_unanswered(context, event))
}

/// `chats.on-chat-finished`.
pub fn on_chat_finished(platform: &dyn Platform, delivery: &Delivery, event: &ChatFinished) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || chats::on_chat_finished(context, delivery, event))
}

// site-requests

/// `site-requests.on-site-request`.
pub fn on_site_request(platform: &dyn Platform, delivery: &Delivery, event: &SiteRequest) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || site_requests::on_site_request(context, delivery, event))
}

// orders

/// `orders.on-order-webhook`.
pub fn on_order_webhook(platform: &dyn Platform, delivery: &Delivery, event: &OrderWebhook) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || deals::hints::on_order_webhook(context, event))
}

// schedule

/// `schedule.on-schedule`.
pub fn on_schedule(platform: &dyn Platform, delivery: &Delivery, event: &TimerDue) -> Handled {
    let context = &Context::new(platform);
    kept(platform, delivery, || {
        // Unfinished work is resumed when RetailCRM switches the module on again; events missed until then are found in UIS's report.
        if switch::switched_off(platform)? {
            return nothing_to_do(platform, &event.name);
        }
        match TimerName::parse(&event.name) {
            Some(TimerName::ReconcileCalls) => reconcile::on_timer(context),
            Some(TimerName::ReconcileTexts) => texts::reconcile::on_timer(context),
            Some(TimerName::Outage) => outage::on_timer(platform),
            Some(TimerName::SwitchOn) => callbacks::on_switching_on(context, &event.payload),
            Some(TimerName::Refresh) => activation::refresh(context),
            Some(TimerName::Deals) => deals::sync::on_timer(context),
            Some(TimerName::DealsSoon) => deals::sync::on_soon(context),
            Some(TimerName::StoreCall(session)) => history::on_timer(context, delivery, session),
            Some(TimerName::ClosePopups(session)) => closing::on_close_timer(context, session),
            Some(TimerName::Chat(chat)) => chats::on_timer(context, delivery, chat),
            Some(TimerName::SiteRequest(request)) => texts::reconcile::on_request_timer(context, delivery, request, &event.payload),
            None => Err(Failure::Rejected(format!("unknown timer {:?}: this version does not set it", event.name))),
        }
    })
}

/// Runs the handler of a kept event, which the host retries after a temporary failure.
fn kept(platform: &dyn Platform, delivery: &Delivery, handle: impl FnOnce() -> Handled) -> Handled {
    outage::watch(platform, &delivery.id, delivery.attempt, handle())
}

fn nothing_to_do(platform: &dyn Platform, what: &str) -> Handled {
    platform.log(Level::Debug, "nothing to do", &[("event", what)]);
    done()
}
