//! From the words of `state.db` back to what they mean.

use stratd_engine::{BeforeCancel, Held, OrderState};
use stratd_plugin_api::{
    Lifetime, LiquiditySide, Money, OrderFlags, OrderType, PositionSide, Reason, Side, Timestamp,
};

use crate::store::trading::{KeptOrder, units};

/// Decimals of money.
const MONEY_DECIMALS: u8 = 8;

/// The value of a name, of those with codes up to 255.
fn named<T>(of_code: impl Fn(u8) -> Option<T>, name: impl Fn(&T) -> &'static str, text: &str) -> Option<T> {
    (0..=u8::MAX).filter_map(of_code).find(|known| name(known) == text)
}

pub(super) fn side(text: &str) -> Option<Side> {
    named(Side::from_code, |side| side.name(), text)
}

pub(super) fn order_type(text: &str) -> Option<OrderType> {
    named(OrderType::from_code, |known| known.name(), text)
}

pub(super) fn liquidity(text: &str) -> Option<LiquiditySide> {
    named(LiquiditySide::from_code, |known| known.name(), text)
}

pub(super) fn position_side(text: &str) -> Option<PositionSide> {
    [PositionSide::Net, PositionSide::Long, PositionSide::Short].into_iter().find(|side| side.name() == text)
}

pub(super) fn flags(text: &str) -> Option<OrderFlags> {
    (0..=u8::MAX).filter_map(OrderFlags::from_bits).find(|flags| flags.to_string() == text)
}

pub(super) fn lifetime(text: &str, expires: Option<i64>) -> Option<Lifetime> {
    match (text, expires) {
        ("gtc", _) => Some(Lifetime::Gtc),
        ("day", _) => Some(Lifetime::Day),
        ("gtd", Some(at)) => Some(Lifetime::Gtd(Timestamp::new(at))),
        _ => None,
    }
}

pub(super) fn held(text: &str) -> Option<Held> {
    [Held::ForPrice, Held::ForEntry, Held::ForGroup].into_iter().find(|held| held.name() == text)
}

pub(super) fn money(text: &str) -> Option<Money> {
    units(text, MONEY_DECIMALS).map(Money::new)
}

pub(super) fn narrow(text: &str, decimals: u8) -> Option<i64> {
    i64::try_from(units(text, decimals)?).ok()
}

/// How an order stands: what may have been sent and was not answered is unknown now.
pub(super) fn state(order: &KeptOrder) -> Option<OrderState> {
    let reason = || Reason::ALL.iter().find(|reason| reason.name() == order.reason).copied();
    Some(match order.status.as_str() {
        "pending_new" | "unknown" => OrderState::Unknown,
        "open" | "partially_filled" => OrderState::Working,
        // the cancel may have been lost: where the order is found, it is sent again
        "pending_cancel" => OrderState::PendingCancel(BeforeCancel::Unknown),
        "filled" => OrderState::Filled,
        "canceled" => OrderState::Canceled(reason()?),
        "expired" => OrderState::Expired,
        "rejected" => OrderState::Rejected(reason()?),
        "denied" => OrderState::Denied(reason()?),
        _ => return None,
    })
}
