//! Backtests.

use serde_json::Value;
use stratd_control::{Backtest, BacktestDone, BacktestProgress};

use super::{
    table::{Grid, line},
    words::count,
};

/// What of a summary is shown, and how it is called.
const SUMMARY_KEYS: [(&str, &str); 8] = [
    ("equity", "equity_end"),
    ("return", "return"),
    ("sharpe", "sharpe"),
    ("drawdown", "max_drawdown"),
    ("orders", "orders"),
    ("fills", "fills"),
    ("fees", "fees"),
    ("currency", "currency"),
];

/// All of them.
pub(crate) fn backtests(backtests: &[Backtest]) -> String {
    if backtests.is_empty() {
        return "no backtests\n".to_owned();
    }
    let mut grid = Grid::new(&["backtest", "name", "state", "submitted", "done", "events"], 4);
    for backtest in backtests {
        let progress = backtest.progress.clone().unwrap_or_default();
        grid.add([
            backtest.id.clone(),
            backtest.name.clone().unwrap_or_default(),
            backtest.state.name().to_owned(),
            backtest.submitted_at.get(..19).unwrap_or(&backtest.submitted_at).to_owned(),
            progress.percent.map_or_else(String::new, |percent| format!("{percent:.0}%")),
            count(progress.events),
        ]);
    }
    grid.text()
}

/// One of them.
pub(crate) fn backtest(backtest: &Backtest) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut shown = String::new();
    shown.push_str(&line("backtest", &backtest.id));
    shown.push_str(&line("name", &text(&backtest.name)));
    shown.push_str(&line("state", backtest.state.name()));
    shown.push_str(&line("file", &text(&backtest.file)));
    shown.push_str(&line("submitted", &backtest.submitted_at));
    shown.push_str(&line("started", &text(&backtest.started_at)));
    shown.push_str(&line("ended", &text(&backtest.ended_at)));
    shown.push_str(&line("process", &backtest.pid.map_or_else(String::new, |pid| pid.to_string())));
    if let Some(progress) = &backtest.progress {
        shown.push_str(&line("progress", &progress_line(progress)));
    }
    shown.push_str(&line("results", &text(&backtest.run_folder)));
    for (label, key) in SUMMARY_KEYS {
        let value = backtest.summary.as_ref().and_then(|summary| summary.get(key));
        shown.push_str(&line(label, &value.map_or_else(String::new, value_text)));
    }
    if let Some(error) = &backtest.error {
        shown.push_str(&format!("{error}\n"));
    }
    shown
}

/// How far one is, on one line.
pub(crate) fn progress_line(progress: &BacktestProgress) -> String {
    let BacktestProgress { events, events_per_second, time, percent, seconds_left } = progress;
    let mut parts = Vec::new();
    parts.extend(percent.map(|percent| format!("{percent:.1}%")));
    parts.push(format!("{} events", count(*events)));
    parts.push(format!("{events_per_second:.0}/s"));
    parts.extend(time.as_ref().map(|time| format!("at {time}")));
    parts.extend(seconds_left.filter(|left| *left > 0.0).map(|left| format!("{left:.0} s left")));
    parts.join(", ")
}

/// What was done.
pub(crate) fn backtest_done(done: &BacktestDone) -> String {
    format!("{}\n", done.report)
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
