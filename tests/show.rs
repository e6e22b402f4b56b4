//! `uis-host show --html`: the page of a recording, also in a real browser.

use fantoccini::{Client, Locator};
use serde_json::Value;
use uis_test_support::{browser, uis_host};

const RECORDING: &str = "tests/recordings/telephony/missed-task-once.jsonl";

/// How many entries of the page are visible.
async fn visible(page: &Client) -> usize {
    let mut visible = 0;
    for entry in page.find_all(Locator::Css("article")).await.expect("entries") {
        visible += usize::from(entry.is_displayed().await.expect("an entry"));
    }
    visible
}

async fn choose(page: &Client, name: &str, value: &str) {
    let list = page.find(Locator::Css(&format!("select[name={name}]"))).await.expect("a filter");
    list.select_by_value(value).await.expect("the value can be chosen");
}

#[test]
fn a_page_replaces_an_earlier_page_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let recording = path("mine.jsonl");
    std::fs::copy(uis_test_support::root().join(RECORDING), &recording).expect("copied");
    let before = std::fs::read(&recording).expect("readable");
    let refused = uis_host(&["show", &recording, "--html", "-o", &recording]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && errors.contains("is no page"), "{errors}");
    assert_eq!(std::fs::read(&recording).expect("readable"), before);
    for _ in 0..2 {
        assert_eq!(uis_host(&["show", &recording, "--html", "-o", &path("page.html")]).status.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_story_and_filters_it_without_a_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let path = file.to_str().expect("UTF-8");
    let output = uis_host(&["show", RECORDING, "--html", "--output", path]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let Some(browser) = browser::start().await else { return };
    let page = &browser.client;
    page.goto(&format!("file://{path}")).await.expect("the page loads");
    let all = visible(page).await;
    assert!(all > 10, "{all} entries");
    choose(page, "communication", "call:998678018").await;
    let of_call = visible(page).await;
    assert!(of_call > 2 && of_call < all, "{of_call} of {all} entries are about the call");
    choose(page, "thing", "left out").await;
    assert_eq!(visible(page).await, 1);
    let text = page.find(Locator::Css("article:not([hidden])")).await.expect("one is left").text().await.expect("its text");
    assert!(text.contains("left out: task of uis-call-998678018") && text.contains("missed-call-task-once: task 1 is open"), "{text}");
    choose(page, "communication", "").await;
    choose(page, "thing", "").await;
    assert_eq!(visible(page).await, all);
    let loaded = page.execute("return performance.getEntriesByType('resource').length", Vec::new()).await.expect("a number");
    assert_eq!(loaded, Value::from(0), "the page loads something");
}

#[test]
fn the_page_can_be_read_without_scripts() {
    let output = uis_host(&["show", RECORDING, "--html"]);
    let html = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(html.starts_with("<!DOCTYPE html>"));
    // The filters do nothing without the script, so they are hidden; the entries are not.
    assert!(html.contains("<form hidden>") && !html.contains("<article hidden"));
    assert!(html.contains("task 1 created") && html.contains("incoming-missed-task: it is called-last"));
    let without_format = uis_host(&["show", RECORDING]);
    assert_eq!(without_format.status.code(), Some(2));
    let nowhere = uis_host(&["show", RECORDING, "--html", "--output", "no/such/folder/page.html"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no/such/folder/page.html cannot be written"));
}
