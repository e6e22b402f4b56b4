//! A plugin that attacks its host, for `uis-host conformance`. The name of the action chooses the attack. If the attack does not end the handler,
//! the handler returns the host's answer as the reason of its failure, so that the report shows which limit stopped the attack.
#![cfg(target_arch = "wasm32")]

mod attacks;
mod traitor;

wit_bindgen::generate!({ path: "../../wit", world: "plugin", generate_unused_types: true });
use exports::uis::integration::{calls, chats, orders, schedule, setup, site_requests};
use uis::integration::{call_events::*, chat_events::*, site_request_events::SiteRequest, types::*};

struct Hostile;
export!(Hostile);

/// Defines handlers that accept their event.
macro_rules! accept {
    ($($name:ident($event:ty));*) => {$(
        fn $name(_: Delivery, _: $event) -> Result<Outcome, Failure> {
            Ok(Outcome { skipped: Vec::new() })
        }
    )*};
}

impl calls::Guest for Hostile {
    accept!(on_outgoing_call(OutgoingCall); on_call_answered(CallAnswered); on_talk_finished(TalkFinished); on_call_finished(CallFinished);
            on_recording_ready(RecordingReady); on_tags_changed(TagsChanged));
    /// The only live event that attacks: the handler waits in calls of the host for ever.
    fn on_leg_ringing(_: Delivery, _: LegRinging) -> Result<Outcome, Failure> {
        attacks::wait_for_ever()
    }
    fn on_incoming_call(_: Delivery, _: IncomingCall) -> Result<CallAnswer, Failure> {
        Ok(attacks::forged_answer())
    }
    fn on_click_to_call(_: Delivery, _: ClickToCall) -> Result<Option<DialOrder>, Failure> {
        Ok(None)
    }
}
impl chats::Guest for Hostile {
    accept!(on_chat_started(ChatStarted); on_chat_accepted(ChatAccepted); on_chat_message(ChatMessage);
            on_chat_unanswered(ChatUnanswered); on_chat_finished(ChatFinished));
}
impl site_requests::Guest for Hostile {
    accept!(on_site_request(SiteRequest));
}
impl orders::Guest for Hostile {
    accept!(on_order_webhook(orders::OrderWebhook));
}
impl schedule::Guest for Hostile {
    accept!(on_schedule(schedule::TimerDue));
}
impl setup::Guest for Hostile {
    accept!(on_callback(setup::Callback); erase(setup::Identity));
    fn describe() -> setup::Description {
        let connection = setup::ConnectionNeed {
            name: attacks::CONNECTION.into(),
            host_patterns: vec!["*.crm.example".into()],
            auth: setup::AuthStyle::Header("x-key".into()),
            rate_classes: Vec::new(),
        };
        setup::Description {
            name: "hostile".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            connections: vec![connection],
            callbacks: Vec::new(),
            actions: Vec::new(),
        }
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
        Err(pasted)
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
        attacks::run(&name)
    }
    fn asset(_: String) -> Option<setup::AssetFile> {
        None
    }
}
