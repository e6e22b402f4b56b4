//! Sends the account's requests over the network.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;

use crate::callbacks::Carrier;
use crate::state::outgoing::Outgoing;

/// How long an answer is waited for. How long RetailCRM waits is not public `[inferred]`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plain HTTP.
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client that follows no redirects.
    pub fn new() -> Result<Http> {
        Ok(Http { client: reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()? })
    }
}

impl Carrier for Http {
    fn carry(&self, request: Outgoing) -> Pin<Box<dyn Future<Output = Result<u16, String>> + Send>> {
        let client = self.client.clone();
        Box::pin(async move {
            if !request.url.starts_with("http://") {
                return Err(format!("{}: this build speaks plain http only; give a http:// address on this machine", request.url));
            }
            let built = if request.method == "POST" {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.form).finish();
                client.post(&request.url).header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            } else {
                client.get(&request.url)
            };
            match built.send().await {
                Ok(answer) => Ok(answer.status().as_u16()),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    Err(format!("{}{cause}", error.without_url()))
                }
            }
        })
    }
}
