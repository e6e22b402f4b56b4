//! Access to UIS, employees, virtual numbers, reports. Asked through the host's ports, so live accounts and accounts from files alike.

use uis_host::bindings::uis::integration::communications::ReportError;
use uis_host::bindings::uis::integration::directory::{Account, DirectoryError, Employee, VirtualNumber};
use uis_host::integration::UisAccount;
use uis_host::limits::DIRECTORY_PAGE;

use super::{PATIENCE, ok, problem, some, warning};
use crate::control::Finding;

/// The latest calls are asked for, from so long ago, in milliseconds.
const RECENT_MS: i64 = 3_600_000;

/// Why UIS gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// It is busy, or no points are left, for so many milliseconds.
    Busy(u32),
    /// It refuses: a mnemonic, which may be empty, and the text.
    Refused(String, String),
    /// No answer came in time.
    Late,
}

impl From<DirectoryError> for Unanswered {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Busy(after_ms) => Unanswered::Busy(after_ms),
            DirectoryError::Refused((mnemonic, text)) => Unanswered::Refused(mnemonic, text),
        }
    }
}

impl From<ReportError> for Unanswered {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Busy(after_ms) => Unanswered::Busy(after_ms),
            ReportError::Refused(text) => Unanswered::Refused(String::new(), text),
        }
    }
}

/// What UIS answered.
pub struct Facts {
    /// The account; none when it did not come in time.
    pub account: Option<Account>,
    /// The employees.
    pub employees: Result<Vec<Employee>, Unanswered>,
    /// The virtual numbers.
    pub numbers: Result<Vec<VirtualNumber>, Unanswered>,
    /// The report of calls, without its rows.
    pub report: Result<(), Unanswered>,
}

/// Asks UIS. `now` is the current time, in milliseconds since 1970. It costs a few points.
pub async fn ask(account: &UisAccount, now: i64) -> Facts {
    let directory = &account.directory;
    let report = async { account.reports.finished_calls(now - RECENT_MS, None, 1).await.map(|_| ()) };
    Facts {
        account: tokio::time::timeout(PATIENCE, directory.account()).await.ok(),
        employees: in_time(paged(|offset| directory.employees(offset))).await,
        numbers: in_time(paged(|offset| directory.virtual_numbers(offset))).await,
        report: in_time(report).await,
    }
}

async fn in_time<T, E: Into<Unanswered>>(asked: impl Future<Output = Result<T, E>>) -> Result<T, Unanswered> {
    match tokio::time::timeout(PATIENCE / 4, asked).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(Unanswered::Late),
    }
}

/// All rows of a paged list.
async fn paged<T, F: Future<Output = Result<Vec<T>, DirectoryError>>>(page: impl Fn(u32) -> F) -> Result<Vec<T>, DirectoryError> {
    let mut all = Vec::new();
    loop {
        let found = page(u32::try_from(all.len()).unwrap_or(u32::MAX)).await?;
        let last = found.len() < DIRECTORY_PAGE;
        all.extend(found);
        if last {
            return Ok(all);
        }
    }
}

/// Judges what UIS answered.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &facts.employees {
        // Without access everything else would say the same.
        Err(why) => return vec![unanswered("uis", "the employees", why)],
        Ok(employees) => {
            findings.push(judge_account(facts.account.as_ref()));
            findings.extend(judge_employees(employees));
        }
    }
    match &facts.numbers {
        Err(why) => findings.push(unanswered("virtual numbers", "the virtual numbers", why)),
        Ok(numbers) => findings.push(judge_numbers(numbers)),
    }
    findings.push(match &facts.report {
        Err(why) => unanswered("reports", "the report of calls", why),
        Ok(()) => ok("reports", "the report of calls can be read"),
    });
    findings
}

fn judge_account(account: Option<&Account>) -> Finding {
    match account {
        None => warning("uis", "the account's own data did not come in time", "check again later"),
        Some(account) => ok("uis", format!("access to the account {:?}, time zone {}", account.name, account.timezone)),
    }
}

fn judge_employees(employees: &[Employee]) -> Vec<Finding> {
    if employees.is_empty() {
        let remedy = "create employees in UIS, or give the key's user the right to see them";
        return vec![problem("employees", "UIS has no employees that the key may see", remedy)];
    }
    let lacks = |employee: &&Employee| employee.extension.as_deref().is_none_or(str::is_empty);
    let without: Vec<String> = employees.iter().filter(lacks).map(|employee| employee.full_name.clone()).collect();
    let all = employees.len();
    let mut findings = vec![ok("employees", format!("{all}, of whom {} have an extension", all - without.len()))];
    if without.len() == all {
        findings.push(warning(
            "employees",
            "nobody has an extension, so the CRM can show no call to anybody",
            "give employees a short number in UIS",
        ));
    } else if !without.is_empty() {
        findings[0].remedy = Some(format!("without an extension a call is shown to nobody; without one: {}", some(&without)));
    }
    findings
}

fn judge_numbers(numbers: &[VirtualNumber]) -> Finding {
    let shown = |number: &VirtualNumber| match number.name.as_str() {
        "" => number.number.clone(),
        name => format!("{} {name:?}", number.number),
    };
    let active: Vec<String> = numbers.iter().filter(|number| number.active).map(shown).collect();
    match active.is_empty() {
        true => problem(
            "virtual numbers",
            "UIS has no virtual number that can be used now",
            "switch one on in UIS, or give the key's user the right to see them",
        ),
        false => ok("virtual numbers", some(&active)),
    }
}

fn unanswered(subject: &str, what: &str, why: &Unanswered) -> Finding {
    match why {
        Unanswered::Late => {
            warning(subject, format!("UIS did not give {what} in time"), "check again later; look at the connection to UIS")
        }
        Unanswered::Busy(after_ms) => warning(
            subject,
            format!("UIS does not give {what} now: it cannot be reached, answers with errors, or the account's points are used up"),
            format!(
                "the note that begins with UIS in uis-gateway integration show NAME says why, and so does the log; check again in {}",
                super::length((*after_ms).into())
            ),
        ),
        Unanswered::Refused(mnemonic, text) => {
            let shown = if mnemonic.is_empty() { text.clone() } else { format!("{text} ({mnemonic})") };
            problem(subject, format!("UIS refuses {what}: {shown}"), remedy(mnemonic))
        }
    }
}

/// What helps against a refusal, by its mnemonic.
fn remedy(mnemonic: &str) -> &'static str {
    match mnemonic {
        "ip_not_whitelisted" => {
            "add the address that UIS names to the list in UIS's cabinet (administrator, account, security rules and settings, tab API); 0.0.0.0/0 \
             admits all"
        }
        "access_token_expired" | "access_token_blocked" | "access_token_invalid" | "auth_error" => {
            "make a new key in UIS's cabinet (account, user management) and enter it: uis-gateway integration set NAME --uis-token env:VARIABLE"
        }
        "forbidden" => "give the user of the key the missing right in UIS's cabinet (account, user management)",
        "method_component_disabled" | "parameter_component_disabled" | "component_disabled" => {
            "have the component that the message names switched on for the account, or use a setting that does not need it"
        }
        "account_inactive" => "have the account switched on again by UIS",
        _ => "do what the message says; if it says nothing, give UIS's support the message",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    fn employee(name: &str, extension: Option<&str>) -> Employee {
        Employee {
            id: 1,
            first_name: String::new(),
            last_name: name.to_owned(),
            patronymic: String::new(),
            full_name: name.to_owned(),
            email: None,
            extension: extension.map(str::to_owned),
            phones: Vec::new(),
            status: "available".to_owned(),
            licences: None,
        }
    }

    fn facts() -> Facts {
        let account = Account {
            app_id: 1,
            name: "Shop".to_owned(),
            timezone: "Europe/Moscow".to_owned(),
            extensions: Vec::new(),
            workplace_url: None,
        };
        let number = VirtualNumber { id: 1, number: "74951112233".to_owned(), name: "Main".to_owned(), active: true };
        Facts { account: Some(account), employees: Ok(vec![employee("Anna", Some("101"))]), numbers: Ok(vec![number]), report: Ok(()) }
    }

    fn verdicts(facts: &Facts) -> Vec<(String, Verdict)> {
        judge(facts).into_iter().map(|found| (found.subject, found.verdict)).collect()
    }

    #[test]
    fn an_account_that_answers_everything_is_well() {
        assert!(verdicts(&facts()).iter().all(|(_, verdict)| *verdict == Verdict::Ok));
    }

    #[test]
    fn a_refusal_has_the_remedy_of_its_mnemonic() {
        for (mnemonic, expected) in [
            ("ip_not_whitelisted", "0.0.0.0/0"),
            ("access_token_invalid", "new key"),
            ("forbidden", "missing right"),
            ("method_component_disabled", "component"),
            ("something_new", "support"),
        ] {
            let refused = Unanswered::Refused(mnemonic.to_owned(), "Your IP 203.0.113.9 is not whitelisted".to_owned());
            let found = judge(&Facts { employees: Err(refused), ..facts() });
            assert_eq!((found.len(), found[0].verdict), (1, Verdict::Problem), "the first refusal is enough");
            assert!(found[0].message.contains("203.0.113.9") && found[0].message.contains(mnemonic));
            assert!(found[0].remedy.as_deref().is_some_and(|remedy| remedy.contains(expected)), "{found:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = Facts { employees: Ok(Vec::new()), numbers: Ok(Vec::new()), report: Err(Unanswered::Late), ..facts() };
        let expected =
            [("uis", Verdict::Ok), ("employees", Verdict::Problem), ("virtual numbers", Verdict::Problem), ("reports", Verdict::Warning)];
        assert_eq!(verdicts(&none), expected.map(|(subject, verdict)| (subject.to_owned(), verdict)));
        let nobody = Facts { employees: Ok(vec![employee("Anna", None), employee("Vera", Some(""))]), ..facts() };
        assert!(verdicts(&nobody).contains(&("employees".to_owned(), Verdict::Warning)));
        let busy = Facts { numbers: Err(Unanswered::Busy(60_000)), ..facts() };
        assert!(verdicts(&busy).contains(&("virtual numbers".to_owned(), Verdict::Warning)));
    }
}
