//! The CRM's own pages, as far as modules have places in them (`integrations.embedJs`): the menu, a page of a module, the cards of orders
//! and customers. How RetailCRM puts a module into a frame is not public `[inferred]`: `entrypoint`, with `page=<code>` or
//! `target=<target>` in its query.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::response::Html;
use axum::routing::get;
use http::StatusCode;
use minijinja::{Environment, context};
use serde::Serialize;
use serde_json::Value;

use crate::entity::{Entity, is, text};
use crate::simulator::Simulator;
use crate::state::State;

/// The template of every page.
const PAGE: &str = include_str!("page.html");

/// Pages for browsers. They ask for no key: every client that reaches the simulator may do anything.
pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/modules/{module}/{page}", get(module_page))
        .route("/orders/{id}/edit", get(order_card))
        .route("/customers/{id}", get(customer_card))
        .with_state(simulator)
}

/// A page of a module in the menu.
#[derive(Debug, Serialize)]
struct MenuItem {
    title: String,
    url: String,
    ordering: i64,
}

/// A frame of a module.
#[derive(Debug, Serialize)]
struct Frame {
    url: String,
    title: String,
    /// A place on a card; none: a page of its own.
    target: Option<String>,
}

/// Modules that are on and have places in pages: code, module, its `embedJs`.
fn embedded(state: &State) -> impl Iterator<Item = (&String, &Entity, &Entity)> {
    let on = state.modules.iter().filter(|(_, module)| is(module, "active", false) && !is(module, "freeze", false));
    on.filter_map(|(code, module)| Some((code, module, module.get("integrations")?.get("embedJs")?.as_object()?)))
}

fn pages(embed: &Entity) -> impl Iterator<Item = &Entity> {
    embed.get("pages").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The menu's items of modules, in their order.
fn menu(state: &State) -> Vec<MenuItem> {
    let mut items: Vec<MenuItem> = embedded(state)
        .flat_map(|(code, _, embed)| {
            pages(embed).map(move |page| MenuItem {
                title: page.get("menuItemTitle").and_then(|title| title["ru"].as_str()).unwrap_or(text(page, "code")).to_owned(),
                url: format!("/modules/{code}/{}", text(page, "code")),
                ordering: page.get("menuItemOrdering").and_then(Value::as_i64).unwrap_or(0),
            })
        })
        .collect();
    items.sort_by_key(|item| item.ordering);
    items
}

/// Where a module's frame begins.
fn entrypoint(module: &Entity, embed: &Entity, name: &str, value: &str) -> String {
    let (base, path) = (text(module, "baseUrl").trim_end_matches('/'), text(embed, "entrypoint"));
    let whole = if path.contains("://") { path.to_owned() } else { format!("{base}/{}", path.trim_start_matches('/')) };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{whole}{}{query}", if whole.contains('?') { '&' } else { '?' })
}

/// The frames of all modules on cards of this kind.
fn on_card(state: &State, card: &str) -> Vec<Frame> {
    let of_module = |(_, module, embed): (&String, &Entity, &Entity)| {
        let targets = embed.get("targets").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let of_card = targets.filter(|target| target.split(':').next() == Some(card));
        of_card
            .map(|target| Frame {
                url: entrypoint(module, embed, "target", target),
                title: text(module, "name").to_owned(),
                target: Some(target.to_owned()),
            })
            .collect::<Vec<_>>()
    };
    embedded(state).flat_map(of_module).collect()
}

type Page = Result<Html<String>, (StatusCode, Html<String>)>;

fn render(state: &State, title: &str, lines: &[String], frames: &[Frame]) -> Result<Html<String>, StatusCode> {
    let mut environment = Environment::new();
    // The name ends in .html, so every value is escaped.
    environment.add_template("page.html", PAGE).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let shown = environment.get_template("page.html").and_then(|page| page.render(context! { title, lines, frames, menu => menu(state) }));
    shown.map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn page(state: &State, title: &str, lines: &[String], frames: &[Frame]) -> Page {
    render(state, title, lines, frames).map_err(|status| (status, Html(String::new())))
}

fn missing(state: &State, what: &str) -> Page {
    let shown = render(state, what, &[], &[]).unwrap_or_else(|_| Html(String::new()));
    Err((StatusCode::NOT_FOUND, shown))
}

async fn module_page(Shared(simulator): Shared<Simulator>, Path((code, name)): Path<(String, String)>) -> Page {
    let state = simulator.state();
    let found = embedded(&state).find(|(known, _, embed)| **known == code && pages(embed).any(|page| text(page, "code") == name));
    let Some((_, module, embed)) = found else { return missing(&state, "Страница не найдена") };
    let frame = Frame { url: entrypoint(module, embed, "page", &name), title: text(module, "name").to_owned(), target: None };
    let title = frame.title.clone();
    page(&state, &title, &[], &[frame])
}

async fn order_card(Shared(simulator): Shared<Simulator>, Path(id): Path<i64>) -> Page {
    let state = simulator.state();
    let Some(order) = state.orders.get(id) else { return missing(&state, "Заказ не найден") };
    let lines = ["status", "phone", "email"].map(|name| format!("{name}: {}", text(order, name)));
    page(&state, &format!("Заказ {}", text(order, "number")), &lines, &on_card(&state, "order/card"))
}

async fn customer_card(Shared(simulator): Shared<Simulator>, Path(id): Path<i64>) -> Page {
    let state = simulator.state();
    let Some(customer) = state.customers.get(id) else { return missing(&state, "Клиент не найден") };
    let name = [text(customer, "lastName"), text(customer, "firstName")].join(" ");
    page(&state, name.trim(), &[format!("email: {}", text(customer, "email"))], &on_card(&state, "customer/card"))
}
