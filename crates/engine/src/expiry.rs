//! Instruments that expire: their orders end, their positions are settled in cash, and nothing of them is traded any more.
//!
//! ```text
//! expiry is over → on_halt (expired) → orders end → positions are settled: a fill each, on_bought or on_sold
//! ```
//! The instant of the expiry itself still counts: what is told at it sets the price of the settlement. So an instrument is
//! settled one nanosecond later, by the engine's own timer, at the same place in a backtest and live.
//!
//! An option is settled by its intrinsic value against the last price of its underlying, everything else at its own last
//! price. A position whose price is not known stays, with an error in the log of its strategy.
//!
//! Limits: a settlement is an order of the strategy that is never sent, a market order with its fill and without costs;
//! [`crate::Order::is_settlement`] tells it apart.

use std::collections::BTreeSet;

use stratd_plugin_api::{
    ClientOrderId, EventKind, Instrument, InstrumentId, InstrumentType, Level, Log, OptionType,
    OrderEventKind, OrderFlags, OrderRequest, PositionSide, Price, Quantity, Reason, Side, Timestamp, abi,
};

use crate::{
    Engine, EngineError, Order, OrderState, Output, StrategyId, core::Core, execution::own_event,
    report::fill_record,
};

/// The instruments that will expire, the first one first.
#[derive(Default)]
pub(crate) struct Expiries {
    waiting: BTreeSet<(Timestamp, InstrumentId)>,
    /// Asked before every event.
    next: Option<Timestamp>,
}

impl Expiries {
    pub(crate) fn add(&mut self, instrument: &Instrument) {
        if let Some(due) = instrument.expiry.and_then(|expiry| expiry.checked_add(1)) {
            self.waiting.insert((due, instrument.id));
            self.look();
        }
    }

    /// When the next one is due.
    #[inline]
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    fn pop(&mut self, now: Timestamp) -> Option<InstrumentId> {
        let first = *self.waiting.first().filter(|(due, _)| *due <= now)?;
        self.waiting.remove(&first);
        self.look();
        Some(first.1)
    }

    fn look(&mut self) {
        self.next = self.waiting.first().map(|(due, _)| *due);
    }
}

/// Why a position cannot be settled.
enum Unsettled {
    NoPrice,
    NoUnderlying,
    NoPriceOfUnderlying(String),
    Overflow,
}

impl Unsettled {
    fn in_words(&self) -> String {
        match self {
            Self::NoPrice => "it has no last price".to_owned(),
            Self::NoUnderlying => {
                "it is an option without a known underlying and right (accepted: underlying, strike and option_type)"
                    .to_owned()
            }
            Self::NoPriceOfUnderlying(symbol) => format!("its underlying {symbol} has no last price"),
            Self::Overflow => "its intrinsic value is beyond the range of prices".to_owned(),
        }
    }
}

impl Core {
    /// Whether an instrument is not traded any more.
    #[inline]
    pub(crate) fn has_expired(&self, instrument: &Instrument) -> bool {
        instrument.expiry.is_some_and(|expiry| self.now > expiry)
    }

    /// The same by its id.
    pub(crate) fn expired_by_now(&self, id: InstrumentId) -> bool {
        self.instruments.get(id).is_some_and(|instrument| self.has_expired(instrument))
    }

    /// The price at which positions are settled.
    fn settlement_price(&self, instrument: &Instrument) -> Result<Price, Unsettled> {
        match instrument.instrument_type {
            InstrumentType::Option | InstrumentType::FutureOption => {}
            InstrumentType::Other
            | InstrumentType::Equity
            | InstrumentType::Bond
            | InstrumentType::Future
            | InstrumentType::Pair
            | InstrumentType::Spread
            | InstrumentType::MutualFund
            | InstrumentType::Commodity
            | InstrumentType::Currency
            | InstrumentType::Index => {
                return self.market.settlement_price(instrument.id).ok_or(Unsettled::NoPrice);
            }
        }
        let underlying = instrument.underlying.and_then(|id| self.instruments.get(id));
        let (underlying, right) = underlying.zip(instrument.option_type).ok_or(Unsettled::NoUnderlying)?;
        let last = self.market.settlement_price(underlying.id);
        let last = last.ok_or_else(|| Unsettled::NoPriceOfUnderlying(underlying.symbol.clone()))?;
        intrinsic(instrument, right, (last, underlying.price_decimals)).ok_or(Unsettled::Overflow)
    }
}

/// What an option is worth at its end, on its own scale of prices. Where the underlying has more decimals, what the option
/// cannot show is cut off.
fn intrinsic(option: &Instrument, right: OptionType, (last, decimals): (Price, u8)) -> Option<Price> {
    let power = |exponent: u8| 10i128.checked_pow(u32::from(exponent));
    let (last, strike) = (i128::from(last.get()), i128::from(option.strike.get()));
    // on the finer of both scales
    let finer = decimals.max(option.price_decimals);
    let last = last.checked_mul(power(finer.checked_sub(decimals)?)?)?;
    let surplus = power(finer.checked_sub(option.price_decimals)?)?;
    let strike = strike.checked_mul(surplus)?;
    let value = match right {
        OptionType::Call => last.checked_sub(strike)?,
        OptionType::Put => strike.checked_sub(last)?,
    };
    i64::try_from(value.max(0).checked_div(surplus)?).ok().map(Price::new)
}

impl Engine {
    /// When the next instrument expires, never before now.
    pub(crate) fn next_instrument_expiry(&self) -> Option<Timestamp> {
        let due = self.core.expiries.next()?;
        // what earlier runs left is settled when all of it is there
        (!self.core.is_recovering).then_some(due.max(self.core.now))
    }

    /// Ends what has expired by now.
    pub(crate) fn settle_expired(&mut self) -> Result<(), EngineError> {
        if self.core.expiries.next().is_none_or(|due| due > self.core.now) || self.core.is_recovering {
            return Ok(());
        }
        while let Some(id) = self.core.expiries.pop(self.core.now) {
            let halt = self.plain(EventKind::Halt, Reason::Expired);
            self.dispatch(&abi::Event { instrument: id.0, ..halt });
            self.end_orders_in(id);
            self.settle(id)?;
        }
        self.watch_losses()
    }

    /// Ends the orders of an instrument: those that are held at once, the others when their exchange says so.
    fn end_orders_in(&mut self, instrument: InstrumentId) {
        let working = self.core.execution.working();
        let of_instrument = working.filter(|order| order.request.instrument == instrument);
        let ids: Vec<_> = of_instrument.map(|order| order.id).collect();
        for id in ids {
            if !self.end_held(id, OrderState::Expired) && self.cancel(id) {
                self.core.execution.end_with_instrument(id);
            }
        }
    }

    /// Settles the positions in an instrument that has expired.
    pub(crate) fn settle(&mut self, id: InstrumentId) -> Result<(), EngineError> {
        let open = self.core.portfolio.open_positions(id);
        if open.is_empty() {
            return Ok(());
        }
        let Some(instrument) = self.core.instruments.get(id) else { return Ok(()) };
        let (symbol, expiry) = (instrument.symbol.clone(), instrument.expiry.unwrap_or(self.core.now));
        match self.core.settlement_price(instrument) {
            Ok(price) => {
                let shown = instrument.price_text(price).to_string();
                for (strategy, side, size) in open {
                    self.settle_position((strategy, side), (id, size), price)?;
                    self.log_of(
                        strategy,
                        Level::INFO,
                        &format!("{symbol} expired at {expiry}: settled at {shown}"),
                    );
                }
            }
            Err(why) => {
                let message =
                    format!("{symbol} expired at {expiry}, and its position stays: {}", why.in_words());
                for (strategy, ..) in open {
                    self.log_of(strategy, Level::ERROR, &message);
                }
            }
        }
        Ok(())
    }

    /// Books the settlement of a position as an order of its strategy that was filled at once, and tells of it.
    fn settle_position(
        &mut self,
        (strategy, side): (StrategyId, PositionSide),
        (id, size): (InstrumentId, Quantity),
        price: Price,
    ) -> Result<(), EngineError> {
        let seq = self.core.seq;
        let order = self.settlement((strategy, side), (id, size), price);
        let order =
            order.ok_or_else(|| EngineError::overflow(self.core.now, "the settlement of a position"))?;
        let report = abi::OrderEvent {
            last_price: price.get(),
            last_quantity: order.filled.get(),
            reason: Reason::Expired.code(),
            seq,
            ..own_event(&order, kind_of(order.request.side), order.updated)
        };
        let fill = fill_record(&order, &report);
        self.book((strategy, side, false), &fill)?;
        self.core.execution.remember_fill(strategy, (seq, fill));
        self.core.execution.insert(Box::new(order.clone()));
        self.deliver_order(strategy, &report);
        self.outputs.push(Output::OrderFinished(order));
        Ok(())
    }

    /// The order that settles a position.
    fn settlement(
        &mut self,
        (strategy, side): (StrategyId, PositionSide),
        (id, size): (InstrumentId, Quantity),
        price: Price,
    ) -> Option<Order> {
        let now = self.core.now;
        let instrument = self.core.instruments.get(id)?;
        let (exchange, expiry) = (instrument.exchange, instrument.expiry?);
        // settled in time, it happened at the expiry
        let at = if expiry.checked_add(1)? == now { expiry } else { now };
        let slot = self.strategies.get_mut(strategy.index())?;
        slot.order_counter = slot.order_counter.checked_add(1)?;
        let order_id: ClientOrderId = self.core.execution.ids().id(strategy, slot.order_counter)?;
        let flags = match side {
            PositionSide::Net => OrderFlags::NONE,
            PositionSide::Long | PositionSide::Short => OrderFlags::REDUCE_ONLY,
        };
        let order_side = if size.is_positive() { Side::Sell } else { Side::Buy };
        let quantity = size.checked_abs()?;
        let request = OrderRequest::market(id, quantity).side(order_side).flags(flags);
        let mut order = Order::new(order_id, strategy, exchange, request, at);
        order.state = OrderState::Filled;
        order.filled = quantity;
        order.filled_value = i128::from(price.get()).checked_mul(i128::from(quantity.get()))?;
        order.is_settlement = true;
        order.seq = self.core.seq;
        Some(order)
    }

    fn log_of(&self, strategy: StrategyId, level: Level, message: &str) {
        if let Some(slot) = self.strategies.get(strategy.index()) {
            self.services.log(&slot.config.name, &Log::new(level, message));
        }
    }
}

fn kind_of(side: Side) -> OrderEventKind {
    match side {
        Side::Buy => OrderEventKind::Bought,
        Side::Sell => OrderEventKind::Sold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worth(right: OptionType, strike: i64, (last, decimals): (i64, u8)) -> i64 {
        let mut option = Instrument::new("C", InstrumentType::Option).price_decimals(2);
        option.strike = Price::new(strike);
        intrinsic(&option, right, (Price::new(last), decimals)).unwrap().get()
    }

    #[test]
    fn an_option_is_worth_what_exercising_it_would_bring() {
        assert_eq!(worth(OptionType::Call, 15_000, (16_250, 2)), 1_250);
        assert_eq!(worth(OptionType::Call, 15_000, (14_999, 2)), 0);
        assert_eq!(worth(OptionType::Put, 15_000, (14_999, 2)), 1);
        assert_eq!(worth(OptionType::Put, 15_000, (16_250, 2)), 0);
    }

    #[test]
    fn the_underlying_may_have_other_decimals() {
        assert_eq!(worth(OptionType::Call, 15_000, (162, 0)), 1_200);
        assert_eq!(worth(OptionType::Call, 15_000, (1_625_099, 4)), 1_250);
        assert_eq!(worth(OptionType::Put, 15_000, (1_490_001, 4)), 99);
    }
}
