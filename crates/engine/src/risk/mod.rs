//! The gate: no order reaches an exchange without passing here, by type.
//!
//! ```text
//! expiry → halt → trading state → fields and grid → reduce-only → what can be counted → limits that deny → limits that reduce
//!      → account → rate
//! ```
//! Limits that deny judge what was asked for, of the run first, then of the strategy, then of the instrument; what
//! they let pass is cut down by those that reduce, and the rest must be covered by the account. The rate comes last, so that only what is sent counts.

mod account;
mod approved;
mod desk;
mod fields;
mod limits;
mod quantities;
mod watch;

use stratd_plugin_api::{Instrument, Money, OrderFlags, OrderRequest, Price, Quantity, Reason, Side};

pub use self::account::AccountRules;
pub(crate) use self::account::{AccountView, part_of};
pub use self::approved::RiskApproved;
pub use self::desk::ReplacedLimits;
pub(crate) use self::desk::{Risk, Stop};
pub(crate) use self::limits::Refusal;
pub use self::limits::{
    Breach, ExitRoutine, HoursRule, Limit, LossLimit, OnBreach, OrderRate, PriceCollar, RiskLimits, Scope,
    TradingState,
};
pub(crate) use self::quantities::{in_units, quantity_bought};
use self::{
    account::check_account,
    fields::{check_fields, check_range},
    quantities::{Cut, expected_quantity, limit_units, lots_worth, whole_lots},
};

/// What risk needs to know of the moment.
pub(crate) struct RiskView<'a> {
    pub(crate) instrument: &'a Instrument,
    /// The last price, or before the first one the middle of the quote.
    pub(crate) price_last: Option<Price>,
    /// Position of all strategies together.
    pub(crate) net_size: Quantity,
    /// What working orders of this side would still add, the order in question excluded.
    pub(crate) open_quantity: i64,
    pub(crate) is_halted: bool,
    /// Whether the instrument has expired.
    pub(crate) is_expired: bool,
    /// Whether the order is new: one more that works.
    pub(crate) is_new: bool,
    /// What may hold the order back besides; nothing in a run without limits. Apart, because most backtests have none.
    pub(crate) bounds: Option<Box<Bounds<'a>>>,
}

/// What is looked at for an order where there are limits, states or rules of the account, or it may only reduce.
pub(crate) struct Bounds<'a> {
    /// Position of the asking strategy; looked up where [`Bounds::needs_own`] says so.
    pub(crate) own_size: Quantity,
    /// What working orders of the asking strategy and this side would still add, the order in question excluded;
    /// looked up as the position.
    pub(crate) own_open: i64,
    /// What working orders of the other side would still add; looked up for an account with rules.
    pub(crate) open_opposite: i64,
    /// The account, if it has rules.
    pub(crate) account: Option<AccountView>,
    /// The scopes that have limits or a state.
    pub(crate) scopes: [Option<ScopeView<'a>>; 3],
}

impl Bounds<'_> {
    /// Whether the strategy's own position and working orders matter for an order.
    pub(crate) fn needs_own(&self, request: &OrderRequest) -> bool {
        request.flags.contains(OrderFlags::REDUCE_ONLY)
            || self.scopes.iter().flatten().any(|scope| {
                scope.state.0 == TradingState::Reducing
                    || (matches!(scope.scope, Scope::Strategy(_)) && scope.limits.max_position.is_some())
            })
    }
}

/// One scope of an order.
pub(crate) struct ScopeView<'a> {
    pub(crate) scope: Scope,
    pub(crate) limits: &'a RiskLimits,
    /// What may be traded, and why not everything.
    pub(crate) state: (TradingState, Reason),
    /// Whether a session is open.
    pub(crate) is_open: bool,
    /// Orders that work.
    pub(crate) open_orders: u32,
    /// Orders and changes that were sent within the window of the rate.
    pub(crate) sent: u32,
}

/// What passed.
pub(crate) struct Passed {
    pub(crate) request: RiskApproved<OrderRequest>,
    /// Whether it is less than was asked for.
    pub(crate) reduced: Option<Box<Reduced>>,
}

/// What was asked for where less passed, and why.
#[derive(Clone, Copy)]
pub(crate) struct Reduced {
    pub(crate) why: Refusal,
    /// The quantity; of an order by amount, what it could buy.
    pub(crate) asked: Quantity,
    pub(crate) request: OrderRequest,
}

impl<'a> RiskView<'a> {
    /// Judges without the rate: the order was counted before.
    pub(crate) fn forget_rate(&mut self) {
        let bounds = self.bounds.iter_mut();
        for scope in bounds.flat_map(|bounds| &mut bounds.scopes).flatten() {
            scope.sent = 0;
        }
    }

    fn scopes(&self) -> impl Iterator<Item = &ScopeView<'a>> {
        self.bounds.iter().flat_map(|bounds| &bounds.scopes).flatten()
    }

    /// Position and open quantity of the asking strategy.
    fn own(&self) -> (Quantity, i64) {
        self.bounds.as_ref().map_or((Quantity::ZERO, 0), |bounds| (bounds.own_size, bounds.own_open))
    }

    /// Size and open quantity that count for the position of a scope.
    fn position_of(&self, scope: Scope) -> (i64, i64) {
        match scope {
            Scope::Run | Scope::Instrument(_) => (self.net_size.get(), self.open_quantity),
            Scope::Strategy(_) => {
                let (size, open) = self.own();
                (size.get(), open)
            }
        }
    }

    /// The position in the direction of an order, with all working orders of its side filled.
    fn leaning(&self, scope: Scope, side: Side) -> i128 {
        let (size, open) = self.position_of(scope);
        let size = i128::from(size);
        let size = match side {
            Side::Buy => size,
            Side::Sell => size.saturating_neg(),
        };
        size.saturating_add(i128::from(open))
    }
}

/// Checks the grid and the limits of a new or changed order.
#[inline]
pub(crate) fn check(request: OrderRequest, view: &RiskView<'_>) -> Result<Passed, Refusal> {
    match judge(&request, view)? {
        None => Ok(Passed { request: RiskApproved::new(request), reduced: None }),
        Some(passed) => Ok(*passed),
    }
}

/// As [`check`]; nothing if all of the order passes.
fn judge(request: &OrderRequest, view: &RiskView<'_>) -> Result<Option<Box<Passed>>, Refusal> {
    if view.is_expired {
        return Err(Reason::Expired.into());
    }
    if view.is_halted {
        return Err(Reason::Halted.into());
    }
    check_states(request, view)?;
    check_fields(request, view.instrument)?;
    if request.flags.contains(OrderFlags::REDUCE_ONLY) && !is_reducing(request, view) {
        return Err(Reason::Reducing.into());
    }
    check_range(request, view)?;
    let order = Judged::new(request, view);
    // the next price could make something of it that no limit has seen
    if order.quantity? <= 0 {
        return Err(Reason::BadQuantity.into());
    }
    view.bounds.as_ref().map_or(Ok(None), |bounds| judge_by(bounds, &order, view))
}

/// As [`judge`], by the limits and the account.
fn judge_by(
    bounds: &Bounds<'_>,
    order: &Judged<'_>,
    view: &RiskView<'_>,
) -> Result<Option<Box<Passed>>, Refusal> {
    for scope in view.scopes() {
        check_denying(order, scope, view)?;
    }
    let mut passed = None;
    if view.scopes().next().is_some() {
        let mut cut = Cut::default();
        for scope in view.scopes() {
            cut_down(order, scope, view, &mut cut)?;
        }
        passed = cut.apply(order.request, view)?.map(Box::new);
    }
    let left = passed.as_ref().map_or(order.request, |passed| passed.request.get());
    check_account(&Judged::new(left, view), bounds, view)?;
    for scope in view.scopes() {
        check_rate(scope)?;
    }
    Ok(passed)
}

/// Checks an order that closes an own position: the grid and a halt, but no limit. `is_forced`: the engine closes it,
/// because trading stops.
pub(crate) fn check_closing(
    request: OrderRequest,
    view: &RiskView<'_>,
    is_forced: bool,
) -> Result<RiskApproved<OrderRequest>, Refusal> {
    let is_stopped = |scope: &ScopeView<'_>| scope.state.0 == TradingState::Halted;
    if view.is_expired {
        return Err(Reason::Expired.into());
    }
    if view.is_halted || (!is_forced && view.scopes().any(is_stopped)) {
        return Err(Reason::Halted.into());
    }
    check_fields(&request, view.instrument)?;
    Ok(RiskApproved::new(request))
}

/// A halted scope takes no order; the reason is that of the halt, so that a strategy learns what stopped it.
fn check_states(request: &OrderRequest, view: &RiskView<'_>) -> Result<(), Refusal> {
    for scope in view.scopes() {
        let reason = match scope.state {
            (TradingState::Active, _) => continue,
            (TradingState::Reducing, _) if is_reducing(request, view) => continue,
            (TradingState::Reducing, Reason::Requested) => Reason::Reducing,
            (TradingState::Halted, Reason::Requested) => Reason::Halted,
            (TradingState::Reducing | TradingState::Halted, reason) => reason,
        };
        return Err(reason.into());
    }
    Ok(())
}

/// Whether an order only makes the own position smaller, with all working orders of its side filled wholly.
fn is_reducing(request: &OrderRequest, view: &RiskView<'_>) -> bool {
    let (size, open) = view.own();
    let held = match request.side {
        Side::Buy => size.checked_neg(),
        Side::Sell => Some(size),
    };
    let left = held.and_then(|held| held.get().checked_sub(open));
    request.notional.is_none() && left.is_some_and(|left| request.quantity.get() <= left)
}

/// An order with what the limits look at.
struct Judged<'a> {
    request: &'a OrderRequest,
    /// Its price, or the last one.
    price: Option<Price>,
    quantity: Result<i128, Reason>,
}

impl<'a> Judged<'a> {
    fn new(request: &'a OrderRequest, view: &RiskView<'_>) -> Self {
        let price = request.price.or(request.stop_price).or(view.price_last);
        Self { request, price, quantity: expected_quantity(request, view, price) }
    }

    fn notional(&self, instrument: &Instrument) -> Result<Money, Reason> {
        if let Some(notional) = self.request.notional {
            return Ok(notional);
        }
        let value = instrument.notional(self.price.ok_or(Reason::NoPrice)?, self.request.quantity);
        value.and_then(Money::checked_abs).ok_or(Reason::Overflow)
    }
}

fn refuse(reason: Reason, scope: Scope, used: Option<Money>, limit: Option<Money>) -> Refusal {
    Refusal { reason, breach: used.zip(limit).map(|(used, limit)| Breach { scope, used, limit }) }
}

fn count(number: u32) -> Option<Money> {
    i128::from(number).checked_mul(100_000_000).map(Money::new)
}

/// The limits of a scope that deny.
fn check_denying(order: &Judged<'_>, scope: &ScopeView<'_>, view: &RiskView<'_>) -> Result<(), Refusal> {
    if scope.limits.trading_hours.is_some() && !scope.is_open {
        return Err(Reason::TradingHours.into());
    }
    let quantity = order.quantity?;
    let (limits, instrument) = (scope.limits, view.instrument);
    let decimals = instrument.quantity_decimals;
    let as_money = |quantity: i128| in_units(quantity, decimals);
    if let Some(limit) = denying(limits.max_order_quantity.as_ref())
        && quantity > limit_units(*limit, decimals)
    {
        let limit = Money::try_from(*limit).ok();
        return Err(refuse(Reason::MaxOrderQuantity, scope.scope, as_money(quantity), limit));
    }
    if let Some(limit) = denying(limits.max_order_notional.as_ref()) {
        let notional = order.notional(instrument)?;
        if notional > *limit {
            return Err(refuse(Reason::MaxOrderNotional, scope.scope, Some(notional), Some(*limit)));
        }
    }
    check_collar(order.request, scope, view)?;
    if let Some(limit) = denying(limits.max_position.as_ref()) {
        // only the side that the order grows is looked at: an order against the position passes until it turns it around
        let size = view.leaning(scope.scope, order.request.side).saturating_add(quantity);
        if size > limit_units(*limit, decimals) {
            let limit = Money::try_from(*limit).ok();
            return Err(refuse(Reason::MaxPosition, scope.scope, as_money(size), limit));
        }
    }
    if let Some(limit) = limits.max_open_orders
        && view.is_new
        && scope.open_orders >= limit
    {
        let used = count(scope.open_orders.saturating_add(1));
        return Err(refuse(Reason::MaxOpenOrders, scope.scope, used, count(limit)));
    }
    Ok(())
}

fn denying<T>(limit: Option<&Limit<T>>) -> Option<&T> {
    limit.filter(|limit| limit.on_breach == OnBreach::Deny).map(|limit| &limit.limit)
}

fn reducing<T>(limit: Option<&Limit<T>>) -> Option<&T> {
    limit.filter(|limit| limit.on_breach == OnBreach::Reduce).map(|limit| &limit.limit)
}

fn check_collar(request: &OrderRequest, scope: &ScopeView<'_>, view: &RiskView<'_>) -> Result<(), Refusal> {
    let Some(collar) = scope.limits.price_collar else { return Ok(()) };
    for price in [request.price, request.stop_price].into_iter().flatten() {
        let last = view.price_last.ok_or(Reason::NoPrice)?;
        let limit = collar.distance_max(last).ok_or(Reason::Overflow)?;
        let distance = i128::from(price.get()).saturating_sub(i128::from(last.get())).saturating_abs();
        if distance > limit {
            let as_money = |distance: i128| in_units(distance, view.instrument.price_decimals);
            return Err(refuse(Reason::PriceCollar, scope.scope, as_money(distance), as_money(limit)));
        }
    }
    Ok(())
}

/// The limits of a scope that reduce.
fn cut_down(
    order: &Judged<'_>,
    scope: &ScopeView<'_>,
    view: &RiskView<'_>,
    cut: &mut Cut,
) -> Result<(), Refusal> {
    let quantity = order.quantity?;
    let (limits, instrument) = (scope.limits, view.instrument);
    let decimals = instrument.quantity_decimals;
    let as_money = |quantity: i128| in_units(quantity, decimals);
    if let Some(limit) = reducing(limits.max_order_quantity.as_ref()) {
        let most = limit_units(*limit, decimals);
        let limit = Money::try_from(*limit).ok();
        let refusal = refuse(Reason::MaxOrderQuantity, scope.scope, as_money(quantity), limit);
        cut.to(quantity, whole_lots(most, instrument), refusal);
    }
    if let Some(limit) = reducing(limits.max_order_notional.as_ref()) {
        let notional = order.notional(instrument)?;
        if notional > *limit {
            let most = lots_worth(*limit, order.price.ok_or(Reason::NoPrice)?, instrument);
            let refusal = refuse(Reason::MaxOrderNotional, scope.scope, Some(notional), Some(*limit));
            cut.limit_worth(quantity, most.ok_or(Reason::Overflow)?, *limit, refusal);
        }
    }
    if let Some(limit) = reducing(limits.max_position.as_ref()) {
        let leaning = view.leaning(scope.scope, order.request.side);
        let most = limit_units(*limit, decimals).saturating_sub(leaning);
        let used = as_money(leaning.saturating_add(quantity));
        let refusal = refuse(Reason::MaxPosition, scope.scope, used, Money::try_from(*limit).ok());
        cut.to(quantity, whole_lots(most, instrument), refusal);
    }
    Ok(())
}

fn check_rate(scope: &ScopeView<'_>) -> Result<(), Refusal> {
    let Some(rate) = scope.limits.max_order_rate.filter(|rate| scope.sent >= rate.count) else {
        return Ok(());
    };
    let used = count(scope.sent.saturating_add(1));
    Err(refuse(Reason::OrderRate, scope.scope, used, count(rate.count)))
}

#[cfg(test)]
mod tests;
