//! A picture of braille characters: each has two dots by four.

use super::Picture;
use super::axis;
use super::buckets::scaled;

/// What stands left of the picture: numbers, and the axis.
const MARGIN: usize = 12;
/// The dots of a character from its top, left and right.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// How many dots a picture of such a width has side by side.
pub(super) fn columns(width: u16) -> usize {
    usize::from(width).saturating_sub(MARGIN).max(1) * 2
}

/// The picture, of so many characters and lines.
pub(super) fn draw(picture: &Picture, width: u16, height: u16) -> String {
    // a line for the title and one for the axis
    let lines = usize::from(height).saturating_sub(2).max(1);
    let across = columns(width) / 2;
    let (least, greatest) = picture.buckets.values();
    let mut dots = vec![vec![0_u8; across]; lines];
    let level = |value: f64| scaled(picture.buckets.depth(value), lines * 4 - 1);
    let mut before: Option<(usize, usize)> = None;
    for (x, bucket) in picture.buckets.places().iter().enumerate() {
        let Some(bucket) = bucket else { continue };
        let first = level(bucket.first);
        if let Some((x_before, y_before)) = before {
            connect(&mut dots, (x_before, y_before), (x, first));
        }
        (level(bucket.greatest)..=level(bucket.least)).for_each(|y| set(&mut dots, x, y));
        before = Some((x, level(bucket.last)));
    }
    let mut text = format!("{:MARGIN$}{}\n", "", picture.title);
    let distance = (greatest - least) / 20.0;
    for (index, line) in dots.iter().enumerate() {
        let label = match index {
            0 => axis::number(greatest, distance),
            _ if index + 1 == lines => axis::number(least, distance),
            _ if index == lines / 2 => axis::number(f64::midpoint(least, greatest), distance),
            _ => String::new(),
        };
        let drawn: String =
            line.iter().filter_map(|dots| char::from_u32(0x2800 + u32::from(*dots))).collect();
        text.push_str(&format!("{label:>10} │{}\n", drawn.trim_end_matches('\u{2800}')));
    }
    let (from, to) = picture.buckets.ends();
    let (left, right) =
        (axis::place(from, to - from, picture.scale), axis::place(to, to - from, picture.scale));
    let between = across.saturating_sub(left.len() + right.len()).max(1);
    text.push_str(&format!("{:MARGIN$}{left}{:between$}{right}\n", "", ""));
    text
}

/// A straight line of dots.
fn connect(dots: &mut [Vec<u8>], (x_before, y_before): (usize, usize), (x, y): (usize, usize)) {
    let steps = x.abs_diff(x_before).max(y.abs_diff(y_before)).max(1);
    for step in 0..=steps {
        let between = |from: usize, to: usize| {
            let way = to.abs_diff(from) * step / steps;
            if to >= from { from + way } else { from - way }
        };
        set(dots, between(x_before, x), between(y_before, y));
    }
}

fn set(dots: &mut [Vec<u8>], x: usize, y: usize) {
    let bit = DOTS.get(y % 4).and_then(|row| row.get(x % 2));
    if let (Some(bit), Some(cell)) = (bit, dots.get_mut(y / 4).and_then(|line| line.get_mut(x / 2))) {
        *cell |= bit;
    }
}
