//! What the account of the run allows: cash, or margin.
//!
//! Amounts are in the currency of the run. In a cash account working buys count at their prices; in a margin account
//! positions count at the last prices (of what is only quoted, the middle of the quote), with the working orders of that
//! side filled that makes them larger. A limit of the account denies, it never reduces.

use stratd_plugin_api::{Decimal, Money, Quantity, Reason, Side};

use super::{Bounds, Judged, Refusal, RiskView, Scope, refuse};
use crate::rates::Rate;

/// The rules of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountRules {
    /// It is not asked: cash may become negative, as in a study.
    #[default]
    Unlimited,
    /// What is bought is paid for.
    Cash {
        /// Whether more may be sold than is held.
        allow_short: bool,
    },
    /// What is held and what orders may add needs a part of its value as equity.
    Margin {
        /// The part that a new order needs.
        initial: Decimal,
        /// The part below which only orders are taken that make a position smaller.
        maintenance: Decimal,
    },
}

/// The account as an order sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountView {
    pub(crate) rules: AccountRules,
    /// Cash, or equity.
    pub(crate) total: Money,
    /// What positions and working orders need of it, the order in question excluded.
    pub(crate) used: Money,
    /// The rate of the order's instrument.
    pub(crate) rate: Rate,
}

/// A part of an amount, rounded up: a requirement is never rounded away.
pub(crate) fn part_of(amount: Money, part: Decimal) -> Option<Money> {
    let scale = 10i128.checked_pow(u32::from(part.scale()))?;
    let product = amount.get().checked_mul(i128::from(part.mantissa()))?;
    let floor = product.checked_div_euclid(scale)?;
    let is_exact = product.checked_rem_euclid(scale)? == 0;
    Some(Money::new(if is_exact { floor } else { floor.checked_add(1)? }))
}

pub(super) fn check_account(
    order: &Judged<'_>,
    bounds: &Bounds<'_>,
    view: &RiskView<'_>,
) -> Result<(), Refusal> {
    let Some(account) = &bounds.account else { return Ok(()) };
    let quantity = order.quantity?;
    // the position of all strategies in the direction of the order with the orders of that side filled, and in the other
    let before = view.leaning(Scope::Run, order.request.side);
    let size = before.saturating_add(quantity);
    let net = before.saturating_sub(i128::from(view.open_quantity));
    let opposite = i128::from(bounds.open_opposite).saturating_sub(net);
    // by how much the order makes the larger of both larger
    let grown = size.max(opposite).max(0).saturating_sub(before.max(opposite).max(0));
    let (growing, part) = match account.rules {
        AccountRules::Unlimited => return Ok(()),
        AccountRules::Cash { allow_short } => match order.request.side {
            Side::Sell if size > 0 && !allow_short => return Err(Reason::ShortSale.into()),
            Side::Sell => return Ok(()),
            Side::Buy => (quantity, None),
        },
        AccountRules::Margin { initial, .. } => (grown, Some(initial)),
    };
    if growing == 0 {
        return Ok(());
    }
    let growing = i64::try_from(growing).map(Quantity::new).map_err(|_| Reason::Overflow)?;
    let price = order.price.ok_or(Reason::NoPrice)?;
    let value = match (order.request.notional, part) {
        // an amount is spent whole if the price moves
        (Some(amount), None) => account.rate.convert(amount),
        (_, None | Some(_)) => account.rate.notional(view.instrument, price, growing),
    };
    let value = value.and_then(Money::checked_abs);
    let needed = value.and_then(|value| part.map_or(Some(value), |part| part_of(value, part)));
    let used = needed.and_then(|needed| account.used.checked_add(needed)).ok_or(Reason::Overflow)?;
    if used > account.total {
        return Err(refuse(Reason::BuyingPower, Scope::Run, Some(used), Some(account.total)));
    }
    Ok(())
}
