//! Risk figures and limits, as strategies and the shell read them.

use std::collections::BTreeSet;

use stratd_plugin_api::{Decimal, InstrumentId, Money, Price, Quantity, Reason, Side, abi, abi::risk_scope};

use crate::{
    AccountRules, Order, Position, RiskLimits, Scope, StrategyId,
    core::{Core, shown},
    position::PositionId,
    risk::{AccountView, in_units, part_of},
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
            book.positions
                .iter()
                .filter(move |(id, _)| is_asked(&id.instrument))
                .map(|(_, position)| position)
        };
        let sum = |figure: &dyn Fn(&Position) -> Option<Money>| {
            positions().try_fold(Money::ZERO, |total, position| total.checked_add(figure(position)?))
        };
        let lost = book.lost(self.now);
        abi::RiskRecord {
            exposure: shown(sum(&|p| p.notional.checked_abs())),
            notional: shown(sum(&|p| Some(p.notional))),
            realized: shown(sum(&|p| Some(p.realized))),
            unrealized: shown(sum(&Position::unrealized)),
            drawdown: shown(lost.map(|lost| lost.from_peak)),
            day_loss: shown(lost.map(|lost| lost.of_day)),
            open_order_exposure: shown(self.open_order_exposure(strategy, instrument)),
        }
    }

    fn open_order_exposure(&self, strategy: StrategyId, instrument: Option<InstrumentId>) -> Option<Money> {
        let orders = self.execution.working_of(strategy);
        orders
            .filter(|order| instrument.is_none_or(|asked| asked == order.request.instrument))
            .try_fold(Money::ZERO, |total, order| total.checked_add(self.open_value(order)?))
    }

    /// Value of what the order may still execute, at its price or the one that the gate judges by; while changes are on their way, of their
    /// largest quantity at their highest price.
    fn open_value(&self, order: &Order) -> Option<Money> {
        let request = &order.request;
        let rate = self.portfolio.rates.of(request.instrument);
        // until the exchange says how much it is for, an amount may be spent whole
        if let Some(amount) = request.notional.filter(|_| !order.has_quantity()) {
            return rate.convert(amount);
        }
        let last = self.market.last_price(request.instrument);
        let Some(price) = order.price_highest().or(request.stop_price).or(last) else {
            return Some(Money::ZERO);
        };
        let instrument = self.instruments.get(request.instrument)?;
        rate.notional(instrument, price, order.open_quantity())?.checked_abs()
    }

    /// The account as an order for an instrument sees it; `None` if it has no rules. An amount that left its range
    /// counts as used up, so that nothing is bought on it.
    pub(crate) fn account_view(
        &self,
        instrument: InstrumentId,
        changed: Option<&Order>,
    ) -> Option<AccountView> {
        let rules = self.config.account;
        let (total, used) = match rules {
            AccountRules::Unlimited => return None,
            AccountRules::Cash { .. } => {
                let is_other = |order: &&Order| changed.is_none_or(|changed| changed.id != order.id);
                let buys = self.execution.working().filter(|order| order.request.side == Side::Buy);
                let mut values = buys.filter(is_other).map(|order| self.open_value(order));
                let used = values.try_fold(Money::ZERO, |sum, value| sum.checked_add(value?));
                (self.portfolio.cash(), used)
            }
            AccountRules::Margin { initial, .. } => {
                let needed = self.worst_exposure(changed).and_then(|worst| part_of(worst, initial));
                (self.portfolio.equity(), needed)
            }
        };
        let rate = self.portfolio.rates.of(instrument);
        let (total, used) = total.zip(used).unwrap_or((Money::ZERO, Money::new(i128::MAX)));
        Some(AccountView { rules, total, used, rate })
    }

    /// Sum of the absolute values of the positions of all strategies together, by instrument; of hedged ones long and
    /// short.
    fn exposure(&self) -> Option<Money> {
        self.portfolio.net_sizes().try_fold(Money::ZERO, |sum, (PositionId { instrument: id, .. }, size)| {
            let (Some(instrument), Some(price)) = (self.instruments.get(id), self.market.last_price(id))
            else {
                return Some(sum);
            };
            sum.checked_add(self.portfolio.rates.of(id).notional(instrument, price, size)?.checked_abs()?)
        })
    }

    /// As [`Core::exposure`], with the working orders of one side filled, whichever makes it larger.
    fn worst_exposure(&self, changed: Option<&Order>) -> Option<Money> {
        let held = self.portfolio.net_sizes().map(|(id, _)| id);
        let ids: BTreeSet<PositionId> = held.chain(self.execution.positions()).collect();
        ids.into_iter().try_fold(Money::ZERO, |sum, position| {
            let id = position.instrument;
            let (Some(instrument), Some(price)) = (self.instruments.get(id), self.price_of(position)) else {
                return Some(sum);
            };
            let open = |side: Side| {
                let is_same = |order: &&Order| {
                    order.request.side == side && self.execution.position_of(order) == position
                };
                let own = changed.filter(is_same).map_or(0, |order| order.open_quantity().get());
                self.execution.open_quantity(position, side).saturating_sub(own)
            };
            let size = self.portfolio.net_size(position).get();
            let long = size.checked_add(open(Side::Buy))?;
            let short = open(Side::Sell).checked_sub(size)?;
            let worst = Quantity::new(long.max(short).max(0));
            sum.checked_add(self.portfolio.rates.of(id).notional(instrument, price, worst)?.checked_abs()?)
        })
    }

    /// By what a position counts with its orders: as the gate judges, and where no price is known by the highest that an
    /// order names.
    fn price_of(&self, position: PositionId) -> Option<Price> {
        self.market.last_price(position.instrument).or_else(|| {
            let orders = self.execution.working();
            let orders = orders.filter(|order| self.execution.position_of(order) == position);
            orders.filter_map(|order| order.price_highest().or(order.request.stop_price)).max()
        })
    }

    /// Whether the equity is below what the positions need to be kept.
    pub(crate) fn has_margin_call(&self) -> Option<bool> {
        let AccountRules::Margin { maintenance, .. } = self.config.account else { return Some(false) };
        Some(self.portfolio.equity()? < part_of(self.exposure()?, maintenance)?)
    }

    fn visit_limits(
        &self,
        strategy: StrategyId,
        instrument: Option<InstrumentId>,
        visit: &mut dyn FnMut(&abi::RiskLimitRecord),
    ) {
        self.visit_scope(Scope::Run, strategy, instrument, visit);
        if let Some(AccountView { total, used, .. }) = self.account_view(InstrumentId(0), None) {
            visit(&abi::RiskLimitRecord {
                limit_code: Reason::BuyingPower.code(),
                scope: risk_scope::RUN,
                used: used.into(),
                limit: total.into(),
                headroom: shown(total.checked_sub(used)),
                ..abi::RiskLimitRecord::default()
            });
        }
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
        let position = || self.largest_position(scope, strategy, instrument);
        self.visit_figures(scope, &position, &mut |reason, used, limit| {
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
                headroom: shown(limit.checked_sub(used)),
            });
        });
    }

    /// The limits of one scope with what is used of them by all that it is about.
    pub(crate) fn visit_limits_of(&self, scope: Scope, visit: &mut dyn FnMut(Reason, Money, Money)) {
        let position = || {
            let sizes: Box<dyn Iterator<Item = (InstrumentId, Quantity)>> = match scope {
                Scope::Run => Box::new(self.portfolio.net_sizes().map(|(id, size)| (id.instrument, size))),
                Scope::Strategy(id) => {
                    let held = self.portfolio.book(id).into_iter().flat_map(|book| &book.positions);
                    Box::new(held.map(|(id, position)| (id.instrument, position.size)))
                }
                Scope::Instrument(asked) => {
                    let net = self.portfolio.net_sizes().filter(move |(id, _)| id.instrument == asked);
                    Box::new(net.map(|(id, size)| (id.instrument, size)))
                }
            };
            sizes.filter_map(|size| self.size_in_money(size)).max().unwrap_or(Money::ZERO)
        };
        self.visit_figures(scope, &position, visit);
    }

    fn visit_figures(
        &self,
        scope: Scope,
        largest_position: &dyn Fn() -> Money,
        visit: &mut dyn FnMut(Reason, Money, Money),
    ) {
        let Some(limits) = self.risk.limits(scope) else { return };
        let mut tell = |reason: Reason, used: Option<Money>, limit: Option<Money>| {
            // what left the range of money has no headroom either
            let figures = used.zip(limit).filter(|(used, limit)| limit.checked_sub(*used).is_some());
            if let Some((used, limit)) = figures {
                visit(reason, used, limit);
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
            tell(Reason::MaxPosition, Some(largest_position()), as_money(limit.limit));
        }
        if let Some(limit) = max_open_orders {
            tell(Reason::MaxOpenOrders, count(self.execution.open_orders(scope)), count(*limit));
        }
        if let Some(rate) = limits.max_order_rate {
            let sent = self.risk.view(scope, 0, self.now).map_or(0, |view| view.sent);
            tell(Reason::OrderRate, count(sent), count(rate.count));
        }
        let lost = self.portfolio.lost(scope, self.now);
        if let Some(limit) = limits.max_daily_loss {
            tell(Reason::MaxDailyLoss, lost.map(|lost| lost.of_day), Some(limit.limit));
        }
        if let Some(limit) = limits.max_drawdown {
            tell(Reason::MaxDrawdown, lost.map(|lost| lost.from_peak), Some(limit.limit));
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
        let is_asked = |id: &PositionId| instrument.is_none_or(|asked| asked == id.instrument);
        let of_strategy = held.filter(|(id, _)| is_asked(id)).map(|(id, own)| {
            let size = match scope {
                Scope::Strategy(_) => own.size,
                Scope::Run | Scope::Instrument(_) => self.portfolio.net_size(*id),
            };
            (id.instrument, size)
        });
        let is_shared = instrument.is_some() && !matches!(scope, Scope::Strategy(_));
        let shared = self.portfolio.net_sizes().filter(|(id, _)| is_shared && is_asked(id));
        let net = shared.map(|(id, size)| (id.instrument, size));
        of_strategy.chain(net).filter_map(|size| self.size_in_money(size)).max().unwrap_or(Money::ZERO)
    }

    fn size_in_money(&self, (id, size): (InstrumentId, Quantity)) -> Option<Money> {
        let decimals = self.instruments.get(id)?.quantity_decimals;
        in_units(i128::from(size.get()).checked_abs()?, decimals)
    }
}
