//! From records to what goes over the wire.

use axum::body::Bytes;
use stratd_control::{
    AlarmEvent, BarEvent, BookEvent, DenialEvent, Event, FillEvent, Happening, OrderEvent, QuoteEvent,
    RunEvent, StrategyEvent, TradeEvent, TradingEvent,
};
use stratd_engine::{Denial, Scope, StrategyId};
use stratd_plugin_api::{
    Bar, BookUpdate, EventKind, InstrumentId, Money, Price, Quantity, Quote, Reason, Side, Trade,
    abi::{self, FillRecord, TextHandle},
};

use super::{
    names::Names,
    record::{OrderCopy, What},
};

/// An event as a frame of the stream: its id, its name, its JSON, an empty line.
pub(super) fn of(event: &Event) -> Bytes {
    // plain data with text keys; one without JSON would be an empty object rather than nothing
    let data = serde_json::to_string(event).unwrap_or_else(|_| "{}".to_owned());
    let id = event.id.as_ref().map_or_else(String::new, |id| format!("id: {id}\n"));
    Bytes::from(format!("{id}event: {}\ndata: {data}\n\n", event.what.kind()))
}

/// What happened in the event loop, with its names. Market data goes by [`market`].
pub(super) fn happening(what: &What, names: &Names, text: impl Fn(TextHandle) -> String) -> Happening {
    match what {
        What::Order(order) => Happening::Order(order_event(order, names)),
        What::Fill { strategy, fill } => Happening::Fill(fill_event(*strategy, fill, names, text)),
        What::Denial { denial, outcome } => Happening::Denial(denial_event(denial, outcome, names)),
        What::Trading { scope, state, reason } => {
            Happening::Trading(trading_event(*scope, (state.name(), *reason), names))
        }
        What::SessionClosed { scope } => {
            Happening::Trading(trading_event(*scope, ("session_closed", Reason::TradingHours), names))
        }
        What::Strategy { strategy, state, text } => Happening::Strategy(StrategyEvent {
            strategy: names.strategy(*strategy),
            state: (*state).to_owned(),
            reason: text.as_deref().map(str::to_owned),
        }),
        What::Alarm { order, state } => {
            Happening::Alarm(AlarmEvent { order: order.to_string(), state: (*state).to_owned() })
        }
        What::Run { state } => Happening::Run(RunEvent { state: (*state).to_owned(), reason: None }),
        What::Market(event) => market(event, names).unwrap_or(Happening::Unknown),
    }
}

fn order_event(order: &OrderCopy, names: &Names) -> OrderEvent {
    let id = order.instrument;
    OrderEvent {
        order: order.order.to_string(),
        strategy: order.strategy.map_or_else(|| "?".to_owned(), |strategy| names.strategy(strategy)),
        exchange: names.exchange(order.exchange.0),
        instrument: names.symbol(id),
        side: order.side.name().to_owned(),
        order_type: order.order_type.to_owned(),
        state: order.state.to_owned(),
        quantity: names.quantity(id, order.quantity),
        filled: names.quantity(id, order.filled),
        price: order.price.map(|price| names.price(id, price)),
        reason: (order.reason != Reason::None).then(|| order.reason.name().to_owned()),
    }
}

fn fill_event(
    strategy: StrategyId,
    fill: &FillRecord,
    names: &Names,
    text: impl Fn(TextHandle) -> String,
) -> FillEvent {
    let id = InstrumentId(fill.instrument);
    FillEvent {
        order: fill.client_order_id.to_string(),
        strategy: names.strategy(strategy),
        exchange: names.exchange(fill.exchange),
        instrument: names.symbol(id),
        side: Side::from_code(fill.side).map_or("?", Side::name).to_owned(),
        quantity: names.quantity(id, Quantity::new(fill.quantity)),
        price: names.price(id, Price::new(fill.price)),
        fee: Money::from(fill.fee).to_string(),
        trade: (fill.trade_id != 0).then(|| text(fill.trade_id)),
    }
}

fn denial_event(denial: &Denial, outcome: &str, names: &Names) -> DenialEvent {
    let id = denial.instrument;
    DenialEvent {
        order: denial.order.to_string(),
        strategy: names.strategy(denial.strategy),
        instrument: names.symbol(id),
        side: denial.side.name().to_owned(),
        outcome: outcome.to_owned(),
        is_change: denial.is_change,
        asked: names.quantity(id, denial.asked),
        allowed: names.quantity(id, denial.allowed),
        reason: denial.reason.name().to_owned(),
        used: denial.breach.map(|breach| breach.used.to_string()),
        limit: denial.breach.map(|breach| breach.limit.to_string()),
    }
}

fn trading_event(scope: Scope, (state, reason): (&str, Reason), names: &Names) -> TradingEvent {
    let (word, strategy, instrument) = match scope {
        Scope::Run => ("run", None, None),
        Scope::Strategy(id) => ("strategy", Some(names.strategy(id)), None),
        Scope::Instrument(id) => ("instrument", None, Some(names.symbol(id))),
    };
    TradingEvent {
        scope: word.to_owned(),
        strategy,
        instrument,
        state: state.to_owned(),
        reason: (reason != Reason::None).then(|| reason.name().to_owned()),
    }
}

/// The kind of a market event; empty for what is no market data.
pub(super) fn market_kind(event: &abi::Event) -> &'static str {
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade) => "trade",
        Some(EventKind::Quote) => "quote",
        Some(EventKind::Bar) => "bar",
        Some(EventKind::BookUpdate) => "book",
        Some(
            EventKind::Data
            | EventKind::Timer
            | EventKind::Halt
            | EventKind::Continue
            | EventKind::Error
            | EventKind::Start
            | EventKind::Exit,
        )
        | None => "",
    }
}

/// A market event with its names; `None` for what is no market data.
pub(super) fn market(event: &abi::Event, names: &Names) -> Option<Happening> {
    let id = InstrumentId(event.instrument);
    let instrument = names.symbol(id);
    let price = |price| names.price(id, price);
    let quantity = |quantity| names.quantity(id, quantity);
    Some(match market_kind(event) {
        "trade" => {
            let trade = Trade::from(event);
            let (price, quantity) = (price(trade.price), quantity(trade.quantity));
            let aggressor = trade.aggressor.map(|side| side.name().to_owned());
            Happening::Trade(TradeEvent { instrument, price, quantity, aggressor })
        }
        "quote" => {
            let quote = Quote::from(event);
            Happening::Quote(QuoteEvent {
                instrument,
                bid: price(quote.bid),
                bid_quantity: quantity(quote.bid_quantity),
                ask: price(quote.ask),
                ask_quantity: quantity(quote.ask_quantity),
            })
        }
        "bar" => {
            let bar = Bar::from(event);
            Happening::Bar(BarEvent {
                instrument,
                open: price(bar.open),
                high: price(bar.high),
                low: price(bar.low),
                close: price(bar.close),
                volume: quantity(bar.volume),
            })
        }
        "book" => {
            let update = BookUpdate::from(event);
            Happening::Book(BookEvent {
                instrument,
                side: update.side.map(|side| side.name().to_owned()),
                price: price(update.price),
                quantity: quantity(update.quantity),
            })
        }
        _ => return None,
    })
}
