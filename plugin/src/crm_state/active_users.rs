//! The users of RetailCRM who can be assignees. A user who has left may still be named by the settings.

use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::platform::Platform;
use crate::retailcrm::users::User;

/// Stores the users who are active.
pub fn remember(platform: &dyn Platform, users: &[User]) -> Result<(), Failure> {
    let active: Vec<i64> = users.iter().filter(|user| user.active != Some(false)).filter_map(|user| user.id).collect();
    stored::put(platform, Key::ActiveUsers, &active, None)
}

/// Whether a user can be an assignee; also while the users have not been read yet.
pub fn is_active(platform: &dyn Platform, user: i64) -> Result<bool, Failure> {
    let active: Option<Vec<i64>> = stored::load(platform, Key::ActiveUsers)?;
    Ok(active.is_none_or(|active| active.contains(&user)))
}
