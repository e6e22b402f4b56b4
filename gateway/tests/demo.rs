//! `uis-gateway demo`: the morning of a shop, played to its end, has the effects that the README promises.

use std::process::Command;

use serde_json::Value;

fn demo(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_uis-gateway")).arg("demo").args(arguments).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_morning_has_its_effects_in_both_systems() {
    let (succeeded, printed, errors) = demo(&["--speed", "120", "--json"]);
    assert!(succeeded, "{errors}");
    let left: Value = serde_json::from_str(&printed).expect("one JSON object");
    assert_eq!((left["refused"].as_u64(), left["acts"].as_u64()), (Some(0), Some(7)), "{left}");
    let effects: Vec<&str> = left["effects"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for expected in [
        "RetailCRM shows Борис Петров a pop-up: ",
        "RetailCRM has the call from 79161234567 in its history: answered, 42 s, with its recording",
        "RetailCRM has a new customer: ",
        "RetailCRM has a task for Вера Смирнова: «Перезвонить: пропущенный звонок",
        "UIS rings the employee first, and then dials 79031112200",
        "RetailCRM: the task «Перезвонить: пропущенный звонок",
        "Ольга",
        "«Ответить на заявку",
        "Сергей",
        "UIS has the deal «",
        "in the stage ",
    ] {
        assert!(effects.iter().any(|effect| effect.contains(expected)), "nothing like {expected:?} in {effects:#?}");
    }
    assert_eq!(effects.iter().filter(|effect| effect.contains("has the call ")).count(), 4, "each call once: {effects:#?}");
}

#[test]
fn a_speed_that_cannot_be_is_refused() {
    let (succeeded, _, errors) = demo(&["--speed", "0"]);
    assert!(!succeeded && errors.contains("from 1 to 600"), "{errors}");
}
