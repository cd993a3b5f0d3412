//! Events in words, for `--verbose`.

use stratd_engine::Engine;
use stratd_plugin_api::{EventKind, InstrumentId, OrderEventKind, Price, Quantity, Reason, Side, Trade, abi};

use super::Recorder;

impl Recorder {
    /// A market event in words, for `--verbose`.
    #[must_use]
    pub fn in_words(&self, event: &abi::Event, engine: &Engine) -> String {
        event_in_words(event, engine)
    }
}

/// A market event in words, of the instruments of an engine.
pub(crate) fn event_in_words(event: &abi::Event, engine: &Engine) -> String {
    let kind = EventKind::from_code(event.kind).map_or("event", EventKind::name);
    let Some(instrument) = engine.instrument(InstrumentId(event.instrument)) else {
        return kind.to_owned();
    };
    let symbol = &instrument.symbol;
    let price = |raw: i64| instrument.price_text(Price::new(raw));
    let quantity = |raw: i64| instrument.quantity_text(Quantity::new(raw));
    let [a, b, c, d, e] = event.data;
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade) => {
            let trade = Trade::from(event);
            let side = trade.aggressor.map_or("", Side::name);
            format!("trade {symbol} {} @ {} {side}", quantity(b), price(a)).trim_end().to_owned()
        }
        Some(EventKind::Quote) => {
            format!("quote {symbol} {} @ {} | {} @ {}", quantity(b), price(a), quantity(d), price(c))
        }
        Some(EventKind::Bar) => {
            format!(
                "bar {symbol} o {} h {} l {} c {} v {}",
                price(a),
                price(b),
                price(c),
                price(d),
                quantity(e)
            )
        }
        _ => format!("{kind} {symbol}"),
    }
}

/// An order event in words: of an own order with its id, of anyone else's without.
pub(crate) fn order_event_in_words(event: &abi::OrderEvent, engine: &Engine) -> String {
    let kind = OrderEventKind::from_code(event.kind);
    let mut words = kind.map_or("order event", OrderEventKind::name).to_owned();
    let is_fill = matches!(kind, Some(OrderEventKind::Bought | OrderEventKind::Sold | OrderEventKind::Fill));
    let (quantity, price) = match is_fill {
        true => (event.last_quantity, event.last_price),
        false => (event.quantity, event.price),
    };
    if let Some(instrument) = engine.instrument(InstrumentId(event.instrument)) {
        let side = Side::from_code(event.side).map_or("", Side::name);
        let quantity = instrument.quantity_text(Quantity::new(quantity));
        words += &format!(" {side} {quantity} {}", instrument.symbol);
        if price != 0 {
            words += &format!(" @ {}", instrument.price_text(Price::new(price)));
        }
    }
    if event.client_order_id != 0 {
        words += &format!(", order {}", event.client_order_id);
    }
    match Reason::from_code(event.reason) {
        Some(Reason::None) | None => words,
        Some(reason) => format!("{words}: {reason}"),
    }
}
