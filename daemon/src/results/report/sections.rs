//! The parts of the page with figures and charts.

use std::collections::BTreeMap;

use stratd_engine::Engine;
use stratd_plugin_api::{InstrumentId, Money, Timestamp};

use super::{
    INSTRUMENT_CHARTS_MAX, STRATEGY_LINES_MAX,
    chart::{Chart, Dot, Line, Unit},
    grouped,
    html::Html,
    percent, ratio, share, sign_class, title,
};
use crate::results::{
    Summary,
    curve::DayClose,
    marks::Marks,
    ratios::{rolling_sharpe, rolling_volatility},
    recorder::Recorder,
};

/// Days of a rolling Sharpe ratio: a quarter.
const ROLLING_DAYS: usize = 63;

pub(super) fn head(html: &mut Html, summary: &Summary) {
    html.open("header", "");
    html.text("p", "kind", &format!("stratd · {}", summary.trading_type));
    html.text("h1", "", &title(summary));
    let period = match (&summary.start, &summary.end) {
        (Some(start), Some(end)) => {
            let day = |text: &str| text.get(..16).unwrap_or(text).replace('T', " ");
            format!(
                "{} to {} · {} days · {} events · {} instruments traded · {}",
                day(start),
                day(end),
                summary.days,
                grouped(&summary.events.to_string()),
                summary.instruments.len(),
                summary.currency
            )
        }
        _ => "no events".to_owned(),
    };
    html.text("p", "muted", &period);
    html.close("header");
}

/// The headline figures.
pub(super) fn tiles(html: &mut Html, summary: &Summary) {
    let r = &summary.ratios;
    let pnl = Money::default();
    let start: Money = summary.cash_start.parse().unwrap_or(pnl);
    let end: Money = summary.equity_end.parse().unwrap_or(pnl);
    let pnl = end.checked_sub(start).map_or_else(String::new, |pnl| grouped(&format!("{pnl:.2}")));
    let longest = format!("longest {:.0} days", summary.drawdown.longest_days);
    let trips = &summary.round_trips;
    let days_up = format!("{} of days", share(r.days_up));
    let tiles: [(&str, String, String); 12] = [
        ("Return", percent(summary.total_return), pnl),
        ("CAGR", percent(r.cagr), format!("{:.0} days a year", summary.periods_per_year)),
        ("Sharpe", ratio(r.sharpe), "daily, no risk-free rate".to_owned()),
        ("Sortino", ratio(r.sortino), days_up),
        ("Volatility", share(r.volatility), "a year".to_owned()),
        ("Max drawdown", percent(Some(-summary.max_drawdown)), longest),
        ("Calmar", ratio(r.calmar), "CAGR / drawdown".to_owned()),
        ("Hit rate", share(trips.hit_rate), format!("{} round trips", trips.count)),
        ("Profit factor", ratio(trips.profit_factor), "gains / losses".to_owned()),
        ("Turnover", ratio(summary.turnover), "times equity a year".to_owned()),
        ("Exposure", share(summary.exposure), format!("{} of the time", share(summary.time_in_market))),
        ("Costs", grouped(&summary.costs), format!("{} executions", grouped(&summary.fills.to_string()))),
    ];
    html.open("div", "tiles");
    for (name, value, note) in tiles {
        html.open("div", "tile");
        html.text("span", "name", name);
        let class = if matches!(name, "Return" | "CAGR") { sign_class(&value) } else { "n" };
        html.text("b", class, &value);
        html.text("span", "note", &note);
        html.close("div");
    }
    html.close("div");
}

pub(super) fn equity(html: &mut Html, recorder: &Recorder) {
    html.section("Equity");
    let timeline = &recorder.timeline;
    let names: Vec<&str> = recorder.labels.strategies.iter().map(|(name, _)| name.as_str()).collect();
    let line = |name, colour, values, is_filled| Line {
        name,
        colour,
        times: &timeline.times,
        values,
        is_filled,
        is_stepped: false,
    };
    let mut lines = Vec::new();
    if names.len() > 1 {
        let columns = names.iter().zip(&timeline.strategies).take(STRATEGY_LINES_MAX).enumerate();
        lines.extend(columns.map(|(index, (name, values))| line(name, index + 1, values, false)));
    }
    // last, so that it lies above the others
    lines.push(line("all together", 0, &timeline.equity, false));
    over_time(html, recorder, lines, Vec::new(), Unit::Number, None);
    if names.len() > STRATEGY_LINES_MAX {
        let text = format!("The first {STRATEGY_LINES_MAX} of {} strategies have lines.", names.len());
        html.text("p", "muted", &text);
    }
    html.close("section");
}

pub(super) fn drawdown(html: &mut Html, recorder: &Recorder, summary: &Summary) {
    html.section("Drawdown");
    if summary.max_drawdown == 0.0 {
        html.text("p", "muted", "The equity never fell below a peak.");
        html.close("section");
        return;
    }
    let falls: Vec<f64> = recorder.timeline.drawdown.iter().map(|fall| 0.0 - fall).collect();
    let line = Line {
        name: "below the peak",
        colour: 9,
        times: &recorder.timeline.times,
        values: &falls,
        is_filled: true,
        is_stepped: false,
    };
    over_time(html, recorder, vec![line], Vec::new(), Unit::Percent, Some(0.0));
    if let (Some(peak), Some(trough)) = (&summary.drawdown.peak, &summary.drawdown.trough) {
        let day = |text: &str| text.get(..10).unwrap_or(text).to_owned();
        let back = summary
            .drawdown
            .recovered
            .as_deref()
            .map_or("not recovered".to_owned(), |at| format!("back on {}", day(at)));
        let text = format!(
            "Largest fall {} ({} {}), from {} to {}, {back}.",
            percent(Some(-summary.max_drawdown)),
            grouped(&summary.max_drawdown_amount),
            summary.currency,
            day(peak),
            day(trough)
        );
        html.text("p", "muted", &text);
    }
    html.close("section");
}

pub(super) fn rolling(html: &mut Html, days: &[DayClose], periods: f64) {
    let ratios = rolling_sharpe(days, ROLLING_DAYS, periods);
    rolled(html, "Rolling Sharpe ratio", "Sharpe ratio", Unit::Number, &ratios);
    let volatilities = rolling_volatility(days, ROLLING_DAYS, periods);
    rolled(html, "Rolling volatility", "volatility of a year", Unit::Percent, &volatilities);
}

/// A figure of the last days, at each day.
fn rolled(html: &mut Html, title: &str, name: &str, unit: Unit, values: &[(i64, f64)]) {
    html.section(title);
    let times: Vec<Timestamp> =
        values.iter().map(|(day, _)| Timestamp::new(day * Timestamp::DAY_NS)).collect();
    let values: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    let (Some(from), Some(to), 2..) = (times.first(), times.last(), times.len()) else {
        html.text("p", "muted", &format!("Needs more than {ROLLING_DAYS} days."));
        html.close("section");
        return;
    };
    let line = Line { name, colour: 0, times: &times, values: &values, is_filled: false, is_stepped: false };
    let chart = Chart {
        from: *from,
        to: *to,
        lines: vec![line],
        marks: Vec::new(),
        unit,
        baseline: Some(0.0),
        is_low: true,
    };
    chart.write(html);
    html.text("p", "muted", &format!("Of the last {ROLLING_DAYS} days."));
    html.close("section");
}

pub(super) fn exposure(html: &mut Html, recorder: &Recorder) {
    html.section("Exposure");
    let line = Line {
        name: "value of all positions over equity",
        colour: 2,
        times: &recorder.timeline.times,
        values: &recorder.timeline.exposure,
        is_filled: true,
        is_stepped: true,
    };
    over_time(html, recorder, vec![line], Vec::new(), Unit::Percent, Some(0.0));
    html.text("p", "muted", "Value of all positions, long and short, over equity.");
    html.close("section");
}

/// Price with executions, and position, of the instruments that were traded most.
pub(super) fn instruments(html: &mut Html, recorder: &Recorder, engine: &Engine) {
    let mut traded: BTreeMap<InstrumentId, Money> = BTreeMap::new();
    for ((_, id), totals) in &recorder.fill_totals {
        let sum = traded.entry(*id).or_default();
        *sum = sum.checked_add(totals.notional).unwrap_or(*sum);
    }
    let count = traded.len();
    let mut order: Vec<(InstrumentId, Money)> = traded.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut charts = 0;
    for (id, _) in order.iter().take(INSTRUMENT_CHARTS_MAX) {
        let index = usize::try_from(id.0).ok().and_then(|id| id.checked_sub(1));
        let columns =
            index.and_then(|i| Some((recorder.timeline.prices.get(i)?, recorder.timeline.sizes.get(i)?)));
        if let (Some((prices, sizes)), Some(instrument)) = (columns, engine.instrument(*id)) {
            let none = Marks::default();
            let marks = recorder.marks.get(id).unwrap_or(&none);
            one_instrument(html, recorder, &instrument.symbol, (prices, sizes), marks);
            charts += 1;
        }
    }
    if charts < count {
        html.text(
            "p",
            "muted",
            &format!("{charts} of {count} traded instruments have charts; all are in the tables below."),
        );
    }
}

fn one_instrument(
    html: &mut Html,
    recorder: &Recorder,
    symbol: &str,
    (prices, sizes): (&[f64], &[f64]),
    marks: &Marks,
) {
    html.section(symbol);
    let line = |name, colour, values, is_stepped| Line {
        name,
        colour,
        times: &recorder.timeline.times,
        values,
        is_filled: is_stepped,
        is_stepped,
    };
    let dots = marks.kept.iter().map(|mark| Dot { at: mark.at, value: mark.price, is_buy: mark.is_buy });
    over_time(html, recorder, vec![line("price", 7, prices, false)], dots.collect(), Unit::Number, None);
    if marks.every > 1 {
        let text = format!(
            "One of {} executions is marked; there were {}.",
            marks.every,
            grouped(&marks.seen.to_string())
        );
        html.text("p", "muted", &text);
    }
    html.text("h3", "", "Position");
    let (Some(from), Some(to)) = (recorder.timeline.times.first(), recorder.timeline.times.last()) else {
        return;
    };
    Chart {
        from: *from,
        to: *to,
        lines: vec![line("position", 3, sizes, true)],
        marks: Vec::new(),
        unit: Unit::Number,
        baseline: Some(0.0),
        is_low: true,
    }
    .write(html);
    html.close("section");
}

/// What was assumed, in words.
pub(super) fn assumptions(html: &mut Html, summary: &Summary) {
    html.section("Assumptions");
    let a = &summary.assumptions;
    let sources: Vec<String> =
        summary.exchanges.iter().map(|exchange| format!("{} ({})", exchange.name, exchange.plugin)).collect();
    let rows = [
        ("Fills", a.fill.to_owned()),
        ("Latency", a.latency.clone()),
        ("Liquidity", a.liquidity.clone()),
        ("Fees", format!("{}; in all {}", a.fees, grouped(&summary.fees))),
        ("Slippage", format!("{}; in all {}", a.slippage, grouped(&summary.slippage))),
        (
            "Transaction cost",
            format!("{}; in all {}", a.transaction_cost, grouped(&summary.transaction_costs)),
        ),
        ("Data", sources.join(", ")),
        ("Starting cash", format!("{} {}", grouped(&summary.cash_start), summary.currency)),
    ];
    let rows: Vec<Vec<(&str, String)>> =
        rows.into_iter().map(|(name, text)| vec![("", name.to_owned()), ("wide", text)]).collect();
    html.table(&["Of", "Assumed"], &rows);
    html.close("section");
}

fn over_time(
    html: &mut Html,
    recorder: &Recorder,
    lines: Vec<Line<'_>>,
    marks: Vec<Dot>,
    unit: Unit,
    baseline: Option<f64>,
) {
    let times = &recorder.timeline.times;
    let (Some(from), Some(to)) = (times.first(), times.last()) else {
        html.text("p", "muted", "Nothing to draw.");
        return;
    };
    let is_low = unit == Unit::Percent;
    Chart { from: *from, to: *to, lines, marks, unit, baseline, is_low }.write(html);
}
