//! Calls that UIS was asked to start: a clicked number becomes a call.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::player::Player;
use crate::stories::{Kind, Story};

/// How often the account is looked at. It takes a telephone longer than this to ring.
const LOOK: Duration = Duration::from_millis(100);

/// Plays every call that the account is asked to start from now on. It never ends.
pub async fn follow(player: Arc<Player>) {
    let mut seen = player.account.state().dialled.len();
    loop {
        tokio::time::sleep(LOOK).await;
        let new: Vec<Value> = {
            let state = player.account.state();
            // The account may have been emptied meanwhile.
            seen = seen.min(state.dialled.len());
            state.dialled[seen..].to_vec()
        };
        seen += new.len();
        for dialled in &new {
            let (player, story) = (player.clone(), story(dialled));
            // A call that does not fit the account was refused by the Call API already.
            tokio::spawn(async move { player.play(&story).await });
        }
    }
}

/// The story of a call that was started, from the parameters of `start.employee_call`.
fn story(dialled: &Value) -> Story {
    let text = |name: &str| dialled[name].as_str().map(str::to_owned);
    Story {
        phone: text("contact"),
        virtual_number: text("virtual_phone_number"),
        employee: dialled["employee"]["id"].as_i64(),
        external_id: text("external_id"),
        call_session_id: dialled["call_session_id"].as_i64(),
        ..Story::of(Kind::Click)
    }
}
