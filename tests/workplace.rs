//! The operator's workplace inside RetailCRM, in a real browser: the simulator's pages, the plugin's files as the host serves them, and a
//! stand-in for UIS's own page.

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

/// The CRM's key and the callbacks' secret: neither may reach a browser.
const KEY: &str = "canary-key-that-nobody-may-see";
const SECRET: &str = "replay-client-id";

/// UIS's page: what it was asked for, and whether it is there at all.
struct Workplace {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    served: JoinHandle<()>,
}

impl Workplace {
    async fn at(port: u16, asked: Arc<Mutex<Vec<String>>>) -> Workplace {
        // The port was free a moment ago; the last connections to it may linger.
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
        let heard = asked.clone();
        let page = async move |request: Request| {
            heard.lock().expect("whole").push(format!("{} {} {:?}", request.method(), request.uri(), request.headers()));
            Html("<!doctype html><title>РМО</title><h1 id='rmo'>Рабочее место оператора</h1><p>3 чата ждут ответа</p>")
        };
        let served = tokio::spawn(async move { axum::serve(listener, Router::new().fallback(page)).await.expect("served") });
        Workplace { port, asked, served }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/rmo?account=1&lang=ru", self.port)
    }

    /// Nobody is there any more.
    async fn gone(self) -> (u16, Arc<Mutex<Vec<String>>>) {
        self.served.abort();
        let _ = self.served.await;
        (self.port, self.asked)
    }
}

/// `uis-host embed`, and where its pages are.
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
    let told: Value = serde_json::from_str(&first).unwrap_or_else(|error| panic!("{error}: {first}"));
    uis_test_support::check_by_schema(&told);
    let text = |name: &str| told[name].as_str().expect("text").to_owned();
    let pages = told["pages"].as_array().expect("a list").iter().map(|page| page.as_str().expect("text").to_owned()).collect();
    Embed { child, crm: text("crm"), assets: text("assets"), pages }
}

async fn wait_for(client: &Client, css: &str) -> fantoccini::elements::Element {
    client.wait().at_most(Duration::from_secs(20)).for_element(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// Into the module's frame of the CRM's page that is open.
async fn enter_module(client: &Client) {
    wait_for(client, "main iframe").await.enter_frame().await.expect("a frame");
}

/// Out of so many frames again.
async fn leave(client: &Client, frames: usize) {
    for _ in 0..frames {
        client.enter_parent_frame().await.expect("out again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workplace_opens_in_retailcrm_survives_no_network_and_leaks_nothing() {
    let Some(browser) = uis_test_support::browser::start().await else { return };
    let client = &browser.client;
    let folder = tempfile::tempdir().expect("a folder");
    let workplace = Workplace::at(0, Arc::default()).await;
    let embed = embed(&folder, &["--workplace-url", &workplace.url()]);
    let mut seen = Vec::new();

    // By the menu, as a manager goes.
    client.goto(&embed.pages[1]).await.expect("the order's card");
    wait_for(client, "nav a.module").await.click().await.expect("clicked");
    client.wait().at_most(Duration::from_secs(20)).for_url(&embed.pages[0].parse().expect("a URL")).await.expect("the page of the module");
    seen.push(client.source().await.expect("a page"));
    enter_module(client).await;
    wait_for(client, "#workplace").await;
    seen.push(client.source().await.expect("the plugin's page"));
    assert!(!wait_for(client, "#notice").await.is_displayed().await.expect("known"), "nothing is wrong, so nothing is said");
    wait_for(client, "#workplace").await.enter_frame().await.expect("UIS's page");
    assert_eq!(wait_for(client, "#rmo").await.text().await.expect("text"), "Рабочее место оператора");
    leave(client, 2).await;
    let picture = client.screenshot().await.expect("a picture");
    if let Some(place) = std::env::var_os("UIS_SCREENSHOT") {
        std::fs::write(uis_test_support::root().join(place), &picture).expect("written");
    }

    // On the cards a button that opens it.
    for card in &embed.pages[1..] {
        client.goto(card).await.expect("a card");
        enter_module(client).await;
        let button = wait_for(client, "#widget").await;
        assert_eq!(button.text().await.expect("text"), "Чаты UIS");
        seen.push(client.source().await.expect("a button"));
        leave(client, 1).await;
    }
    let opened = client.windows().await.expect("windows").len();
    enter_module(client).await;
    wait_for(client, "#widget").await.click().await.expect("clicked");
    let mut windows = client.windows().await.expect("windows");
    for _ in 0..50 {
        if windows.len() > opened {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        windows = client.windows().await.expect("windows");
    }
    assert_eq!(windows.len(), opened + 1, "the workplace opens in a window of its own");

    // UIS cannot be reached: that is said, nothing breaks, and it opens when UIS is there again.
    let (port, asked) = workplace.gone().await;
    client.goto(&embed.pages[0]).await.expect("the page of the module");
    enter_module(client).await;
    let retry = wait_for(client, "#actions:not([hidden]) #retry").await;
    let said = wait_for(client, "#text").await.text().await.expect("text");
    assert!(said.starts_with("Нет связи с UIS"), "{said}");
    seen.push(client.source().await.expect("a page"));
    let workplace = Workplace::at(port, asked).await;
    retry.click().await.expect("clicked");
    wait_for(client, "#workplace").await.enter_frame().await.expect("UIS's page");
    wait_for(client, "#rmo").await;

    // What a browser got, and what UIS was asked with, holds no secret.
    let files = reqwest_all(&embed).await;
    let asked = workplace.asked.lock().expect("whole").clone();
    assert!(asked.len() >= 3, "{asked:?}");
    for text in seen.iter().chain(&files).chain(&asked) {
        assert!(!text.contains(KEY) && !text.contains(SECRET), "a secret: {text}");
    }
    for text in &asked {
        assert!(!text.contains(&embed.crm) && !text.contains(&embed.assets), "UIS learns where it is shown: {text}");
    }
    browser.client.clone().close().await.expect("closed");
}

/// The plugin's files with their headers, as anybody gets them.
async fn reqwest_all(embed: &Embed) -> Vec<String> {
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
async fn nobody_but_the_account_may_frame_the_page() {
    let Some(browser) = uis_test_support::browser::start().await else { return };
    let client = &browser.client;
    let folder = tempfile::tempdir().expect("a folder");
    let embed = embed(&folder, &["--workplace-url", "http://127.0.0.1:9/"]);
    let frame = format!("<!doctype html><main><iframe src='{}/main/asset/workplace.html'></iframe></main>", embed.assets);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(async move || Html(frame.clone()))).await });
    client.goto(&address).await.expect("a page that is not the CRM's");
    enter_module(client).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.find(Locator::Css("#notice")).await.is_err(), "somebody else's page shows ours");
    // The same page in the CRM's own shows itself.
    client.goto(&embed.pages[0]).await.expect("the page of the module");
    enter_module(client).await;
    wait_for(client, "#notice").await;
    browser.client.clone().close().await.expect("closed");
}

#[test]
fn without_the_extension_there_is_nothing_to_see() {
    let folder = tempfile::tempdir().expect("a folder");
    let embed = embed(&folder, &["--without-workplace"]);
    assert_eq!(embed.pages, Vec::<String>::new());
}
