//! A call's parameters for templates and extra fields, under UIS's names.

use crate::appeal::EventParameters;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::telephony::story::Story;
use crate::telephony::verdict;

/// The parameters of one call.
pub struct Parameters<'a> {
    session: i64,
    story: &'a Story,
    began: String,
    ended: Option<String>,
}

impl<'a> Parameters<'a> {
    /// The parameters of a call as far as it is known.
    pub fn of(context: &Context<'_>, session: i64, story: &'a Story) -> Result<Parameters<'a>, Failure> {
        let ended = story.end.as_ref().map(|end| context.crm_date_time(end.at)).transpose()?;
        Ok(Parameters { session, story, began: context.crm_date_time(story.began())?, ended })
    }
}

impl EventParameters for Parameters<'_> {
    fn raw(&self, name: &str) -> Option<String> {
        let story = self.story;
        let value = match name {
            "contact_phone_number" | "visitor_phone_number" | "calling_phone_number" => story.phone.clone(),
            "virtual_phone_number" | "called_phone_number" => story.virtual_number.clone(),
            "call_session_id" | "communication_id" => Some(self.session.to_string()),
            "start_time" => Some(self.began.clone()),
            "finish_time" | "finish_time_localized" => self.ended.clone(),
            "wait_time_duration" => verdict::wait_seconds(story).map(|seconds| seconds.to_string()),
            "talk_time_duration" => story.end.as_ref().map(|_| verdict::talk_seconds(story).to_string()),
            other => story.parameters.get(other).cloned(),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    fn all(&self) -> Vec<(String, String)> {
        let own = [
            "contact_phone_number",
            "virtual_phone_number",
            "call_session_id",
            "start_time",
            "finish_time",
            "wait_time_duration",
            "talk_time_duration",
        ];
        let own = own.into_iter().filter_map(|name| Some((name.to_owned(), self.raw(name)?)));
        own.chain(self.story.parameters.clone()).collect()
    }
}
