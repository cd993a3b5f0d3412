//! What happens next besides the answers of the exchanges: the market, connections, commands, changes of limits and of
//! instances, orders by hand.

use stratd_engine::{
    ByHand, ExitRoutine, InputKind, OnRestoreError, OrderState, Output, Probation, Replacement, Restart,
    Scope, StrategyId, TradingCommand, TradingState,
};
use stratd_plugin_api::{ClientOrderId, Fault, InstrumentId, Price, Quantity, Reason, Timestamp, abi};

use super::{
    Count, ensure,
    gambler::Gambler,
    market, requests,
    scenario::{INSTRUMENTS, PlainLimits, SECOND_NS, STRATEGIES, exchange_of, lot},
    simulation::Run,
};

/// Orders by hand carry this tag.
pub(super) const HAND_TAG: u32 = 17;
/// Steps after which an exchange that went away is back at the latest.
const AWAY_STEPS_MAX: u16 = 40;

impl Run<'_> {
    /// The next thing that happens besides the answers of the exchanges.
    pub(super) fn next(&mut self) -> Result<(), String> {
        if self.random.one_in(60) {
            self.limits()?;
        }
        if self.random.one_in(40) {
            self.by_hand()?;
        }
        let pause = if self.random.one_in(200) { 14 * 3_600 * SECOND_NS } else { 2 * SECOND_NS };
        self.now += self.random.range(0, pause);
        if self.engine.next_timer().is_some_and(|due| due.get() <= self.now) && self.random.chance(70) {
            self.step(InputKind::Timers)?;
        }
        if self.random.chance(4) {
            self.venue.nonsense(&mut self.random);
        }
        self.connection()?;
        let strategy = StrategyId(self.random.small(0, STRATEGIES));
        match self.random.range(0, 400) {
            0 => self.step(InputKind::Halt(None, Reason::Requested)),
            1..8 => self.step(InputKind::Continue(None, Reason::Requested)),
            8 => self.step(InputKind::StopStrategy(strategy, Reason::Requested)),
            9 => {
                let fault = Fault { reason: Reason::Panic, message: "its process died".to_owned(), index: 0 };
                self.step(InputKind::FailStrategy(strategy, fault))
            }
            10..20 => self.command(),
            20..30 => self.replace(strategy),
            30..35 => self.step(InputKind::Timers),
            _ => {
                let events = market::next(&mut self.random, &self.twin.scenario, self.now);
                if events.len() > 1 {
                    self.outcome.counts.add(Count::Batches);
                }
                self.market(events)
            }
        }
    }

    fn scope(&mut self) -> Scope {
        match self.random.range(0, 4) {
            0 => Scope::Run,
            1 => Scope::Strategy(StrategyId(self.random.small(0, self.twin.owners))),
            _ => Scope::Instrument(InstrumentId(*self.random.pick(&INSTRUMENTS).unwrap_or(&1))),
        }
    }

    fn command(&mut self) -> Result<(), String> {
        let scope = self.scope();
        let states = [TradingState::Reducing, TradingState::Halted];
        let is_stopped = self.random.chance(25);
        let stop = self.random.pick(&states).filter(|_| is_stopped);
        let state = *stop.unwrap_or(&TradingState::Active);
        let exit = *self.random.pick(&ExitRoutine::ALL).unwrap_or(&ExitRoutine::None);
        self.step(InputKind::Trading(TradingCommand { scope, state, exit, reason: Reason::Requested }))
    }

    /// The limits of a scope change between two steps, or a change of them is undone.
    fn limits(&mut self) -> Result<(), String> {
        let scope = self.scope();
        let is_lifted = self.random.chance(25);
        let plain =
            if is_lifted { PlainLimits::default() } else { self.twin.scenario.draw_limits(&mut self.random) };
        let replaced = self.engine.replace_limits(scope, self.twin.scenario.real_limits(&plain)?);
        if self.random.chance(30) {
            self.engine.put_limits_back(replaced);
            self.outcome.counts.add(Count::LimitsPutBack);
        } else {
            self.twin.scenario.limits.insert(scope, plain);
            self.outcome.counts.add(Count::LimitsSet);
        }
        self.has_new_limits = true;
        Ok(())
    }

    /// A person asks for something past the strategies.
    fn by_hand(&mut self) -> Result<(), String> {
        let owner = match self.owner {
            Some(owner) => owner,
            None => {
                let owner = self.engine.add_owner("manual").map_err(|error| error.to_string())?;
                self.owner = Some(owner);
                self.twin.owners += 1;
                owner
            }
        };
        self.outcome.counts.add(Count::ByHand);
        // the gate is asked what it would say: it must be of the same moment
        self.now = self.stepped_at;
        let working = self.twin.working_ids();
        let id = ClientOrderId(self.random.pick(&working).copied().unwrap_or(3));
        match self.random.range(0, 12) {
            0..8 => {
                let strategy = StrategyId(self.random.small(0, STRATEGIES));
                let owner = if self.random.chance(60) { owner } else { strategy };
                self.new_by_hand(owner)
            }
            8..10 => self.step(InputKind::ByHand(ByHand::Cancel(id))),
            10 => {
                let Some(order) = self.engine.order(id) else { return Ok(()) };
                let (instrument, filled) = (order.request.instrument.0, order.filled);
                let price = requests::near(&mut self.random, &self.person, instrument);
                let more = self.random.range(0, 9) * lot(instrument);
                let quantity = Quantity::new(filled.get() + more);
                self.step(InputKind::ByHand(ByHand::Change(id, Price::new(price), quantity)))
            }
            _ => {
                let strategy = self.random.chance(80).then_some(owner);
                let instrument = self.random.chance(60).then_some(InstrumentId(1));
                self.step(InputKind::ByHand(ByHand::CancelAll(strategy, instrument)))
            }
        }
    }

    /// A new order by hand: it is judged as the gate had said it would be.
    fn new_by_hand(&mut self, owner: StrategyId) -> Result<(), String> {
        let instrument = requests::instrument(&mut self.random);
        let mut request = if self.random.one_in(8) {
            requests::reckless(&mut self.random)
        } else {
            requests::sensible(&mut self.random, &self.person, instrument)
        };
        if self.twin.scenario.takes.is_some() {
            requests::bind(&mut self.random, &mut request, &self.person.orders);
        }
        request.tag = HAND_TAG;
        let judged = self.engine.judge(owner, &request).map(|(passed, _)| passed.quantity);
        let judged = judged.map_err(|denied| denied.reason);
        let is_known = !self.has_new_limits;
        self.step(InputKind::ByHand(ByHand::New(owner, abi::OrderRequest::from(&request))))?;
        let became = |output: &Output| -> Option<Result<Quantity, Reason>> {
            match output {
                Output::Held(order) if order.request.tag == HAND_TAG => Some(Ok(order.request.quantity)),
                Output::Submit(order) if order.get().request.tag == HAND_TAG => {
                    Some(Ok(order.get().request.quantity))
                }
                Output::OrderFinished(order) if order.request.tag == HAND_TAG => match order.state {
                    OrderState::Denied(reason) => Some(Err(reason)),
                    _ => None,
                },
                _ => None,
            }
        };
        let became = self.engine.outputs().iter().find_map(became);
        ensure(!is_known || became == Some(judged), || {
            format!("an order by hand became {became:?}, and the gate had said {judged:?}")
        })
    }

    /// Another instance of a strategy: in the place of the one that runs, or of one that has ended.
    fn replace(&mut self, strategy: StrategyId) -> Result<(), String> {
        let (temper, is_batch_safe) = (self.twin.scenario.temper(strategy.0), self.twin.scenario.has_slices);
        let instance = Box::new(Gambler::successor(&mut self.random, temper));
        let starts = if self.twin.has_ended(strategy) {
            let restart = Restart { instance, is_batch_safe, state: None };
            let restarted = self.engine.restart_strategy(strategy, restart);
            restarted.map_err(|refused| format!("a restart was refused: {refused:?}"))?;
            self.twin.restarted(strategy);
            self.outcome.counts.add(Count::Restarts);
            true
        } else {
            let on_restore_error = if self.random.chance(50) {
                OnRestoreError::Fresh(Box::new(Gambler::new(self.random.next(), temper)))
            } else {
                OnRestoreError::Keep
            };
            let until = Timestamp::new(self.now + self.random.range(0, 30) * SECOND_NS);
            let replacement = Replacement {
                instance,
                is_batch_safe,
                state_version: 1,
                accepts: 1..=1,
                deadline: Timestamp::new(self.now),
                on_restore_error,
                probation: Probation { events: self.random.range(0, 40).cast_unsigned(), until },
                room: Vec::new(),
            };
            let swapped = self.engine.swap_strategy(strategy, replacement).ok();
            if swapped.is_some() {
                self.outcome.counts.add(Count::Swaps);
            }
            swapped.is_some_and(|swapped| swapped.carried.starts_anew())
        };
        while self.engine.take_retired().is_some() {}
        if starts { self.step(InputKind::StartStrategy(strategy)) } else { Ok(()) }
    }

    /// An exchange goes away, or comes back and tells what happened.
    fn connection(&mut self) -> Result<(), String> {
        match self.away {
            None if self.random.one_in(250) => {
                let exchange = self.random.small(1, 3);
                self.outcome.counts.add(Count::Disconnects);
                self.venue.disconnect(exchange);
                self.away = Some((exchange, self.random.small(1, AWAY_STEPS_MAX)));
                self.each_of(exchange, |id| InputKind::Halt(Some(id), Reason::Requested))
            }
            None => Ok(()),
            Some((exchange, 0)) => {
                self.away = None;
                let reports = self.venue.reconcile(exchange, &self.twin.working_ids(), false);
                self.arrive(reports)?;
                self.each_of(exchange, |id| InputKind::Continue(Some(id), Reason::Requested))
            }
            Some((exchange, steps)) => {
                self.away = Some((exchange, steps - 1));
                Ok(())
            }
        }
    }

    fn each_of(&mut self, exchange: u16, input: impl Fn(InstrumentId) -> InputKind) -> Result<(), String> {
        let ids = INSTRUMENTS.into_iter().filter(|id| exchange_of(*id) == exchange);
        ids.map(InstrumentId).try_for_each(|id| self.step(input(id)))
    }
}
