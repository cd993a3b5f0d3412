//! Naive limits: what speaks against an order, asked anew from all orders and fills.

use stratd_engine::{OrderState, Scope, StrategyId, TradingState};
use stratd_plugin_api::{
    InstrumentId, OrderFlags, OrderRequest, PositionSide, Price, Reason, Side, Timestamp,
};

use super::{
    scenario::{Account, INDEX, INSTRUMENTS, PlainLimits, SECOND_NS, SESSION, lot, point, units},
    twin::Twin,
    working::Working,
};

/// Beyond this a position could not be turned around any more.
const QUANTITY_COUNTABLE: i64 = i64::MAX / 2;

/// An order, or a change of one, that is asked about.
pub(super) struct Question<'a> {
    pub(super) strategy: StrategyId,
    pub(super) request: &'a OrderRequest,
    /// What it would add: of a change, what is not filled.
    pub(super) quantity: i64,
    /// The order that is changed; it does not count twice.
    pub(super) changed: Option<&'a Working>,
}

impl Question<'_> {
    fn side(&self) -> Side {
        self.request.side
    }

    fn instrument(&self) -> u32 {
        self.request.instrument.0
    }

    /// The position that it is about.
    fn position(&self, twin: &Twin) -> PositionSide {
        twin.scenario.position(self.request)
    }
}

impl Twin {
    /// Everything that speaks against an order. None of it may be there when an order is sent, and the reason of a
    /// denial must be among it.
    pub(super) fn against(&self, asked: &Question<'_>) -> Vec<Reason> {
        let id = asked.instrument();
        let mut reasons = Vec::new();
        let mut add = |is_so: bool, reason: Reason| {
            if is_so {
                reasons.push(reason)
            }
        };
        add(self.is_exiting, Reason::RunEnded);
        add(!INSTRUMENTS.contains(&id), Reason::UnknownInstrument);
        add(self.is_halted || self.halted.contains(&id), Reason::Halted);
        add(id == INDEX, Reason::NotTradable);
        let expected = || self.expected(asked.request, asked.quantity);
        let buys_nothing =
            INSTRUMENTS.contains(&id) && self.price_of(asked.request).is_some() && expected() <= 0;
        add(asked.quantity <= 0 && (asked.request.notional.is_none() || buys_nothing), Reason::BadQuantity);
        add(asked.request.notional.is_some() && asked.request.quantity.get() != 0, Reason::BadOrder);
        add(asked.request.quantity.get() % lot(id) != 0, Reason::OffLot);
        // what no exchange takes and nobody stands in for, and what is attached to nothing
        let is_bound = self.scenario.takes.is_some();
        add(is_bound, Reason::BadOrder);
        add(asked.request.flags.contains(OrderFlags::ATTACHED), Reason::UnknownOrder);
        add(asked.quantity.saturating_abs() > QUANTITY_COUNTABLE, Reason::Overflow);
        if reasons.contains(&Reason::UnknownInstrument) {
            return reasons;
        }
        let is_reducing = self.is_reducing(asked);
        let flags = asked.request.flags;
        if flags.contains(OrderFlags::REDUCE_ONLY) && !is_reducing {
            reasons.push(Reason::Reducing);
        }
        for scope in scopes(asked) {
            reasons.extend(self.against_by_state(scope, is_reducing));
            if let Some(limits) = self.scenario.limits.get(&scope) {
                self.against_by_limits(scope, limits, asked, &mut reasons);
            }
        }
        reasons.extend(self.against_by_account(asked));
        reasons
    }

    fn against_by_state(&self, scope: Scope, is_reducing: bool) -> Option<Reason> {
        let (state, reason) = self.states.get(&scope).copied()?;
        match state {
            TradingState::Active => None,
            TradingState::Reducing if is_reducing => None,
            TradingState::Reducing if reason == Reason::Requested => Some(Reason::Reducing),
            TradingState::Halted if reason == Reason::Requested => Some(Reason::Halted),
            TradingState::Reducing | TradingState::Halted => Some(reason),
        }
    }

    /// With every working order of its side filled, the order leaves the own position smaller, not turned around.
    fn is_reducing(&self, asked: &Question<'_>) -> bool {
        let size = self.books.size((asked.strategy.0, asked.instrument(), asked.position(self)));
        let size = size + self.rest_of_entry(asked);
        let held = if asked.side() == Side::Sell { size } else { -size };
        let open = self.open(asked, asked.side(), |order| order.strategy == asked.strategy);
        asked.request.notional.is_none() && i128::from(asked.quantity) <= i128::from(held) - open
    }

    /// What working orders of a side about the position would still trade, without the order that is changed.
    fn open(&self, asked: &Question<'_>, side: Side, is_meant: impl Fn(&Working) -> bool) -> i128 {
        let group = (asked.request.group != 0).then_some((asked.strategy, asked.request.group));
        let counted = self.counted();
        let orders = self.working.values().filter(|order| {
            order.instrument == asked.instrument()
                && order.position == asked.position(self)
                && order.side == side
                && asked.changed.is_none_or(|changed| changed.id != order.id)
                // one that is excluded by the order does not add to it
                && (order.key().is_none() || side != asked.side() || order.key() != group)
                && is_meant(order)
        });
        orders.map(|order| counted.get(&order.id).copied().unwrap_or_default()).sum()
    }

    /// An order that is attached to another one is judged as if that were filled.
    fn rest_of_entry(&self, asked: &Question<'_>) -> i64 {
        let is_attached = asked.request.flags.contains(OrderFlags::ATTACHED);
        let entry = self.working.get(&asked.request.group).filter(|_| is_attached);
        let entry = entry
            .filter(|entry| entry.instrument == asked.instrument() && entry.position == asked.position(self));
        entry.map_or(0, |entry| if entry.side == Side::Buy { entry.open() } else { -entry.open() })
    }

    fn price_of(&self, request: &OrderRequest) -> Option<i64> {
        let own = request.price.or(request.stop_price).map(Price::get);
        own.or_else(|| self.last.get(&request.instrument.0).copied())
    }

    /// The most that is bought or sold; of an order by amount, by the last price.
    pub(super) fn expected(&self, request: &OrderRequest, quantity: i64) -> i64 {
        let Some(amount) = request.notional else { return quantity };
        let id = request.instrument.0;
        let of_lot = self.price_of(request).map(|price| i128::from(price) * i128::from(lot(id)) * point(id));
        let lots = of_lot.filter(|of_lot| *of_lot > 0).map_or(0, |of_lot| amount.get() / of_lot);
        i64::try_from(lots).unwrap_or(0) * lot(id)
    }

    fn against_by_limits(
        &self,
        scope: Scope,
        limits: &PlainLimits,
        asked: &Question<'_>,
        reasons: &mut Vec<Reason>,
    ) {
        let id = asked.instrument();
        let last = self.last.get(&id).copied();
        let own = [asked.request.price, asked.request.stop_price];
        if last.is_none() && (asked.request.notional.is_some() || self.price_of(asked.request).is_none()) {
            reasons.push(Reason::NoPrice);
        }
        let mut add = |is_so: bool, reason: Reason| {
            if is_so {
                reasons.push(reason)
            }
        };
        let in_session = (i64::from(SESSION.0)..i64::from(SESSION.1))
            .contains(&self.now.div_euclid(SECOND_NS).rem_euclid(86_400));
        add(limits.has_hours && !in_session, Reason::TradingHours);
        if let Some(points) = limits.collar_points {
            let is_far = |price: Price| {
                last.is_none_or(|last| (price.get() - last).abs() * 10_000 > last.abs() * i64::from(points))
            };
            add(own.into_iter().flatten().any(is_far), Reason::PriceCollar);
            add(last.is_none() && own.iter().any(Option::is_some), Reason::NoPrice);
        }
        let of_scope = |order: &&Working| match scope {
            Scope::Run => true,
            Scope::Strategy(strategy) => order.strategy == strategy,
            Scope::Instrument(instrument) => order.instrument == instrument.0,
        };
        if let Some(most) = limits.open_orders {
            let count = self.working.values().filter(of_scope).count();
            add(asked.changed.is_none() && count >= most as usize, Reason::MaxOpenOrders);
        }
        if let Some((most, window)) = limits.rate {
            let sent = self.sent.get(&scope).into_iter().flatten().filter(|at| **at > self.now - window);
            add(sent.count() >= most as usize, Reason::OrderRate);
        }
        reasons.extend(self.against_by_size(scope, limits, asked));
    }

    /// The limits that an order can be cut down to.
    pub(super) fn against_by_size(
        &self,
        scope: Scope,
        limits: &PlainLimits,
        asked: &Question<'_>,
    ) -> Vec<Reason> {
        let id = asked.instrument();
        let quantity = i128::from(self.expected(asked.request, asked.quantity));
        let whole = |limit: u32| i128::from(limit) * i128::from(units(id));
        let mut reasons = Vec::new();
        if limits.order_quantity.is_some_and(|(most, _)| quantity > whole(most)) {
            reasons.push(Reason::MaxOrderQuantity);
        }
        let value = match (asked.request.notional, self.price_of(asked.request)) {
            (Some(amount), _) => amount.get(),
            (None, Some(price)) => (quantity * i128::from(price) * point(id)).abs(),
            (None, None) => 0,
        };
        if limits.order_notional.is_some_and(|(most, _)| value > most) {
            reasons.push(Reason::MaxOrderNotional);
        }
        let (size, open) = match scope {
            Scope::Strategy(_) => {
                let open = self.open(asked, asked.side(), |order| order.strategy == asked.strategy);
                (self.books.size((asked.strategy.0, id, asked.position(self))), open)
            }
            Scope::Run | Scope::Instrument(_) => {
                (self.books.net(id, asked.position(self)), self.open(asked, asked.side(), |_| true))
            }
        };
        let size = size + self.rest_of_entry(asked);
        let size = i128::from(if asked.side() == Side::Sell { -size } else { size });
        if limits.position.is_some_and(|(most, _)| size + open + quantity > whole(most)) {
            reasons.push(Reason::MaxPosition);
        }
        reasons
    }

    fn value_in_run(&self, id: u32, price: i64, quantity: i128) -> i128 {
        (quantity * i128::from(price) * point(id) * i128::from(self.rate(id)) / 100).abs()
    }

    fn against_by_account(&self, asked: &Question<'_>) -> Option<Reason> {
        let id = asked.instrument();
        let quantity = i128::from(self.expected(asked.request, asked.quantity));
        let net = i128::from(self.books.net(id, asked.position(self)) + self.rest_of_entry(asked));
        let signed = if asked.side() == Side::Sell { -net } else { net };
        let after = signed + self.open(asked, asked.side(), |_| true) + quantity;
        let (account, side) = (self.scenario.account, asked.side());
        if let (Account::Cash { allow_short }, Side::Sell) = (account, side) {
            return (!allow_short && after > 0).then_some(Reason::ShortSale);
        }
        let Some(price) = self.price_of(asked.request) else {
            return (account != Account::Unlimited).then_some(Reason::NoPrice);
        };
        match account {
            Account::Unlimited => None,
            Account::Cash { .. } => {
                let buys = self.working.values().filter(|order| {
                    order.side == Side::Buy && asked.changed.is_none_or(|changed| changed.id != order.id)
                });
                let used: i128 = buys.map(|order| self.open_value(order)).sum();
                let amount =
                    asked.request.notional.map(|amount| amount.get() * i128::from(self.rate(id)) / 100);
                let needed = amount.unwrap_or_else(|| self.value_in_run(id, price, quantity));
                (used + needed > self.cash()).then_some(Reason::BuyingPower)
            }
            Account::Margin { initial, .. } => {
                let before = after - quantity;
                let opposite = self.open(asked, asked.side().opposite(), |_| true) - signed;
                let grown = after.max(opposite).max(0) - before.max(opposite).max(0);
                let needed = self.value_in_run(id, price, grown);
                let used = self.worst_exposure(asked.changed);
                let margin = (used + needed) * i128::from(initial);
                (grown > 0 && margin > self.equity() * 100).then_some(Reason::BuyingPower)
            }
        }
    }

    fn open_value(&self, order: &Working) -> i128 {
        // what its exchange has not told may be spent whole
        if let Some(amount) = order.amount.filter(|_| order.quantity == 0) {
            return amount * i128::from(self.rate(order.instrument)) / 100;
        }
        let price = order.price_highest().or_else(|| self.last.get(&order.instrument).copied());
        let open = self.counted().get(&order.id).copied().unwrap_or_default();
        self.value_in_run(order.instrument, price.unwrap_or(0), open)
    }

    /// Values of the positions of all strategies, with the working orders of one side filled, whichever is worse.
    fn worst_exposure(&self, changed: Option<&Working>) -> i128 {
        let counted = self.counted();
        let worst = |id: u32, position: PositionSide| {
            let open = |side: Side| -> i128 {
                let orders = self.working.values().filter(|order| {
                    order.instrument == id
                        && order.position == position
                        && order.side == side
                        && changed.is_none_or(|changed| changed.id != order.id)
                });
                orders.map(|order| counted.get(&order.id).copied().unwrap_or_default()).sum()
            };
            let net = i128::from(self.books.net(id, position));
            (net + open(Side::Buy)).max(open(Side::Sell) - net).max(0)
        };
        // without a price, the highest that an order about it names
        let named = |id: u32, position: PositionSide| {
            let orders = self.working.values();
            let orders = orders.filter(|order| order.instrument == id && order.position == position);
            orders.filter_map(Working::price_highest).max()
        };
        let valued = |id: u32, position: PositionSide| {
            let price = self.last.get(&id).copied().or_else(|| named(id, position));
            price.map_or(0, |price| self.value_in_run(id, price, worst(id, position)))
        };
        let of_both = |id: &u32| PositionSide::ALL.iter().map(|side| valued(*id, *side)).sum::<i128>();
        INSTRUMENTS.iter().map(of_both).sum()
    }
}

pub(super) fn scopes(asked: &Question<'_>) -> [Scope; 3] {
    [Scope::Run, Scope::Strategy(asked.strategy), Scope::Instrument(InstrumentId(asked.instrument()))]
}

/// The day of a moment, from the beginning of 1970.
pub(super) fn day(at: i64) -> i64 {
    Timestamp::new(at).get().div_euclid(86_400 * SECOND_NS)
}

/// Why an order was denied.
pub(super) fn denied(state: OrderState) -> Option<Reason> {
    if let OrderState::Denied(reason) = state { Some(reason) } else { None }
}
