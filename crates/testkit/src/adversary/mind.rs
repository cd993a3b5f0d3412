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
}

#[derive(Default)]
pub(super) struct Mind {
    pub(super) is_hedged: bool,
    /// By instrument: what it bought less what it sold, of hedged positions the long one.
    long: [i64; IDS],
    short: [i64; IDS],
    pub(super) last: [i64; IDS],
    is_halted: bool,
    halted: BTreeSet<u32>,
    /// The side that a limit spoke against.
    avoided: [Option<Side>; IDS],
    lots_max: i64,
    pause_until: i64,
    pause_ns: i64,
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
                let is_halt = event.kind == abi::event_kind::HALT;
                match (event.instrument, is_halt) {
                    (0, _) => self.is_halted = is_halt,
                    (id, true) => drop(self.halted.insert(id)),
                    (id, false) => drop(self.halted.remove(&id)),
                }
                return;
            }
            _ => return,
        };
        if let Some(last) = at(&mut self.last, event.instrument) {
            *last = price;
        }
    }

    /// Takes what became of an order.
    pub(super) fn on_order(&mut self, event: &abi::OrderEvent, now: i64) {
        let kind = OrderEventKind::from_code(event.kind);
        let is_final = OrderStatus::from_code(event.status).is_some_and(OrderStatus::is_final);
        if is_final {
            self.orders.retain(|order| order.id != event.client_order_id);
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
        (self.pause_ns, self.has_too_many_orders) = (0, false);
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
                self.pause_ns = (self.pause_ns * 2).clamp(2 * SECOND_NS, PAUSE_MAX_NS);
                self.pause_until = now.saturating_add(self.pause_ns);
            }
            _ => {}
        }
    }

    /// Whether it makes sense to ask for an order now.
    pub(super) fn is_ready(&self, instrument: u32, now: i64) -> bool {
        let is_stopped = self.is_halted || self.halted.contains(&instrument);
        !is_stopped && now >= self.pause_until && !self.has_too_many_orders
    }

    /// The size of the position that an order of a side with `REDUCE_ONLY` closes, without sign.
    pub(super) fn to_close(&self, instrument: u32, side: Side) -> i64 {
        let is_short = self.is_hedged && side == Side::Buy;
        let sizes = if is_short { &self.short } else { &self.long };
        let size = usize::try_from(instrument).ok().and_then(|id| sizes.get(id)).copied().unwrap_or(0);
        if side == Side::Sell { size.max(0) } else { (-size).max(0) }
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

    pub(super) fn knows(&mut self, id: u64, instrument: u32) {
        self.orders.push(Known { id, instrument, filled: 0 });
        if self.orders.len() > ORDERS_MAX {
            self.orders.remove(0);
        }
    }
}

fn at<T>(values: &mut [T; IDS], instrument: u32) -> Option<&mut T> {
    usize::try_from(instrument).ok().and_then(|id| values.get_mut(id))
}
