//! A host for UIS integration plugins. It loads a plugin that is a WebAssembly component built against the contract in `wit/`, converts
//! UIS's notifications to the contract's events, and delivers the events to the plugin.
//!
//! A program embeds the library in four steps: load a component, describe an integration, create a dispatch, hand events to it.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use uis_host::clock::{SystemClock, zone};
//! use uis_host::dispatch::{Arrival, Dispatch};
//! use uis_host::integration::{Integration, UisAccount};
//! use uis_host::limits::Limits;
//! use uis_host::memory::MemoryStore;
//! use uis_host::notification::{self, params::Params};
//! use uis_host::plugin::{Plugin, component::ComponentPlugin, engine::Runtime};
//! use uis_host::ports::{Origin, Silent};
//!
//! # async fn embed() -> Result<(), Box<dyn std::error::Error>> {
//! // 1. Load the component. Its compiled code is cached in a folder.
//! let limits = Limits::default();
//! let runtime = Runtime::new(limits.clone())?;
//! let plugin = ComponentPlugin::load(&runtime, Path::new("plugin.wasm"), Path::new("cache")).await?;
//!
//! // 2. Describe an integration: its clock, its UIS account (here none), its secret and its store.
//! let clock = Arc::new(SystemClock);
//! let secret = "a random secret".to_owned().into();
//! let mut integration = Integration::new("main", plugin.description(), clock.clone(), UisAccount::absent(), secret, &limits);
//! integration.store = Arc::new(MemoryStore::default());
//!
//! // 3. Create the dispatch. The observer receives problems and traces; this one ignores them.
//! let mut dispatch = Dispatch::new(Arc::new(plugin), clock, vec![Arc::new(integration)], Box::new(Silent)).await?;
//! dispatch.switch_on(0, Origin(1)).await?;
//!
//! // 4. Convert a notification to events, and deliver them. A service does this with `Dispatch::serve`.
//! let body = serde_json::json!({"call_session_id": 1, "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233"});
//! let params = Params::from_body(&body, zone("Europe/Moscow")?, 1_795_417_200_000)?;
//! for event in notification::events("in_call_session", &params)? {
//!     let result = dispatch.deliver(0, Arrival { origin: Origin(2), what: "in_call_session".into(), event }).await?;
//!     println!("{result:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The library knows the contract and UIS, but no remote system. The plugin itself describes what it needs for a remote system (addresses,
//! the header for the key, rate limits, callbacks), so the same host runs a plugin for another remote system without changes. The library
//! has no command line, no web server and no database: a program provides these through the [`ports`].
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | [`bindings`] | types and traits generated from the contract |
//! | 1 | [`sync`] | mutexes that stay usable after a panic |
//! | 2 | [`limits`] | limits of a handler, and of single values |
//! | 2 | [`clock`] | the current time, and time zones |
//! | 2 | [`contract`] | the contract's version and its WIT files |
//! | 2 | [`decision`] | the decision points of rules |
//! | 3 | [`event`] | events, their class of delivery and ordering key, and a handler's result |
//! | 4 | [`trace`] | the steps of a handler |
//! | 4 | [`notification`] | converting UIS's notifications to events |
//! | 5 | [`ports`] | interfaces to what the host needs and does not implement |
//! | 6 | [`connection`] | connections to remote systems: base URL, key, rate limits |
//! | 6 | [`endpoints`] | the integration's public addresses and their secret |
//! | 6 | [`data_api`] | rows of UIS's Data API |
//! | 6 | [`memory`] | a store in memory |
//! | 7 | [`integration`] | one integration of one account: everything that outlives an event |
//! | 8 | [`services`] | the contract's imports, one file each |
//! | 8 | [`assets`] | serving a plugin's files to browsers |
//! | 9 | [`plugin`] | loading, compiling and running a component |
//! | 10 | [`rules`] | partners' rules, evaluated in a sandbox |
//! | 10 | [`dispatch`] | delivery of events: lanes, attempts, virtual and real time |
//! | 11 | [`suites`] | the ports' conformance suites (feature `suites`) |

pub mod assets;
pub mod bindings;
pub mod clock;
pub mod connection;
pub mod contract;
pub mod data_api;
pub mod decision;
pub mod dispatch;
pub mod endpoints;
pub mod event;
pub mod integration;
pub mod limits;
pub mod memory;
pub mod notification;
pub mod plugin;
pub mod ports;
pub mod rules;
pub mod services;
#[cfg(any(test, feature = "suites"))]
pub mod suites;
pub mod sync;
pub mod trace;
