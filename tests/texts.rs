//! The settings of «Подключение текстовых коммуникаций», each in every position: what is in RetailCRM after each recording of
//! `recordings/text/`.

mod table;

use crate::settings::lines::crm_lines;
use serde_json::Value;
use table::CRM_AFTER;
use uis_test_support::{Replayed, replay_json, root, story};

/// Replays a recording of `tests/recordings/text/`.
fn replayed(name: &str) -> Replayed {
    story(&format!("text/{name}")).replay()
}

#[test]
fn every_setting_in_every_position_leaves_the_right_records() {
    for (name, expected) in CRM_AFTER {
        // Some recordings are about refusals, which are reported.
        let (_, after) = story(&format!("text/{name}")).replay_with_status();
        assert_eq!(crm_lines(&after), *expected, "{name}");
    }
    let recordings = std::fs::read_dir(root().join("tests/recordings/text")).expect("a folder").count();
    assert_eq!(CRM_AFTER.len(), recordings, "a recording is missing in the table");
}

#[test]
fn an_order_has_the_text_and_the_source_of_its_site_request() {
    let order = replayed("request-client-and-order").orders()[0].clone();
    let comment = "Заявка №501 с сайта shop.example; форма: Обратный звонок";
    let source = serde_json::json!({"source": "yandex", "campaign": "Осень"});
    assert_eq!(
        (&order["customerComment"], &order["managerComment"], &order["source"]),
        (&Value::from("Перезвоните мне\nпожалуйста"), &Value::from(comment), &source)
    );
    let after = replayed("request-fields");
    assert_eq!(after.customers()[0]["customFields"], serde_json::json!({"form": "Обратный звонок"}));
    assert_eq!(after.orders()[0]["customFields"], serde_json::json!({"page": "https://shop.example/a?b=‹c›"}));
}

#[test]
fn fields_of_a_chats_end_are_written_to_the_customer_that_a_merge_left() {
    assert_eq!(replayed("chat-joined-before-end").customers()[0]["customFields"], serde_json::json!({"nick": "petr_s"}));
}

#[test]
fn a_transcript_is_stored_without_markup_and_with_links_to_files() {
    let transcript = "Чат №601 (Сайт)\n10:00 petr_s: Здравствуйте ‹b›!‹/b›\n10:00 Петров Борис: Чем помочь?\n10:00 petr_s: Мой номер 8 916 123-45-67 [чек.jpg] https://files.example/1.jpg";
    assert_eq!(replayed("chat-closed").notes()[0]["text"], transcript);
    assert_eq!(replayed("chat-transcript-order").orders()[0]["customerComment"], transcript);
}

#[test]
fn what_is_not_stored_is_reported() {
    for (name, message) in [
        ("request-without-contact", "site request 501: it has neither phone nor e-mail"),
        ("request-fields", "field visits: "),
        ("chat-without-contact", "chat 601: the visitor left neither phone nor e-mail"),
    ] {
        let messages = replayed(name).messages().join("\n");
        assert!(messages.contains(message), "{name}: {messages}");
    }
}

/// Replays a recording of which RetailCRM refuses something for good.
fn refused(name: &str) -> Replayed {
    let (status, after) = story(&format!("text/{name}")).replay_with_status();
    assert_eq!(status, 1, "{name}");
    after
}

/// The texts of a recording's notes.
fn notes(name: &str) -> Vec<String> {
    replayed(name).notes().iter().filter_map(|note| note["text"].as_str().map(str::to_owned)).collect()
}

/// What visitors wrote is in an order, else in notes, else reported to the owner: whole.
#[test]
fn no_word_of_a_visitor_is_lost_whatever_the_settings_make() {
    let kept = notes("request-words-kept");
    let first = "Заявка №8201 (2026-12-02 10:00:00)\nФорма: Корзина\nСтраница: https://books.example/cart\nИмя: Вадим\n\
        Телефон: +79215550621\nДобавьте ещё две книги";
    assert_eq!(kept[0], first);
    let all = kept.join("\n");
    assert!((1..1300).all(|word| all.contains(&format!("слово{word}"))), "two notes have the long text");
    assert!((1..300).all(|word| all.contains(&format!("позиция{word}"))), "a note has what the order's comment cannot hold");
    let order = replayed("request-words-kept").orders()[1].clone();
    assert_eq!(order["managerComment"], "Заявка №8203; форма: Опт; страница: https://books.example/opt");

    let reported = replayed("request-words-of-nobody").messages().join("\n");
    assert!(reported.contains("Егор") && reported.contains("Есть ли у вас атлас?") && reported.contains("когда вы открыты?"), "{reported}");
    assert_eq!(notes("request-words-of-nobody"), ["Заявка №8214 (2026-12-02 10:30:00)\nИ ещё: атлас Сибири"]);

    let chat = "Чат №701 (Сайт)\n10:00 Вадим: Вопрос о доставке в Омск\n10:01 Вадим: Жду ответа";
    assert_eq!(notes("chat-words-kept"), [chat]);
    let reported = replayed("chat-words-kept").messages().join("\n");
    assert!(reported.contains("Вы покупаете старые книги?") && reported.contains("Без имени и телефона"), "{reported}");

    let (talk, order) = (notes("chat-long-talk"), replayed("chat-long-talk").orders()[0].clone());
    let all = format!("{}\n{}", order["customerComment"].as_str().expect("a comment"), talk.join("\n"));
    assert!(
        (1..1500).all(|chapter| all.contains(&format!("глава{chapter}"))) && (0..120).all(|row| all.contains(&format!("Строка {row}:")))
    );
    assert!(talk.iter().zip(2..).all(|(text, part)| text.starts_with(&format!("Чат №711, часть {part} (Сайт)\n"))), "{talk:?}");
}

#[test]
fn words_after_a_chats_end_are_added_once() {
    let later = ["Чат №771, часть 2 (Сайт)\n10:20 Пелагея: Приеду до шести", "Чат №771, часть 3 (Сайт)\n12:00 Пелагея: Нет, до семи"];
    assert_eq!(notes("chat-words-after-end")[1..], later);
}

/// A transcript is added to what stands in the order's comment, once, though an answer was lost.
#[test]
fn a_transcript_erases_nothing_in_the_orders_comment() {
    let comments: Vec<Value> = replayed("chat-transcript-added").orders().iter().map(|order| order["customerComment"].clone()).collect();
    assert_eq!(
        comments,
        [
            "Код домофона 22\n\nЧат №721 (Сайт)\n10:00 Инна: Добрый день, это Инна",
            "Не звонить\nдо 12\n\nЧат №722 (Сайт)\n11:00 Олег: Добрый день, это Олег",
            "Чат №723 (Сайт)\n12:00 Юлия: Добрый день, это Юлия",
        ]
    );
}

/// RetailCRM refuses the order of a chat. The transcript becomes a note of the customer, and the wrong setting is reported.
#[test]
fn a_transcript_is_stored_although_its_order_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = uis_test_support::file(
        &folder,
        "refused.jsonl",
        &[
            r#"{"recording":1,"settings":{"chat-send":true,"text-default-responsible":7,"deals":false,"chat-order-status":"nope"},"crm":{"users":[{"id":7,"email":"v@x.example"}]}}"#,
            r#"{"at":"2026-11-23T10:04:59+03:00","report":{"chat_messages":[{"id":1,"chat_id":601,"date_time":"2026-11-23 10:00:00","source":"visitor","text":"привет"}]}}"#,
            r#"{"at":"2026-11-23T10:05:00+03:00","notification":"chat_finished","body":{"chat_id":601,"chat_channel_id":31,"chat_channel_type":"comagic","chat_channel_name":"Сайт","visitor_id":7601,"date_time":"2026-11-23 10:05:00","status":"succeed","visitor_phone_number":"79161234567"}}"#,
        ],
    );
    let (status, value) = replay_json(&[&path]);
    assert_eq!((status, value["crm"]["orders"].as_array().map(Vec::len)), (1, Some(0)), "{value}");
    assert!(value["problems"][0]["message"].to_string().contains("nope"), "{}", value["problems"]);
    let notes = value["crm"]["notes"].as_array().expect("a list");
    assert!(notes.len() == 1 && notes[0]["text"].to_string().contains("привет"), "{notes:?}");
}

/// UIS's reports do not bring refused appeals up again; settings that are saved do.
#[test]
fn what_was_refused_waits_for_other_settings() {
    let after = refused("refused-until-settings-change");
    assert_eq!(after.messages().iter().filter(|message| message.contains("nope")).count(), 2, "{:#?}", after.messages());
    let orders: Vec<&str> = after.orders().iter().filter_map(|order| order["externalId"].as_str()).collect();
    assert_eq!(orders, ["uis-chat-731", "uis-request-8231"]);
    assert_eq!(after.orders()[1]["customerComment"], "Отложите атлас до пятницы");
    assert_eq!(after.notes().len(), 2, "the talk and the request's words, once");
}

#[test]
fn every_refusal_of_an_event_is_reported_once_whatever_follows() {
    let after = refused("request-refused-twice-over");
    let both = after.messages().join("\n");
    assert!(both.contains("nope") && both.matches("User with id=13 not found").count() == 1, "{both}");
    assert_eq!(after.notes().len(), 1);

    let busy = replayed("request-refusal-outlives-a-busy-crm");
    let reported = busy.messages().join("\n");
    assert_eq!(reported.matches("fields and manager of the customer of uis-request-8251").count(), 1, "{reported}");
    assert_eq!((busy.customers().len(), busy.orders().len()), (1, 1));
}

#[test]
fn what_people_wrote_into_extra_fields_stays() {
    let after = replayed("chat-fields-filled-by-people");
    assert_eq!(after.customers()[0]["customFields"], serde_json::json!({"notes": "Теги: Опт, VIP\nЗвонить после 18", "visits": 7}));
    let order = serde_json::json!({"words": "Оставить у консьержа\nТеги: Срочно", "mark": "от Анны; yandex"});
    assert_eq!(after.orders()[0]["customFields"], order);
    let reported = after.messages().join("\n");
    assert_eq!(reported.matches("field visits: somebody has filled it").count(), 1, "{reported}");
}

/// Whether a text ends with whole tags of the recordings `tags-too-many`; how many there are.
pub fn whole_tags(text: &str, before: &str) -> usize {
    let tags: Vec<&str> = text.strip_prefix(before).expect("the beginning").split(", ").collect();
    assert!(tags.iter().zip(1..).all(|(tag, number)| *tag == format!("Тег номер {number} длинный")), "{text}");
    tags.len()
}

#[test]
fn fields_that_are_too_short_for_all_tags_have_whole_ones() {
    let after = replayed("tags-too-many");
    let (order, customer) = (&after.orders()[0], &after.customers()[1]);
    let comment = order["managerComment"].as_str().expect("a comment");
    assert!(comment.chars().count() <= 2000);
    let tags = comment.rsplit_once("важно, ").expect("the beginning").1;
    assert!((1..30).contains(&whole_tags(tags, "")), "{tags}");
    let fields = &customer["customFields"];
    assert_eq!(whole_tags(fields["line"].as_str().expect("a line"), ""), 12);
    assert_eq!(fields["kinds"].as_array().map(Vec::len), Some(30));
    whole_tags(after.tasks()[0]["text"].as_str().expect("a name"), "Теги ");
}

/// Each integration has what its filters let pass, and reports nothing of the other's.
#[test]
fn two_integrations_share_requests_by_site_and_chats_by_channel() {
    let after = replayed("two-integrations");
    let shown = |order: &Value| {
        format!("{} in {}", order["externalId"].as_str().unwrap_or_default(), order["integration"].as_str().unwrap_or_default())
    };
    let mut orders: Vec<String> = after.orders().iter().map(shown).collect();
    orders.sort();
    assert_eq!(orders, ["uis-chat-761 in books", "uis-chat-762 in maps", "uis-request-8271 in books", "uis-request-8272 in maps"]);
    let talks: Vec<&str> = after.notes().iter().filter_map(|note| note["integration"].as_str()).collect();
    assert_eq!((talks, after.messages().len()), (vec!["books", "maps"], 0));
}

/// The places in RetailCRM's pages that the integration module has after a recording.
fn embedded(name: &str) -> Value {
    replayed(name).modules()[0]["integrations"]["embedJs"].clone()
}

#[test]
fn the_workplace_is_in_retailcrms_pages_only_while_the_extension_is_connected() {
    let embed = embedded("workplace-connected");
    assert_eq!(embed["entrypoint"], "/asset/workplace.html");
    assert_eq!(embed["pages"][0]["code"], "workplace");
    assert_eq!(embed["targets"], serde_json::json!(["order/card:common.after", "customer/card:communications.after"]));
    for without in ["workplace-not-connected", "workplace-comes-and-goes"] {
        assert_eq!(embedded(without), Value::Null, "{without}");
    }
}

/// In the longest chats, bots talk to bots. None of the talk is cut off: it goes into as many notes as it needs, a few in each event.
#[test]
fn a_transcript_of_twenty_thousand_messages_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let chat = r#""chat_id":601,"chat_channel_id":31,"chat_channel_type":"comagic","chat_channel_name":"Сайт","visitor_phone_number":"79161234567""#;
    let mut lines = vec![
        r#"{"recording":1,"settings":{"chat-send":true,"text-default-responsible":7},"crm":{"users":[{"id":7,"email":"v@x.example"}]}}"#
            .to_owned(),
    ];
    for begin in (0..20_000).step_by(1000) {
        let row = |id: i32| {
            format!(r#"{{"id":{},"chat_id":601,"date_time":"2026-11-23 09:00:00","source":"visitor","text":"Сообщение {id} 👩‍🚀"}}"#, id + 1)
        };
        let rows: Vec<String> = (begin..begin + 1000).map(row).collect();
        lines.push(format!(r#"{{"at":"2026-11-23T10:00:00+03:00","report":{{"chat_messages":[{}]}}}}"#, rows.join(",")));
    }
    lines.push(format!(
        r#"{{"at":"2026-11-23T10:00:00+03:00","notification":"chat_finished","body":{{{chat},"date_time":"2026-11-23 10:00:00","status":"succeed"}}}}"#
    ));
    let path = uis_test_support::file(&folder, "long.jsonl", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 0, "{}", value["problems"]);
    let notes: Vec<&str> = value["crm"]["notes"].as_array().expect("a list").iter().filter_map(|note| note["text"].as_str()).collect();
    assert!(notes.len() > 60 && notes.iter().all(|text| text.chars().count() <= 10_000), "{}", notes.len());
    let messages: Vec<&str> = notes.iter().flat_map(|text| text.lines().skip(1)).collect();
    assert_eq!(messages.len(), 20_000);
    let right = |(id, line): (usize, &&str)| **line == format!("09:00 Клиент: Сообщение {id} 👩‍🚀");
    assert!(messages.iter().enumerate().all(right), "every message once, in order, whole");
}
