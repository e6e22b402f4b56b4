//! Carrying an act out: as UIS, or as a user of RetailCRM.

use std::sync::Arc;

use serde_json::json;
use uis_gateway::control::ControlError;

use super::day::{Act, Deed};
use super::shop::{CRM_KEY, SECRET, Shop};

/// Carries an act out. Gives how many of UIS's notifications and requests were not accepted.
pub async fn carry_out(shop: Arc<Shop>, act: Act) -> Result<usize, String> {
    match act.deed {
        Deed::Uis(story) => {
            let steps = shop.player.play(&story).await.map_err(|why| format!("{}: {why}", act.title))?;
            Ok(steps.iter().filter(|step| !step.is_fine()).count())
        }
        Deed::Click { phone, user } => click(&shop, &phone, user).await.map(|()| 0),
        Deed::Order { id, status } => change_order(&shop, id, &status).await.map(|()| 0),
    }
}

/// Asks the gateway as RetailCRM does when a user clicks a phone number.
async fn click(shop: &Shop, phone: &str, user: i64) -> Result<(), String> {
    let address = shop.address("make-call").await.map_err(|error: ControlError| error.to_string())?;
    let mut address = url::Url::parse(&address).map_err(|error| format!("{address}: {error}"))?;
    // The address may have the secret already.
    address.query_pairs_mut().clear().extend_pairs([
        ("clientId", SECRET),
        ("code", "101"),
        ("phone", phone),
        ("userId", &user.to_string()),
    ]);
    let answer = shop.http.get(address).send().await.map_err(|error| error.to_string())?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("the click on {phone} was answered with {}", answer.status())),
    }
}

/// Changes an order as a user of RetailCRM does; its trigger informs the gateway.
async fn change_order(shop: &Shop, id: i64, status: &str) -> Result<(), String> {
    let order = json!({ "status": status }).to_string();
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs([("by", "id"), ("order", &order)]).finish();
    let request = shop.http.post(format!("{}/api/v5/orders/{id}/edit", shop.crm_url)).header("X-API-KEY", CRM_KEY);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.map_err(|error| error.to_string())?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("the change of order {id} was answered with {}", answer.status())),
    }
}
