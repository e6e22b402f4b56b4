//! A real browser, driven by the standard WebDriver protocol: Debian's `chromium` and `chromium-driver`, or any `chromedriver` on the path.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::json;

/// A browser; it ends with the test.
pub struct Browser {
    driver: Child,
    /// Drives it.
    pub client: Client,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Says why the test cannot run. On a machine of CI that is a failure: there it must run.
fn cannot(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    // Past the capture of a passing test's output: who runs the tests should know.
    let _ = writeln!(std::io::stderr(), "browser test: not run, {why}");
}

/// Starts one; none where there is none.
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
