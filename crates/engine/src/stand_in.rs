//! What the engine does for an order in place of its exchange, and what can not be done in its place.
//!
//! Emulated, because it can be done truthfully: waiting for a price, with a market or limit order sent when it comes; the
//! end of a lifetime, by a cancel; reduce-only, because the gate counts all own orders; post-only, by the best quote known
//! when it goes out. Not emulated: fill-or-kill, all-or-none and immediate-or-cancel, which only the place knows where the
//! order meets others, and a market or limit order itself.

use stratd_orderbook::Trigger;
use stratd_plugin_api::{Lifetime, OrderFlags, OrderRequest, OrderType, Quantity, Reason, Takes, Timestamp};

use crate::{Held, RestoredStandIn};

/// The numbers of groups that an author may choose; above are ids of orders.
const GROUP_MAX: u64 = 0xffff_ffff;
/// The flags that the engine stands in for.
const EMULATED: OrderFlags = OrderFlags::POST_ONLY.with(OrderFlags::REDUCE_ONLY).with(OrderFlags::ATTACHED);

/// What the engine does for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StandIn {
    /// What it waits for; `None` once it was sent.
    pub(crate) waits: Option<Held>,
    /// Of an order that goes out when a price comes: then as a market or limit order.
    pub(crate) trigger: Option<Trigger>,
    /// The quantity that was asked for, whatever its group leaves of it.
    pub(crate) asked: Quantity,
    /// When the engine ends it.
    pub(crate) expires: Option<Timestamp>,
    /// It was canceled because its lifetime ended.
    pub(crate) has_expired: bool,
    /// What its group cut it to, while the exchange has not answered.
    pub(crate) cut: Option<Quantity>,
    takes: Takes,
}

impl StandIn {
    /// As it was kept, at an exchange that takes these now.
    pub(crate) fn restored(kept: &RestoredStandIn, trigger: Option<Trigger>, takes: Takes) -> Self {
        let RestoredStandIn { waits, asked, expires, has_expired, .. } = *kept;
        Self { waits, trigger, asked, expires, has_expired, cut: None, takes }
    }

    /// The order as its exchange gets it.
    pub(crate) fn as_sent(&self, request: &OrderRequest) -> OrderRequest {
        let mut sent = *request;
        if self.trigger.is_some() {
            sent.order_type = sent_type(request);
            (sent.stop_price, sent.trail) = (None, None);
        }
        let lacking = EMULATED.without(self.takes.all_flags());
        sent.flags = sent.flags.without(lacking.with(OrderFlags::ATTACHED));
        if !self.takes.has_lifetime(sent.lifetime) {
            sent.lifetime = Lifetime::Gtc;
        }
        if is_grouped(request, self.takes) {
            sent.group = 0;
        }
        sent
    }

    /// Whether its exchange ends its lifetime once it is there.
    pub(crate) fn expires_there(&self, lifetime: Lifetime) -> bool {
        self.takes.has_lifetime(lifetime)
    }

    /// Whether it must not trade at once, and the exchange would not see to it.
    pub(crate) fn guards_entry(&self, request: &OrderRequest) -> bool {
        let post_only = OrderFlags::POST_ONLY;
        request.flags.contains(post_only) && !self.takes.has_flags(post_only)
    }
}

/// What the engine has to do for an order at an exchange that takes these; inside, nothing.
///
/// # Errors
/// `BadOrder`: the exchange does not take it, and it cannot be emulated.
pub(crate) fn stand_in_for(request: &OrderRequest, takes: Takes) -> Result<Option<StandIn>, Reason> {
    let is_taken = takes.has_type(request.order_type)
        && takes.has_flags(request.flags)
        && takes.has_lifetime(request.lifetime);
    if is_taken && request.group == 0 {
        return Ok(None);
    }
    let is_attached = request.flags.contains(OrderFlags::ATTACHED);
    if is_attached != (request.group > GROUP_MAX) || (request.group != 0 && request.notional.is_some()) {
        return Err(Reason::BadOrder);
    }
    let trigger = match Trigger::of(request) {
        // beside another order at the exchange, both could be filled, or the exchange would refuse the second one
        Some(trigger) if !takes.has_type(request.order_type) || is_grouped(request, takes) => Some(trigger),
        Some(_) => None,
        None if is_attached => request.price.map(|price| Trigger::at_or_better(request.side, price)),
        None => None,
    };
    let sent = if trigger.is_some() { sent_type(request) } else { request.order_type };
    let needed = request.flags.without(EMULATED);
    let has_end = takes.has_lifetime(request.lifetime) || takes.has_lifetime(Lifetime::Gtc);
    let takes_at_once =
        sent == OrderType::Market && request.flags.without(takes.all_flags()).contains(OrderFlags::POST_ONLY);
    if !takes.has_type(sent) || !takes.has_flags(needed) || !has_end || takes_at_once {
        return Err(Reason::BadOrder);
    }
    let waits = match trigger {
        _ if is_attached => Some(Held::ForEntry),
        Some(_) => Some(Held::ForPrice),
        None => None,
    };
    let asked = request.quantity;
    Ok(Some(StandIn { waits, trigger, asked, expires: None, has_expired: false, cut: None, takes }))
}

/// Whether the engine sees to it that the orders of its group exclude each other.
pub(crate) fn is_grouped(request: &OrderRequest, takes: Takes) -> bool {
    let is_attached = request.flags.contains(OrderFlags::ATTACHED);
    request.group != 0 && (is_attached || !takes.has_groups())
}

/// What becomes of an order that waited for a price.
fn sent_type(request: &OrderRequest) -> OrderType {
    if request.price.is_some() { OrderType::Limit } else { OrderType::Market }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{ClientOrderId, InstrumentId, Price, Side};

    use super::*;

    const SIMPLE: Takes = Takes::of(&[OrderType::Market, OrderType::Limit]);
    const TEN: Quantity = Quantity::new(10);

    fn limit() -> OrderRequest {
        OrderRequest::limit(InstrumentId(1), TEN, Price::new(100))
    }

    /// What becomes of an order: how it is sent, and what it waits for before.
    fn check(request: OrderRequest, takes: Takes, expected: &str) {
        let found = match stand_in_for(&request, takes) {
            Err(reason) => reason.to_string(),
            Ok(None) => "as it is".to_owned(),
            Ok(Some(stand_in)) => {
                let sent = stand_in.as_sent(&request);
                let waits =
                    stand_in.waits.map_or("sent".to_owned(), |held| format!("held for {}", held.name()));
                let flags = if sent.flags.is_empty() { String::new() } else { format!(" {}", sent.flags) };
                format!("{waits}: {}{flags} {:?} group {}", sent.order_type, sent.lifetime, sent.group)
            }
        };
        assert_eq!(found, expected, "{request:?}");
    }

    #[test]
    fn what_an_exchange_takes_is_sent_as_it_is() {
        check(limit(), SIMPLE, "as it is");
        check(OrderRequest::trailing_stop(InstrumentId(1), TEN, Price::new(1)), Takes::ALL, "as it is");
    }

    #[test]
    fn what_waits_for_a_price_is_held_and_goes_out_as_market_or_limit_order() {
        let (instrument, price) = (InstrumentId(1), Price::new(100));
        for request in [
            OrderRequest::stop_market(instrument, TEN, price),
            OrderRequest::market_if_touched(instrument, TEN, price),
            OrderRequest::trailing_stop(instrument, TEN, price),
        ] {
            check(request, SIMPLE, "held for price: market Gtc group 0");
        }
        for request in [
            OrderRequest::stop_limit(instrument, TEN, price, price),
            OrderRequest::limit_if_touched(instrument, TEN, price, price),
        ] {
            check(request, SIMPLE, "held for price: limit Gtc group 0");
            check(request, Takes::of(&[OrderType::Market]), "bad_order");
        }
    }

    #[test]
    fn what_only_the_exchange_can_do_is_refused() {
        for flags in [OrderFlags::FILL_OR_KILL, OrderFlags::ALL_OR_NONE, OrderFlags::IMMEDIATE_OR_CANCEL] {
            check(limit().flags(flags), SIMPLE, "bad_order");
        }
        check(limit(), Takes::of(&[OrderType::Market]), "bad_order");
        let stop =
            OrderRequest::stop_market(InstrumentId(1), TEN, Price::new(9)).flags(OrderFlags::POST_ONLY);
        check(stop, SIMPLE, "bad_order");
        let day_only = Takes::from_bits([6, 0, 2, 0]);
        check(limit(), day_only, "bad_order");
        check(limit().lifetime(Lifetime::Day), day_only, "as it is");
    }

    #[test]
    fn flags_and_lifetimes_that_the_engine_sees_to_are_not_sent() {
        let flags = OrderFlags::POST_ONLY.with(OrderFlags::REDUCE_ONLY);
        check(limit().flags(flags), SIMPLE, "sent: limit Gtc group 0");
        check(
            limit().flags(flags).lifetime(Lifetime::Day),
            SIMPLE.flags(flags),
            "sent: limit post_only+reduce_only Gtc group 0",
        );
    }

    #[test]
    fn groups_are_the_engines_unless_the_exchange_has_them() {
        check(limit().group(3), SIMPLE, "sent: limit Gtc group 0");
        check(limit().group(3), Takes::ALL.groups(), "sent: limit Gtc group 3");
        let stop = OrderRequest::stop_market(InstrumentId(1), TEN, Price::new(9)).side(Side::Sell);
        check(stop.group(3), Takes::ALL, "held for price: market Gtc group 0");
        check(stop.group(3), Takes::ALL.groups(), "sent: stop_market Gtc group 3");
        let entry = ClientOrderId(1 << 40);
        check(stop.attached_to(entry), Takes::ALL.groups(), "held for entry: market Gtc group 0");
        check(limit().attached_to(entry), SIMPLE, "held for entry: limit Gtc group 0");
        check(limit().attached_to(ClientOrderId(3)), SIMPLE, "bad_order");
        check(limit().flags(OrderFlags::ATTACHED), SIMPLE, "bad_order");
        check(OrderRequest { group: 1 << 40, ..limit() }, SIMPLE, "bad_order");
        check(
            OrderRequest::market_notional(InstrumentId(1), "5".parse().unwrap()).group(1),
            SIMPLE,
            "bad_order",
        );
    }
}
