//! What a strategy remembers of what it was told, so that most of what it asks for makes sense.
//!
//! A strategy that asks at random is denied nearly always: it wants to close what it does not hold, goes on while it is
//! halted, and asks again for what was too much. This one keeps a position of its own making and learns from denials;
//! now and then it does not care. It reads nothing of the engine but events, so that it may get several of them at once.

use std::collections::BTreeSet;

use stratd_plugin_api::{OrderEventKind, OrderFlags, OrderStatus, Reason, Side, abi};

use super::{
    random::Random,
    scenario::{INSTRUMENTS, SECOND_NS},
};

/// Lots of the largest order that it thinks of.
const LOTS_MAX: i64 = 12;
/// So many of its orders it still knows.
const ORDERS_MAX: usize = 30;
/// Longer than this it never waits after a denial.
const PAUSE_MAX_NS: i64 = 600 * SECOND_NS;
/// One more than the largest id of an instrument.
const IDS: usize = INSTRUMENTS.len() + 1;

/// An order that works, as far as it knows.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) id: u64,
    pub(super) instrument: u32,
    pub(super) filled: i64,
    pub(super) side: Option<Side>,
}

#[derive(Default)]
pub(super) struct Mind {
    pub(super) is_hedged: bool,
    /// By instrument: what it bought less what it sold, of hedged positions the long one.
    long: [i64; IDS],
    short: [i64; IDS],
    pub(super) last: [i64; IDS],
    /// By an exchange, and by a limit or a command; of instruments, and 0 = of all.
    halted: [BTreeSet<u32>; 2],
    /// The side that a limit spoke against.
    avoided: [Option<Side>; IDS],
    lots_max: i64,
    pause_until: [i64; IDS],
    pause_ns: [i64; IDS],
    pub(super) has_too_many_orders: bool,
    pub(super) orders: Vec<Known>,
}

impl Mind {
    pub(super) fn new(is_hedged: bool) -> Self {
        Self { is_hedged, lots_max: LOTS_MAX, ..Self::default() }
    }

    pub(super) fn on_event(&mut self, event: &abi::Event) {
        let price = match event.kind {
            abi::event_kind::TRADE | abi::event_kind::QUOTE => event.data[0],
            abi::event_kind::BAR => event.data[3],
            abi::event_kind::HALT | abi::event_kind::CONTINUE => {
                self.on_halt(event);
                return;
            }
            _ => return,
        };
        if let Some(last) = at(&mut self.last, event.instrument) {
            *last = price;
        }
    }

    fn on_halt(&mut self, event: &abi::Event) {
        // a limit or a command says what may still be traded
        let [_, words, ..] = event.data;
        let [by_exchange, by_limit] = &mut self.halted;
        let halted = if words == 0 { by_exchange } else { by_limit };
        match (event.kind == abi::event_kind::HALT, event.instrument) {
            (true, id) => drop(halted.insert(id)),
            // an exchange that goes on lifts what it said of single instruments
            (false, 0) if words == 0 => halted.clear(),
            (false, id) => drop(halted.remove(&id)),
        }
    }

    /// Takes what became of an order.
    pub(super) fn on_order(&mut self, event: &abi::OrderEvent, now: i64) {
        let kind = OrderEventKind::from_code(event.kind);
        let is_final = OrderStatus::from_code(event.status).is_some_and(OrderStatus::is_final);
        if is_final {
            self.orders.retain(|order| order.id != event.client_order_id);
            self.has_too_many_orders = false;
        }
        match kind {
            Some(OrderEventKind::Bought | OrderEventKind::Sold) => self.fill(event),
            Some(OrderEventKind::Rejected | OrderEventKind::RequestRejected) => {
                if let Some(reason) = Reason::from_code(event.reason) {
                    self.on_denial(reason, event, now);
                }
                return;
            }
            _ => {}
        }
        if let Some(pause) = at(&mut self.pause_ns, event.instrument) {
            *pause = 0;
        }
        self.lots_max = (self.lots_max + 1).min(LOTS_MAX);
    }

    fn fill(&mut self, event: &abi::OrderEvent) {
        let signed = if event.side == Side::Buy.code() { event.last_quantity } else { -event.last_quantity };
        let closes = event.flags & OrderFlags::REDUCE_ONLY.bits() != 0;
        let is_short = self.is_hedged && (event.side == Side::Sell.code()) != closes;
        let sizes = if is_short { &mut self.short } else { &mut self.long };
        if let Some(size) = at(sizes, event.instrument) {
            *size += signed;
        }
        if let Some(avoided) = at(&mut self.avoided, event.instrument) {
            *avoided = None;
        }
        if let Some(order) = self.orders.iter_mut().find(|order| order.id == event.client_order_id) {
            order.filled = event.cumulative_quantity;
        }
    }

    fn on_denial(&mut self, reason: Reason, event: &abi::OrderEvent, now: i64) {
        match reason {
            Reason::MaxOrderQuantity | Reason::MaxOrderNotional => {
                self.lots_max = (self.lots_max / 2).max(1);
            }
            Reason::MaxPosition | Reason::ShortSale | Reason::BuyingPower => {
                self.lots_max = (self.lots_max / 2).max(1);
                if let Some(avoided) = at(&mut self.avoided, event.instrument) {
                    *avoided = Side::from_code(event.side);
                }
            }
            Reason::MaxOpenOrders => self.has_too_many_orders = true,
            Reason::OrderRate
            | Reason::TradingHours
            | Reason::Halted
            | Reason::Reducing
            | Reason::MaxDailyLoss
            | Reason::MaxDrawdown
            | Reason::NoPrice => {
                let pauses = at(&mut self.pause_ns, event.instrument);
                let Some((pause, until)) = pauses.zip(at(&mut self.pause_until, event.instrument)) else {
                    return;
                };
                *pause = (*pause * 4).clamp(4 * SECOND_NS, PAUSE_MAX_NS);
                *until = now.saturating_add(*pause);
            }
            _ => {}
        }
    }

    /// Whether it makes sense to ask for an order now.
    pub(super) fn is_ready(&self, instrument: u32, now: i64) -> bool {
        let is_stopped = self.halted.iter().any(|ids| ids.contains(&0) || ids.contains(&instrument));
        let until = usize::try_from(instrument).ok().and_then(|id| self.pause_until.get(id)).copied();
        !is_stopped && until.is_none_or(|until| now >= until) && !self.has_too_many_orders
    }

    /// The size of the position that an order of a side with `REDUCE_ONLY` closes, without sign.
    pub(super) fn to_close(&self, instrument: u32, side: Side) -> i64 {
        let is_short = self.is_hedged && side == Side::Buy;
        let sizes = if is_short { &self.short } else { &self.long };
        let size = usize::try_from(instrument).ok().and_then(|id| sizes.get(id)).copied().unwrap_or(0);
        if side == Side::Sell { size.max(0) } else { (-size).max(0) }
    }

    /// Whether an order of its own works in an instrument.
    pub(super) fn has_order(&self, instrument: u32) -> bool {
        self.orders.iter().any(|order| order.instrument == instrument)
    }

    /// A side that no limit spoke against.
    pub(super) fn side(&self, random: &mut Random, instrument: u32) -> Side {
        let avoided = usize::try_from(instrument).ok().and_then(|id| *self.avoided.get(id)?);
        let side = if random.chance(50) { Side::Buy } else { Side::Sell };
        avoided.filter(|_| random.chance(90)).map_or(side, Side::opposite)
    }

    pub(super) fn lots(&self, random: &mut Random) -> i64 {
        random.range(1, self.lots_max + 1)
    }

    pub(super) fn knows(&mut self, id: u64, instrument: u32, side: Option<Side>) {
        self.orders.push(Known { id, instrument, filled: 0, side });
        if self.orders.len() > ORDERS_MAX {
            self.orders.remove(0);
        }
    }
}

fn at<T>(values: &mut [T; IDS], instrument: u32) -> Option<&mut T> {
    usize::try_from(instrument).ok().and_then(|id| values.get_mut(id))
}
