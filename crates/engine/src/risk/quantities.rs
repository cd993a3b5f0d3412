//! Quantities on the grid: what an amount buys, what a limit leaves, and cutting an order down to it.

use stratd_plugin_api::{Decimal, Instrument, Money, OrderRequest, Price, Quantity, Reason};

use super::{Passed, Reduced, Refusal, RiskApproved, RiskView};

/// The most that an order by amount can buy; `None` if it has no price or no end.
pub(crate) fn quantity_bought(request: &OrderRequest, view: &RiskView<'_>) -> Option<Quantity> {
    let quantity = expected_quantity(request, view, request.price.or(view.price_last)).ok()?;
    i64::try_from(quantity).ok().map(Quantity::new)
}

/// The quantity, or for an order by notional the most that it can buy at the last price.
pub(super) fn expected_quantity(
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

/// A limit in units of the instrument, rounded down; beyond 128 bits there is no limit.
pub(super) fn limit_units(limit: Decimal, decimals: u8) -> i128 {
    let scale = |exponent: u8| 10i128.checked_pow(u32::from(exponent));
    let units = scale(decimals).and_then(|factor| i128::from(limit.mantissa()).checked_mul(factor));
    units
        .zip(scale(limit.scale()))
        .and_then(|(units, scale)| units.checked_div_euclid(scale))
        .unwrap_or(i128::MAX)
}

/// A quantity or price in units of 1e-8, as views and outputs show it; rounded down where it is finer.
pub(crate) fn in_units(scaled: i128, decimals: u8) -> Option<Money> {
    let units = match 8u32.checked_sub(u32::from(decimals)) {
        Some(exponent) => scaled.checked_mul(10i128.checked_pow(exponent)?)?,
        None => scaled.checked_div(10i128.checked_pow(u32::from(decimals).checked_sub(8)?)?)?,
    };
    Some(Money::new(units))
}

/// The largest multiple of the lot that is not above a quantity, at least 0.
pub(super) fn whole_lots(quantity: i128, instrument: &Instrument) -> i128 {
    let surplus = quantity.checked_rem_euclid(i128::from(instrument.lot.get())).unwrap_or(0);
    quantity.saturating_sub(surplus).max(0)
}

/// The largest multiple of the lot whose value at a price is not above an amount; `None` if that has no end.
pub(super) fn lots_worth(amount: Money, price: Price, instrument: &Instrument) -> Option<i128> {
    let unit = i128::from(price.get()).checked_mul(i128::from(instrument.multiplier))?.checked_abs()?;
    let decimals =
        u32::from(instrument.price_decimals).checked_add(u32::from(instrument.quantity_decimals))?;
    let quantity = amount.get().checked_mul(10i128.checked_pow(decimals)?)?.checked_div(unit)?;
    let lots = whole_lots(quantity.min(i128::from(i64::MAX)), instrument);
    // the value of an order is rounded to the nearest unit, which may be above the amount
    let is_above = |lots: i128| {
        let lots = i64::try_from(lots).ok().map(Quantity::new);
        let value = lots.and_then(|lots| instrument.notional(price, lots)).and_then(Money::checked_abs);
        value.is_none_or(|value| value > amount)
    };
    Some(if is_above(lots) { lots.saturating_sub(i128::from(instrument.lot.get())).max(0) } else { lots })
}

/// The tightest of the limits that reduce.
#[derive(Default)]
pub(super) struct Cut {
    quantity: Option<(i128, i128, Refusal)>,
    /// For orders by amount: the largest amount, and what was asked for.
    amount: Option<(Money, i128, Refusal)>,
}

impl Cut {
    /// At most `most` of the quantity `asked`, because of `why`.
    pub(super) fn to(&mut self, asked: i128, most: i128, why: Refusal) {
        if asked > most && self.quantity.is_none_or(|(_, tightest, _)| most < tightest) {
            self.quantity = Some((asked, most, why));
        }
    }

    /// As [`Cut::to`] for a limit on the value: an order by amount must not keep more than that, even where it buys no
    /// lot less at this price, because it may buy more at the next one.
    pub(super) fn limit_worth(&mut self, asked: i128, most: i128, limit: Money, why: Refusal) {
        if self.amount.is_none_or(|(tightest, ..)| limit < tightest) {
            self.amount = Some((limit, asked, why));
        }
        self.to(asked, most, why);
    }

    /// The order with what is left of it; nothing if all is. An order of which nothing is left is denied.
    pub(super) fn apply(
        self,
        request: &OrderRequest,
        view: &RiskView<'_>,
    ) -> Result<Option<Passed>, Refusal> {
        let as_quantity = |units: i128| i64::try_from(units).map(Quantity::new).map_err(|_| Reason::Overflow);
        if let Some((_, most, why)) = self.quantity
            && most <= 0
        {
            return Err(why);
        }
        let Some(notional) = request.notional else {
            let Some((asked, most, why)) = self.quantity else { return Ok(None) };
            let reduced = Some(Box::new(Reduced { why, asked: as_quantity(asked)?, request: *request }));
            let request = OrderRequest { quantity: as_quantity(most)?, ..*request };
            return Ok(Some(Passed { request: RiskApproved::new(request), reduced }));
        };
        // an order by amount stays one: the amount that buys so much at the price that was looked at
        let (mut amount, mut reduced) = (notional, None);
        if let Some((asked, most, why)) = self.quantity {
            let price = request.price.or(view.price_last).ok_or(Reason::NoPrice)?;
            let worth = view.instrument.notional(price, as_quantity(most)?).ok_or(Reason::Overflow)?;
            (amount, reduced) = (amount.min(worth), Some((why, asked)));
        }
        if let Some((limit, asked, why)) = self.amount.filter(|(limit, ..)| *limit < amount) {
            (amount, reduced) = (limit, Some((why, asked)));
        }
        let reduced = match reduced {
            None => None,
            Some((why, asked)) => {
                Some(Box::new(Reduced { why, asked: as_quantity(asked)?, request: *request }))
            }
        };
        let request = OrderRequest { notional: Some(amount), ..*request };
        Ok(Some(Passed { request: RiskApproved::new(request), reduced }))
    }
}
