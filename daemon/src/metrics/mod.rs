//! The figures of a running daemon, for `/v1/metrics`.
//!
//! The event loop writes plain counters (`loop_meters.rs`), which cost it a load and a store each and are read without
//! asking it: a loop that hangs can still be looked at. Everything else is looked up where it is when somebody asks
//! (`collect.rs`). What can be told is in one place (`catalog.rs`), and `docs/metrics.md` is made of it.
//!
//! Limits: a metric has at most 10,000 series; names of labels come from the configuration and from plugins.

mod call_meters;
mod catalog;
mod collect;
mod control_meters;
mod counter;
mod log_linear;
mod loop_meters;
mod order_meters;
mod page;
mod process;
#[cfg(test)]
mod reference;

pub use self::page::Page;
pub(crate) use self::{
    call_meters::{CallFigures, CallMeters, Sampler},
    collect::Sources,
    control_meters::{ControlMeters, ListenerMeters},
    counter::{Counter, Durations},
    loop_meters::LoopMeters,
    order_meters::OrderMeters,
    page::Format,
};
