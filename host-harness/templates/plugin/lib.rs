//! A plugin: it counts the calls of each caller, and says on the card of the next incoming call how many there were.
#![cfg(target_arch = "wasm32")]

wit_bindgen::generate!({ path: "wit", world: "plugin", generate_unused_types: true });

use exports::uis::integration::{calls, chats, orders, schedule, setup, site_requests};
use uis::integration::{call_events::*, chat_events::*, log, site_request_events::SiteRequest, storage, types::*};

struct Plugin;
export!(Plugin);

/// How long a caller is remembered after their last call, in milliseconds: 90 days.
const REMEMBERED_MS: u64 = 90 * 24 * 3_600_000;

/// Nothing was left out.
fn done() -> Result<Outcome, Failure> {
    Ok(Outcome { skipped: Vec::new() })
}

/// The storage key of a caller's count.
fn key(phone: &str) -> String {
    format!("calls/{phone}")
}

/// How many calls of a phone have ended, and the version of the stored count; `None` if nothing is stored.
fn calls_of(phone: &str) -> (u32, Option<storage::Version>) {
    let Some(entry) = storage::get(&key(phone)) else { return (0, None) };
    let count = std::str::from_utf8(&entry.value).ok().and_then(|text| text.parse().ok());
    (count.unwrap_or(0), Some(entry.version))
}

/// Handlers of events that this plugin has no use for.
macro_rules! nothing_to_do {
    ($($name:ident($event:ty));*) => {$(
        fn $name(_: Delivery, _: $event) -> Result<Outcome, Failure> {
            done()
        }
    )*};
}

impl calls::Guest for Plugin {
    /// A live event: the caller waits, so the handler only reads.
    fn on_incoming_call(_: Delivery, incoming: IncomingCall) -> Result<CallAnswer, Failure> {
        let card = incoming.call.contact.map(|phone| CallerCard {
            // The name of a connection that `describe` lists. It is needed only for links.
            connection: String::new(),
            name: Some(format!("{}, earlier calls: {}", phone.digits, calls_of(&phone.digits).0)),
            url: None,
            orders: Vec::new(),
        });
        Ok(CallAnswer { card, forward_to: Vec::new(), skipped: Vec::new() })
    }

    /// A kept event: the host delivers it until it is done. It may come again after it was done; then this plugin counts it twice. A plugin
    /// for which that matters stores the call's id too.
    fn on_call_finished(_: Delivery, finished: CallFinished) -> Result<Outcome, Failure> {
        let Some(phone) = finished.call.contact else { return done() };
        let (count, version) = calls_of(&phone.digits);
        let value = (count + 1).to_string().into_bytes();
        match storage::swap(&key(&phone.digits), version, &value, Some(REMEMBERED_MS)) {
            Ok(_) => {
                log::write(log::Level::Info, "a call was counted", &[("phone".into(), phone.digits)]);
                done()
            }
            // Another handler was faster. The event comes again.
            Err(storage::StorageError::Conflict) => {
                Err(Failure::Retry(RetryLater { after_ms: None, reason: "the count changed meanwhile".into() }))
            }
            Err(storage::StorageError::TooLarge(why) | storage::StorageError::Full(why)) => Err(Failure::Rejected(why)),
        }
    }

    fn on_click_to_call(_: Delivery, _: ClickToCall) -> Result<Option<DialOrder>, Failure> {
        Ok(None)
    }

    nothing_to_do!(on_leg_ringing(LegRinging); on_outgoing_call(OutgoingCall); on_call_answered(CallAnswered);
        on_talk_finished(TalkFinished); on_recording_ready(RecordingReady); on_tags_changed(TagsChanged));
}

impl chats::Guest for Plugin {
    nothing_to_do!(on_chat_started(ChatStarted); on_chat_accepted(ChatAccepted); on_chat_message(ChatMessage);
        on_chat_unanswered(ChatUnanswered); on_chat_finished(ChatFinished));
}

impl site_requests::Guest for Plugin {
    nothing_to_do!(on_site_request(SiteRequest));
}

impl orders::Guest for Plugin {
    nothing_to_do!(on_order_webhook(orders::OrderWebhook));
}

impl schedule::Guest for Plugin {
    nothing_to_do!(on_schedule(schedule::TimerDue));
}

impl setup::Guest for Plugin {
    fn describe() -> setup::Description {
        setup::Description {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            connections: Vec::new(),
            callbacks: Vec::new(),
            actions: Vec::new(),
        }
    }

    fn settings_schema() -> String {
        "{}".into()
    }

    /// Validates the settings and gives them a form that handlers read quickly (`settings::prepared`). This plugin has none.
    fn prepare(settings: String, _: Option<String>) -> Result<setup::PreparedSettings, Vec<Misconfiguration>> {
        Ok(setup::PreparedSettings { bytes: settings.into_bytes(), notes: Vec::new() })
    }

    fn template_parameters(_: String) -> Vec<setup::TemplateParameter> {
        Vec::new()
    }

    fn preview_template(setting: String, _: String) -> Result<String, Misconfiguration> {
        Err(Misconfiguration { setting, message: "it is not a template".into() })
    }

    fn choices(setting: String, _: Option<String>) -> Result<setup::ChoicePage, Failure> {
        Err(Failure::Rejected(format!("{setting} has no choices")))
    }

    fn normalise_connection(pasted: String) -> Result<setup::NormalConnection, String> {
        Err(format!("{pasted}: this plugin has no connections"))
    }

    fn check_connection() -> Result<setup::ConnectionReport, Failure> {
        Ok(setup::ConnectionReport { usable: true, findings: Vec::new() })
    }

    fn on_activate(_: Delivery) -> Result<Outcome, Failure> {
        done()
    }

    fn on_deactivate(_: Delivery) -> Result<Outcome, Failure> {
        done()
    }

    fn run_action(_: Delivery, name: String) -> Result<Outcome, Failure> {
        Err(Failure::Rejected(format!("there is no action {name}")))
    }

    /// A person's data shall be erased.
    fn erase(_: Delivery, who: setup::Identity) -> Result<Outcome, Failure> {
        for phone in who.phones {
            if let (_, Some(version)) = calls_of(&phone) {
                let deleted = storage::delete(&key(&phone), version);
                deleted.map_err(|_| Failure::Retry(RetryLater { after_ms: None, reason: "the count changed meanwhile".into() }))?;
            }
        }
        done()
    }

    fn asset(_: String) -> Option<setup::AssetFile> {
        None
    }

    nothing_to_do!(on_callback(setup::Callback));
}
