//! A real browser, driven by the WebDriver protocol. It needs `chromedriver` on the path, for example from Debian's packages `chromium`
//! and `chromium-driver`.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::json;

/// A browser. It is stopped when it is dropped.
pub struct Browser {
    driver: Child,
    /// The WebDriver client.
    pub client: Client,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Reports why a browser test is skipped. In CI the test fails instead, because CI must run it.
fn cannot(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    // Written to standard error directly: `eprintln!` would be captured, and nobody would see that the test was skipped.
    let _ = writeln!(std::io::stderr(), "browser test: not run, {why}");
}

/// Starts a browser. Returns none if this machine has none.
pub async fn start() -> Option<Browser> {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(driver) = driver else {
        cannot("chromedriver is missing; on Debian: apt-get install chromium chromium-driver");
        return None;
    };
    let options = json!({"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1100,700"]});
    let capabilities = serde_json::Map::from_iter([
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
    ]);
    let mut last = None;
    for _ in 0..100 {
        match ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities.clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
        {
            Ok(client) => return Some(Browser { driver, client }),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut driver = driver;
    let _ = driver.kill();
    let _ = driver.wait();
    cannot(&format!("no browser session: {last:?}"));
    None
}
