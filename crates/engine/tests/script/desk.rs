//! Runs a script against an engine.

use std::sync::{Arc, Mutex, PoisonError};

use stratd_engine::{
    AccountRules, Accounting, ByHand, Denial, Engine, EngineConfig, FaultPlace, Input, InputKind, Order,
    OrderIds, Output, RateSource, Scope, StrategyConfig, StrategyId, StrategyState,
};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, FillCosts, Instrument, InstrumentId, InstrumentType, Lifetime, Log, Money,
    NoCosts, OmsType, OrderEventKind, OrderFlags, OrderRequest, OrderType, PositionSide, Price, Quantity,
    Reason, Side, StrategyInstance, StrategyServices, Takes, TextTable, Timestamp, TradingType, abi,
    export::instrument_to_record,
};

use crate::{
    actor::{
        Actor, Hook, Transcript, duration, instrument, number, order_id, order_line, order_name,
        order_request, symbol,
    },
    instruments::{described, set_routes},
    limits::{limit_scopes, limits, scope_name, trading},
};

/// 2024-01-02 14:30 UTC.
pub(crate) const START_NS: i64 = 1_704_205_800_000_000_000;

/// Runs a script; see the head of `main.rs` for its language.
pub(crate) fn run(script: &str) -> String {
    run_with(script, Vec::new())
}

/// As [`run`], with further strategies after those of the script.
pub(crate) fn run_with(script: &str, further: Vec<Box<dyn StrategyInstance>>) -> String {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut desk = Desk::new(&lines);
    for instance in further {
        desk.engine.add_strategy(config("further".to_owned(), true), instance).expect("a free id");
    }
    for line in lines.iter().filter(|line| !is_setup(line)) {
        desk.write(&format!("> {line}"));
        desk.input(line);
    }
    let lines = desk.transcript.lock().unwrap_or_else(PoisonError::into_inner);
    squeezed(&lines)
}

/// Joins the lines; of many that differ in numbers only, the first one with their count.
fn squeezed(lines: &[String]) -> String {
    const SHOWN_MAX: usize = 10;
    let mut text = String::new();
    for alike in lines.chunk_by(|a, b| without_digits(a) == without_digits(b)) {
        let shown = if alike.len() > SHOWN_MAX { 1 } else { alike.len() };
        for line in alike.iter().take(shown) {
            text += line;
            text.push('\n');
        }
        if shown < alike.len() {
            text += &format!("    … and {} more such lines\n", alike.len() - shown);
        }
    }
    text
}

fn without_digits(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn is_setup(line: &str) -> bool {
    let words = [
        "takes ",
        "limits ",
        "costs",
        "account ",
        "fifo",
        "hedging",
        "euro ",
        "keep ",
        "shutdown ",
        "hooks ",
        "quiet ",
        "stateful ",
        "batch ",
        "instrument ",
        "route ",
    ];
    line.get(1..5) == Some(" on ") || words.iter().any(|word| line.starts_with(word))
}

struct Services {
    texts: TextTable,
    transcript: Transcript,
}

impl StrategyServices for Services {
    fn log(&self, instance: &str, record: &Log<'_>) {
        let line = format!("  {instance} [{}] {}", record.level.get(), record.message);
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn text(&self, handle: u64, visit: &mut dyn FnMut(&str)) {
        visit(self.texts.get(handle).as_deref().unwrap_or(""));
    }

    fn intern(&self, text: &str) -> u64 {
        self.texts.intern_cut(text)
    }
}

/// Slippage 1 and transaction cost 2 for every fill.
struct ModelCosts;

impl FillCosts for ModelCosts {
    fn slippage(&self, _: &Instrument, _: &abi::FillRecord) -> Option<Money> {
        "1".parse().ok()
    }

    fn transaction_cost(&self, _: &Instrument, _: &abi::FillRecord) -> Option<Money> {
        "2".parse().ok()
    }
}

pub(crate) struct Desk {
    pub(crate) engine: Engine,
    transcript: Transcript,
    /// The lines of the script, for strategies that are made later.
    setup: Vec<String>,
    pub(crate) seq: u64,
    pub(crate) now: i64,
}

impl Desk {
    fn new(lines: &[&str]) -> Self {
        let transcript = Transcript::new(Mutex::default());
        let services =
            Arc::new(Services { texts: TextTable::new(1_000), transcript: Arc::clone(&transcript) });
        let costs: Box<dyn FillCosts> =
            if lines.contains(&"costs") { Box::new(ModelCosts) } else { Box::new(NoCosts) };
        let config = EngineConfig {
            trading_type: TradingType::Backtest,
            cash: "1000".parse().expect("an amount"),
            currency: services.intern("USD"),
            limits: limits(lines, Scope::Run),
            order_ids: OrderIds::default(),
            account: account(lines),
            oms_type: if lines.contains(&"hedging") { OmsType::Hedging } else { OmsType::Netting },
            accounting: if lines.contains(&"fifo") { Accounting::Fifo } else { Accounting::Average },
            costs,
        };
        let mut engine = Engine::new(config, services.clone());
        // X and the index Z on exchange 1, Y on exchange 2
        for (symbol, kind, exchange) in [
            ("X", InstrumentType::Equity, 1),
            ("Y", InstrumentType::Equity, 2),
            ("Z", InstrumentType::Index, 1),
        ] {
            let mut instrument = Instrument::new(symbol, kind).price_decimals(0);
            instrument.exchange = ExchangeId(exchange);
            if symbol == "Y" && lines.iter().any(|line| line.starts_with("euro ")) {
                instrument.currency = "EUR".to_owned();
            }
            if symbol == "Z" {
                instrument.price_decimals = 2;
            }
            let record = instrument_to_record(&instrument, |text| services.intern(text));
            engine.add_instrument(instrument, record).expect("a free id");
        }
        for line in lines.iter().filter_map(|line| line.strip_prefix("instrument ")) {
            let instrument = described(line);
            let record = instrument_to_record(&instrument, |text| services.intern(text));
            engine.add_instrument(instrument, record).expect("a free id");
        }
        set_routes(&mut engine, lines);
        // Y is in euros: `euro 1.25`, or `euro 1.25 by Z` with the price of Z in hundredths
        if let Some(words) = lines.iter().find_map(|line| line.strip_prefix("euro ")) {
            let (rate, quoted) =
                words.split_once(" by ").map_or((words, None), |(rate, by)| (rate, Some(by)));
            let initial = rate.parse().expect("a rate");
            let source = quoted.map_or(RateSource::Fixed(initial), |by| RateSource::Quoted {
                instrument: InstrumentId(instrument(by)),
                is_inverse: false,
                initial,
            });
            engine.set_rate("EUR", source).expect("a rate above 0");
        }
        // what exchange 1 takes: `takes market limit reduce`
        if let Some(words) = lines.iter().find_map(|line| line.strip_prefix("takes ")) {
            engine.set_takes(ExchangeId(1), takes(words));
        }
        let owners = lines.iter().filter(|line| is_setup(line)).filter_map(|line| owner(line));
        // capitals are new versions
        let last = owners.filter(char::is_ascii_lowercase).max();
        for name in 'a'..=last.unwrap_or('a') {
            let has = |word: &str| lines.contains(&format!("{word} {name}").as_str());
            let config = StrategyConfig {
                name: name.to_string(),
                may_shutdown: has("shutdown"),
                cancels_on_stop: !has("keep"),
                is_batch_safe: has("batch"),
                bars: Vec::new(),
            };
            let actor = actor(name, lines, &transcript);
            engine.add_strategy(config, Box::new(actor)).expect("a free id");
        }
        limit_scopes(&mut engine, lines);
        let setup = lines.iter().map(|line| (*line).to_owned()).collect();
        Self { engine, transcript, setup, seq: 0, now: START_NS }
    }

    /// A new instance by the rules of a name.
    pub(crate) fn actor(&self, name: char) -> Box<dyn StrategyInstance> {
        let lines: Vec<&str> = self.setup.iter().map(String::as_str).collect();
        Box::new(actor(name, &lines, &self.transcript))
    }

    pub(crate) fn write(&self, line: &str) {
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }

    fn input(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["wait", time] => self.wait(duration(time)),
            // a loop that comes late
            ["sleep", time] => self.now += duration(time),
            ["seq", seq] => self.seq = number(seq).cast_unsigned() - 1,
            ["show"] => self.show(),
            ["owner"] => {
                self.engine.add_owner("by-hand").expect("a free id");
            }
            ["next"] => {
                let next = self.engine.next_timer().map_or("none".to_owned(), |due| due.to_string());
                self.write(&format!("    next timer: {next}"));
            }
            _ if self.change(&words) => {}
            _ => self.step(input(&words)),
        }
    }

    /// Lets time pass: timers fire at their own times, as `Driver::feed_timers` does it.
    fn wait(&mut self, duration: i64) {
        let end = self.now + duration;
        while let Some(due) = self.engine.next_timer().map(Timestamp::get).filter(|due| *due <= end) {
            self.now = due;
            self.step(InputKind::Timers);
        }
        self.now = end;
    }

    pub(crate) fn step(&mut self, kind: InputKind) {
        self.seq += 1;
        let input = Input { seq: self.seq, at: Timestamp::new(self.now), kind };
        let lines = match self.engine.step(&input) {
            Ok(outputs) => outputs.iter().filter(|output| is_shown(output)).map(output_line).collect(),
            Err(error) => vec![format!("error {:?}: {error}", error.kind())],
        };
        for line in lines {
            self.write(&format!("  ! {line}"));
        }
    }

    /// Trades of one instant, as many in one call as can be.
    pub(crate) fn slice(&mut self, symbol: &str, prices: &[&str]) {
        let event = |price: &&str| abi::Event {
            instrument: instrument(symbol),
            kind: abi::event_kind::TRADE,
            data: [number(price), 1, 0, 0, 0],
            ..abi::Event::default()
        };
        let events: Vec<_> = prices.iter().map(event).collect();
        let mut left = &events[..];
        while !left.is_empty() {
            let fed =
                self.engine.step_slice(self.seq + 1, Timestamp::new(self.now), left).expect("it goes on");
            self.seq += u64::try_from(fed).expect("a small number");
            let lines: Vec<_> =
                self.engine.outputs().iter().filter(|output| is_shown(output)).map(output_line).collect();
            self.write(&format!("    took {fed}"));
            lines.iter().for_each(|line| self.write(&format!("  ! {line}")));
            left = &left[fed..];
        }
    }

    fn show(&self) {
        let (realized, fees) = self.engine.realized_and_fees();
        let money = |amount: Option<Money>| amount.map_or("overflow".to_owned(), short);
        self.write(&format!(
            "    cash {} equity {} realized {} fees {}",
            money(self.engine.cash()),
            money(self.engine.equity()),
            short(realized),
            short(fees)
        ));
        for (index, (config, state, statistics)) in self.engine.strategies().enumerate() {
            let id = StrategyId(u16::try_from(index).expect("few strategies"));
            let state = match state {
                StrategyState::Started => "started".to_owned(),
                StrategyState::Stopped(why) => format!("stopped ({why})"),
                StrategyState::Faulted(fault) => format!("faulted ({fault})"),
            };
            let mut line = format!(
                "    {} {state}, {} events {} orders {} denials, pnl {}",
                config.name,
                statistics.events,
                statistics.orders,
                statistics.denials,
                money(self.engine.pnl(id))
            );
            for (instrument, position) in self.engine.positions(id) {
                line += &format!("; {} {}", symbol(instrument.0), position.size);
                if position.side != PositionSide::Net {
                    line += &format!(" {} realized {}", position.side, short(position.realized));
                }
            }
            self.write(&line);
        }
        for order in self.engine.working_orders() {
            self.write(&format!("    {}", order_text(order)));
        }
    }
}

fn takes(words: &str) -> Takes {
    let has = |word: &str| words.split_whitespace().any(|one| one == word);
    let types: Vec<_> = OrderType::ALL.iter().copied().filter(|one| has(one.name())).collect();
    let mut takes = Takes::of(&types);
    for (word, flag) in [("reduce", OrderFlags::REDUCE_ONLY), ("post", OrderFlags::POST_ONLY)] {
        takes = if has(word) { takes.flags(flag) } else { takes };
    }
    if has("groups") { takes.groups() } else { takes }
}

/// `account cash`, `account cash short`, `account margin 0.5 0.25`.
fn account(lines: &[&str]) -> AccountRules {
    let words = lines.iter().find_map(|line| line.strip_prefix("account "));
    let words: Vec<&str> = words.unwrap_or_default().split_whitespace().collect();
    match words[..] {
        ["cash", ref rest @ ..] => AccountRules::Cash { allow_short: rest.contains(&"short") },
        ["margin", initial, maintenance] => AccountRules::Margin {
            initial: initial.parse().expect("a part"),
            maintenance: maintenance.parse().expect("a part"),
        },
        _ => AccountRules::Unlimited,
    }
}

/// How a strategy without lines of its own is treated.
pub(crate) fn config(name: String, cancels_on_stop: bool) -> StrategyConfig {
    StrategyConfig { name, may_shutdown: false, cancels_on_stop, is_batch_safe: false, bars: Vec::new() }
}

/// The strategy of a rule or set-up line.
fn owner(line: &str) -> Option<char> {
    if line.get(1..5) == Some(" on ") {
        return line.chars().next();
    }
    let name = line.split_whitespace().nth(1).filter(|word| word.len() == 1)?;
    name.chars().next()
}

fn actor(name: char, lines: &[&str], transcript: &Transcript) -> Actor {
    let mut rules = Vec::new();
    for line in lines {
        let Some((head, requests)) =
            line.strip_prefix(&format!("{name} on ")).and_then(|l| l.split_once(": "))
        else {
            continue;
        };
        rules.push((head.to_owned(), requests.split(';').map(|r| r.trim().to_owned()).collect()));
    }
    let hook = |name_of_hook: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(&format!("hooks {name} ")));
        let words = line.into_iter().flat_map(str::split_whitespace);
        let value = words.filter_map(|word| word.split_once('=')).find(|(n, _)| *n == name_of_hook);
        match value {
            None => Hook::NoOpinion,
            Some((_, "panic")) => Hook::Panics,
            Some((_, amount)) => Hook::Amount(amount.parse().expect("an amount")),
        }
    };
    Actor {
        name,
        rules,
        slippage: hook("slippage"),
        cost: hook("cost"),
        is_quiet: lines.contains(&format!("quiet {name}").as_str()),
        state: lines.contains(&format!("stateful {name}").as_str()).then_some(0),
        transcript: Arc::clone(transcript),
    }
}

fn input(words: &[&str]) -> InputKind {
    let market = |kind: u16, symbol: &str, data: [i64; 5]| {
        InputKind::Market(abi::Event { instrument: instrument(symbol), kind, data, ..abi::Event::default() })
    };
    let some = |symbol: &str| Some(InstrumentId(instrument(symbol)));
    match *words {
        ["trade", symbol, price] => market(abi::event_kind::TRADE, symbol, [number(price), 1, 0, 0, 0]),
        ["quote", symbol, bid] => {
            market(abi::event_kind::QUOTE, symbol, [number(bid), 1, number(bid) + 1, 1, 0])
        }
        ["bar", symbol, open, high, low, close] => {
            market(abi::event_kind::BAR, symbol, [number(open), number(high), number(low), number(close), 1])
        }
        ["bar", symbol, close] => {
            let close = number(close);
            market(abi::event_kind::BAR, symbol, [close, close, close, close, 1])
        }
        ["hand", ref rest @ ..] => InputKind::ByHand(by_hand(rest)),
        ["timers"] => InputKind::Timers,
        ["start"] => InputKind::Start,
        ["exit"] => InputKind::Exit(Reason::DataEnded),
        ["halt"] => InputKind::Halt(None, Reason::Requested),
        ["halt", symbol] => InputKind::Halt(some(symbol), Reason::Requested),
        ["continue"] => InputKind::Continue(None, Reason::Requested),
        ["continue", symbol] => InputKind::Continue(some(symbol), Reason::Requested),
        ["trading", ref rest @ ..] => InputKind::Trading(trading(rest)),
        ["stop", name] => {
            let index = u16::try_from(order_id(&format!("{name}0")) >> 40).expect("a strategy") - 1;
            InputKind::StopStrategy(StrategyId(index), Reason::Requested)
        }
        ["feed", kind, symbol] => InputKind::Order(abi::OrderEvent {
            kind: kind_of(kind),
            status: abi::order_status::OPEN,
            instrument: instrument(symbol),
            ..abi::OrderEvent::default()
        }),
        [kind, order, ref rest @ ..] => InputKind::Order(report(kind, order, rest)),
        _ => panic!("{words:?} is no input"),
    }
}

fn by_hand(words: &[&str]) -> ByHand {
    let id = |name: &str| ClientOrderId(order_id(name));
    match *words {
        ["cancel", order] => ByHand::Cancel(id(order)),
        ["change", order, quantity, "@", price] => {
            ByHand::Change(id(order), Price::new(number(price)), Quantity::new(number(quantity)))
        }
        ["cancel_all"] => ByHand::CancelAll(None, None),
        ["cancel_all", symbol] => ByHand::CancelAll(None, Some(InstrumentId(instrument(symbol)))),
        [name, side, ref rest @ ..] => {
            let owner = u16::try_from(order_id(&format!("{name}0")) >> 40).expect("a strategy") - 1;
            let side = if side == "buy" { Side::Buy } else { Side::Sell };
            ByHand::New(StrategyId(owner), order_request(side, rest))
        }
        _ => panic!("{words:?} is nothing by hand"),
    }
}

fn kind_of(name: &str) -> u16 {
    let kind = OrderEventKind::ALL.iter().find(|kind| kind.name() == name);
    kind.unwrap_or_else(|| panic!("`{name}` is no order event")).code()
}

/// A report from `received a1`, `lost a1`, `expired a1`, `bought a1 4 @ 100 trade=7 fee=1`, `change a1 12 @ 101`.
fn report(kind: &str, order: &str, words: &[&str]) -> abi::OrderEvent {
    let (kind, status) = match kind {
        "lost" => ("received", abi::order_status::UNKNOWN),
        "expired" => ("canceled", abi::order_status::EXPIRED),
        other => (other, 0),
    };
    let mut report = abi::OrderEvent {
        client_order_id: order_id(order),
        kind: kind_of(kind),
        status,
        ts: START_NS,
        ..abi::OrderEvent::default()
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some(("trade", value)) => report.trade_id = number(value).cast_unsigned(),
            Some(("fee", value)) => report.fee = value.parse::<Money>().expect("an amount").into(),
            Some(("exchange", value)) => report.exchange = u16::try_from(number(value)).expect("an exchange"),
            Some(("instrument", value)) => report.instrument = instrument(value),
            Some(("of", value)) => report.quantity = number(value),
            Some(("status", "filled")) => report.status = abi::order_status::FILLED,
            Some(("reason", "unknown_order")) => report.reason = Reason::UnknownOrder.code(),
            Some(_) => panic!("`{word}` is nothing of a report"),
            None if *word == "@" => {
                let price = number(words.next().expect("a price after `@`"));
                (report.last_price, report.price) = (price, price);
            }
            None if kind == "change" => report.quantity = number(word),
            None => report.last_quantity = number(word),
        }
    }
    report
}

/// An amount without trailing zeros.
pub(crate) fn short(amount: Money) -> String {
    amount.to_string().trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn request_text(request: &OrderRequest) -> String {
    let mut text = format!("{} ", request.side);
    match request.notional {
        None => text += &request.quantity.to_string(),
        Some(notional) => text += &format!("for {}", short(notional)),
    }
    text += &format!(" {} {}", symbol(request.instrument.0), request.order_type);
    if let Some(price) = request.price {
        text += &format!(" @ {price}");
    }
    if let Some(price) = request.stop_price {
        text += &format!(" at {price}");
    }
    for (flag, word) in [(OrderFlags::REDUCE_ONLY, "reduce"), (OrderFlags::POST_ONLY, "post")] {
        if request.flags.contains(flag) {
            text += &format!(" {word}");
        }
    }
    if request.lifetime != Lifetime::Gtc {
        text += " with an end";
    }
    if request.group != 0 {
        text += " grouped";
    }
    text
}

fn order_text(order: &Order) -> String {
    let quantity: Quantity = order.request.quantity;
    let mut text = format!("{} {} {}/{quantity}", order_name(order.id.0), order.status(), order.filled);
    if let Some(held) = order.held() {
        text += &format!(" held for {}", held.name());
    }
    if order.state.reason() != Reason::None {
        text += &format!(" {}", order.state.reason());
    }
    text
}

/// What the next line says anyway: that a new order was denied for a reason without numbers.
fn is_shown(output: &Output) -> bool {
    !matches!(output, Output::Denied(Denial { breach: None, is_change: false, .. }))
}

fn output_line(output: &Output) -> String {
    let name = |strategy: &StrategyId| char::from(b'a' + u8::try_from(strategy.0).expect("few strategies"));
    match output {
        Output::Submit(order) => {
            format!("submit {} {}", order_name(order.get().id.0), request_text(&order.get().request))
        }
        Output::Held(order) => format!("held {} {}", order_name(order.id.0), request_text(&order.request)),
        Output::Cancel(cancel) => format!("cancel {}", order_name(cancel.id.0)),
        Output::Change(change) => {
            format!("change {} {}", order_name(change.get().id.0), request_text(&change.get().request))
        }
        Output::ByHand { order, strategy } => {
            format!("by hand {} of {}", order_name(order.0), name(strategy))
        }
        Output::Filled(report) => {
            let fill = &report.fill;
            let mut line =
                format!("filled {} {} @ {}", order_name(fill.client_order_id), fill.quantity, fill.price);
            for (what, cost) in
                [("fee", fill.fee), ("slippage", fill.slippage), ("cost", fill.transaction_cost)]
            {
                if Money::from(cost) != Money::ZERO {
                    line += &format!(" {what} {}", short(cost.into()));
                }
            }
            line
        }
        Output::OrderFinished(order) => format!("finished {}", order_text(order)),
        Output::Denied(denial) => denial_line("denied", denial),
        Output::Reduced(denial) => denial_line("reduced", denial),
        Output::Trading { scope, state, reason } => {
            format!("trading of {} is {} ({reason})", scope_name(*scope), state.name())
        }
        Output::SessionClosed { scope } => format!("session of {} is over", scope_name(*scope)),
        Output::StrategyStopped { strategy, reason } => format!("stopped {}: {reason}", name(strategy)),
        Output::StrategyRolledBack { strategy, fault } => format!("rolled back {}: {fault}", name(strategy)),
        Output::ProbationPassed { strategy } => format!("probation of {} passed", name(strategy)),
        Output::StrategyFaulted { strategy, fault, at } => {
            let mut line = format!("faulted {}: {fault}", name(strategy));
            if let Some(FaultPlace { handler, instrument, order }) = at {
                line += &format!(" (in {handler}");
                line += &instrument.map_or(String::new(), |id| format!(" {}", symbol(id.0)));
                line += &order.map_or(String::new(), |id| format!(" {}", order_name(id.0)));
                line += ")";
            }
            line
        }
        Output::Shutdown { strategy, reason } => format!("shutdown by {}: {reason}", name(strategy)),
        Output::Metric { strategy, name: what, value } => {
            format!("metric of {}: {what} = {}", name(strategy), short(*value))
        }
        Output::UnknownOrder(report) => format!("UNKNOWN ORDER {}", order_line(report)),
        Output::Overfilled(event) => format!("OVERFILLED {}", order_line(event)),
        Output::BookGap(gap) => {
            format!("gap in the book of {}: {} for {}", gap.instrument, gap.found, gap.expected)
        }
        Output::Exited => "exited".to_owned(),
    }
}

fn denial_line(what: &str, denial: &Denial) -> String {
    let change = if denial.is_change { "change of " } else { "" };
    let mut line = format!("{what} {change}{} {} {}", order_name(denial.order.0), denial.side, denial.asked);
    line += &format!(" {} to {}: {}", symbol(denial.instrument.0), denial.allowed, denial.reason);
    if let Some(breach) = denial.breach {
        let (used, limit) = (short(breach.used), short(breach.limit));
        line += &format!(" {used} above {limit} of {}", scope_name(breach.scope));
    }
    line
}
