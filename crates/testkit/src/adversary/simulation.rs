//! One run: how its inputs reach the engine, and what is made of the outputs.

use std::{fmt, fmt::Write, sync::Arc};

use stratd_engine::{Engine, Input, InputKind, Output, StrategyConfig, StrategyId};
use stratd_plugin_api::{Money, OmsType, OrderStatus, Reason, Timestamp, abi};

use super::{
    Count, Outcome, ensure,
    gambler::Gambler,
    mind::Mind,
    random::Random,
    scenario::{START_NS, STRATEGIES, Scenario},
    twin::Twin,
    venue::{Arrival, Venue},
};
use crate::services::Services;

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

pub(super) struct Run<'a> {
    pub(super) engine: Engine,
    pub(super) twin: Twin,
    pub(super) venue: Venue,
    pub(super) random: Random,
    pub(super) now: i64,
    /// The time of the last step.
    pub(super) stepped_at: i64,
    seq: u64,
    /// Events that a call may have.
    slice_max: usize,
    /// The exchange that is away, and for how many steps.
    pub(super) away: Option<(u16, u16)>,
    /// Who owns orders by hand, once there was one, and what he knows.
    pub(super) owner: Option<StrategyId>,
    pub(super) person: Mind,
    /// Limits were set since the last step: sessions are looked up with the next one.
    pub(super) has_new_limits: bool,
    hash: Hash,
    /// [`Engine::books_version`] after the last step, and what it vouches for: equity, cash and the PnL of strategies.
    books: (u64, [Option<Money>; 2], Vec<Option<Money>>),
    pub(super) outcome: &'a mut Outcome,
}

/// FNV-1a of a text that is never kept.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        Ok(())
    }
}

/// Runs a seed; an error is an invariant that did not hold.
pub(super) fn run(seed: u64, steps: u64, slice_max: usize, outcome: &mut Outcome) -> Result<(), String> {
    let mut run = Run::new(seed, slice_max, outcome)?;
    run.step(InputKind::Start)?;
    while run.seq < steps {
        run.next()?;
        run.venue.trade(&mut run.random);
        let arrivals = run.venue.arrivals();
        run.arrive(arrivals)?;
    }
    run.end()
}

impl<'a> Run<'a> {
    fn new(seed: u64, slice_max: usize, outcome: &'a mut Outcome) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let scenario = Scenario::draw(&mut random);
        let services = Arc::new(Services::new());
        let mut engine = scenario.engine(&services)?;
        for index in 0..STRATEGIES {
            let config = StrategyConfig {
                name: index.to_string(),
                may_shutdown: false,
                cancels_on_stop: index != 1,
                is_batch_safe: scenario.has_slices,
                bars: Vec::new(),
            };
            let gambler = Gambler::new(random.next(), scenario.temper(index));
            engine.add_strategy(config, Box::new(gambler)).map_err(|error| error.to_string())?;
        }
        let person = Mind::new(scenario.oms_type == OmsType::Hedging);
        Ok(Self {
            engine,
            twin: Twin::new(scenario),
            venue: Venue::default(),
            random,
            now: START_NS,
            stepped_at: START_NS,
            seq: 0,
            slice_max,
            away: None,
            owner: None,
            person,
            has_new_limits: false,
            hash: Hash(FNV_START),
            books: (u64::MAX, [None; 2], Vec::new()),
            outcome,
        })
    }

    /// Everything is answered, and must be final then.
    fn end(&mut self) -> Result<(), String> {
        self.step(InputKind::Exit(Reason::DataEnded))?;
        loop {
            let arrivals = self.venue.last_arrivals();
            if arrivals.is_empty() {
                break;
            }
            self.arrive(arrivals)?;
        }
        self.venue.close();
        for exchange in [1, 2] {
            let reports = self.venue.reconcile(exchange, &self.twin.working_ids(), true);
            self.arrive(reports)?;
        }
        self.twin.settled(&self.venue.trades())?;
        self.look_up()
    }

    /// What can be looked up at the end belongs to what came of the run.
    fn look_up(&mut self) -> Result<(), String> {
        let engine = &self.engine;
        // a text that is only counted cannot fail
        let _ =
            write!(self.hash, "{:?} {:?} {:?}", engine.cash(), engine.equity(), engine.portfolio_of_run());
        for (_, state, statistics) in engine.strategies() {
            let _ = write!(self.hash, "{state:?} {statistics:?}");
        }
        for strategy in (0..self.twin.owners).map(StrategyId) {
            for order in engine.finished_orders(strategy, u64::MAX) {
                let _ = write!(self.hash, "{order:?}");
                self.twin.looked_up(order)?;
            }
            engine.fills(strategy, u64::MAX).for_each(|fill| {
                let _ = write!(self.hash, "{fill:?}");
            });
            engine.position_records(strategy).for_each(|record| {
                let _ = write!(self.hash, "{record:?}");
            });
        }
        for scope in engine.scopes() {
            let _ = write!(self.hash, "{:?} {:?}", engine.trading_state(scope), engine.limit_use(scope));
        }
        self.outcome.hash = self.hash.0;
        Ok(())
    }

    pub(super) fn arrive(&mut self, arrivals: Vec<Arrival>) -> Result<(), String> {
        for Arrival { report, is_nonsense } in arrivals {
            if report.status == OrderStatus::Unknown.code() {
                self.outcome.counts.add(Count::TimedOut);
            }
            self.take(InputKind::Order(report), is_nonsense)?;
        }
        Ok(())
    }

    pub(super) fn step(&mut self, kind: InputKind) -> Result<(), String> {
        self.take(kind, false)
    }

    /// Events of the market in the order of their times, in as few calls as may be.
    pub(super) fn market(&mut self, mut events: Vec<abi::Event>) -> Result<(), String> {
        let mut rest = &mut events[..];
        while let Some(first) = rest.first() {
            self.person.on_event(first);
            self.now = first.ts;
            let event = *first;
            let several = if self.slice_max > 1 && rest.len() > 1 { self.several(rest)? } else { 0 };
            if several == 0 {
                self.step(InputKind::Market(event))?;
            }
            rest = rest.get_mut(several.max(1)..).unwrap_or_default();
        }
        Ok(())
    }

    /// Hands several events to the strategy that alone listens; how many were taken, 0 if they go one by one.
    fn several(&mut self, events: &mut [abi::Event]) -> Result<usize, String> {
        let most = events.len().min(self.slice_max);
        let events = events.get_mut(..most).unwrap_or_default();
        let failed = |error: stratd_engine::EngineError| error.to_string();
        let taken = match self.engine.begin_span(self.seq + 1, events).map_err(failed)? {
            Some(span) => {
                let taken = span.taken();
                for event in events.iter().take(taken) {
                    self.engine.apply_of_span(event).map_err(failed)?;
                }
                self.engine.end_span(span);
                taken
            }
            None => {
                let at = events.first().map_or(self.now, |event| event.ts);
                let len = events.iter().take_while(|event| event.ts == at).count();
                // what is due comes before a slice: the driver sees to it
                let is_due = self.engine.next_timer().is_some_and(|due| due.get() <= at);
                let Some(instant) = events.get(..len).filter(|instant| instant.len() > 1 && !is_due) else {
                    return Ok(0);
                };
                self.engine.step_slice(self.seq + 1, Timestamp::new(at), instant).map_err(failed)?
            }
        };
        for event in events.iter().take(taken) {
            self.person.on_event(event);
            self.now = event.ts;
            self.twin.input(&InputKind::Market(*event), event.ts, false);
            self.twin.watch();
            self.outcome.counts.add(Count::Steps);
        }
        self.seq += u64::try_from(taken).unwrap_or_default();
        self.outcome.slices += u64::from(taken > 1);
        self.outputs(false)?;
        Ok(taken)
    }

    fn take(&mut self, kind: InputKind, is_nonsense: bool) -> Result<(), String> {
        self.seq += 1;
        self.outcome.counts.add(Count::Steps);
        self.twin.input(&kind, self.now, is_nonsense);
        let input = Input { seq: self.seq, at: Timestamp::new(self.now), kind };
        self.engine.step(&input).map_err(|error| error.to_string())?;
        self.outputs(is_nonsense)
    }

    /// Shows the outputs of the last step to the twin, carries the orders among them to the exchanges, and compares.
    fn outputs(&mut self, is_nonsense: bool) -> Result<(), String> {
        (self.stepped_at, self.has_new_limits) = (self.now, false);
        let mut is_alarmed = false;
        for output in self.engine.outputs() {
            // a text that is only counted cannot fail
            let _ = write!(self.hash, "{output:?}");
            self.outcome.count(output, self.twin.scenario.oms_type);
            is_alarmed |= matches!(output, Output::UnknownOrder(_));
            self.twin.output(output, &self.engine)?;
            match output {
                Output::Submit(order) => self.venue.submit(&mut self.random, order.get()),
                Output::Cancel(cancel) => self.venue.cancel(&mut self.random, cancel),
                Output::Change(change) => self.venue.change(&mut self.random, change.get()),
                _ => {}
            }
        }
        let seq = self.seq;
        self.outcome.trace.push((seq, self.hash.0));
        ensure(is_alarmed || !is_nonsense, || format!("no alarm for the report {seq}, which fits nothing"))?;
        self.twin.compare(&self.engine)?;
        self.twin.compare_held(&self.engine)?;
        self.compare_version()
    }

    /// Books of the same version are the same.
    fn compare_version(&mut self) -> Result<(), String> {
        let engine = &self.engine;
        let pnl = (0..self.twin.owners).map(|id| engine.pnl(StrategyId(id))).collect();
        let now = (engine.books_version(), [engine.equity(), engine.cash()], pnl);
        let before = std::mem::replace(&mut self.books, now);
        // a strategy that joined has brought nothing yet
        let has_held = before.1 == self.books.1 && before.2.iter().zip(&self.books.2).all(|(a, b)| a == b);
        ensure(before.0 != self.books.0 || has_held, || {
            format!("books of the same version were {before:?}, and are {:?}", self.books)
        })
    }
}
