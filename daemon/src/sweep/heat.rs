//! A map of two parameters: each field has the colour of the best run of its two values.

use std::fmt::Write as _;

use super::{Swept, table::shown};
use crate::results::{Html, escape};

/// More values than these of one axis share fields.
const FIELDS_MAX: usize = 200;
/// The longer side, as far as fields can be seen.
const WIDTH: usize = 640;
/// Labels of an axis.
const LABELS_MAX: usize = 12;
/// From the worst to the best: readable on light and dark paper, and without seeing colours.
const SCALE: [(f64, f64, f64); 5] =
    [(68.0, 1.0, 84.0), (59.0, 82.0, 139.0), (33.0, 145.0, 140.0), (94.0, 201.0, 98.0), (253.0, 231.0, 37.0)];

/// Fields of the map: merit, and which row it is of.
struct Map {
    columns: usize,
    rows: usize,
    best: Vec<Option<(f64, usize)>>,
}

/// Writes the map of parameter `down` over parameter `across`; nothing if no run can be judged.
pub(super) fn write(html: &mut Html, swept: &Swept<'_>, (across, down): (usize, usize)) {
    let map = Map::of(swept, (across, down));
    let merits = map.best.iter().flatten().map(|(merit, _)| *merit);
    let (low, high) =
        merits.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), m| (low.min(m), high.max(m)));
    if low > high {
        html.text("p", "muted", "No run can be judged.");
        return;
    }
    let params = swept.grid.params();
    let key = |index: usize| params.get(index).map_or("", |param| param.key.as_str());
    html.open("figure", "heat");
    let _ = write_svg(html, swept, &map, (low, high), (across, down));
    html.open("figcaption", "muted");
    html.raw(&escape(&format!(
        "{} from left to right, {} upwards; {}: ",
        key(across),
        key(down),
        swept.by.1.name
    )));
    let ends = [low, high].map(|merit| format!("{:.4}", swept.by.1.merit(merit)));
    html.text("b", "", &ends[0]);
    html.raw(" <svg class=\"ramp\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">");
    for step in 0..50u32 {
        let colour = colour(f64::from(step) / 49.0);
        html.raw(&format!("<rect x=\"{}\" width=\"2.2\" height=\"10\" fill=\"{colour}\"/>", 2 * step));
    }
    html.raw("</svg> ");
    html.text("b", "", &ends[1]);
    html.close("figcaption");
    html.close("figure");
}

impl Map {
    fn of(swept: &Swept<'_>, (across, down): (usize, usize)) -> Self {
        let params = swept.grid.params();
        let len = |index: usize| params.get(index).map_or(1, |param| param.values.len()).max(1);
        let (wide, high) = (len(across), len(down));
        let (columns, rows) = (wide.min(FIELDS_MAX), high.min(FIELDS_MAX));
        let mut best = vec![None; columns * rows];
        for (at, row) in swept.rows.iter().enumerate() {
            let Some(merit) = row.merit(swept.by) else { continue };
            let indices = swept.grid.indices(row.number);
            let index = |param: usize| indices.get(param).copied().unwrap_or(0);
            let column = index(across) * columns / wide;
            let line = index(down) * rows / high;
            if let Some(field) = best.get_mut(line * columns + column)
                && field.is_none_or(|(known, _)| merit > known)
            {
                *field = Some((merit, at));
            }
        }
        Self { columns, rows, best }
    }
}

fn write_svg(
    html: &mut Html,
    swept: &Swept<'_>,
    map: &Map,
    (low, high): (f64, f64),
    (across, down): (usize, usize),
) -> std::fmt::Result {
    let params = swept.grid.params();
    let field = (WIDTH / map.columns.max(map.rows)).clamp(5, 26);
    let (left, bottom) = (70, 26);
    let (width, height) = (left + field * map.columns + 20, field * map.rows + bottom + 8);
    let mut svg = String::new();
    write!(
        svg,
        "<div class=\"scroll\"><svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">"
    )?;
    for (at, best) in map.best.iter().enumerate() {
        let (x, y) = (left + field * (at % map.columns), 4 + field * (map.rows - 1 - at / map.columns));
        let side = field - 1;
        let Some((merit, row)) = best else {
            write!(svg, "<rect class=\"none\" x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\"/>")?;
            continue;
        };
        let part = if high > low { (merit - low) / (high - low) } else { 1.0 };
        let Some(row) = swept.rows.get(*row) else { continue };
        let values = swept.grid.values(row.number);
        let values: Vec<String> =
            params.iter().zip(values).map(|(param, value)| format!("{} = {value}", param.key)).collect();
        let title = format!("{}: {} {}", values.join(", "), swept.by.1.name, shown(swept.by.0, row));
        write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" fill=\"{}\"><title>{}</title></rect>",
            colour(part),
            escape(&title)
        )?;
    }
    let labels = |index: usize, fields: usize| {
        let values = params.get(index).map(|param| param.values.as_slice()).unwrap_or_default();
        let step = fields.div_ceil(LABELS_MAX).max(1);
        let shown = (0..fields).step_by(step);
        shown
            .filter_map(|at| Some((at, values.get(at * values.len() / fields.max(1))?.clone())))
            .collect::<Vec<_>>()
    };
    for (at, value) in labels(across, map.columns) {
        let (x, y) = (left + field * at + field / 2, field * map.rows + 20);
        write!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escape(&short(&value)))?;
    }
    for (at, value) in labels(down, map.rows) {
        let y = 4 + field * (map.rows - 1 - at) + field / 2 + 4;
        write!(
            svg,
            "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>",
            left - 6,
            escape(&short(&value))
        )?;
    }
    svg.push_str("</svg></div>\n");
    html.raw(&svg);
    Ok(())
}

/// A label that has room.
fn short(value: &str) -> String {
    const CHARS: usize = 10;
    let mut text: String = value.chars().take(CHARS).collect();
    if value.chars().count() > CHARS {
        text.push('…');
    }
    text
}

/// A colour of the scale; 0 is the worst, 1 the best.
fn colour(part: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the scale")]
    let index = (part.clamp(0.0, 1.0) * 4.0).floor().min(3.0) as usize;
    let within = part.clamp(0.0, 1.0) * 4.0 - f64::from(u32::try_from(index).unwrap_or(0));
    let (a, b) = (SCALE[index], SCALE[index + 1]);
    let mix = |a: f64, b: f64| (a + (b - a) * within).round();
    format!("rgb({},{},{})", mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::colour;

    #[test]
    fn the_scale_goes_from_dark_to_light() {
        assert_eq!(colour(0.0), "rgb(68,1,84)");
        assert_eq!(colour(0.5), "rgb(33,145,140)");
        assert_eq!(colour(1.0), "rgb(253,231,37)");
        assert_eq!(colour(-1.0), colour(0.0));
    }
}
