//! The live UIS account over a socket.

mod bad_answers;
mod integration;
mod outage;
mod requests;
mod scripted;
mod suites;
mod written;
