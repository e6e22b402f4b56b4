//! Each setting in every position, each option of every list: what is in RetailCRM and UIS after each recording of `recordings/settings/`.

mod calls;
pub mod lines;
mod texts;

use uis_test_support::{root, story};

/// Replays the recordings of a folder and compares what is there afterwards with a table.
fn check(folder: &str, table: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (name, expected) in table {
        let found = lines::lines(&story(&format!("settings/{folder}/{name}")).replay_natively(), expected);
        if found != *expected {
            wrong.push(format!("{name}:\n  expected {expected:#?}\n  found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let recordings = std::fs::read_dir(root().join("tests/recordings/settings").join(folder)).expect("a folder").count();
    assert_eq!(table.len(), recordings, "each recording has one row of the table");
}

#[test]
fn every_setting_of_calls_and_employees_does_what_uis_page_says() {
    check("calls", calls::CALLS);
}

#[test]
fn every_setting_of_texts_does_what_uis_page_says() {
    check("texts", texts::TEXTS);
}
