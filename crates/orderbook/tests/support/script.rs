//! Operations and events as text, so that a test is a script and what came of it.
//!
//! ```text
//! buy 1 5 @100                 limit order 1 for 5 at 100
//! sell 2 5 market              market order; `@99` besides is its protection limit
//! buy 3 notional=700 market    for a notional
//! … fok | aon | ioc | post     flags
//! … owner=7 newest             owner and mode: allow, newest, oldest, decrement
//! stop 4 sell 95 : ORDER       a stop with its target; `owner=` before the colon
//! cancel 1
//! change 1 7 @101
//! ```

use std::fmt::Write as _;

use stratd_orderbook::{
    BookConfig, EventKind, Execution, NewOrder, NewStop, Notional, Operation, Order, OrderId, OwnerId,
    SelfTrade, Stop,
};
use stratd_plugin_api::{OrderFlags, OrderType, Price, Quantity, Side};

use crate::pair::Pair;

/// Runs a script in a new book; a line per operation and per event.
pub(crate) fn run(config: BookConfig, script: &str) -> String {
    let mut pair = Pair::new(config);
    let mut out = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        writeln!(out, "> {line}").unwrap();
        match pair.apply(operation(line)) {
            Ok(events) => {
                for event in events {
                    writeln!(out, "{:>2} {}", event.sequence, kind(&event.kind)).unwrap();
                }
            }
            Err(reason) => writeln!(out, "   refused: {reason}").unwrap(),
        }
    }
    out
}

pub(crate) fn operation(line: &str) -> Operation {
    let (verb, rest) = line.split_once(' ').unwrap();
    match verb {
        "buy" | "sell" => Operation::Add(order(line)),
        "stop" => {
            let (stop, target) = rest.split_once(" : ").unwrap();
            let words: Vec<&str> = stop.split(' ').collect();
            let new = NewStop::new(OrderId(number(words[0])), Price::new(number(words[2])), order(target));
            let owner = words.iter().find_map(|word| word.strip_prefix("owner=")).map(number);
            Operation::AddStop(NewStop {
                side: side(words[1]),
                owner: owner.map_or(new.owner, OwnerId),
                ..new
            })
        }
        "cancel" => Operation::Cancel(OrderId(number(rest))),
        "change" => {
            let words: Vec<&str> = rest.split(' ').collect();
            let price = words[2].strip_prefix('@').map(number).unwrap();
            Operation::Change {
                id: OrderId(number(words[0])),
                price: Price::new(price),
                quantity: Quantity::new(number(words[1])),
            }
        }
        other => panic!("unknown verb {other}"),
    }
}

fn order(text: &str) -> NewOrder {
    let words: Vec<&str> = text.split(' ').collect();
    let (side, id) = (side(words[0]), OrderId(number(words[1])));
    let mut new = match words[2].strip_prefix("notional=") {
        Some(notional) => NewOrder::market_notional(id, side, Notional::new(number(notional))),
        None if words.contains(&"market") => NewOrder::market(id, side, Quantity::new(number(words[2]))),
        None => NewOrder::limit(id, side, Quantity::new(number(words[2])), Price::ZERO),
    };
    for word in &words[3..] {
        new = match *word {
            "market" => new,
            "fok" => new.flags(OrderFlags::FILL_OR_KILL),
            "aon" => new.flags(OrderFlags::ALL_OR_NONE),
            "ioc" => new.flags(OrderFlags::IMMEDIATE_OR_CANCEL),
            "post" => new.flags(OrderFlags::POST_ONLY),
            "newest" => new.owner(new.owner, SelfTrade::CancelNewest),
            "oldest" => new.owner(new.owner, SelfTrade::CancelOldest),
            "decrement" => new.owner(new.owner, SelfTrade::Decrement),
            word => match (word.strip_prefix('@'), word.strip_prefix("owner=")) {
                (Some(price), _) => new.price(Price::new(number(price))),
                (_, Some(owner)) => new.owner(OwnerId(number(owner)), new.self_trade),
                _ => panic!("unknown word {word}"),
            },
        };
    }
    new
}

fn side(word: &str) -> Side {
    if word == "buy" { Side::Buy } else { Side::Sell }
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(word: &str) -> T {
    match word {
        "max" => i64::MAX.to_string().parse().unwrap(),
        "min" => i64::MIN.to_string().parse().unwrap(),
        _ => word.parse().unwrap_or_else(|error| panic!("{word}: {error}")),
    }
}

fn kind(kind: &EventKind) -> String {
    match kind {
        EventKind::Open { order } => format!("OPEN {}", order_text(order)),
        EventKind::Change { order, last } => {
            format!("CHANGE {}{}", order_text(order), last.map_or(String::new(), last_text))
        }
        EventKind::Fill { order, last } => format!("FILL {}{}", order_text(order), last_text(*last)),
        EventKind::Trade(trade) => format!(
            "TRADE {} {} {} average {} notional {} makers {}",
            trade.taker,
            trade.side,
            trade.quantity,
            trade.average_price(),
            trade.notional.get(),
            trade.makers
        ),
        EventKind::Cancel { order, reason } => format!("CANCEL {} {reason}", order_text(order)),
        EventKind::StopOpen { stop } => format!("STOP OPEN {}", stop_text(stop)),
        EventKind::StopChange { stop } => format!("STOP CHANGE {}", stop_text(stop)),
        EventKind::StopTrigger { stop } => format!("STOP TRIGGER {}", stop_text(stop)),
        EventKind::StopCancel { stop, reason } => format!("STOP CANCEL {} {reason}", stop_text(stop)),
    }
}

fn order_text(order: &Order) -> String {
    let price = match order.order_type {
        OrderType::Limit => format!("@{}", order.price),
        _ => "market".to_owned(),
    };
    format!("{} {} {}/{} {price}", order.id, order.side, order.filled, order.quantity)
}

fn last_text(last: Execution) -> String {
    format!(" last {}@{}", last.quantity, last.price)
}

fn stop_text(stop: &Stop) -> String {
    format!("{} {} {} target {}", stop.id, stop.side, stop.stop_price, stop.target_id)
}
