//! The smallest plugin: it sends nothing to any remote system, accepts every event and writes a log line for it. Its actions misbehave on
//! purpose, to show what a host does with a plugin that traps or passes a limit.
#![cfg(target_arch = "wasm32")]

wit_bindgen::generate!({ path: "wit", world: "plugin", generate_unused_types: true });
use exports::uis::integration::{calls, chats, orders, schedule, setup, site_requests};
use uis::integration::{call_events::*, chat_events::*, log, site_request_events::SiteRequest, types::*};

struct Echo;
export!(Echo);

/// Handlers that accept their event.
macro_rules! accept {
    ($($name:ident($event:ty));*) => {$(
        fn $name(delivery: Delivery, _: $event) -> Result<Outcome, Failure> {
            log::write(log::Level::Info, stringify!($name), &[("delivery".into(), delivery.id)]);
            Ok(Outcome { skipped: Vec::new() })
        }
    )*};
}

impl calls::Guest for Echo {
    accept!(on_leg_ringing(LegRinging); on_outgoing_call(OutgoingCall); on_call_answered(CallAnswered); on_talk_finished(TalkFinished);
            on_call_finished(CallFinished); on_recording_ready(RecordingReady); on_tags_changed(TagsChanged));
    fn on_incoming_call(_: Delivery, _: IncomingCall) -> Result<CallAnswer, Failure> {
        Ok(CallAnswer { card: None, forward_to: Vec::new(), skipped: Vec::new() })
    }
    fn on_click_to_call(_: Delivery, _: ClickToCall) -> Result<Option<DialOrder>, Failure> {
        Ok(None)
    }
}
impl chats::Guest for Echo {
    accept!(on_chat_started(ChatStarted); on_chat_accepted(ChatAccepted); on_chat_message(ChatMessage);
            on_chat_unanswered(ChatUnanswered); on_chat_finished(ChatFinished));
}
impl site_requests::Guest for Echo {
    accept!(on_site_request(SiteRequest));
}
impl orders::Guest for Echo {
    accept!(on_order_webhook(orders::OrderWebhook));
}
impl schedule::Guest for Echo {
    accept!(on_schedule(schedule::TimerDue));
}
impl setup::Guest for Echo {
    accept!(on_callback(setup::Callback); erase(setup::Identity));
    fn describe() -> setup::Description {
        let (connections, callbacks, actions) = (Vec::new(), Vec::new(), Vec::new());
        setup::Description { name: "echo".into(), version: env!("CARGO_PKG_VERSION").into(), connections, callbacks, actions }
    }
    fn settings_schema() -> String {
        "{}".into()
    }
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
        Err(format!("{pasted}: there is nothing to connect to"))
    }
    fn check_connection() -> Result<setup::ConnectionReport, Failure> {
        Ok(setup::ConnectionReport { usable: true, findings: Vec::new() })
    }
    fn on_activate(_: Delivery) -> Result<Outcome, Failure> {
        Ok(Outcome { skipped: Vec::new() })
    }
    fn on_deactivate(_: Delivery) -> Result<Outcome, Failure> {
        Ok(Outcome { skipped: Vec::new() })
    }
    fn run_action(_: Delivery, name: String) -> Result<Outcome, Failure> {
        match name.as_str() {
            "panic" => panic!("as asked"),
            "spin" => loop {
                std::hint::black_box(());
            },
            "hoard" => Err(Failure::Rejected(format!("{}", std::hint::black_box(vec![1u8; 1 << 30]).len()))),
            "recurse" => Err(Failure::Rejected(deeper(0).to_string())),
            _ => Err(Failure::Rejected(format!("there is no action {name}"))),
        }
    }
    fn asset(_: String) -> Option<setup::AssetFile> {
        None
    }
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    std::hint::black_box(if depth == u64::MAX { depth } else { deeper(depth + 1) + 1 })
}
