//! What the owner of a UIS account enters under «Уведомления» so that the plugin receives its events: for each type of notification its
//! name there, the parameters to select, and the template of the body. A program prints these; a simulator of UIS renders them.
//!
//! UIS replaces `{{name}}` by the parameter's value as JSON and an absent one by `null`, so placeholders stand without quotes.

mod subscription;

pub use subscription::{Method, RouteRequest, Subscription, Subscriptions};

use super::MNEMONICS;

/// One type of notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTemplate {
    /// The type, one of [`MNEMONICS`].
    pub mnemonic: &'static str,
    /// The event's name in «Уведомления»; none where UIS has not published it.
    pub title: Option<&'static str>,
    /// When UIS sends it, in Russian.
    pub meaning_ru: &'static str,
    /// When UIS sends it, in English.
    pub meaning_en: &'static str,
    /// The parameters that identify the communication, with spaces between. A body without them cannot be read.
    pub required: &'static str,
    /// The parameters that UIS's own instructions select for this event, with spaces between.
    pub published: &'static str,
    /// Parameters that UIS has, without a published list for this event `[inferred]`. Whoever does not find one in the list of
    /// «Уведомления» leaves its line out; the plugin manages without.
    pub further: &'static str,
}

/// Parameters of every event of a call, and more.
macro_rules! call {
    ($more:literal) => {
        concat!(
            "notification_name notification_mnemonic notification_time call_session_id virtual_phone_number contact_phone_number ",
            $more
        )
    };
}

/// Parameters of every event of a chat, and more.
macro_rules! chat {
    ($more:literal) => {
        concat!(
            $more,
            " communication_id communication_number chat_channel_id chat_channel_type chat_channel_name chat_ad_url visitor_id",
            " visitor_name visitor_phone_number visitor_email chat_username initiator employee_id employee_full_name employee_email",
            " site_id site_domain_name campaign_id campaign_name source_name utm_source utm_medium utm_campaign utm_content utm_term",
            " tag_ids tag_names"
        )
    };
}

/// What is published for events of chats and site requests: only that the parameters of all notifications exist.
const ANY: &str = "notification_name notification_mnemonic notification_time";

/// Every type of notification that the host reads, in the order of a call, a chat and a site request.
pub const EVENT_TEMPLATES: [EventTemplate; MNEMONICS.len()] = [
    EventTemplate {
        mnemonic: "in_call_session",
        title: Some("Входящий звонок на виртуальный номер"),
        meaning_ru: "звонок пришёл на виртуальный номер, ни один телефон ещё не звонит",
        meaning_en: "a call has reached a virtual number, and no phone rings yet",
        required: "call_session_id",
        published: call!("scenario_name communication_number contact_id contact_full_name"),
        further: "start_time scenario_id is_internal visitor_id site_id site_domain_name advertising_campaign",
    },
    EventTemplate {
        mnemonic: "out_call",
        title: Some("Ожидание ответа"),
        meaning_ru: "у сотрудника звонит телефон",
        meaning_en: "an employee's phone rings",
        required: "call_session_id",
        published: call!("external_id contact_id employee_full_name employee_id call_source direction leg_id"),
        further: "contact_full_name employee_email extension_phone_number is_internal is_transfer start_time scenario_name \
            scenario_id site_id site_domain_name advertising_campaign",
    },
    EventTemplate {
        mnemonic: "out_call_session",
        title: Some("Исходящий звонок"),
        meaning_ru: "сотрудник начал исходящий звонок",
        meaning_en: "an employee has started a call",
        required: "call_session_id",
        published: call!("contact_id contact_full_name employee_full_name employee_id employee_phone_number"),
        further: "external_id call_source employee_email extension_phone_number is_internal start_time",
    },
    EventTemplate {
        mnemonic: "call_connected",
        title: Some("Начало разговора"),
        meaning_ru: "собеседники соединены",
        meaning_en: "both sides are connected",
        required: "call_session_id",
        published: call!("external_id contact_id employee_full_name employee_id call_source direction leg_ids"),
        further: "contact_full_name employee_email extension_phone_number is_internal is_transfer start_time scenario_name \
            scenario_id visitor_id site_id site_domain_name advertising_campaign tag_ids tag_names",
    },
    EventTemplate {
        mnemonic: "talk_finished",
        title: Some("Окончание разговора"),
        meaning_ru: "разговор с сотрудником закончился; после перевода звонок может продолжаться",
        meaning_en: "the talk with an employee has ended; after a transfer the call may go on",
        required: "call_session_id",
        published: call!(
            "external_id communication_number employee_full_name employee_id call_source direction scenario_name \
            talk_time_duration leg_ids"
        ),
        further: "leg_id employee_email extension_phone_number is_internal is_transfer",
    },
    EventTemplate {
        mnemonic: "call_session_finished",
        title: Some("Завершение звонка"),
        meaning_ru: "звонок завершён",
        meaning_en: "the call has ended",
        required: "call_session_id",
        published: call!(
            "external_id communication_number employee_full_name employee_id call_source direction scenario_name \
            talk_time_duration total_time_duration wait_time_duration tag_names"
        ),
        further: "tag_ids start_time finish_time is_lost lost_reason is_internal is_transfer last_talked_employee_id \
            employee_ids employee_email extension_phone_number record_file_links contact_id contact_full_name scenario_id \
            visitor_id site_id site_domain_name advertising_campaign campaign_id campaign_name source_name search_query \
            search_engine utm_source utm_medium utm_campaign utm_content utm_term",
    },
    EventTemplate {
        mnemonic: "lost_call_session",
        title: Some("Потерянный звонок"),
        meaning_ru: "звонок завершён без разговора",
        meaning_en: "the call has ended without a talk",
        required: "call_session_id",
        published: call!("scenario_name wait_time_duration employee_ids communication_number contact_id contact_full_name"),
        further: "direction start_time finish_time lost_reason is_internal scenario_id visitor_id site_id site_domain_name \
            advertising_campaign campaign_id campaign_name source_name tag_ids tag_names",
    },
    EventTemplate {
        mnemonic: "record_ready",
        title: Some("Записанный разговор"),
        meaning_ru: "готова запись разговора",
        meaning_en: "the recording of a talk is ready",
        required: "call_session_id",
        published: call!(
            "scenario_name communication_number contact_id contact_full_name employee_full_name employee_id file_link \
            file_duration tag_ids tag_names"
        ),
        further: "direction external_id employee_email extension_phone_number record_file_links",
    },
    EventTemplate {
        mnemonic: "set_mark",
        title: Some("Проставление тега"),
        meaning_ru: "обращению проставлен тег",
        meaning_en: "a tag was set on a communication",
        required: "communication_id",
        published: ANY,
        further: "communication_id communication_type call_session_id chat_id contact_phone_number visitor_phone_number tag_ids tag_names",
    },
    EventTemplate {
        mnemonic: "chat_started",
        title: None,
        meaning_ru: "начался чат, его ещё никто не принял",
        meaning_en: "a chat has begun, and nobody has accepted it yet",
        required: "chat_id",
        published: ANY,
        further: chat!("chat_id"),
    },
    EventTemplate {
        mnemonic: "chat_accepted",
        title: None,
        meaning_ru: "сотрудник принял чат",
        meaning_en: "an employee has accepted a chat",
        required: "chat_id",
        published: ANY,
        further: chat!("chat_id"),
    },
    EventTemplate {
        mnemonic: "chat_message",
        title: None,
        meaning_ru: "в чате новое сообщение",
        meaning_en: "a new message in a chat",
        required: "chat_id message_id",
        published: ANY,
        further: chat!("chat_id message_id source text resource"),
    },
    EventTemplate {
        mnemonic: "unanswered_chats",
        title: Some("Неотвеченное сообщение"),
        meaning_ru: "сообщение в чате долго остаётся без ответа",
        meaning_en: "a message in a chat has long been without an answer",
        required: "chat_id",
        published: ANY,
        further: chat!("chat_id text"),
    },
    EventTemplate {
        mnemonic: "chat_finished",
        title: None,
        meaning_ru: "чат закрыт",
        meaning_en: "a chat is closed",
        required: "chat_id",
        published: ANY,
        further: chat!("chat_id status release_cause"),
    },
    EventTemplate {
        mnemonic: "offline_message",
        title: None,
        meaning_ru: "пришла заявка",
        meaning_en: "a site request has arrived",
        required: "communication_id",
        published: ANY,
        further: "communication_id communication_type communication_number text form_name form_type visitor_id visitor_name \
            visitor_phone_number visitor_email visitor_contact_info site_id site_domain_name page_url campaign_id \
            campaign_name source_name search_query utm_source utm_medium utm_campaign utm_content utm_term employee_id \
            employee_full_name tag_ids tag_names",
    },
];

/// What the scenario's routing request selects, as UIS documents it.
pub const ROUTE_PARAMETERS: [&str; 5] = ["cdr_id", "start_time", "input_result", "numa", "numb"];

impl EventTemplate {
    /// The template of a type of notification, one of [`MNEMONICS`].
    pub fn of(mnemonic: &str) -> Option<&'static EventTemplate> {
        EVENT_TEMPLATES.iter().find(|template| template.mnemonic == mnemonic)
    }

    /// The parameters of the body, in its order, each once.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.published.split_ascii_whitespace().chain(self.further.split_ascii_whitespace())
    }

    /// The body for a POST: a JSON object with a line for each parameter, so that a line can be left out.
    pub fn body(&self) -> String {
        let lines: Vec<String> = self.parameters().map(|name| format!("  \"{name}\": {{{{{name}}}}}")).collect();
        format!("{{\n{}\n}}", lines.join(",\n"))
    }
}

#[cfg(test)]
mod tests;
