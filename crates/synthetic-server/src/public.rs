//! Public events: what happened in the books, anyone's.

use stratd_orderbook::{Order, OrderId};
use stratd_plugin_api::{
    Instrument, InstrumentId, OrderEventKind, OrderFlags, OrderType, Price, Quantity, Reason, Side,
    Timestamp, abi,
};

use crate::{json::Object, words};

/// One public event; its number is its place in the history.
#[derive(Clone, Debug)]
pub(crate) enum PublicEvent {
    /// OPEN, CANCEL, CHANGE, FILL.
    Order(OrderNews),
    /// TRADE.
    Trade(Box<TradeNews>),
}

/// An order as it is after an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderNews {
    kind: OrderEventKind,
    ts: Timestamp,
    instrument: InstrumentId,
    id: OrderId,
    side: Side,
    order_type: OrderType,
    flags: OrderFlags,
    price: i64,
    quantity: i64,
    filled: i64,
    last_price: i64,
    last_quantity: i64,
    trade: u64,
    reason: Reason,
}

/// A print with both orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TradeNews {
    taker: OrderNews,
    maker: OrderNews,
}

impl PublicEvent {
    pub(crate) fn instrument(&self) -> InstrumentId {
        match self {
            Self::Order(news) => news.instrument,
            Self::Trade(trade) => trade.taker.instrument,
        }
    }

    /// As its message.
    pub(crate) fn message(&self, seq: u64, prev: u64, instrument: &Instrument) -> String {
        match self {
            Self::Order(news) => news.message(seq, prev, instrument),
            Self::Trade(trade) => trade.message(seq, prev, instrument),
        }
    }
}

impl OrderNews {
    /// From the venue's public event; `None` for what is none.
    pub(crate) fn new(event: &abi::OrderEvent) -> Option<Self> {
        Some(Self {
            kind: OrderEventKind::from_code(event.kind)?,
            ts: Timestamp::new(event.ts),
            instrument: InstrumentId(event.instrument),
            id: OrderId(words::number(event.exchange_order_id)),
            side: Side::from_code(event.side)?,
            order_type: OrderType::from_code(event.order_type)?,
            flags: OrderFlags::from_bits(event.flags)?,
            price: event.price,
            quantity: event.quantity,
            filled: event.cumulative_quantity,
            last_price: event.last_price,
            last_quantity: event.last_quantity,
            trade: words::number(event.trade_id),
            reason: Reason::from_code(event.reason)?,
        })
    }

    /// A resting order, for a snapshot.
    pub(crate) fn resting(order: &Order, instrument: InstrumentId, ts: Timestamp) -> Self {
        Self {
            kind: OrderEventKind::Open,
            ts,
            instrument,
            id: order.id,
            side: order.side,
            order_type: order.order_type,
            flags: order.flags,
            price: order.price.get(),
            quantity: order.quantity.get(),
            filled: order.filled.get(),
            last_price: 0,
            last_quantity: 0,
            trade: 0,
            reason: Reason::None,
        }
    }

    pub(crate) fn is_execution(&self) -> bool {
        self.trade != 0
    }

    fn message(&self, seq: u64, prev: u64, instrument: &Instrument) -> String {
        let kind = match self.kind {
            OrderEventKind::Open => "OPEN",
            OrderEventKind::Cancel => "CANCEL",
            OrderEventKind::Fill => "FILL",
            OrderEventKind::Change
            | OrderEventKind::Received
            | OrderEventKind::Rejected
            | OrderEventKind::Canceled
            | OrderEventKind::Bought
            | OrderEventKind::Sold
            | OrderEventKind::RequestRejected => "CHANGE",
        };
        let object =
            self.keys("target.", Object::message(kind).raw("seq", seq).raw("prev", prev), instrument);
        let object = if self.is_execution() {
            object
                .text("trade_id", &words::trade_id(self.trade))
                .raw("last_price", instrument.price_text(Price::new(self.last_price)))
                .raw("last_volume", instrument.quantity_text(Quantity::new(self.last_quantity)))
        } else {
            object
        };
        if self.reason == Reason::None {
            object.end()
        } else {
            object.text("reason", self.reason.name()).end()
        }
    }

    /// As the OPEN of a snapshot.
    pub(crate) fn snapshot(&self, seq: u64, instrument: &Instrument) -> String {
        let object = Object::message("OPEN").raw("seq", seq).raw("prev", seq).raw("snapshot", true);
        self.keys("target.", object, instrument).end()
    }

    fn keys(&self, prefix: &str, object: Object, instrument: &Instrument) -> Object {
        let key = |name: &str| format!("{prefix}{name}");
        object
            .text(&key("id"), &words::order_id(self.id))
            .time(&key("timestamp"), self.ts)
            .raw(&key("volume"), instrument.quantity_text(Quantity::new(self.quantity)))
            .raw(&key("price"), instrument.price_text(Price::new(self.price)))
            .text(&key("side"), words::word(words::SIDES, self.side))
            .raw(&key("instrument"), words::short_instrument(instrument))
            .raw(&key("exchange"), format_args!("{{\"name\":\"{}\"}}", words::EXCHANGE))
            .raw(&key("notional"), 0)
            .raw(&key("filled"), instrument.quantity_text(Quantity::new(self.filled)))
            .text(&key("order_type"), words::word(words::ORDER_TYPES, self.order_type))
            .text(&key("flag"), words::flag(self.flags))
            .text(&key("stop_target"), "")
    }
}

impl TradeNews {
    pub(crate) fn new(maker: OrderNews, taker: OrderNews) -> Self {
        Self { taker, maker }
    }

    fn message(&self, seq: u64, prev: u64, instrument: &Instrument) -> String {
        let order = |news: &OrderNews| news.keys("", Object::new(), instrument).end();
        Object::message("TRADE")
            .raw("seq", seq)
            .raw("prev", prev)
            .text("target.id", &words::trade_id(self.taker.trade))
            .time("target.timestamp", self.taker.ts)
            .raw("target.price", instrument.price_text(Price::new(self.taker.last_price)))
            .raw("target.volume", instrument.quantity_text(Quantity::new(self.taker.last_quantity)))
            .raw("target.instrument", words::short_instrument(instrument))
            .raw("target.exchange", format_args!("{{\"name\":\"{}\"}}", words::EXCHANGE))
            .raw("target.taker_order", order(&self.taker))
            .list("target.maker_orders", [order(&self.maker)])
            .end()
    }
}
