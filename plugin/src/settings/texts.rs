//! Settings of «Подключение текстовых коммуникаций»: one block for site requests, one for chats.

use serde::{Deserialize, Serialize};

use crate::retailcrm::custom_fields::Entity;
use crate::settings::{ExtraFieldRow, Repeat};

/// What an appeal creates («Метод передачи»).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A customer and an order.
    #[default]
    ClientAndOrder,
    /// A customer.
    Client,
    /// Only a task.
    Task,
}

/// When an existing customer gets another order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepeatAppeal {
    /// Never.
    Nothing,
    /// With every appeal.
    Always,
    /// Only if the customer has no open order.
    #[default]
    NoOpen,
    /// Only if the customer has no open order, and some hours after their last order was closed.
    AfterHours,
}

impl RepeatAppeal {
    /// The rule for orders; none: no order.
    pub fn order(self) -> Option<Repeat> {
        match self {
            RepeatAppeal::Nothing => None,
            RepeatAppeal::Always => Some(Repeat::Always),
            RepeatAppeal::NoOpen => Some(Repeat::NoOpen),
            RepeatAppeal::AfterHours => Some(Repeat::AfterHours),
        }
    }
}

/// The assignee of what is created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextAssignee {
    /// The employee who accepted the chat or processed the request.
    Operator,
    /// The customer's manager.
    Manager,
    /// The default assignee of text communications.
    #[default]
    Default,
    /// Always the same user.
    Fixed,
}

/// When a chat is sent to RetailCRM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// When an employee accepts it.
    Accept,
    /// When it is closed.
    #[default]
    Close,
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

/// A row of «Передавать дополнительные поля».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EntityFieldRow {
    /// The entity whose field it is.
    #[serde(default)]
    pub entity: Entity,
    /// The field's code in RetailCRM.
    pub field: String,
    /// A template of UIS's parameters.
    pub value: String,
    /// «Обновлять всегда»: also for existing customers.
    #[serde(default)]
    pub always: bool,
}

/// A block of settings, for requests or chats. Requests do not use the fields that only chats have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TextSettings {
    /// «Передавать заявки», «Передавать чаты».
    pub send: bool,
    /// «Метод передачи».
    pub method: Method,
    /// «Только для первичных обращений».
    pub only_first: bool,
    /// «Повторное обращение».
    pub repeat: RepeatAppeal,
    /// The hours of [`RepeatAppeal::AfterHours`].
    pub after_hours: u32,
    /// «Ответственный».
    #[serde(rename = "responsible")]
    pub assignee: TextAssignee,
    /// The user of [`TextAssignee::Fixed`].
    #[serde(rename = "responsible-user")]
    pub assignee_user: Option<i64>,
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
    pub field_rows: Vec<EntityFieldRow>,
    /// Chats: «Каналы»; empty: all channels.
    pub channels: Vec<i64>,
    /// Chats: «Передавать чаты без контактов».
    pub without_contacts: bool,
    /// Chats: «Когда передавать».
    pub when: When,
    /// Chats: which unsuccessful chats get a task.
    pub task_for: Vec<Unsuccessful>,
    /// Chats: «Сохранять переписку».
    pub transcript: Transcript,
}

impl TextSettings {
    /// The defaults of site requests.
    pub fn requests() -> TextSettings {
        TextSettings {
            send: false,
            method: Method::default(),
            only_first: false,
            repeat: RepeatAppeal::default(),
            after_hours: 24,
            assignee: TextAssignee::default(),
            assignee_user: None,
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
            channels: Vec::new(),
            without_contacts: false,
            when: When::default(),
            task_for: vec![Unsuccessful::Lost],
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
        let rows = self.field_rows.iter().filter(|row| self.extra_fields && row.entity == entity);
        rows.map(|row| ExtraFieldRow { field: row.field.clone(), value: row.value.clone(), always: row.always }).collect()
    }
}

/// A shop's site: «Магазины сайтов».
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteDomain {
    /// The site's domain in UIS.
    pub domain: String,
    /// RetailCRM's code of the shop.
    pub site: String,
}
