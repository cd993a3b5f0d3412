//! A strategy that follows the rules of a script.

use std::sync::{Arc, Mutex, PoisonError};

use stratd_plugin_api::{
    EventKind, Fault, Money, OrderEventKind, OrderStatus, Reason, Side, StrategyHost, StrategyInstance,
    Timestamp, abi,
};

use crate::desk::START_NS;

/// What all strategies and the desk write into.
pub(crate) type Transcript = Arc<Mutex<Vec<String>>>;

/// What a strategy says about the costs of its fills.
#[derive(Clone, Debug, Default)]
pub(crate) enum Hook {
    #[default]
    NoOpinion,
    Amount(Money),
    Panics,
}

/// One strategy of a script.
pub(crate) struct Actor {
    pub(crate) name: char,
    /// Start of an event's line, and what to do then.
    pub(crate) rules: Vec<(String, Vec<String>)>,
    pub(crate) slippage: Hook,
    pub(crate) cost: Hook,
    /// Whether timers are only counted.
    pub(crate) is_quiet: bool,
    /// Events so far, if it keeps them as its state.
    pub(crate) state: Option<u64>,
    pub(crate) transcript: Transcript,
}

const SYMBOLS: [&str; 7] = ["-", "X", "Y", "Z", "W", "V", "U"];

/// The symbol of an instrument's number.
pub(crate) fn symbol(instrument: u32) -> &'static str {
    usize::try_from(instrument).ok().and_then(|index| SYMBOLS.get(index)).copied().unwrap_or("?")
}

/// The number of a symbol.
pub(crate) fn instrument(symbol: &str) -> u32 {
    let index = SYMBOLS.iter().position(|known| *known == symbol);
    index.map_or(99, |index| u32::try_from(index).expect("few symbols"))
}

/// The id of `b2`: the second order of the second strategy.
pub(crate) fn order_id(name: &str) -> u64 {
    let (strategy, counter) = name.split_at(1);
    let strategy = u64::from(strategy.as_bytes()[0] - b'a') + 1;
    strategy << 40 | counter.parse::<u64>().unwrap_or_else(|_| panic!("`{name}` is no order"))
}

/// The name of an id.
pub(crate) fn order_name(id: u64) -> String {
    let letter = u8::try_from(id >> 40).ok().and_then(|n| n.checked_sub(1)).map(|n| char::from(b'a' + n));
    letter.map_or_else(|| format!("#{id}"), |letter| format!("{letter}{}", id & 0xff_ffff))
}

pub(crate) fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// Seconds of a text like `600s`, as nanoseconds; `1ns` as it is.
pub(crate) fn duration(text: &str) -> i64 {
    match (text.strip_suffix("ns"), text.strip_suffix('s')) {
        (Some(ns), _) => number(ns),
        (None, Some(seconds)) => number(seconds) * 1_000_000_000,
        (None, None) => panic!("`{text}` is no duration (expected: 5s or 5ns)"),
    }
}

/// An event as one line.
fn event_line(event: &abi::Event, text: &str) -> String {
    let [first, second, _, fourth, _] = event.data;
    let symbol = symbol(event.instrument);
    let reason = u32::try_from(first).ok().and_then(Reason::from_code).unwrap_or(Reason::None);
    match EventKind::from_code(event.kind) {
        Some(EventKind::Trade) => format!("trade {symbol} {first}"),
        Some(EventKind::Quote) => format!("quote {symbol} {first}"),
        Some(EventKind::Bar) => format!("bar {symbol} {fourth}"),
        Some(EventKind::Timer) => format!("timer {second}"),
        Some(EventKind::Halt) => format!("halt {symbol} {reason}"),
        Some(EventKind::Continue) => format!("continue {symbol} {reason}"),
        Some(EventKind::Error) => format!("error {reason} {text}"),
        Some(EventKind::Start) => "start".to_owned(),
        Some(EventKind::Exit) => format!("exit {reason}"),
        Some(EventKind::BookUpdate | EventKind::Data) | None => format!("kind {}", event.kind),
    }
}

/// An order event as one line.
pub(crate) fn order_line(event: &abi::OrderEvent) -> String {
    let kind = OrderEventKind::from_code(event.kind).map_or("?", OrderEventKind::name);
    let status = OrderStatus::from_code(event.status).map_or("?", OrderStatus::name);
    let mut line = format!("{kind} {}", order_name(event.client_order_id));
    line += &format!(" {status} {}/{}", event.cumulative_quantity, event.quantity);
    if event.last_quantity != 0 {
        line += &format!(": {} @ {}", event.last_quantity, event.last_price);
    }
    if event.reason != 0 {
        line += &format!(" {}", Reason::from_code(event.reason).map_or("?", Reason::name));
    }
    line
}

/// An order from `10`, `10 stop 95`, `10 touch 105 @ 106`, `10 trail 5`, `10 day`, `10 @ 99 attached a1`, `10 @ 101`, `10 Y`, `10 on 2`, `10 reduce`, `1 type 99`, in any order of the words.
pub(crate) fn order_request(side: Side, words: &[&str]) -> abi::OrderRequest {
    let mut request = abi::OrderRequest {
        instrument: 1,
        side: side.code(),
        order_type: abi::order_type::MARKET,
        ..abi::OrderRequest::default()
    };
    let mut words = words.iter();
    let (mut is_touch, mut is_limit) = (false, false);
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_else(|| panic!("a word after `{word}`"));
        match *word {
            "stop" | "touch" => {
                request.stop_price = number(next());
                is_touch = *word == "touch";
            }
            "trail" => {
                request.order_type = abi::order_type::TRAILING_STOP;
                request.trail = number(next());
            }
            "ioc" => request.flags |= abi::order_flag::IMMEDIATE_OR_CANCEL,
            "post" => request.flags |= abi::order_flag::POST_ONLY,
            "day" => request.lifetime = abi::order_lifetime::DAY,
            "gtd" => {
                request.lifetime = abi::order_lifetime::GTD;
                request.expires = START_NS + duration(next());
            }
            "group" => request.group = number(next()).cast_unsigned(),
            "attached" => {
                request.group = order_id(next());
                request.flags |= abi::order_flag::ATTACHED;
            }
            "@" => {
                is_limit = true;
                request.order_type = abi::order_type::LIMIT;
                request.price = number(next());
            }
            "on" => request.exchange = u16::try_from(number(next())).expect("an exchange"),
            "type" => request.order_type = u8::try_from(number(next())).expect("an order type"),
            "reduce" => request.flags |= abi::order_flag::REDUCE_ONLY,
            "for" => request.notional = next().parse::<Money>().expect("an amount").into(),
            known if SYMBOLS.contains(&known) => request.instrument = instrument(known),
            quantity => request.quantity = number(quantity),
        }
    }
    if request.stop_price != 0 && request.trail == 0 {
        request.order_type = match (is_touch, is_limit) {
            (false, false) => abi::order_type::STOP_MARKET,
            (false, true) => abi::order_type::STOP_LIMIT,
            (true, false) => abi::order_type::MARKET_IF_TOUCHED,
            (true, true) => abi::order_type::LIMIT_IF_TOUCHED,
        };
    }
    request
}

impl Actor {
    fn write(&self, line: &str) {
        let mut lines = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("  {} {line}", self.name));
    }

    /// Follows the rules for a line; whether there were any.
    fn follow(&self, host: &mut dyn StrategyHost, line: &str) -> Result<bool, Fault> {
        let mut has_requested = false;
        let rules = self.rules.iter().filter(|(start, _)| line.starts_with(start.as_str()));
        for request in rules.flat_map(|(_, requests)| requests) {
            self.perform(host, request)?;
            has_requested = true;
        }
        Ok(has_requested)
    }

    fn perform(&self, host: &mut dyn StrategyHost, request: &str) -> Result<(), Fault> {
        let words: Vec<&str> = request.split_whitespace().collect();
        let ok = match words[..] {
            ["buy", ref rest @ ..] => host.submit(&order_request(Side::Buy, rest)).is_some(),
            ["sell", ref rest @ ..] => host.submit(&order_request(Side::Sell, rest)).is_some(),
            ["many", count, ref rest @ ..] => {
                let order = order_request(Side::Buy, rest);
                let taken = (0..number(count)).filter(|_| host.submit(&order).is_some()).count();
                self.write(&format!("({taken} of {count} were taken)"));
                true
            }
            ["cancel", id] => host.cancel(order_id(id)),
            ["change", id, quantity, "@", price] => {
                host.change(order_id(id), number(price), number(quantity))
            }
            ["cancel_all"] => host.cancel_all(0),
            ["close_all"] => host.close_all(0),
            ["close_all", symbol] => host.close_all(instrument(symbol)),
            ["subscribe", symbol] => host.subscribe(instrument(symbol), 0),
            ["subscribe", symbol, "trades"] => {
                host.subscribe(instrument(symbol), 1 << abi::event_kind::TRADE)
            }
            ["timer", ref rest @ ..] => self.set_timer(host, rest),
            ["timer_cancel", id] => host.timer_cancel(number(id).cast_unsigned()),
            ["metric", name, value] => {
                host.metric(name, value.parse().expect("an amount"));
                true
            }
            ["stop", ref why @ ..] => {
                host.stop(&why.join(" "));
                true
            }
            ["shutdown", ref why @ ..] => {
                host.shutdown(&why.join(" "));
                true
            }
            ["fail", ref why @ ..] => return Err(Fault::error(why.join(" "))),
            // the guard of a plugin makes this of a panic, see `a_real_panic_is_a_fault`
            ["panic"] => return Err(panicked()),
            _ => panic!("`{request}` is no request"),
        };
        if !ok {
            self.write(&format!("(`{request}` was refused)"));
        }
        Ok(())
    }

    fn set_timer(&self, host: &mut dyn StrategyHost, words: &[&str]) -> bool {
        let schedule = match *words {
            ["once", after, tag] => abi::Schedule {
                kind: abi::schedule_kind::ONCE,
                time: host.now().get() + duration(after),
                tag: number(tag),
                ..abi::Schedule::default()
            },
            ["every", interval, tag] => abi::Schedule {
                kind: abi::schedule_kind::PERIODIC,
                interval: duration(interval),
                tag: number(tag),
                ..abi::Schedule::default()
            },
            ["before_close", symbol, interval, tag] => abi::Schedule {
                kind: abi::schedule_kind::BEFORE_CLOSE,
                instrument: instrument(symbol),
                interval: duration(interval),
                tag: number(tag),
                ..abi::Schedule::default()
            },
            ["at", hour, minute, second, tag] => {
                let field = |text| i8::try_from(number(text)).expect("a field of a time");
                abi::Schedule {
                    kind: abi::schedule_kind::AT,
                    hour: field(hour),
                    minute: field(minute),
                    second: field(second),
                    tag: number(tag),
                    ..abi::Schedule::default()
                }
            }
            _ => panic!("{words:?} is no timer"),
        };
        let id = host.timer(&schedule);
        if let Some(id) = id {
            self.write(&format!("(timer {id} is set)"));
        }
        id.is_some()
    }
}

fn panicked() -> Fault {
    Fault { reason: Reason::Panic, message: "panicked".to_owned(), index: 0 }
}

fn asked(hook: &Hook) -> Result<Option<Money>, Fault> {
    match hook {
        Hook::NoOpinion => Ok(None),
        Hook::Amount(amount) => Ok(Some(*amount)),
        Hook::Panics => Err(panicked()),
    }
}

impl StrategyInstance for Actor {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        for (index, event) in events.iter().enumerate() {
            self.state = self.state.map(|count| count + 1);
            if self.is_quiet && event.kind == abi::event_kind::TIMER {
                continue;
            }
            let mut text = String::new();
            if event.kind == abi::event_kind::ERROR {
                host.text(event.data[1].cast_unsigned(), &mut |message| text.push_str(message));
            }
            let line = event_line(event, &text);
            self.write(&line);
            // as the SDK does it
            if self.follow(host, &line).map_err(|fault| Fault { index, ..fault })? {
                return Ok(index + 1);
            }
        }
        Ok(events.len())
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        for event in events {
            let line = order_line(event);
            if !self.is_quiet {
                self.write(&line);
            }
            self.follow(host, &line)?;
        }
        Ok(events.len())
    }

    fn on_config(&mut self, _: &mut dyn StrategyHost, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn slippage(&mut self, _: &mut dyn StrategyHost, _: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        asked(&self.slippage)
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        _: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        asked(&self.cost)
    }

    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        let Some(count) = self.state else { return Ok(None) };
        self.write("save");
        self.follow(host, "save")?;
        Ok(Some(count.to_string().into_bytes()))
    }

    fn restore(&mut self, host: &mut dyn StrategyHost, version: u32, state: &[u8]) -> Result<(), Fault> {
        let text = String::from_utf8_lossy(state);
        let line = format!("restore {text} of version {version}");
        self.write(&line);
        self.follow(host, &line)?;
        self.state = text.parse().ok();
        Ok(())
    }

    fn quiesce(&mut self, host: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        self.follow(host, "quiesce").map(|_| ())
    }
}
