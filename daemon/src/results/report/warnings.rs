//! What a reader should know before believing the figures.

use super::html::Html;
use crate::results::{Summary, recorder::Recorder};

/// Below this many days ratios say little.
const DAYS_FEW: usize = 60;
/// Below this many round trips a hit rate says little.
const TRIPS_FEW: u64 = 20;

/// A list, if there is something to say.
pub(super) fn section(html: &mut Html, recorder: &Recorder, summary: &Summary) {
    let warnings = list(recorder, summary);
    if warnings.is_empty() {
        return;
    }
    html.open("aside", "warnings");
    html.text("h2", "", "Before you believe this");
    html.open("ul", "");
    for warning in &warnings {
        html.text("li", "", warning);
    }
    html.close("ul");
    html.close("aside");
}

fn list(recorder: &Recorder, summary: &Summary) -> Vec<String> {
    let mut warnings = Vec::new();
    for strategy in summary.strategies.iter().filter(|s| s.state.starts_with("faulted")) {
        warnings.push(format!("{} {}: it did not trade to the end.", strategy.name, strategy.state));
    }
    if summary.fills == 0 {
        warnings.push("Nothing was traded.".to_owned());
        return warnings;
    }
    if matches!(recorder.labels.fill.as_str(), "same_price" | "as_asked") {
        warnings.push(format!(
            "Fill rule {}: {}. Real orders cannot.",
            recorder.labels.fill, summary.assumptions.fill
        ));
    }
    let is_zero = |amount: &str| !amount.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if is_zero(&summary.costs) {
        warnings.push(
            "Trading cost nothing: there were no fees, no slippage and no transaction costs.".to_owned(),
        );
    }
    if summary.days < DAYS_FEW {
        warnings.push(format!(
            "{} day{}: ratios of fewer than {DAYS_FEW} days say little.",
            summary.days,
            if summary.days == 1 { "" } else { "s" }
        ));
    }
    if summary.round_trips.count < TRIPS_FEW {
        warnings.push(format!(
            "{} round trip{}: hit rate and profit factor of fewer than {TRIPS_FEW} say little.",
            summary.round_trips.count,
            if summary.round_trips.count == 1 { "" } else { "s" }
        ));
    }
    let is_flat = |position: &str| is_zero(position);
    let open = summary.instruments.iter().filter(|i| !is_flat(&i.position)).count();
    if open > 0 {
        warnings.push(format!(
            "Positions in {open} instrument{} are open at the end: {} {} of the result are not realized.",
            if open == 1 { "" } else { "s" },
            super::grouped(&summary.unrealized),
            summary.currency
        ));
    }
    if summary.denied > 0 {
        warnings.push(format!("Risk denied {} of {} orders.", summary.denied, summary.orders));
    }
    warnings
}
