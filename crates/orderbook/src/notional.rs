//! Price × quantity, exact.

/// A sum of price × quantity, exact, in units of one price unit times one quantity unit.
///
/// It has no currency and no multiplier: `Instrument` turns it into money.
///
/// ```
/// use stratd_orderbook::Notional;
/// assert_eq!(Notional::new(1_500).get(), 1_500);
/// ```
// Packed to the alignment of the other fields: a 16-byte alignment would make every event 16 bytes longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct Notional(i128);

impl Notional {
    /// From units.
    ///
    /// ```
    /// # use stratd_orderbook::Notional;
    /// assert!(Notional::new(-1) < Notional::default());
    /// ```
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// In units.
    ///
    /// ```
    /// # use stratd_orderbook::Notional;
    /// assert_eq!(Notional::new(7).get(), 7);
    /// ```
    #[must_use]
    pub const fn get(self) -> i128 {
        self.0
    }
}
