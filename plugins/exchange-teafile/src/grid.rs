//! From the numbers of a file to whole units of a decimal grid.

use teafile::Value;

/// Powers of ten up to the most decimals that an instrument may have.
const POWERS: [i64; 13] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
];
/// Whole numbers up to here are exact in a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A grid of decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    decimals: u8,
    /// Whole numbers of the file are in units of the grid already.
    has_units: bool,
    /// Numbers between two units go to the nearest, halves away from zero.
    rounds: bool,
}

/// Why a number is none of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffGrid {
    /// It has more decimals.
    Decimals,
    /// It is beyond 64 bits, or of a double beyond 2^53 units.
    Range,
    /// It is no finite number.
    NoNumber,
}

impl Grid {
    pub(crate) const fn new(decimals: u8, has_units: bool, rounds: bool) -> Self {
        Self { decimals, has_units, rounds }
    }

    pub(crate) const fn decimals(self) -> u8 {
        self.decimals
    }

    /// A number in units.
    ///
    /// A float is on the grid if it is the one that is nearest to the decimal number: 45.11 is, with two decimals, although
    /// no double equals it.
    pub(crate) fn units(self, value: Value<'_>) -> Result<i64, OffGrid> {
        match value {
            Value::Int(number) => self.whole(number),
            Value::UInt(number) => self.whole(i64::try_from(number).map_err(|_| OffGrid::Range)?),
            Value::Double(number) => self.fraction(number, |nearest| nearest.to_bits() == number.to_bits()),
            // the double of a decimal number, rounded once more, is the float of it but for ties that no price has
            Value::Float(number) =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it is compared with a float")]
                self.fraction(f64::from(number), |nearest| (nearest as f32).to_bits() == number.to_bits())
            }
            Value::Bytes(_) => Err(OffGrid::NoNumber),
        }
    }

    fn power(self) -> i64 {
        POWERS.get(usize::from(self.decimals)).copied().unwrap_or(1)
    }

    fn whole(self, number: i64) -> Result<i64, OffGrid> {
        if self.has_units { Ok(number) } else { number.checked_mul(self.power()).ok_or(OffGrid::Range) }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "units are whole numbers below 2^53, and powers of ten below 10^13 are exact"
    )]
    fn fraction(self, number: f64, is_it: impl Fn(f64) -> bool) -> Result<i64, OffGrid> {
        if !number.is_finite() {
            return Err(OffGrid::NoNumber);
        }
        let power = self.power() as f64;
        // a negative zero is zero
        let units = (number * power).round() + 0.0;
        if units.abs() > EXACT_MAX {
            return Err(OffGrid::Range);
        }
        if self.rounds || number == 0.0 || is_it(units / power) {
            Ok(units as i64)
        } else {
            Err(OffGrid::Decimals)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_that_stand_for_a_decimal_number_are_it() {
        let cents = Grid::new(2, false, false);
        for units in -100_000..100_000_i64 {
            let text =
                format!("{}{}.{:02}", if units < 0 { "-" } else { "" }, units.abs() / 100, units.abs() % 100);
            assert_eq!(cents.units(Value::Double(text.parse().unwrap())), Ok(units), "{text}");
            assert_eq!(cents.units(Value::Float(text.parse().unwrap())), Ok(units), "{text}");
        }
        for text in ["0.00000001", "1234567.12345678", "90071992.54740992"] {
            let expected = text.replace('.', "").parse().unwrap();
            assert_eq!(Grid::new(8, false, false).units(Value::Double(text.parse().unwrap())), Ok(expected));
        }
    }

    #[test]
    fn others_are_refused_or_rounded() {
        let (strict, rounds) = (Grid::new(2, false, false), Grid::new(2, false, true));
        assert_eq!(strict.units(Value::Double(45.111)), Err(OffGrid::Decimals));
        assert_eq!(rounds.units(Value::Double(45.111)), Ok(4511));
        assert_eq!(rounds.units(Value::Double(-0.125)), Ok(-13));
        assert_eq!(strict.units(Value::Double(f64::NAN)), Err(OffGrid::NoNumber));
        assert_eq!(rounds.units(Value::Double(f64::INFINITY)), Err(OffGrid::NoNumber));
        assert_eq!(rounds.units(Value::Double(1e15)), Err(OffGrid::Range));
        assert_eq!(strict.units(Value::Bytes(&[0; 16])), Err(OffGrid::NoNumber));
    }

    #[test]
    fn whole_numbers_are_units_only_if_the_file_says_so() {
        assert_eq!(Grid::new(2, false, false).units(Value::Int(45)), Ok(4500));
        assert_eq!(Grid::new(2, true, false).units(Value::Int(4511)), Ok(4511));
        assert_eq!(Grid::new(2, false, false).units(Value::UInt(u64::MAX)), Err(OffGrid::Range));
        assert_eq!(Grid::new(12, false, false).units(Value::Int(i64::MAX)), Err(OffGrid::Range));
    }
}
