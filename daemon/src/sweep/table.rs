//! The results as `results.csv`, and the best on the terminal.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::Value;

use super::{
    Swept,
    measure::{MEASURES, number},
    row::{Row, RowState, best},
};

/// The table of all combinations: their values, how they ended, their figures.
///
/// # Errors
/// It cannot be written.
pub(crate) fn csv(swept: &Swept<'_>) -> Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let keys = swept.grid.params().iter().map(|param| param.key.as_str());
    let measures = MEASURES.iter().map(|measure| measure.name);
    let head = ["run"].into_iter().chain(keys).chain(["state"]).chain(measures).chain(["error"]);
    file.write_record(head).context("writing results.csv")?;
    for row in swept.rows {
        let number = row.number.to_string();
        let values = swept.grid.values(row.number);
        let figures: Vec<String> =
            (0..MEASURES.len()).map(|index| row.figures.get(index).map(text).unwrap_or_default()).collect();
        let cells = [number.as_str()]
            .into_iter()
            .chain(values)
            .chain([row.state.name()])
            .chain(figures.iter().map(String::as_str))
            .chain([row.error.as_deref().unwrap_or_default()]);
        file.write_record(cells).context("writing results.csv")?;
    }
    file.into_inner().map_err(|error| anyhow::anyhow!("writing results.csv: {error}"))
}

/// A figure with all its digits; empty if there is none.
fn text(figure: &Value) -> String {
    match figure {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What people are shown of a figure.
pub(super) fn shown(index: usize, row: &Row) -> String {
    let (Some(figure), Some(measure)) = (row.figures.get(index), MEASURES.get(index)) else {
        return "–".to_owned();
    };
    let Some(value) = number(figure) else { return "–".to_owned() };
    match measure.name {
        "return" | "cagr" => format!("{:+.2} %", 100.0 * value + 0.0),
        "volatility" | "max_drawdown" | "hit_rate" | "exposure" => format!("{:.1} %", 100.0 * value + 0.0),
        "sharpe" | "sortino" | "calmar" | "turnover" => format!("{:.2}", value + 0.0),
        _ => text(figure),
    }
}

/// The figures beside the one that orders the runs.
const SHOWN: [&str; 6] = ["return", "sharpe", "max_drawdown", "costs", "fills", "hit_rate"];

/// Which figures a table shows: the one that orders it first.
pub(super) fn columns(by: usize) -> Vec<usize> {
    let others = (0..MEASURES.len()).filter(|index| *index != by && SHOWN.contains(&MEASURES[*index].name));
    [by].into_iter().chain(others).collect()
}

/// How many combinations ended how, in words.
pub(super) fn counts(rows: &[Row]) -> String {
    let count = |state| rows.iter().filter(|row| row.state == state).count();
    let counts = RowState::ALL.map(|state| (count(state), state.name()));
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

/// Prints the best runs.
///
/// # Errors
/// The terminal cannot be written.
pub(crate) fn print_best(out: &mut dyn Write, swept: &Swept<'_>, count: usize) -> io::Result<()> {
    let best = best(swept.rows, swept.by, count);
    writeln!(out, "{} combinations: {}", swept.rows.len(), counts(swept.rows))?;
    if best.is_empty() {
        return writeln!(out, "none has a {}", swept.by.1.name);
    }
    let columns = columns(swept.by.0);
    let mut table = Table::new();
    table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    let keys = swept.grid.params().iter().map(|param| right(&param.key));
    let names = columns.iter().map(|index| right(MEASURES[*index].name));
    table.set_header([right("run")].into_iter().chain(keys).chain(names));
    for row in best {
        let values = swept.grid.values(row.number);
        let cells = columns.iter().map(|index| right(&shown(*index, row)));
        let values = values.into_iter().map(right);
        table.add_row([right(&row.number.to_string())].into_iter().chain(values).chain(cells));
    }
    writeln!(out, "{table}")
}
