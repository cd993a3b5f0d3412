//! What an order must be before any limit looks at it: on the grid, for something tradable, and countable.

use stratd_plugin_api::{Instrument, Money, OrderRequest, OrderType, Reason};

use super::RiskView;

/// Beyond this (10^24 of a currency, in units of 1e-8) an order is a mistake, and sums of such amounts would leave the
/// range of money.
const NOTIONAL_MAX: Money = Money::new(10i128.pow(32));

pub(super) fn check_fields(request: &OrderRequest, instrument: &Instrument) -> Result<(), Reason> {
    let is_of_exchange = request.exchange.is_none_or(|exchange| exchange == instrument.exchange);
    // what is made of legs has no exchange
    let is_listed = instrument.exchange.0 != 0;
    if !instrument.instrument_type.is_tradable() || !is_listed || !is_of_exchange {
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

/// Whether the order's value and the position that it leads to can be counted at all.
pub(super) fn check_range(request: &OrderRequest, view: &RiskView<'_>) -> Result<(), Reason> {
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
