//! The table of `texts.rs`: what must be in RetailCRM after each recording of `recordings/text/`.

/// A customer whose name is cut to RetailCRM's limit of 255 characters.
const LONG_NAME: &str = "customer ЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙЙ of 7 in main has 79160000003 no e-mail";

/// Each recording with the lines that must be in RetailCRM afterwards: customers, orders, tasks and notes.
pub const CRM_AFTER: &[(&str, &[&str])] = &[
    ("chat-accepted", &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "note Чат №601 (Телеграм) on 17"]),
    ("chat-channels", &["customer petr_s of 6 in main has 79160000002 no e-mail", "note Чат №602 (Телеграм) on 1"]),
    (
        "chat-contact-late",
        &["customer +79161234567 of 7 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 7 in main"],
    ),
    (
        "chat-contact-reported",
        &[
            "customer +79161234567 of 5 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 5 in main",
            "note Чат №601 (Сайт) on 1",
        ],
    ),
    (
        "chat-closed",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "note Чат №601 (Сайт) on 1",
            "note Чат №602 (Сайт) on 1",
        ],
    ),
    (
        "chat-contact-after-end",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by messenger of 6 in main",
            "note Чат №601 (Телеграм) on 1",
            "note Чат №601, часть 2 (Телеграм) on 1",
        ],
    ),
    (
        "chat-started",
        &[
            "customer +79161234567 of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by messenger of 6 in main",
            "note Чат №601 (чат) on 1",
        ],
    ),
    ("chat-joined-before-end", &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru"]),
    (
        "chat-lost",
        &[
            "customer petr_s of 7 in main has 79161234567 no e-mail",
            "customer petr_s of 7 in main has 79160000002 no e-mail",
            "task Ответить на сообщение в чате №5601 for 7 due 2026-11-23 11:00",
            "note Чат №601 (Сайт) on 1",
            "note Чат №602 (Сайт) on 2",
        ],
    ),
    (
        "chat-note-answer-lost",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "note Чат №601 (Сайт) on 1",
        ],
    ),
    (
        "chat-note-committed-late",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "note Чат №601 (Сайт) on 1",
        ],
    ),
    ("chat-off", &[]),
    ("chat-refused", &["task Ответить на сообщение в чате №5601 for 7 due 2026-11-23 11:00"]),
    (
        "chat-talk-after-end",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by messenger of 6 in main",
            "note Чат №601 (Телеграм) on 1",
        ],
    ),
    (
        "chat-talk-of-joined",
        &[
            "customer Пётр of 7 in main has +7 (916) 123-45-67 petr@example.ru",
            "order uis-chat-601 for 17 by live-chat of 7 in main",
            "order uis-chat-602 for 17 by live-chat of 7 in main",
            "note Чат №601 (Сайт) on 17",
            "note Чат №602 (Сайт) on 17",
        ],
    ),
    (
        "chat-transcript-nowhere",
        &["customer petr_s of 6 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 6 in main"],
    ),
    (
        "chat-transcript-order",
        &["customer petr_s of 6 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 6 in main"],
    ),
    (
        "chat-without-contact-wanted",
        &[
            "customer petr_s of 6 in main has  no e-mail",
            "order uis-chat-601 for 1 by messenger of 6 in main",
            "order uis-chat-602 for 1 by messenger of 6 in main",
            "note Чат №601 (Телеграм) on 1",
            "note Чат №602 (Телеграм) on 1",
        ],
    ),
    ("chat-without-contact", &[]),
    (
        "request-client-and-order",
        &[
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
            "order uis-request-501 for 1 by landing-page of 7 in main",
        ],
    ),
    (
        "request-behind-a-page",
        &["customer Лидия of 13 in main has 79215550605 no e-mail", "order uis-request-8101 for 1 by landing-page of 13 in main"],
    ),
    (
        "request-client",
        &["customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru", "note Заявка №501 (2026-11-23 10:00:00) on 1"],
    ),
    (
        "request-crm-down",
        &[
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
            "order uis-request-501 for 1 by landing-page of 7 in main",
        ],
    ),
    (
        "request-fields-off",
        &[
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
            "order uis-request-501 for 1 by landing-page of 7 in main",
        ],
    ),
    (
        "request-fields-swapped",
        &[
            "customer Пётр of 7 in main has 79161234567 petr@example.ru",
            "customer Вера of 7 in main has 79160000002 vera@example.ru",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 11:00:00) on 2",
        ],
    ),
    (
        "request-fields",
        &[
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
            "order uis-request-501 for 1 by landing-page of 7 in main",
        ],
    ),
    (
        "request-joined-with-known",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
            "note Заявка №502 (2026-11-23 11:00:00) on 17",
        ],
    ),
    (
        "request-joined",
        &[
            "customer Пётр of 7 in main has 79161234567 petr@example.ru",
            "note Заявка №501 (2026-11-23 10:00:00) on 1",
            "note Заявка №502 (2026-11-23 11:00:00) on 1",
        ],
    ),
    (
        "request-not-joined",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
            "customer Пётр of 7 in main has  petr@example.ru",
            "note Заявка №501 (2026-11-23 10:00:00) on 18",
            "note Заявка №502 (2026-11-23 11:00:00) on 17",
        ],
    ),
    ("request-off", &[]),
    (
        "request-only-first",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
            "order uis-request-502 for 18 by landing-page of 7 in main",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-repeat-after-hours",
        &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru", "order uis-request-501 for 17 by landing-page of 7 in main"],
    ),
    (
        "request-repeat-always",
        &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru", "order uis-request-501 for 17 by landing-page of 7 in main"],
    ),
    (
        "request-repeat-no-open",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru",
            "order uis-request-501 for 17 by landing-page of 7 in main",
            "note Заявка №502 (2026-11-23 11:00:00) on 17",
        ],
    ),
    (
        "request-repeat-nothing",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru",
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
            "order uis-request-502 for 18 by landing-page of 7 in main",
            "note Заявка №501 (2026-11-23 10:00:00) on 17",
        ],
    ),
    (
        "request-repeat-open",
        &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru", "note Заявка №501 (2026-11-23 10:00:00) on 17"],
    ),
    (
        "request-repeat-too-soon",
        &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru", "note Заявка №501 (2026-11-23 10:00:00) on 17"],
    ),
    (
        "request-responsible",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru",
            "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
            "order uis-request-501 for 17 by landing-page of 6 in main",
            "order uis-request-502 for 18 by landing-page of 7 in main",
        ],
    ),
    (
        "request-shop",
        &[
            "customer Пётр ‹b›Сидоров‹/b› of 7 in omsk has 79161234567 petr@example.ru",
            "customer Вера of 7 in tomsk has 79160000002 no e-mail",
            "customer Глеб of 7 in main has 79160000003 no e-mail",
            "order uis-request-501 for 1 by landing-page of 7 in omsk",
            "order uis-request-502 for 2 by landing-page of 7 in tomsk",
            "order uis-request-503 for 3 by landing-page of 7 in main",
        ],
    ),
    ("request-task-only", &["task Ответить на заявку №501 for 7 due 2026-11-23 11:00"]),
    (
        "request-task",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru",
            "order uis-request-501 for 17 by landing-page of 7 in main",
            "task Ответить Пётр ‹b›Сидоров‹/b› на «Обратный звонок» №501 for 6 due 2026-11-23 13:00",
        ],
    ),
    ("request-without-contact", &["task Ответить на заявку №501 for 7 due 2026-11-23 11:00"]),
    (
        "chat-avito",
        &[
            "customer petr_s of 6 in main has  no e-mail",
            "order uis-chat-601 for 1 by messenger of 6 in main",
            "note Чат №601 (Авито) on 1",
        ],
    ),
    (
        "chat-fields",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "order uis-chat-602 for 1 by messenger of 6 in main",
        ],
    ),
    (
        "chat-names-of-all-kinds",
        &[
            "customer 👩‍🚀 Оля 🚀 of 7 in main has 79160000000 no e-mail",
            "customer محمد of 7 in main has 79160000001 no e-mail",
            "customer evilgnp.exe of 7 in main has 79160000002 no e-mail",
            LONG_NAME,
        ],
    ),
    (
        "chat-not-told",
        &[
            "customer Пётр of 6 in main has 79161234567 no e-mail",
            "customer +79160000002 of 7 in main has 79160000002 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "order uis-chat-602 for 2 by live-chat of 7 in main",
            "note Чат №601 (Сайт) on 1",
        ],
    ),
    (
        "chat-responsible-default",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
            "customer Вера of 7 in main has 79160000002 no e-mail",
            "order uis-chat-601 for 17 by live-chat of 7 in main",
            "order uis-chat-602 for 18 by live-chat of 7 in main",
        ],
    ),
    (
        "chat-responsible-fixed",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
            "customer Вера of 5 in main has 79160000002 no e-mail",
            "order uis-chat-601 for 17 by live-chat of 5 in main",
            "order uis-chat-602 for 18 by live-chat of 5 in main",
        ],
    ),
    (
        "chat-responsible-manager",
        &[
            "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
            "customer Вера of 7 in main has 79160000002 no e-mail",
            "order uis-chat-601 for 17 by live-chat of 6 in main",
            "order uis-chat-602 for 18 by live-chat of 7 in main",
        ],
    ),
    (
        "chat-several-a-day",
        &[
            "customer petr_s of 6 in main has 79161234567 no e-mail",
            "order uis-chat-601 for 1 by live-chat of 6 in main",
            "note Чат №601 (Сайт) on 1",
            "note Чат №602 (Сайт) on 1",
            "note Чат №603 (Сайт) on 1",
        ],
    ),
    ("chat-task-only", &["task Ответить на сообщение в чате №5601 for 6 due 2026-11-23 11:05"]),
    (
        "report-hours-late",
        &[
            "customer Павел Тур of 32 in main has 79081111002 no e-mail",
            "customer Марина Ковтун of 39 in main has 79081111001 no e-mail",
            "note Заявка №231 (2027-04-14 10:00:00) on 2",
        ],
    ),
    (
        "request-not-told",
        &[
            "customer Пётр of 7 in main has 79161234567 petr@example.ru",
            "customer Вера of 7 in main has 79160000002 no e-mail",
            "order uis-request-501 for 1 by landing-page of 7 in main",
            "order uis-request-502 for 2 by landing-page of 7 in main",
        ],
    ),
    (
        "request-templates",
        &[
            "customer Пётр (yandex) of 7 in main has 79161234567 no e-mail",
            "order uis-request-501 for 1 by landing-page of 7 in main",
            "task Заявка №1: Перезвоните мне for 7 due 2026-11-23 14:00",
        ],
    ),
    (
        "request-words-kept",
        &[
            "customer Вадим of null in main has 79215550621 no e-mail",
            "customer Галина of 13 in main has 79215550622 no e-mail",
            "order uis-request-8203 for 8 by landing-page of 13 in main",
            "note Заявка №8201 (2026-12-02 10:00:00) on 7",
            "note Заявка №8202 (2026-12-02 10:10:00) on 7",
            "note Заявка №8202, часть 2 on 7",
            "note Заявка №8203 (2026-12-02 10:20:00) on 8",
        ],
    ),
    (
        "request-words-of-nobody",
        &[
            "customer Вадим of null in main has 79215550621 no e-mail",
            "order uis-request-8213 for 7 by landing-page of 13 in main",
            "note Заявка №8214 (2026-12-02 10:30:00) on 7",
        ],
    ),
    ("chat-words-kept", &["customer Вадим of null in main has 79215550621 no e-mail", "note Чат №701 (Сайт) on 7"]),
    (
        "chat-long-talk",
        &[
            "customer Захар of 13 in main has 79215550625 no e-mail",
            "order uis-chat-711 for 1 by live-chat of 13 in main",
            "note Чат №711, часть 2 (Сайт) on 1",
            "note Чат №711, часть 3 (Сайт) on 1",
            "note Чат №711, часть 4 (Сайт) on 1",
        ],
    ),
    (
        "chat-transcript-added",
        &[
            "customer Инна of 11 in main has 79215550626 no e-mail",
            "customer Олег of 11 in main has 79215550627 no e-mail",
            "customer Юлия of 11 in main has 79215550628 no e-mail",
            "order uis-chat-721 for 1 by live-chat of 11 in main",
            "order uis-chat-722 for 2 by live-chat of 11 in main",
            "order uis-chat-723 for 3 by live-chat of 11 in main",
        ],
    ),
    ("workplace-comes-and-goes", &[]),
    ("workplace-connected", &[]),
    ("workplace-not-connected", &[]),
    (
        "refused-until-settings-change",
        &[
            "customer Аркадий of 13 in main has 79215550631 no e-mail",
            "customer Рената of 13 in main has 79215550632 no e-mail",
            "order uis-chat-731 for 1 by live-chat of 13 in main",
            "order uis-request-8231 for 2 by landing-page of 13 in main",
            "note Чат №731 (Сайт) on 1",
            "note Заявка №8231 (2026-12-03 10:10:00) on 2",
        ],
    ),
    (
        "request-refused-twice-over",
        &["customer Глафира of 13 in main has 79215550641 no e-mail", "note Заявка №8241 (2026-12-03 10:00:00) on 1"],
    ),
    (
        "request-refusal-outlives-a-busy-crm",
        &["customer Иннокентий of null in main has 79215550651 no e-mail", "order uis-request-8251 for 1 by landing-page of 13 in main"],
    ),
    (
        "chat-fields-filled-by-people",
        &[
            "customer Серафима of 11 in main has 79215550661 no e-mail",
            "order uis-chat-741 for 1 by live-chat of 11 in main",
            "note Чат №741 (Сайт) on 1",
            "note Чат №742 (Сайт) on 1",
        ],
    ),
    (
        "tags-too-many",
        &[
            "customer Фаина of 13 in main has 79215550681 no e-mail",
            "customer Ермолай of 13 in main has 79215550682 no e-mail",
            "order uis-request-8261 for 1 by landing-page of 13 in main",
            "order uis-chat-751 for 2 by live-chat of 13 in main",
            "task Теги Тег номер 1 длинный, Тег номер 2 длинный, Тег номер 3 длинный, Тег номер 4 длинный, Тег номер 5 длинный, Тег номер 6 длинный, Тег номер 7 длинный, Тег номер 8 длинный, Тег номер 9 длинный, Тег номер 10 длинный, Тег номер 11 длинный for 13 due 2026-12-03 12:05",
            "note Чат №751 (Сайт) on 2",
        ],
    ),
    (
        "two-integrations",
        &[
            "customer Лукерья of 13 in main has 79215550691 no e-mail",
            "customer Устинья of 13 in main has 79215550693 no e-mail",
            "customer Поликарп of 13 in main has 79215550692 no e-mail",
            "customer Кузьма of 13 in main has 79215550694 no e-mail",
            "order uis-request-8271 for 1 by landing-page of 13 in main",
            "order uis-chat-761 for 2 by live-chat of 13 in main",
            "order uis-request-8272 for 1 by landing-page of 13 in main",
            "order uis-chat-762 for 2 by messenger of 13 in main",
            "note Чат №761 (Сайт) on 2",
            "note Чат №762 (Телеграм) on 2",
        ],
    ),
    (
        "chat-words-after-end",
        &[
            "customer Пелагея of 13 in main has 79215550701 no e-mail",
            "order uis-chat-771 for 1 by live-chat of 13 in main",
            "note Чат №771 (Сайт) on 1",
            "note Чат №771, часть 2 (Сайт) on 1",
            "note Чат №771, часть 3 (Сайт) on 1",
        ],
    ),
];
