//! Whether `public-url` answers. It is asked from this machine, so a router that does not lead packets back, or a firewall, may make a
//! difference that nobody outside sees.

use std::time::Duration;

use bytes::Bytes;
use uis_host::ports::{Egress, EgressError};
use url::Url;

use super::{ok, problem, warning};
use crate::config::{AllowPrivate, is_local};
use crate::control::Finding;
use crate::network::egress::HttpEgress;

const SUBJECT: &str = "public-url";
/// The answer of `/healthz`.
const HEALTHY: &[u8] = b"ok\n";
/// Most bytes of an answer that is read.
const ANSWER_BYTES: usize = 64 << 10;
/// How long the answer may take. UIS gives up a routing request sooner.
const PATIENCE: Duration = Duration::from_secs(15);

/// What became of a request to `public-url`.
pub struct Facts {
    /// `public-url`.
    pub url: String,
    /// Its host is this machine's alone.
    pub local: bool,
    /// The status, and whether the body is the gateway's; or why there is no answer.
    pub answer: Result<(u16, bool), String>,
}

/// Asks `public-url` for its health. Private addresses are allowed: the administrator has written this one.
pub async fn ask(public_url: &str) -> Facts {
    let url = public_url.to_owned();
    let local = Url::parse(public_url).is_ok_and(|url| is_local(&url));
    let answer = match tokio::time::timeout(PATIENCE, health(public_url)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    };
    Facts { url, local, answer }
}

async fn health(public_url: &str) -> Result<(u16, bool), String> {
    let address = format!("{public_url}/healthz");
    let url = Url::parse(&address).map_err(|error| error.to_string())?;
    let client = HttpEgress::new(AllowPrivate::host_of(&url))?;
    let request = http::Request::get(url.as_str()).body(Bytes::new()).map_err(|error| error.to_string())?;
    match client.send(request, ANSWER_BYTES).await {
        Ok(answer) => Ok((answer.status().as_u16(), answer.body().as_ref() == HEALTHY)),
        // It answers, but not as the gateway does.
        Err(EgressError::TooLarge(_)) => Ok((200, false)),
        Err(error) => Err(error.to_string()),
    }
}

/// Judges the answer.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let url = &facts.url;
    vec![match &facts.answer {
        Ok((200, true)) if facts.local => warning(
            SUBJECT,
            format!("{url} answers, but only this machine reaches it"),
            "for live accounts put a web server with https in front, and write its address as public-url",
        ),
        Ok((200, true)) => ok(SUBJECT, format!("{url} answers (as seen from inside)")),
        Ok((status, _)) => problem(
            SUBJECT,
            format!("{url}/healthz answers with status {status}, and not as this gateway does (as seen from inside)"),
            "let the web server of this address pass all requests below it on to the address in listen, with their path unchanged",
        ),
        Err(why) => warning(
            SUBJECT,
            format!("{url}/healthz does not answer (as seen from inside): {why}"),
            format!(
                "open {url}/healthz from another network; if \"ok\" appears there, all is well, otherwise correct the name in DNS, the web \
                 server, its certificate or the firewall"
            ),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    #[test]
    fn what_answers_must_be_the_gateway() {
        for (local, answer, verdict, expected) in [
            (false, Ok((200, true)), Verdict::Ok, "as seen from inside"),
            (true, Ok((200, true)), Verdict::Warning, "only this machine"),
            (false, Ok((200, false)), Verdict::Problem, "not as this gateway does"),
            (false, Ok((502, false)), Verdict::Problem, "status 502"),
            (false, Err("connection refused".to_owned()), Verdict::Warning, "connection refused"),
        ] {
            let found = &judge(&Facts { url: "https://uis.example".to_owned(), local, answer })[0];
            assert!(found.verdict == verdict && found.message.contains(expected), "{found:?}");
        }
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_does_not_answer() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let facts = ask(&format!("http://127.0.0.1:{port}/uis")).await;
        assert!(facts.local && facts.answer.is_err());
    }
}
