//! The advertising source of an appeal, from its parameters: RetailCRM's `source`, and the call-tracking data for the pop-up.

use crate::appeal::EventParameters;
use crate::base::template;
use crate::context::Context;
use crate::retailcrm::telephony::{Campaign, Source, WebAnalytics};

/// RetailCRM's longest value in a source, in characters [inferred].
const SOURCE_MAX: usize = 255;

/// URL parameters that advertising systems add to links.
const MARKS: [&str; 8] = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gclid", "yclid", "_openstat"];

/// The first of these parameters that has a value, as one line.
fn first(context: &Context<'_>, parameters: &dyn EventParameters, names: &[&str]) -> Option<String> {
    let (name, value) = names.iter().find_map(|name| Some((name, parameters.get(name)?)))?;
    Some(template::fit(context.platform, name, &value, SOURCE_MAX)).filter(|value| !value.is_empty())
}

/// The source, from UTM parameters and UIS's campaign. `known` is a source that takes precedence over the parameters.
pub fn source(context: &Context<'_>, parameters: &dyn EventParameters, known: Option<&str>) -> Option<Source> {
    let first = |names: &[&str]| first(context, parameters, names);
    let source = Source {
        source: known.map(str::to_owned).or_else(|| first(&["utm_source"])),
        medium: first(&["utm_medium"]),
        campaign: first(&["utm_campaign", "campaign_name", "advertising_campaign"]),
        keyword: first(&["utm_term", "search_query"]),
        content: first(&["utm_content"]),
    };
    (source != Source::default()).then_some(source)
}

/// What call tracking knows about a caller.
pub fn web_analytics(context: &Context<'_>, parameters: &dyn EventParameters) -> Option<WebAnalytics> {
    let first = |names: &[&str]| first(context, parameters, names);
    let marks = MARKS.iter().filter_map(|name| Some((*name, parameters.get(name)?)));
    let query_string = form_urlencoded::Serializer::new(String::new()).extend_pairs(marks).finish();
    let campaign = first(&["campaign_name", "advertising_campaign", "utm_campaign"])
        .map(|name| Campaign { code: first(&["campaign_id", "utm_campaign"]).unwrap_or_else(|| name.clone()), name });
    (campaign.is_some() || !query_string.is_empty()).then_some(WebAnalytics { campaign, query_string })
}
