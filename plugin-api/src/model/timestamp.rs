//! Points in time.

use std::{fmt, str::FromStr};

use super::{NumberError, NumberErrorKind};

/// Nanoseconds since 1970-01-01 UTC.
///
/// ```
/// use stratd_plugin_api::Timestamp;
/// let open: Timestamp = "2013-03-01T14:30:00Z".parse()?;
/// assert_eq!(open.to_string(), "2013-03-01T14:30:00Z");
/// assert_eq!(open.get(), 1_362_148_200_000_000_000);
/// # Ok::<(), stratd_plugin_api::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest time.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The latest time.
    pub const MAX: Timestamp = Timestamp(i64::MAX);
    /// Nanoseconds of a UTC day.
    pub const DAY_NS: i64 = 86_400_000_000_000;

    /// From nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn new(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Later by `nanoseconds`; `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, nanoseconds: i64) -> Option<Self> {
        match self.0.checked_add(nanoseconds) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The number of the UTC day, 0 = 1970-01-01.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Self::DAY_NS)
    }

    /// Nanoseconds since UTC midnight.
    #[must_use]
    pub const fn time_of_day_ns(self) -> i64 {
        self.0.rem_euclid(Self::DAY_NS)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&jiff::Timestamp::from_nanosecond(i128::from(self.0)).map_err(|_| fmt::Error)?, f)
    }
}

impl FromStr for Timestamp {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| {
            NumberError::new(
                NumberErrorKind::Malformed,
                format!("`{text}`"),
                "a time such as 2013-03-01T14:30:00Z",
            )
        })?;
        i64::try_from(parsed.as_nanosecond()).map(Self).map_err(|_| {
            NumberError::new(
                NumberErrorKind::Overflow,
                format!("`{text}`"),
                "a time between 1677-09-21 and 2262-04-11",
            )
        })
    }
}
