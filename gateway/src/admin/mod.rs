//! The administrator's listener: [`Control`](crate::control::Control) over HTTP with JSON, and its client.
//!
//! `GET /v1/openapi.json` describes all requests, as `docs/gateway.openapi.json` does; `GET /metrics` is metrics in Prometheus' text format.
//!
//! An error is `{"error": {"kind": "unknown" | "invalid" | "failed", "messages": […]}}` with status 404, 422 or 503.
//!
//! Whoever may use the Unix socket (mode 0600) is an administrator. Over TCP, which is possible on this machine only, every request needs
//! `Authorization: Bearer TOKEN`, `Host` must name this machine, and a request of a browser's page (`Origin`) is refused.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | the listener |
//! | [`api`] | the requests |
//! | [`openapi`] | their description |
//! | [`outputs`] | what commands print with `--json` |
//! | [`client`] | the client of the command line |
//! | `guard` | who is admitted over TCP |
//! | `socket` | creating the Unix socket |
//! | `users` | names of the system's users |
//! | `wire` | bodies that both sides share |

pub mod api;
pub mod client;
mod guard;
pub mod openapi;
pub mod outputs;
pub mod server;
mod socket;
mod users;
pub mod wire;

pub use client::Client;
pub use server::Server;
