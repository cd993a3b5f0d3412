//! The gate: no order reaches an exchange without passing here, by type.

use stratd_plugin_api::{
    Decimal, Instrument, Money, OrderFlags, OrderRequest, OrderType, Price, Quantity, Reason, Side,
};

/// Something that risk has checked. Only this module can make one, and execution accepts nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskApproved<T>(T);

impl<T> RiskApproved<T> {
    /// What was approved.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The same approval for something made from the approved value.
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> RiskApproved<U> {
        RiskApproved(f(self.0))
    }
}

/// Limits of the whole run; `None` = no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskLimits {
    /// Largest quantity of one order.
    pub max_order_quantity: Option<Decimal>,
    /// Largest value of one order.
    pub max_order_notional: Option<Money>,
    /// Largest size of a position, long or short, of all strategies together and with every working order filled.
    pub max_position: Option<Decimal>,
}

/// What risk needs to know of the moment.
pub(crate) struct RiskView<'a> {
    pub(crate) instrument: &'a Instrument,
    pub(crate) price_last: Option<Price>,
    /// Position of all strategies together.
    pub(crate) net_size: Quantity,
    /// Position of the asking strategy.
    pub(crate) own_size: Quantity,
    /// What working orders of the asking strategy and this side would still add; looked up for reduce-only orders.
    pub(crate) own_open: i64,
    /// What working orders of this side would still add, the order in question excluded.
    pub(crate) open_quantity: i64,
    pub(crate) is_halted: bool,
}

/// Checks the grid and the limits of a new or changed order.
pub(crate) fn check(
    request: OrderRequest,
    limits: &RiskLimits,
    view: &RiskView<'_>,
) -> Result<RiskApproved<OrderRequest>, Reason> {
    if view.is_halted {
        return Err(Reason::Halted);
    }
    check_fields(&request, view.instrument)?;
    if request.flags.contains(OrderFlags::REDUCE_ONLY) && !is_reducing(&request, view) {
        return Err(Reason::Reducing);
    }
    check_limits(&request, limits, view)?;
    Ok(RiskApproved(request))
}

/// Whether an order only makes the own position smaller, with all working orders of its side filled wholly.
fn is_reducing(request: &OrderRequest, view: &RiskView<'_>) -> bool {
    let held = match request.side {
        Side::Buy => view.own_size.checked_neg(),
        Side::Sell => Some(view.own_size),
    };
    let left = held.and_then(|held| held.get().checked_sub(view.own_open));
    request.notional.is_none() && left.is_some_and(|left| request.quantity.get() <= left)
}

/// Checks an order that closes an own position: the grid and a halt, but no limit.
pub(crate) fn check_closing(
    request: OrderRequest,
    view: &RiskView<'_>,
) -> Result<RiskApproved<OrderRequest>, Reason> {
    if view.is_halted {
        return Err(Reason::Halted);
    }
    check_fields(&request, view.instrument)?;
    Ok(RiskApproved(request))
}

/// Beyond this (10^24 of a currency, in units of 1e-8) an order is a mistake, and sums of such amounts would leave the
/// range of money.
const NOTIONAL_MAX: Money = Money::new(10i128.pow(32));

fn check_fields(request: &OrderRequest, instrument: &Instrument) -> Result<(), Reason> {
    let is_of_exchange = request.exchange.is_none_or(|exchange| exchange == instrument.exchange);
    if !instrument.instrument_type.is_tradable() || !is_of_exchange {
        return Err(Reason::NotTradable);
    }
    match request.notional {
        None if !request.quantity.is_positive() => return Err(Reason::BadQuantity),
        None => {}
        Some(notional) => {
            let is_usable = request.order_type == OrderType::Market && request.quantity.is_zero();
            if !is_usable || notional <= Money::ZERO {
                return Err(Reason::BadOrder);
            }
        }
    }
    if !instrument.is_on_lot(request.quantity) {
        return Err(Reason::OffLot);
    }
    let prices = [request.price, request.stop_price, request.trail];
    if prices.into_iter().flatten().any(|price| !instrument.is_on_tick(price)) {
        return Err(Reason::OffTick);
    }
    if request.trail.is_some_and(|trail| !trail.is_positive()) {
        return Err(Reason::BadOrder);
    }
    Ok(())
}

fn check_limits(request: &OrderRequest, limits: &RiskLimits, view: &RiskView<'_>) -> Result<(), Reason> {
    check_range(request, view)?;
    let decimals = view.instrument.quantity_decimals;
    let price = request.price.or(request.stop_price).or(view.price_last);
    let quantity = expected_quantity(request, view, price)?;
    if let Some(limit) = limits.max_order_quantity
        && exceeds(quantity, limit, decimals)
    {
        return Err(Reason::MaxOrderQuantity);
    }
    if let Some(limit) = limits.max_order_notional {
        let notional = match request.notional {
            Some(notional) => notional,
            None => {
                let price = price.ok_or(Reason::NoPrice)?;
                let value = view.instrument.notional(price, request.quantity).ok_or(Reason::Overflow)?;
                value.checked_abs().ok_or(Reason::Overflow)?
            }
        };
        if notional > limit {
            return Err(Reason::MaxOrderNotional);
        }
    }
    if let Some(limit) = limits.max_position {
        let added = i128::from(view.open_quantity).checked_add(quantity).ok_or(Reason::Overflow)?;
        let net = i128::from(view.net_size.get());
        // only the side that the order grows is looked at: an order against the position passes until it turns it around
        let size = match request.side {
            Side::Buy => net.checked_add(added),
            Side::Sell => added.checked_sub(net),
        };
        if exceeds(size.ok_or(Reason::Overflow)?, limit, decimals) {
            return Err(Reason::MaxPosition);
        }
    }
    Ok(())
}

/// Whether the order's value and the position that it leads to can be counted at all.
fn check_range(request: &OrderRequest, view: &RiskView<'_>) -> Result<(), Reason> {
    for price in [request.price, request.stop_price, view.price_last].into_iter().flatten() {
        let value = view.instrument.notional(price, request.quantity).and_then(Money::checked_abs);
        if value.is_none_or(|value| value > NOTIONAL_MAX) {
            return Err(Reason::Overflow);
        }
    }
    // half of the range, so that a position of this size can still be turned around
    let size = [view.open_quantity, request.quantity.get()]
        .into_iter()
        .try_fold(view.net_size.get().checked_abs().ok_or(Reason::Overflow)?, |sum, quantity| {
            sum.checked_add(quantity).ok_or(Reason::Overflow)
        })?;
    if size > i64::MAX / 2 { Err(Reason::Overflow) } else { Ok(()) }
}

/// The most that an order by amount can buy; `None` if it has no price or no end.
pub(crate) fn quantity_bought(request: &OrderRequest, view: &RiskView<'_>) -> Option<Quantity> {
    let quantity = expected_quantity(request, view, request.price.or(view.price_last)).ok()?;
    i64::try_from(quantity).ok().map(Quantity::new)
}

/// The quantity, or for an order by notional the most that it can buy at the last price.
fn expected_quantity(
    request: &OrderRequest,
    view: &RiskView<'_>,
    price: Option<Price>,
) -> Result<i128, Reason> {
    let Some(notional) = request.notional else { return Ok(i128::from(request.quantity.get())) };
    let price = price.ok_or(Reason::NoPrice)?;
    let unit = view.instrument.notional(price, view.instrument.lot).ok_or(Reason::Overflow)?;
    let lots = notional.get().checked_div(unit.get()).ok_or(Reason::NoPrice)?;
    lots.checked_mul(i128::from(view.instrument.lot.get())).ok_or(Reason::Overflow)
}

/// `quantity * 10^-decimals > limit`, exactly.
fn exceeds(quantity: i128, limit: Decimal, decimals: u8) -> bool {
    let scale = |exponent: u8| 10i128.checked_pow(u32::from(exponent));
    let left = scale(limit.scale()).and_then(|factor| quantity.checked_mul(factor));
    let right = scale(decimals).and_then(|factor| i128::from(limit.mantissa()).checked_mul(factor));
    match (left, right) {
        (Some(left), Some(right)) => left > right,
        // beyond 128 bits is beyond every limit
        (None, _) => quantity > 0,
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{InstrumentId, InstrumentType};

    use super::*;

    fn verdict(request: OrderRequest, limits: &RiskLimits, net: i64, open: i64) -> String {
        let instrument = Instrument::new("X", InstrumentType::Equity);
        let view = RiskView {
            instrument: &instrument,
            price_last: Some(Price::new(10_000)),
            net_size: Quantity::new(net),
            own_size: Quantity::new(net),
            own_open: open,
            open_quantity: open,
            is_halted: false,
        };
        check(request, limits, &view).map_or_else(|reason| reason.to_string(), |_| "approved".to_owned())
    }

    fn market(quantity: i64) -> OrderRequest {
        OrderRequest::market(InstrumentId(1), Quantity::new(quantity))
    }

    #[test]
    fn fields_must_be_on_the_grid() {
        let free = RiskLimits::default();
        assert_eq!(verdict(market(1), &free, 0, 0), "approved");
        assert_eq!(verdict(market(0), &free, 0, 0), "bad_quantity");
        assert_eq!(verdict(market(-5), &free, 0, 0), "bad_quantity");
        let by_notional = OrderRequest::market_notional(InstrumentId(1), "1000".parse().unwrap());
        assert_eq!(verdict(by_notional, &free, 0, 0), "approved");
        assert_eq!(
            verdict(OrderRequest { order_type: OrderType::Limit, ..by_notional }, &free, 0, 0),
            "bad_order"
        );
    }

    #[test]
    fn reduce_only_never_opens_or_grows() {
        let free = RiskLimits::default();
        let reduce = market(5).flags(OrderFlags::REDUCE_ONLY);
        assert_eq!(verdict(reduce, &free, 0, 0), "reducing");
        assert_eq!(verdict(reduce, &free, 5, 0), "reducing");
        assert_eq!(verdict(reduce, &free, -4, 0), "reducing");
        assert_eq!(verdict(reduce, &free, -5, 0), "approved");
        assert_eq!(verdict(reduce.side(Side::Sell), &free, 5, 0), "approved");
        assert_eq!(verdict(reduce.side(Side::Sell), &free, 9, 5), "reducing");
    }

    #[test]
    fn the_boundary_itself_passes() {
        let limits = RiskLimits {
            max_order_quantity: Some("10".parse().unwrap()),
            max_order_notional: Some("900".parse().unwrap()),
            max_position: Some("20".parse().unwrap()),
        };
        assert_eq!(verdict(market(9), &limits, 0, 0), "approved");
        assert_eq!(verdict(market(10), &limits, 0, 0), "max_order_notional");
        assert_eq!(verdict(market(11), &limits, 0, 0), "max_order_quantity");
        assert_eq!(verdict(market(5), &limits, 10, 5), "approved");
        assert_eq!(verdict(market(6), &limits, 10, 5), "max_position");
        assert_eq!(verdict(market(9).side(Side::Sell), &limits, 10, 21), "approved");
        assert_eq!(verdict(market(9).side(Side::Sell), &limits, 10, 22), "max_position");
    }

    #[test]
    fn an_order_by_notional_counts_with_what_it_can_buy() {
        let limits = RiskLimits { max_position: Some("9".parse().unwrap()), ..RiskLimits::default() };
        let by_notional = OrderRequest::market_notional(InstrumentId(1), "1000".parse().unwrap());
        assert_eq!(verdict(by_notional, &limits, 0, 0), "max_position");
    }
}
