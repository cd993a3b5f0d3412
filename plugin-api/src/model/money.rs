//! Money as a 128-bit integer.

use std::{fmt, str::FromStr};

use stratd_abi::MoneyBits;

use super::decimal::{Decimal, NumberError, NumberErrorKind, format_scaled};

/// Decimals of every amount of money, whatever the currency: one cent is 1_000_000 units.
///
/// Eight decimals hold every price-times-quantity product of the usual grids exactly (4 + 4 decimals, or 8 + 0),
/// and 128 bits leave 30 digits in front of the point.
pub const MONEY_DECIMALS: u8 = 8;

/// An amount of money in units of 1e-8 of its currency.
///
/// ```
/// use stratd_plugin_api::Money;
/// let fee: Money = "1.25".parse()?;
/// assert_eq!(fee.checked_neg().unwrap().to_string(), "-1.25000000");
/// assert_eq!(format!("{fee:.2}"), "1.25");
/// # Ok::<(), stratd_plugin_api::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Money(i128);

impl Money {
    /// Zero.
    pub const ZERO: Money = Money(0);

    /// From units of 1e-8.
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// Units of 1e-8.
    #[must_use]
    pub const fn get(self) -> i128 {
        self.0
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

    /// `self * numerator / denominator`, rounded to the nearest unit, halves to even; `None` on overflow or a
    /// zero denominator.
    #[must_use]
    pub fn checked_mul_div(self, numerator: i128, denominator: i128) -> Option<Self> {
        let product = self.0.checked_mul(numerator)?;
        div_half_even(product, denominator).map(Self)
    }

    /// As a float, for ratios and plots; never for books.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ratios are f64 by design, DESIGN §5")]
    pub fn to_f64(self) -> f64 {
        // one instruction where 64 bits suffice, and the same number
        let units = i64::try_from(self.0).map_or_else(|_| self.wide(), |units| units as f64);
        units / 1e8
    }

    /// The units as a float. Not inlined: the compiler would compute both ways and then choose.
    #[cold]
    #[inline(never)]
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    fn wide(self) -> f64 {
        self.0 as f64
    }
}

/// The powers of ten that fit 64 bits.
const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// `10^exponent`, if it fits 64 bits.
#[inline]
pub(crate) fn narrow_power_of_ten(exponent: u32) -> Option<i64> {
    POWERS.get(usize::try_from(exponent).ok()?).copied()
}

/// `10^exponent`; the usual ones are looked up.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i128> {
    narrow_power_of_ten(exponent)
        .map_or_else(|| 10i128.checked_pow(exponent), |power| Some(i128::from(power)))
}

/// As [`div_half_even`]; `None` also where 64 bits do not suffice.
#[inline]
pub(crate) fn narrow_half_even(numerator: i64, denominator: i64) -> Option<i64> {
    let quotient = numerator.checked_div(denominator)?;
    let remainder = numerator.checked_rem(denominator)?;
    // prices on their grid have whole values
    if remainder == 0 {
        return Some(quotient);
    }
    let twice = remainder.unsigned_abs().checked_mul(2)?;
    let whole = denominator.unsigned_abs();
    if twice < whole || (twice == whole && quotient % 2 == 0) {
        return Some(quotient);
    }
    quotient.checked_add(if (numerator < 0) == (denominator < 0) { 1 } else { -1 })
}

/// Quotient rounded to the nearest integer, halves to even.
pub(crate) fn div_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    // most amounts fit 64 bits, where a division is one instruction; the quotient of MIN and -1 does not
    let narrow = i64::try_from(numerator).ok().zip(i64::try_from(denominator).ok());
    if let Some(quotient) =
        narrow.and_then(|(numerator, denominator)| narrow_half_even(numerator, denominator))
    {
        return Some(i128::from(quotient));
    }
    let quotient = numerator.checked_div(denominator)?;
    let remainder = numerator.checked_rem(denominator)?;
    let twice = remainder.unsigned_abs().checked_mul(2)?;
    let whole = denominator.unsigned_abs();
    let is_up = twice > whole || (twice == whole && quotient % 2 != 0);
    if !is_up {
        return Some(quotient);
    }
    let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    quotient.checked_add(away)
}

impl From<MoneyBits> for Money {
    fn from(bits: MoneyBits) -> Self {
        Self(bits.get())
    }
}

impl From<Money> for MoneyBits {
    fn from(money: Money) -> Self {
        MoneyBits::new(money.0)
    }
}

impl FromStr for Money {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Money::try_from(text.parse::<Decimal>()?)
    }
}

impl TryFrom<Decimal> for Money {
    type Error = NumberError;

    fn try_from(decimal: Decimal) -> Result<Self, Self::Error> {
        if decimal.scale() > MONEY_DECIMALS {
            return Err(NumberError::new(
                NumberErrorKind::OffGrid,
                decimal.to_string(),
                "at most 8 decimals",
            ));
        }
        let factor = 10i128.pow(u32::from(MONEY_DECIMALS - decimal.scale()));
        Ok(Self(i128::from(decimal.mantissa()) * factor))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_scaled(self.0, MONEY_DECIMALS, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_halves_to_even() {
        for (numerator, denominator, quotient) in [
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (5, -2, -2),
            (6, 4, 2),
            (1, 3, 0),
            (2, 3, 1),
            (-2, 3, -1),
        ] {
            assert_eq!(div_half_even(numerator, denominator), Some(quotient), "{numerator}/{denominator}");
        }
        assert_eq!(div_half_even(1, 0), None);
        assert_eq!(div_half_even(i128::MIN, -1), None);
    }

    #[test]
    fn division_is_the_same_within_and_beyond_64_bits() {
        assert_eq!(div_half_even(i128::from(i64::MIN), -1), Some(1 << 63));
        let wide = 1i128 << 64;
        for (numerator, denominator) in [(7, 2), (-7, 2), (5, -2), (1, 3), (i64::MAX, 10), (i64::MIN, 3)] {
            let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
            let wider = div_half_even(numerator * wide, denominator * wide);
            assert_eq!(div_half_even(numerator, denominator), wider, "{numerator}/{denominator}");
        }
        for exponent in [0, 1, 18, 19, 38, 39] {
            assert_eq!(power_of_ten(exponent), 10i128.checked_pow(exponent));
        }
    }

    #[test]
    fn bits_round_trip() {
        for units in [0, 1, -1, i128::MAX, i128::MIN, 1 << 64, -(1 << 64)] {
            assert_eq!(MoneyBits::new(units).get(), units);
        }
    }
}
