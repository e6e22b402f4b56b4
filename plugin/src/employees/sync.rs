//! «Синхронизация»: for all or for chosen users of RetailCRM, employees in UIS are created and kept up to date. A user is first matched by e-mail.
//! After that the employee is stored with the user, so a changed e-mail does not lose them.

use serde::{Deserialize, Serialize};

use crate::base::keys::{Family, Key};
use crate::base::outcome::skipped;
use crate::base::{stored, template};
use crate::bindings::uis::integration::directory::{DirectoryError, Employee, EmployeeFields};
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::platform::Platform;
use crate::retailcrm::users::User;
use crate::uis::directory::{directory_failure, mail_key};

/// UIS's status of an employee who is off duty.
const OFF_DUTY: &str = "not_at_work";
/// UIS's longest name, in characters [inferred].
const NAME_MAX: usize = 100;

/// The employee of a user.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct SyncedEmployee {
    employee: i64,
    /// We set the employee off duty because the user was switched off.
    #[serde(default)]
    retired: bool,
}

/// «Синхронизировать всех сотрудников»: all active users, and those who were synchronised before, so that their employees are set off duty when
/// they leave.
pub fn all_users(platform: &dyn Platform, users: &[User]) -> Vec<i64> {
    let before: Vec<i64> = stored::ids(platform, Family::Synchronised);
    let is_chosen = |user: &&User| user.active != Some(false) || user.id.is_some_and(|id| before.contains(&id));
    users.iter().filter(is_chosen).filter_map(|user| user.id).collect()
}

/// Brings UIS's employees up to date with the chosen users. A record that UIS refuses is reported; the others continue. `employees` are
/// UIS's current employees; created and changed ones are added to it.
pub fn run(platform: &dyn Platform, chosen: &[i64], users: &[User], employees: &mut Vec<Employee>) -> Result<Vec<Skipped>, Failure> {
    let mut left_out = Vec::new();
    let mut mails: Vec<String> = Vec::new();
    for id in chosen {
        let mut refuse = |why: String| left_out.push(skipped(format!("user {id}"), why));
        let Some(user) = users.iter().find(|user| user.id == Some(*id)) else {
            refuse("RetailCRM has no such user any more; remove the user from the list".into());
            continue;
        };
        if user.active == Some(false) {
            // The employee keeps their history and e-mail, but should get no new calls.
            mails.extend(mail_key(&user.email));
            if let Err(why) = retire(platform, *id, employees)? {
                refuse(why);
            }
            continue;
        }
        let Some(mail) = mail_key(&user.email) else {
            refuse("the user has no e-mail in RetailCRM; UIS needs it to match the employee".into());
            continue;
        };
        if mails.contains(&mail) {
            refuse(format!("another chosen user has the e-mail {} already", template::line(&mail, 100)));
            continue;
        }
        mails.push(mail.clone());
        match sync_user(platform, *id, user, &mail, employees)? {
            Ok(()) => {}
            Err(why) => refuse(why),
        }
    }
    // Users who are no longer chosen are no longer synchronised; their employees stay in UIS.
    for user in stored::ids(platform, Family::Synchronised) {
        if !chosen.contains(&user) {
            stored::forget(platform, Key::Synchronised(user))?;
        }
    }
    Ok(left_out)
}

/// Synchronises one user. The inner error is UIS's refusal of the record; the outer one means that the event is retried.
fn sync_user(
    platform: &dyn Platform,
    id: i64,
    user: &User,
    mail: &str,
    employees: &mut Vec<Employee>,
) -> Result<Result<(), String>, Failure> {
    let key = Key::Synchronised(id);
    let twin: Option<SyncedEmployee> = stored::load(platform, key)?;
    let by_twin = twin.and_then(|twin| employees.iter().position(|employee| employee.id == twin.employee));
    let by_mail = || employees.iter().position(|employee| employee.email.as_deref().and_then(mail_key).as_deref() == Some(mail));
    let wanted = wanted(user);
    let Some(place) = by_twin.or_else(by_mail) else {
        return Ok(match outcome(platform.create_employee(&wanted))? {
            Ok(employee) => {
                stored::put(platform, key, &SyncedEmployee { employee, retired: false }, None)?;
                employees.push(Employee {
                    id: employee,
                    first_name: wanted.first_name.clone().unwrap_or_default(),
                    last_name: wanted.last_name.clone().unwrap_or_default(),
                    patronymic: wanted.patronymic.clone().unwrap_or_default(),
                    full_name: String::new(),
                    email: wanted.email,
                    extension: None,
                    phones: Vec::new(),
                    status: String::new(),
                    licences: None,
                });
                Ok(())
            }
            Err(why) => Err(why),
        });
    };
    let Some(employee) = employees.get_mut(place) else { return Ok(Ok(())) };
    // If we set the employee off duty and the user is active again, the employee is available again. Any other status is left alone.
    let returns = twin.is_some_and(|twin| twin.retired) && employee.status == OFF_DUTY;
    if twin.is_none() {
        // Store the match first, so that it is kept even if UIS refuses the update.
        stored::put(platform, key, &SyncedEmployee { employee: employee.id, retired: false }, None)?;
    }
    let changed = |wanted: &Option<String>, known: &str| wanted.clone().filter(|wanted| wanted != known);
    let fields = EmployeeFields {
        last_name: changed(&wanted.last_name, &employee.last_name),
        first_name: changed(&wanted.first_name, &employee.first_name),
        patronymic: changed(&wanted.patronymic, &employee.patronymic),
        email: if employee.email.as_deref().and_then(mail_key).as_deref() == Some(mail) { None } else { wanted.email },
        status: returns.then(|| "available".to_owned()),
    };
    let nothing =
        [&fields.last_name, &fields.first_name, &fields.patronymic, &fields.email, &fields.status].into_iter().all(Option::is_none);
    if !nothing && let Err(why) = outcome(platform.update_employee(employee.id, &fields))? {
        return Ok(Err(why));
    }
    employee.email = fields.email.or(employee.email.take());
    stored::put(platform, key, &SyncedEmployee { employee: employee.id, retired: false }, None)?;
    Ok(Ok(()))
}

/// Sets the employee of a user who can no longer log in off duty.
fn retire(platform: &dyn Platform, id: i64, employees: &mut [Employee]) -> Result<Result<(), String>, Failure> {
    let key = Key::Synchronised(id);
    let Some(twin) = stored::load::<SyncedEmployee>(platform, key)? else { return Ok(Ok(())) };
    let Some(employee) = employees.iter_mut().find(|employee| employee.id == twin.employee && employee.status != OFF_DUTY) else {
        return Ok(Ok(()));
    };
    let fields = EmployeeFields { last_name: None, first_name: None, patronymic: None, email: None, status: Some(OFF_DUTY.to_owned()) };
    // Store this first: once the employee is off duty, a retry would skip them.
    stored::put(platform, key, &SyncedEmployee { retired: true, ..twin }, None)?;
    let done = outcome(platform.update_employee(employee.id, &fields))?;
    if done.is_err() {
        stored::put(platform, key, &twin, None)?;
    }
    Ok(done)
}

/// A user's name in UIS. UIS requires a last name: if it is missing, the first name is used, else the local part of the e-mail.
fn wanted(user: &User) -> EmployeeFields {
    let name = |text: &str| Some(template::line(text, NAME_MAX)).filter(|name| !name.is_empty());
    let (last, first) = (name(&user.last_name), name(&user.first_name));
    let first_stands_in = last.is_none();
    let mail_name = user.email.split('@').next().unwrap_or_default();
    EmployeeFields {
        last_name: last.or_else(|| first.clone()).or_else(|| name(mail_name)),
        first_name: if first_stands_in { None } else { first },
        patronymic: name(&user.patronymic),
        email: Some(user.email.trim().to_owned()),
        status: None,
    }
}

/// Separates UIS's refusal of one record from UIS being busy.
fn outcome<T>(result: Result<T, DirectoryError>) -> Result<Result<T, String>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(DirectoryError::Refused((mnemonic, text))) => Ok(Err(format!("UIS refuses the record: {mnemonic}: {text}"))),
        Err(busy) => Err(directory_failure(busy)),
    }
}
