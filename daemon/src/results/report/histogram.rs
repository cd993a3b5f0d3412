//! How daily returns are spread.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates of a drawing"
)]

use std::fmt::Write as _;

use super::html::Html;
use crate::results::curve::DayClose;

/// Bars of the histogram: odd, so that one of them is around 0.
const BARS: usize = 31;
/// The outer bars are this many root mean squares from 0, or at the largest return.
const DEVIATIONS: f64 = 4.0;

/// How often daily returns were how large.
pub(super) fn section(html: &mut Html, days: &[DayClose]) {
    html.section("Daily returns");
    let largest = days.iter().map(|day| day.day_return.abs()).fold(0.0, f64::max);
    if days.len() < 2 || largest == 0.0 {
        html.text("p", "muted", "Nothing to draw.");
        html.close("section");
        return;
    }
    // days beyond this count in the outer bars, so that one of them does not hide the shape of all others
    let squares: f64 = days.iter().map(|day| day.day_return.powi(2)).sum();
    let limit = largest.min(DEVIATIONS * (squares / days.len() as f64).sqrt());
    let width = 2.0 * limit / BARS as f64;
    let mut counts = [0usize; BARS];
    for day in days {
        let bar = ((day.day_return + limit) / width).floor().max(0.0) as usize;
        counts[bar.min(BARS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    html.raw("<figure class=\"chart low\"><div class=\"plot\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\">");
    let step = 1_000.0 / BARS as f64;
    let digits = digits(limit);
    let mut bars = String::new();
    for (index, count) in counts.iter().enumerate() {
        let (x, height) = (index as f64 * step, *count as f64 / most * 1_000.0);
        let class = if index * 2 + 1 < BARS { "bar sell" } else { "bar buy" };
        let from = index as f64 * width - limit;
        let (from, to) = (in_percent(from, digits), in_percent(from + width, digits));
        let _ = write!(
            bars,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{count} days from {from} to {to}</title></rect>",
            x + 1.5,
            1_000.0 - height,
            step - 3.0,
        );
    }
    html.raw(&bars);
    html.raw("</svg>");
    html.raw(&format!(
        "<span class=\"y\" style=\"top:0%\">{most:.0}</span><span class=\"y\" style=\"top:100%\">0</span>"
    ));
    // the outer labels end with the drawing: a narrow page has no room beside it
    let labels = [
        ("x first", 0, in_percent(-limit, digits)),
        ("x", 50, "0 %".to_owned()),
        ("x last", 100, in_percent(limit, digits)),
    ];
    for (class, left, label) in labels {
        html.raw(&format!("<span class=\"{class}\" style=\"left:{left}%\">{label}</span>"));
    }
    html.raw("</div></figure>\n");
    html.text(
        "p",
        "muted",
        &format!("Number of days, of {}; what is beyond the scale counts in the outer bars.", days.len()),
    );
    html.close("section");
}

/// Decimals of a percentage, so that the largest one shows two digits that are not zero.
fn digits(limit: f64) -> usize {
    let zeros = -(limit * 100.0).log10().floor();
    (zeros + 1.0).clamp(2.0, 8.0) as usize
}

fn in_percent(value: f64, digits: usize) -> String {
    format!("{:+.digits$} %", value * 100.0 + 0.0)
}

#[cfg(test)]
mod tests {
    use super::{digits, in_percent};

    #[test]
    fn returns_of_any_size_have_labels_that_tell_them() {
        for (limit, label) in
            [(0.034, "+3.40 %"), (0.0034, "+0.34 %"), (0.000_034, "+0.0034 %"), (1.5, "+150.00 %")]
        {
            assert_eq!(in_percent(limit, digits(limit)), label);
        }
    }
}
