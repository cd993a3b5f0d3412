//! Measures the way of new orders to their exchange, for `/v1/metrics`.
//!
//! All times are of the wall clock, because that is what connectors tell of when they received something. A clock that is
//! set while an order is on its way makes that order's figures wrong, and nothing else: they decide nothing. An order that
//! answers no event with a time of receipt (a timer, a bar, a connector that tells none) is measured from risk on.

use std::sync::Arc;

use stratd_engine::{Input, InputKind};
use stratd_plugin_api::{EventKind, Timestamp, abi};

use super::clock;
use crate::metrics::{Durations, OrderMeters};

/// What the engine works on: when it was received, and when the event loop took it; 0 = not known.
#[derive(Clone, Copy, Debug, Default)]
struct Cause {
    received: i64,
    taken: i64,
}

/// When an order passed risk, and what it answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    cause: Cause,
    passed: i64,
}

/// The figures of one run.
#[derive(Debug, Default)]
pub(super) struct OrderTimes {
    /// Nobody reads them without a control server.
    meters: Option<Arc<OrderMeters>>,
    cause: Cause,
}

impl OrderTimes {
    /// Counts from now on.
    pub(super) fn set_meters(&mut self, meters: Arc<OrderMeters>) {
        self.meters = Some(meters);
    }

    /// The engine works on an event of a market whose orders reach an exchange.
    #[inline]
    pub(super) fn saw(&mut self, event: &abi::Event, at: Timestamp) {
        self.cause = Cause { received: received(event), taken: at.get() };
    }

    /// The engine works on something else.
    #[inline]
    pub(super) fn took(&mut self, input: &Input) {
        self.cause = if let InputKind::Order(report) = &input.kind {
            Cause { received: report.ts_recv, taken: input.at.get() }
        } else {
            Cause::default()
        };
    }

    /// A new order passed risk just now.
    pub(super) fn passed(&self) -> Stamp {
        let Some(meters) = &self.meters else { return Stamp::default() };
        let stamp = Stamp { cause: self.cause, passed: clock::now().get() };
        if stamp.cause.received > 0 {
            add(&meters.receive, stamp.cause.received, stamp.cause.taken);
        }
        if stamp.cause.taken > 0 {
            add(&meters.engine, stamp.cause.taken, stamp.passed);
        }
        stamp
    }

    /// An order is on the disk, and its connector is called now. `is_kept`: it waited for the disk.
    pub(super) fn sends(&self, stamp: Stamp, is_kept: bool) -> i64 {
        let Some(meters) = self.meters.as_ref().filter(|_| stamp.passed > 0) else { return 0 };
        let now = clock::now().get();
        if is_kept {
            add(&meters.commit, stamp.passed, now);
        }
        now
    }

    /// The connector took an order; `began` is what [`OrderTimes::sends`] returned.
    pub(super) fn sent(&self, stamp: Stamp, began: i64) {
        let Some(meters) = self.meters.as_ref().filter(|_| began > 0) else { return };
        let now = clock::now().get();
        add(&meters.send, began, now);
        if stamp.cause.received > 0 {
            add(&meters.tick_to_order, stamp.cause.received, now);
        }
    }

    /// The first report on an order came, which its exchange made at `reported`.
    pub(super) fn answered(&self, sent: i64, (reported, at): (i64, Timestamp)) {
        if let Some(meters) = &self.meters {
            add(&meters.arrive, sent, reported);
            add(&meters.answer, sent, at.get());
        }
    }
}

fn add(durations: &Durations, from: i64, to: i64) {
    durations.bump(u64::try_from(to.saturating_sub(from)).unwrap_or(0));
}

/// When a connector received an event, as it says itself; 0: it does not.
#[inline]
fn received(event: &abi::Event) -> i64 {
    let [.., recv, last] = event.data;
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade | EventKind::BookUpdate) => recv,
        Some(EventKind::Quote) => last,
        Some(
            EventKind::Bar
            | EventKind::Data
            | EventKind::Timer
            | EventKind::Halt
            | EventKind::Continue
            | EventKind::Error
            | EventKind::Start
            | EventKind::Exit,
        )
        | None => 0,
    }
}
