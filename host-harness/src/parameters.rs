//! The parameters that UIS's notifications have, and values in them that are no times or durations.

use uis_host::notification::params::Params;
use uis_host::notification::templates::{EVENT_TEMPLATES, ROUTE_PARAMETERS};

/// Parameters with a time. One without a zone is in the account's zone.
pub const TIMES: [&str; 6] = ["notification_time", "notification_timestamp", "start_time", "finish_time", "created_at", "date_time"];

/// Parameters with a duration in whole seconds.
pub const DURATIONS: [&str; 5] =
    ["talk_time_duration", "wait_time_duration", "total_time_duration", "file_duration", "call_record_duration"];

/// Parameters that no template of ours selects: of UIS's other lists, of its Chat API, and of the templates that people have `[inferred]`.
const FURTHER: &str = "account_id active_leads app_id attributes auto_call_campaign_name call_api_external_id call_api_request_id \
    call_record_duration call_status called_phone_number calling_phone_number channel channel_code channel_id chat_message_id clean_talk_duration communication_page_url \
    contact_group_ids cpn_country_id cpn_country_name cpn_region_id cpn_region_name created_at crm_contact_link date_time ef_id entrance_page \
    eq_utm_campaign eq_utm_content eq_utm_medium eq_utm_source eq_utm_term event event_name event_type extension file_id finish_reason \
    finish_time_localized first_answered_employee_email first_answered_employee_full_name first_answered_employee_id first_call \
    first_talked_employee_email first_talked_employee_full_name first_talked_employee_id gclid id integration_key is_final \
    is_need_auto_answer last_answered_employee_email last_answered_employee_full_name last_answered_employee_id \
    last_talked_employee_email last_talked_employee_extension last_talked_employee_full_name mark_ids message message_id mode \
    noanswered_employee_full_names notification_timestamp op operator_id operator_rating organization_name postprocess_duration reason \
    record_file_link referrer referrer_domain reply_to_id resource segments source system_message_mnemonic tags talk_duration text token total_duration \
    tp_project transferred_by_employee_full_name ua_client_id virtual_number_comment visit_other_campaign visitor_browser_name visitor_city \
    visitor_country visitor_custom_properties visitor_device visitor_is_new visitor_phone visitor_region visitor_session_id visitor_session_number visitor_type \
    visits visits_count wait_duration yclid ym_client_id ymclid";

/// All parameters that are known; some occur more than once.
pub fn known() -> impl Iterator<Item = &'static str> {
    let of_events = EVENT_TEMPLATES.iter().flat_map(|template| template.parameters());
    of_events.chain(ROUTE_PARAMETERS).chain(TIMES).chain(DURATIONS).chain(FURTHER.split_ascii_whitespace())
}

/// Whether a parameter is one of UIS's.
pub fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// Values that are no times or durations though their parameters are, one message each. They count as absent. Afterwards these parameters
/// count as read.
pub fn misread(params: &Params) -> Vec<String> {
    let times = TIMES.iter().filter_map(|name| {
        let written = params.peek_text(name)?;
        // The routing request of UIS's documentation has a number of seconds here.
        let is_number = *name == "start_time" && written.parse::<u32>().is_ok();
        (params.time(name).is_none() && !is_number)
            .then(|| format!("{name} is {written:?}, which is no time; expected YYYY-MM-DD hh:mm:ss. It counts as absent"))
    });
    let durations = DURATIONS.iter().filter_map(|name| {
        let written = params.peek_text(name)?;
        let bad = params.seconds(name).is_none();
        bad.then(|| format!("{name} is {written:?}, which is no duration; expected whole seconds. It counts as absent"))
    });
    times.chain(durations).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(body: Value) -> Vec<String> {
        misread(&Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("an object"))
    }

    #[test]
    fn bad_times_and_durations_are_named_and_absent_ones_are_not() {
        let bad = of(json!({"notification_time": "23/11/2026 10:00", "finish_time": "2026-13-45 10:00:00", "talk_time_duration": "1:05",
            "wait_time_duration": -3, "total_time_duration": "12.5"}));
        assert_eq!(bad.len(), 5, "{bad:?}");
        assert!(bad[0].contains("\"23/11/2026 10:00\"") && bad[0].contains("counts as absent"), "{bad:?}");
        let good = of(json!({"notification_time": "\"2026-11-23 10:00:00.123\"", "finish_time": "{{finish_time}}", "start_time": null,
            "notification_timestamp": 1_795_417_200, "talk_time_duration": "12.0", "wait_time_duration": "", "total_time_duration": "None"}));
        assert_eq!(good, [""; 0]);
    }

    #[test]
    fn what_events_know_is_known() {
        for name in ["call_session_id", "employee_ids", "cdr_id", "system_message_mnemonic", "notification_timestamp"] {
            assert!(is_known(name), "{name}");
        }
        assert!(!is_known("call_sesion_id"));
    }
}
