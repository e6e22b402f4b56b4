//! The settings of «Телефония» and «Синхронизация сотрудников», each in every position: what must be there after each recording of
//! `recordings/settings/calls/`. The lines are explained in `lines.rs`.

/// Each recording with the lines that must be there.
pub const CALLS: &[(&str, &[&str])] = &[
    (
        "call-order-comment",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order-comment 1 79031234567, 30 с",
        ],
    ),
    (
        "call-order-kind",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by shopping-cart of 21 in main",
            "order-kind 1 eshop-legal availability-confirmed",
        ],
    ),
    (
        "call-order-on-as-client",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    (
        "call-order-on-default",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "call-order-on-fixed",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 22 in main"],
    ),
    (
        "call-order-on-talked",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    ("click-line-fixed-for-numa", &["dialled 79031234567 shows 74957770001 by fixed_for_numa", "skipped nothing"]),
    ("click-line-random", &["dialled 79031234567 shows 74957770001 by random", "skipped nothing"]),
    ("click-line-random-without-number", &["dialled 79031234567 shows 74957770002 by random", "skipped nothing"]),
    ("click-line-regional-fixed-for-numa", &["dialled 79031234567 shows 74957770001 by regional_fixed_for_numa", "skipped nothing"]),
    ("click-line-regional-random", &["dialled 79031234567 shows 74957770001 by regional_random", "skipped nothing"]),
    ("click-number-always-shown", &["dialled 79031234567 shows 74957770001", "skipped nothing"]),
    ("click-number-not-always-shown", &["dialled 79031234567 shows 74957770002", "skipped nothing"]),
    ("click-shows-line-of-fixed-rule", &["dialled 79031234567 shows 74957770002", "skipped nothing"]),
    (
        "employees-all",
        &[
            "employee Мельник Дарья available",
            "employee Зуев Роман not_at_work",
            "employee Гость Олег available",
            "employee Жукова Вера null",
            "employee Орлов Семён null",
            "employee Ким Нина null",
            "skipped user 26: the user has no e-mail in RetailCRM; UIS needs it to match the employee",
            "skipped user 26: the user has no e-mail in RetailCRM; UIS needs it to match the employee",
        ],
    ),
    (
        "employees-all-switched-off",
        &[
            "employee Мельник Дарья available",
            "employee Зуев Роман available",
            "employee Гость Олег available",
            "employee Жукова Вера null",
            "employee Орлов Семён null",
        ],
    ),
    (
        "employees-chosen",
        &[
            "employee Мельник Дарья available",
            "employee Зуев Роман available",
            "employee Гость Олег available",
            "employee Орлов Семён null",
        ],
    ),
    (
        "employees-linked-later",
        &[
            "customer +79030000001 of 25 in main has 79030000001 no e-mail",
            "order uis-call-2 for 1 by phone of 25 in main",
            "employee Мельник Дарья available",
            "employee Зуев Роман available",
            "employee Гость Олег available",
        ],
    ),
    (
        "employees-none-chosen",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "employee Мельник Дарья available",
            "employee Зуев Роман available",
            "employee Гость Олег available",
        ],
    ),
    (
        "employees-synchronisation-off",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "customer +79030000001 of 23 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order uis-call-2 for 2 by phone of 23 in main",
            "employee Мельник Дарья available",
            "employee Зуев Роман available",
            "employee Гость Олег available",
            "popups 1",
        ],
    ),
    (
        "filter-by-deleted-tag",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
            "skipped incoming-filter: tag 77: UIS has no such tag any more; the row still compares this id: choose another value, or remove the row",
        ],
    ),
    (
        "filter-by-site-id",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-exclude-joined-by-or",
        &[
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "customer +79030000003 of 21 in main has 79030000003 no e-mail",
            "customer +79030000004 of 22 in main has 79030000004 no e-mail",
            "order uis-call-2 for 1 by phone of 22 in main",
            "order uis-call-3 for 2 by phone of 21 in main",
            "order uis-call-4 for 3 by phone of 22 in main",
            "calls 4",
            "popups 4",
        ],
    ),
    (
        "filter-groups-joined-by-or",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "customer +79030000003 of 21 in main has 79030000003 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order uis-call-2 for 2 by phone of 22 in main",
            "order uis-call-3 for 3 by phone of 21 in main",
            "calls 4",
            "popups 4",
        ],
    ),
    (
        "filter-incoming-campaign-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-campaign-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-employee-exclude",
        &[
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 22 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-employee-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-scenario-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-scenario-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-site-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-site-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-source-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-source-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-tag-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-tag-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-virtual-number-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-incoming-virtual-number-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-keeps-popups-and-history",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "calls 2",
            "popups 2",
            "customer-fields 0 {}",
            "forward [\"74957772020\"]",
            "forward []",
            "skipped nothing",
        ],
    ),
    (
        "filter-of-one-direction",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    ("filter-of-reported-call", &["calls 1", "popups 0"]),
    ("filter-of-tasks", &["task Перезвонить: не дозвонились до 79030000002 for 23 due 2026-11-24 12:00", "calls 2", "popups 2"]),
    (
        "filter-of-transferred-call",
        &[
            "customer +79031234567 of 22 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 22 in main",
            "calls 1",
            "popups 2",
        ],
    ),
    (
        "filter-off",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order uis-call-2 for 2 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    ("filter-other-tag-after-the-end", &["calls 1", "popups 1"]),
    (
        "filter-outgoing-campaign-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-campaign-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-employee-exclude",
        &[
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 22 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-employee-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-scenario-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-scenario-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-site-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-site-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-source-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-source-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-tag-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-tag-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-virtual-number-exclude",
        &[
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-2 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-outgoing-virtual-number-include",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    (
        "filter-rows-joined-by-and",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 4",
            "popups 4",
        ],
    ),
    (
        "filter-scenario-known-at-the-end",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-created 1 2026-11-24 10:10:40",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-several-values",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order uis-call-2 for 2 by phone of 21 in main",
            "calls 3",
            "popups 3",
        ],
    ),
    (
        "filter-tag-after-a-missed-call",
        &[
            "customer +79031234567 of 23 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by missed-call of 23 in main",
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00",
            "customer-created 1 2026-11-26 12:00:00",
            "order-created 1 2026-11-26 12:00:00",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-after-client-made-by-hand",
        &[
            "customer Сам of 24 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by missed-call of 23 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-after-talk-with-client-made-by-hand",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main", "calls 1", "popups 1"],
    ),
    (
        "filter-tag-after-the-end",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-created 1 2026-11-24 12:00:00",
            "order-created 1 2026-11-24 12:00:00",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-after-the-end-of-outgoing",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-before-the-record",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-by-name",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-during-the-call",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-tag-with-the-end",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "calls 1",
            "popups 1",
        ],
    ),
    (
        "filter-ticked-but-empty",
        &[
            "customer +79030000001 of 21 in main has 79030000001 no e-mail",
            "customer +79030000002 of 21 in main has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "order uis-call-2 for 2 by phone of 21 in main",
            "calls 2",
            "popups 2",
        ],
    ),
    ("filter-with-numbers", &["calls 1", "popups 1"]),
    ("first-by-hand-in-ringing-is-no-repeat", &["customer Сам of 24 in main has 79031234567 no e-mail"]),
    ("first-client", &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "customer-created 1 2026-11-24 10:00:10"]),
    (
        "first-client-and-order",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-created 1 2026-11-24 10:00:10",
        ],
    ),
    ("first-handled-by-scenario", &["calls 1", "popups 0"]),
    ("first-last-talked-hand-stays", &["customer +79031234567 of 24 in main has 79031234567 no e-mail"]),
    (
        "first-made-by-hand-in-ringing",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    (
        "first-made-by-hand-in-talk",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    ("first-made-by-hand-with-first-nothing", &["customer Сам of 24 in main has 79031234567 no e-mail"]),
    ("first-nothing", &[]),
    (
        "first-on-default",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "first-on-first-talked",
        &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    ("first-on-fixed", &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"]),
    (
        "first-on-fixed-who-left",
        &[
            "customer +79031234567 of 23 in main has 79031234567 no e-mail",
            "customer +79030000001 of 23 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 23 in main",
            "order uis-call-2 for 2 by phone of 23 in main",
            "skipped incoming-first-user: user 24: RetailCRM has no such active user, and what the user would get goes to another assignee: choose another user",
        ],
    ),
    (
        "first-on-last-talked",
        &["customer +79031234567 of 22 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 22 in main"],
    ),
    (
        "first-on-settings",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    ("first-on-shop", &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"]),
    (
        "first-on-shop-without-assignee",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "first-on-stranger",
        &[
            "customer +79031234567 of 24 in main has 79031234567 no e-mail",
            "customer +79031234568 of 23 in main has 79031234568 no e-mail",
            "order uis-call-1 for 1 by phone of 24 in main",
            "order uis-call-2 for 2 by phone of 23 in main",
        ],
    ),
    ("first-reported", &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"]),
    (
        "first-transferred-to-stranger",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "first-without-default",
        &["customer +79031234567 of null in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of null in main"],
    ),
    ("forward-off-by-default", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "forward []"]),
    ("forward-on", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "forward [\"74957772020\"]"]),
    (
        "main-shop",
        &[
            "customer +79030000001 of 21 in perm has 79030000001 no e-mail",
            "customer +79030000002 of 21 in omsk has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in perm",
            "order uis-call-2 for 2 by phone of 21 in omsk",
            "call-shop uis-call-1 perm",
            "call-shop uis-call-2 omsk",
        ],
    ),
    (
        "main-shop-known-client",
        &[
            "customer Пётр of 22 in moscow has +7 (903) 123-45-67 no e-mail",
            "order uis-call-1 for 17 by phone of 21 in perm",
            "order uis-call-2 for 17 by phone of 21 in omsk",
            "call-shop uis-call-1 perm",
            "call-shop uis-call-2 omsk",
        ],
    ),
    (
        "main-shop-not-chosen",
        &[
            "customer +79030000001 of 21 in moscow has 79030000001 no e-mail",
            "customer +79030000002 of 21 in omsk has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in moscow",
            "order uis-call-2 for 2 by phone of 21 in omsk",
            "call-shop uis-call-1 null",
            "call-shop uis-call-2 omsk",
        ],
    ),
    ("main-shop-of-history", &["call-shop uis-call-1 perm", "call-shop uis-call-2 omsk"]),
    (
        "main-shop-without-rows",
        &[
            "customer +79030000001 of 21 in perm has 79030000001 no e-mail",
            "customer +79030000002 of 21 in perm has 79030000002 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in perm",
            "order uis-call-2 for 2 by phone of 21 in perm",
            "task Перезвонить: пропущенный звонок 79030000003 for 23 due 2026-11-24 13:00",
            "call-shop uis-call-1 perm",
            "call-shop uis-call-2 perm",
            "call-shop uis-call-3 perm",
        ],
    ),
    (
        "missed-assignee-by-rules",
        &[
            "customer +79031234567 of 24 in main has 79031234567 no e-mail",
            "customer +79031234568 of 23 in main has 79031234568 no e-mail",
            "order uis-call-1 for 1 by missed-call of 24 in main",
            "order uis-call-2 for 2 by missed-call of 23 in main",
        ],
    ),
    (
        "missed-assignee-known-client",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by missed-call of 24 in main"],
    ),
    (
        "missed-assignee-off",
        &[
            "customer Пётр of 22 in main has 79031234568 no e-mail",
            "customer +79031234567 of null in main has 79031234567 no e-mail",
            "order uis-call-1 for 18 by missed-call of null in main",
            "order uis-call-2 for 17 by missed-call of null in main",
        ],
    ),
    (
        "missed-first-as-answered",
        &[
            "customer +79031234567 of 23 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by missed-call of 23 in main",
            "customer-created 1 2026-11-24 10:00:41",
        ],
    ),
    ("missed-first-client", &["customer +79031234567 of 23 in main has 79031234567 no e-mail"]),
    (
        "missed-first-client-and-order",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by missed-call of 23 in main"],
    ),
    (
        "missed-first-made-by-hand-in-ringing",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by missed-call of 23 in main"],
    ),
    ("missed-first-nothing", &[]),
    ("missed-off", &["customer Яна of null in main has 79031234568 no e-mail"]),
    (
        "missed-repeat-after-hours",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of 24 in main has 79031234568 no e-mail",
            "order uis-call-2 for 18 by missed-call of 23 in main",
        ],
    ),
    (
        "missed-repeat-always",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of 24 in main has 79031234568 no e-mail",
            "order uis-call-1 for 17 by missed-call of 23 in main",
            "order uis-call-2 for 18 by missed-call of 23 in main",
        ],
    ),
    (
        "missed-repeat-as-answered",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of 24 in main has 79031234568 no e-mail",
            "order uis-call-2 for 18 by missed-call of 23 in main",
        ],
    ),
    (
        "missed-repeat-no-open",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of 24 in main has 79031234568 no e-mail",
            "order uis-call-2 for 18 by missed-call of 23 in main",
        ],
    ),
    (
        "missed-repeat-nothing",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "customer Яна of 24 in main has 79031234568 no e-mail"],
    ),
    (
        "order-fields-always",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer-fields 0 {}",
            "order-fields 73 {\"last\":\"1 yandex\"}",
        ],
    ),
    (
        "order-fields-always-without-open-order",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "customer-fields 0 {}", "order-fields 0 {}"],
    ),
    (
        "order-fields-of-missed-call",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "customer-fields 0 {}", "order-fields 70 {\"last\":\"1 vk\"}"],
    ),
    (
        "order-fields-of-new-order",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-fields 1 {\"utm\":\"yandex\"}",
            "order-fields 1 {\"last\":\"1 yandex\",\"utm\":\"yandex\"}",
        ],
    ),
    (
        "order-fields-of-second-order",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "order uis-call-1 for 17 by phone of 21 in main",
            "customer-fields 0 {}",
            "order-fields 71 {\"last\":\"1 yandex\",\"utm\":\"yandex\"}",
        ],
    ),
    (
        "order-fields-off",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-fields 0 {}",
            "order-fields 0 {}",
        ],
    ),
    ("outgoing-first-client", &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "customer-created 1 2026-11-24 10:00:10"]),
    (
        "outgoing-first-client-and-order",
        &[
            "customer +79031234567 of 21 in main has 79031234567 no e-mail",
            "order uis-call-1 for 1 by phone of 21 in main",
            "customer-created 1 2026-11-24 10:00:10",
        ],
    ),
    (
        "outgoing-first-made-by-hand-in-ringing",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    (
        "outgoing-first-made-by-hand-in-talk",
        &["customer Сам of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    ("outgoing-first-nothing", &[]),
    (
        "outgoing-first-on-called",
        &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    (
        "outgoing-first-on-called-by-click",
        &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    (
        "outgoing-first-on-called-stranger",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "outgoing-first-on-default",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "outgoing-first-on-first-talked",
        &["customer +79031234567 of 21 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 21 in main"],
    ),
    (
        "outgoing-first-on-fixed",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    (
        "outgoing-first-on-last-talked",
        &["customer +79031234567 of 22 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 22 in main"],
    ),
    (
        "outgoing-first-on-settings",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    (
        "outgoing-first-on-shop",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    (
        "outgoing-first-on-stranger",
        &[
            "customer +79031234567 of 24 in main has 79031234567 no e-mail",
            "customer +79031234568 of 23 in main has 79031234568 no e-mail",
            "order uis-call-1 for 1 by phone of 24 in main",
            "order uis-call-2 for 2 by phone of 23 in main",
        ],
    ),
    (
        "outgoing-first-transferred-to-stranger",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "outgoing-repeat-after-hours",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-2 for 17 by phone of 21 in main"],
    ),
    (
        "outgoing-repeat-always",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 21 in main"],
    ),
    (
        "outgoing-repeat-no-open",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of null in main has 79031234568 no e-mail",
            "order uis-call-2 for 18 by phone of 21 in main",
        ],
    ),
    ("outgoing-repeat-nothing", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail"]),
    (
        "outgoing-repeat-on-called",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 21 in main"],
    ),
    (
        "outgoing-repeat-on-default",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 23 in main"],
    ),
    (
        "outgoing-repeat-on-first-talked",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 22 in main"],
    ),
    (
        "outgoing-repeat-on-fixed",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "outgoing-repeat-on-last-talked",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 21 in main"],
    ),
    (
        "outgoing-repeat-on-manager",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "outgoing-repeat-on-settings",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "outgoing-repeat-on-shop",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "outgoing-task-called-last",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: не дозвонились до 79031234567 for 21 due 2026-11-24 11:00",
        ],
    ),
    (
        "outgoing-task-default",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: не дозвонились до 79031234567 for 23 due 2026-11-24 11:00",
        ],
    ),
    (
        "outgoing-task-fixed",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: не дозвонились до 79031234567 for 24 due 2026-11-24 11:00",
        ],
    ),
    (
        "outgoing-task-manager",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: не дозвонились до 79031234567 for 22 due 2026-11-24 11:00",
            "task Перезвонить: не дозвонились до 79031234568 for 24 due 2026-11-24 12:00",
        ],
    ),
    ("outgoing-task-none", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail"]),
    (
        "outgoing-task-on-stranger",
        &[
            "task Перезвонить: не дозвонились до 79031234567 for 24 due 2026-11-24 11:00",
            "task Перезвонить: не дозвонились до 79031234568 for 23 due 2026-11-24 12:00",
        ],
    ),
    (
        "outgoing-task-settings",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: не дозвонились до 79031234567 for 24 due 2026-11-24 11:00",
        ],
    ),
    ("outgoing-unanswered", &["customer Пётр of 22 in main has 79031234568 no e-mail"]),
    (
        "repeat-after-hours",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-2 for 17 by phone of 21 in main"],
    ),
    ("repeat-always", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 21 in main"]),
    (
        "repeat-no-open",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "customer Яна of null in main has 79031234568 no e-mail",
            "order uis-call-2 for 18 by phone of 21 in main",
        ],
    ),
    ("repeat-nothing", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail"]),
    (
        "repeat-on-default",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 23 in main"],
    ),
    (
        "repeat-on-first-talked",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 22 in main"],
    ),
    (
        "repeat-on-fixed",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "repeat-on-last-talked",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 21 in main"],
    ),
    (
        "repeat-on-manager",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    (
        "repeat-on-manager-of-nobody",
        &["customer Пётр of null in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 23 in main"],
    ),
    (
        "repeat-on-manager-who-left",
        &["customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 23 in main"],
    ),
    (
        "repeat-on-settings",
        &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"],
    ),
    ("repeat-on-shop", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail", "order uis-call-1 for 17 by phone of 24 in main"]),
    (
        "rules-by-employee",
        &[
            "customer +79030000001 of 24 in main has 79030000001 no e-mail",
            "customer +79030000002 of 24 in main has 79030000002 no e-mail",
            "customer +79030000003 of 23 in main has 79030000003 no e-mail",
            "order uis-call-1 for 1 by phone of 24 in main",
            "order uis-call-2 for 2 by missed-call of 24 in main",
            "order uis-call-3 for 3 by phone of 23 in main",
        ],
    ),
    ("rules-by-tag", &["customer +79030000001 of 22 in main has 79030000001 no e-mail", "order uis-call-1 for 1 by phone of 22 in main"]),
    ("rules-by-tag-after-the-end", &["customer +79030000001 of 22 in main has 79030000001 no e-mail"]),
    (
        "rules-empty-condition",
        &["customer +79031234567 of 24 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 24 in main"],
    ),
    (
        "rules-first-match-of-incoming",
        &[
            "customer +79030000001 of 24 in main has 79030000001 no e-mail",
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "customer +79030000003 of 23 in main has 79030000003 no e-mail",
            "order uis-call-1 for 1 by phone of 24 in main",
            "order uis-call-2 for 2 by phone of 22 in main",
            "order uis-call-3 for 3 by phone of 23 in main",
        ],
    ),
    (
        "rules-first-match-of-outgoing",
        &[
            "customer +79030000001 of 24 in main has 79030000001 no e-mail",
            "customer +79030000002 of 22 in main has 79030000002 no e-mail",
            "customer +79030000003 of 23 in main has 79030000003 no e-mail",
            "order uis-call-1 for 1 by phone of 24 in main",
            "order uis-call-2 for 2 by phone of 22 in main",
            "order uis-call-3 for 3 by phone of 23 in main",
        ],
    ),
    (
        "rules-of-the-other-direction",
        &["customer +79031234567 of 23 in main has 79031234567 no e-mail", "order uis-call-1 for 1 by phone of 23 in main"],
    ),
    (
        "rules-user-who-left",
        &[
            "customer +79031234567 of 23 in main has 79031234567 no e-mail",
            "customer +79030000001 of 23 in main has 79030000001 no e-mail",
            "order uis-call-1 for 1 by phone of 23 in main",
            "order uis-call-2 for 2 by phone of 23 in main",
            "skipped incoming-responsibles: user 24: RetailCRM has no such active user; the rule is passed over: choose another user",
        ],
    ),
    ("status-imported", &["employee Мельник Дарья do_not_disturb", "employee Зуев Роман break", "employee Гость Олег available"]),
    ("status-imported-back", &["employee Мельник Дарья available", "employee Зуев Роман available", "employee Гость Олег available"]),
    (
        "status-not-imported-by-default",
        &["employee Мельник Дарья available", "employee Зуев Роман available", "employee Гость Олег available"],
    ),
    ("status-with-telephony-off", &["employee Мельник Дарья available", "employee Зуев Роман available", "employee Гость Олег available"]),
    ("task-at-zero-hours", &["task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 10:00"]),
    (
        "task-called-last",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 21 due 2026-11-24 11:01",
        ],
    ),
    ("task-closed-by-filtered-talk", &["task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00"]),
    (
        "task-closed-by-talk",
        &[
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00",
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 13:00",
        ],
    ),
    (
        "task-default",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:01",
        ],
    ),
    (
        "task-fixed",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 24 due 2026-11-24 11:01",
        ],
    ),
    ("task-left-open", &["task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00"]),
    (
        "task-manager",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 22 due 2026-11-24 11:01",
            "task Перезвонить: пропущенный звонок 79031234568 for 24 due 2026-11-24 12:00",
        ],
    ),
    ("task-none", &["customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail"]),
    (
        "task-not-once",
        &[
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00",
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 12:00",
        ],
    ),
    (
        "task-of-manager-who-left",
        &[
            "customer Пётр of 24 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00",
        ],
    ),
    (
        "task-on-stranger",
        &[
            "task Перезвонить: пропущенный звонок 79031234567 for 24 due 2026-11-24 11:00",
            "task Перезвонить: пропущенный звонок 79031234568 for 23 due 2026-11-24 12:00",
        ],
    ),
    ("task-once", &["task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00"]),
    ("task-only-incoming", &["task Перезвонить: пропущенный звонок 79031234567 for 23 due 2026-11-24 11:00"]),
    ("task-only-outgoing", &["task Перезвонить: не дозвонились до 79031234568 for 23 due 2026-11-24 12:00"]),
    (
        "task-own-names-and-hours",
        &["task Перезвонить на 79031234567 for 23 due 2026-11-24 12:00", "task Набрать 79031234568 ещё раз for 23 due 2026-11-24 16:00"],
    ),
    (
        "task-settings",
        &[
            "customer Пётр of 22 in main has +7 (903) 123-45-67 no e-mail",
            "task Перезвонить: пропущенный звонок 79031234567 for 24 due 2026-11-24 11:01",
        ],
    ),
    (
        "telephony-off",
        &[
            "calls 0",
            "popups 0",
            "dialled 0",
            "skipped click-to-call (+7 903 123-45-67): the section «Телефония» of the integration's settings is switched off",
        ],
    ),
    ("telephony-off-reported", &["calls 0", "popups 0", "dialled 0", "skipped nothing"]),
    ("telephony-on-with-empty-settings", &["calls 1", "popups 1", "dialled 79031234567 shows 74957770001", "skipped nothing"]),
];
