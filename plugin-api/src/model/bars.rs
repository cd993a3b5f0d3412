//! Bars that the host makes of trades.

use std::fmt;

use stratd_abi::{self as abi, bar_flag, bar_kind};

use super::{Quantity, order::coded};

coded! {
    /// What ends a bar.
    BarKind: u32 {
        /// Time.
        Time = bar_kind::TIME, "time";
        /// A number of trades.
        Tick = bar_kind::TICK, "tick";
        /// A quantity.
        Volume = bar_kind::VOLUME, "volume";
    }
}

/// How bars are made of trades.
///
/// ```
/// use stratd_plugin_api::BarSpec;
/// let minutes = BarSpec::seconds(60).flat();
/// assert_eq!(minutes, BarSpec::time(60_000_000_000).flat());
/// assert_ne!(minutes, BarSpec::tick(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarSpec {
    /// What ends a bar.
    pub kind: BarKind,
    /// Nanoseconds, trades or quantity.
    pub step: i64,
    /// TIME: how long after its end a bar waits for trades that come late, in nanoseconds.
    pub delay: i64,
    /// TIME: whether an interval without trades gives a bar, too.
    pub is_flat: bool,
    /// TIME: whether the interval that has begun at the subscription gives a bar, too.
    pub is_partial: bool,
}

impl BarSpec {
    /// Intervals of so many nanoseconds, counted from midnight UTC: a divisor of a day, or whole days (counted from
    /// 1970-01-01). A bar has the trades with `start <= time < end`, by the time of the exchange.
    #[must_use]
    pub const fn time(nanoseconds: i64) -> Self {
        Self { kind: BarKind::Time, step: nanoseconds, delay: 0, is_flat: false, is_partial: false }
    }

    /// As [`BarSpec::time`], in seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self::time(seconds.saturating_mul(1_000_000_000))
    }

    /// So many trades.
    #[must_use]
    pub const fn tick(trades: i64) -> Self {
        Self { kind: BarKind::Tick, step: trades, delay: 0, is_flat: false, is_partial: false }
    }

    /// So much quantity. A trade across the boundary is divided between bars, so that each has exactly this much.
    #[must_use]
    pub const fn volume(quantity: Quantity) -> Self {
        Self { kind: BarKind::Volume, step: quantity.get(), delay: 0, is_flat: false, is_partial: false }
    }

    /// With a bar for each interval, once there was a trade: one without trades has the price before it four times, and
    /// no volume.
    #[must_use]
    pub const fn flat(mut self) -> Self {
        self.is_flat = true;
        self
    }

    /// With a bar of the interval that has begun at the subscription, of the trades from then on. Otherwise the first bar is
    /// of the first interval that is whole.
    #[must_use]
    pub const fn partial(mut self) -> Self {
        self.is_partial = true;
        self
    }

    /// With so many nanoseconds after the end of a bar in which late trades still count.
    #[must_use]
    pub const fn delay(mut self, nanoseconds: i64) -> Self {
        self.delay = nanoseconds;
        self
    }

    /// From the ABI's record; `None` if its kind is not known.
    #[must_use]
    pub const fn from_raw(raw: &abi::BarSpec) -> Option<Self> {
        let Some(kind) = BarKind::from_code(raw.kind) else { return None };
        Some(Self {
            kind,
            step: raw.step,
            delay: raw.delay,
            is_flat: raw.flags & bar_flag::FLAT != 0,
            is_partial: raw.flags & bar_flag::PARTIAL != 0,
        })
    }
}

impl From<&BarSpec> for abi::BarSpec {
    fn from(spec: &BarSpec) -> Self {
        Self {
            kind: spec.kind.code(),
            flags: if spec.is_flat { bar_flag::FLAT } else { 0 }
                | if spec.is_partial { bar_flag::PARTIAL } else { 0 },
            step: spec.step,
            delay: spec.delay,
        }
    }
}

/// The number of a subscription of bars, which they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BarSeries(pub u8);

impl BarSeries {
    /// The bits of an event's flags.
    #[must_use]
    pub const fn event_flags(self) -> u16 {
        (self.0 as u16) << Self::SHIFT
    }

    /// From the flags of an event; `None` = a bar of the exchange.
    #[must_use]
    pub const fn from_event_flags(flags: u16) -> Option<Self> {
        let [number, _] = (flags & abi::event_flag::BAR_SERIES).to_be_bytes();
        if number == 0 { None } else { Some(Self(number)) }
    }

    const SHIFT: u32 = abi::event_flag::BAR_SERIES.trailing_zeros();
}
