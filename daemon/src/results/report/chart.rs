//! Line charts as SVG.
//!
//! The drawing is stretched to the width of its place, the labels are text beside it: they have the size of the page's
//! text on a wide screen and on a narrow one.

use std::fmt::Write as _;

use stratd_plugin_api::Timestamp;

use super::{
    calendar,
    html::{Html, escape},
    scale::{SIDE, Scale, levels, range},
};

/// A line is drawn with the first, least, largest and last value of so many columns.
const COLUMNS: usize = 400;
/// More marks than these are drawn small.
const DOTS_MANY: usize = 120;
/// Digits behind the point of a label.
const DIGITS_MAX: usize = 8;

/// A chart over time.
pub(in crate::results) struct Chart<'a> {
    pub(in crate::results) from: Timestamp,
    pub(in crate::results) to: Timestamp,
    pub(in crate::results) lines: Vec<Line<'a>>,
    pub(in crate::results) marks: Vec<Dot>,
    pub(in crate::results) unit: Unit,
    /// A value that must be seen: 0 for what is measured from there.
    pub(in crate::results) baseline: Option<f64>,
    pub(in crate::results) is_low: bool,
}

/// What the values are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::results) enum Unit {
    Number,
    /// A fraction, shown times 100.
    Percent,
}

/// One line.
pub(in crate::results) struct Line<'a> {
    pub(in crate::results) name: &'a str,
    /// Colour, from 0; the same in legend and drawing.
    pub(in crate::results) colour: usize,
    pub(in crate::results) times: &'a [Timestamp],
    pub(in crate::results) values: &'a [f64],
    /// The space between the line and 0 is filled.
    pub(in crate::results) is_filled: bool,
    /// Goes on until the next value, as a position does.
    pub(in crate::results) is_stepped: bool,
}

/// A mark at an execution.
pub(in crate::results) struct Dot {
    pub(in crate::results) at: Timestamp,
    pub(in crate::results) value: f64,
    pub(in crate::results) is_buy: bool,
}

impl Chart<'_> {
    /// Writes the figure; nothing to draw is said.
    pub(in crate::results) fn write(&self, html: &mut Html) {
        let values = self.lines.iter().flat_map(|line| line.values.iter().copied());
        let shown = values.chain(self.marks.iter().map(|dot| dot.value)).chain(self.baseline);
        let Some((low, high)) = range(shown.filter(|value| value.is_finite())) else {
            html.text("p", "muted", "Nothing to draw.");
            return;
        };
        let (low, high, levels) = levels(low, high);
        let scale = Scale { from: self.from, to: self.to, low, high };
        self.legend(html);
        html.open("figure", if self.is_low { "chart low" } else { "chart" });
        html.raw(
            "<div class=\"plot\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\">",
        );
        for level in &levels {
            let y = scale.y(*level);
            html.raw(&format!("<path class=\"grid\" d=\"M0 {y:.1}H1000\"/>"));
        }
        for line in &self.lines {
            html.raw(&line.path(&scale));
        }
        html.raw(&self.dots(&scale));
        html.raw("</svg>");
        for level in &levels {
            let top = scale.y(*level) / SIDE * 100.0;
            html.raw(&format!(
                "<span class=\"y\" style=\"top:{top:.2}%\">{}</span>",
                self.unit.label(*level, &levels)
            ));
        }
        for (index, (at, label)) in calendar::marks(self.from, self.to).into_iter().enumerate() {
            let left = scale.x(at) / SIDE * 100.0;
            let class = if index % 2 == 0 { "x" } else { "x odd" };
            html.raw(&format!("<span class=\"{class}\" style=\"left:{left:.2}%\">{label}</span>"));
        }
        html.raw(&format!("<script type=\"application/json\">{}</script>", self.points()));
        html.raw("</div></figure>\n");
    }

    fn legend(&self, html: &mut Html) {
        if self.lines.len() < 2 && self.marks.is_empty() {
            return;
        }
        html.raw("<p class=\"legend\">");
        for line in &self.lines {
            html.raw(&format!("<span><i class=\"c{}\"></i>{}</span> ", line.colour, escape(line.name)));
        }
        if !self.marks.is_empty() {
            html.raw(
                "<span><i class=\"dot buy\"></i>bought</span> <span><i class=\"dot sell\"></i>sold</span>",
            );
        }
        html.raw("</p>\n");
    }

    /// Dots as lines without length, which the browser draws round and does not stretch.
    fn dots(&self, scale: &Scale) -> String {
        let mut text = String::new();
        let many = if self.marks.len() > DOTS_MANY { " many" } else { "" };
        for (is_buy, class) in [(true, "dot buy"), (false, "dot sell")] {
            let mut path = String::new();
            for dot in self.marks.iter().filter(|dot| dot.is_buy == is_buy && dot.value.is_finite()) {
                let _ = write!(path, "M{:.1} {:.1}h0", scale.x(dot.at), scale.y(dot.value));
            }
            if !path.is_empty() {
                let _ = write!(text, "<path class=\"{class}{many}\" d=\"{path}\"/>");
            }
        }
        text
    }

    /// What the pointer reads: the last value of each column of each line.
    fn points(&self) -> String {
        let mut text = String::from("[");
        for (index, line) in self.lines.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let name = serde_json::Value::String(line.name.to_owned()).to_string().replace('<', "\\u003c");
            let _ = write!(text, "{comma}{{\"name\":{name},\"points\":[");
            let mut comma = "";
            for column in line.columns() {
                let Some((at, value)) = column.last() else { continue };
                let x = Scale { from: self.from, to: self.to, low: 0.0, high: 1.0 }.x(*at);
                let time = at.to_string().replace('T', " ");
                let time = time.get(..16).unwrap_or(&time);
                let _ = write!(text, "{comma}[{x:.1},\"{time}\",\"{}\"]", self.unit.long(*value));
                comma = ",";
            }
            text.push_str("]}");
        }
        text.push(']');
        text
    }
}

impl Line<'_> {
    fn path(&self, scale: &Scale) -> String {
        let mut path = String::new();
        let mut last = None;
        for (at, value) in self.columns().flat_map(extremes) {
            let (x, y) = (scale.x(at), scale.y(value));
            let _ = match last {
                None => write!(path, "M{x:.1} {y:.1}"),
                Some(_) if self.is_stepped => write!(path, "H{x:.1}V{y:.1}"),
                Some(_) => write!(path, "L{x:.1} {y:.1}"),
            };
            last = Some(x);
        }
        let (Some(last), true) = (last, self.is_filled) else {
            return format!("<path class=\"line c{}\" d=\"{path}\"/>", self.colour);
        };
        let zero = scale.y(0.0f64.clamp(scale.low, scale.high));
        let first = path.get(1..).and_then(|rest| rest.split(' ').next()).unwrap_or("0").to_owned();
        format!(
            "<path class=\"area c{0}\" d=\"{path}L{last:.1} {zero:.1}L{first} {zero:.1}Z\"/>\
             <path class=\"line c{0}\" d=\"{path}\"/>",
            self.colour
        )
    }

    /// The values in at most [`COLUMNS`] parts of equal length.
    fn columns(&self) -> impl Iterator<Item = Vec<(Timestamp, f64)>> {
        let points: Vec<(Timestamp, f64)> =
            self.times.iter().copied().zip(self.values.iter().copied()).collect();
        let points: Vec<_> = points.into_iter().filter(|(_, value)| value.is_finite()).collect();
        let length = points.len().div_ceil(COLUMNS).max(1);
        points.chunks(length).map(<[_]>::to_vec).collect::<Vec<_>>().into_iter()
    }
}

impl Unit {
    /// A value of an axis, with as many digits as tell it from its neighbours.
    fn label(self, value: f64, levels: &[f64]) -> String {
        let largest = levels.iter().map(|level| level.abs()).fold(0.0, f64::max);
        let step = levels.windows(2).map(|pair| pair[1] - pair[0]).fold(largest, f64::min);
        let (factor, sign) = match self {
            Self::Percent => (0.01, " %"),
            Self::Number if largest >= 1e9 => (1e9, "G"),
            Self::Number if largest >= 1e6 => (1e6, "M"),
            Self::Number if largest >= 1e4 => (1e3, "k"),
            Self::Number => (1.0, ""),
        };
        let is_told = |digits: &usize| {
            let text = format!("{:.*}", *digits, step / factor);
            text.parse::<f64>().is_ok_and(|shown| (shown - step / factor).abs() < step / factor * 1e-6)
        };
        let digits = (0..DIGITS_MAX).find(is_told).unwrap_or(DIGITS_MAX);
        format!("{:.digits$}{sign}", value / factor + 0.0)
    }

    fn long(self, value: f64) -> String {
        match self {
            Self::Percent => format!("{:.2} %", value * 100.0 + 0.0),
            Self::Number if value.abs() >= 1_000.0 => super::grouped(&format!("{value:.2}")),
            Self::Number => trim(&format!("{:.4}", value + 0.0)),
        }
    }
}

/// Without zeros at the end.
fn trim(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// First, least, largest and last, in the order of their times: what a column of pixels shows.
fn extremes(column: Vec<(Timestamp, f64)>) -> Vec<(Timestamp, f64)> {
    if column.len() <= 4 {
        return column;
    }
    let by_value = |a: &(usize, &(Timestamp, f64)), b: &(usize, &(Timestamp, f64))| a.1.1.total_cmp(&b.1.1);
    let least = column.iter().enumerate().min_by(by_value).map_or(0, |(index, _)| index);
    let largest = column.iter().enumerate().max_by(by_value).map_or(0, |(index, _)| index);
    let mut kept = vec![0, least, largest, column.len() - 1];
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().filter_map(|index| column.get(index).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_tell_their_levels_apart() {
        let labels = |unit: Unit, levels: &[f64]| -> Vec<String> {
            levels.iter().map(|level| unit.label(*level, levels)).collect()
        };
        assert_eq!(labels(Unit::Number, &[0.0, 0.25, 0.5]), ["0.00", "0.25", "0.50"]);
        assert_eq!(
            labels(Unit::Number, &[999_800.0, 999_900.0, 1_000_000.0]),
            ["0.9998M", "0.9999M", "1.0000M"]
        );
        assert_eq!(labels(Unit::Number, &[10_000.0, 12_500.0]), ["10.0k", "12.5k"]);
        assert_eq!(labels(Unit::Percent, &[-0.125, 0.0]), ["-12.5 %", "0.0 %"]);
        assert_eq!(labels(Unit::Percent, &[-0.5, 0.0]), ["-50 %", "0 %"]);
    }

    #[test]
    fn a_name_cannot_end_the_script_that_it_stands_in() {
        let (times, values) = ([Timestamp::new(0), Timestamp::new(1)], [1.0, 2.0]);
        let name = "</script><script>alert(1)</script>";
        let line =
            Line { name, colour: 0, times: &times, values: &values, is_filled: false, is_stepped: false };
        let chart = Chart {
            from: times[0],
            to: times[1],
            lines: vec![line],
            marks: Vec::new(),
            unit: Unit::Number,
            baseline: None,
            is_low: false,
        };
        assert!(!chart.points().contains("</script>"));
    }
}
