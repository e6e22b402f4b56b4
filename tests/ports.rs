//! The harness's implementations of the host's ports pass the conformance suites of those ports.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_harness::crm::elsewhere::Network;
use uis_harness::crm::within::InProcess;
use uis_host::ports::{Egress, EgressError};
use uis_host::suites::egress::{Fixture, conforms};
use uis_host::suites::observer::takes_everything;
use uis_test_support::play::Trace;
use uis_test_support::ports::{egress_server, on_loopback, refused_address};

#[tokio::test(flavor = "multi_thread")]
async fn the_network_conforms() {
    let (base, refused) = (on_loopback(egress_server()).await, refused_address().await);
    let network = Network::new().expect("a client");
    conforms(&Fixture { egress: &network, base: &base, refused: Some(&refused) }).await;
}

#[tokio::test]
async fn a_server_within_the_process_conforms() {
    let egress = InProcess(egress_server());
    conforms(&Fixture { egress: &egress, base: "http://crm.example:8080", refused: None }).await;
}

#[test]
fn the_observer_of_the_tests_conforms() {
    takes_everything(&mut Trace::default());
}

/// Where a way out is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    FollowsRedirects,
    TriesAgain,
    ReadsOneByteTooMany,
    DropsQueries,
}

struct Wrong(InProcess, Fault);

impl Egress for Wrong {
    fn send(
        &self,
        mut request: http::Request<bytes::Bytes>,
        limit: usize,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, EgressError>> {
        async move {
            let base = format!("http://{}", request.uri().authority().expect("an authority"));
            if self.1 == Fault::DropsQueries {
                *request.uri_mut() = format!("{base}{}", request.uri().path()).parse().expect("an address");
            }
            let limit = if self.1 == Fault::ReadsOneByteTooMany { limit + 1 } else { limit };
            let answer = self.0.send(request.clone(), limit).await;
            match (self.1, &answer) {
                (Fault::TriesAgain, Err(EgressError::OutcomeUnknown(_))) => self.0.send(request, limit).await,
                (Fault::FollowsRedirects, Ok(redirect)) if redirect.status().is_redirection() => {
                    let location = redirect.headers()[http::header::LOCATION].to_str().expect("text");
                    *request.uri_mut() = format!("{base}{location}").parse().expect("an address");
                    self.0.send(request, limit).await
                }
                _ => answer,
            }
        }
        .boxed()
    }
}

#[tokio::test]
async fn the_suite_names_the_broken_promise() {
    let promises = [
        (Fault::FollowsRedirects, "redirects are not followed"),
        (Fault::TriesAgain, "is not sent again"),
        (Fault::ReadsOneByteTooMany, "longer than the limit is too large"),
        (Fault::DropsQueries, "path and query go out unchanged"),
    ];
    for (fault, promise) in promises {
        let suite = async move {
            let egress = Wrong(InProcess(egress_server()), fault);
            conforms(&Fixture { egress: &egress, base: "http://crm.example", refused: None }).await;
        };
        let panic = tokio::spawn(suite).await.expect_err("the suite found nothing").into_panic();
        let found = panic.downcast_ref::<String>().expect("a message");
        assert!(found.contains(promise), "{fault:?}: {found}");
    }
}
