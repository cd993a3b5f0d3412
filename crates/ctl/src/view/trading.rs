//! Strategies, exchanges and risk.

use stratd_control::{Exchange, Risk, RiskScope, ScopeKind, Strategy, Trading, TradingState};

use super::{
    table::{Grid, line},
    words::{count, short_span},
};

pub(crate) fn strategies(strategies: &[Strategy]) -> String {
    if strategies.is_empty() {
        return "no strategies\n".to_owned();
    }
    let header = [
        "strategy", "state", "trading", "PnL", "position", "orders", "denials", "events", "events/s",
        "latency", "faults",
    ];
    let mut grid = Grid::new(&header, 3);
    for strategy in strategies {
        grid.add([
            strategy.name.clone(),
            strategy.state.name().to_owned(),
            strategy.trading.state.name().to_owned(),
            strategy.pnl.clone(),
            strategy.notional.clone(),
            count(strategy.orders_working),
            count(strategy.denials),
            count(strategy.events),
            count(strategy.events_per_second),
            strategy.latency_ns_p99.map(short_span).unwrap_or_default(),
            count(strategy.faults),
        ]);
    }
    let mut text = grid.text();
    for strategy in strategies {
        text.push_str(&remark(&strategy.name, &strategy.trading));
        if let Some(fault) = &strategy.last_fault {
            text.push_str(&format!("{}: {fault}\n", strategy.name));
        }
    }
    text
}

/// Why not everything may be traded, for below a table.
fn remark(name: &str, trading: &Trading) -> String {
    if trading.state == TradingState::Active { String::new() } else { format!("{name}: {}\n", why(trading)) }
}

/// What may be traded, since when and why.
fn why(trading: &Trading) -> String {
    let Trading { state, reason, since, note } = trading;
    let mut text = state.name().to_owned();
    if let Some(since) = since {
        text.push_str(&format!(" since {since}"));
    }
    if let Some(reason) = reason {
        text.push_str(&format!(": {reason}"));
    }
    if let Some(note) = note {
        text.push_str(&format!(" ({note})"));
    }
    text
}

pub(crate) fn strategy(strategy: &Strategy) -> String {
    let Strategy { name, plugin, generation, state, since, currency, .. } = strategy;
    let amount = |amount: &str| format!("{amount} {currency}");
    [
        format!("{name}, {} since {since}\n", state.name()),
        line("plugin", &format!("{plugin}, generation {generation}")),
        line("isolation", &place(&strategy.isolation, strategy.pid)),
        line("trading", &why(&strategy.trading)),
        line(
            "events",
            &format!("{}, {} in the last second", count(strategy.events), count(strategy.events_per_second)),
        ),
        line("latency", &latency(strategy)),
        line(
            "orders",
            &format!(
                "{} working, {} in all, {} denied",
                count(strategy.orders_working),
                count(strategy.orders),
                count(strategy.denials)
            ),
        ),
        line("positions", &format!("{}, worth {}", count(strategy.positions), amount(&strategy.notional))),
        line("PnL", &amount(&strategy.pnl)),
        line("  realized", &amount(&strategy.realized_pnl)),
        line("  unrealized", &amount(&strategy.unrealized_pnl)),
        line("  fees", &amount(&strategy.fees)),
        line("faults", &format!("{}, {} restarts", count(strategy.faults), count(strategy.restarts))),
        line("last fault", strategy.last_fault.as_deref().unwrap_or_default()),
        line("tag", &strategy.etag),
    ]
    .concat()
}

/// Where it runs. A process is not given a control group of its own: the unit leaves it none.
fn place(isolation: &str, pid: Option<u32>) -> String {
    let process = pid.map(|pid| format!(", pid {pid}, in the control group of the daemon"));
    format!("{isolation}{}", process.unwrap_or_default())
}

/// How long its recent calls took.
fn latency(strategy: &Strategy) -> String {
    let Strategy { latency_ns_p50: p50, latency_ns_p99: p99, latency_ns_max: max, .. } = strategy;
    let (Some(p50), Some(p99), Some(max)) = (p50, p99, max) else { return "no call yet".to_owned() };
    let [p50, p99, max] = [p50, p99, max].map(|ns| short_span(*ns));
    format!("p50 {p50}, p99 {p99}, max {max} of its recent calls")
}

pub(crate) fn exchanges(exchanges: &[Exchange]) -> String {
    if exchanges.is_empty() {
        return "no exchanges\n".to_owned();
    }
    let header = ["exchange", "state", "trading", "orders to", "instruments", "halted", "orders", "faults"];
    let mut grid = Grid::new(&header, 4);
    for exchange in exchanges {
        grid.add([
            exchange.name.clone(),
            exchange.state.name().to_owned(),
            exchange.trading.state.name().to_owned(),
            goes_to(exchange).to_owned(),
            count(exchange.instruments),
            count(exchange.instruments_halted),
            count(exchange.orders_working),
            count(exchange.faults),
        ]);
    }
    let mut text = grid.text();
    for exchange in exchanges {
        text.push_str(&remark(&exchange.name, &exchange.trading));
        if let Some(fault) = &exchange.last_fault {
            text.push_str(&format!("{}: {fault}\n", exchange.name));
        }
    }
    text
}

fn goes_to(exchange: &Exchange) -> &'static str {
    if exchange.order_entry { "the exchange" } else { "the fill model, if any" }
}

pub(crate) fn exchange(exchange: &Exchange) -> String {
    let Exchange { name, plugin, generation, state, since, .. } = exchange;
    [
        format!("{name}, {} since {since}\n", state.name()),
        line("plugin", &format!("{plugin}, generation {generation}")),
        line("isolation", &place(&exchange.isolation, exchange.pid)),
        line("trading", &why(&exchange.trading)),
        line(
            "instruments",
            &format!(
                "{}, {} halted because it is away",
                count(exchange.instruments),
                count(exchange.instruments_halted)
            ),
        ),
        line("orders", &format!("{} working, sent to {}", count(exchange.orders_working), goes_to(exchange))),
        line("faults", &format!("{}, {} restarts", count(exchange.faults), count(exchange.restarts))),
        line("last fault", exchange.last_fault.as_deref().unwrap_or_default()),
        line("tag", &exchange.etag),
    ]
    .concat()
}

pub(crate) fn risk(risk: &Risk) -> String {
    let mut text = line("trading", &why(&risk.trading));
    if risk.killed {
        text.push_str(&line("", "the kill switch is on: `stratctl risk release` lets trading go on"));
    }
    if risk.halted {
        text.push_str(&line("exchanges", "halted"));
    }
    text.push_str(&line("tag", &risk.etag));
    let mut grid = Grid::new(&["scope", "trading", "limit", "used", "of", "left"], 3);
    let mut rows = 0;
    for scope in &risk.scopes {
        let name = name_of(scope);
        for limit in &scope.limits {
            rows += 1;
            grid.add([
                name.clone(),
                scope.trading.state.name().to_owned(),
                limit.name.clone(),
                limit.used.clone(),
                limit.limit.clone(),
                limit.headroom.clone(),
            ]);
        }
    }
    text.push('\n');
    text.push_str(&if rows == 0 { "no limits\n".to_owned() } else { grid.text() });
    for scope in risk.scopes.iter().filter(|scope| scope.scope != ScopeKind::Run) {
        text.push_str(&remark(&name_of(scope), &scope.trading));
    }
    if risk.truncated {
        text.push_str("… and more scopes\n");
    }
    text
}

fn name_of(scope: &RiskScope) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    match scope.scope {
        ScopeKind::Run => "run".to_owned(),
        ScopeKind::Strategy => format!("strategy {}", name(&scope.strategy)),
        ScopeKind::Instrument => format!("instrument {}", name(&scope.instrument)),
    }
}
