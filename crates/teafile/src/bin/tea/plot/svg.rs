//! A picture as SVG, without a script and without a font of its own.

use std::fmt::Write;

use super::Picture;
use super::axis;

const LEFT: f64 = 76.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 34.0;
/// Pixels between two lines of the grid, about.
const GRID_X: f64 = 140.0;
const GRID_Y: f64 = 50.0;

/// How many places a picture of such a width has.
pub(super) fn columns(width: u16) -> usize {
    usize::from(width).saturating_sub(92).max(1)
}

/// The picture, of so many pixels.
pub(super) fn draw(picture: &Picture, width: u16, height: u16) -> String {
    let (width, height) = (f64::from(width), f64::from(height));
    let (inner_width, inner_height) = ((width - LEFT - RIGHT).max(1.0), (height - TOP - BOTTOM).max(1.0));
    let (least, greatest) = picture.buckets.values();
    let y_of = |value: f64| {
        let share = if greatest > least { (greatest - value) / (greatest - least) } else { 0.5 };
        TOP + share * inner_height
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"#ffffff\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"14\" fill=\"#222222\">{}</text>\n",
        escaped(&picture.title)
    );
    // writing to a String cannot fail
    for number in axis::round_numbers(least, greatest, whole(inner_height / GRID_Y)) {
        let y = y_of(number);
        let label = axis::number(number, (greatest - least) / 10.0);
        let _ = writeln!(
            text,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#e0e0e0\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555555\">{label}</text>",
            width - RIGHT,
            LEFT - 6.0,
            y + 4.0
        );
    }
    let (from, to) = picture.buckets.ends();
    let marks = whole(inner_width / GRID_X);
    for mark in 0..=marks {
        let share = f64::from(mark) / f64::from(marks);
        let x = LEFT + share * inner_width;
        let label = axis::place(from + share * (to - from), to - from, picture.scale);
        let anchor = match mark {
            0 => "start",
            _ if mark == marks => "end",
            _ => "middle",
        };
        let bottom = height - BOTTOM;
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom:.1}\" y2=\"{:.1}\" stroke=\"#999999\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"#555555\">{label}</text>",
            bottom + 5.0,
            bottom + 19.0
        );
    }
    let points = points(picture, inner_width, y_of);
    let _ = writeln!(
        text,
        "<polyline fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"1.2\" stroke-linejoin=\"round\" points=\"{points}\"/>\n\
         </svg>"
    );
    text
}

/// The line: of each place its first, least, greatest and last value, those that repeat left out.
fn points(picture: &Picture, inner_width: f64, y_of: impl Fn(f64) -> f64) -> String {
    let places = picture.buckets.places();
    let step = inner_width / f64::from(u32::try_from(places.len() - 1).unwrap_or(u32::MAX).max(1));
    let (mut points, mut x) = (String::new(), LEFT);
    for bucket in places {
        if let Some(bucket) = bucket {
            let mut before = None;
            for value in [bucket.first, bucket.least, bucket.greatest, bucket.last] {
                if before != Some(value) {
                    // writing to a String cannot fail
                    let _ = write!(points, "{x:.1},{:.1} ", y_of(value));
                }
                before = Some(value);
            }
        }
        x += step;
    }
    // a single point has no line: a short one shows it
    if points.split_whitespace().count() == 1
        && let Some((x, y)) = points.trim().split_once(',')
    {
        points = format!("{x},{y} {:.1},{y}", LEFT + 3.0);
    }
    points.trim_end().to_owned()
}

/// The whole number below, one at least.
fn whole(number: f64) -> u32 {
    (1..100).take_while(|whole| f64::from(*whole) <= number).last().unwrap_or(1)
}

fn escaped(text: &str) -> String {
    // what XML cannot hold at all is left out
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
