//! What every [`Egress`] does, checked against a small server that whoever runs the suite provides.
//!
//! | request | what the server does |
//! |---|---|
//! | any method `/echo…` | answers 200 with the request's body; header `echo-method` has the method, `echo-target` the path and query as they came, and for each header of the request there is one of the same value whose name has `echo-` before it |
//! | any method `/status/N` | answers with the status N, the header `x-status: N` twice, and the body `status N` |
//! | `GET /large/N` | answers 200 with N bytes `x`, their number in `content-length` |
//! | `GET /chunked/N` | the same without `content-length`, in pieces of at most 1000 bytes |
//! | any method `/redirect/N/NAME` | answers with the status N and `location: /count/NAME` |
//! | any method `/count/NAME` | counts the request under NAME, answers 200 |
//! | any method `/breaks/NAME` | counts the request under NAME, then breaks the connection without an answer |
//! | `GET /breaks-midway/NAME` | counts the request under NAME, answers 200 with `content-length: 1000`, breaks the connection after 10 bytes |
//! | `GET /counted/NAME` | answers 200 with how many requests were counted under NAME, as decimal text |

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response};

use crate::ports::{Egress, EgressError};

/// An implementation, and what it leads to.
pub struct Fixture<'a> {
    /// The implementation.
    pub egress: &'a dyn Egress,
    /// Where the server is: `http://host:port`, without a slash at the end.
    pub base: &'a str,
    /// An address of the same form where nobody listens, where there can be one.
    pub refused: Option<&'a str>,
}

/// More than any answer of the checks that are not about limits.
const LIMIT: usize = 1 << 20;

/// Checks every promise of [`Egress`] against the server described above.
pub async fn conforms(fixture: &Fixture<'_>) {
    requests_go_out_unchanged(fixture).await;
    bodies_go_out_unchanged(fixture).await;
    answers_come_back_unchanged(fixture).await;
    answers_have_a_limit(fixture).await;
    redirects_are_not_followed(fixture).await;
    a_broken_connection_leaves_the_outcome_unknown(fixture).await;
    nothing_is_sent_twice(fixture).await;
    if let Some(refused) = fixture.refused {
        a_refused_connection_is_not_sent(fixture, refused).await;
    }
}

type Carried = Result<Response<Bytes>, EgressError>;

impl Fixture<'_> {
    async fn carry(&self, method: &str, target: &str, limit: usize) -> Carried {
        let request = Request::builder().method(method).uri(format!("{}{target}", self.base));
        self.egress.send(request.body(Bytes::new()).expect("a request"), limit).await
    }

    async fn get(&self, target: &str) -> Response<Bytes> {
        self.carry("GET", target, LIMIT).await.unwrap_or_else(|error| panic!("GET {target} has an answer: {error}"))
    }

    async fn counted(&self, name: &str) -> usize {
        let answer = self.get(&format!("/counted/{name}")).await;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        text.parse().unwrap_or_else(|_| panic!("the server's /counted/{name} answers a number, not {text:?}"))
    }
}

/// The values of a header as bytes.
fn values<'a>(answer: &'a Response<Bytes>, name: &str) -> Vec<&'a [u8]> {
    answer.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

async fn requests_go_out_unchanged(fixture: &Fixture<'_>) {
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = fixture.carry(method, "/echo", LIMIT).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method} /echo has an answer: {error}"));
        assert_eq!(values(&answer, "echo-method"), [method.as_bytes()], "the method goes out unchanged");
    }
    let targets = [
        "/echo",
        "/echo/",
        "/echo//double",
        "/echo/a%2Fb/%D0%B6/%20+",
        "/echo?a=1&b=2&a=3",
        "/echo?x=%26%3D%2B+%D0%B6&empty=&flag",
        "/echo?filter[ids][]=1&filter[ids][]=2",
        "/echo?a=b?c/d",
    ];
    for target in targets {
        let answer = fixture.get(target).await;
        assert_eq!(values(&answer, "echo-target"), [target.as_bytes()], "path and query go out unchanged, {target}");
    }
    let mut request = Request::builder().method(Method::POST).uri(format!("{}/echo", fixture.base));
    let opaque = HeaderValue::from_bytes("ключ".as_bytes()).expect("a header's value may be any bytes but controls");
    for (name, value) in [
        ("x-key", HeaderValue::from_static("secret")),
        ("x-twice", HeaderValue::from_static("one")),
        ("x-twice", HeaderValue::from_static("two, three")),
        ("x-empty", HeaderValue::from_static("")),
        ("x-opaque", opaque.clone()),
        (CONTENT_TYPE.as_str(), HeaderValue::from_static("application/x-www-form-urlencoded")),
    ] {
        request = request.header(name, value);
    }
    let answer = fixture.egress.send(request.body(Bytes::from_static(b"a=1")).expect("a request"), LIMIT).await;
    let answer = answer.unwrap_or_else(|error| panic!("POST /echo has an answer: {error}"));
    let sent: [(&str, &[&[u8]]); 5] = [
        ("echo-x-key", &[b"secret"]),
        ("echo-x-twice", &[b"one", b"two, three"]),
        ("echo-x-empty", &[b""]),
        ("echo-x-opaque", &[opaque.as_bytes()]),
        ("echo-content-type", &[b"application/x-www-form-urlencoded"]),
    ];
    for (name, expected) in sent {
        assert_eq!(values(&answer, name), expected, "headers go out unchanged, {name}");
    }
    let authority = fixture.base.split_once("://").map(|(_, authority)| authority.as_bytes());
    assert_eq!(values(&answer, "echo-host").first().copied(), authority, "the host header names the server that was asked, once");
}

async fn bodies_go_out_unchanged(fixture: &Fixture<'_>) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    for body in [&b""[..], b"a=1&b=%D0%B6", "{\"имя\": \"\u{0}\"}".as_bytes(), &all_bytes, &all_bytes.repeat(2000)] {
        let request = Request::builder().method(Method::POST).uri(format!("{}/echo", fixture.base));
        let answer = fixture.egress.send(request.body(Bytes::copy_from_slice(body)).expect("a request"), LIMIT).await;
        let answer = answer.unwrap_or_else(|error| panic!("POST /echo with {} bytes has an answer: {error}", body.len()));
        assert!(answer.body() == body, "bodies go out unchanged and come back unchanged ({} bytes)", body.len());
    }
}

async fn answers_come_back_unchanged(fixture: &Fixture<'_>) {
    for status in [200, 201, 400, 403, 404, 418, 429, 500, 503, 599] {
        let answer = fixture.carry("POST", &format!("/status/{status}"), LIMIT).await;
        let answer = answer.unwrap_or_else(|error| panic!("an answer with the status {status} is an answer: {error}"));
        assert_eq!(answer.status().as_u16(), status, "the status comes back unchanged");
        let text = status.to_string();
        assert_eq!(
            values(&answer, "x-status"),
            [text.as_bytes(), text.as_bytes()],
            "headers come back unchanged, also those that come twice"
        );
        assert_eq!(answer.body(), format!("status {status}").as_bytes(), "the body comes back whatever the status is");
    }
}

async fn answers_have_a_limit(fixture: &Fixture<'_>) {
    for kind in ["large", "chunked"] {
        for bytes in [0, 1, 10_000, 100_000] {
            let exact = fixture.carry("GET", &format!("/{kind}/{bytes}"), bytes).await;
            let exact = exact.unwrap_or_else(|error| panic!("/{kind}/{bytes}: an answer of exactly the limit passes: {error}"));
            assert_eq!(exact.body().len(), bytes, "/{kind}/{bytes}: the whole answer is read");
            assert!(exact.body().iter().all(|byte| *byte == b'x'), "/{kind}/{bytes}: the answer's bytes come back unchanged");
            let over = fixture.carry("GET", &format!("/{kind}/{}", bytes + 1), bytes).await;
            assert_eq!(over.err(), Some(EgressError::TooLarge(bytes)), "/{kind}: an answer longer than the limit is too large");
        }
    }
    let after = fixture.get("/large/5").await;
    assert_eq!(after.body().as_ref(), b"xxxxx", "an answer that was too large does not disturb the next");
}

async fn redirects_are_not_followed(fixture: &Fixture<'_>) {
    for (status, method) in [(301, "GET"), (302, "POST"), (303, "POST"), (307, "POST"), (308, "GET")] {
        let name = format!("redirect-{status}");
        let answer = fixture.carry(method, &format!("/redirect/{status}/{name}"), LIMIT).await;
        let answer = answer.unwrap_or_else(|error| panic!("a redirect is an answer: {error}"));
        assert_eq!(answer.status().as_u16(), status, "redirects are not followed");
        assert_eq!(values(&answer, LOCATION.as_str()), [format!("/count/{name}").as_bytes()], "a redirect's location comes back");
        assert_eq!(fixture.counted(&name).await, 0, "redirects are not followed: a request followed the status {status}");
    }
}

async fn a_broken_connection_leaves_the_outcome_unknown(fixture: &Fixture<'_>) {
    for (index, (method, path)) in [("POST", "breaks"), ("GET", "breaks"), ("GET", "breaks-midway")].into_iter().enumerate() {
        let name = format!("broken-{index}");
        let broken = fixture.carry(method, &format!("/{path}/{name}"), LIMIT).await;
        let is_unknown = matches!(broken, Err(EgressError::OutcomeUnknown(_)));
        assert!(is_unknown, "{method} /{path}: a connection that breaks after the request was sent leaves the outcome unknown: {broken:?}");
        assert_eq!(fixture.counted(&name).await, 1, "{method} /{path}: a request whose connection broke is not sent again");
    }
}

async fn nothing_is_sent_twice(fixture: &Fixture<'_>) {
    for times in 1..=20 {
        let answer = fixture.carry(if times % 2 == 0 { "GET" } else { "POST" }, "/count/once", LIMIT).await;
        assert!(answer.is_ok(), "/count/once has an answer: {answer:?}");
        assert_eq!(fixture.counted("once").await, times, "nothing is sent twice, and nothing is left unsent");
    }
    // The same over connections that are kept open, some of which the server breaks.
    for times in 1..=5 {
        let _ = fixture.carry("POST", "/breaks/mixed", LIMIT).await;
        let answer = fixture.carry("POST", "/count/mixed", LIMIT).await;
        assert!(answer.is_ok(), "a broken connection does not disturb the next request: {answer:?}");
        assert_eq!(fixture.counted("mixed").await, 2 * times, "nothing is sent twice after a broken connection");
    }
}

async fn a_refused_connection_is_not_sent(fixture: &Fixture<'_>, refused: &str) {
    let request = Request::builder().method(Method::POST).uri(format!("{refused}/echo"));
    let answer = fixture.egress.send(request.body(Bytes::from_static(b"a=1")).expect("a request"), LIMIT).await;
    assert!(matches!(answer, Err(EgressError::NotSent(_))), "a refused connection means not sent: {answer:?}");
}
