//! Scripts of events and orders in, reports as text out.

mod book;
mod costs_and_latency;
mod properties;
mod volume;

use std::fmt::Write as _;

use expect_test::Expect;
use stratd_plugin_api::{
    Bar, BookUpdate, ClientOrderId, ExchangeId, Instrument, InstrumentId, InstrumentType, LiquiditySide,
    Money, OrderEventKind, OrderFlags, OrderRequest, OrderStatus, OrderType, Price, Quantity, Quote, Reason,
    Side, Timestamp, Trade, abi,
};

use crate::{FillModel, OrderToFill, SimulatedExchange};

const ID: InstrumentId = InstrumentId(1);
const MS: i64 = 1_000_000;

fn instrument() -> Instrument {
    let mut instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
    instrument.id = ID;
    instrument
}

/// Runs a script of one line a millisecond, and compares the reports:
/// `1: bought 5 @ 101 taker, partially_filled 5/10`.
fn check(model: impl Into<FillModel>, script: &str, expect: Expect) {
    expect.assert_eq(&run(model.into(), script));
}

fn run(model: FillModel, script: &str) -> String {
    let instrument = instrument();
    let mut exchange = SimulatedExchange::new(model);
    let (mut text, mut orders) = (String::new(), 0);
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    for (at, line) in lines.enumerate() {
        let ts = Timestamp::new(i64::try_from(at).unwrap() * MS);
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<i64>().unwrap_or_else(|_| panic!("{line}"));
        match words[0] {
            "buy" | "sell" => {
                orders += 1;
                let order = OrderToFill {
                    id: ClientOrderId(orders),
                    exchange: ExchangeId(1),
                    request: request(&words),
                };
                exchange.submit(&order, &instrument, ts);
            }
            "cancel" => exchange.cancel(ClientOrderId(number(1).cast_unsigned()), ts),
            "change" => {
                let (price, quantity) = (Price::new(number(2)), Quantity::new(number(3)));
                exchange.change(ClientOrderId(number(1).cast_unsigned()), price, quantity, ts);
            }
            "end" => exchange.end(ts),
            _ => exchange.on_event(&event(&words, ts), &instrument),
        }
        while let Some(report) = exchange.pop_report() {
            writeln!(text, "{}ms {}", report.ts / MS, in_words(&report)).unwrap();
        }
    }
    text
}

/// `buy 10`, `sell 5 @ 101 post_only`, `buy 10 stop 105`, `buy 0 notional 500`.
fn request(words: &[&str]) -> OrderRequest {
    let quantity = Quantity::new(words[1].parse().unwrap());
    let mut request = OrderRequest::market(ID, quantity);
    request.side = if words[0] == "buy" { Side::Buy } else { Side::Sell };
    let mut rest = words[2..].iter();
    while let Some(word) = rest.next() {
        match *word {
            "@" => {
                request.price = Some(Price::new(rest.next().unwrap().parse().unwrap()));
                if request.order_type == OrderType::Market {
                    request.order_type = OrderType::Limit;
                }
            }
            "stop" => {
                request.stop_price = Some(Price::new(rest.next().unwrap().parse().unwrap()));
                request.order_type = OrderType::StopMarket;
            }
            "notional" => request.notional = Some(rest.next().unwrap().parse().unwrap()),
            "ioc" => request.flags = OrderFlags::IMMEDIATE_OR_CANCEL,
            "fok" => request.flags = OrderFlags::FILL_OR_KILL,
            "aon" => request.flags = OrderFlags::ALL_OR_NONE,
            "post_only" => request.flags = OrderFlags::POST_ONLY,
            word => panic!("{word}"),
        }
    }
    request
}

/// `trade 100 5 sell`, `quote 99 10 101 10`, `bar 100 110 90 105 1000`, `bid 99 10`, `ask 101 10`.
fn event(words: &[&str], ts: Timestamp) -> abi::Event {
    let number = |at: usize| words.get(at).map_or(0, |word: &&str| word.parse::<i64>().unwrap());
    let (price, quantity) = (|at| Price::new(number(at)), |at| Quantity::new(number(at)));
    let ts_recv = Timestamp::default();
    match words[0] {
        "trade" => {
            let aggressor = words.get(3).map(|side| if *side == "buy" { Side::Buy } else { Side::Sell });
            let (price, quantity) = (price(1), quantity(2));
            (&Trade {
                ts,
                ts_recv,
                seq: 0,
                instrument: ID,
                price,
                quantity,
                aggressor,
                is_from_bar: false,
                trade_id: 0,
            })
                .into()
        }
        "quote" => (&Quote {
            ts,
            ts_recv,
            seq: 0,
            instrument: ID,
            bid: price(1),
            bid_quantity: quantity(2),
            ask: price(3),
            ask_quantity: quantity(4),
        })
            .into(),
        "bar" => {
            let [open, high, low, close] = [1, 2, 3, 4].map(price);
            (&Bar { ts, instrument: ID, open, high, low, close, volume: quantity(5), ..Bar::default() })
                .into()
        }
        "bid" | "ask" | "snapshot" => {
            let side = Some(if words[0] == "ask" { Side::Sell } else { Side::Buy });
            (&BookUpdate {
                ts,
                ts_recv,
                instrument: ID,
                side,
                price: price(1),
                quantity: quantity(2),
                order_id: number(3).cast_unsigned(),
                is_snapshot: words[0] == "snapshot",
                ..BookUpdate::default()
            })
                .into()
        }
        word => panic!("{word}"),
    }
}

fn in_words(report: &abi::OrderEvent) -> String {
    let kind = OrderEventKind::from_code(report.kind).unwrap();
    let status = OrderStatus::from_code(report.status).unwrap();
    let mut text = format!("{}: {kind}", report.client_order_id);
    if report.last_quantity != 0 {
        let liquidity = LiquiditySide::from_event_flags(report.flags).unwrap();
        write!(text, " {} @ {} {liquidity}", report.last_quantity, report.last_price).unwrap();
    }
    if report.fee != abi::MoneyBits::default() {
        write!(text, " fee {:.4}", Money::from(report.fee)).unwrap();
    }
    if kind != OrderEventKind::RequestRejected {
        write!(text, ", {status} {}/{}", report.cumulative_quantity, report.quantity).unwrap();
    }
    match Reason::from_code(report.reason).unwrap() {
        Reason::None => text,
        reason => format!("{text} ({reason})"),
    }
}
