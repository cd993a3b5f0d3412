//! `stratd-synthetic`: the synthetic venue of `stratd-simulation` behind a WebSocket, for tests of connectors and
//! strategies against a counterparty that is a process of its own.
//!
//! One venue per process. Everything that connects meets in the same books: accounts trade with each other and with the
//! venue's participants. The protocol is docs/synthetic-venue.md; names of events and fields are those of aat.
//!
//! - One thread. Requests are carried out one after the other, to their end, between two actions of participants.
//! - What the venue tells is kept once, numbered and bounded (`History`); a connection is a place in
//!   it, not a queue. A client that reads too slowly falls out of it and is disconnected; nobody waits for it.
//! - With a state folder, what happened is in the file before anybody is told of it.
//! - Money is never a float: numbers of requests are read from their text, answers are written from scaled integers.
#![forbid(unsafe_code)]

mod account;
mod cli;
mod clock;
mod connection;
mod faults;
mod floor;
mod history;
mod json;
mod limits;
mod order;
mod public;
mod refusal;
mod report;
mod request;
mod server;
mod state;
mod words;

pub use cli::{main, program};
