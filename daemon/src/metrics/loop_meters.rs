//! What the event loop counts: written by its thread only, read whenever somebody asks, also while it hangs.

use std::{
    sync::{Arc, Mutex, PoisonError, TryLockError},
    time::Duration,
};

use stratd_engine::{Engine, OrderState, Output, StrategyState};
use stratd_plugin_api::{EventKind, Money, Reason, Timestamp, abi};

use super::{
    call_meters::CallMeters,
    counter::{Counter, Durations, FloatGauge, Gauge},
    order_meters::OrderMeters,
};

/// Codes of reasons are below it; one beyond counts as the last.
const REASONS: usize = 64;
/// The kinds of market events that are told apart.
pub(super) const EVENT_KINDS: [&str; 5] = ["trade", "quote", "bar", "book", "data"];
/// What is asked of an exchange.
pub(super) const REQUESTS: [&str; 3] = ["new", "cancel", "change"];
/// The states in which an order ends.
pub(super) const END_STATES: [&str; 5] = ["filled", "canceled", "expired", "rejected", "denied"];

/// The figures of one strategy, as the loop publishes them once a second.
#[derive(Clone, Debug)]
pub(crate) struct StrategyFigures {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) events: u64,
    pub(crate) orders: u64,
    pub(crate) denials: u64,
    pub(crate) pnl: Option<f64>,
}

/// The counters of the event loop.
#[derive(Debug)]
pub(crate) struct LoopMeters {
    pub(super) events: [Counter; EVENT_KINDS.len()],
    pub(super) reports: Counter,
    pub(super) requests: [Counter; REQUESTS.len()],
    pub(super) ended: [Counter; END_STATES.len()],
    pub(super) fills: Counter,
    pub(super) denials: Vec<Counter>,
    pub(super) reductions: Vec<Counter>,
    pub(super) alarms: Counter,
    pub(super) faults: Counter,
    pub(super) rollbacks: Counter,
    /// How old market events are when the loop takes them: one of each batch.
    pub(super) ages: Durations,
    /// How long the loop worked on what it took at once.
    pub(super) rounds: Durations,
    pub(super) commands: Durations,
    pub(super) pauses: Durations,
    /// Events that waited when the loop looked last.
    pub(super) taken: Gauge,
    pub(super) working: Gauge,
    /// When the loop came round last, in nanoseconds since 1970.
    pub(super) round_at: Gauge,
    pub(super) events_per_second: FloatGauge,
    pub(super) equity: FloatGauge,
    pub(super) cash: FloatGauge,
    strategies: Mutex<Vec<StrategyFigures>>,
    /// How long calls of strategies take.
    pub(super) calls: CallMeters,
    /// How long orders take to their exchange.
    orders: Arc<OrderMeters>,
}

impl LoopMeters {
    /// With the times of calls that instances are measured for.
    pub(crate) fn new(calls: CallMeters) -> Self {
        let by_reason = || (0..REASONS).map(|_| Counter::default()).collect();
        Self {
            events: Default::default(),
            reports: Counter::default(),
            requests: Default::default(),
            ended: Default::default(),
            fills: Counter::default(),
            denials: by_reason(),
            reductions: by_reason(),
            alarms: Counter::default(),
            faults: Counter::default(),
            rollbacks: Counter::default(),
            ages: Durations::default(),
            rounds: Durations::default(),
            commands: Durations::default(),
            pauses: Durations::default(),
            taken: Gauge::default(),
            working: Gauge::default(),
            round_at: Gauge::default(),
            events_per_second: FloatGauge::default(),
            equity: FloatGauge::default(),
            cash: FloatGauge::default(),
            strategies: Mutex::default(),
            calls,
            orders: Arc::default(),
        }
    }

    /// Where the way of orders is measured.
    pub(crate) fn orders(&self) -> &Arc<OrderMeters> {
        &self.orders
    }

    /// A market event was fed.
    #[inline]
    pub(crate) fn market(&self, event: &abi::Event) {
        let kind = match EventKind::from_code(event.kind) {
            Some(EventKind::Trade) => 0,
            Some(EventKind::Quote) => 1,
            Some(EventKind::Bar) => 2,
            Some(EventKind::BookUpdate) => 3,
            Some(EventKind::Data) => 4,
            Some(
                EventKind::Timer
                | EventKind::Halt
                | EventKind::Continue
                | EventKind::Error
                | EventKind::Start
                | EventKind::Exit,
            )
            | None => return,
        };
        self.events[kind].bump();
    }

    /// An exchange reported on an order.
    #[inline]
    pub(crate) fn report(&self) {
        self.reports.bump();
    }

    /// How old the first event of a batch is. A clock of an exchange that is ahead counts as no time.
    #[inline]
    pub(crate) fn age(&self, now: Timestamp, event: Timestamp) {
        let age = now.get().saturating_sub(event.get());
        self.ages.bump(u64::try_from(age).unwrap_or(0));
    }

    /// An output of the engine.
    pub(crate) fn output(&self, output: &Output) {
        match output {
            Output::Submit(_) => self.requests[0].bump(),
            Output::Cancel(_) => self.requests[1].bump(),
            Output::Change(_) => self.requests[2].bump(),
            Output::Filled(_) => self.fills.bump(),
            Output::OrderFinished(order) => {
                if let Some(counter) = self.ended_in(order.state) {
                    counter.bump();
                }
            }
            Output::Denied(denial) => self.denials[code(denial.reason)].bump(),
            Output::Reduced(denial) => self.reductions[code(denial.reason)].bump(),
            Output::UnknownOrder(_) | Output::Overfilled(_) => self.alarms.bump(),
            Output::StrategyFaulted { .. } => self.faults.bump(),
            Output::StrategyRolledBack { .. } => self.rollbacks.bump(),
            Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::StrategyStopped { .. }
            | Output::ProbationPassed { .. }
            | Output::Shutdown { .. }
            | Output::Metric { .. }
            | Output::ByHand { .. }
            | Output::BookGap(_)
            | Output::Held(_)
            | Output::Exited => {}
        }
    }

    fn ended_in(&self, state: OrderState) -> Option<&Counter> {
        Some(match state {
            OrderState::Filled => &self.ended[0],
            OrderState::Canceled(_) => &self.ended[1],
            OrderState::Expired => &self.ended[2],
            OrderState::Rejected(_) => &self.ended[3],
            OrderState::Denied(_) => &self.ended[4],
            OrderState::PendingNew
            | OrderState::Working
            | OrderState::PendingCancel(_)
            | OrderState::Unknown => return None,
        })
    }

    /// What the loop took was worked on.
    pub(crate) fn round(&self, now: Timestamp, taken: usize, took: Duration) {
        self.calls.end_round();
        self.round_at.set(now.get());
        self.taken.set(i64::try_from(taken).unwrap_or(i64::MAX));
        if taken > 0 {
            self.rounds.bump(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// A command was carried out.
    pub(crate) fn command(&self, took: Duration) {
        self.commands.bump(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// A strategy was kept from its events by a swap.
    pub(crate) fn pause(&self, took: Duration) {
        self.pauses.bump(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Publishes what is looked up in the engine. To be called about once a second.
    pub(crate) fn look(&self, engine: &Engine, events_per_second: f64) {
        self.calls.look();
        self.events_per_second.set(Some(events_per_second));
        self.working.set(i64::try_from(engine.working_orders().count()).unwrap_or(i64::MAX));
        self.equity.set(engine.equity().map(Money::to_f64));
        self.cash.set(engine.cash().map(Money::to_f64));
        let mut strategies = match self.strategies.try_lock() {
            Ok(strategies) => strategies,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // read just now: the next second will do
            Err(TryLockError::WouldBlock) => return,
        };
        strategies.clear();
        strategies.extend(engine.strategies().enumerate().map(|(index, (config, state, statistics))| {
            let id = u16::try_from(index).ok().map(stratd_engine::StrategyId);
            StrategyFigures {
                name: config.name.clone(),
                state: match state {
                    StrategyState::Started => "started",
                    StrategyState::Stopped(_) => "stopped",
                    StrategyState::Faulted(_) => "faulted",
                },
                events: statistics.events,
                orders: statistics.orders,
                denials: statistics.denials,
                pnl: id.and_then(|id| engine.pnl(id)).map(Money::to_f64),
            }
        }));
    }

    /// Market events so far.
    pub(crate) fn events(&self) -> u64 {
        self.events.iter().map(Counter::get).sum()
    }

    /// The strategies, as they were published last.
    pub(crate) fn strategies(&self) -> Vec<StrategyFigures> {
        self.strategies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn code(reason: Reason) -> usize {
    usize::try_from(reason.code()).unwrap_or(REASONS).min(REASONS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_counter_of_its_own() {
        let known = (0..4_096).filter(|code| Reason::from_code(*code).is_some());
        assert!(known.max().is_some_and(|code| (code as usize) < REASONS - 1));
    }
}
