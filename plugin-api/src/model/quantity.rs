//! Quantities as scaled integers.

use std::fmt;

/// A quantity in units of 10^-quantity_decimals of its instrument. Negative only for the size of a short position.
///
/// The number alone does not know its scale: text goes through the [`crate::Instrument`].
///
/// ```
/// use stratd_plugin_api::Quantity;
/// let a = Quantity::new(150);
/// assert_eq!(a.checked_add(Quantity::new(50)), Some(Quantity::new(200)));
/// assert_eq!(a.get(), 150);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// Zero.
    pub const ZERO: Quantity = Quantity(0);
    /// The largest value.
    pub const MAX: Quantity = Quantity(i64::MAX);
    /// The smallest value.
    pub const MIN: Quantity = Quantity(i64::MIN);

    /// From a scaled integer.
    #[must_use]
    pub const fn new(scaled: i64) -> Self {
        Self(scaled)
    }

    /// The scaled integer.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Sum; `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Difference; `None` on overflow.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Negation; `None` on overflow.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(negated) => Some(Self(negated)),
            None => None,
        }
    }

    /// Magnitude; `None` on overflow.
    #[must_use]
    pub const fn checked_abs(self) -> Option<Self> {
        match self.0.checked_abs() {
            Some(magnitude) => Some(Self(magnitude)),
            None => None,
        }
    }
}

/// The scaled integer, for logs of the machinery; people read `Instrument::quantity_text`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
