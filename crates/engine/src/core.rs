//! What the stages share: the market, the books, the orders. Strategies read it; only the engine changes it.

use std::collections::BTreeSet;

use stratd_plugin_api::{
    ExchangeId, InstrumentId, Money, OrderFlags, OrderRequest, Quantity, Takes, Timestamp, abi,
};

use crate::{
    AccountRules, EngineConfig, Order, Position, Scope, StrategyId,
    accounts::Accounts,
    bars::Bars,
    books::Books,
    execution::Execution,
    expiry::Expiries,
    held::HeldOrders,
    instruments::Instruments,
    market::Market,
    portfolio::Portfolio,
    position::PositionId,
    risk::{Bounds, Risk, RiskView},
    routes::Routes,
    spreads::Spreads,
};

pub(crate) struct Core {
    pub(crate) config: EngineConfig,
    pub(crate) now: Timestamp,
    pub(crate) seq: u64,
    /// Inputs that were no timers.
    pub(crate) events: u64,
    pub(crate) instruments: Instruments,
    pub(crate) market: Market,
    pub(crate) books: Books,
    pub(crate) bars: Bars,
    pub(crate) portfolio: Portfolio,
    pub(crate) execution: Execution,
    pub(crate) held: HeldOrders,
    pub(crate) expiries: Expiries,
    pub(crate) routes: Routes,
    pub(crate) spreads: Spreads,
    /// What exchanges take, by id from 1; all types, flags and lifetimes where nobody told.
    pub(crate) takes: Vec<Takes>,
    pub(crate) risk: Risk,
    /// Of exchanges.
    pub(crate) accounts: Accounts,
    /// Strategies have had `on_start`.
    pub(crate) has_started: bool,
    pub(crate) is_halted: bool,
    pub(crate) halted: BTreeSet<InstrumentId>,
    /// The run ends: nothing but cancels goes out any more.
    pub(crate) is_exiting: bool,
    /// What a strategy is told is history: no order passes.
    pub(crate) is_warming_up: bool,
    /// What earlier runs left is being put in: nothing is told to strategies until the run starts.
    pub(crate) is_recovering: bool,
}

/// A figure that left the range of money is shown as 0 in a view; the books themselves stop the engine.
pub(crate) fn shown(money: Option<Money>) -> abi::MoneyBits {
    money.unwrap_or_default().into()
}

impl Core {
    pub(crate) fn new(mut config: EngineConfig) -> Self {
        Self {
            now: Timestamp::default(),
            seq: 0,
            events: 0,
            instruments: Instruments::default(),
            market: Market::default(),
            books: Books::default(),
            bars: Bars::default(),
            portfolio: Portfolio::new(config.cash, config.accounting),
            execution: Execution::new(config.order_ids, config.oms_type),
            held: HeldOrders::default(),
            expiries: Expiries::default(),
            routes: Routes::default(),
            spreads: Spreads::default(),
            takes: Vec::new(),
            risk: Risk::new(std::mem::take(&mut config.limits), config.account),
            accounts: Accounts::default(),
            has_started: false,
            is_halted: false,
            halted: BTreeSet::new(),
            is_exiting: false,
            is_warming_up: false,
            is_recovering: false,
            config,
        }
    }

    /// What an exchange takes.
    pub(crate) fn takes(&self, exchange: ExchangeId) -> Takes {
        let index = usize::from(exchange.0).checked_sub(1);
        index.and_then(|index| self.takes.get(index)).copied().unwrap_or(Takes::ALL)
    }

    /// What risk looks at for an order; `changed` is the order, if it is not a new one.
    pub(crate) fn risk_view(
        &self,
        strategy: StrategyId,
        request: &OrderRequest,
        changed: Option<&Order>,
    ) -> Option<RiskView<'_>> {
        let OrderRequest { instrument: id, side, flags, .. } = *request;
        let position = PositionId { instrument: id, side: self.config.oms_type.position_side(side, flags) };
        let excluded = changed.map_or(0, |order| order.open_quantity().get());
        let instrument = self.instruments.get(id)?;
        let is_free = self.risk.is_free()
            && self.config.account == AccountRules::Unlimited
            && !flags.contains(OrderFlags::REDUCE_ONLY);
        let bounds = || Box::new(self.bounds(strategy, request, (position, excluded), changed));
        Some(RiskView {
            instrument,
            price_last: self.market.last_price(id),
            net_size: self.portfolio.net_size(position),
            open_quantity: self.execution.open_quantity(position, side).saturating_sub(excluded),
            is_halted: self.is_halted || self.halted.contains(&id) || self.instruments.has_left(id),
            is_expired: self.has_expired(instrument),
            is_new: changed.is_none(),
            bounds: (!is_free).then(bounds),
        })
    }

    #[inline(never)]
    fn bounds(
        &self,
        strategy: StrategyId,
        request: &OrderRequest,
        (position, excluded): (PositionId, i64),
        changed: Option<&Order>,
    ) -> Bounds<'_> {
        let OrderRequest { instrument: id, side, .. } = *request;
        let scope = |scope: Scope| self.risk.view(scope, self.execution.open_orders(scope), self.now);
        let mut bounds = Bounds {
            own_size: Quantity::ZERO,
            own_open: 0,
            open_opposite: 0,
            account: self.account_view(id, changed),
            scopes: [scope(Scope::Run), scope(Scope::Strategy(strategy)), scope(Scope::Instrument(id))],
        };
        if bounds.needs_own(request) {
            let own = self.portfolio.book(strategy).and_then(|book| book.positions.get(&position));
            bounds.own_size = own.map_or(Quantity::ZERO, |position| position.size);
            let own_open = self.execution.own_open_quantity(strategy, position, side);
            bounds.own_open = own_open.saturating_sub(excluded);
        }
        if bounds.account.is_some() {
            bounds.open_opposite = self.execution.open_quantity(position, side.opposite());
        }
        bounds
    }

    pub(crate) fn position_records(&self, strategy: StrategyId) -> impl Iterator<Item = abi::PositionRecord> {
        let book = self.portfolio.book(strategy);
        let positions = book.into_iter().flat_map(|book| &book.positions);
        positions.map(|(id, position)| self.position_record(id.instrument, position))
    }

    fn position_record(&self, id: InstrumentId, position: &Position) -> abi::PositionRecord {
        let instrument = self.instruments.get(id);
        abi::PositionRecord {
            instrument: id.0,
            exchange: instrument.map_or(0, |i| i.exchange.0),
            side: position.side.code(),
            size: position.size.get(),
            price_average: instrument
                .and_then(|i| i.average_price(position.cost_own, position.size))
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
            oms_type: self.config.oms_type.code(),
            has_positions: 0,
            reserved: 0,
            cash: shown(self.portfolio.cash()),
            equity: shown(self.portfolio.equity()),
            margin: self.account_view(InstrumentId(0), None).map_or_else(Default::default, |a| a.used.into()),
        }
    }
}
