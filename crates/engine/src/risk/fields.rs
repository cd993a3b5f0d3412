//! What an order must be before any limit looks at it: on the grid, for something tradable, and countable.

use stratd_plugin_api::{Instrument, Money, OrderRequest, OrderType, Price, Quantity, Reason};

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
    let is_off_tick = |price: Option<Price>| price.is_some_and(|price| !instrument.is_on_tick(price));
    if is_off_tick(request.price) || is_off_tick(request.stop_price) || is_off_tick(request.trail) {
        return Err(Reason::OffTick);
    }
    if request.trail.is_some_and(|trail| !trail.is_positive()) {
        return Err(Reason::BadOrder);
    }
    Ok(())
}

/// Whether the order's value and the position that it leads to can be counted at all.
pub(super) fn check_range(request: &OrderRequest, view: &RiskView<'_>) -> Result<(), Reason> {
    let is_too_large = |price: Option<Price>| {
        price.is_some_and(|price| !is_countable(view.instrument, price, request.quantity))
    };
    if is_too_large(request.price) || is_too_large(request.stop_price) || is_too_large(view.price_last) {
        return Err(Reason::Overflow);
    }
    let size = view.net_size.get().checked_abs();
    let size =
        size.and_then(|size| size.checked_add(view.open_quantity)?.checked_add(request.quantity.get()));
    // half of the range, so that a position of this size can still be turned around
    if size.is_none_or(|size| size > i64::MAX / 2) { Err(Reason::Overflow) } else { Ok(()) }
}

fn is_countable(instrument: &Instrument, price: Price, quantity: Quantity) -> bool {
    // what fits 64 bits before it is divided is far below the most
    let narrow = price.get().checked_mul(quantity.get());
    if narrow.and_then(|value| value.checked_mul(instrument.multiplier)).is_some() {
        return true;
    }
    let value = instrument.notional(price, quantity).and_then(Money::checked_abs);
    value.is_some_and(|value| value <= NOTIONAL_MAX)
}
