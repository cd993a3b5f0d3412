//! The crowd of one market: liquidity providers around a fair price, takers, and people who change their minds.
//!
//! The fair price walks at random and is drawn back to where it started, so it neither reaches zero nor runs away in a
//! long run. All numbers are integers. `unit` scales distances with the price: one basis point, at least one tick.

use stratd_orderbook::{NewOrder, NewStop, Notional, Operation, Order, OrderBook, OrderId};
use stratd_plugin_api::{OrderFlags, Price, Quantity, Side};

use super::{market::Ids, random::Random};

/// Below so many price levels on a side, somebody provides before anything else happens: books are never empty for long.
const LEVELS_MIN: usize = 5;
/// Above so many resting orders somebody cancels.
const ORDERS_TARGET: u32 = 200;
/// Above so many waiting stops the oldest one of a participant is canceled.
const STOPS_TARGET: usize = 30;
/// Ids of finished orders that may stay in the list before it is cleaned.
const FINISHED_MAX: usize = 1_000;
/// Look-ups before a search for a resting order is given up; each drops a finished one from the list.
const TRIES_MAX: u32 = 16;
/// The fair price stays between a quarter and four times its start.
const RANGE: i64 = 4;

/// The participants of one market, and what they work with.
#[derive(Clone, Debug)]
pub(crate) struct Participants {
    fair: i64,
    home: i64,
    unit: i64,
    /// Their orders that may rest; finished ones are dropped when somebody comes by.
    orders: Vec<OrderId>,
    /// Their stops, oldest first; triggered ones are dropped when somebody comes by.
    stops: Vec<OrderId>,
}

impl Participants {
    /// People who think that `price` is fair.
    pub(crate) fn new(price: i64) -> Self {
        let unit = (price / 10_000).max(1);
        Self { fair: price, home: price, unit, orders: Vec::new(), stops: Vec::new() }
    }

    /// They think that another price is fair, within the range around their first one.
    pub(crate) fn resume(&mut self, price: i64) {
        self.fair = price.clamp(self.home / RANGE, self.home * RANGE);
    }

    /// What one of them does next.
    pub(crate) fn decide(&mut self, book: &OrderBook, random: &mut Random, ids: &mut Ids) -> Operation {
        self.walk(random);
        self.clean(book);
        for side in [Side::Buy, Side::Sell] {
            if count_levels(book, side) < LEVELS_MIN {
                return self.provide(side, random, ids);
            }
        }
        if book.order_count() > ORDERS_TARGET
            && let Some(order) = self.farther_of_two(book, random)
        {
            return Operation::Cancel(order.id);
        }
        if self.stops.len() > STOPS_TARGET {
            return Operation::Cancel(self.stops.remove(0));
        }
        let side = if random.chance(50) { Side::Buy } else { Side::Sell };
        match random.below(100) {
            0..45 => self.provide(side, random, ids),
            45..58 => self.cancel(book, random).unwrap_or_else(|| self.provide(side, random, ids)),
            58..72 => self.change(book, random).unwrap_or_else(|| self.provide(side, random, ids)),
            72..75 => self.stop(side, random, ids),
            _ => self.take(book, side, random, ids),
        }
    }

    /// The target of somebody's stop may rest from now on.
    pub(crate) fn on_trigger(&mut self, target: OrderId) {
        self.orders.push(target);
    }

    fn walk(&mut self, random: &mut Random) {
        let step = i64::from(random.below(3)) - 1;
        let pull = if random.chance(2) { (self.home - self.fair).signum() } else { 0 };
        let moved = self.fair + (step + pull) * self.unit;
        self.fair = moved.clamp(self.home / RANGE, self.home * RANGE);
    }

    fn clean(&mut self, book: &OrderBook) {
        if self.orders.len() > FINISHED_MAX {
            self.orders.retain(|id| book.find(*id).is_some());
        }
        if self.stops.len() > STOPS_TARGET {
            self.stops.retain(|id| book.find_stop(*id).is_some());
        }
    }

    /// A limit order a little off the fair price; it trades if the market has gone through it.
    fn provide(&mut self, side: Side, random: &mut Random, ids: &mut Ids) -> Operation {
        // the sum of two numbers: most orders are neither at the top nor far out
        let distance = i64::from(1 + random.below(8) + random.below(8)) * self.unit;
        let price = self.away(side, distance);
        let order = NewOrder::limit(ids.take(), side, quantity(random, 100), price);
        self.orders.push(order.id);
        Operation::Add(if random.chance(20) { order.flags(OrderFlags::POST_ONLY) } else { order })
    }

    fn cancel(&mut self, book: &OrderBook, random: &mut Random) -> Option<Operation> {
        self.pick(book, random).map(|order| Operation::Cancel(order.id))
    }

    /// Another price near the fair one, or another quantity.
    fn change(&mut self, book: &OrderBook, random: &mut Random) -> Option<Operation> {
        let Order { id, side, price, filled, quantity: old, .. } = self.pick(book, random)?;
        let (price, quantity) = if random.chance(50) {
            (self.away(side, i64::from(1 + random.below(10)) * self.unit), old)
        } else {
            (price, filled.checked_add(quantity(random, 100)).unwrap_or(old))
        };
        Some(Operation::Change { id, price, quantity })
    }

    /// A stop some way beyond the market.
    fn stop(&mut self, side: Side, random: &mut Random, ids: &mut Ids) -> Operation {
        let distance = i64::from(random.between(5, 40)) * self.unit;
        let stop_price = self.away(side.opposite(), distance);
        let target = if random.chance(50) {
            NewOrder::market(ids.take(), side, quantity(random, 40))
        } else {
            let limit = self.away(side.opposite(), distance + 5 * self.unit);
            NewOrder::limit(ids.take(), side, quantity(random, 40), limit)
        };
        let stop = NewStop::new(ids.take(), stop_price, target);
        self.stops.push(stop.id);
        Operation::AddStop(stop)
    }

    /// An order that wants to trade now: all types and flags occur.
    fn take(&mut self, book: &OrderBook, side: Side, random: &mut Random, ids: &mut Ids) -> Operation {
        let best = book.level_on(side.opposite(), 0).map_or(self.fair, |level| level.price.get());
        let slack = i64::from(random.below(4)) * self.unit;
        let limit = Price::new(match side {
            Side::Buy => best.saturating_add(slack),
            Side::Sell => best.saturating_sub(slack),
        });
        let (id, size) = (ids.take(), quantity(random, 60));
        let order = match random.below(100) {
            0..40 => NewOrder::market(id, side, size),
            40..50 => NewOrder::market(id, side, size).price(limit).flags(OrderFlags::IMMEDIATE_OR_CANCEL),
            50..55 => NewOrder::market(id, side, size).price(limit).flags(OrderFlags::FILL_OR_KILL),
            55..62 => {
                let notional = i128::from(best).saturating_mul(i128::from(size.get()));
                NewOrder::market_notional(id, side, Notional::new(notional.max(1)))
            }
            62..72 => NewOrder::limit(id, side, size, limit).flags(OrderFlags::IMMEDIATE_OR_CANCEL),
            72..82 => NewOrder::limit(id, side, size, limit).flags(OrderFlags::FILL_OR_KILL),
            82..88 => NewOrder::limit(id, side, size, limit).flags(OrderFlags::ALL_OR_NONE),
            _ => {
                self.orders.push(id);
                NewOrder::limit(id, side, size, limit)
            }
        };
        Operation::Add(order)
    }

    /// A resting order of somebody.
    fn pick(&mut self, book: &OrderBook, random: &mut Random) -> Option<Order> {
        for _ in 0..TRIES_MAX {
            let count = u32::try_from(self.orders.len()).unwrap_or(u32::MAX);
            let at = random.below(count) as usize;
            match book.find(*self.orders.get(at)?) {
                Some(order) => return Some(order),
                None => {
                    self.orders.swap_remove(at);
                }
            }
        }
        None
    }

    fn farther_of_two(&mut self, book: &OrderBook, random: &mut Random) -> Option<Order> {
        let (one, other) = (self.pick(book, random)?, self.pick(book, random)?);
        let distance = |order: &Order| order.price.get().abs_diff(self.fair);
        Some(if distance(&one) >= distance(&other) { one } else { other })
    }

    /// The price `distance` below the fair one for buyers, above for sellers; at least one tick.
    fn away(&self, side: Side, distance: i64) -> Price {
        Price::new(match side {
            Side::Buy => self.fair.saturating_sub(distance).max(1),
            Side::Sell => self.fair.saturating_add(distance),
        })
    }
}

fn quantity(random: &mut Random, max: u32) -> Quantity {
    Quantity::new(i64::from(random.between(1, max)))
}

fn count_levels(book: &OrderBook, side: Side) -> usize {
    match side {
        Side::Buy => book.bids(LEVELS_MIN).count(),
        Side::Sell => book.asks(LEVELS_MIN).count(),
    }
}
