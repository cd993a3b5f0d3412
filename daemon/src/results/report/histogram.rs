//! How daily returns are spread.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates of a drawing"
)]

use std::fmt::Write as _;

use super::{html::Html, percent};
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
    let mut bars = String::new();
    for (index, count) in counts.iter().enumerate() {
        let (x, height) = (index as f64 * step, *count as f64 / most * 1_000.0);
        let class = if index * 2 + 1 < BARS { "bar sell" } else { "bar buy" };
        let from = (index as f64 * width - limit) * 100.0;
        let _ = write!(
            bars,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{count} days from {from:.2} % to {:.2} %</title></rect>",
            x + 1.5,
            1_000.0 - height,
            step - 3.0,
            from + width * 100.0
        );
    }
    html.raw(&bars);
    html.raw("</svg>");
    html.raw(&format!(
        "<span class=\"y\" style=\"top:0%\">{most:.0}</span><span class=\"y\" style=\"top:100%\">0</span>"
    ));
    for (left, value) in [(0.0, -limit), (50.0, 0.0), (100.0, limit)] {
        html.raw(&format!("<span class=\"x\" style=\"left:{left}%\">{}</span>", percent(Some(value))));
    }
    html.raw("</div></figure>\n");
    html.text(
        "p",
        "muted",
        &format!("Number of days, of {}; what is beyond the scale counts in the outer bars.", days.len()),
    );
    html.close("section");
}
