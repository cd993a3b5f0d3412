//! What of a run's summary is kept of each combination.

use serde_json::Value;

/// A figure of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Its column, and its word on the command line.
    pub(crate) name: &'static str,
    /// Where `summary.json` has it.
    pointer: &'static str,
    /// Whether more of it is better; `None` if nobody can tell.
    pub(crate) is_more_better: Option<bool>,
}

const fn measure(name: &'static str, pointer: &'static str, is_more_better: Option<bool>) -> Measure {
    Measure { name, pointer, is_more_better }
}

/// All of them, in the order of the columns.
pub(crate) const MEASURES: [Measure; 17] = [
    measure("return", "/return", Some(true)),
    measure("cagr", "/cagr", Some(true)),
    measure("sharpe", "/sharpe", Some(true)),
    measure("sortino", "/sortino", Some(true)),
    measure("calmar", "/calmar", Some(true)),
    measure("volatility", "/volatility", Some(false)),
    measure("max_drawdown", "/max_drawdown", Some(false)),
    measure("equity_end", "/equity_end", Some(true)),
    measure("realized", "/realized", Some(true)),
    measure("costs", "/costs", Some(false)),
    measure("orders", "/orders", None),
    measure("denied", "/denied", None),
    measure("fills", "/fills", None),
    measure("round_trips", "/round_trips/count", None),
    measure("hit_rate", "/round_trips/hit_rate", Some(true)),
    measure("turnover", "/turnover", None),
    measure("exposure", "/exposure", None),
];

impl Measure {
    /// By its word; one by which runs can be ordered.
    pub(crate) fn by_name(name: &str) -> Option<(usize, Self)> {
        MEASURES.into_iter().enumerate().find(|(_, m)| m.name == name && m.is_more_better.is_some())
    }

    /// The words of those by which runs can be ordered.
    pub(crate) fn names() -> Vec<&'static str> {
        MEASURES.iter().filter(|m| m.is_more_better.is_some()).map(|m| m.name).collect()
    }

    /// The figure such that more is better.
    pub(crate) fn merit(self, figure: f64) -> f64 {
        if self.is_more_better == Some(false) { -figure } else { figure }
    }
}

/// The figures of a summary, in the order of [`MEASURES`]; null where it has none.
pub(crate) fn figures(summary: &Value) -> Vec<Value> {
    MEASURES.iter().map(|m| summary.pointer(m.pointer).cloned().unwrap_or(Value::Null)).collect()
}

/// A figure as a number: amounts are texts in summaries.
pub(crate) fn number(figure: &Value) -> Option<f64> {
    let number = match figure {
        Value::String(text) => text.parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}
