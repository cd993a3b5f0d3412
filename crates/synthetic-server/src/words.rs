//! The words of aat for what our types say.

use stratd_orderbook::OrderId;
use stratd_plugin_api::{Instrument, OrderFlags, OrderType, Side, TextTable, abi::TextHandle};

/// Name of the one exchange.
pub(crate) const EXCHANGE: &str = "synthetic";
/// The order types that the venue has.
pub(crate) const ORDER_TYPES: &[(&str, OrderType)] = &[
    ("LIMIT", OrderType::Limit),
    ("MARKET", OrderType::Market),
    ("STOP", OrderType::StopMarket),
    ("STOP_LIMIT", OrderType::StopLimit),
];
/// The flags that exclude each other.
pub(crate) const FLAGS: &[(&str, OrderFlags)] = &[
    ("NONE", OrderFlags::NONE),
    ("FILL_OR_KILL", OrderFlags::FILL_OR_KILL),
    ("ALL_OR_NONE", OrderFlags::ALL_OR_NONE),
    ("IMMEDIATE_OR_CANCEL", OrderFlags::IMMEDIATE_OR_CANCEL),
];
pub(crate) const SIDES: &[(&str, Side)] = &[("BUY", Side::Buy), ("SELL", Side::Sell)];

/// The word for a value.
pub(crate) fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| *word)
}

/// The value of a word.
pub(crate) fn value<T: Copy>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// All words, for messages: `"BUY", "SELL"`.
pub(crate) fn list<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// The word of the flag that excludes others.
pub(crate) fn flag(flags: OrderFlags) -> &'static str {
    let found = FLAGS.iter().skip(1).find(|(_, flag)| flags.contains(*flag));
    found.map_or("NONE", |(word, _)| *word)
}

/// The text of an order id.
pub(crate) fn order_id(id: OrderId) -> String {
    if id.0 == 0 { String::new() } else { format!("O-{id}") }
}

/// The order id of a text.
pub(crate) fn parse_order_id(text: &str) -> Option<OrderId> {
    text.strip_prefix("O-")?.parse().ok().map(OrderId)
}

/// The text of a trade id.
pub(crate) fn trade_id(number: u64) -> String {
    format!("T-{number}")
}

/// The number that the venue's handle stands for; 0 = none.
pub(crate) fn number(handle: TextHandle) -> u64 {
    if handle == 0 { 0 } else { handle ^ TextTable::number(0) }
}

/// The instrument in an event: what names it.
pub(crate) fn short_instrument(instrument: &Instrument) -> String {
    crate::json::Object::new()
        .text("name", &instrument.symbol)
        .text("type", &instrument.instrument_type.name().to_uppercase())
        .raw("exchanges", format_args!("[{{\"name\":\"{EXCHANGE}\"}}]"))
        .end()
}

/// All of an instrument, with aat's keys and ours.
pub(crate) fn instrument(instrument: &Instrument) -> String {
    let value = stratd_plugin_api::Money::new(i128::from(instrument.multiplier));
    let object = crate::json::Object::new()
        .text("name", &instrument.symbol)
        .text("type", &instrument.instrument_type.name().to_uppercase())
        .raw("exchanges", format_args!("[{{\"name\":\"{EXCHANGE}\"}}]"));
    let unset = ["broker_exchange", "broker_id", "underlying", "leg1", "leg2", "leg1_side", "leg2_side"];
    unset
        .iter()
        .chain(&["expiration", "option_type"])
        .fold(object, |object, key| object.text(key, ""))
        .text("currency", &instrument.currency)
        .raw("price_increment", instrument.price_text(instrument.tick))
        .raw("unit_value", value)
        .raw("lot", instrument.quantity_text(instrument.lot))
        .raw("price_decimals", instrument.price_decimals)
        .raw("quantity_decimals", instrument.quantity_decimals)
        .end()
}
