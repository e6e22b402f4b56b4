//! The columns that reports are asked for: all that the documentation has. What is not read as a part of an event stays among its attributes,
//! under the column's name, for templates and rules.

/// Columns of `get.calls_report`.
pub const CALLS: &str = "\
    id start_time finish_time finish_reason direction cpn_region_id cpn_region_name cpn_country_name cpn_country_id \
    properties scenario_operations source is_lost communication_number communication_page_url contact_phone_number \
    communication_id communication_type wait_duration total_wait_duration lost_call_processing_duration talk_duration \
    clean_talk_duration total_duration postprocess_duration call_records wav_call_records full_record_file_link \
    voice_mail_records virtual_phone_number ua_client_id ym_client_id sale_date sale_cost is_transfer search_query \
    search_engine referrer_domain referrer entrance_page gclid yclid ymclid ef_id channel tags employees \
    last_answered_employee_id last_answered_employee_full_name last_answered_employee_rating first_answered_employee_id \
    first_answered_employee_full_name last_talked_employee_id last_talked_employee_full_name first_talked_employee_id \
    first_talked_employee_full_name operator_phone_number scenario_name scenario_id site_domain_name site_id campaign_name \
    campaign_id visit_other_campaign auto_call_campaign_name visitor_id person_id visitor_type visitor_session_id \
    visits_count visitor_first_campaign_id visitor_first_campaign_name visitor_city visitor_region visitor_country \
    visitor_device visitor_custom_properties segments call_api_request_id call_api_external_id contact_id contact_full_name \
    utm_source utm_medium utm_term utm_content utm_campaign openstat_ad openstat_campaign openstat_service openstat_source \
    attributes eq_utm_source eq_utm_medium eq_utm_term eq_utm_content eq_utm_campaign eq_utm_referrer eq_utm_expid source_id \
    source_name source_new channel_new channel_code ext_id";

/// Columns of `get.chats_report`.
pub const CHATS: &str = "\
    id status initiator date_time duration answer_time communication_number communication_page_url communication_id \
    communication_type chat_ad_url chat_channel_id chat_channel_type chat_channel_name chat_user_id chat_username \
    messages_count ua_client_id ym_client_id sale_date sale_cost is_group_chat is_transfer release_cause search_query \
    search_engine referrer_domain referrer entrance_page gclid yclid ymclid ef_id channel employee_id employee_full_name \
    employee_raiting employee_messages_count tags site_id site_domain_name campaign_id campaign_name visit_other_campaign \
    visitor_phone_number visitor_id visitor_ids person_id visitor_type visitor_session_id visits_count \
    visitor_first_campaign_id visitor_first_campaign_name visitor_city visitor_region visitor_country visitor_profile_url \
    visitor_custom_properties segments utm_source utm_medium utm_term utm_content utm_campaign openstat_ad openstat_campaign \
    openstat_service openstat_source attributes eq_utm_source eq_utm_medium eq_utm_term eq_utm_content eq_utm_campaign \
    eq_utm_referrer eq_utm_expid source_id source_name source_new channel_new channel_code ext_id";

/// Columns of `get.offline_messages_report`. `date_time` comes only when it is asked for.
pub const SITE_REQUESTS: &str = "\
    id date_time text communication_number communication_page_url communication_type communication_id \
    is_agree_to_process_personal_data is_agree_to_mailing ua_client_id ym_client_id sale_date sale_cost status process_time \
    form_type form_name search_query search_engine referrer_domain referrer entrance_page gclid yclid ymclid ef_id channel \
    properties group_id group_name employee_id employee_full_name employee_answer_message employee_comment tags site_id \
    site_domain_name campaign_id campaign_name visit_other_campaign visitor_phone_number visitor_email visitor_name \
    visitor_id person_id visitor_type visitor_session_id visits_count visitor_first_campaign_id visitor_first_campaign_name \
    visitor_city visitor_country visitor_region visitor_device visitor_custom_properties segments utm_source utm_medium \
    utm_term utm_content utm_campaign openstat_ad openstat_campaign openstat_service openstat_source attributes \
    eq_utm_source eq_utm_medium eq_utm_term eq_utm_content eq_utm_campaign eq_utm_referrer eq_utm_expid source_id \
    source_name source_new channel_new channel_code ext_id";
