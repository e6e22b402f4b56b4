//! Every recording is sent through the gateway over HTTP, line after line, with RetailCRM's simulator on a socket and the clock turned by the
//! test. Afterwards RetailCRM and UIS contain the same as after a replay of the recording.

pub mod all;
mod compare;
pub mod driver;
pub mod leak;
pub mod outcomes;
pub mod strict;

use std::sync::Arc;

use serde_json::Value;
use uis_test_support::native_plugin::NativePlugin;

use self::driver::Sent;
use self::outcomes::{Outcome, assert_same, on_each, outcomes};

/// Recordings that cannot be sent so, each with the reason.
const NOT_SENT: [(&str, &str); 0] = [];

/// Recordings that come out otherwise over UIS's APIs, each with the reason.
const NOT_LIVE: [(&str, &str); 8] = [
    ("settings.click-line-fixed-for-numa", NO_RULE),
    ("settings.click-line-random", NO_RULE),
    ("settings.click-line-random-without-number", NO_RULE),
    ("settings.click-line-regional-fixed-for-numa", NO_RULE),
    ("settings.click-line-regional-random", NO_RULE),
    ("settings.chat-skip-outgoing-reported", NO_VISITOR),
    ("text.chat-not-told", NO_VISITOR),
    ("text.report-hours-late", NO_VISITOR),
];
const NO_RULE: &str = "get.sip_lines does not give by which rule a line's number is chosen";
const NO_VISITOR: &str = "get.chats_report does not give the visitor's name";

fn difference(replayed: &Value, sent: Result<&Sent, &String>, live: bool) -> Option<String> {
    let sent = match sent {
        Ok(sent) => sent,
        Err(why) => return Some(why.clone()),
    };
    let (mut uis, mut sent_uis) = (compare::sent_so(&replayed["uis"], sent), sent.uis.clone());
    if live {
        [&mut uis, &mut sent_uis].into_iter().for_each(compare::over_the_apis);
    }
    compare::difference(&replayed["crm"], &sent.crm, "crm").or_else(|| compare::difference(&uis, &sent_uis, "uis"))
}

#[test]
fn the_gateway_does_what_a_replay_does() {
    let different = |outcome: &'static Outcome| {
        (outcome.name.as_str(), difference(&outcome.replayed, outcome.sent.as_ref().map(|(sent, _)| sent), false))
    };
    assert_same(&NOT_SENT, outcomes().iter().map(different));
}

#[test]
fn the_gateway_does_it_with_a_uis_account_over_its_apis() {
    let differences = on_each(outcomes().iter().collect(), async |outcome: &Outcome| {
        let text = std::fs::read(&outcome.path).expect("the recording");
        let sent = driver::send(&text, Arc::new(NativePlugin::new()), true).await;
        (outcome.name.as_str(), difference(&outcome.replayed, sent.as_ref(), true))
    });
    assert_same(&NOT_LIVE, differences);
}
