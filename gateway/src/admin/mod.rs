//! The administrator's listener and its client: JSON over HTTP, on a Unix socket or on an address of this machine. It alone serves metrics.
//!
//! | request | what |
//! |---|---|
//! | `GET /v1/status` | the gateway as a whole |
//! | `GET /v1/integrations`, `POST /v1/integrations` | all integrations; a new one |
//! | `PATCH /v1/integrations/{name}` | changes of one |
//! | `POST /v1/integrations/{name}/activate`, `…/deactivate`, `…/rotate-secret`, `…/actions/{action}` | what the names say |
//! | `GET /v1/integrations/{name}/addresses` | its addresses, with the secret |
//! | `GET /v1/dead-letters?integration=&limit=`, `POST /v1/dead-letters/{id}/redrive` | dead letters |
//! | `GET /metrics` | metrics in Prometheus's text format |
//!
//! An error is `{"error": …}` with the [`ControlError`]: 404 for what is unknown, 422 for a wrong request, 503 for what cannot be done now.
//!
//! | file | what |
//! |---|---|
//! | [`routes`] | the requests |
//! | [`access`] | who may ask: tokens, `Host`, `Origin` |
//! | [`listener`] | the socket or the address |
//! | [`client`] | asking a running gateway |

pub mod access;
pub mod client;
pub mod listener;
pub mod routes;

use serde::{Deserialize, Serialize};

pub use client::Client;
pub use listener::Server;

use crate::control::ControlError;

/// The body of an answer with an error.
#[derive(Debug, Serialize, Deserialize)]
struct Failed {
    error: ControlError,
}
