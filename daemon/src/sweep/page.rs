//! `sweep.html`: the maps, the best runs, what went wrong.

use std::collections::BTreeMap;

use super::{
    Swept, heat,
    measure::MEASURES,
    row::best,
    table::{columns, counts, shown},
};
use crate::results::{Html, config_rows};

/// Runs in the table.
const BEST_MAX: usize = 50;
/// Reasons that are shown.
const REASONS_MAX: usize = 20;
/// Maps: every pair of the first so many parameters.
const MAPPED_PARAMS_MAX: usize = 4;

/// The page of a sweep.
pub(crate) fn page(swept: &Swept<'_>) -> String {
    let mut html = Html::default();
    let params = swept.grid.params();
    html.open("header", "");
    html.text("p", "kind", "stratd · sweep");
    html.text("h1", "", &format!("{} combinations", swept.rows.len()));
    let spans: Vec<String> = params
        .iter()
        .map(|param| {
            let (first, last) = (param.values.first(), param.values.last());
            let (first, last) = (first.map_or("", String::as_str), last.map_or("", String::as_str));
            format!("{}: {} values from {first} to {last}", param.key, param.values.len())
        })
        .collect();
    html.text("p", "muted", &spans.join(" · "));
    html.text("p", "muted", &counts(swept.rows));
    html.close("header");
    maps(&mut html, swept);
    table(&mut html, swept);
    reasons(&mut html, swept);
    config_rows::section(&mut html, swept.config);
    html.page(&format!("sweep of {} combinations", swept.rows.len()))
}

fn maps(html: &mut Html, swept: &Swept<'_>) {
    let mapped = swept.grid.params().len().min(MAPPED_PARAMS_MAX);
    html.section(&format!("Best {}", swept.by.1.name));
    if mapped == 1 {
        // a second axis of one field
        heat::write(html, swept, (0, usize::MAX));
    }
    for down in 0..mapped {
        for across in down + 1..mapped {
            heat::write(html, swept, (across, down));
        }
    }
    html.close("section");
}

fn table(html: &mut Html, swept: &Swept<'_>) {
    html.section("Best runs");
    let columns = columns(swept.by.0);
    let keys = swept.grid.params().iter().map(|param| param.key.as_str());
    let names = columns.iter().map(|index| MEASURES[*index].name);
    let head: Vec<&str> = ["run"].into_iter().chain(keys).chain(names).collect();
    let rows: Vec<Vec<(&str, String)>> = best(swept.rows, swept.by, BEST_MAX)
        .into_iter()
        .map(|row| {
            let values = swept.grid.values(row.number).into_iter().map(str::to_owned);
            let figures = columns.iter().map(|index| shown(*index, row));
            let cells = [row.number.to_string()].into_iter().chain(values).chain(figures);
            cells.map(|cell| ("n", cell)).collect()
        })
        .collect();
    if rows.is_empty() {
        html.text("p", "muted", "None.");
    } else {
        html.table(&head, &rows);
        html.text(
            "p",
            "muted",
            "The folders of the first are in runs/, by the number of the run; all runs are in results.csv.",
        );
    }
    html.close("section");
}

fn reasons(html: &mut Html, swept: &Swept<'_>) {
    let mut reasons: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for row in swept.rows {
        if let Some(error) = &row.error {
            reasons.entry(error).or_insert((0, row.state.name())).0 += 1;
        }
    }
    if reasons.is_empty() {
        return;
    }
    html.section("Combinations without results");
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|(a, (one, _)), (b, (other, _))| other.cmp(one).then(a.cmp(b)));
    let count = reasons.len();
    let rows: Vec<Vec<(&str, String)>> = reasons
        .into_iter()
        .take(REASONS_MAX)
        .map(|(reason, (count, state))| {
            vec![("n", count.to_string()), ("", state.to_owned()), ("", reason.to_owned())]
        })
        .collect();
    html.table(&["combinations", "state", "reason"], &rows);
    if count > REASONS_MAX {
        html.text("p", "muted", &format!("The most frequent {REASONS_MAX} of {count} reasons."));
    }
    html.close("section");
}
