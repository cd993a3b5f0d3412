//! The tables of the page.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{grouped, html::Html, percent, ratio, share, sign_class};
use crate::results::{
    InstrumentSummary, StrategySummary, Summary, curve::DayClose, denials::Outcome, finish::date,
    recorder::Recorder,
};

/// At most so many rows of a table; the rest is in the files.
const ROWS_MAX: usize = 200;
/// A month this good or bad has the full colour.
const FULL_COLOUR: f64 = 0.10;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns by month and year.
pub(super) fn months(html: &mut Html, days: &[DayClose]) {
    html.section("Monthly returns");
    let mut years: BTreeMap<String, [Option<f64>; 13]> = BTreeMap::new();
    for day in days {
        let date = date(day.day);
        let month = date.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
        let year = years.entry(date.get(..4).unwrap_or("").to_owned()).or_default();
        for cell in [month - 1, 12] {
            year[cell] = Some(year[cell].unwrap_or(1.0) * (1.0 + day.day_return));
        }
    }
    let mut table = String::from("<div class=\"scroll\"><table class=\"months\">\n<thead><tr><th></th>");
    for name in MONTHS.iter().chain(&["Year"]) {
        let _ = write!(table, "<th class=\"n\">{name}</th>");
    }
    table.push_str("</tr></thead>\n<tbody>\n");
    for (year, cells) in years.iter().rev().take(ROWS_MAX) {
        let _ = write!(table, "<tr><th>{year}</th>");
        for cell in cells {
            let Some(growth) = cell else {
                table.push_str("<td></td>");
                continue;
            };
            let value = growth - 1.0;
            let strength = (value.abs() / FULL_COLOUR).min(1.0) * 0.55;
            let colour = if value < 0.0 { "var(--sell-rgb)" } else { "var(--buy-rgb)" };
            let _ = write!(
                table,
                "<td class=\"n\" style=\"background:rgb({colour} / {strength:.2})\">{}</td>",
                tenths(value * 100.0)
            );
        }
        table.push_str("</tr>\n");
    }
    table.push_str("</tbody></table></div>\n");
    html.raw(&table);
    html.text("p", "muted", "In percent.");
    html.close("section");
}

pub(super) fn strategies(html: &mut Html, summary: &Summary) {
    html.section("Strategies");
    let head = [
        "Strategy",
        "Return",
        "Realized",
        "Unrealized",
        "Costs",
        "Sharpe",
        "Drawdown",
        "Round trips",
        "Hit rate",
        "Orders",
        "Denied",
        "Fills",
    ];
    let mut rows: Vec<Vec<(&str, String)>> =
        summary.strategies.iter().take(ROWS_MAX).map(strategy_row).collect();
    if summary.strategies.len() > 1 {
        rows.push(total_row(summary));
    }
    html.table(&head, &rows);
    cut(html, summary.strategies.len(), "summary.json");
    for strategy in summary.strategies.iter().filter(|s| !s.metrics.is_empty()).take(ROWS_MAX) {
        html.text("h3", "", &format!("Figures of {}", strategy.name));
        let rows: Vec<_> = strategy
            .metrics
            .iter()
            .map(|(name, value)| vec![("", name.clone()), ("n", value.clone())])
            .collect();
        html.table(&["Figure", "Last value"], &rows);
    }
    html.close("section");
}

fn strategy_row(s: &StrategySummary) -> Vec<(&'static str, String)> {
    let total = percent(s.total_return);
    let mut name = s.name.clone();
    if s.state != "started" {
        name = format!("{name} ({})", s.state);
    }
    vec![
        ("", name),
        (sign_class(&total), total),
        (sign_class(&s.realized), grouped(&s.realized)),
        (sign_class(&s.unrealized), grouped(&s.unrealized)),
        ("n", grouped(&s.costs)),
        ("n", ratio(s.ratios.sharpe)),
        ("n", percent(Some(-s.max_drawdown))),
        ("n", s.round_trips.count.to_string()),
        ("n", share(s.round_trips.hit_rate)),
        ("n", grouped(&s.orders.to_string())),
        ("n", grouped(&s.denied.to_string())),
        ("n", grouped(&s.fills.to_string())),
    ]
}

fn total_row(s: &Summary) -> Vec<(&'static str, String)> {
    let total = percent(s.total_return);
    vec![
        ("sum", "all".to_owned()),
        (sign_class(&total), total),
        (sign_class(&s.realized), grouped(&s.realized)),
        (sign_class(&s.unrealized), grouped(&s.unrealized)),
        ("n", grouped(&s.costs)),
        ("n", ratio(s.ratios.sharpe)),
        ("n", percent(Some(-s.max_drawdown))),
        ("n", s.round_trips.count.to_string()),
        ("n", share(s.round_trips.hit_rate)),
        ("n", grouped(&s.orders.to_string())),
        ("n", grouped(&s.denied.to_string())),
        ("n", grouped(&s.fills.to_string())),
    ]
}

pub(super) fn instruments(html: &mut Html, summary: &Summary) {
    html.section("Instruments");
    if summary.instruments.is_empty() {
        html.text("p", "muted", "Nothing was traded.");
        html.close("section");
        return;
    }
    let head = [
        "Instrument",
        "Exchange",
        "Position",
        "Last price",
        "Realized",
        "Unrealized",
        "Fees",
        "Slippage",
        "Costs",
        "Traded",
        "Fills",
    ];
    let row = |i: &InstrumentSummary| {
        vec![
            ("", i.symbol.clone()),
            ("", i.exchange.clone()),
            ("n", i.position.clone()),
            ("n", i.price_last.clone().unwrap_or_else(|| "–".to_owned())),
            (sign_class(&i.realized), grouped(&i.realized)),
            (sign_class(&i.unrealized), grouped(&i.unrealized)),
            ("n", grouped(&i.fees)),
            ("n", grouped(&i.slippage)),
            ("n", grouped(&i.transaction_costs)),
            ("n", grouped(&i.traded)),
            ("n", grouped(&i.fills.to_string())),
        ]
    };
    let rows: Vec<_> = summary.instruments.iter().take(ROWS_MAX).map(row).collect();
    html.table(&head, &rows);
    cut(html, summary.instruments.len(), "summary.json");
    html.close("section");
}

/// How often risk said no, and why; nothing if it never did.
pub(super) fn denials(html: &mut Html, recorder: &Recorder) {
    let counts = &recorder.denials.counts;
    if counts.is_empty() {
        return;
    }
    html.section("Denied and reduced orders");
    let row = |((strategy, outcome, reason), count): (&(String, Outcome, &'static str), &u64)| {
        vec![
            ("", strategy.clone()),
            ("", outcome.name().to_owned()),
            ("", (*reason).to_owned()),
            ("n", grouped(&count.to_string())),
        ]
    };
    let rows: Vec<_> = counts.iter().take(ROWS_MAX).map(row).collect();
    html.table(&["Strategy", "Outcome", "Reason", "Orders and changes"], &rows);
    cut(html, counts.len(), "denials.csv");
    html.text("p", "muted", "Each is a row of denials.csv, with the limit and what would be used of it.");
    html.close("section");
}

/// One digit behind the point; what rounds to nothing has no sign.
fn tenths(value: f64) -> String {
    let text = format!("{value:.1}");
    if text == "-0.0" { "0.0".to_owned() } else { text }
}

/// Tells what a table leaves out, and which file has all of it.
fn cut(html: &mut Html, count: usize, file: &str) {
    if count > ROWS_MAX {
        html.text("p", "muted", &format!("The first {ROWS_MAX} of {count}; all are in {file}."));
    }
}

#[cfg(test)]
mod tests {
    use super::{Html, ROWS_MAX, cut};

    #[test]
    fn a_table_that_is_cut_names_the_file_that_has_all() {
        let told = |count| {
            let mut html = Html::default();
            cut(&mut html, count, "denials.csv");
            html.page("x")
        };
        assert!(told(ROWS_MAX + 1).contains("The first 200 of 201; all are in denials.csv."));
        assert!(!told(ROWS_MAX).contains("denials.csv"));
    }
}
