//! «Звонок по клику»: a click on a number in RetailCRM becomes a dial order. «Номер для звонка по клику» and «Переопределять АОН для
//! исходящих звонков» decide which number the customer sees.

use crate::base::keys::Key;
use crate::base::outcome::misconfigured;
use crate::base::phone::{self, Phone};
use crate::base::stored;
use crate::bindings::uis::integration::call_events::{ClickToCall, DialOrder};
use crate::bindings::uis::integration::directory::{Line, VirtualNumber};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;
use crate::crm_state::employee_links::{self, EmployeeLink};
use crate::retailcrm::customers;
use crate::telephony::click_mark;
use crate::uis::directory;

/// A click by the same user on the same number within this time is the same click: browsers and people repeat clicks.
const SAME_CLICK_MS: u64 = 5_000;
/// The fewest digits of a number that can be called.
const DIGITS_MIN: usize = 5;
/// The most digits, by E.164.
const DIGITS_MAX: usize = 15;

/// Handles a click.
pub fn dial(context: &Context<'_>, event: &ClickToCall) -> Result<Option<DialOrder>, Failure> {
    let parameter = |name: &str| {
        let found = event.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned());
        found.filter(|value| !value.is_empty())
    };
    let wanted = parameter("phone").ok_or_else(|| Failure::Rejected("the request names no phone".into()))?;
    let found = clicked_phone(context, &wanted)?;
    let Some(Phone { number: contact, extension }) = found.filter(|phone| (DIGITS_MIN..=DIGITS_MAX).contains(&phone.number.len())) else {
        return Err(Failure::Rejected(format!("{} is not a number that can be called", shown(&wanted))));
    };
    let link = caller(context, parameter("code").as_deref(), parameter("userId").as_deref())?;
    let (number, rule) = shown_number(context, parameter("externalPhone").as_deref(), link.employee_id)?;
    // A repeated click finds the claimed key and dials nothing.
    if !stored::claim(context.platform, Key::Clicked(link.user_id, &phone::written(&contact, extension.as_deref())), SAME_CLICK_MS)? {
        context.platform.log(
            Level::Info,
            "repeated click, nothing is dialled",
            &[("user", &link.user_id.to_string()), ("phone", &contact)],
        );
        return Ok(None);
    }
    let mark = click_mark::remember(context, (link.user_id, link.employee_id), &contact, event.at)?;
    Ok(Some(DialOrder {
        contact,
        extension,
        employee_id: link.employee_id,
        // Without a phone here, UIS dials the employee's phones in turn; a registered SIP line is one of them.
        employee_phone: None,
        virtual_number: number,
        virtual_number_rule: rule,
        show_virtual_number: true,
        external_id: Some(mark),
    }))
}

/// The phone that was clicked. Digits that could be a number of the account's country and another one are what UIS gave if it gave them before,
/// or if a customer was created by them.
fn clicked_phone(context: &Context<'_>, wanted: &str) -> Result<Option<Phone>, Failure> {
    let reader = context.phones()?;
    let read = reader.of_crm(wanted).into_iter().next();
    if let (Some(given), Some(read)) = (reader.given(wanted), &read)
        && given.number != read.number
        // If RetailCRM does not answer, nobody is called: the other reading is another person's number.
        && customers::by_external_id(context.crm, &format!("uis-phone-{}", given.number), None)?.is_some()
    {
        return Ok(Some(given));
    }
    Ok(read.or_else(|| context.platform.phone_of_system(wanted).map(Phone::from)))
}

/// The employee of the user who clicked, by extension, else by user id. Without an employee there is no phone to ring.
fn caller(context: &Context<'_>, code: Option<&str>, user: Option<&str>) -> Result<EmployeeLink, Failure> {
    let user_id: Option<i64> = user.and_then(|user| user.parse().ok());
    let by_code = code.map_or(Ok(None), |code| employee_links::of_code(context.platform, code))?;
    // An extension that was given to another employee does not identify the user who clicked.
    let by_code = by_code.filter(|link| user_id.is_none_or(|user| user == link.user_id));
    if let Some(link) = by_code {
        return Ok(link);
    }
    let by_user = user_id.map_or(Ok(None), |user| employee_links::of_user(context.platform, user))?;
    by_user.ok_or_else(|| {
        let clicked = format!("user {}, extension {}", shown(user.unwrap_or("unknown")), shown(code.unwrap_or("unknown")));
        Failure::Rejected(format!("the user who clicked is not a UIS employee ({clicked}); the e-mails on both sides must be the same"))
    })
}

/// The number that the customer sees, and the rule by which UIS chooses it, if the employee's line has one.
fn shown_number(context: &Context<'_>, chosen: Option<&str>, employee: i64) -> Result<(String, Option<String>), Failure> {
    let settings = context.settings()?;
    let own = settings.click_to_call_number.clone();
    if let (true, Some(own)) = (settings.override_caller_id, &own) {
        return Ok((own.clone(), None));
    }
    if let Some(chosen) = chosen {
        let numbers: Vec<VirtualNumber> = directory::paged(|offset| context.platform.virtual_numbers(offset))?;
        let reader = context.phones()?;
        if let Some(known) = numbers.into_iter().find(|known| known.active && reader.find(chosen, &known.number).is_some()) {
            return Ok((known.number, None));
        }
        context.platform.log(Level::Info, "the line chosen in RetailCRM does not belong to the account", &[("number", &shown(chosen))]);
    }
    let lines: Vec<Line> = directory::paged(|offset| context.platform.lines(offset))?;
    let registered: Vec<Line> = lines.into_iter().filter(|line| line.employee_id == employee && line.registered).collect();
    let rule_of = |line: &Line| line.usage_rule.clone().filter(|rule| rule != "fixed");
    if let Some(fixed) = registered.iter().filter(|line| rule_of(line).is_none()).find_map(|line| line.virtual_number.clone()) {
        return Ok((fixed, None));
    }
    // UIS chooses the number of such a line anew for each call; ours is what it falls back on.
    let rule = registered.iter().find_map(rule_of);
    let fallback = own.or_else(|| registered.iter().find_map(|line| line.virtual_number.clone()));
    let number = fallback.ok_or_else(|| {
        misconfigured(
            "click-to-call-number",
            "choose the number that customers see: the employee has no registered SIP line with a fixed number",
        )
    })?;
    Ok((number, rule))
}

/// A foreign text, shortened for messages.
fn shown(text: &str) -> String {
    crate::base::template::line(text, 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::settings::Settings;

    /// «Номер для звонка по клику», the number of the employee's SIP line, and two more numbers of the account, one of them inactive.
    const OWN: &str = "74950000001";
    const LINE: &str = "74950000002";
    const OTHER: &str = "74950000003";
    const GIVEN_UP: &str = "74950000004";
    const FOREIGN: &str = "74959999999";

    #[derive(Clone, Copy, Debug)]
    enum Sip {
        None,
        NotRegistered,
        Registered,
        /// Registered, but without a number.
        Numberless,
        /// Registered, but of another employee.
        Colleagues,
    }

    #[test]
    fn a_line_without_a_fixed_number_is_called_by_its_rule() {
        let line = |rule: &str, number: Option<&str>| Line {
            employee_id: 7,
            registered: true,
            virtual_number: number.map(str::to_owned),
            usage_rule: Some(rule.into()),
        };
        let shown = |own: Option<&str>, override_caller_id: bool, lines: Vec<Line>| {
            let fake = Fake { lines, ..Fake::default() };
            let settings = Settings { override_caller_id, click_to_call_number: own.map(str::to_owned), ..Settings::default() };
            shown_number(&Context::with_settings(&fake, settings), None, 7).ok()
        };
        let by = |number: &str, rule: Option<&str>| Some((number.to_owned(), rule.map(str::to_owned)));
        assert_eq!(shown(Some(OWN), false, vec![line("random", Some(LINE))]), by(OWN, Some("random")));
        assert_eq!(shown(None, false, vec![line("fixed_for_numa", Some(LINE))]), by(LINE, Some("fixed_for_numa")));
        assert_eq!(shown(Some(OWN), true, vec![line("random", Some(LINE))]), by(OWN, None), "«Всегда отображать номер»");
        assert_eq!(shown(Some(OWN), false, vec![line("random", Some(OTHER)), line("fixed", Some(LINE))]), by(LINE, None));
        assert_eq!(shown(None, false, vec![line("random", None)]), None);
    }

    #[test]
    fn which_number_the_customer_sees() {
        use Sip::{Colleagues, None as NoLine, NotRegistered, Numberless, Registered};
        // «Переопределять АОН», the setting's number, RetailCRM's choice, the employee's line -> the number shown; none: a
        // misconfiguration.
        let table = [
            // Override on: always the setting's number.
            (true, Some(OWN), None, NoLine, Some(OWN)),
            (true, Some(OWN), None, NotRegistered, Some(OWN)),
            (true, Some(OWN), None, Registered, Some(OWN)),
            (true, Some(OWN), Some(OTHER), NoLine, Some(OWN)),
            (true, Some(OWN), Some(OTHER), NotRegistered, Some(OWN)),
            (true, Some(OWN), Some(OTHER), Registered, Some(OWN)),
            (true, Some(OWN), Some(FOREIGN), NoLine, Some(OWN)),
            (true, Some(OWN), Some(FOREIGN), NotRegistered, Some(OWN)),
            (true, Some(OWN), Some(FOREIGN), Registered, Some(OWN)),
            // Override off: the number that RetailCRM chose, if it belongs to the account.
            (false, Some(OWN), Some(OTHER), NoLine, Some(OTHER)),
            (false, Some(OWN), Some(OTHER), NotRegistered, Some(OTHER)),
            (false, Some(OWN), Some(OTHER), Registered, Some(OTHER)),
            (false, None, Some(OTHER), NoLine, Some(OTHER)),
            (false, None, Some(OTHER), NotRegistered, Some(OTHER)),
            (false, None, Some(OTHER), Registered, Some(OTHER)),
            // Else the number of a registered line.
            (false, Some(OWN), None, Registered, Some(LINE)),
            (false, Some(OWN), Some(FOREIGN), Registered, Some(LINE)),
            (false, Some(OWN), Some(GIVEN_UP), Registered, Some(LINE)),
            (false, None, None, Registered, Some(LINE)),
            (false, None, Some(FOREIGN), Registered, Some(LINE)),
            // Else the setting's number.
            (false, Some(OWN), None, NoLine, Some(OWN)),
            (false, Some(OWN), None, NotRegistered, Some(OWN)),
            (false, Some(OWN), None, Numberless, Some(OWN)),
            (false, Some(OWN), None, Colleagues, Some(OWN)),
            (false, Some(OWN), Some(FOREIGN), NoLine, Some(OWN)),
            (false, Some(OWN), Some(FOREIGN), NotRegistered, Some(OWN)),
            (false, Some(OWN), Some(GIVEN_UP), NoLine, Some(OWN)),
            // Else the employee cannot call.
            (false, None, None, NoLine, None),
            (false, None, None, NotRegistered, None),
            (false, None, None, Numberless, None),
            (false, None, Some(FOREIGN), NoLine, None),
            (false, None, Some(FOREIGN), NotRegistered, None),
        ];
        let number = |id: i64, number: &str| VirtualNumber { id, number: number.into(), name: String::new(), active: number != GIVEN_UP };
        let numbers = vec![number(1, OWN), number(2, LINE), number(3, OTHER), number(4, GIVEN_UP)];
        for (override_caller_id, own, chosen, sip, expected) in table {
            let line = |employee_id, registered, number: Option<&str>| {
                vec![Line { employee_id, registered, virtual_number: number.map(str::to_owned), usage_rule: None }]
            };
            let lines = match sip {
                NoLine => Vec::new(),
                NotRegistered => line(7, false, Some(LINE)),
                Registered => line(7, true, Some(LINE)),
                Numberless => line(7, true, None),
                Colleagues => line(8, true, Some(LINE)),
            };
            let fake = Fake { lines, numbers: numbers.clone(), ..Fake::default() };
            let settings = Settings { override_caller_id, click_to_call_number: own.map(str::to_owned), ..Settings::default() };
            let shown = shown_number(&Context::with_settings(&fake, settings), chosen, 7);
            let what = format!("override {override_caller_id}, setting {own:?}, chosen {chosen:?}, line {sip:?}");
            match (expected, shown) {
                (Some(expected), Ok(shown)) => assert_eq!(shown, (expected.to_owned(), None), "{what}"),
                (None, Err(Failure::Misconfigured(problem))) => assert_eq!(problem.setting, "click-to-call-number", "{what}"),
                (_, other) => panic!("{what}: {other:?}"),
            }
        }
    }
}
