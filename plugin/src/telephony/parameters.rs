//! What a call tells that templates and extra fields may ask for, by UIS's names.

use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::telephony::{Campaign, Source, WebAnalytics};
use crate::telephony::story::Story;
use crate::telephony::verdict;
use crate::template;
use crate::time;

/// RetailCRM's longest member of a source, in characters [inferred].
const SOURCE_MAX: usize = 255;

/// The first of these that the call tells, as one line.
fn told(platform: &dyn Platform, story: &Story, names: &[&str]) -> Option<String> {
    let (name, value) = names.iter().find_map(|name| Some((name, story.parameters.get(*name)?)))?;
    Some(template::fit(platform, name, value, SOURCE_MAX)).filter(|value| !value.is_empty())
}

/// Where the caller came from, as far as his call tells: its UTM marks, and the campaign that UIS knows him by. A call that was dialled by
/// a click in RetailCRM came from there.
pub fn source(platform: &dyn Platform, story: &Story) -> Option<Source> {
    let told = |names: &[&str]| told(platform, story, names);
    let source = Source {
        source: story.clicked_by.map(|_| "retailcrm".to_owned()).or_else(|| told(&["utm_source"])),
        medium: told(&["utm_medium"]),
        campaign: told(&["utm_campaign", "campaign_name", "advertising_campaign"]),
        keyword: told(&["utm_term", "search_query"]),
        content: told(&["utm_content"]),
    };
    (source != Source::default()).then_some(source)
}

/// Marks that advertising systems put on links, as far as a call tells them.
const MARKS: [&str; 8] = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gclid", "yclid", "_openstat"];

/// What call tracking knows of the caller, for the pop-up.
pub fn web_analytics(platform: &dyn Platform, story: &Story) -> Option<WebAnalytics> {
    let told = |names: &[&str]| told(platform, story, names);
    let marks = MARKS.iter().filter_map(|name| Some((*name, story.parameters.get(*name)?.trim())));
    let query_string = form_urlencoded::Serializer::new(String::new()).extend_pairs(marks).finish();
    let campaign = told(&["campaign_name", "advertising_campaign", "utm_campaign"])
        .map(|name| Campaign { code: told(&["campaign_id", "utm_campaign"]).unwrap_or_else(|| name.clone()), name });
    (campaign.is_some() || !query_string.is_empty()).then_some(WebAnalytics { campaign, query_string })
}

/// The parameters of one call.
pub struct Parameters<'a> {
    session: i64,
    story: &'a Story,
    began: String,
    ended: Option<String>,
}

impl<'a> Parameters<'a> {
    /// Of a call as far as it is known.
    pub fn of(platform: &dyn Platform, session: i64, story: &'a Story) -> Result<Parameters<'a>, Failure> {
        let ended = story.end.as_ref().map(|end| time::crm_date_time(platform, end.at)).transpose()?;
        Ok(Parameters { session, story, began: time::crm_date_time(platform, story.began())?, ended })
    }

    /// A parameter's value as people read it: a list without its brackets; none when the call does not tell it.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        let list: Option<Vec<String>> = crate::json::read(value.as_bytes()).ok();
        Some(list.map_or(value, |list| list.join(", "))).filter(|value| !value.trim().is_empty())
    }

    /// A parameter's value as UIS tells it: a list is JSON.
    pub fn raw(&self, name: &str) -> Option<String> {
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
}
