//! The control protocol of stratd: HTTP/1.1 and JSON over a Unix socket, below `/v1`.
//!
//! The daemon answers with these types and `stratctl` reads them; neither derives them from its own state, so that a
//! change of the protocol is a change of this crate. Within `/v1` keys are only added: readers ignore what they do not
//! know and take [`PluginState::Unknown`] for a new word, while requests with an unknown key are refused.
//! Times are RFC 3339 in UTC, durations and sizes are integers with their unit in the name, money is a decimal text.
//!
//! The [`Client`] blocks, opens one connection a request, and bounds the time and the size of every answer.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod client;
mod condition;
mod error;
mod types;

pub use client::{Answer, Client, Request};
pub use condition::{Condition, Tag};
pub use error::{Error, ErrorKind};
pub use types::{
    API, DisableRequest, Done, Finding, FlightRecord, Generation, Health, HealthState, InspectRequest,
    Inspection, Instance, LevelRequest, LoadRequest, LogConfigRequest, LogDone, LogFlight, LogHandler,
    LogLogger, LogReach, LogReceiver, LogResolution, LogTree, Plugin, PluginFile, PluginKind, PluginList,
    PluginState, Probation, Problem, QuarantineRequest, Refusal, Retired, RunState, Status, StoreStatus,
    Verdict, Version, WatchdogStatus,
};
