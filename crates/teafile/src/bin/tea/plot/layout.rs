//! What a picture of pixels consists of, whatever file it becomes: lines, texts, and the line of the column.

use super::Picture;
use super::axis;

const LEFT: f64 = 76.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 34.0;
/// Pixels between two lines of the grid, about.
const GRID_X: f64 = 140.0;
const GRID_Y: f64 = 50.0;

/// Red, green, blue.
pub(super) type Color = [u8; 3];

pub(super) const BACKGROUND: Color = [0xff, 0xff, 0xff];
pub(super) const CURVE: Color = [0x1f, 0x6f, 0xeb];
/// How wide the line of the column is.
pub(super) const CURVE_WIDTH: f64 = 1.2;
const TITLE: Color = [0x22, 0x22, 0x22];
const LABEL: Color = [0x55, 0x55, 0x55];
const GRID: Color = [0xe0, 0xe0, 0xe0];
const MARK: Color = [0x99, 0x99, 0x99];

/// A place, in pixels from the left and from the top.
pub(super) type Point = (f64, f64);

/// The end of a text that its place is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A straight line of a pixel.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) color: Color,
}

/// A text, whose place is on its base line.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) at: Point,
    pub(super) anchor: Anchor,
    pub(super) is_title: bool,
    pub(super) color: Color,
    pub(super) text: String,
}

/// All of it, in the order in which it is drawn.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) lines: Vec<Line>,
    pub(super) texts: Vec<Text>,
    pub(super) curve: Vec<Point>,
}

/// How many places a picture of such a width has.
pub(super) fn columns(width: u16) -> usize {
    usize::from(width).saturating_sub(92).max(1)
}

impl Layout {
    /// The picture, of so many pixels.
    pub(super) fn new(picture: &Picture, width: u16, height: u16) -> Self {
        let title = Text {
            at: (LEFT, 20.0),
            anchor: Anchor::Start,
            is_title: true,
            color: TITLE,
            // what a text cannot hold at all is left out
            text: picture.title.chars().filter(|character| !character.is_control()).collect(),
        };
        let mut layout = Self { width, height, lines: Vec::new(), texts: vec![title], curve: Vec::new() };
        let (width, height) = (f64::from(width), f64::from(height));
        let (inner_width, inner_height) = ((width - LEFT - RIGHT).max(1.0), (height - TOP - BOTTOM).max(1.0));
        let (least, greatest) = picture.buckets.values();
        let y_of = |value: f64| {
            let share = if greatest > least { (greatest - value) / (greatest - least) } else { 0.5 };
            TOP + share * inner_height
        };
        for number in axis::round_numbers(least, greatest, whole(inner_height / GRID_Y)) {
            let y = y_of(number);
            layout.lines.push(Line { from: (LEFT, y), to: (width - RIGHT, y), color: GRID });
            let label = axis::number(number, (greatest - least) / 10.0);
            layout.label((LEFT - 6.0, y + 4.0), Anchor::End, label);
        }
        let (from, to) = picture.buckets.ends();
        let marks = whole(inner_width / GRID_X);
        for mark in 0..=marks {
            let share = f64::from(mark) / f64::from(marks);
            let (x, bottom) = (LEFT + share * inner_width, height - BOTTOM);
            let anchor = match mark {
                0 => Anchor::Start,
                _ if mark == marks => Anchor::End,
                _ => Anchor::Middle,
            };
            layout.lines.push(Line { from: (x, bottom), to: (x, bottom + 5.0), color: MARK });
            let label = axis::place(from + share * (to - from), to - from, picture.scale);
            layout.label((x, bottom + 19.0), anchor, label);
        }
        layout.curve = curve(picture, inner_width, y_of);
        layout
    }

    fn label(&mut self, at: Point, anchor: Anchor, text: String) {
        self.texts.push(Text { at, anchor, is_title: false, color: LABEL, text });
    }
}

/// The line: of each place its first, least, greatest and last value, those that repeat left out.
fn curve(picture: &Picture, inner_width: f64, y_of: impl Fn(f64) -> f64) -> Vec<Point> {
    let places = picture.buckets.places();
    let step = inner_width / f64::from(u32::try_from(places.len() - 1).unwrap_or(u32::MAX).max(1));
    let (mut points, mut x) = (Vec::new(), LEFT);
    for bucket in places {
        if let Some(bucket) = bucket {
            let mut before = None;
            for value in [bucket.first, bucket.least, bucket.greatest, bucket.last] {
                if before != Some(value) {
                    points.push((x, y_of(value)));
                }
                before = Some(value);
            }
        }
        x += step;
    }
    // a single point has no line: a short one shows it
    if let [(_, y)] = points[..] {
        points.push((LEFT + 3.0, y));
    }
    points
}

/// The whole number below, one at least.
fn whole(number: f64) -> u32 {
    (1..100).take_while(|whole| f64::from(*whole) <= number).last().unwrap_or(1)
}
