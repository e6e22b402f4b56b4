//! The live UIS account over a socket.

#[path = "uis/bad_answers.rs"]
mod bad_answers;
#[path = "uis/integration.rs"]
mod integration;
#[path = "uis/outage.rs"]
mod outage;
#[path = "uis/requests.rs"]
mod requests;
#[path = "uis/scripted.rs"]
mod scripted;
#[path = "service/mod.rs"]
mod service;
#[path = "uis/suites.rs"]
mod suites;
#[path = "uis/written.rs"]
mod written;
