//! What the stages share: the market, the books, the orders. Strategies read it; only the engine changes it.

use std::collections::BTreeSet;

use stratd_plugin_api::{InstrumentId, Money, Quantity, Reason, Side, Timestamp, abi};

use crate::{
    EngineConfig, Order, Position, StrategyId, execution::Execution, instruments::Instruments,
    market::Market, portfolio::Portfolio, risk::RiskView,
};

pub(crate) struct Core {
    pub(crate) config: EngineConfig,
    pub(crate) now: Timestamp,
    pub(crate) seq: u64,
    /// Inputs that were no timers.
    pub(crate) events: u64,
    pub(crate) instruments: Instruments,
    pub(crate) market: Market,
    pub(crate) portfolio: Portfolio,
    pub(crate) execution: Execution,
    pub(crate) is_halted: bool,
    pub(crate) halted: BTreeSet<InstrumentId>,
    /// The run ends: nothing but cancels goes out any more.
    pub(crate) is_exiting: bool,
}

/// A figure that left the range of money is shown as 0 in a view; the books themselves stop the engine.
fn shown(money: Option<Money>) -> abi::MoneyBits {
    money.unwrap_or_default().into()
}

impl Core {
    pub(crate) fn new(config: EngineConfig) -> Self {
        Self {
            now: Timestamp::default(),
            seq: 0,
            events: 0,
            instruments: Instruments::default(),
            market: Market::default(),
            portfolio: Portfolio::new(config.cash),
            execution: Execution::default(),
            is_halted: false,
            halted: BTreeSet::new(),
            is_exiting: false,
            config,
        }
    }

    /// What risk looks at for an order; `excluded` is the order's own open quantity when it is changed.
    pub(crate) fn risk_view(
        &self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: Side,
        excluded: Quantity,
    ) -> Option<RiskView<'_>> {
        Some(RiskView {
            instrument: self.instruments.get(instrument)?,
            price_last: self.market.last_price(instrument),
            net_size: self.portfolio.net_size(instrument),
            own_size: self
                .portfolio
                .book(strategy)
                .and_then(|book| book.positions.get(&instrument))
                .map_or(Quantity::ZERO, |position| position.size),
            own_open: 0,
            open_quantity: self.execution.open_quantity(instrument, side).saturating_sub(excluded.get()),
            is_halted: self.is_halted || self.halted.contains(&instrument),
        })
    }

    pub(crate) fn position_records(&self, strategy: StrategyId) -> impl Iterator<Item = abi::PositionRecord> {
        let book = self.portfolio.book(strategy);
        let positions = book.into_iter().flat_map(|book| &book.positions);
        positions.map(|(id, position)| self.position_record(*id, position))
    }

    fn position_record(&self, id: InstrumentId, position: &Position) -> abi::PositionRecord {
        let instrument = self.instruments.get(id);
        abi::PositionRecord {
            instrument: id.0,
            exchange: instrument.map_or(0, |i| i.exchange.0),
            reserved: 0,
            size: position.size.get(),
            price_average: instrument
                .and_then(|i| i.average_price(position.cost, position.size))
                .unwrap_or_default()
                .get(),
            price_last: self.market.last_price(id).unwrap_or_default().get(),
            cost: position.cost.into(),
            notional: position.notional.into(),
            realized: position.realized.into(),
            unrealized: shown(position.unrealized()),
            fees: position.fees.into(),
        }
    }

    pub(crate) fn portfolio_record(&self, strategy: StrategyId) -> abi::PortfolioRecord {
        let Some(book) = self.portfolio.book(strategy) else { return abi::PortfolioRecord::default() };
        abi::PortfolioRecord {
            currency: self.config.currency,
            cash: book.cash.into(),
            notional: book.notional.into(),
            realized: book.realized.into(),
            unrealized: shown(book.unrealized()),
            fees: book.fees.into(),
            equity_run: shown(self.portfolio.equity()),
        }
    }

    pub(crate) fn account_record(&self) -> abi::AccountRecord {
        abi::AccountRecord {
            id: 0,
            currency: self.config.currency,
            exchange: 0,
            reserved: [0; 3],
            cash: shown(self.portfolio.cash()),
            equity: shown(self.portfolio.equity()),
            margin: abi::MoneyBits::default(),
        }
    }

    /// Risk figures of a strategy, for one instrument or all; visits the limits that apply.
    pub(crate) fn risk_record(
        &self,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
        visit: &mut dyn FnMut(&abi::RiskLimitRecord),
    ) -> abi::RiskRecord {
        self.visit_limits(strategy, instrument, visit);
        let Some(book) = self.portfolio.book(strategy) else { return abi::RiskRecord::default() };
        let positions = || {
            let is_asked = move |id: &InstrumentId| instrument.is_none_or(|asked| asked == *id);
            book.positions.iter().filter(move |(id, _)| is_asked(id)).map(|(_, position)| position)
        };
        let sum = |figure: &dyn Fn(&Position) -> Option<Money>| {
            positions().try_fold(Money::ZERO, |total, position| total.checked_add(figure(position)?))
        };
        abi::RiskRecord {
            exposure: shown(sum(&|p| p.notional.checked_abs())),
            notional: shown(sum(&|p| Some(p.notional))),
            realized: shown(sum(&|p| Some(p.realized))),
            unrealized: shown(sum(&Position::unrealized)),
            drawdown: shown(book.drawdown()),
            day_loss: shown(book.day_loss()),
            open_order_exposure: shown(self.open_order_exposure(strategy, instrument)),
        }
    }

    fn open_order_exposure(&self, strategy: StrategyId, instrument: Option<InstrumentId>) -> Option<Money> {
        let orders = self.execution.working_of(strategy);
        orders
            .filter(|order| instrument.is_none_or(|asked| asked == order.request.instrument))
            .try_fold(Money::ZERO, |total, order| total.checked_add(self.open_value(order)?))
    }

    /// Value of what is not filled, at the order's price or the last one.
    fn open_value(&self, order: &Order) -> Option<Money> {
        let request = &order.request;
        let last = self.market.last_price(request.instrument);
        let Some(price) = request.price.or(request.stop_price).or(last) else { return Some(Money::ZERO) };
        self.instruments.get(request.instrument)?.notional(price, order.remaining())?.checked_abs()
    }

    fn visit_limits(
        &self,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
        visit: &mut dyn FnMut(&abi::RiskLimitRecord),
    ) {
        let limits = &self.config.limits;
        let record = |reason: Reason, used: Option<Money>, limit: Option<Money>| {
            let (used, limit) = (used?, limit?);
            Some(abi::RiskLimitRecord {
                limit_code: reason.code(),
                instrument: instrument.map_or(0, |i| i.0),
                used: used.into(),
                limit: limit.into(),
                headroom: limit.checked_sub(used)?.into(),
            })
        };
        // quantities are shown in units of 1e-8, like amounts of money
        let in_units = |id: InstrumentId, quantity: i64| {
            let decimals = self.instruments.get(id)?.quantity_decimals;
            let factor = 10i128.checked_pow(u32::from(8u8.checked_sub(decimals)?))?;
            i128::from(quantity).checked_abs()?.checked_mul(factor).map(Money::new)
        };
        let as_money = |limit: stratd_plugin_api::Decimal| Money::try_from(limit).ok();
        let largest_position = || {
            let positions = self.portfolio.book(strategy).into_iter().flat_map(|book| book.positions.keys());
            let asked = positions.filter(|id| instrument.is_none_or(|asked| asked == **id));
            asked
                .filter_map(|id| in_units(*id, self.portfolio.net_size(*id).get()))
                .max()
                .or(Some(Money::ZERO))
        };
        let all = [
            record(Reason::MaxOrderQuantity, Some(Money::ZERO), limits.max_order_quantity.and_then(as_money)),
            record(Reason::MaxOrderNotional, Some(Money::ZERO), limits.max_order_notional),
            record(Reason::MaxPosition, largest_position(), limits.max_position.and_then(as_money)),
        ];
        all.iter().flatten().for_each(visit);
    }
}
