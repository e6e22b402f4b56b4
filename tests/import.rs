//! `uis-host import`: a folder of captured webhooks becomes a recording that can be replayed.

use std::path::Path;

use serde_json::{Value, json};
use uis_test_support::{command_json, replay_json, uis_host};

/// A call of 2019 whose body a receiver wrote down; its people and phones are made up.
const FINISHED: &str = r#"{"notification_name":"crm-out","virtual_phone_number":"78633100000","notification_time":"2026-11-23 14:40:47.234",
 "external_id":null,"contact_phone_number":"79508410000","employee_full_name":"Орлова Вера","employee_id":323409,
 "employee_email":"vera@shop.example","call_source":"va","direction":"in","call_session_id":998677427,"scenario_name":"Ночь",
 "talk_time_duration":12,"total_time_duration":23,"wait_time_duration":11,"tag_names":null,"is_transfer":false,
 "last_talked_employee_id":323409}"#;

/// A template with quotes around its placeholders.
const QUOTED: &str = "{\n \"call_session_id\": \"998677429\",\n \"direction\": \"\"in\"\",\n \"contact_phone_number\": \"\"79161234567\"\",\n \
    \"notification_time\": \"\"2026-11-23 16:40:47\"\",\n \"leg_id\": 7,\n \"employee_id\": {{employee_id}}\n}";

/// Writes a folder with one file of every kind.
fn captured(folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, text).expect("written");
    };
    write("01.json", FINISHED);
    write(
        "nested.json",
        r#"{"call_info":{"call_session_id":998677428,"wait_time_duration":11,"direction":"in"},"notification_time":"2026-11-23 15:40:47",
            "contact_info":{"contact_phone_number":"79161234567"},"virtual_phone_number":"78633100000"}"#,
    );
    write("sub/quoted.txt", QUOTED);
    let lost = r#"{"call_session_id":998677430,"notification_mnemonic":"lost_call_session","contact_phone_number":"79161234567","notification_time":"2026-11-23 17:40:47"}"#;
    write("doubled.json", &format!("{lost}{lost}"));
    write("truncated.json", &lost[..60]);
    write(
        "record.query",
        "notification_time=%222026-11-23+18%3A40%3A47%22&call_session_id=998677427&file_link=%22https%3A%2F%2Fapp.comagic.ru%2Fsystem%2Fmedia%2Ftalk%2F998677427%2F1%2F%22",
    );
    write(
        "received.jsonl",
        "{\"at\":\"2026-11-23T13:40:46Z\",\"url\":\"https://h.example/shop/notify/s/call_connected\",\"body\":{\"call_session_id\":998677431,\"employee_id\":323409}}\n\
         {\"received_at\":1795441260,\"payload\":\"{\\\"chat_id\\\":5,\\\"id\\\":7,\\\"text\\\":\\\"Когда привезёте?\\\",\\\"source\\\":\\\"visitor\\\",\\\"chat_channel_id\\\":31}\"}\n",
    );
    let request = |time: &str, url: &str| json!({"startedDateTime": time, "request": {"method": "GET", "url": url}});
    let entries = [
        request(
            "2026-11-23T19:00:00+03:00",
            "https://h.example/shop/make-call?clientId=the-real-secret&code=101&phone=79161234567&userId=5",
        ),
        request("2026-11-23T19:00:01+03:00", "https://h.example/shop/order-webhook/the-real-secret?orderId=17"),
        request("2026-11-23T19:00:02+03:00", "https://h.example/logo.png"),
    ];
    write("cdr.har", &json!({"log": {"entries": entries}}).to_string());
    let row = |id: &str, title: &str, message: &str| {
        json!({"event_type": {"value": title, "value_id": id}, "notification_channel": {"value": "HTTP", "value_id": "http_request"},
            "notification_status": {"value": "Отправлено", "value_id": "sent"}, "notification_message": message,
            "notification_send_date_time": "2026-11-23 20:00:09", "communication_id": 784_617})
    };
    let rows = [
        row("lost_call_session", "Потерянный звонок", r#"{"call_session_id":998677440,"contact_phone_number":"79161234567"}"#),
        row("set_mark", "Проставление тега", r#"{"visitor_browser_name":null}"#),
    ];
    write("delivery-log.json", &json!({"jsonrpc": "2.0", "id": 1, "result": {"data": rows}}).to_string());
    write(".hidden", "not read");
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the recording");
    assert!(text.starts_with("{\"recording\":1,\"name\":"), "the header begins as people expect it: {text}");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_folder_of_everything_that_people_have_becomes_one_recording_in_order_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (hooks, output) = (folder.path().join("hooks"), folder.path().join("day.jsonl"));
    captured(&hooks);
    let (hooks, output_name) = (hooks.to_str().expect("UTF-8"), output.to_str().expect("UTF-8"));
    let about = command_json("import", &[hooks, "-o", output_name, "--name", "A day"], 1);
    assert_eq!(
        about["types"],
        json!({"call_session_finished": 1, "lost_call_session": 4, "out_call": 1, "call_connected": 1, "record_ready": 1, "chat_message": 1,
            "click-to-call": 1, "order-webhook": 1})
    );
    assert_eq!((&about["lines"], &about["other"], &about["employees"]), (&json!(11), &json!(1), &json!(2)));
    let left_out: Vec<(&str, &str)> = about["leftOut"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["file"].as_str().expect("a file").rsplit('/').next().expect("a name"), one["why"].as_str().expect("a reason")))
        .collect();
    assert!(matches!(left_out[..], [("delivery-log.json", _), ("truncated.json", why)] if why.contains("cut off")), "{left_out:?}");
    let lines = lines_of(&output);
    assert_eq!(lines[0]["name"], "A day");
    let times: Vec<&str> = lines[1..].iter().map(|line| line["at"].as_str().expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let guessed: Vec<&Value> = lines.iter().filter(|line| line["guessed"] == true).map(|line| &line["notification"]).collect();
    assert_eq!(guessed, ["call_session_finished", "lost_call_session", "out_call", "chat_message", "record_ready"]);
    let quoted = lines.iter().find(|line| line["notification"] == "out_call").expect("the quoted body");
    assert_eq!((&quoted["body"], &quoted["at"]), (&json!(QUOTED), &json!("2026-11-23T16:40:47+03:00")), "as it came, at its own time");
    assert!(!std::fs::read_to_string(&output).expect("readable").contains("the-real-secret"), "secrets stay out of the recording");

    // Nothing has to be corrected by hand before it is replayed; only the click needs a setting, which no webhook contains.
    let (_, value) = replay_json(&[output_name]);
    let failures: Vec<&Value> =
        value["problems"].as_array().expect("a list").iter().filter(|problem| problem["kind"] != "skipped").collect();
    let message = failures[0]["message"].as_str().expect("a message");
    assert!(failures.len() == 1 && message.contains("settings.click-to-call-number"), "{failures:#?}");
    let calls: Vec<&Value> = value["crm"]["calls"].as_array().expect("a list").iter().map(|call| &call["externalId"]).collect();
    assert!(calls.contains(&&json!("uis-call-998677427")) && calls.len() >= 4, "{calls:?}");
}

#[test]
fn the_account_the_zone_and_the_type_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(path("a.json"), r#"{"call_session_id": 1, "start_time": "2026-11-23 10:00:00"}"#).expect("written");
    let header =
        json!({"account": {"timezone": "Asia/Omsk", "employees": [{"id": 5, "full_name": "Орлова Вера"}]}, "settings": {"deals": false}});
    std::fs::write(path("account.json"), header.to_string()).expect("written");
    let (input, output, account) = (path("a.json"), path("out.jsonl"), path("account.json"));
    command_json("import", &[&input, "-o", &output, "--account", &account, "--type", "out_call_session"], 0);
    let lines = lines_of(Path::new(&output));
    assert_eq!((&lines[0]["account"], &lines[0]["settings"]), (&header["account"], &header["settings"]));
    assert_eq!(
        (&lines[1]["at"], &lines[1]["guessed"]),
        (&json!("2026-11-23T10:00:00+06:00"), &Value::Null),
        "a type that was given is no guess"
    );

    // The file exists now, and an import does not replace it by accident; nor does it import what it wrote itself.
    let again = uis_host(&["import", &input, "-o", &output]);
    assert!(again.status.code() == Some(2) && String::from_utf8_lossy(&again.stderr).contains("--force"));
    let whole = command_json(
        "import",
        &[folder.path().to_str().expect("UTF-8"), "-o", &output, "--force", "--type", "out_call", "--timezone", "Asia/Tokyo"],
        1,
    );
    assert_eq!(whole["lines"], 1, "{whole:#}");
    assert_eq!(lines_of(Path::new(&output))[1]["at"], "2026-11-23T10:00:00+09:00");
    let unknown = uis_host(&["import", &input, "--type", "call_sesion_finished"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean \"call_session_finished\""));
}

#[test]
fn settings_get_the_users_whom_they_name_and_what_is_no_account_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let lost = r#"{"call_session_id":998677430,"notification_mnemonic":"lost_call_session","contact_phone_number":"79161234567",
        "virtual_phone_number":"74951112233","notification_time":"2026-11-23 17:40:47","employee_ids":"[323409]"}"#;
    std::fs::write(path("a.json"), lost).expect("written");
    let settings = json!({"incoming-missed-task": "default", "default-responsible": 5});
    std::fs::write(path("settings.json"), settings.to_string()).expect("written");
    let (input, output) = (path("a.json"), path("out.jsonl"));
    for wrong in ["settings.json", "a.json"] {
        let refused = uis_host(&["import", &input, "-o", &output, "--account", &path(wrong)]);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            refused.status.code() == Some(2) && errors.contains("is no member of an account") && errors.contains("--settings"),
            "{errors}"
        );
    }
    let about = command_json("import", &[&input, "-o", &output, "--settings", &path("settings.json")], 0);
    assert!(about["notes"].to_string().contains("because the settings name their ids: 5"), "{about:#}");
    let (status, value) = replay_json(&[&output]);
    let performers: Vec<&Value> = value["crm"]["tasks"].as_array().expect("a list").iter().map(|task| &task["performer"]).collect();
    assert_eq!((status, performers), (0, vec![&json!(5)]), "{}", value["problems"]);

    // Settings alone in a header leave the account to be made up as well.
    std::fs::write(path("header.json"), json!({"settings": settings}).to_string()).expect("written");
    command_json("import", &[&input, "-o", &output, "--force", "--account", &path("header.json")], 0);
    assert_eq!(replay_json(&[&output]).1["crm"]["tasks"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_recording_passes_through_and_what_is_no_webhook_at_all_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let answered = uis_test_support::root().join("tests/recordings/answered.jsonl");
    let output = uis_host(&["import", answered.to_str().expect("UTF-8")]);
    let values = |text: &[u8]| -> Vec<Value> {
        String::from_utf8_lossy(text).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    assert_eq!(values(&output.stdout), values(&std::fs::read(&answered).expect("readable")));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));

    let readme = folder.path().join("README");
    std::fs::write(&readme, "hello").expect("written");
    let refused = uis_host(&["import", readme.to_str().expect("UTF-8")]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && refused.stdout.is_empty() && errors.contains("README: the file is neither"), "{errors}");
    let missing = uis_host(&["import", "no-such-folder"]);
    assert!(missing.status.code() == Some(2) && String::from_utf8_lossy(&missing.stderr).contains("no-such-folder"));
}
