//! The administrator's listener: [`Control`](crate::control::Control) over HTTP with JSON, and its client.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/status` | the gateway as a whole |
//! | `GET /v1/integrations` | `{"integrations": […]}` |
//! | `POST /v1/integrations` | adds an integration |
//! | `PATCH /v1/integrations/{name}` | changes an integration |
//! | `POST /v1/integrations/{name}/activate`, `…/deactivate`, `…/rotate-secret` | the integration |
//! | `POST /v1/integrations/{name}/actions/{action}` | runs an action of the plugin |
//! | `GET /v1/integrations/{name}/addresses` | `{"addresses": […]}`; they contain the secret |
//! | `GET /v1/dead-letters?integration=&limit=` | `{"dead-letters": […]}` |
//! | `POST /v1/dead-letters/{id}/redrive` | the dead letter that waits again |
//! | `GET /metrics` | metrics in Prometheus' text format |
//!
//! An error is `{"error": {"kind": "unknown" | "invalid" | "failed", "messages": […]}}` with status 404, 422 or 503.
//!
//! Whoever may use the Unix socket (mode 0600) is an administrator. Over TCP, which is possible on this machine only, every request needs
//! `Authorization: Bearer TOKEN`, `Host` must name this machine, and a request of a browser's page (`Origin`) is refused.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | the listener |
//! | [`api`] | the requests above |
//! | [`client`] | the client of the command line |
//! | `guard` | who is admitted over TCP |
//! | `socket` | creating the Unix socket |
//! | `wire` | bodies that both sides share |

pub mod api;
pub mod client;
mod guard;
pub mod server;
mod socket;
mod wire;

pub use client::Client;
pub use server::Server;
