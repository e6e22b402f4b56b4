//! What the plan of faults does to a request.

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::Response;

use super::CommitLater;
use crate::faults::{self, Fault, FaultName, Late, Reset, Slow, Trouble};
use crate::simulator::Simulator;

/// Applies the fault that the plan has for a request. What only a listener can do (break the connection, wait) is left to it as marks in
/// the answer's extensions.
pub async fn misbehave(Shared(simulator): Shared<Simulator>, mut request: Request, next: Next) -> Response {
    let Fault { latency, trouble } = simulator.faults().next(request.method().as_str(), request.uri().path());
    let name = trouble.as_ref().map(Trouble::name);
    let mut answer = match trouble {
        None => next.run(request).await,
        Some(Trouble::Answer { status, content_type, body, retry_after }) => faults::answer(status, &content_type, body, retry_after),
        Some(Trouble::Page) => {
            faults::answer(200, "text/html", "<!DOCTYPE html>\n<html><body><h1>Technical works</h1></body></html>\n".into(), None)
        }
        Some(Trouble::Reset(Reset::BeforeCommit)) => faults::reset(),
        Some(Trouble::Reset(Reset::AfterCommit)) => {
            next.run(request).await;
            faults::reset()
        }
        Some(Trouble::LateCommit(delay)) => {
            // The connection breaks after the latency.
            request.extensions_mut().insert(CommitLater(latency + delay));
            next.run(request).await;
            faults::reset()
        }
        Some(Trouble::Truncated) => truncated(next.run(request).await).await,
        Some(Trouble::WrongContentType) => {
            let mut answer = next.run(request).await;
            answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/html; charset=UTF-8"));
            answer
        }
        Some(Trouble::SlowBody) => {
            let mut answer = next.run(request).await;
            answer.extensions_mut().insert(Slow);
            answer
        }
    };
    if !latency.is_zero() {
        answer.extensions_mut().insert(Late(latency));
    }
    if let Some(name) = name {
        answer.extensions_mut().insert(FaultName(name));
    }
    answer
}

/// Half of an answer: the client sees a whole response whose JSON ends in the middle.
async fn truncated(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(parts, axum::body::Body::from(body.slice(..body.len() / 2)))
}
