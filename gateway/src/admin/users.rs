//! Names of the system's users, for the audit log.

/// The list of users that every Unix system has. Users of a directory service are not in it; they are known by their number then.
const USERS: &str = "/etc/passwd";

/// The name of a user.
pub fn name_of(number: u32) -> Option<String> {
    named(&std::fs::read_to_string(USERS).ok()?, number)
}

fn named(users: &str, number: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut columns = line.split(':');
        let name = columns.next()?;
        (columns.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# a comment\nuis:x:990:990::/var/lib/uis-gateway:/usr/sbin/nologin\n";
        assert_eq!((named(users, 990).as_deref(), named(users, 0).as_deref(), named(users, 7)), (Some("uis"), Some("root"), None));
    }
}
