//! The page of a comparison; as self-contained as that of one run.

use std::collections::BTreeMap;

use stratd_plugin_api::Timestamp;

use super::{ComparedRun, measures};
use crate::results::report::{
    chart::{Chart, Line, Unit},
    config_rows::flatten,
    html::Html,
};

/// At most so many differing keys are shown.
const DIFFERENCES_MAX: usize = 400;

/// The page of some runs.
#[must_use]
pub fn page(runs: &[ComparedRun]) -> String {
    let mut html = Html::default();
    html.open("header", "");
    html.text("p", "kind", "stratd · comparison");
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    html.text("h1", "", &format!("{} runs", runs.len()));
    html.text("p", "muted", &names.join(" · "));
    html.close("header");
    figures(&mut html, runs);
    curves(&mut html, "Growth of 1", runs, Unit::Number, |run| {
        run.days.iter().map(|day| day.equity).collect()
    });
    curves(&mut html, "Drawdown at the ends of days", runs, Unit::Percent, drawdowns);
    differences(&mut html, runs);
    html.page(&format!("comparison of {} runs", runs.len()))
}

fn figures(html: &mut Html, runs: &[ComparedRun]) {
    html.section("Figures");
    let head: Vec<&str> = [""].into_iter().chain(runs.iter().map(|run| run.name.as_str())).collect();
    let rows = measures(runs).into_iter().map(|measure| {
        let best = measure.best();
        let cells = measure.texts.into_iter().enumerate();
        let cells = cells.map(|(index, text)| (if best == Some(index) { "n sum gain" } else { "n" }, text));
        [("", measure.name.to_owned())].into_iter().chain(cells).collect()
    });
    let rows: Vec<Vec<(&str, String)>> = rows.collect();
    html.table(&head, &rows);
    html.text("p", "muted", "The best of a line is coloured.");
    html.close("section");
}

fn curves(
    html: &mut Html,
    title: &str,
    runs: &[ComparedRun],
    unit: Unit,
    values_of: impl Fn(&ComparedRun) -> Vec<f64>,
) {
    html.section(title);
    let drawn: Vec<(Vec<Timestamp>, Vec<f64>)> = runs
        .iter()
        .map(|run| {
            let times = run.days.iter().map(|day| Timestamp::new(day.day.saturating_mul(Timestamp::DAY_NS)));
            (times.collect(), values_of(run))
        })
        .collect();
    let ends = drawn.iter().filter_map(|(times, _)| Some((*times.first()?, *times.last()?)));
    let span = ends.reduce(|(from, to), (first, last)| (from.min(first), to.max(last)));
    let Some((from, to)) = span else {
        html.text("p", "muted", "Nothing to draw.");
        html.close("section");
        return;
    };
    let lines = runs.iter().zip(&drawn).enumerate().map(|(colour, (run, (times, values)))| Line {
        name: &run.name,
        colour,
        times,
        values,
        is_filled: false,
        is_stepped: false,
    });
    let is_low = unit == Unit::Percent;
    let baseline = is_low.then_some(0.0);
    Chart { from, to, lines: lines.collect(), marks: Vec::new(), unit, baseline, is_low }.write(html);
    html.close("section");
}

fn drawdowns(run: &ComparedRun) -> Vec<f64> {
    let mut peak = 1.0f64;
    let falls = run.days.iter().map(|day| {
        peak = peak.max(day.equity);
        day.equity / peak - 1.0
    });
    falls.collect()
}

/// Keys whose values are not the same in all runs.
fn differences(html: &mut Html, runs: &[ComparedRun]) {
    html.section("What differs in the configuration");
    let mut keys: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let mut rows = Vec::new();
        flatten(String::new(), &run.config, &mut rows);
        for (key, value) in rows {
            let values = keys.entry(key).or_insert_with(|| vec![None; runs.len()]);
            if let Some(place) = values.get_mut(index) {
                *place = Some(value);
            }
        }
    }
    keys.retain(|_, values| values.windows(2).any(|pair| pair[0] != pair[1]));
    if keys.is_empty() {
        html.text("p", "muted", "Nothing.");
        html.close("section");
        return;
    }
    let head: Vec<&str> = ["Key"].into_iter().chain(runs.iter().map(|run| run.name.as_str())).collect();
    let count = keys.len();
    let rows = keys.into_iter().take(DIFFERENCES_MAX).map(|(key, values)| {
        let cells = values.into_iter().map(|value| ("n code", value.unwrap_or_else(|| "–".to_owned())));
        [("code", key)].into_iter().chain(cells).collect()
    });
    let rows: Vec<Vec<(&str, String)>> = rows.collect();
    html.table(&head, &rows);
    if count > DIFFERENCES_MAX {
        html.text("p", "muted", &format!("The first {DIFFERENCES_MAX} of {count} keys."));
    }
    html.close("section");
}
