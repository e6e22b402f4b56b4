//! The settings of «Текстовые коммуникации», each in every position: what must be in RetailCRM after each recording of
//! `recordings/settings/texts/`. The lines are explained in `lines.rs`.

/// Each recording with the lines that must be there.
pub const TEXTS: &[(&str, &[&str])] = &[
    (
        "chat-catalogue-sites",
        &[
            "customer Лев of 11 in north has 79160010001 no e-mail",
            "customer Ася of 11 in south has 79160010002 no e-mail",
            "customer Ева of 11 in south has 79160010003 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in north",
            "order uis-chat-602 for 2 by live-chat of 11 in south",
            "order uis-chat-603 for 3 by live-chat of 11 in south",
        ],
    ),
    (
        "chat-client-at-accept",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:02:00",
            "order-created 1 2026-11-23 10:02:00",
        ],
    ),
    (
        "chat-client-at-close",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:05:00",
            "order-created 1 2026-11-23 10:05:00",
        ],
    ),
    (
        "chat-client-at-start",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "customer-created 1 2026-11-23 10:00:00",
            "order-created 1 2026-11-23 10:00:00",
        ],
    ),
    (
        "chat-client-at-tag",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:04:00",
            "order-created 1 2026-11-23 10:04:00",
            "skipped nothing",
        ],
    ),
    (
        "chat-client-at-tag-order-at-close",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:05:00",
            "order-created 1 2026-11-23 10:05:00",
        ],
    ),
    ("chat-contact-of-known", &["customer Ким of 12 in main has 79160010017 no e-mail"]),
    (
        "chat-contact-waited-for",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "customer-created 1 2026-11-23 10:03:00",
            "order-created 1 2026-11-23 10:03:00",
        ],
    ),
    (
        "chat-contactless-order-at-tag",
        &[
            "customer sova of 13 in main has  no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "order-created 1 2026-11-23 12:00:00",
        ],
    ),
    (
        "chat-contactless-passed",
        &[
            "customer sova of 13 in main has  no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-contactless-skipped",
        &[
            "skipped chat 601: the visitor left neither phone nor e-mail; chat-without-contacts passes such chats on",
            "skipped transcript of chat 601: no customer of RetailCRM can have it; the visitor wrote: 10:01 sova: Здравствуйте",
        ],
    ),
    (
        "chat-end-and-tag-at-once",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "order uis-chat-602 for 2 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "note Чат №602 (Виджет) on 2",
        ],
    ),
    (
        "chat-end-and-tag-of-one-phone",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
        ],
    ),
    (
        "chat-event-gone-tag",
        &["skipped chat-tags: tag 79: UIS has no such tag any more, so it can be set on no chat: choose another tag, or remove it"],
    ),
    (
        "chat-fields-after-tag",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-fields 1 {\"mark\":\"Лид\"}",
            "order-fields 1 {\"mark\":\"Лид\"}",
        ],
    ),
    (
        "chat-fields-none",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-fields 0 {}",
            "order-fields 0 {}",
        ],
    ),
    (
        "chat-fields-of-untagged",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer-fields 17 {\"mark\":\"vk\"}",
            "order-fields 72 {\"mark\":\"vk\"}",
        ],
    ),
    (
        "chat-fields-open-order",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer-fields 17 {\"mark\":\"vk\"}",
            "order-fields 72 {\"mark\":\"vk\"}",
        ],
    ),
    (
        "chat-fields-order-is-open",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer-fields 17 {\"mark\":\"vk\"}",
            "order-fields 72 {\"mark\":\"vk\"}",
        ],
    ),
    (
        "chat-fields-own-order",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "customer-fields 1 {\"mark\":\"vk\",\"once\":\"vk\"}",
            "order-fields 1 {\"mark\":\"vk\",\"once\":\"vk\"}",
        ],
    ),
    ("chat-filter-and", &["customer Ева of 11 in main has 79160010003 no e-mail"]),
    (
        "chat-filter-campaign",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-channel",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Телеграм) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-employee",
        &[
            "customer Лев of 12 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-employee-open",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:02:00",
            "order-created 1 2026-11-23 10:02:00",
        ],
    ),
    ("chat-filter-empty", &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"]),
    (
        "chat-filter-gone-tag",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "skipped chat-filter: tag 79: UIS has no such tag any more; the row still compares this id: choose another value, or remove the row",
        ],
    ),
    (
        "chat-filter-not-both",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Марк of 11 in main has 79160010004 no e-mail",
        ],
    ),
    (
        "chat-filter-not-campaign",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-channel",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-employee",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-site",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-source",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-tag",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Чат №602 (Виджет) on 1",
            "note Чат №603 (Виджет) on 2",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-not-tag-open",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:05:00",
            "order-created 1 2026-11-23 10:05:00",
        ],
    ),
    ("chat-filter-off", &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"]),
    (
        "chat-filter-or",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ева of 11 in main has 79160010003 no e-mail",
            "customer Марк of 11 in main has 79160010004 no e-mail",
        ],
    ),
    (
        "chat-filter-site",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-source",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-tag",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-filter-tag-long-after",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05",
            "note Чат №601 (Виджет) on 1",
        ],
    ),
    (
        "chat-filter-tag-open",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:04:00",
            "order-created 1 2026-11-23 10:04:00",
            "skipped nothing",
        ],
    ),
    ("chat-first-alone-at-start", &["customer Лев of 13 in main has 79160010001 no e-mail"]),
    ("chat-first-client", &["customer Лев of 11 in main has 79160010001 no e-mail"]),
    (
        "chat-first-client-and-order",
        &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"],
    ),
    (
        "chat-first-nothing",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "order uis-chat-601 for 17 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 17",
        ],
    ),
    (
        "chat-first-order",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:05:00",
            "order-created 1 2026-11-23 10:05:00",
        ],
    ),
    ("chat-first-order-untagged", &[]),
    (
        "chat-known-after-hours",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Яна of null in main has 79160010018 no e-mail",
            "order uis-chat-602 for 18 by live-chat of 13 in main",
        ],
    ),
    (
        "chat-known-always",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 11 in main"],
    ),
    (
        "chat-known-no-open",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Яна of null in main has 79160010018 no e-mail",
            "order uis-chat-602 for 18 by live-chat of 13 in main",
        ],
    ),
    ("chat-known-nothing", &["customer Ким of 12 in main has 79160010017 no e-mail", "note Чат №601 (Виджет) on 17"]),
    (
        "chat-not-only-first",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 17 by live-chat of 11 in main",
            "order uis-chat-602 for 18 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 17",
            "note Чат №602 (Виджет) on 18",
        ],
    ),
    ("chat-of-default", &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"]),
    ("chat-of-fixed", &["customer Лев of 12 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 12 in main"]),
    ("chat-of-manager", &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"]),
    ("chat-of-operator", &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"]),
    ("chat-of-settings", &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"]),
    (
        "chat-of-unknown-employee",
        &[
            "customer Лев of 14 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 14 in main",
            "order uis-chat-602 for 2 by messenger of 13 in main",
        ],
    ),
    (
        "chat-only-first",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-602 for 18 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 17",
            "note Чат №602 (Виджет) on 18",
        ],
    ),
    (
        "chat-only-first-at-start",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
        ],
    ),
    (
        "chat-only-first-untagged",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 13:05"],
    ),
    (
        "chat-order-as-client",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:04:00",
            "order-created 1 2026-11-23 10:04:00",
        ],
    ),
    (
        "chat-order-at-accept",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:00:00",
            "customer-created 2 2026-11-23 11:00:00",
            "order-created 1 2026-11-23 10:02:00",
        ],
    ),
    (
        "chat-order-at-close",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:00:00",
            "customer-created 2 2026-11-23 11:00:00",
            "order-created 1 2026-11-23 10:05:00",
        ],
    ),
    (
        "chat-order-at-start",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "customer-created 1 2026-11-23 10:00:00",
            "order-created 1 2026-11-23 10:00:00",
        ],
    ),
    (
        "chat-order-at-tag",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "customer-created 1 2026-11-23 10:00:00",
            "customer-created 2 2026-11-23 11:00:00",
            "order-created 1 2026-11-23 10:04:00",
        ],
    ),
    (
        "chat-order-at-tag-of-rule",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"],
    ),
    (
        "chat-order-kind",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by phone of 11 in main",
            "order-kind 1 eshop-legal client-confirmed",
        ],
    ),
    (
        "chat-order-of-client",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"],
    ),
    (
        "chat-order-of-default",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-order-of-fixed",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 16 in main"],
    ),
    (
        "chat-order-of-manager",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"],
    ),
    (
        "chat-order-of-operator",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"],
    ),
    (
        "chat-order-of-settings",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 12 in main"],
    ),
    (
        "chat-order-tag-long-after",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "customer-created 1 2026-11-23 10:05:00",
            "order-created 1 2026-11-24 10:00:00",
        ],
    ),
    (
        "chat-outgoing-passed",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-repeat-of-default",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 13 in main"],
    ),
    (
        "chat-repeat-of-first",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 16 in main"],
    ),
    (
        "chat-repeat-of-fixed",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 16 in main"],
    ),
    (
        "chat-repeat-of-manager",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 12 in main"],
    ),
    (
        "chat-repeat-of-operator",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 11 in main"],
    ),
    (
        "chat-repeat-of-settings",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-chat-601 for 17 by live-chat of 14 in main"],
    ),
    (
        "chat-rule-user-left",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "skipped chat-responsibles: user 15: RetailCRM has no such active user; the rule is passed over: choose another user",
        ],
    ),
    (
        "chat-rule-without-conditions",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 14 in main"],
    ),
    (
        "chat-rules-in-order",
        &[
            "customer Лев of 14 in main has 79160010001 no e-mail",
            "customer Ася of 12 in main has 79160010002 no e-mail",
            "customer Ева of 11 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
        ],
    ),
    (
        "chat-skip-outgoing",
        &[
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "order uis-chat-602 for 1 by live-chat of 11 in main",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 12:05",
            "note Чат №602 (Виджет) on 1",
            "skipped nothing",
        ],
    ),
    (
        "chat-skip-outgoing-invited",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-skip-outgoing-reported",
        &["customer Ася of 13 in main has 79160010002 no e-mail", "order uis-chat-602 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-tag-before-events",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "order uis-chat-602 for 2 by live-chat of 13 in main",
            "customer-created 1 2026-11-23 10:02:00",
            "customer-created 2 2026-11-23 11:05:00",
        ],
    ),
    (
        "chat-tag-by-chat-id",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    ("chat-tag-by-name", &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"]),
    (
        "chat-tag-communication-reported",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-tag-id-is-the-chats",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 13 in main"],
    ),
    (
        "chat-tag-in-the-end",
        &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main"],
    ),
    (
        "chat-tag-long-after",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "customer-created 1 2026-12-05 10:00:00",
        ],
    ),
    (
        "chat-talk-after-accept",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 11 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "order uis-chat-602 for 2 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "note-created 2026-11-23 10:05:00",
        ],
    ),
    (
        "chat-talk-after-start",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "note Чат №601 (Виджет) on 1",
            "note-created 2026-11-23 10:05:00",
        ],
    ),
    (
        "chat-talk-after-tag",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 11 in main",
            "note Чат №601 (Виджет) on 1",
            "note-created 2026-11-23 10:05:00",
        ],
    ),
    (
        "chat-talk-in-order",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "order-comment 1 Чат №601, Виджет",
            "order-talk 1 Чат №601 (Виджет)",
        ],
    ),
    (
        "chat-task-any-at-start",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05"],
    ),
    (
        "chat-task-for-any",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 13:05",
            "task Ответить на сообщение в чате №5603 for 13 due 2026-11-23 14:05",
        ],
    ),
    (
        "chat-task-for-lost",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05",
        ],
    ),
    (
        "chat-task-for-refused",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 13:05",
        ],
    ),
    (
        "chat-task-for-two",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 13:05",
        ],
    ),
    (
        "chat-task-lost-at-start",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05"],
    ),
    ("chat-task-none", &["customer Лев of 13 in main has 79160010001 no e-mail"]),
    (
        "chat-task-of-default",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 12:05"],
    ),
    (
        "chat-task-of-fixed",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5601 for 14 due 2026-11-23 12:05"],
    ),
    (
        "chat-task-of-manager",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5601 for 12 due 2026-11-23 12:05"],
    ),
    (
        "chat-task-of-manager-unknown",
        &[
            "customer Лев of 12 in main has 79160010001 no e-mail",
            "task Ответить на сообщение в чате №5601 for 12 due 2026-11-23 12:05",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-11-23 13:05",
            "skipped chat 602: the visitor left neither phone nor e-mail; chat-without-contacts passes such chats on",
        ],
    ),
    (
        "chat-task-of-manager-untagged",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на сообщение в чате №5601 for 12 due 2026-11-23 12:05",
            "task-customer 1 17",
        ],
    ),
    (
        "chat-task-of-operator",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5601 for 11 due 2026-11-23 12:05"],
    ),
    (
        "chat-task-of-settings",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "task Ответить на сообщение в чате №5601 for 14 due 2026-11-23 12:05"],
    ),
    ("chat-task-without-client", &["task Ответить на сообщение в чате №5601 for 13 due 2026-11-23 11:05", "task-customer 1 null"]),
    (
        "chat-templates-short",
        &[
            "customer +79160010001 of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 13 in main",
            "order uis-chat-602 for 2 by live-chat of 13 in main",
            "task номер 79160010001 for 13 due 2026-11-23 11:05",
            "task Клиент Ася, номер 79160010002 for 13 due 2026-11-23 12:05",
            "order-comment 1 Чат №5601",
            "order-comment 2 Чат №5602",
        ],
    ),
    (
        "chat-untagged-without-contact",
        &["skipped transcript of chat 601: no customer of RetailCRM can have it; the visitor wrote: 10:01 Клиент: Здравствуйте"],
    ),
    (
        "request-catalogue-sites",
        &[
            "customer Лев of 13 in north has 79160010001 no e-mail",
            "customer Ася of 13 in south has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in north",
            "order uis-request-502 for 2 by landing-page of 13 in south",
            "order uis-request-503 for 3 by landing-page of 13 in main",
        ],
    ),
    (
        "request-fields-new",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "order uis-request-502 for 1 by landing-page of 13 in main",
            "customer-fields 1 {\"mark\":\"ok\",\"once\":\"vk\"}",
            "order-fields 1 {\"mark\":\"vk\",\"once\":\"vk\"}",
            "order-fields 2 {\"mark\":\"ok\",\"once\":\"ok\"}",
        ],
    ),
    (
        "request-fields-none",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "customer-fields 0 {}",
            "order-fields 0 {}",
        ],
    ),
    (
        "request-fields-open-order",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
            "customer-fields 17 {\"mark\":\"vk\"}",
            "order-fields 72 {\"mark\":\"vk\"}",
        ],
    ),
    (
        "request-fields-other-type",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
            "customer-fields 17 {\"mark\":\"vk\"}",
            "order-fields 72 {\"mark\":\"vk\"}",
        ],
    ),
    ("request-filter-and", &["customer Лев of 13 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 1"]),
    (
        "request-filter-campaign",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
        ],
    ),
    ("request-filter-empty", &["customer Лев of 13 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 1"]),
    (
        "request-filter-gone-site",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "skipped request-filter: site 69: UIS has no such site any more; the row still compares this id: choose another value, or remove the row",
        ],
    ),
    ("request-filter-neither", &["customer Марк of 13 in main has 79160010004 no e-mail", "note Заявка №504 (2026-11-23 10:30:00) on 1"]),
    (
        "request-filter-not-both",
        &[
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "note Заявка №502 (2026-11-23 10:10:00) on 1",
            "note Заявка №503 (2026-11-23 10:20:00) on 2",
            "note Заявка №504 (2026-11-23 10:30:00) on 3",
        ],
    ),
    (
        "request-filter-not-campaign",
        &[
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "note Заявка №503 (2026-11-23 10:20:00) on 1",
            "note Заявка №504 (2026-11-23 10:30:00) on 2",
        ],
    ),
    (
        "request-filter-not-site",
        &[
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Заявка №502 (2026-11-23 10:10:00) on 1",
            "note Заявка №503 (2026-11-23 10:20:00) on 2",
        ],
    ),
    (
        "request-filter-not-source",
        &[
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "note Заявка №503 (2026-11-23 10:20:00) on 1",
            "note Заявка №504 (2026-11-23 10:30:00) on 2",
        ],
    ),
    (
        "request-filter-not-type",
        &[
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "note Заявка №503 (2026-11-23 10:20:00) on 1",
            "note Заявка №504 (2026-11-23 10:30:00) on 2",
        ],
    ),
    ("request-filter-off", &["customer Лев of 13 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 1"]),
    (
        "request-filter-or",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
            "note Заявка №503 (2026-11-23 10:20:00) on 3",
        ],
    ),
    (
        "request-filter-reported",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 09:55:00) on 1", "skipped nothing"],
    ),
    (
        "request-filter-several-sites",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
        ],
    ),
    (
        "request-filter-site",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "order uis-request-504 for 2 by landing-page of 13 in main",
            "task Ответить на заявку №501 for 13 due 2026-11-23 11:00",
            "task Ответить на заявку №504 for 13 due 2026-11-23 11:30",
            "skipped nothing",
        ],
    ),
    (
        "request-filter-source",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
        ],
    ),
    (
        "request-filter-type",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
        ],
    ),
    ("request-first-client", &["customer Лев of 13 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 1"]),
    (
        "request-first-client-and-order",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 13 in main"],
    ),
    (
        "request-first-nothing",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-502 for 17 by landing-page of 13 in main"],
    ),
    (
        "request-first-order",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 13 in main"],
    ),
    (
        "request-known-after-hours",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Яна of null in main has 79160010018 no e-mail",
            "order uis-request-502 for 18 by landing-page of 13 in main",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-known-always",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 13 in main"],
    ),
    (
        "request-known-counts",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 18 by landing-page of 13 in main",
            "order uis-request-502 for 17 by landing-page of 13 in main",
            "task Ответить на заявку №501 for 13 due 2026-11-23 11:00",
            "task Ответить на заявку №502 for 13 due 2026-11-23 11:10",
        ],
    ),
    (
        "request-known-ignored",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 18 by landing-page of 13 in main",
            "task Ответить на заявку №501 for 13 due 2026-11-23 11:00",
            "note Заявка №502 (2026-11-23 10:10:00) on 17",
            "skipped nothing",
        ],
    ),
    (
        "request-known-no-open",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Яна of null in main has 79160010018 no e-mail",
            "order uis-request-502 for 18 by landing-page of 13 in main",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    ("request-known-nothing", &["customer Ким of 12 in main has 79160010017 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 17"]),
    (
        "request-main-shop",
        &[
            "customer Лев of 13 in north has 79160010001 no e-mail",
            "customer Ася of 13 in south has 79160010002 no e-mail",
            "customer Ева of 13 in south has 79160010003 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in north",
            "order uis-request-502 for 2 by landing-page of 13 in south",
            "order uis-request-503 for 3 by landing-page of 13 in south",
        ],
    ),
    (
        "request-main-shop-and-address",
        &["customer Лев of 13 in south has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 13 in south"],
    ),
    (
        "request-main-shop-none",
        &[
            "customer Лев of 13 in north has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in north",
            "order uis-request-502 for 2 by landing-page of 13 in main",
        ],
    ),
    (
        "request-no-default",
        &["customer Лев of null in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of null in main"],
    ),
    (
        "request-of-default",
        &["customer Лев of 13 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 13 in main"],
    ),
    (
        "request-of-fixed",
        &["customer Лев of 12 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 12 in main"],
    ),
    (
        "request-of-manager",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "customer Лев of 14 in main has 79160010001 no e-mail",
            "order uis-request-501 for 17 by landing-page of 12 in main",
            "order uis-request-502 for 18 by landing-page of 14 in main",
        ],
    ),
    (
        "request-of-operator",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 14 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "order uis-request-501 for 1 by landing-page of 11 in main",
            "order uis-request-502 for 2 by landing-page of 14 in main",
            "order uis-request-503 for 3 by landing-page of 13 in main",
        ],
    ),
    (
        "request-of-settings",
        &[
            "customer Лев of 14 in main has 79160010001 no e-mail",
            "customer Ася of 14 in main has 79160010002 no e-mail",
            "customer Ева of 12 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "order uis-request-501 for 1 by landing-page of 14 in main",
            "order uis-request-502 for 2 by landing-page of 14 in main",
            "order uis-request-503 for 3 by landing-page of 12 in main",
            "order uis-request-504 for 4 by landing-page of 13 in main",
        ],
    ),
    (
        "request-off-rule-user-left",
        &["customer Лев of 11 in main has 79160010001 no e-mail", "order uis-chat-601 for 1 by live-chat of 11 in main", "skipped nothing"],
    ),
    (
        "request-order-kind",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 1 by phone of 13 in main",
            "order-kind 1 eshop-legal client-confirmed",
        ],
    ),
    (
        "request-order-of-client",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 14 in main"],
    ),
    (
        "request-order-of-default",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 13 in main"],
    ),
    (
        "request-order-of-fixed",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 16 in main"],
    ),
    (
        "request-order-of-manager",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 14 in main"],
    ),
    (
        "request-order-of-operator",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 12 in main"],
    ),
    (
        "request-order-of-settings",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "order uis-request-501 for 1 by landing-page of 11 in main"],
    ),
    (
        "request-order-types",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "customer Марк of 13 in main has 79160010004 no e-mail",
            "order uis-request-501 for 1 by landing-page of 14 in main",
            "order uis-request-502 for 2 by landing-page of 13 in main",
            "note Заявка №503 (2026-11-23 10:20:00) on 3",
            "note Заявка №504 (2026-11-23 10:30:00) on 4",
        ],
    ),
    (
        "request-order-types-alone",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-request-501 for 1 by landing-page of 14 in main",
            "order uis-request-502 for 2 by landing-page of 13 in main",
        ],
    ),
    (
        "request-order-types-known",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "order uis-request-502 for 17 by landing-page of 14 in main",
            "order uis-request-503 for 17 by landing-page of 12 in main",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-repeat-of-default",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 13 in main"],
    ),
    (
        "request-repeat-of-first",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 16 in main"],
    ),
    (
        "request-repeat-of-fixed",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 16 in main"],
    ),
    (
        "request-repeat-of-manager",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 12 in main"],
    ),
    (
        "request-repeat-of-operator",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 11 in main"],
    ),
    (
        "request-repeat-of-settings",
        &["customer Ким of 12 in main has 79160010017 no e-mail", "order uis-request-501 for 17 by landing-page of 14 in main"],
    ),
    (
        "request-rule-user-leaves",
        &[
            "customer Лев of 14 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 17:10:00) on 2",
            "skipped request-responsibles: user 14: RetailCRM has no such active user; the rule is passed over: choose another user",
        ],
    ),
    (
        "request-rule-user-left",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer Ася of 13 in main has 79160010002 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "order uis-request-502 for 2 by landing-page of 13 in main",
            "skipped request-responsibles: user 15: RetailCRM has no such active user; the rule is passed over: choose another user",
        ],
    ),
    (
        "request-rule-without-conditions",
        &["customer Лев of 14 in main has 79160010001 no e-mail", "note Заявка №501 (2026-11-23 10:00:00) on 1"],
    ),
    (
        "request-rules-all-parameters",
        &[
            "customer Лев of 11 in main has 79160010001 no e-mail",
            "customer Ася of 12 in main has 79160010002 no e-mail",
            "customer Ева of 12 in main has 79160010003 no e-mail",
            "customer Марк of 14 in main has 79160010004 no e-mail",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 10:10:00) on 2",
            "note Заявка №503 (2026-11-23 10:20:00) on 3",
            "note Заявка №504 (2026-11-23 10:30:00) on 4",
        ],
    ),
    (
        "request-task-of-default",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на заявку №501 for 13 due 2026-11-23 13:00",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-task-of-fixed",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на заявку №501 for 16 due 2026-11-23 13:00",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-task-of-manager",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на заявку №501 for 12 due 2026-11-23 13:00",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-task-of-operator",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на заявку №501 for 11 due 2026-11-23 13:00",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-task-of-settings",
        &[
            "customer Ким of 12 in main has 79160010017 no e-mail",
            "task Ответить на заявку №501 for 14 due 2026-11-23 13:00",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-task-of-unknown-employee",
        &[
            "customer Ася of 14 in main has 79160010002 no e-mail",
            "customer Ева of 13 in main has 79160010003 no e-mail",
            "task Ответить на заявку №502 for 14 due 2026-11-23 11:10",
            "task Ответить на заявку №503 for 13 due 2026-11-23 11:20",
            "note Заявка №502 (2026-11-23 10:10:00) on 1",
            "note Заявка №503 (2026-11-23 10:20:00) on 2",
        ],
    ),
    (
        "request-templates-short",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "customer +79160010002 of 13 in main has 79160010002 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "order uis-request-502 for 2 by landing-page of 13 in main",
            "task Клиент Лев, номер 79160010001 for 13 due 2026-11-23 11:00",
            "task номер 79160010002 for 13 due 2026-11-23 11:10",
            "order-comment 1 Заявка №501",
            "order-comment 2 Заявка №502",
        ],
    ),
    ("texts-off", &["skipped nothing"]),
    (
        "request-known-nothing-no-task",
        &[
            "customer Ким of 11 in main has 79160010017 no e-mail",
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-502 for 18 by landing-page of 13 in main",
            "task Ответить на заявку №502 for 13 due 2026-12-03 11:10",
            "note Заявка №501 (2026-12-03 10:00:00) on 17",
        ],
    ),
    (
        "chat-known-nothing-tasks",
        &[
            "customer Ким of 11 in main has 79160010017 no e-mail",
            "task Ответить на сообщение в чате №5602 for 13 due 2026-12-03 12:05",
            "note Чат №601 (Сайт) on 17",
            "note Чат №602 (Сайт) on 17",
        ],
    ),
    (
        "request-of-calls-default",
        &[
            "customer Лев of 13 in main has 79160010001 no e-mail",
            "order uis-request-501 for 1 by landing-page of 13 in main",
            "task Ответить на заявку №501 for 13 due 2026-12-03 11:00",
        ],
    ),
];
