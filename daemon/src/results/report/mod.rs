//! `report.html`: a run on one page that needs nothing but a browser.
//!
//! The page has no link to anything outside of it, and no time or path of the machine that wrote it: equal runs write
//! equal bytes. Every text that came from a configuration, a plugin or the data is escaped. Its size is bounded, because
//! the timeline, the marks and the number of charts are.

mod calendar;
pub(super) mod chart;
pub(crate) mod config_rows;
mod histogram;
pub(crate) mod html;
mod scale;
mod sections;
mod tables;
mod warnings;

use stratd_engine::Engine;

use super::{Summary, recorder::Recorder};
use html::Html;

/// At most so many instruments have charts: those with the largest value traded.
const INSTRUMENT_CHARTS_MAX: usize = 12;
/// At most so many strategies have a line of their own.
const STRATEGY_LINES_MAX: usize = 8;

/// The page.
pub(super) fn page(recorder: &Recorder, summary: &Summary, engine: &Engine) -> String {
    let mut html = Html::default();
    sections::head(&mut html, summary);
    warnings::section(&mut html, recorder, summary);
    sections::tiles(&mut html, summary);
    sections::equity(&mut html, recorder);
    sections::drawdown(&mut html, recorder, summary);
    let days = recorder.run.clone().finish().days;
    tables::months(&mut html, &days);
    html.open("div", "pair");
    histogram::section(&mut html, &days);
    sections::rolling(&mut html, &days, summary.periods_per_year);
    sections::exposure(&mut html, recorder);
    html.close("div");
    sections::instruments(&mut html, recorder, engine);
    tables::strategies(&mut html, summary);
    tables::instruments(&mut html, summary);
    tables::denials(&mut html, recorder);
    sections::assumptions(&mut html, summary);
    config_rows::section(&mut html, &recorder.labels.config);
    html.page(&format!("{} of {}", summary.trading_type, title(summary)))
}

/// What the run was of.
fn title(summary: &Summary) -> String {
    const NAMES_SHOWN: usize = 3;
    let names: Vec<&str> = summary.strategies.iter().map(|s| s.name.as_str()).collect();
    match names.len() {
        0 => "no strategy".to_owned(),
        count if count > NAMES_SHOWN => {
            format!("{} and {} more", names[..NAMES_SHOWN].join(", "), count - NAMES_SHOWN)
        }
        _ => names.join(", "),
    }
}

/// `+12.34 %`, or a dash.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{:+.2} %", v * 100.0 + 0.0))
}

/// `12.3 %` of what has no sign, or a dash.
pub(super) fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{:.1} %", v * 100.0 + 0.0))
}

/// `1.23`, or a dash.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{:.2}", v + 0.0))
}

/// An amount with its thousands apart: `-1234567.80` becomes `-1,234,567.80`. What is no number stays as it is.
pub(super) fn grouped(amount: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return amount.to_owned();
    }
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// The class of a figure that is good or bad by its sign.
fn sign_class(text: &str) -> &'static str {
    let is_zero = !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    match text.starts_with('-') {
        _ if is_zero => "n",
        true => "n loss",
        false => "n gain",
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, percent, ratio, sign_class};

    #[test]
    fn amounts_are_grouped() {
        let texts = ["0.00", "999.10", "1000.00", "-1234567.80", "12", "<b>"].map(grouped);
        assert_eq!(texts, ["0.00", "999.10", "1,000.00", "-1,234,567.80", "12", "<b>"]);
    }

    #[test]
    fn no_figure_is_minus_zero() {
        assert_eq!(percent(Some(-0.0)), "+0.00 %");
        assert_eq!(ratio(Some(-0.0)), "0.00");
        assert_eq!(["-0.00", "-1.00", "2.00"].map(sign_class), ["n", "n loss", "n gain"]);
    }
}
