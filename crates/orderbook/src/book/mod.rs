//! The order book: its state and its verbs.

mod change;
mod checks;
#[cfg(feature = "testing")]
mod invariants;
mod matching;
mod queries;
mod stops;

pub use queries::{Level, Levels, TopOfBook};

use stratd_plugin_api::{Price, Quantity, Reason};

use crate::{
    config::BookConfig,
    error::{Attempt, Error},
    event::{Event, EventKind},
    exact::remaining,
    new_order::{NewOrder, NewStop, Operation},
    order::{Order, OrderId},
    store::{BestFirst, IdIndex, IdSet, LevelRef, Sides, Slab},
};
use stops::StopBook;

/// An order in the book.
#[derive(Clone, Copy, Debug)]
struct Resting {
    order: Order,
    level: LevelRef,
}

impl Resting {
    #[inline]
    fn remaining(&self) -> i64 {
        remaining(&self.order).get()
    }
}

/// A price-time-priority limit order book for one instrument, with matching and stops.
///
/// Every verb takes the buffer for its events and has appended them when it returns; it clears nothing, so that one
/// buffer can collect several operations, and it allocates nothing once buffer and book have grown to their size.
/// A verb that is refused returns an [`Error`] and changes nothing.
///
/// ```
/// use stratd_orderbook::{BookConfig, EventKind, NewOrder, OrderBook, OrderId};
/// use stratd_plugin_api::{Price, Quantity, Side};
/// let mut book = OrderBook::new(BookConfig::default());
/// let mut events = Vec::new();
/// book.add(NewOrder::limit(OrderId(1), Side::Sell, Quantity::new(10), Price::new(101)), &mut events)?;
/// book.add(NewOrder::limit(OrderId(2), Side::Buy, Quantity::new(4), Price::new(102)), &mut events)?;
///
/// let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
/// assert!(matches!(kinds[0], EventKind::Open { order } if order.id == OrderId(1)));
/// assert!(matches!(kinds[1], EventKind::Change { order, .. } if order.id == OrderId(1)));
/// assert!(matches!(kinds[2], EventKind::Fill { order, last } if order.id == OrderId(2) && last.price == Price::new(101)));
/// assert!(matches!(kinds[3], EventKind::Trade(trade) if trade.makers == 1));
/// assert_eq!(book.top_of_book().ask.unwrap().quantity, Quantity::new(6));
/// # Ok::<(), stratd_orderbook::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrderBook {
    config: BookConfig,
    /// The resting orders: bids and asks.
    sides: Sides,
    orders: Slab<Resting>,
    index: IdIndex,
    ids: IdSet,
    stops: StopBook,
    tape: Tape,
    sequence: u64,
}

/// The prices of trades.
#[derive(Clone, Copy, Debug, Default)]
struct Tape {
    last: Option<Price>,
    /// The lowest and highest price of the operation under way: what elects stops.
    range: Option<(Price, Price)>,
}

impl Tape {
    #[inline]
    fn print(&mut self, price: Price) {
        self.last = Some(price);
        let (low, high) = self.range.unwrap_or((price, price));
        self.range = Some((low.min(price), high.max(price)));
    }
}

impl OrderBook {
    /// An empty book.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, OrderBook};
    /// let book = OrderBook::new(BookConfig::default());
    /// assert!(book.is_empty());
    /// ```
    #[must_use]
    pub fn new(config: BookConfig) -> Self {
        let (orders, ids) = config.expected();
        Self {
            config,
            sides: Sides::new(BestFirst::Highest),
            orders: Slab::with_capacity(orders),
            index: IdIndex::with_capacity(orders),
            ids: IdSet::with_capacity(ids),
            stops: StopBook::new(),
            tape: Tape::default(),
            sequence: 0,
        }
    }

    /// Does one operation; the same as the verb of its name.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, Operation, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let order = NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100));
    /// let mut events = Vec::new();
    /// for operation in [Operation::Add(order), Operation::Cancel(OrderId(1))] {
    ///     book.apply(operation, &mut events)?;
    /// }
    /// assert_eq!(events.len(), 2);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the verb.
    pub fn apply(&mut self, operation: Operation, events: &mut Vec<Event>) -> Result<(), Error> {
        match operation {
            Operation::Add(order) => self.add(order, events),
            Operation::AddStop(stop) => self.add_stop(stop, events),
            Operation::Cancel(id) => self.cancel(id, events),
            Operation::Change { id, price, quantity } => self.change(id, price, quantity, events),
        }
    }

    /// Adds a market or limit order: it trades what it can, and what is left rests or is canceled.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let order = NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100));
    /// let mut events = Vec::new();
    /// book.add(order, &mut events)?;
    /// assert_eq!(book.add(order, &mut events).unwrap_err().reason(), Reason::DuplicateId);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    ///
    /// # Errors
    /// In the order of the checks: `OffTick`, `OffLot`, `DuplicateId`, `BadQuantity`, `BadOrder` (flags that
    /// contradict each other or the type), `WouldExecute` (post-only), `HostLimit`, `Overflow` (the quantities of one
    /// side would not add up within 64 bits). The id stays unused.
    pub fn add(&mut self, order: NewOrder, events: &mut Vec<Event>) -> Result<(), Error> {
        self.accept(&order).map_err(|reason| Error::new(Attempt::Add(order.id), reason))?;
        self.tape.range = None;
        self.enter(&order, events);
        self.run_elected(events);
        Ok(())
    }

    /// Adds a stop. One that the last trade is already through is elected at once.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, EventKind, NewOrder, NewStop, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let mut events = Vec::new();
    /// let target = NewOrder::limit(OrderId(2), Side::Sell, Quantity::new(5), Price::new(94));
    /// book.add_stop(NewStop::new(OrderId(1), Price::new(95), target), &mut events)?;
    /// book.add(NewOrder::limit(OrderId(3), Side::Buy, Quantity::new(1), Price::new(95)), &mut events)?;
    /// events.clear();
    /// book.add(NewOrder::market(OrderId(4), Side::Sell, Quantity::new(1)), &mut events)?;
    /// // maker, taker and summary; then the stop and its target
    /// assert!(matches!(events[3].kind, EventKind::StopTrigger { stop } if stop.id == OrderId(1)));
    /// assert!(matches!(events[4].kind, EventKind::Open { order } if order.id == OrderId(2)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    ///
    /// # Errors
    /// In the order of the checks: `OffTick`, `OffLot`, `DuplicateId` (its own or its target's), `BadQuantity` (the
    /// target's), `BadOrder` (a target of another side or owner, or with contradictory flags), `HostLimit`. Both ids
    /// stay unused.
    pub fn add_stop(&mut self, stop: NewStop, events: &mut Vec<Event>) -> Result<(), Error> {
        self.accept_stop(&stop).map_err(|reason| Error::new(Attempt::AddStop(stop.id), reason))?;
        self.tape.range = None;
        self.emit(EventKind::StopOpen { stop: stop.snapshot() }, events);
        self.place_stop(stop, events);
        self.run_elected(events);
        Ok(())
    }

    /// Takes a resting order or a waiting stop out.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let mut events = Vec::new();
    /// book.add(NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100)), &mut events)?;
    /// book.cancel(OrderId(1), &mut events)?;
    /// assert_eq!(book.cancel(OrderId(1), &mut events).unwrap_err().reason(), Reason::UnknownOrder);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownOrder` if nothing of that id rests or waits: finished orders, triggered stops and the targets of
    /// waiting ones included.
    pub fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), Error> {
        if let Some(slot) = self.slot_of(id) {
            let order = self.orders.get(slot).order;
            self.emit(EventKind::Cancel { order, reason: Reason::Requested }, events);
            self.remove(slot);
            return Ok(());
        }
        let stop =
            self.stops.remove(id).ok_or_else(|| Error::new(Attempt::Cancel(id), Reason::UnknownOrder))?;
        self.emit(EventKind::StopCancel { stop: stop.snapshot(), reason: Reason::Requested }, events);
        Ok(())
    }

    /// Changes a resting order: its price, its total quantity (what is filled included), or both.
    ///
    /// At the same price a smaller or equal quantity keeps its place and a larger one goes to the back of the queue.
    /// Another price is cancel and replace: it goes to the back of the queue there, and may trade as the incoming
    /// order; `filled` stays.
    /// For a waiting stop `price` is the stop price; with another one it becomes the newest stop and is tested at once.
    /// `quantity` is not looked at then.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let mut events = Vec::new();
    /// book.add(NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100)), &mut events)?;
    /// book.change(OrderId(1), Price::new(99), Quantity::new(7), &mut events)?;
    /// let bid = book.top_of_book().bid.unwrap();
    /// assert_eq!((bid.price, bid.quantity), (Price::new(99), Quantity::new(7)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    ///
    /// # Errors
    /// In the order of the checks: `OffTick`, `OffLot`, `UnknownOrder`, `VolumeNotAboveFilled`, `WouldExecute`
    /// (post-only, at another price), `Overflow`. The order stays as it was.
    pub fn change(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        self.change_by_id(id, price, quantity, events)
            .map_err(|reason| Error::new(Attempt::Change(id), reason))
    }
}

/// Steps of the verbs.
impl OrderBook {
    /// Puts what is left of an order at the back of its queue.
    #[inline]
    fn rest(&mut self, order: Order) {
        let ladder = self.sides.of_mut(order.side);
        let level = ladder.level_for(ladder.rank(self.config.ticks(order.price)));
        let slot = self.orders.insert(Resting { order, level });
        ladder.append(level, slot, remaining(&order).get(), &mut self.orders.links);
        self.index.insert(order.id, slot);
    }

    /// Takes a resting order out.
    #[inline]
    fn remove(&mut self, slot: u32) {
        let resting = self.orders.get(slot);
        let (id, level, left) = (resting.order.id, resting.level, resting.remaining());
        let ladder = self.sides.of_mut(resting.order.side);
        ladder.unlink(level, slot, left, &mut self.orders.links);
        self.orders.remove(slot);
        self.index.remove(id, slot);
    }

    #[inline]
    fn slot_of(&self, id: OrderId) -> Option<u32> {
        self.index.find(id, |slot| self.orders.get(slot).order.id == id)
    }

    #[inline]
    fn emit(&mut self, kind: EventKind, events: &mut Vec<Event>) {
        // at one event a nanosecond it would take 584 years to saturate
        self.sequence = self.sequence.saturating_add(1);
        events.push(Event { sequence: self.sequence, kind });
    }
}
