//! A column, reduced to as many places as a picture has.

/// What is left of the items of one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) first: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
    pub(crate) last: f64,
}

/// The places from left to right; those without an item are empty.
#[derive(Debug)]
pub(crate) struct Buckets {
    places: Vec<Option<Bucket>>,
    from: f64,
    to: f64,
    count: u64,
    least: f64,
    greatest: f64,
}

impl Buckets {
    /// `columns` is above zero.
    pub(crate) fn new(columns: usize, from: f64, to: f64) -> Self {
        let places = vec![None; columns.max(1)];
        Self { places, from, to, count: 0, least: f64::INFINITY, greatest: f64::NEG_INFINITY }
    }

    /// What is no number, or infinite, has no place in a picture.
    pub(crate) fn add(&mut self, at: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let share = if self.to > self.from { (at - self.from) / (self.to - self.from) } else { 0.0 };
        let index = scaled(share, self.places.len() - 1);
        let Some(place) = self.places.get_mut(index) else { return };
        let known = place.unwrap_or(Bucket { first: value, least: value, greatest: value, last: value });
        *place = Some(Bucket {
            first: known.first,
            least: known.least.min(value),
            greatest: known.greatest.max(value),
            last: value,
        });
        self.count += 1;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }

    pub(crate) fn places(&self) -> &[Option<Bucket>] {
        &self.places
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The least and the greatest value.
    pub(crate) fn values(&self) -> (f64, f64) {
        (self.least, self.greatest)
    }

    /// How far a value is below the greatest, as a share of the way to the least; the middle where these are the same.
    pub(crate) fn depth(&self, value: f64) -> f64 {
        // halves: the distance of the greatest and the least double is no double
        let span = self.greatest / 2.0 - self.least / 2.0;
        if span > 0.0 { (self.greatest / 2.0 - value / 2.0) / span } else { 0.5 }
    }

    /// The ends of the horizontal axis.
    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }
}

/// The whole number nearest to that share of `last`, within 0 and `last`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pictures are small, and a cast of a double ends at the ends of the type"
)]
pub(crate) fn scaled(share: f64, last: usize) -> usize {
    ((share * last as f64).round() as usize).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_and_the_greatest_double_are_the_ends() {
        let mut buckets = Buckets::new(2, 0.0, 1.0);
        buckets.add(0.0, f64::MIN);
        assert_eq!(buckets.depth(f64::MIN), 0.5);
        buckets.add(1.0, f64::MAX);
        assert_eq!([f64::MAX, 0.0, f64::MIN].map(|value| buckets.depth(value)), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_peak_among_many_is_kept() {
        let mut buckets = Buckets::new(4, 0.0, 999.0);
        for index in 0..1_000_u32 {
            buckets.add(index.into(), if index == 500 { 9.0 } else { 1.0 });
        }
        buckets.add(3.0, f64::NAN);
        assert_eq!((buckets.count(), buckets.values()), (1_000, (1.0, 9.0)));
        assert_eq!((buckets.depth(9.0), buckets.depth(5.0), buckets.depth(1.0)), (0.0, 0.5, 1.0));
        let peaks = buckets.places().iter().flatten().filter(|bucket| bucket.greatest > 8.0).count();
        assert_eq!((peaks, buckets.places().iter().flatten().count()), (1, 4));
    }
}
