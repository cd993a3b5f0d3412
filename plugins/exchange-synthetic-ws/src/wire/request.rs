//! Requests, as the venue reads them.

use serde_json::{Map, Value, json};
use stratd_plugin_api::{Instrument, Lifetime, OrderFlags, OrderRequest, OrderType};

use super::number::seconds;

/// Version of the protocol that is spoken here.
pub(crate) const PROTOCOL: u64 = 1;

/// A request with its number and further keys.
pub(crate) fn frame(kind: &str, request: u64, keys: Value) -> String {
    let mut all = Map::new();
    all.insert("type".to_owned(), kind.into());
    all.insert("request".to_owned(), request.into());
    if let Value::Object(keys) = keys {
        all.extend(keys);
    }
    Value::Object(all).to_string()
}

pub(crate) fn login(request: u64, account: &str, token: &str, session: &str) -> String {
    let mut keys = json!({ "protocol": PROTOCOL, "account": account, "session": session });
    if !token.is_empty() {
        keys["token"] = token.into();
    }
    frame("LOGIN", request, keys)
}

/// A new order as the venue takes it, or why it takes no such order.
pub(crate) struct NewOrder {
    keys: Value,
}

impl NewOrder {
    pub(crate) fn frame(self, request: u64) -> String {
        frame("NEW", request, self.keys)
    }
}

/// Writes a new order. The message of a refusal says what would be accepted.
pub(crate) fn new_order(
    client_order_id: &str,
    order: &OrderRequest,
    instrument: &Instrument,
) -> Result<NewOrder, String> {
    let order_type = match order.order_type {
        OrderType::Market => "MARKET",
        OrderType::Limit => "LIMIT",
        OrderType::StopMarket => "STOP",
        OrderType::StopLimit => "STOP_LIMIT",
        other @ (OrderType::MarketIfTouched | OrderType::LimitIfTouched | OrderType::TrailingStop) => {
            return Err(format!(
                "the venue takes no {other} orders (accepted: market, limit, stop_market, stop_limit)"
            ));
        }
    };
    if order.notional.is_some() {
        return Err("the venue takes no orders by amount (accepted: a quantity)".to_owned());
    }
    let mut keys = json!({
        "client_order_id": client_order_id,
        "instrument": instrument.symbol,
        "side": if order.side == stratd_plugin_api::Side::Buy { "BUY" } else { "SELL" },
        "volume": instrument.quantity_text(order.quantity).to_string(),
        "order_type": order_type,
        "flag": flag(order.flags)?,
    });
    if let Some(price) = order.price {
        keys["price"] = instrument.price_text(price).to_string().into();
    }
    if let Some(price) = order.stop_price {
        keys["stop_price"] = instrument.price_text(price).to_string().into();
    }
    for (flag, key) in [(OrderFlags::POST_ONLY, "post_only"), (OrderFlags::REDUCE_ONLY, "reduce_only")] {
        if order.flags.contains(flag) {
            keys[key] = true.into();
        }
    }
    match order.lifetime {
        Lifetime::Gtc => {}
        Lifetime::Day => keys["lifetime"] = "DAY".into(),
        Lifetime::Gtd(end) => {
            keys["lifetime"] = "GTD".into();
            keys["expires"] = seconds(end).into();
        }
    }
    Ok(NewOrder { keys })
}

/// The one flag of the protocol.
fn flag(flags: OrderFlags) -> Result<&'static str, String> {
    let words = [
        (OrderFlags::FILL_OR_KILL, "FILL_OR_KILL"),
        (OrderFlags::ALL_OR_NONE, "ALL_OR_NONE"),
        (OrderFlags::IMMEDIATE_OR_CANCEL, "IMMEDIATE_OR_CANCEL"),
    ];
    let mut set = words.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| word);
    match (set.next(), set.next()) {
        (None, _) => Ok("NONE"),
        (Some(word), None) => Ok(word),
        (Some(_), Some(_)) => Err(format!(
            "the venue takes no order with the flags {flags} (accepted: one of fill_or_kill, all_or_none and immediate_or_cancel)"
        )),
    }
}

/// A change of price and total quantity; of a stop that waits, of its stop price.
pub(crate) fn change(
    request: u64,
    client_order_id: &str,
    order: &OrderRequest,
    instrument: &Instrument,
) -> String {
    let mut keys = json!({ "client_order_id": client_order_id });
    let price = |price| instrument.price_text(price).to_string();
    if let (OrderType::StopMarket, Some(stop)) = (order.order_type, order.stop_price) {
        keys["stop_price"] = price(order.price.unwrap_or(stop)).into();
    } else {
        keys["volume"] = instrument.quantity_text(order.quantity).to_string().into();
        if let Some(limit) = order.price {
            keys["price"] = price(limit).into();
        }
    }
    frame("CHANGE", request, keys)
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{InstrumentId, InstrumentType, Money, Price, Quantity, Side, Timestamp};

    use super::*;

    fn aapl() -> Instrument {
        Instrument::new("AAPL", InstrumentType::Equity)
    }

    fn written(order: &OrderRequest) -> Result<String, String> {
        new_order("stratd-7", order, &aapl()).map(|order| order.frame(3))
    }

    #[test]
    fn an_order_is_written_with_exact_numbers() {
        let order = OrderRequest::limit(InstrumentId(1), Quantity::new(10), Price::new(10_110))
            .side(Side::Sell)
            .flags(OrderFlags::POST_ONLY)
            .lifetime(Lifetime::Gtd(Timestamp::new(1_500_000_000)));
        assert_eq!(
            written(&order).unwrap(),
            r#"{"type":"NEW","request":3,"client_order_id":"stratd-7","instrument":"AAPL","side":"SELL","volume":"10","order_type":"LIMIT","flag":"NONE","price":"101.10","post_only":true,"lifetime":"GTD","expires":"1.500000000"}"#
        );
    }

    #[test]
    fn what_the_venue_does_not_take_is_refused_before_it_is_sent() {
        let both = OrderFlags::FILL_OR_KILL.with(OrderFlags::ALL_OR_NONE);
        let market = OrderRequest::market(InstrumentId(1), Quantity::new(1));
        assert!(written(&market.flags(both)).unwrap_err().contains("accepted: one of"));
        let amount = OrderRequest::market_notional(InstrumentId(1), Money::new(5));
        assert!(written(&amount).unwrap_err().contains("accepted: a quantity"));
        let touched = OrderRequest { order_type: OrderType::MarketIfTouched, ..market };
        assert!(written(&touched).unwrap_err().contains("no market_if_touched orders"));
    }

    #[test]
    fn a_change_of_a_stop_moves_its_stop_price() {
        let stop = OrderRequest::stop_market(InstrumentId(1), Quantity::new(1), Price::new(9_000));
        assert_eq!(
            change(4, "x-1", &stop, &aapl()),
            r#"{"type":"CHANGE","request":4,"client_order_id":"x-1","stop_price":"90.00"}"#
        );
        let limit = OrderRequest::limit(InstrumentId(1), Quantity::new(3), Price::new(9_000));
        assert_eq!(
            change(4, "x-1", &limit, &aapl()),
            r#"{"type":"CHANGE","request":4,"client_order_id":"x-1","volume":"3","price":"90.00"}"#
        );
    }
}
