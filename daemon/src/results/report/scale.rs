//! From figures to the units of a drawing, and the round values that its lines stand at.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates of a drawing"
)]

use stratd_plugin_api::Timestamp;

/// Size of the drawing in units of its own.
pub(super) const SIDE: f64 = 1_000.0;
/// Wanted number of horizontal lines.
const LEVELS: f64 = 4.0;

/// From the figures to the units of the drawing.
pub(super) struct Scale {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Scale {
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let span = (self.to.get().saturating_sub(self.from.get())).max(1) as f64;
        (at.get().saturating_sub(self.from.get()) as f64 / span * SIDE).clamp(0.0, SIDE)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        ((self.high - value) / (self.high - self.low) * SIDE).clamp(0.0, SIDE)
    }
}

/// The least and the largest value.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The range widened to round values, and the round values in it.
pub(super) fn levels(low: f64, high: f64) -> (f64, f64, Vec<f64>) {
    let (low, high) = if high - low > low.abs().max(high.abs()) * 1e-9 {
        (low, high)
    } else {
        // a line without movement lies in the middle
        let room = if low == 0.0 { 1.0 } else { low.abs() * 0.01 };
        (low - room, high + room)
    };
    let rough = (high - low) / LEVELS;
    let power = power_below(rough);
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    let count = (last - first).clamp(1.0, 3.0 * LEVELS) as usize;
    let values = (0..=count).map(|index| (first + index as f64) * step).collect();
    (first * step, last * step, values)
}

/// The largest power of ten that is not above the value, found by multiplication: logarithms differ between machines.
fn power_below(value: f64) -> f64 {
    const STEPS_MAX: usize = 40;
    let mut power = 1.0;
    for _ in 0..STEPS_MAX {
        if power * 10.0 <= value {
            power *= 10.0;
        } else if power > value {
            power /= 10.0;
        }
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_round_and_enclose_the_values() {
        for (low, high) in [
            (0.0, 1.0),
            (-0.37, 0.02),
            (9_871.0, 10_450.0),
            (5.0, 5.0),
            (0.0, 0.0),
            (1e-7, 3e-7),
            (-1e12, 1e12),
        ] {
            let (bottom, top, values) = levels(low, high);
            assert!(bottom <= low && high <= top, "{low} {high}: {bottom} {top}");
            assert!((2..=13).contains(&values.len()), "{low} {high}: {values:?}");
        }
        assert_eq!(levels(0.0, 1.0).2, [0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}
