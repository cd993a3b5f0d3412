//! What a frame of the venue may hold.
//!
//! One flat structure for all types of frames: which of its fields matter is said by `type`. Unknown keys are skipped,
//! because the venue may say more one day. Numbers stay text until an instrument says their grid.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A frame.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Fields<'a> {
    #[serde(default)]
    pub(crate) request: Option<u64>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
    #[serde(default)]
    pub(crate) prev: Option<u64>,
    #[serde(default)]
    pub(crate) order_seq: Option<u64>,
    #[serde(default)]
    pub(crate) protocol: Option<u64>,
    #[serde(default)]
    pub(crate) heartbeat_ms: Option<u64>,
    #[serde(borrow, default)]
    pub(crate) run: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) message: Cow<'a, str>,
    /// Of a request that was refused: why the venue refuses it.
    #[serde(borrow, default)]
    pub(crate) reason: Cow<'a, str>,
    /// Of a new order: the venue's id.
    #[serde(borrow, default)]
    pub(crate) order_id: Cow<'a, str>,
    /// Of an account: whose.
    #[serde(borrow, default)]
    pub(crate) account: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) currency: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) cash: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) equity: Option<&'a RawValue>,
    /// Of an account: what it holds.
    #[serde(borrow, default)]
    pub(crate) positions: Vec<PositionFields<'a>>,
    /// Of a snapshot: which.
    #[serde(borrow, default)]
    pub(crate) instrument: Cow<'a, str>,
    #[serde(default)]
    pub(crate) fenced: bool,
    #[serde(default)]
    pub(crate) more: bool,
    /// A list of orders, or of a snapshot their number.
    #[serde(borrow, default)]
    pub(crate) orders: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) fills: Vec<OrderFields<'a>>,
    #[serde(borrow, default)]
    pub(crate) reports: Vec<OrderFields<'a>>,
    #[serde(borrow, default)]
    pub(crate) instruments: Vec<InstrumentFields<'a>>,
    #[serde(borrow, default)]
    pub(crate) order: Option<OrderFields<'a>>,
}

/// What an account holds of an instrument.
#[derive(Debug, Deserialize)]
pub(crate) struct PositionFields<'a> {
    #[serde(borrow)]
    pub(crate) instrument: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) volume: Option<&'a RawValue>,
}

/// The type of a frame. The venue writes it first, and then the frame need not be read twice.
pub(crate) fn kind_of(text: &str) -> Option<Cow<'_, str>> {
    let first = text.strip_prefix("{\"type\":\"").and_then(|rest| rest.split_once('"'));
    match first {
        Some((kind, _)) if !kind.contains('\\') => Some(Cow::Borrowed(kind)),
        _ => serde_json::from_str::<Kind<'_>>(text).ok().map(|kind| kind.kind),
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// An order, or what happened to it: a frame of its own, or an entry of a list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OrderFields<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
    #[serde(default)]
    pub(crate) prev: Option<u64>,
    #[serde(default)]
    pub(crate) order_seq: Option<u64>,
    #[serde(default)]
    pub(crate) snapshot: bool,
    #[serde(rename = "target.id", borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(rename = "target.timestamp", borrow, default)]
    pub(crate) timestamp: Option<&'a RawValue>,
    #[serde(rename = "target.volume", borrow, default)]
    pub(crate) volume: Option<&'a RawValue>,
    #[serde(rename = "target.price", borrow, default)]
    pub(crate) price: Option<&'a RawValue>,
    #[serde(rename = "target.stop_price", borrow, default)]
    pub(crate) stop_price: Option<&'a RawValue>,
    #[serde(rename = "target.filled", borrow, default)]
    pub(crate) filled: Option<&'a RawValue>,
    #[serde(rename = "target.side", borrow, default)]
    pub(crate) side: Cow<'a, str>,
    #[serde(rename = "target.instrument", borrow, default)]
    pub(crate) instrument: Named<'a>,
    #[serde(rename = "target.order_type", borrow, default)]
    pub(crate) order_type: Cow<'a, str>,
    #[serde(rename = "target.flag", borrow, default)]
    pub(crate) flag: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) client_order_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) order_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) reason: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) message: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) trade_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) last_price: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) last_volume: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) fee: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) liquidity: Cow<'a, str>,
    #[serde(default)]
    pub(crate) post_only: bool,
    #[serde(default)]
    pub(crate) reduce_only: bool,
    /// Of a public print.
    #[serde(rename = "target.taker_order", borrow, default)]
    pub(crate) taker: Taker<'a>,
}

/// The order that took liquidity.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Taker<'a> {
    #[serde(rename = "target.side", alias = "side", borrow, default)]
    pub(crate) side: Cow<'a, str>,
}

impl OrderFields<'_> {
    /// The venue's id of the order.
    pub(crate) fn venue_id(&self) -> &str {
        if self.order_id.is_empty() { &self.id } else { &self.order_id }
    }
}

/// Something that is known by its name.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Named<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Cow<'a, str>,
}

/// An instrument.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct InstrumentFields<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) currency: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) price_increment: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) lot: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) price_decimals: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) quantity_decimals: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) unit_value: Option<&'a RawValue>,
}
