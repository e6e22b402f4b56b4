//! Whatever is imported, the result can be replayed.

use super::*;
use proptest::prelude::*;

/// Bodies of every sort: members that events have, with values that they should and should not have.
fn body() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("call_session_id"),
        Just("chat_id"),
        Just("id"),
        Just("communication_id"),
        Just("cdr_id"),
        Just("notification_mnemonic"),
        Just("notification_time"),
        Just("talk_time_duration"),
        Just("employee_id"),
        Just("employee_ids"),
        Just("tag_names"),
        Just("text"),
        Just("body"),
        Just("at"),
        Just("clientId"),
        Just("phone"),
        Just("notification_message"),
    ];
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("-5".to_owned()),
        Just("null".to_owned()),
        Just("\"2026-11-23 10:00:00\"".to_owned()),
        Just("\"9999-99-99\"".to_owned()),
        Just("\"\"in\"\"".to_owned()),
        Just("[1,\"a\",{}]".to_owned()),
        Just("{{x}}".to_owned()),
        Just("\"{\\\"call_session_id\\\":1}\"".to_owned()),
        Just("\"lost_call_session\"".to_owned()),
        "\"[a-zа-я0-9+=& ]{0,8}\"",
    ];
    let members = proptest::collection::vec((name, value), 0..6);
    members.prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    /// Whatever is imported can be read as a recording, in order of time; and nothing is passed over.
    #[test]
    fn what_is_imported_is_a_recording(bodies in proptest::collection::vec(body(), 1..4), joined in prop_oneof![Just("\n"), Just(""), Just("\n\n")]) {
        let options = Options::default();
        let mut importer = Importer::new(&options, None).expect("no options");
        let place = Place { file: "f".into(), ..Place::default() };
        importer.read(Source { place, text: Ok(bodies.join(joined)), modified: Some(1_795_417_200_000) });
        let imported = importer.finish(&options);
        prop_assert!(imported.lines.len() as u64 + imported.left_out.len() as u64 + imported.other > 0);
        let text = imported.text();
        let (header, lines) = recording::open(text.as_bytes()).map_err(|(line, error)| TestCaseError::fail(format!("{line}: {error}")))?;
        prop_assert!(header.ignored.is_empty());
        let mut before = None;
        for line in lines {
            match line {
                Ok(line) => {
                    prop_assert!(before <= Some(line.at));
                    before = Some(line.at);
                }
                // A year that somebody mistyped is for a replay to report.
                Err((number, why)) => prop_assert!(why.contains("correct the year"), "{number}: {why}"),
            }
        }
    }
}
