//! A picture as PNG: the same lines and texts as in SVG, with a font of fixed width.
//!
//! The line of the column is drawn smooth: a pixel is as blue as it is near to it. All of the picture is in memory, four
//! bytes for a pixel.

use std::convert::Infallible;

use anyhow::Result;
use embedded_graphics::Drawable;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point as Place, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_15::{FONT_6X12, FONT_8X13};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::layout::{Anchor, BACKGROUND, CURVE, CURVE_WIDTH, Color, Layout, Line, Point};

/// Pixels, and how much of the line of the column lies on each.
struct Bitmap {
    width: usize,
    height: usize,
    pixels: Vec<Color>,
    covered: Vec<u8>,
}

/// The bytes of the file.
pub(super) fn draw(layout: &Layout) -> Result<Vec<u8>> {
    let mut bitmap = Bitmap::new(layout.width, layout.height);
    for line in &layout.lines {
        bitmap.straight(line);
    }
    for text in &layout.texts {
        let font = if text.is_title { &FONT_8X13 } else { &FONT_6X12 };
        let [red, green, blue] = text.color;
        let alignment = match text.anchor {
            Anchor::Start => Alignment::Left,
            Anchor::Middle => Alignment::Center,
            Anchor::End => Alignment::Right,
        };
        let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Alphabetic).build();
        let character = MonoTextStyle::new(font, Rgb888::new(red, green, blue));
        let place = Place::new(nearest(text.at.0), nearest(text.at.1));
        let Ok(_) = Text::with_text_style(&text.text, place, character, style).draw(&mut bitmap);
    }
    for (from, to) in layout.curve.iter().zip(layout.curve.iter().skip(1)) {
        bitmap.smooth(*from, *to);
    }
    bitmap.blend();
    bitmap.encode(layout)
}

impl Bitmap {
    fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        let count = width * height;
        Self { width, height, pixels: vec![BACKGROUND; count], covered: vec![0; count] }
    }

    fn index(&self, x: usize, y: usize) -> Option<usize> {
        (x < self.width && y < self.height).then(|| y * self.width + x)
    }

    /// A line along an axis, one pixel wide.
    fn straight(&mut self, line: &Line) {
        let ((x_from, y_from), (x_to, y_to)) = (line.from, line.to);
        for y in whole(y_from)..=whole(y_to) {
            for x in whole(x_from)..=whole(x_to) {
                let pixel = self.index(x, y).and_then(|index| self.pixels.get_mut(index));
                if let Some(pixel) = pixel {
                    *pixel = line.color;
                }
            }
        }
    }

    /// A part of the line of the column. Where parts meet, a pixel has the most that one of them covers.
    fn smooth(&mut self, from: Point, to: Point) {
        let reach = CURVE_WIDTH / 2.0 + 0.5;
        let (top, bottom) = if from.1 <= to.1 { (from, to) } else { (to, from) };
        for y in whole(top.1 - reach)..=whole(bottom.1 + reach) {
            let (middle, slope) = (center(y), (bottom.0 - top.0) / (bottom.1 - top.1));
            // where the line is within reach of this row; all of it, where it is level
            let x_at = |y: f64| {
                if slope.is_finite() { top.0 + slope * (y.clamp(top.1, bottom.1) - top.1) } else { top.0 }
            };
            let ends = if slope.is_finite() {
                [x_at(middle - reach), x_at(middle + reach)]
            } else {
                [top.0, bottom.0]
            };
            let (left, right) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            for x in whole(left - reach)..=whole(right + reach) {
                let share = (reach - distance((center(x), middle), from, to)).clamp(0.0, 1.0);
                let covered = self.index(x, y).and_then(|index| self.covered.get_mut(index));
                if let Some(covered) = covered {
                    *covered = (*covered).max(byte(share));
                }
            }
        }
    }

    /// Puts the line of the column over what is there.
    fn blend(&mut self) {
        for (pixel, covered) in self.pixels.iter_mut().zip(&self.covered) {
            for (below, above) in pixel.iter_mut().zip(CURVE) {
                let share = f64::from(*covered) / 255.0;
                *below = byte((f64::from(*below) * (1.0 - share) + f64::from(above) * share) / 255.0);
            }
        }
    }

    fn encode(&self, layout: &Layout) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, layout.width.into(), layout.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(file)
    }
}

impl OriginDimensions for Bitmap {
    fn size(&self) -> Size {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        Size::new(side(self.width), side(self.height))
    }
}

impl DrawTarget for Bitmap {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = embedded_graphics::Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for embedded_graphics::Pixel(place, color) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(place.x), usize::try_from(place.y)) else { continue };
            if let Some(pixel) = self.index(x, y).and_then(|index| self.pixels.get_mut(index)) {
                *pixel = [color.r(), color.g(), color.b()];
            }
        }
        Ok(())
    }
}

/// How far a place is from a line between two others.
fn distance(place: Point, from: Point, to: Point) -> f64 {
    let (along, across) = (to.0 - from.0, to.1 - from.1);
    let length = along * along + across * across;
    let share = if length > 0.0 {
        (((place.0 - from.0) * along + (place.1 - from.1) * across) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (place.0 - from.0 - share * along).hypot(place.1 - from.1 - share * across)
}

/// The middle of a pixel.
#[expect(clippy::cast_precision_loss, reason = "pictures are small")]
fn center(pixel: usize) -> f64 {
    pixel as f64 + 0.5
}

/// The pixel that a place is in; zero left of the first.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures are small, and a cast of a double ends at the ends of the type"
)]
fn whole(place: f64) -> usize {
    place.floor() as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "pictures are small, and a cast of a double ends at the ends of the type"
)]
fn nearest(place: f64) -> i32 {
    place.round() as i32
}

/// A share of 255.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a double ends at the ends of the type"
)]
fn byte(share: f64) -> u8 {
    (share * 255.0).round() as u8
}
