//! Sends a handler's requests over HTTP. Connections are pooled; redirects are never followed, because they would carry the key to another
//! place; nothing is sent twice; nothing is sent to private addresses that are not allowed ([`reach`](super::reach)).

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::Uri;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use uis_host::ports::{Egress, EgressError};
use url::Url;

use super::reach::{Reach, Refused};
use crate::config::AllowPrivate;

/// How long a connection may take to be established, TLS included. A host that does not answer at all must not use up a handler's whole time.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection stays open. Servers usually close theirs after 60 s or more; ours is gone before, so that no request meets
/// a connection that is being closed.
const IDLE: Duration = Duration::from_secs(30);
/// How many unused connections to one host stay open: as many as a handler's requests need that are sent side by side. After a rush of events
/// there would be many more, each with 15 KiB of buffers.
const IDLE_PER_HOST: usize = 8;

type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, tower::BoxError>;

/// Requests over HTTP. Clones share the pool of connections.
#[derive(Debug, Clone)]
pub struct HttpEgress {
    client: Client<Connector, Full<Bytes>>,
    reach: Reach,
}

impl HttpEgress {
    /// A client of its own pool. Certificates are checked against the system's. Requests go to public addresses, and to the private ones of
    /// this list. Fails when TLS cannot be set up.
    pub fn new(allowed: AllowPrivate) -> Result<HttpEgress, String> {
        HttpEgress::trusting(SYSTEM_CERTIFICATES.clone(), allowed)
    }

    /// The same with these certificates of authorities.
    pub fn trusting(roots: RootCertStore, allowed: AllowPrivate) -> Result<HttpEgress, String> {
        let reach = Reach::new(allowed);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| format!("TLS cannot be set up: {error}"))?.with_root_certificates(roots).with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(reach.clone());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        let connector = BoxCloneSyncService::new(Timeout::new(connector, CONNECT));
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_idle_timeout(IDLE).pool_max_idle_per_host(IDLE_PER_HOST).pool_timer(TokioTimer::new());
        let client = client.build(connector);
        Ok(HttpEgress { client, reach })
    }
}

/// Read once a process: there are some hundred of them.
static SYSTEM_CERTIFICATES: LazyLock<RootCertStore> = LazyLock::new(system_certificates);

/// The system's certificates of authorities. Without any the gateway still runs, because it may be on trial with a simulator.
fn system_certificates() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let why = found.errors.first().map(ToString::to_string).unwrap_or_default();
        tracing::error!(why, "the system has no certificates of authorities, so https works with no server; install ca-certificates");
    }
    roots
}

impl Egress for HttpEgress {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let began = Instant::now();
            let answer = self.exchange(request, limit).await;
            let outcome = match &answer {
                Ok(response) => response.status().as_str().to_owned(),
                Err(EgressError::NotSent(_)) => "not sent".to_owned(),
                Err(_) => "unknown".to_owned(),
            };
            metrics::histogram!("uis_gateway_request_seconds", "outcome" => outcome).record(began.elapsed().as_secs_f64());
            answer
        }
        .boxed()
    }
}

impl HttpEgress {
    /// The address to connect to, with its host as it was checked: `http://0x7f.1` is 127.0.0.1. Path and query stay as they are.
    fn admitted(&self, uri: &Uri) -> Result<Uri, String> {
        let url = Url::parse(&uri.to_string()).map_err(|error| error.to_string())?;
        self.reach.admit(&url).map_err(|refused| refused.to_string())?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let checked = Uri::builder().scheme(url.scheme()).authority(format!("{}{port}", url.host_str().unwrap_or_default()));
        let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        checked.path_and_query(target).build().map_err(|error| error.to_string())
    }

    async fn exchange(&self, mut request: http::Request<Bytes>, limit: usize) -> Result<http::Response<Bytes>, EgressError> {
        *request.uri_mut() = self.admitted(request.uri()).map_err(EgressError::NotSent)?;
        let answer = self.client.request(request.map(Full::new)).await.map_err(|error| match error.is_connect() {
            true => EgressError::NotSent(causes(&error)),
            false => EgressError::OutcomeUnknown(causes(&error)),
        })?;
        let (head, mut incoming) = answer.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| EgressError::OutcomeUnknown(causes(&error)))?;
            let Ok(part) = frame.into_data() else { continue };
            if body.len() + part.len() > limit {
                return Err(EgressError::TooLarge(limit));
            }
            body.extend_from_slice(&part);
        }
        Ok(http::Response::from_parts(head, body.freeze()))
    }
}

/// An error with its causes. A refusal says everything by itself.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        // The resolver's error is inside an error of the system.
        let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        if let Some(refused) = inner.and_then(|inner| inner.downcast_ref::<Refused>()) {
            return refused.to_string();
        }
        let text = error.to_string();
        // Some errors repeat their cause.
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

/// Stands for a connection whose key cannot be read now: its requests are not sent, so that events wait and nothing is lost.
pub struct NoKey {
    /// Why, and what to do.
    pub why: String,
}

impl Egress for NoKey {
    fn send(&self, _: http::Request<Bytes>, _: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        ready(Err(EgressError::NotSent(self.why.clone()))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use uis_host::suites::egress::{Fixture, conforms};
    use uis_test_support::ports::{egress_server, on_loopback, refused_address};

    /// A server that answers each connection with these bytes, then closes it. Gives its address.
    async fn server(answer: &'static [u8]) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
            }
        });
        format!("http://{address}/")
    }

    async fn sent(url: &str, limit: usize) -> Result<http::Response<Bytes>, EgressError> {
        let request = http::Request::post(url).body(Bytes::from_static(b"a=1")).expect("a request");
        HttpEgress::new(AllowPrivate::this_machine()).expect("a client").send(request, limit).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_keeps_the_promises_of_the_port() {
        let (base, refused) = (on_loopback(egress_server()).await, refused_address().await);
        let egress = HttpEgress::new(AllowPrivate::this_machine()).expect("a client");
        conforms(&Fixture { egress: &egress, base: &base, refused: Some(&refused) }).await;
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_and_a_redirect_is_an_answer() {
        let url = server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi").await;
        let answer = sent(&url, 10).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (302, b"hi".as_slice()));
    }

    /// A server that answers the first requests together, once there are so many, and counts its open connections.
    async fn patient_server(together: usize) -> (String, Arc<AtomicUsize>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (open, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Barrier::new(together)));
        let counted = open.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (open, all) = (counted.clone(), all.clone());
                open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        all.wait().await;
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
                    }
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        (format!("http://{address}/"), open)
    }

    #[tokio::test]
    async fn after_a_rush_only_some_connections_stay_open() {
        let rush = 3 * IDLE_PER_HOST;
        let (url, open) = patient_server(rush).await;
        let egress = HttpEgress::new(AllowPrivate::this_machine()).expect("a client");
        let requests = (0..rush).map(|_| egress.send(http::Request::get(&url).body(Bytes::new()).expect("a request"), 10));
        let answers = futures_util::future::join_all(requests).await;
        assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status() == 200)));
        let closed = async {
            while open.load(Ordering::SeqCst) > IDLE_PER_HOST {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.expect("the others are closed");
        assert_eq!(open.load(Ordering::SeqCst), IDLE_PER_HOST);
    }

    #[tokio::test]
    async fn an_answer_has_a_limit_and_one_that_breaks_off_is_unknown() {
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong").await;
        assert_eq!(sent(&url, 3).await.expect_err("too long"), EgressError::TooLarge(3));
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").await;
        assert!(matches!(sent(&url, 100).await, Err(EgressError::OutcomeUnknown(_))));
    }

    #[tokio::test]
    async fn a_request_that_reaches_nobody_is_not_sent() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let error = sent(&format!("http://{port}/?secret=1"), 10).await.expect_err("nobody listens");
        assert!(matches!(&error, EgressError::NotSent(text) if !text.contains("secret")), "{error}");
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_private_address_that_is_not_allowed() {
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        let port = url.trim_end_matches('/').rsplit(':').next().expect("a port");
        let closed = HttpEgress::new(AllowPrivate::default()).expect("a client");
        for (url, why) in [
            (format!("http://127.0.0.1:{port}/"), "plain http"),
            (format!("https://127.0.0.1:{port}/"), "127.0.0.1 is a private address"),
            (format!("https://0x7f.1:{port}/"), "127.0.0.1 is a private address"),
            (format!("https://localhost:{port}/"), "localhost has the private address"),
        ] {
            let request = http::Request::get(&url).body(Bytes::new()).expect("a request");
            let error = closed.send(request, 10).await.expect_err(&url);
            let EgressError::NotSent(text) = &error else { panic!("{url}: {error}") };
            assert!(text.contains(why) && text.contains("egress.allow-private"), "{url}: {text}");
        }
        let open = sent(&format!("http://0x7f.1:{port}/"), 10).await.expect("it is allowed");
        assert_eq!(open.body().as_ref(), b"hi");
    }

    #[tokio::test]
    async fn a_server_without_tls_behind_https_is_not_sent_to() {
        let url = server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.replace("http://", "https://");
        let error = sent(&url, 10).await.expect_err("no TLS there");
        assert!(matches!(&error, EgressError::NotSent(_)), "{error}");
    }

    /// A server with TLS for `localhost` and 127.0.0.1 that answers each connection with these bytes. Gives its port and its authority.
    async fn server_with_tls(answer: &'static [u8]) -> (u16, RootCertStore) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("an authority");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key.into()).expect("a key");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        (port, roots)
    }

    #[tokio::test]
    async fn https_works_with_a_known_authority_only() {
        let (port, roots) = server_with_tls(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        let known = HttpEgress::trusting(roots, AllowPrivate::this_machine()).expect("a client");
        let system = HttpEgress::new(AllowPrivate::this_machine()).expect("a client");
        for host in ["localhost", "127.0.0.1"] {
            let request = || http::Request::get(format!("https://{host}:{port}/")).body(Bytes::new()).expect("a request");
            assert_eq!(known.send(request(), 10).await.expect("an answer").body().as_ref(), b"hi");
            let error = system.send(request(), 10).await.expect_err("an unknown authority");
            assert!(matches!(&error, EgressError::NotSent(text) if text.contains("certificate")), "{error}");
        }
    }
}
