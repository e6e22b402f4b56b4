//! The operator's workplace inside RetailCRM, in a real browser. RetailCRM's pages come from the simulator, the plugin's files from the host,
//! and UIS's page from a small server in this file.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Html;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The CRM's key and the secret of callbacks. Neither may reach a browser.
const KEY: &str = "canary-key-that-nobody-may-see";
const SECRET: &str = "replay-client-id";

/// A server in place of UIS's. It records the requests that it gets, and it can be stopped.
struct Workplace {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Workplace {
    async fn start(port: u16, requests: Arc<Mutex<Vec<String>>>) -> Workplace {
        // After a restart on the same port, old connections may still block it for a moment.
        let mut listener = TcpListener::bind(("127.0.0.1", port)).await;
        for _ in 0..100 {
            if listener.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            listener = TcpListener::bind(("127.0.0.1", port)).await;
        }
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let received = requests.clone();
        let page = async move |request: Request| {
            received.lock().expect("no panic").push(format!("{} {} {:?}", request.method(), request.uri(), request.headers()));
            Html("<!doctype html><title>РМО</title><h1 id='rmo'>Рабочее место оператора</h1><p>3 чата ждут ответа</p>")
        };
        let server = tokio::spawn(async move { axum::serve(listener, Router::new().fallback(page)).await.expect("served") });
        Workplace { port, requests, server }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/rmo?account=1&lang=ru", self.port)
    }

    /// Stops the server. Returns what is needed to start it again.
    async fn stop(self) -> (u16, Arc<Mutex<Vec<String>>>) {
        self.server.abort();
        let _ = self.server.await;
        (self.port, self.requests)
    }
}

/// A running `uis-host embed` and the addresses that it printed.
struct Embed {
    child: Child,
    crm: String,
    assets: String,
    pages: Vec<String>,
}

impl Drop for Embed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn embed(folder: &tempfile::TempDir, arguments: &[&str]) -> Embed {
    let account = uis_test_support::file(
        folder,
        "account.json",
        &[&format!(
            r#"{{"apiKey":"{KEY}","users":[{{"id":5,"email":"a@x.example"}}],"customers":[{{"id":1,"firstName":"Пётр","phones":[{{"number":"79161234567"}}]}}],"orders":[{{"id":1,"number":"1A","status":"new","customer":{{"id":1}}}}]}}"#
        )],
    );
    let mut child = Command::new(uis_test_support::host_program())
        .args(["embed", "--json", "--account", &account])
        .args(arguments)
        .current_dir(uis_test_support::root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    let printed: Value = serde_json::from_str(&first).unwrap_or_else(|error| panic!("{error}: {first}"));
    uis_test_support::check_by_schema(&printed);
    let text = |name: &str| printed[name].as_str().expect("text").to_owned();
    let pages = printed["pages"].as_array().expect("a list").iter().map(|page| page.as_str().expect("text").to_owned()).collect();
    Embed { child, crm: text("crm"), assets: text("assets"), pages }
}

async fn wait_for(client: &Client, css: &str) -> fantoccini::elements::Element {
    client.wait().at_most(Duration::from_secs(20)).for_element(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// Enters the frame of the module in the CRM's page that is open.
async fn enter_module(client: &Client) {
    wait_for(client, "main iframe").await.enter_frame().await.expect("a frame");
}

/// Leaves this many frames.
async fn leave(client: &Client, frames: usize) {
    for _ in 0..frames {
        client.enter_parent_frame().await.expect("the frame is left");
    }
}

/// A manager opens the workplace from the menu. Returns the sources of the pages that the browser got.
async fn open_from_the_menu(client: &Client, embed: &Embed) -> Vec<String> {
    client.goto(&embed.pages[1]).await.expect("the order's card");
    wait_for(client, "nav a.module").await.click().await.expect("clicked");
    client.wait().at_most(Duration::from_secs(20)).for_url(&embed.pages[0].parse().expect("a URL")).await.expect("the page of the module");
    let crm_page = client.source().await.expect("a page");
    enter_module(client).await;
    wait_for(client, "#workplace").await;
    let plugin_page = client.source().await.expect("the plugin's page");
    assert!(!wait_for(client, "#notice").await.is_displayed().await.expect("known"), "a notice is shown although nothing is wrong");
    wait_for(client, "#workplace").await.enter_frame().await.expect("UIS's page");
    assert_eq!(wait_for(client, "#rmo").await.text().await.expect("text"), "Рабочее место оператора");
    leave(client, 2).await;
    let picture = client.screenshot().await.expect("a picture");
    if let Some(place) = std::env::var_os("UIS_SCREENSHOT") {
        std::fs::write(uis_test_support::root().join(place), &picture).expect("written");
    }
    vec![crm_page, plugin_page]
}

/// The cards have a button that opens the workplace in a new window. Returns the sources of the pages that the browser got.
async fn open_from_the_cards(client: &Client, embed: &Embed) -> Vec<String> {
    let mut seen = Vec::new();
    for card in &embed.pages[1..] {
        client.goto(card).await.expect("a card");
        enter_module(client).await;
        let button = wait_for(client, "#widget").await;
        assert_eq!(button.text().await.expect("text"), "Чаты UIS");
        seen.push(client.source().await.expect("a button"));
        leave(client, 1).await;
    }
    let before = client.windows().await.expect("windows").len();
    enter_module(client).await;
    wait_for(client, "#widget").await.click().await.expect("clicked");
    let mut windows = client.windows().await.expect("windows");
    for _ in 0..50 {
        if windows.len() > before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        windows = client.windows().await.expect("windows");
    }
    assert_eq!(windows.len(), before + 1, "the workplace must open in a new window");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workplace_opens_in_retailcrm_recovers_from_a_lost_connection_and_leaks_no_secret() {
    let Some(browser) = uis_test_support::browser::start().await else { return };
    let client = &browser.client;
    let folder = tempfile::tempdir().expect("a folder");
    let workplace = Workplace::start(0, Arc::default()).await;
    let embed = embed(&folder, &["--workplace-url", &workplace.url()]);
    let mut seen = open_from_the_menu(client, &embed).await;
    seen.extend(open_from_the_cards(client, &embed).await);

    // UIS cannot be reached: the page says so, and the workplace opens when UIS can be reached again.
    let (port, requests) = workplace.stop().await;
    client.goto(&embed.pages[0]).await.expect("the page of the module");
    enter_module(client).await;
    let retry = wait_for(client, "#actions:not([hidden]) #retry").await;
    let notice = wait_for(client, "#text").await.text().await.expect("text");
    assert!(notice.starts_with("Нет связи с UIS"), "{notice}");
    seen.push(client.source().await.expect("a page"));
    let workplace = Workplace::start(port, requests).await;
    retry.click().await.expect("clicked");
    wait_for(client, "#workplace").await.enter_frame().await.expect("UIS's page");
    wait_for(client, "#rmo").await;

    // Neither the pages that the browser got nor the requests to UIS contain a secret.
    let files = plugin_files(&embed).await;
    let requests = workplace.requests.lock().expect("no panic").clone();
    assert!(requests.len() >= 3, "{requests:?}");
    for text in seen.iter().chain(&files).chain(&requests) {
        assert!(!text.contains(KEY) && !text.contains(SECRET), "a secret: {text}");
    }
    for text in &requests {
        assert!(!text.contains(&embed.crm) && !text.contains(&embed.assets), "UIS learns which page shows the workplace: {text}");
    }
    browser.client.clone().close().await.expect("closed");
}

/// The plugin's files with their headers, as the host serves them to anybody.
async fn plugin_files(embed: &Embed) -> Vec<String> {
    let mut all = Vec::new();
    for name in ["workplace.html", "workplace.js", "workplace.css", "logo.svg"] {
        let answer = reqwest::get(format!("{}/main/asset/{name}", embed.assets)).await.expect("answered");
        assert_eq!(answer.status(), 200, "{name}");
        let headers = format!("{:?}", answer.headers());
        assert!(headers.contains("frame-ancestors") && headers.contains("nosniff"), "{name}: {headers}");
        all.push(headers + &answer.text().await.expect("text"));
    }
    for bad in ["workplace.html/../logo.svg%00", ".env", "%2e%2e/logo.svg", "workplace"] {
        let status = reqwest::get(format!("{}/main/asset/{bad}", embed.assets)).await.expect("answered").status();
        assert_eq!(status, 404, "{bad}");
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_accounts_crm_may_show_the_plugins_page_in_a_frame() {
    let Some(browser) = uis_test_support::browser::start().await else { return };
    let client = &browser.client;
    let folder = tempfile::tempdir().expect("a folder");
    let embed = embed(&folder, &["--workplace-url", "http://127.0.0.1:9/"]);
    let frame = format!("<!doctype html><main><iframe src='{}/main/asset/workplace.html'></iframe></main>", embed.assets);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(async move || Html(frame.clone()))).await });
    client.goto(&address).await.expect("a page of another server");
    enter_module(client).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.find(Locator::Css("#notice")).await.is_err(), "a page of another server shows the plugin's page");
    // A page of the CRM shows it.
    client.goto(&embed.pages[0]).await.expect("the page of the module");
    enter_module(client).await;
    wait_for(client, "#notice").await;
    browser.client.clone().close().await.expect("closed");
}

#[test]
fn without_the_extension_no_page_shows_anything_of_the_plugin() {
    let folder = tempfile::tempdir().expect("a folder");
    let embed = embed(&folder, &["--without-workplace"]);
    assert_eq!(embed.pages, Vec::<String>::new());
}
