//! Settings of «Подключение текстовых коммуникаций»: one block for site requests, one for chats.

use serde::{Deserialize, Serialize};

use super::common::{ExtraFieldRow, First, Repeat, ResponsibleRule, rows_of};
use super::conditions::Conditions;
use crate::retailcrm::custom_fields::Entity;

/// The assignee of what is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextAssignee {
    /// Orders: the client's assignee.
    AsClient,
    /// Orders of known clients: the assignee of first appeals.
    AsFirst,
    /// The employee who accepted the chat or processed the request.
    Operator,
    /// The client's manager.
    Manager,
    /// By the rules of «Ответственные», else the default assignee.
    #[default]
    Settings,
    /// The default assignee of text communications.
    Default,
    /// Always the same user.
    Fixed,
}

/// The event of a chat at which something is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatEvent {
    /// The chat begins.
    Start,
    /// An employee accepts it.
    Accept,
    /// It is closed.
    #[default]
    Close,
    /// A tag is set.
    Tag,
}

/// The event of a chat at which an order is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderEvent {
    /// The client's event.
    #[default]
    AsClient,
    /// As [`ChatEvent::Start`].
    Start,
    /// As [`ChatEvent::Accept`].
    Accept,
    /// As [`ChatEvent::Close`].
    Close,
    /// As [`ChatEvent::Tag`].
    Tag,
}

/// How a chat ended without a talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsuccessful {
    /// Nobody accepted it.
    Lost,
    /// The visitor never wrote.
    Refused,
}

/// Which chats create a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskFor {
    /// As [`Unsuccessful::Lost`].
    Lost,
    /// As [`Unsuccessful::Refused`].
    Refused,
    /// Every chat.
    Any,
}

impl TaskFor {
    /// Whether a chat that ended so creates a task; `None`: it ended with a talk, or has not ended.
    pub fn includes(self, ended: Option<Unsuccessful>) -> bool {
        match self {
            TaskFor::Any => true,
            TaskFor::Lost => ended == Some(Unsuccessful::Lost),
            TaskFor::Refused => ended == Some(Unsuccessful::Refused),
        }
    }
}

/// A type of site requests that creates orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OrderType {
    /// UIS's name of the type: `Пользовательская`, `Стандартная`, `DataAPI`.
    #[serde(rename = "type")]
    pub request_type: String,
    /// The assignee of its orders, a user of RetailCRM; none: as for other orders.
    #[serde(default)]
    #[serde(rename = "responsible")]
    pub assignee: Option<i64>,
}

/// Where a transcript is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transcript {
    /// Nowhere.
    Nowhere,
    /// In a note on the customer.
    #[default]
    Note,
    /// In the order's comment; in a note if there is no order.
    Order,
}

/// A block of settings, for requests or chats. Requests do not use the fields that only chats have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TextSettings {
    /// «Передавать заявки», «Передавать чаты».
    pub send: bool,
    /// «Фильтрация заявок», «Фильтрация чатов».
    pub filter: Conditions,
    /// «Первичное обращение».
    pub first: First,
    /// «Для повторных обращений».
    pub repeat: Repeat,
    /// The hours of [`Repeat::AfterHours`].
    pub after_hours: u32,
    /// «Только для первичных обращений».
    pub only_first: bool,
    /// Requests: the types that create an order; empty: all.
    pub order_types: Vec<OrderType>,
    /// «Ответственный»: of the client, and of their order unless it has its own.
    #[serde(rename = "responsible")]
    pub assignee: TextAssignee,
    /// The user of [`TextAssignee::Fixed`].
    #[serde(rename = "responsible-user")]
    pub assignee_user: Option<i64>,
    /// «Ответственный за заказ».
    #[serde(rename = "order-responsible")]
    pub order_assignee: TextAssignee,
    /// The user of [`TextAssignee::Fixed`].
    pub order_user: Option<i64>,
    /// «Создавать заказ для повторных обращений на».
    #[serde(rename = "repeat-responsible")]
    pub repeat_assignee: TextAssignee,
    /// The user of [`TextAssignee::Fixed`].
    pub repeat_user: Option<i64>,
    /// «Создавать задачу».
    pub task: bool,
    /// «Ответственный за задачу».
    #[serde(rename = "task-responsible")]
    pub task_assignee: TextAssignee,
    /// The user of [`TextAssignee::Fixed`].
    pub task_user: Option<i64>,
    /// «Шаблон названия задачи».
    pub task_name: String,
    /// «Срок исполнения задачи, часов».
    pub task_due_hours: u32,
    /// «Шаблон имени клиента».
    pub client_name: String,
    /// «Шаблон комментария к заказу».
    pub order_comment: String,
    /// «Тип заказа»: a code.
    pub order_type: Option<String>,
    /// «Способ оформления»: a code; none: RetailCRM's built-in method for such appeals.
    pub order_method: Option<String>,
    /// «Статус заказа»: a code.
    pub order_status: Option<String>,
    /// «Передавать дополнительные поля».
    pub extra_fields: bool,
    /// The fields, and the templates of their values.
    pub field_rows: Vec<ExtraFieldRow>,
    /// «Ответственные»: «Основные условия».
    #[serde(rename = "responsibles")]
    pub rules: Vec<ResponsibleRule>,
    /// Chats: «Передавать чаты без контактных данных».
    pub without_contacts: bool,
    /// Chats: «Не передавать исходящие чаты».
    pub skip_outgoing: bool,
    /// Chats: the event at which a client is created.
    pub when: ChatEvent,
    /// The tags of [`ChatEvent::Tag`], ids.
    pub tags: Vec<String>,
    /// Chats: the event at which an order is created.
    pub order_when: OrderEvent,
    /// The tags of [`OrderEvent::Tag`], ids.
    pub order_tags: Vec<String>,
    /// Chats: which chats get a task.
    pub task_for: Vec<TaskFor>,
    /// Chats: «Сохранять переписку».
    pub transcript: Transcript,
}

impl TextSettings {
    /// The defaults of site requests.
    pub fn requests() -> TextSettings {
        TextSettings {
            send: false,
            filter: Vec::new(),
            first: First::ClientAndOrder,
            repeat: Repeat::NoOpen,
            after_hours: 24,
            only_first: false,
            order_types: Vec::new(),
            assignee: TextAssignee::default(),
            assignee_user: None,
            order_assignee: TextAssignee::AsClient,
            order_user: None,
            repeat_assignee: TextAssignee::AsFirst,
            repeat_user: None,
            task: false,
            task_assignee: TextAssignee::default(),
            task_user: None,
            task_name: "Ответить на заявку №{{communication_id}}".to_owned(),
            task_due_hours: 1,
            client_name: "{{visitor_name}}".to_owned(),
            order_comment: "Заявка №{{communication_id}} с сайта {{site_domain_name}}".to_owned(),
            order_type: None,
            order_method: None,
            order_status: None,
            extra_fields: false,
            field_rows: Vec::new(),
            rules: Vec::new(),
            without_contacts: false,
            skip_outgoing: false,
            when: ChatEvent::default(),
            tags: Vec::new(),
            order_when: OrderEvent::default(),
            order_tags: Vec::new(),
            task_for: vec![TaskFor::Lost],
            transcript: Transcript::default(),
        }
    }

    /// The defaults of chats.
    pub fn chats() -> TextSettings {
        TextSettings {
            assignee: TextAssignee::Operator,
            task_name: "Ответить на сообщение в чате №{{communication_id}}".to_owned(),
            order_comment: "Чат №{{communication_id}}, {{chat_channel_name}}".to_owned(),
            ..TextSettings::requests()
        }
    }

    /// The rows for an entity's fields; empty if extra fields are off.
    pub fn rows(&self, entity: Entity) -> Vec<ExtraFieldRow> {
        if self.extra_fields { rows_of(&self.field_rows, entity) } else { Vec::new() }
    }

    /// The event at which an order is created, and the tags of [`ChatEvent::Tag`].
    pub fn order_event(&self) -> (ChatEvent, &[String]) {
        match self.order_when {
            OrderEvent::AsClient => (self.when, &self.tags),
            OrderEvent::Start => (ChatEvent::Start, &[]),
            OrderEvent::Accept => (ChatEvent::Accept, &[]),
            OrderEvent::Close => (ChatEvent::Close, &[]),
            OrderEvent::Tag => (ChatEvent::Tag, &self.order_tags),
        }
    }
}

/// A shop's site: «Магазины», «Сопоставление сайтов с магазинами».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteDomain {
    /// The site's host in UIS, with the path if UIS tracks directories.
    pub domain: String,
    /// RetailCRM's code of the shop.
    pub site: String,
}
