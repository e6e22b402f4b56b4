//! The description of a story, as a file of a scripted day and the control of the running simulator take it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A customer calls and an employee answers.
    #[default]
    Answered,
    /// A customer calls and nobody answers.
    Missed,
    /// A customer calls, an employee answers and transfers the call to a second one.
    Transfer,
    /// An employee calls a customer, who answers.
    Outgoing,
    /// An employee calls a customer, who does not answer.
    Unanswered,
    /// The call of a clicked number, which carries the `external-id` that UIS was given.
    Click,
    /// A visitor writes, an employee answers, the chat is closed.
    Chat,
    /// A visitor writes and nobody answers.
    LostChat,
    /// A visitor sends a form.
    SiteRequest,
    /// A tag is set on a communication.
    Tag,
}

impl Kind {
    /// Every kind, by its name.
    pub const ALL: [(&'static str, Kind); 10] = [
        ("answered", Kind::Answered),
        ("missed", Kind::Missed),
        ("transfer", Kind::Transfer),
        ("outgoing", Kind::Outgoing),
        ("unanswered", Kind::Unanswered),
        ("click", Kind::Click),
        ("chat", Kind::Chat),
        ("lost-chat", Kind::LostChat),
        ("site-request", Kind::SiteRequest),
        ("tag", Kind::Tag),
    ];

    /// Whether the story is a call.
    pub fn is_call(self) -> bool {
        matches!(self, Kind::Answered | Kind::Missed | Kind::Transfer | Kind::Outgoing | Kind::Unanswered | Kind::Click)
    }

    /// The kind with a name. The error lists the known ones.
    pub fn of(name: &str) -> Result<Kind, String> {
        let found = Kind::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
            format!("there is no story {name:?}; known: {}", known.join(", "))
        })
    }
}

/// Who wrote a line of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The employee.
    Operator,
    /// A bot.
    Chatbot,
    /// UIS.
    System,
}

impl Speaker {
    /// The Data API's word.
    pub fn word(self) -> &'static str {
        match self {
            Speaker::Visitor => "visitor",
            Speaker::Operator => "operator",
            Speaker::Chatbot => "chatbot",
            Speaker::System => "system",
        }
    }
}

/// A line of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Who wrote it.
    pub from: Speaker,
    /// What they wrote.
    pub text: String,
}

/// A story. Members that are absent are filled in from the account, or have the defaults below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Story {
    /// What happens.
    pub story: Kind,
    /// The customer's number as UIS writes it, `79161234567`; for a chat or site request as the visitor types it. Empty: an anonymous
    /// caller, or a visitor who gives none. Absent: a made-up number.
    pub phone: Option<String>,
    /// The customer's name.
    pub name: Option<String>,
    /// The visitor's e-mail address.
    pub email: Option<String>,
    /// The visitor's nickname in a messenger.
    pub nick: Option<String>,
    /// The virtual number; absent: the account's first.
    pub virtual_number: Option<String>,
    /// The employee's id; absent: the account's first.
    pub employee: Option<i64>,
    /// The employee who gets a transferred call, or whose phone rings second in a missed one.
    pub second_employee: Option<i64>,
    /// How long a phone rings, in seconds.
    pub ring: u32,
    /// How long the employee talks, in seconds.
    pub talk: u32,
    /// How long the second employee talks after a transfer, in seconds.
    pub second_talk: u32,
    /// How long after the end of a call its recordings are ready, in seconds; 0: the call is not recorded.
    pub recording_after: u32,
    /// The id that the Call API was given.
    pub external_id: Option<String>,
    /// UIS's id of the call; absent: a new one.
    pub call_session_id: Option<i64>,
    /// The scenario's name; absent: the account's first, if it has one.
    pub scenario: Option<String>,
    /// The chat channel's id; absent: the account's first.
    pub channel: Option<i64>,
    /// The site's id; absent: the account's first.
    pub site: Option<i64>,
    /// The lines of a chat; absent: a short talk.
    pub lines: Vec<Line>,
    /// What a visitor wrote in a form.
    pub text: Option<String>,
    /// The form's name.
    pub form: Option<String>,
    /// The tag, by its id or name in the account, or a name that the account does not have.
    pub tag: Option<String>,
    /// The communication that gets the tag.
    pub communication: Option<i64>,
    /// The communication's type: `call`, `chat`, `offline_message`.
    pub communication_type: Option<String>,
    /// Further parameters of every event and row, such as `utm_source`; one that is known above replaces it.
    pub parameters: Map<String, Value>,
}

impl Default for Story {
    fn default() -> Self {
        Story {
            story: Kind::default(),
            phone: None,
            name: None,
            email: None,
            nick: None,
            virtual_number: None,
            employee: None,
            second_employee: None,
            ring: 4,
            talk: 8,
            second_talk: 6,
            recording_after: 5,
            external_id: None,
            call_session_id: None,
            scenario: None,
            channel: None,
            site: None,
            lines: Vec::new(),
            text: None,
            form: None,
            tag: None,
            communication: None,
            communication_type: None,
            parameters: Map::new(),
        }
    }
}

impl Story {
    /// A story of a kind with everything else from the account.
    pub fn of(kind: Kind) -> Story {
        Story { story: kind, ..Story::default() }
    }

    /// Reads a story. The error names the member.
    pub fn read(value: &Value) -> Result<Story, String> {
        serde_path_to_error::deserialize(value).map_err(|error| match error.path().to_string().as_str() {
            "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })
    }
}
