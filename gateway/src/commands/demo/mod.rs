//! `uis-gateway demo`: both simulators and the gateway in one process, with the account of a shop, whose morning is played and shown as a story.
//!
//! | file | what |
//! |---|---|
//! | `shop` | the two accounts, the gateway between them, and their clock |
//! | `day` | the acts of the morning, from `day.toml` |
//! | `acting` | carrying an act out |
//! | `effects` | what changed in both accounts, in words |

mod acting;
mod day;
mod effects;
mod shop;

use std::sync::Arc;

use chrono_tz::Tz;
use serde::Serialize;
use uis_gateway::control::Control;

use super::shown::{object, say};
use super::{Failure, stopped};
use effects::Effects;
use shop::Shop;

/// How the demonstration goes.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many times faster than in life the morning goes, from 1 to 600.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// End after the morning, in place of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let read: f64 = text.parse().map_err(|_| format!("{text:?} is no number; give one from 1 to 600"))?;
    if (1.0..=600.0).contains(&read) { Ok(read) } else { Err(format!("{read} is not from 1 to 600")) }
}

/// How long after the last act its effects may come, in minutes of the shop's clock: recordings are waited for.
const AFTERWARDS: i64 = 4;

/// What the morning left, for `--json`.
#[derive(Serialize)]
struct Left {
    /// The address of the gateway.
    gateway: String,
    /// The address of UIS's simulator.
    uis: String,
    /// The address of RetailCRM's simulator.
    retailcrm: String,
    /// Acts that were played.
    acts: usize,
    /// Notifications and requests of UIS that the gateway did not accept.
    refused: usize,
    /// Effects, in the order in which they were seen.
    effects: Vec<String>,
}

/// Plays the morning, and then serves until it is stopped.
pub async fn run(arguments: Arguments, json: bool) -> Result<(), Failure> {
    let failed = |why: String| Failure::Failed(why);
    let acts = day::read().map_err(failed)?;
    let shop = Arc::new(Shop::open(arguments.speed, !json).await.map_err(failed)?);
    if !json {
        opening(&shop, arguments.speed);
    }
    let mut effects = Effects::new(&shop);
    let mut seen = Vec::new();
    let mut show = |shop: &Shop, lines: Vec<String>| {
        for line in lines {
            if !json {
                show_effect(shop, &line);
            }
            seen.push(line);
        }
    };
    let begin = shop.clock.now_ms();
    let mut refused = 0;
    for act in &acts {
        while shop.clock.now_ms() < begin + act.after {
            shop.nap().await;
            show(&shop, effects.look(&shop));
        }
        if !json {
            say("");
            say(&format!("{}  {}", shop.time(), act.title));
        }
        let mut acting = tokio::spawn(acting::carry_out(shop.clone(), act.clone()));
        let ended = loop {
            tokio::select! {
                ended = &mut acting => break ended,
                () = shop.nap() => show(&shop, effects.look(&shop)),
            }
        };
        refused += ended.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        show(&shop, effects.look(&shop));
    }
    let end = shop.clock.now_ms() + AFTERWARDS * 60_000;
    while shop.clock.now_ms() < end {
        shop.nap().await;
        show(&shop, effects.look(&shop));
    }
    closing(&shop, acts.len(), refused, seen, json).await?;
    if !arguments.once && !json {
        to_try(&shop).await?;
        let stopping = stopped();
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                stopped = &mut stopping => break stopped.map_err(|error| failed(format!("{error:#}")))?,
                () = shop.nap() => effects.look(&shop).iter().for_each(|line| show_effect(&shop, line)),
            }
        }
    }
    shop.close().await;
    Ok(())
}

fn show_effect(shop: &Shop, line: &str) {
    say(&format!("{}    → {line}", shop.time()));
}

fn opening(shop: &Shop, speed: f64) {
    say(&format!("A shop's morning, {speed} times faster than in life; --speed N plays it at another speed."));
    say("");
    say(&format!("  UIS (simulated)        {}   what happened: {}/_simulator/state", shop.uis_url, shop.uis_url));
    say(&format!("  RetailCRM (simulated)  {}   what it has:   {}/_simulator/state", shop.crm_url, shop.crm_url));
    say(&format!("  the gateway            {}", shop.gateway_url));
    say("");
    say("What people do comes first; what follows in RetailCRM and in UIS stands behind an arrow.");
}

async fn closing(shop: &Shop, acts: usize, refused: usize, effects: Vec<String>, json: bool) -> Result<(), Failure> {
    let status = shop.control.status().await?;
    if json {
        object(&Left {
            gateway: shop.gateway_url.clone(),
            uis: shop.uis_url.clone(),
            retailcrm: shop.crm_url.clone(),
            acts,
            refused,
            effects,
        });
        return Ok(());
    }
    say("");
    say(&format!(
        "The morning is over: {acts} acts, {} effects, {} notifications refused, {} events wait, {} dead letters.",
        effects.len(),
        refused,
        status.waiting,
        status.dead_letters
    ));
    Ok(())
}

/// What can be tried while everything goes on running.
async fn to_try(shop: &Shop) -> Result<(), Failure> {
    say("");
    say("Everything goes on running. Try it, in another terminal:");
    say("");
    say("  # somebody calls and nobody answers: a task follows");
    say(&format!(
        "  curl -d '{{\"call_session_id\":900001,\"direction\":\"in\",\"contact_phone_number\":\"79161112233\",\"virtual_phone_number\":\"74951112233\"}}' '{}'",
        shop.address("lost_call_session").await?
    ));
    say("  # whom should the scenario forward Мария's call to? To Борис, her manager");
    say(&format!("  curl '{}?cdr_id=900002&numa=79161234567&numb=74951112233'", shop.address("route").await?));
    say("  # what RetailCRM has of it");
    say(&format!("  curl -H 'X-API-KEY: {}' '{}/api/v5/tasks'", shop::CRM_KEY, shop.crm_url));
    say("");
    say("Ctrl-C ends it; nothing is left behind.");
    Ok(())
}

/// The shop's time zone.
const ZONE: Tz = chrono_tz::Europe::Moscow;
