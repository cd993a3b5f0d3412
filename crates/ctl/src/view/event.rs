//! Events as lines: when, what kind, about what, and what happened.

use stratd_control::{DenialEvent, Event, FillEvent, GapEvent, Happening, OrderEvent};

/// How wide the kinds are.
const KIND_WIDTH: usize = 9;

/// One line.
pub(crate) fn event(event: &Event) -> String {
    let kind = event.what.kind();
    format!("{} {kind:<KIND_WIDTH$} {}", event.at, happening(&event.what))
}

fn happening(what: &Happening) -> String {
    match what {
        Happening::Order(order) => order_line(order),
        Happening::Fill(FillEvent { order, strategy, instrument, side, quantity, price, fee, .. }) => {
            let done = if side == "buy" { "bought" } else { "sold" };
            format!("{strategy}: {done} {quantity} {instrument} at {price}, fee {fee} (order {order})")
        }
        Happening::Denial(denial) => denial_line(denial),
        Happening::Trading(event) => {
            let whose = match (&event.strategy, &event.instrument) {
                (Some(name), _) => format!("strategy {name}"),
                (None, Some(symbol)) => format!("instrument {symbol}"),
                (None, None) => "all strategies".to_owned(),
            };
            format!("{whose}: {}{}", event.state, because(event.reason.as_deref()))
        }
        Happening::Strategy(event) => {
            format!("{}: {}{}", event.strategy, event.state, because(event.reason.as_deref()))
        }
        Happening::Instance(event) => format!(
            "{} of {}: {}, generation {}{}",
            event.instance,
            event.plugin,
            event.state,
            event.generation,
            because(event.reason.as_deref())
        ),
        Happening::Plugin(event) => format!(
            "{} {}: {}, generation {}{}",
            event.plugin,
            event.version,
            event.state,
            event.generation,
            because(event.reason.as_deref())
        ),
        Happening::Run(event) => format!("{}{}", event.state, because(event.reason.as_deref())),
        Happening::Alarm(event) => format!("{}: order {}", event.state, event.order),
        Happening::Backtest(event) => {
            format!("{}: {}{}", event.backtest, event.state, because(event.reason.as_deref()))
        }
        Happening::Trade(event) => format!("{}: {} at {}", event.instrument, event.quantity, event.price),
        Happening::Quote(event) => format!(
            "{}: {} at {} / {} at {}",
            event.instrument, event.bid_quantity, event.bid, event.ask_quantity, event.ask
        ),
        Happening::Bar(event) => format!(
            "{}: open {} high {} low {} close {} volume {}",
            event.instrument, event.open, event.high, event.low, event.close, event.volume
        ),
        Happening::Book(event) => {
            let side = event.side.as_deref().unwrap_or("?");
            format!("{}: {side} {} at {}", event.instrument, event.quantity, event.price)
        }
        Happening::Gap(gap) => gap_line(gap),
        Happening::Unknown => "an event that this version does not know (--json shows it)".to_owned(),
    }
}

fn order_line(order: &OrderEvent) -> String {
    let OrderEvent { order: id, strategy, instrument, side, order_type, state, quantity, filled, .. } = order;
    let price = order.price.as_ref().map_or_else(String::new, |price| format!(" at {price}"));
    let filled = if filled == "0" { String::new() } else { format!(", filled {filled}") };
    let why = because(order.reason.as_deref());
    format!(
        "{strategy}: {order_type} {side} {quantity} {instrument}{price}: {state}{filled}{why} (order {id})"
    )
}

fn denial_line(denial: &DenialEvent) -> String {
    let DenialEvent { order, strategy, instrument, side, outcome, is_change, asked, allowed, reason, .. } =
        denial;
    let what = if *is_change { "change to " } else { "" };
    let cut = if outcome == "reduced" { format!(" to {allowed}") } else { String::new() };
    let limit = match (&denial.used, &denial.limit) {
        (Some(used), Some(limit)) => format!(" ({used} of {limit})"),
        _ => String::new(),
    };
    format!("{strategy}: {what}{side} {asked} {instrument} {outcome}{cut}: {reason}{limit} (order {order})")
}

fn gap_line(gap: &GapEvent) -> String {
    let lost =
        gap.lost.map_or_else(|| "events are missing".to_owned(), |lost| format!("{lost} events are missing"));
    let why = match gap.reason.as_str() {
        "not_kept" => "the daemon does not keep them any more",
        "too_fast" => "market data came faster than it could be told",
        "restarted" => "the daemon was started anew",
        other => other,
    };
    format!("{lost}: {why}")
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({})", reason.replace('\n', "; ")))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(json: &str, expected: Expect) {
        let text = format!(r#"{{"at":"2026-01-02T03:04:05Z",{json}}}"#);
        let read: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        expected.assert_eq(&event(&read));
    }

    #[test]
    fn an_event_is_a_line() {
        check(
            r#""kind":"order","order":"7","strategy":"mm","exchange":"x","instrument":"AAA","side":"buy","type":"limit","state":"canceled","quantity":"10","filled":"3","price":"9.50","reason":"requested""#,
            expect![
                "2026-01-02T03:04:05Z order     mm: limit buy 10 AAA at 9.50: canceled, filled 3 (requested) (order 7)"
            ],
        );
        check(
            r#""kind":"fill","order":"7","strategy":"mm","exchange":"x","instrument":"AAA","side":"sell","quantity":"3","price":"9.50","fee":"0.01""#,
            expect!["2026-01-02T03:04:05Z fill      mm: sold 3 AAA at 9.50, fee 0.01 (order 7)"],
        );
        check(
            r#""kind":"denial","order":"7","strategy":"mm","instrument":"AAA","side":"buy","outcome":"reduced","is_change":false,"asked":"10","allowed":"4","reason":"max_position","used":"14","limit":"8""#,
            expect![
                "2026-01-02T03:04:05Z denial    mm: buy 10 AAA reduced to 4: max_position (14 of 8) (order 7)"
            ],
        );
        check(
            r#""kind":"trading","scope":"run","state":"halted","reason":"requested""#,
            expect!["2026-01-02T03:04:05Z trading   all strategies: halted (requested)"],
        );
        check(
            r#""kind":"gap","lost":5,"reason":"not_kept""#,
            expect![
                "2026-01-02T03:04:05Z gap       5 events are missing: the daemon does not keep them any more"
            ],
        );
        check(
            r#""kind":"eclipse""#,
            expect![
                "2026-01-02T03:04:05Z unknown   an event that this version does not know (--json shows it)"
            ],
        );
    }
}
