//! RetailCRM broke the connection of a request and carried it out twenty seconds later. The plugin wrote down what it was about to do, and looks
//! for the result only when the request can no longer arrive; so nothing is done twice.

use std::sync::Arc;

use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::root;

use crate::recordings::driver;

/// Number of tasks in RetailCRM after a missed call whose task was created late.
async fn tasks(plugin: NativePlugin) -> usize {
    let path = root().join("tests/recordings/telephony/missed-task-committed-late.jsonl");
    let text = std::fs::read(path).expect("the recording");
    let sent = driver::send(&text, Arc::new(plugin), false).await.expect("sent");
    assert_eq!(sent.uis["answers"].as_array().map_or(0, Vec::len), sent.routed.len());
    sent.crm["tasks"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_may_still_arrive_is_waited_for() {
    assert_eq!(tasks(NativePlugin::new()).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_wait_is_noticed() {
    assert_eq!(tasks(NativePlugin::impatient()).await, 2);
}
