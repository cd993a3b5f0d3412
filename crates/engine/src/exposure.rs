//! Risk figures and limits, as strategies and the shell read them.

use stratd_plugin_api::{Decimal, InstrumentId, Money, Reason, abi, abi::risk_scope};

use crate::{
    Order, Position, RiskLimits, Scope, StrategyId,
    core::{Core, shown},
    risk::in_units,
};

impl Core {
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
        self.visit_scope(Scope::Run, strategy, instrument, visit);
        self.visit_scope(Scope::Strategy(strategy), strategy, instrument, visit);
        if let Some(id) = instrument {
            self.visit_scope(Scope::Instrument(id), strategy, instrument, visit);
        }
    }

    /// The limits of one scope with what is used of them. Limits of one order use nothing.
    fn visit_scope(
        &self,
        scope: Scope,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
        visit: &mut dyn FnMut(&abi::RiskLimitRecord),
    ) {
        let Some(limits) = self.risk.limits(scope) else { return };
        let mut tell = |reason: Reason, used: Option<Money>, limit: Option<Money>| {
            let figures =
                used.zip(limit).and_then(|(used, limit)| Some((used, limit, limit.checked_sub(used)?)));
            if let Some((used, limit, headroom)) = figures {
                visit(&abi::RiskLimitRecord {
                    limit_code: reason.code(),
                    instrument: instrument.map_or(0, |i| i.0),
                    scope: match scope {
                        Scope::Run => risk_scope::RUN,
                        Scope::Strategy(_) => risk_scope::STRATEGY,
                        Scope::Instrument(_) => risk_scope::INSTRUMENT,
                    },
                    reserved: 0,
                    used: used.into(),
                    limit: limit.into(),
                    headroom: headroom.into(),
                });
            }
        };
        let RiskLimits { max_order_quantity, max_order_notional, max_position, max_open_orders, .. } = limits;
        let as_money = |limit: Decimal| Money::try_from(limit).ok();
        let count = |count: u32| i128::from(count).checked_mul(100_000_000).map(Money::new);
        if let Some(limit) = max_order_quantity {
            tell(Reason::MaxOrderQuantity, Some(Money::ZERO), as_money(limit.limit));
        }
        if let Some(limit) = max_order_notional {
            tell(Reason::MaxOrderNotional, Some(Money::ZERO), Some(limit.limit));
        }
        if let Some(limit) = max_position {
            let used = self.largest_position(scope, strategy, instrument);
            tell(Reason::MaxPosition, Some(used), as_money(limit.limit));
        }
        if let Some(limit) = max_open_orders {
            tell(Reason::MaxOpenOrders, count(self.execution.open_orders(scope)), count(*limit));
        }
        if let Some(rate) = limits.max_order_rate {
            let sent = self.risk.view(scope, 0, self.now).map_or(0, |view| view.sent);
            tell(Reason::OrderRate, count(sent), count(rate.count));
        }
        let lost = self.risk.lost(scope);
        if let Some(limit) = limits.max_daily_loss {
            tell(Reason::MaxDailyLoss, lost.map(|(day, _)| day), Some(limit.limit));
        }
        if let Some(limit) = limits.max_drawdown {
            tell(Reason::MaxDrawdown, lost.map(|(_, drawdown)| drawdown), Some(limit.limit));
        }
    }

    /// The largest position that the limit of a scope counts, of the asked instrument or of all that the strategy held.
    fn largest_position(
        &self,
        scope: Scope,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
    ) -> Money {
        let book = self.portfolio.book(strategy);
        let held = book.into_iter().flat_map(|book| &book.positions);
        let of_strategy =
            held.filter(|(id, _)| instrument.is_none_or(|asked| asked == **id)).map(|(id, own)| {
                let size = match scope {
                    Scope::Strategy(_) => own.size,
                    Scope::Run | Scope::Instrument(_) => self.portfolio.net_size(*id),
                };
                (*id, size)
            });
        let net = instrument
            .filter(|_| !matches!(scope, Scope::Strategy(_)))
            .map(|id| (id, self.portfolio.net_size(id)));
        let in_money = |(id, size): (InstrumentId, stratd_plugin_api::Quantity)| {
            let decimals = self.instruments.get(id)?.quantity_decimals;
            in_units(i128::from(size.get()).checked_abs()?, decimals)
        };
        of_strategy.chain(net).filter_map(in_money).max().unwrap_or(Money::ZERO)
    }
}
