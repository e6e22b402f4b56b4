//! RetailCRM's simulator on a socket. It notes when each request arrived.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use retailcrm_simulator::faults::{ConnectionReset, Late};
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt;
use uis_host::clock::Clock;

/// A request that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub at: Instant,
    /// To a path of telephony.
    pub telephony: bool,
}

/// An account of RetailCRM that is reached over a socket. It has one key, and no limit of requests of its own: its clock may be virtual.
#[derive(Clone)]
pub struct Crm {
    pub simulator: Simulator,
    pub address: SocketAddr,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Crm {
    /// Serves an account whose only user is the employee of [`super::ACCOUNT`].
    pub async fn serve(clock: Arc<dyn Clock>) -> Crm {
        let described = json!({"users": [{"id": 5, "email": "anna@shop.example", "firstName": "Анна", "active": true}]});
        let account = Account { rate_limit: None, ..Account::read(&described).expect("an account") };
        let simulator = Simulator::new(account, Arc::new(move || clock.now()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let crm = Crm { simulator, address, arrivals: Arc::default() };
        tokio::spawn(crm.clone().accept(listener));
        crm
    }

    async fn accept(self, listener: tokio::net::TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a socket");
            let crm = self.clone();
            let router = self.simulator.router();
            let service = service_fn(move |request: http::Request<Incoming>| {
                let telephony = request.uri().path().starts_with("/api/v5/telephony/");
                crm.arrivals.lock().expect("no panic").push(Arrival { at: Instant::now(), telephony });
                answered(router.clone(), request)
            });
            tokio::spawn(async move {
                // An error is a connection that the plan of faults breaks, or that the client has closed.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    pub fn key(&self) -> String {
        self.simulator.api_key()
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Replaces the plan of faults by one rule for all requests; none ends the faults.
    pub fn misbehave(&self, rule: Option<Value>) {
        let rules: Vec<Value> = rule.into_iter().collect();
        self.simulator.misbehave(&json!({ "rules": rules })).expect("a plan");
    }

    /// The requests that have arrived since this was asked last.
    pub fn take_arrivals(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock().expect("no panic"))
    }

    /// The history of calls, in the order in which they were uploaded.
    pub fn calls(&self) -> Vec<Value> {
        self.simulator.commit_outstanding();
        self.simulator.to_json()["calls"].as_array().cloned().unwrap_or_default()
    }
}

async fn answered(router: axum::Router, request: http::Request<Incoming>) -> Result<Response, io::Error> {
    let answer: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
    let Ok(answer) = answer;
    if let Some(Late(time)) = answer.extensions().get::<Late>().copied() {
        tokio::time::sleep(time).await;
    }
    match answer.extensions().get::<ConnectionReset>() {
        Some(_) => Err(io::Error::new(io::ErrorKind::ConnectionReset, "asked for by the plan of faults")),
        None => Ok(answer),
    }
}

/// The most requests of one class within any span of this length.
pub fn most_within(arrivals: &[Arrival], telephony: bool, span: Duration) -> usize {
    let mut times: Vec<Instant> = arrivals.iter().filter(|arrival| arrival.telephony == telephony).map(|arrival| arrival.at).collect();
    times.sort();
    (0..times.len()).map(|first| times[first..].iter().take_while(|at| **at - times[first] < span).count()).max().unwrap_or(0)
}
