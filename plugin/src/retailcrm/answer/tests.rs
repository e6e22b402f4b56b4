use super::*;

fn answer(status: u16, content_type: &str, body: &str) -> Result<Value, CrmError> {
    let response = Response { status, content_type: content_type.into(), retry_after: None, body: body.as_bytes().to_vec() };
    parse("GET /x".into(), Ok(response), None)
}

#[test]
fn errors_come_as_list_or_map() {
    let map = r#"{"success":false,"errorMsg":"Errors in the entity format","errors":{"customer":"Set one"}}"#;
    let list = r#"{"success":false,"errorMsg":"Orders are loaded with errors","errors":["items[0]: not found"]}"#;
    let Err(CrmError::Refused { message, status: 400, .. }) = answer(400, "application/json", map) else { panic!("refused") };
    assert_eq!(message, "Errors in the entity format: customer: Set one");
    let Err(CrmError::Refused { message, .. }) = answer(460, "application/json", list) else { panic!("refused") };
    assert_eq!(message, "Orders are loaded with errors: items[0]: not found");
    assert!(matches!(answer(200, "application/json", map), Err(CrmError::Refused { .. })));
}

#[test]
fn an_account_that_is_not_paid_is_suspended_and_a_blocked_key_is_not() {
    let refused = |status: u16, message: &str| {
        let body = serde_json::json!({"success": false, "errorMsg": message}).to_string();
        answer(status, "application/json", &body).expect_err("refused")
    };
    for (status, message) in [(402, "Payment required"), (403, "Your account has been suspended"), (403, "Account is blocked")] {
        assert!(matches!(refused(status, message), CrmError::Suspended(_)), "{status} {message}");
    }
    assert!(matches!(refused(403, "Wrong \"apiKey\" value: the key is blocked"), CrmError::Unauthorized(_)));
    assert!(matches!(refused(403, "Access denied."), CrmError::Forbidden { .. }));
}

#[test]
fn refusals_are_distinguished_by_their_reason() {
    for (status, message, why) in [
        (404, "Not found", Refusal::NotFound),
        (400, "Errors: externalId: Customer with externalId=uis-phone-7 already exists", Refusal::DuplicateExternalId),
        (400, "Errors: orderMethod: \"OrderMethod\" with \"code\"=\"phone\" does not exist.", Refusal::Other),
        (400, "Note is not loaded: customer: Customer with id=9 not found.", Refusal::CustomerNotFound),
        (400, "Order is not loaded: contact: Contact with id=9 does not exist", Refusal::CustomerNotFound),
        (400, "Note is not loaded: customer.id: Customer with id=9 not found.", Refusal::CustomerNotFound),
        (400, "Errors: customer: \"CustomerCorporate\" with \"id\"=9 does not exist.", Refusal::CustomerNotFound),
        (400, "Order is not loaded: managerId: User with id=99 not found.", Refusal::Other),
        (400, "Customer is not loaded. User with id=99 not found.", Refusal::Other),
        (400, "Customer manager with id=99 not found.", Refusal::Other),
        (400, "Customer tag with id=9 does not exist; site: Site not found", Refusal::Other),
        (404, "User with id=99 not found.", Refusal::Other),
        (404, "API method not found", Refusal::Other),
        (404, "Customer with id=9 not found.", Refusal::NotFound),
        (404, "No such thing", Refusal::NotFound),
        (400, "Errors: customer: Set one; items[0].offer: Offer with id=1 not found.", Refusal::Other),
        (400, "Errors: managerId: inactive", Refusal::Other),
    ] {
        let error = CrmError::refused("POST /api/v5/customers/9/edit".into(), status, message.into());
        assert!(error.is_refused_for(why), "{error:?}");
    }
}

#[test]
fn a_refusal_names_its_field() {
    for (message, field, named) in [
        (r#"Order is not loaded: status: "Status" with "code"="x" does not exist."#, "status", true),
        (r#"Order is not loaded: orderType: "OrderType" with "code"="status" does not exist."#, "status", false),
        (r#"Errors: "OrderMethod" with "code"="phone" does not exist."#, "orderMethod", true),
        ("Errors: customer: Set one; customFields[utm]: wrong value", "customFields", true),
        ("Errors: customFields.utm: wrong value", "customFields", true),
        ("Errors: deliveryStatus: wrong", "status", false),
    ] {
        assert_eq!(names_field(message, field), named, "{message} {field}");
    }
}

#[test]
fn temporary_errors_are_distinguished_from_final_ones() {
    assert!(matches!(answer(503, "text/html", "<html>"), Err(CrmError::NotSent { .. })));
    assert!(matches!(answer(429, "", ""), Err(CrmError::NotSent { .. })));
    assert!(matches!(answer(500, "text/html", "<html>"), Err(CrmError::Unknown { .. })));
    let gone = r#"{"success":false,"errorMsg":"Account does not exist."}"#;
    assert!(matches!(answer(404, "application/json", gone), Err(CrmError::NoAccount(_))));
    assert_eq!(
        answer(403, "application/json", r#"{"errorMsg":"Wrong \"apiKey\" value."}"#),
        Err(CrmError::Unauthorized("Wrong \"apiKey\" value.".into()))
    );
}

#[test]
fn what_stands_before_retailcrm_refuses_nothing_for_good() {
    for (status, content_type, body) in [
        (404, "text/html", "<html>404 Not Found</html>"),
        (404, "", ""),
        (405, "text/html", "<html>"),
        (400, "", ""),
        (403, "application/json", ""),
        (400, "text/html", "<html><h1>400 Bad Request</h1>"),
        (404, "application/json", r#"{"success":false,"errorMsg":"Not found""#),
        (460, "application/json", r#"{"success":false,"errorMsg":"Orders are loaded with errors","errors":["it"#),
        (400, "application/json", r#"{"success":false} {"success":false}"#),
        (400, "application/json", r#"["errorMsg"]"#),
        (403, "text/html", "<html>blocked by the firewall"),
        (401, "text/plain", "authorise at the proxy"),
        (400, "application/json", r#"{"success":false,"errorMsg":"Errors in the ent"#),
        (404, "application/json", r#"{"success":false,"errorMsg":"Account does not exist."#),
        (403, "application/json", r#"{"success":false,"errorMsg":"Wrong \"apiKey"#),
        (404, "application/json", r#"{"message":"no Route matched with those values"}"#),
        (404, "application/json", "null"),
        (200, "text/html", "<html>we are moving"),
        (200, "application/json", r#"{"success":tr"#),
        (200, "application/json", r#"{"status":"ok"}"#),
        (200, "application/json", ""),
        (301, "text/html", ""),
        (302, "application/json", r#"{"success":true}"#),
    ] {
        let error = answer(status, content_type, body).expect_err("an error");
        assert!(matches!(error, CrmError::Foreign { .. }) && !error.surely_did_nothing(), "{status} {body}: {error:?}");
        let Failure::Retry(later) = Failure::from(error) else { panic!("{status} {body} is final") };
        assert!(is_foreign(&later.reason) && later.reason.contains(&status.to_string()), "{}", later.reason);
    }
}

#[test]
fn a_missing_right_is_distinguished_from_a_wrong_key() {
    let denied = answer(403, "application/json", r#"{"success":false,"errorMsg":"Access denied."}"#);
    assert!(matches!(&denied, Err(CrmError::Forbidden { message, .. }) if message == "Access denied."), "{denied:?}");
    let failure = Failure::from(denied.expect_err("denied"));
    assert!(matches!(&failure, Failure::Misconfigured(problem) if problem.message.contains("GET /x")), "{failure:?}");
}

#[test]
fn an_empty_map_may_be_a_list_and_a_missing_one_is_an_error() {
    let answer = serde_json::json!({"full": {"main": {"code": "main"}}, "empty": [], "list": [1, 2]});
    let count = |name: &str| members(&answer, name).map(|found| found.len()).ok();
    assert_eq!((count("full"), count("empty"), count("list"), count("absent")), (Some(1), Some(0), Some(2), None));
}

#[test]
fn ids_and_texts_are_read_in_either_form() {
    let answer = serde_json::json!({"a": 5, "b": "5", "c": null, "d": []});
    assert_eq!((id(&answer["a"]), id(&answer["b"]), id(&answer["c"]), id(&answer["d"])), (Some(5), Some(5), None, None));
    assert_eq!((text(&answer["a"]), text(&answer["b"]), text(&answer["c"])), ("5".into(), "5".into(), String::new()));
}
