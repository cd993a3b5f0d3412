//! The naive twin: what inputs and outputs alone say about cash, positions, orders and limits.

use std::collections::{BTreeMap, BTreeSet};

use stratd_engine::{Engine, InputKind, NewOrder, Order, OrderState, Output, StrategyId, TradingState};
use stratd_plugin_api::{EventKind, InstrumentId, Money, OrderEventKind, OrderRequest, Reason, Side, abi};

use crate::gambler::TAG;

/// Limits of every run.
pub(crate) const QUANTITY_MAX: i64 = 11;
pub(crate) const NOTIONAL_MAX: i64 = 1_100;
pub(crate) const POSITION_MAX: i64 = 20;
/// Money per point: prices have no decimals, multiplier 1.
const POINT: i128 = 100_000_000;

/// A working order.
struct Working {
    instrument: u32,
    side: Side,
    quantity: i64,
    filled: i64,
    /// Changes without an answer, and the largest quantity among them.
    changes: (u32, i64),
}

impl Working {
    fn open(&self) -> i64 {
        (self.quantity.max(self.changes.1) - self.filled).max(0)
    }

    /// An answer to a change; false if none was expected.
    fn answered(&mut self) -> bool {
        let was_expected = self.changes.0 > 0;
        self.changes.0 = self.changes.0.saturating_sub(1);
        if self.changes.0 == 0 {
            self.changes.1 = 0;
        }
        was_expected
    }
}

#[derive(Default)]
struct Book {
    cash: i128,
    /// Size and mark.
    positions: BTreeMap<u32, (i64, i64)>,
}

impl Book {
    fn value(&self) -> i128 {
        self.positions.values().map(|(size, mark)| i128::from(*size) * i128::from(*mark) * POINT).sum()
    }
}

#[derive(Default)]
pub(crate) struct Twin {
    cash_start: i128,
    books: Vec<Book>,
    working: BTreeMap<u64, Working>,
    last: BTreeMap<u32, i64>,
    submitted: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    /// What was booked, by order.
    booked: BTreeMap<u64, i64>,
    ended: BTreeSet<StrategyId>,
    is_halted: bool,
    /// By the kill switch: only what closes positions goes out.
    is_stopped: bool,
    is_exiting: bool,
}

impl Twin {
    pub(crate) fn new(cash_start: Money, strategies: usize) -> Self {
        let books = std::iter::repeat_with(Book::default).take(strategies).collect();
        Self { cash_start: cash_start.get(), books, ..Self::default() }
    }

    pub(crate) fn working(&self) -> Vec<u64> {
        self.working.keys().copied().collect()
    }

    /// What an input says before the engine took it.
    pub(crate) fn input(&mut self, input: &InputKind) {
        match input {
            InputKind::Market(event) if event.kind == EventKind::Trade.code() => {
                self.last.insert(event.instrument, event.data[0]);
                for book in &mut self.books {
                    if let Some((_, mark)) = book.positions.get_mut(&event.instrument) {
                        *mark = event.data[0];
                    }
                }
            }
            InputKind::Order(report) => self.report(report),
            InputKind::Halt(..) => self.is_halted = true,
            InputKind::Continue(..) => self.is_halted = false,
            InputKind::Exit(_) => self.is_exiting = true,
            InputKind::Trading(command) => self.is_stopped = command.state != TradingState::Active,
            InputKind::Market(_)
            | InputKind::Timers
            | InputKind::Start
            | InputKind::StopStrategy(..)
            | InputKind::StartStrategy(_)
            | InputKind::FailStrategy(..)
            | InputKind::ByHand(_) => {}
        }
    }

    fn report(&mut self, report: &abi::OrderEvent) {
        let Some(order) = self.working.get_mut(&report.client_order_id) else { return };
        let kind = OrderEventKind::from_code(report.kind);
        if kind == Some(OrderEventKind::Change) && (order.answered() || report.quantity > order.filled) {
            order.quantity = report.quantity;
        } else if kind == Some(OrderEventKind::RequestRejected) {
            order.answered();
        }
    }

    /// What an output says, in the order of the outputs.
    pub(crate) fn output(&mut self, output: &Output) {
        match output {
            Output::Submit(order) => self.submit(order.get()),
            Output::Change(change) => {
                let change = change.get();
                let order = self.working.get(&change.id.0).expect("only working orders are changed");
                let rest = change.request.quantity.get() - order.filled;
                let (open, request) = (order.open(), change.request);
                assert_eq!(
                    self.verdict(&request, rest, open),
                    None,
                    "a change that the limits forbid: {change:?}"
                );
                let order = self.working.get_mut(&change.id.0).expect("as above");
                order.changes = (order.changes.0 + 1, order.changes.1.max(request.quantity.get()));
            }
            Output::Filled(report) => self.fill(report.strategy, &report.fill),
            Output::OrderFinished(order) => self.finish(order),
            Output::StrategyStopped { strategy, .. } | Output::StrategyFaulted { strategy, .. } => {
                assert!(self.ended.insert(*strategy), "{strategy:?} ended twice");
            }
            Output::Cancel(cancel) => {
                assert!(self.working.contains_key(&cancel.id.0), "a cancel of an order that is not working");
            }
            Output::StrategyRolledBack { .. }
            | Output::Denied(_)
            | Output::Reduced(_)
            | Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::ProbationPassed { .. }
            | Output::ByHand { .. }
            | Output::Shutdown { .. }
            | Output::Metric { .. }
            | Output::UnknownOrder(_)
            | Output::Overfilled(_)
            | Output::Exited => {}
        }
    }

    fn submit(&mut self, order: &NewOrder) {
        assert!(self.submitted.insert(order.id.0), "{:?} was sent twice", order.id);
        let request = &order.request;
        // the kill switch closes the positions of strategies that have ended, too
        let may_be_of_ended = self.is_stopped && request.tag != TAG;
        assert!(
            may_be_of_ended || !self.ended.contains(&order.strategy),
            "an order of a strategy that ended"
        );
        if request.tag == TAG {
            let verdict = self.verdict(request, request.quantity.get(), 0);
            assert_eq!(verdict, None, "an order that the limits forbid: {order:?}");
        } else {
            assert!(!self.is_halted && !self.is_exiting, "a closing order in a halt or after the end");
        }
        let working = Working {
            instrument: request.instrument.0,
            side: request.side,
            quantity: request.quantity.get(),
            filled: 0,
            changes: (0, 0),
        };
        self.working.insert(order.id.0, working);
    }

    /// Why an order must be denied, in the order of the engine's checks. `quantity` is what it would add, `own` what of
    /// the open quantity is its own.
    fn verdict(&self, request: &OrderRequest, quantity: i64, own: i64) -> Option<Reason> {
        let instrument = request.instrument.0;
        let price = request.price.map(stratd_plugin_api::Price::get);
        let price = price.or_else(|| self.last.get(&instrument).copied());
        let of_side = self.working.values().filter(|o| o.instrument == instrument && o.side == request.side);
        let open = of_side.map(|order| i128::from(order.open())).sum::<i128>() - i128::from(own);
        let net: i64 =
            self.books.iter().filter_map(|b| b.positions.get(&instrument)).map(|(size, _)| size).sum();
        let grown = if request.side == Side::Buy { i128::from(net) } else { -i128::from(net) };
        let size = grown + open + i128::from(quantity);
        Some(match instrument {
            _ if self.is_exiting => Reason::RunEnded,
            0 | 4.. => Reason::UnknownInstrument,
            _ if self.is_halted || self.is_stopped => Reason::Halted,
            3 => Reason::NotTradable,
            _ if quantity <= 0 => Reason::BadQuantity,
            _ if quantity > i64::MAX / 4 => Reason::Overflow,
            _ if quantity > QUANTITY_MAX => Reason::MaxOrderQuantity,
            _ if price.is_none() => Reason::NoPrice,
            _ if price.is_some_and(|price| price * quantity > NOTIONAL_MAX) => Reason::MaxOrderNotional,
            _ if size > i128::from(POSITION_MAX) => Reason::MaxPosition,
            _ => return None,
        })
    }

    fn fill(&mut self, strategy: StrategyId, fill: &abi::FillRecord) {
        let sign = if fill.side == Side::Buy.code() { 1 } else { -1 };
        let value = i128::from(sign) * i128::from(fill.quantity) * i128::from(fill.price) * POINT;
        let costs = [fill.fee, fill.slippage, fill.transaction_cost];
        let costs: i128 = costs.into_iter().map(|cost| Money::from(cost).get()).sum();
        let book = self.books.get_mut(usize::from(strategy.0)).expect("a strategy of the run");
        book.cash -= value + costs;
        let (size, mark) = book.positions.entry(fill.instrument).or_default();
        (*size, *mark) = (*size + sign * fill.quantity, fill.price);
        *self.booked.entry(fill.client_order_id).or_default() += fill.quantity;
        if let Some(order) = self.working.get_mut(&fill.client_order_id) {
            order.filled += fill.quantity;
        }
    }

    fn finish(&mut self, order: &Order) {
        assert!(self.finished.insert(order.id.0), "{:?} finished twice", order.id);
        assert!(order.state.is_final());
        let was_sent = self.submitted.contains(&order.id.0);
        let OrderState::Denied(reason) = order.state else {
            let working = self.working.remove(&order.id.0).expect("it was working");
            assert_eq!(working.filled, order.filled.get(), "filled quantity of {:?}", order.id);
            if order.state == OrderState::Filled {
                assert!(working.filled >= working.quantity, "{:?} is filled too early", order.id);
            }
            return;
        };
        assert!(!was_sent, "{:?} was sent and denied", order.id);
        if self.ended.contains(&order.strategy) {
            // what the kill switch closes may be halted by its exchange
            let is_halted = order.request.tag != TAG && self.is_halted && reason == Reason::Halted;
            assert!(is_halted || reason == Reason::StrategyStopped, "{reason}");
        } else if order.request.tag == TAG {
            let verdict = self.verdict(&order.request, order.request.quantity.get(), 0);
            assert_eq!(verdict, Some(reason), "{:?}", order.request);
        }
    }

    /// Compares everything that the engine shows.
    pub(crate) fn compare(&self, engine: &Engine) {
        let working: Vec<_> =
            engine.working_orders().map(|o| (o.id.0, o.request.quantity.get(), o.filled.get())).collect();
        let expected: Vec<_> = self.working.iter().map(|(id, o)| (*id, o.quantity, o.filled)).collect();
        assert_eq!(working, expected, "working orders: id, quantity, filled");

        let (mut run_cash, mut run_value, mut run_unrealized) = (self.cash_start, 0, 0);
        for (index, book) in self.books.iter().enumerate() {
            let strategy = StrategyId(u16::try_from(index).expect("few strategies"));
            let positions = || engine.positions(strategy);
            let sizes: Vec<_> = positions().map(|(id, p)| (id, p.size.get())).collect();
            let expected: Vec<_> = book.positions.iter().map(|(id, p)| (InstrumentId(*id), p.0)).collect();
            assert_eq!(sizes, expected, "positions of {strategy:?}");
            let sum = |figure: &dyn Fn(&stratd_engine::Position) -> Money| -> i128 {
                positions().map(|(_, position)| figure(position).get()).sum()
            };
            let value = sum(&|p| p.notional);
            let unrealized = sum(&|p| p.unrealized().expect("small amounts"));
            assert_eq!(value, book.value(), "value of {strategy:?}");
            let pnl = sum(&|p| p.realized) + unrealized - sum(&|p| p.fees);
            assert_eq!(
                book.cash + value,
                pnl,
                "cash + value == realized + unrealized - fees of {strategy:?}"
            );
            assert_eq!(engine.pnl(strategy).map(Money::get), Some(pnl), "pnl of {strategy:?}");
            run_cash += book.cash;
            run_value += value;
            run_unrealized += unrealized;
        }
        let (realized, fees) = engine.realized_and_fees();
        assert_eq!(engine.cash().map(Money::get), Some(run_cash), "cash of the run");
        assert_eq!(engine.equity().map(Money::get), Some(run_cash + run_value), "equity of the run");
        assert_eq!(
            run_cash + run_value,
            self.cash_start + realized.get() + run_unrealized - fees.get(),
            "cash + value == start + realized + unrealized - fees"
        );
    }

    /// The end: everything was answered, and every execution is booked once.
    pub(crate) fn assert_settled(&self, filled: &BTreeMap<u64, i64>) {
        assert_eq!(&self.booked, filled, "what is booked and what the exchange executed");
        assert_eq!(self.working(), Vec::<u64>::new(), "orders that never became final");
        let open: Vec<_> = self.submitted.difference(&self.finished).collect();
        assert!(open.is_empty(), "orders that were sent and never finished: {open:?}");
    }
}
