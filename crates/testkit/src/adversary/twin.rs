//! The naive twin: what inputs and outputs alone say about cash, positions, orders, limits and states.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stratd_engine::{
    Engine, FillReport, InputKind, Order, OrderState, Output, Scope, StrategyId, TradingState,
};
use stratd_plugin_api::{EventKind, Money, OrderEventKind, OrderStatus, PositionSide, Reason, Side, abi};

use super::{
    books::{Books, Fill},
    costs, ensure,
    excluded::{Excluding, Key},
    gambler::{COMPLAINT, DOOMED, DOOMED_TAG, TAG},
    gate::{Question, denied},
    happenings::HAND_TAG,
    scenario::{EURO, EURO_RATE_START, IN_EUROS, STRATEGIES, Scenario},
    sent::is_judged,
    working::Working,
};

/// What a scope lost, and what that stopped. It is counted whether or not a limit stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Losses {
    pub(super) day: Option<i64>,
    pub(super) day_start: i128,
    pub(super) peak: i128,
    pub(super) last: i128,
    pub(super) daily: TradingState,
    pub(super) drawdown: TradingState,
    pub(super) command: TradingState,
}

pub(super) struct Twin {
    pub(super) scenario: Scenario,
    /// Who has orders: the strategies, and who trades by hand.
    pub(super) owners: u16,
    pub(super) books: Books,
    pub(super) working: BTreeMap<u64, Working>,
    /// The last prices; of what has not traded, the middle of the quote.
    pub(super) last: BTreeMap<u32, i64>,
    traded: BTreeSet<u32>,
    euro: i64,
    pub(super) now: i64,
    pub(super) states: BTreeMap<Scope, (TradingState, Reason)>,
    /// When orders and changes were sent.
    pub(super) sent: BTreeMap<Scope, VecDeque<i64>>,
    pub(super) losses: BTreeMap<Scope, Losses>,
    pub(super) has_margin_call: bool,
    /// The position that each order is about.
    pub(super) positions: BTreeMap<u64, PositionSide>,
    pub(super) submitted: BTreeSet<u64>,
    pub(super) finished: BTreeSet<u64>,
    /// Orders that exclude each other.
    pub(super) excluding: BTreeMap<Key, Excluding>,
    /// The instrument whose trade or bar this step brought.
    pub(super) price_of_step: Option<u32>,
    /// What was booked: quantities by order and trade.
    pub(super) booked: BTreeMap<u64, BTreeMap<u64, i64>>,
    pub(super) ended: BTreeSet<StrategyId>,
    pub(super) is_halted: bool,
    pub(super) halted: BTreeSet<u32>,
    pub(super) is_exiting: bool,
    /// The report of this step.
    pub(super) report: Option<abi::OrderEvent>,
    /// The books changed in this step, or prices.
    pub(super) watches: bool,
    /// A session closed at the beginning of this step, before its input.
    pub(super) has_closed: bool,
}

impl Twin {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            owners: STRATEGIES,
            books: Books::default(),
            working: BTreeMap::new(),
            last: BTreeMap::new(),
            traded: BTreeSet::new(),
            euro: EURO_RATE_START,
            now: 0,
            states: BTreeMap::new(),
            sent: BTreeMap::new(),
            losses: BTreeMap::new(),
            has_margin_call: false,
            positions: BTreeMap::new(),
            submitted: BTreeSet::new(),
            finished: BTreeSet::new(),
            excluding: BTreeMap::new(),
            price_of_step: None,
            booked: BTreeMap::new(),
            ended: BTreeSet::new(),
            is_halted: false,
            halted: BTreeSet::new(),
            is_exiting: false,
            report: None,
            watches: false,
            has_closed: false,
        }
    }

    pub(super) fn working_ids(&self) -> Vec<u64> {
        self.working.keys().copied().collect()
    }

    fn is_sent(&self, id: u64) -> bool {
        self.working.get(&id).is_some_and(|order| !order.is_held)
    }

    pub(super) fn has_ended(&self, strategy: StrategyId) -> bool {
        self.ended.contains(&strategy)
    }

    pub(super) fn restarted(&mut self, strategy: StrategyId) {
        self.ended.remove(&strategy);
    }

    /// What the currency of an instrument is worth, in hundredths.
    pub(super) fn rate(&self, instrument: u32) -> i64 {
        if instrument == IN_EUROS { self.euro } else { 100 }
    }

    pub(super) fn cash(&self) -> i128 {
        self.scenario.cash + self.books.of(|_, _| true).map(|(_, line)| line.cash).sum::<i128>()
    }

    pub(super) fn equity(&self) -> i128 {
        self.scenario.cash + self.books.pnl(|_, _| true)
    }

    // ---- inputs ----

    /// What an input says before the engine took it.
    pub(super) fn input(&mut self, input: &InputKind, at: i64, is_nonsense: bool) {
        self.now = at;
        self.report = None;
        self.price_of_step = None;
        self.has_closed = false;
        self.watches = matches!(input, InputKind::Market(_) | InputKind::Order(_));
        match input {
            InputKind::Market(event) => self.market(event),
            InputKind::Order(report) if !is_nonsense => self.report(report),
            InputKind::Halt(None, _) => self.is_halted = true,
            InputKind::Halt(Some(id), _) => {
                self.halted.insert(id.0);
            }
            InputKind::Continue(None, _) => {
                self.is_halted = false;
                self.halted.clear();
            }
            InputKind::Continue(Some(id), _) => {
                self.halted.remove(&id.0);
            }
            InputKind::Exit(_) => self.is_exiting = true,
            InputKind::Trading(command) => {
                let losses = self.losses.entry(command.scope).or_default();
                let Losses { day, last, .. } = *losses;
                if command.state == TradingState::Active {
                    *losses = Losses { day, day_start: last, peak: last, last, ..Losses::default() };
                    self.has_margin_call &= command.scope != Scope::Run;
                } else {
                    losses.command = command.state;
                }
            }
            InputKind::Order(_)
            | InputKind::Timers
            | InputKind::Start
            | InputKind::StopStrategy(..)
            | InputKind::StartStrategy(_)
            | InputKind::FailStrategy(..)
            | InputKind::History(..)
            | InputKind::Restored(_)
            | InputKind::Account(_)
            | InputKind::ByHand(_) => {}
        }
    }

    fn market(&mut self, event: &abi::Event) {
        let id = event.instrument;
        let [first, bid_quantity, ask, close_or_ask_quantity, _] = event.data;
        match EventKind::from_code(event.kind) {
            Some(EventKind::Trade) => {
                self.print(id);
                self.price(id, first);
            }
            Some(EventKind::Bar) => {
                self.print(id);
                self.price(id, close_or_ask_quantity);
            }
            Some(EventKind::Quote)
                if !self.traded.contains(&id) && bid_quantity > 0 && close_or_ask_quantity > 0 =>
            {
                self.price(id, (first + ask).div_euclid(2));
            }
            _ => {}
        }
    }

    /// A trade or a bar: what waits for a price sees it.
    fn print(&mut self, instrument: u32) {
        self.traded.insert(instrument);
        self.price_of_step = Some(instrument);
        let orders = self.working.values_mut().filter(|order| order.instrument == instrument);
        orders.for_each(|order| order.is_refused = false);
    }

    fn price(&mut self, instrument: u32, price: i64) {
        self.last.insert(instrument, price);
        let mut mark = |instrument: u32, price: i64, rate: i64| {
            let lines = self.books.0.iter_mut().filter(|((_, id, _), _)| *id == instrument);
            lines.for_each(|(_, line)| line.mark(price, rate));
        };
        if instrument == EURO {
            self.euro = price;
            if let Some(last) = self.last.get(&IN_EUROS) {
                mark(IN_EUROS, *last, price);
            }
        }
        let rate = if instrument == IN_EUROS { self.euro } else { 100 };
        mark(instrument, price, rate);
    }

    fn report(&mut self, report: &abi::OrderEvent) {
        self.report = Some(*report);
        let Some(order) = self.working.get_mut(&report.client_order_id) else { return };
        let kind = OrderEventKind::from_code(report.kind);
        if kind == Some(OrderEventKind::Change) && (order.answered() || report.quantity > order.filled) {
            order.quantity = report.quantity;
            if order.has_limit {
                order.price = Some(report.price);
            }
            let order = order.clone();
            self.join(&order);
        } else if kind == Some(OrderEventKind::RequestRejected) {
            order.is_refused = true;
            order.answered();
        }
    }

    // ---- outputs ----

    /// What an output says, in the order of the outputs.
    pub(super) fn output(&mut self, output: &Output, engine: &Engine) -> Result<(), String> {
        match output {
            Output::Submit(order) => {
                let order = order.get();
                let known = engine.order(order.id).ok_or_else(|| format!("nobody knows {order:?}"))?;
                self.submit(order, &known.request)
            }
            Output::Change(change) => self.change(change.get()),
            Output::Filled(report) => self.fill(report),
            Output::OrderFinished(order) => self.finish(order),
            Output::StrategyStopped { strategy, .. } | Output::StrategyFaulted { strategy, .. } => {
                ensure(self.ended.insert(*strategy), || format!("{strategy:?} ended twice"))
            }
            Output::Cancel(cancel) => ensure(self.is_sent(cancel.id.0), || {
                format!("a cancel of {:?}, which does not work", cancel.id)
            }),
            Output::Reduced(denial) => self.reduced(denial),
            Output::Trading { scope, state, reason } => {
                self.states.insert(*scope, (*state, *reason));
                Ok(())
            }
            Output::Metric { strategy, name, value } => {
                ensure(name != DOOMED, || format!("a figure of a call of {strategy:?} that failed"))?;
                ensure(name != COMPLAINT, || {
                    format!("{strategy:?} got an event out of order or a timer too early, at {value:?}")
                })
            }
            Output::UnknownOrder(report) => ensure(self.report.is_none(), || {
                format!("a report on an own order was taken for one of a stranger: {report:?}")
            }),
            Output::SessionClosed { .. } => {
                self.has_closed = true;
                Ok(())
            }
            Output::Held(order) => self.held(order),
            Output::Denied(_)
            | Output::StrategyRolledBack { .. }
            | Output::ProbationPassed { .. }
            | Output::ByHand { .. }
            | Output::Shutdown { .. }
            | Output::Overfilled(_)
            | Output::BookGap(_)
            | Output::Exited => Ok(()),
        }
    }

    fn fill(&mut self, FillReport { strategy, fill, is_late, .. }: &FillReport) -> Result<(), String> {
        let id = fill.client_order_id;
        ensure(*is_late == self.finished.contains(&id), || format!("late is {is_late} of {fill:?}"))?;
        let report = self.report.take().filter(|report| report.client_order_id == id);
        let Some(report) = report else { return Err(format!("a fill that nobody reported: {fill:?}")) };
        let told = (report.last_price, report.last_quantity, report.trade_id, report.instrument, report.side);
        let booked = (fill.price, fill.quantity, fill.trade_id, fill.instrument, fill.side);
        ensure(told == booked && fill.fee == report.fee, || format!("{fill:?} was booked for {report:?}"))?;
        let is_new = self.booked.entry(id).or_default().insert(fill.trade_id, fill.quantity).is_none();
        ensure(is_new, || format!("trade {} of order {id} was booked twice", fill.trade_id))?;
        self.check_costs(*strategy, fill)?;
        let sign = if fill.side == Side::Buy.code() { 1 } else { -1 };
        let costs = [fill.fee, fill.slippage, fill.transaction_cost];
        let rate = if fill.instrument == IN_EUROS { self.euro } else { 100 };
        let costs = costs.into_iter().map(|cost| Money::from(cost).get()).sum();
        let fill_naive = Fill { signed: sign * fill.quantity, price: fill.price, costs, rate };
        let Some(side) = self.positions.get(&id).copied() else {
            return Err(format!("a fill of an order that was never sent: {fill:?}"));
        };
        self.books.add((strategy.0, fill.instrument, side), fill_naive, self.scenario.is_fifo);
        if let Some(order) = self.working.get_mut(&id) {
            order.filled += fill.quantity;
            if order.amount.is_some() && report.quantity > 0 {
                order.quantity = order.quantity.max(report.quantity);
                order.expected = 0;
            }
            order.is_told_filled |= report.status == OrderStatus::Filled.code();
        }
        Ok(())
    }

    /// Costs are found by the strategy, or else by the model.
    fn check_costs(&self, strategy: StrategyId, fill: &abi::FillRecord) -> Result<(), String> {
        [fill.slippage, fill.transaction_cost].into_iter().try_for_each(|cost| {
            let is_by_strategy = costs::is_by_strategy(cost.into());
            let may_ask = strategy.0 < STRATEGIES && !self.ended.contains(&strategy);
            ensure(is_by_strategy.is_some_and(|by_strategy| may_ask || !by_strategy), || {
                format!("a cost that nobody could have found, of {strategy:?}: {fill:?}")
            })
        })
    }

    /// An order that is looked up at the end says what was executed of it, however late.
    pub(super) fn looked_up(&self, order: &Order) -> Result<(), String> {
        let booked: i64 = self.booked.get(&order.id.0).into_iter().flat_map(BTreeMap::values).sum();
        let is_so = order.state.is_final() && order.filled.get() == booked;
        ensure(is_so, || format!("{booked} was booked of {order:?}"))
    }

    fn finish(&mut self, order: &Order) -> Result<(), String> {
        let id = order.id.0;
        ensure(self.finished.insert(id), || format!("{:?} finished twice", order.id))?;
        ensure(order.state.is_final(), || format!("finished in no final state: {order:?}"))?;
        let held = self.working.get(&id).filter(|order| order.is_held).cloned();
        if let Some(reason) = denied(order.state) {
            let Some(held) = held else { return self.denied(order, reason) };
            self.denied_held(order, &held, reason)?;
        }
        let Some(working) = self.working.remove(&id) else {
            return Err(format!("{:?} finished and did not work", order.id));
        };
        ensure(working.filled == order.filled.get(), || {
            format!("{} is filled of {order:?}", working.filled)
        })?;
        let is_known = working.quantity > 0 || working.is_told_filled;
        let is_complete =
            order.state != OrderState::Filled || (is_known && working.filled >= working.quantity);
        ensure(is_complete, || format!("filled too early: {order:?}"))
    }

    fn denied(&self, order: &Order, reason: Reason) -> Result<(), String> {
        let request = &order.request;
        ensure(request.tag != DOOMED_TAG, || format!("an order of a call that failed was heard: {order:?}"))?;
        ensure(!self.submitted.contains(&order.id.0), || format!("{:?} was sent and denied", order.id))?;
        if self.ended.contains(&order.strategy) && request.tag != HAND_TAG {
            return ensure(reason == Reason::StrategyStopped || request.tag != TAG, || {
                format!("an order of a strategy that ended was denied for {reason}: {order:?}")
            });
        }
        let asked =
            Question { strategy: order.strategy, request, quantity: request.quantity.get(), changed: None };
        let against = self.against(&asked);
        ensure(against.contains(&reason) || !is_judged(request), || {
            format!("denied for {reason}, and against it is {against:?}: {order:?}")
        })
    }
}
