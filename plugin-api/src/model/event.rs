//! Market events as handlers see them.

use stratd_abi::{self as abi, event_flag};

use super::{BarSeries, InstrumentId, Price, Quantity, Reason, Side, Timestamp, order::coded};
use std::fmt;

coded! {
    /// Kinds of market events.
    EventKind: u16 {
        /// A public print.
        Trade = abi::event_kind::TRADE, "trade";
        /// Best bid and offer.
        Quote = abi::event_kind::QUOTE, "quote";
        /// Open, high, low, close, volume.
        Bar = abi::event_kind::BAR, "bar";
        /// A level or order of the book changed.
        BookUpdate = abi::event_kind::BOOK_UPDATE, "book_update";
        /// Anything else a connector delivers.
        Data = abi::event_kind::DATA, "data";
        /// A timer is due.
        Timer = abi::event_kind::TIMER, "timer";
        /// Stop trading.
        Halt = abi::event_kind::HALT, "halt";
        /// Trading goes on.
        Continue = abi::event_kind::CONTINUE, "continue";
        /// An internal error.
        Error = abi::event_kind::ERROR, "error";
        /// The run starts.
        Start = abi::event_kind::START, "start";
        /// The run ends.
        Exit = abi::event_kind::EXIT, "exit";
    }
}

/// A public print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Time of receipt; 0 for historical data.
    pub ts_recv: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// The side that took liquidity, if known.
    pub aggressor: Option<Side>,
    /// Whether it stands for the close of a bar rather than an execution.
    pub is_from_bar: bool,
    /// The exchange's id (text handle).
    pub trade_id: abi::TextHandle,
}

/// Best bid and offer. A quantity of 0 means that the side is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Time of receipt; 0 for historical data.
    pub ts_recv: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Best bid.
    pub bid: Price,
    /// Quantity at the best bid.
    pub bid_quantity: Quantity,
    /// Best offer.
    pub ask: Price,
    /// Quantity at the best offer.
    pub ask_quantity: Quantity,
}

/// Open, high, low, close and volume of an interval; `ts` is its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Traded quantity.
    pub volume: Quantity,
    /// The subscription of bars made of trades; `None` = a bar of the exchange.
    pub series: Option<BarSeries>,
}

/// A change of the book: the new quantity of a level, or of one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookUpdate {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Time of receipt; 0 for historical data.
    pub ts_recv: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Side.
    pub side: Option<Side>,
    /// Price of the level.
    pub price: Price,
    /// New quantity; 0 = gone.
    pub quantity: Quantity,
    /// The order (text handle); 0 = the whole level.
    pub order_id: abi::TextHandle,
    /// The first update of a snapshot: forget the book.
    pub is_snapshot: bool,
    /// Something before it was lost: the book is stale until a snapshot.
    pub is_gap: bool,
    /// Further updates belong to it, and the book is not whole until the last of them.
    pub has_more: bool,
    /// The feed's own number of the update; 0 = it has none.
    pub feed_number: u64,
}

/// Anything else that a connector delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument; 0 where none applies.
    pub instrument: InstrumentId,
    /// The payload, for [`Context::text`](crate::Context::text): at most 65,536 bytes, and there during the handler.
    pub payload: abi::TextHandle,
}

/// A timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The engine's time.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The timer's id.
    pub id: u64,
    /// The author's number.
    pub tag: i64,
    /// When it was due.
    pub due: Timestamp,
}

/// Stop trading, or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// The engine's time.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// The instrument; `None` = everything.
    pub instrument: Option<InstrumentId>,
    /// Why.
    pub reason: Reason,
}

/// An internal error, delivered to the strategy it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerError {
    /// The engine's time.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// What failed.
    pub reason: Reason,
    /// The message (text handle).
    pub message: abi::TextHandle,
}

/// The run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The engine's time.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// Why.
    pub reason: Reason,
}

fn flags_of(side: Option<Side>) -> u16 {
    match side {
        Some(Side::Buy) => event_flag::BUY,
        Some(Side::Sell) => event_flag::SELL,
        None => 0,
    }
}

fn bit(is_set: bool, bit: u16) -> u16 {
    if is_set { bit } else { 0 }
}

impl From<&Trade> for abi::Event {
    fn from(trade: &Trade) -> Self {
        Self {
            ts: trade.ts.get(),
            seq: trade.seq,
            instrument: trade.instrument.0,
            kind: abi::event_kind::TRADE,
            flags: flags_of(trade.aggressor) | if trade.is_from_bar { event_flag::FROM_BAR } else { 0 },
            data: [
                trade.price.get(),
                trade.quantity.get(),
                trade.trade_id.cast_signed(),
                trade.ts_recv.get(),
                0,
            ],
        }
    }
}

impl From<&Quote> for abi::Event {
    fn from(quote: &Quote) -> Self {
        Self {
            ts: quote.ts.get(),
            seq: quote.seq,
            instrument: quote.instrument.0,
            kind: abi::event_kind::QUOTE,
            flags: 0,
            data: [
                quote.bid.get(),
                quote.bid_quantity.get(),
                quote.ask.get(),
                quote.ask_quantity.get(),
                quote.ts_recv.get(),
            ],
        }
    }
}

impl From<&Bar> for abi::Event {
    fn from(bar: &Bar) -> Self {
        Self {
            ts: bar.ts.get(),
            seq: bar.seq,
            instrument: bar.instrument.0,
            kind: abi::event_kind::BAR,
            flags: bar.series.map_or(0, BarSeries::event_flags),
            data: [bar.open.get(), bar.high.get(), bar.low.get(), bar.close.get(), bar.volume.get()],
        }
    }
}

impl From<&BookUpdate> for abi::Event {
    fn from(update: &BookUpdate) -> Self {
        Self {
            ts: update.ts.get(),
            seq: update.seq,
            instrument: update.instrument.0,
            kind: abi::event_kind::BOOK_UPDATE,
            flags: flags_of(update.side)
                | bit(update.is_snapshot, event_flag::SNAPSHOT)
                | bit(update.is_gap, event_flag::GAP)
                | bit(update.has_more, event_flag::MORE),
            data: [
                update.price.get(),
                update.quantity.get(),
                update.order_id.cast_signed(),
                update.ts_recv.get(),
                update.feed_number.cast_signed(),
            ],
        }
    }
}

fn side_of(flags: u16) -> Option<Side> {
    if flags & event_flag::BUY != 0 {
        Some(Side::Buy)
    } else if flags & event_flag::SELL != 0 {
        Some(Side::Sell)
    } else {
        None
    }
}

fn reason_of(code: i64) -> Reason {
    u32::try_from(code).ok().and_then(Reason::from_code).unwrap_or(Reason::Exchange)
}

impl From<&abi::Event> for Trade {
    fn from(raw: &abi::Event) -> Self {
        let [price, quantity, trade_id, ts_recv, _] = raw.data;
        Self {
            ts: Timestamp::new(raw.ts),
            ts_recv: Timestamp::new(ts_recv),
            seq: raw.seq,
            instrument: InstrumentId(raw.instrument),
            price: Price::new(price),
            quantity: Quantity::new(quantity),
            aggressor: side_of(raw.flags),
            is_from_bar: raw.flags & event_flag::FROM_BAR != 0,
            trade_id: trade_id.cast_unsigned(),
        }
    }
}

impl From<&abi::Event> for Quote {
    fn from(raw: &abi::Event) -> Self {
        let [bid, bid_quantity, ask, ask_quantity, ts_recv] = raw.data;
        Self {
            ts: Timestamp::new(raw.ts),
            ts_recv: Timestamp::new(ts_recv),
            seq: raw.seq,
            instrument: InstrumentId(raw.instrument),
            bid: Price::new(bid),
            bid_quantity: Quantity::new(bid_quantity),
            ask: Price::new(ask),
            ask_quantity: Quantity::new(ask_quantity),
        }
    }
}

impl From<&abi::Event> for Bar {
    fn from(raw: &abi::Event) -> Self {
        let [open, high, low, close, volume] = raw.data;
        Self {
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            instrument: InstrumentId(raw.instrument),
            open: Price::new(open),
            high: Price::new(high),
            low: Price::new(low),
            close: Price::new(close),
            volume: Quantity::new(volume),
            series: BarSeries::from_event_flags(raw.flags),
        }
    }
}

impl From<&abi::Event> for BookUpdate {
    fn from(raw: &abi::Event) -> Self {
        let [price, quantity, order_id, ts_recv, feed_number] = raw.data;
        Self {
            ts: Timestamp::new(raw.ts),
            ts_recv: Timestamp::new(ts_recv),
            seq: raw.seq,
            instrument: InstrumentId(raw.instrument),
            side: side_of(raw.flags),
            price: Price::new(price),
            quantity: Quantity::new(quantity),
            order_id: order_id.cast_unsigned(),
            is_snapshot: raw.flags & event_flag::SNAPSHOT != 0,
            is_gap: raw.flags & event_flag::GAP != 0,
            has_more: raw.flags & event_flag::MORE != 0,
            feed_number: feed_number.cast_unsigned(),
        }
    }
}

impl From<&abi::Event> for Data {
    fn from(raw: &abi::Event) -> Self {
        Self {
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            instrument: InstrumentId(raw.instrument),
            payload: raw.data[0].cast_unsigned(),
        }
    }
}

impl From<&abi::Event> for Timer {
    fn from(raw: &abi::Event) -> Self {
        let [id, tag, due, _, _] = raw.data;
        Self {
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            id: id.cast_unsigned(),
            tag,
            due: Timestamp::new(due),
        }
    }
}

impl From<&abi::Event> for Halt {
    fn from(raw: &abi::Event) -> Self {
        Self {
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            instrument: (raw.instrument != 0).then_some(InstrumentId(raw.instrument)),
            reason: reason_of(raw.data[0]),
        }
    }
}

impl From<&abi::Event> for HandlerError {
    fn from(raw: &abi::Event) -> Self {
        Self {
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            reason: reason_of(raw.data[0]),
            message: raw.data[1].cast_unsigned(),
        }
    }
}

impl From<&abi::Event> for Exit {
    fn from(raw: &abi::Event) -> Self {
        Self { ts: Timestamp::new(raw.ts), seq: raw.seq, reason: reason_of(raw.data[0]) }
    }
}
