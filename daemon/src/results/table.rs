//! The summary as a table on the terminal.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Assumptions, InstrumentSummary, Summary};

/// Prints the summary.
///
/// # Errors
/// The terminal cannot be written.
pub fn print_summary(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let period = match (&summary.start, &summary.end) {
        (Some(start), Some(end)) => {
            format!("{start} to {end}, {} days, {} events", summary.days, summary.events)
        }
        _ => "no events".to_owned(),
    };
    writeln!(out, "{}: {period}; {}", summary.trading_type, summary.assumptions.fill)?;
    // where exchanges execute, our own model is no assumption of anything
    if !matches!(summary.trading_type, "sandbox" | "live") {
        let Assumptions { latency, liquidity, fees, slippage, transaction_cost, .. } = &summary.assumptions;
        writeln!(out, "{latency}; liquidity: {liquidity}")?;
        writeln!(out, "fees: {fees}; slippage: {slippage}; transaction cost: {transaction_cost}")?;
    }
    writeln!(out)?;
    writeln!(out, "{}", strategy_table(summary))?;
    writeln!(out)?;
    let mut table =
        new_table(&["strategy", "instrument", "position", "last", "realized", "unrealized", "trades"]);
    for s in &summary.strategies {
        for i in &s.instruments {
            table.add_row(instrument_row(&s.name, i));
        }
    }
    if summary.instruments.is_empty() {
        writeln!(out, "nothing was traded")?;
    } else {
        writeln!(out, "{table}")?;
    }
    writeln!(out)?;
    writeln!(out, "cash {} -> equity {} {}", summary.cash_start, summary.equity_end, summary.currency)?;
    for s in summary.strategies.iter().filter(|s| s.state != "started") {
        writeln!(out, "strategy {} {}", s.name, s.state)?;
    }
    Ok(())
}

/// Each strategy, and the run.
fn strategy_table(summary: &Summary) -> Table {
    let mut table = new_table(&[
        "strategy",
        "return",
        "realized",
        "unrealized",
        "fees",
        "slippage",
        "costs",
        "Sharpe",
        "max drawdown",
        "orders",
        "denied",
        "trades",
    ]);
    for s in &summary.strategies {
        table.add_row(row([
            s.name.clone(),
            percent(s.total_return),
            s.realized.clone(),
            s.unrealized.clone(),
            s.fees.clone(),
            s.slippage.clone(),
            s.transaction_costs.clone(),
            ratio(s.ratios.sharpe),
            percent(Some(fall(s.max_drawdown))),
            s.orders.to_string(),
            s.denied.to_string(),
            s.fills.to_string(),
        ]));
    }
    table.add_row(row([
        format!("all ({})", summary.currency),
        percent(summary.total_return),
        summary.realized.clone(),
        summary.unrealized.clone(),
        summary.fees.clone(),
        summary.slippage.clone(),
        summary.transaction_costs.clone(),
        ratio(summary.ratios.sharpe),
        percent(Some(fall(summary.max_drawdown))),
        summary.orders.to_string(),
        summary.denied.to_string(),
        summary.fills.to_string(),
    ]));
    table
}

fn instrument_row(strategy: &str, i: &InstrumentSummary) -> Vec<Cell> {
    row([
        strategy.to_owned(),
        i.symbol.clone(),
        i.position.clone(),
        i.price_last.clone().unwrap_or_else(|| "-".to_owned()),
        i.realized.clone(),
        i.unrealized.clone(),
        i.fills.to_string(),
    ])
}

fn new_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
    table.set_header(header.iter().enumerate().map(|(i, text)| aligned(i, *text)));
    table
}

fn row<const N: usize>(cells: [String; N]) -> Vec<Cell> {
    cells.into_iter().enumerate().map(|(i, text)| aligned(i, text)).collect()
}

/// Names to the left, figures to the right.
fn aligned(column: usize, text: impl Into<String>) -> Cell {
    let cell = Cell::new(text.into());
    if column == 0 { cell } else { cell.set_alignment(CellAlignment::Right) }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{:.2} %", v * 100.0))
}

/// A drawdown as a return; none is 0, not -0.
fn fall(drawdown: f64) -> f64 {
    0.0 - drawdown
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}"))
}
