//! Orders that strategies and people ask for: most of them sensible, some that nobody in his right mind would send.

use stratd_plugin_api::{
    ClientOrderId, InstrumentId, Lifetime, Money, OrderFlags, OrderRequest, OrderType, Price, Quantity, Side,
    Timestamp,
};

use super::{
    mind::{Known, Mind},
    random::Random,
    scenario::{IN_EUROS, INDEX, SECOND_NS, START_NS, lot, point, price, units},
};

/// An id that no instrument has.
const UNKNOWN: u32 = 6;

/// An instrument that can be traded, nearly always.
pub(super) fn instrument(random: &mut Random) -> u32 {
    if random.one_in(60) {
        return if random.chance(50) { INDEX } else { UNKNOWN };
    }
    *random.pick(&[1, 1, 1, 2, 2, 4, 4, 4, 5, 5]).unwrap_or(&1)
}

/// A price near the last one that is known.
pub(super) fn near(random: &mut Random, mind: &Mind, instrument: u32) -> i64 {
    let last = usize::try_from(instrument).ok().and_then(|id| mind.last.get(id)).copied();
    match last.filter(|last| *last > 0) {
        Some(last) => last + random.range(-last / 40, last / 40 + 1),
        None => price(random, instrument),
    }
}

/// An order that makes sense by what is known.
pub(super) fn sensible(random: &mut Random, mind: &Mind, instrument: u32) -> OrderRequest {
    let side = mind.side(random, instrument);
    let quantity = mind.lots(random) * lot(instrument);
    let held = mind.to_close(instrument, side);
    let is_free = held > 0 && !mind.has_order(instrument);
    let closes = is_free && random.chance(if mind.is_hedged { 70 } else { 30 });
    let quantity = if closes { quantity.min(held) } else { quantity };
    let mut order = OrderRequest::market(InstrumentId(instrument), Quantity::new(quantity)).side(side);
    if closes {
        order.flags = OrderFlags::REDUCE_ONLY;
    }
    let at = near(random, mind, instrument);
    shape(random, &mut order, at);
    if !closes && order.order_type == OrderType::Market && random.chance(20) {
        by_amount(random, &mut order, at);
    }
    order
}

/// An order without regard to anything.
pub(super) fn reckless(random: &mut Random) -> OrderRequest {
    let id = instrument(random);
    let at = price(random, id);
    let fraction = if id == IN_EUROS { 2 } else { 1 };
    let mut quantity = random.range(0, 13) * lot(id) * fraction;
    if random.one_in(25) {
        quantity = i64::MAX / lot(id) * lot(id);
    } else if random.one_in(10) {
        quantity += 1;
    }
    let side = if random.chance(50) { Side::Buy } else { Side::Sell };
    let mut order = OrderRequest::market(InstrumentId(id), Quantity::new(quantity)).side(side);
    shape(random, &mut order, at);
    if random.chance(20) {
        by_amount(random, &mut order, at);
    }
    if random.chance(30) {
        order.flags = OrderFlags::REDUCE_ONLY;
    }
    order
}

/// Its type and prices.
fn shape(random: &mut Random, order: &mut OrderRequest, at: i64) {
    let instrument = order.instrument.0;
    match random.range(0, 20) {
        0..10 => {}
        10..18 => (order.order_type, order.price) = (OrderType::Limit, Some(Price::new(at))),
        18 => (order.order_type, order.stop_price) = (OrderType::StopMarket, Some(Price::new(at))),
        _ => {
            order.order_type = OrderType::StopLimit;
            order.stop_price = Some(Price::new(at));
            order.price = Some(Price::new(price(random, instrument).midpoint(at)));
        }
    }
}

/// Makes of some orders one that its exchange may not take: it waits for a price, excludes others, is a way out of
/// another order, or ends by itself.
pub(super) fn bind(random: &mut Random, order: &mut OrderRequest, known: &[Known]) {
    let at = order.price.or(order.stop_price);
    if random.chance(30) && order.notional.is_none() {
        let at = at.unwrap_or_else(|| Price::new(price(random, order.instrument.0)));
        order.price = None;
        order.stop_price = Some(at);
        match random.range(0, 5) {
            0 => order.order_type = OrderType::StopMarket,
            1 => order.order_type = OrderType::MarketIfTouched,
            2 => (order.order_type, order.price) = (OrderType::StopLimit, Some(at)),
            3 => (order.order_type, order.price) = (OrderType::LimitIfTouched, Some(at)),
            _ => {
                order.order_type = OrderType::TrailingStop;
                order.stop_price = None;
                order.trail = Some(Price::new(random.range(1, 1 + at.get() / 20)));
            }
        }
    }
    let alike: Vec<Known> =
        known.iter().filter(|known| known.instrument == order.instrument.0).copied().collect();
    match random.range(0, 10) {
        0..3 => order.group = u64::from(order.instrument.0) * 10 + u64::from(random.small(1, 4)),
        3..6 if order.notional.is_none() || random.one_in(20) => {
            let Some(entry) = random.pick(if alike.is_empty() { known } else { &alike }) else { return };
            *order = order.attached_to(ClientOrderId(entry.id));
            if let Some(side) = entry.side.filter(|_| random.chance(90)) {
                order.side = side.opposite();
            }
        }
        _ => {}
    }
    if random.one_in(12) {
        order.lifetime = Lifetime::Gtd(Timestamp::new(START_NS + random.range(60, 200_000) * SECOND_NS));
    }
}

/// For an amount that buys about the quantity.
fn by_amount(random: &mut Random, order: &mut OrderRequest, at: i64) {
    let id = order.instrument.0;
    let whole = i128::from(order.quantity.get().clamp(0, 20 * units(id)));
    let amount = whole * i128::from(at) * point(id) + i128::from(random.range(0, 99));
    (order.quantity, order.notional) = (Quantity::ZERO, Some(Money::new(amount)));
    (order.order_type, order.price, order.stop_price) = (OrderType::Market, None, None);
}
