//! Exact decimal numbers, as people write them: the bridge between text and scaled integers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A decimal number `mantissa * 10^-scale`, exact; what configurations hold where a price or quantity is meant.
///
/// In JSON or TOML it may be a string (`"0.1"`), an integer or a float; a float stands for its shortest text.
///
/// ```
/// use stratd_plugin_api::Decimal;
/// let size: Decimal = "1.50".parse()?;
/// assert_eq!(size.scaled(2)?, 150);
/// assert!(size.scaled(0).is_err()); // never rounded
/// # Ok::<(), stratd_plugin_api::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// A number that cannot be what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError {
    kind: NumberErrorKind,
    found: String,
    accepted: String,
}

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberErrorKind {
    /// Not a decimal number.
    Malformed,
    /// Has more digits than the grid, or is no multiple of the tick or lot.
    OffGrid,
    /// Does not fit into its type.
    Overflow,
}

/// Scales beyond this do not fit an `i64` mantissa usefully.
const SCALE_MAX: u8 = 18;

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };

    /// `mantissa * 10^-scale`.
    ///
    /// # Errors
    /// `Overflow` if `scale` is above 18.
    pub fn new(mantissa: i64, scale: u8) -> Result<Self, NumberError> {
        if scale > SCALE_MAX {
            return Err(NumberError::new(
                NumberErrorKind::Overflow,
                format!("{mantissa}e-{scale}"),
                "at most 18 decimals",
            ));
        }
        Ok(Self { mantissa, scale })
    }

    /// The number in units of `10^-decimals`, exactly.
    ///
    /// # Errors
    /// `OffGrid` if it has more decimals than that, `Overflow` if it does not fit.
    pub fn scaled(self, decimals: u8) -> Result<i64, NumberError> {
        let overflow = || {
            NumberError::new(
                NumberErrorKind::Overflow,
                self.to_string(),
                format!("a number with {decimals} decimals that fits 64 bits"),
            )
        };
        if decimals >= self.scale {
            let factor = 10i64.checked_pow(u32::from(decimals - self.scale)).ok_or_else(overflow)?;
            return self.mantissa.checked_mul(factor).ok_or_else(overflow);
        }
        let divisor = 10i64.checked_pow(u32::from(self.scale - decimals)).ok_or_else(overflow)?;
        if self.mantissa % divisor == 0 {
            return Ok(self.mantissa / divisor);
        }
        Err(NumberError::new(
            NumberErrorKind::OffGrid,
            self.to_string(),
            format!("at most {decimals} decimals"),
        ))
    }

    /// The nearest number in units of `10^-decimals`, halves away from zero. For data that is scaled on purpose
    /// (adjusted prices); orders and configuration use [`Decimal::scaled`].
    ///
    /// # Errors
    /// `Overflow` if it does not fit.
    pub fn scaled_rounded(self, decimals: u8) -> Result<i64, NumberError> {
        if decimals >= self.scale {
            return self.scaled(decimals);
        }
        let divisor = 10i128.pow(u32::from(self.scale - decimals));
        let half = if self.mantissa < 0 { -(divisor / 2) } else { divisor / 2 };
        let rounded = (i128::from(self.mantissa) + half) / divisor;
        i64::try_from(rounded).map_err(|_| {
            NumberError::new(NumberErrorKind::Overflow, self.to_string(), "a number that fits 64 bits")
        })
    }

    /// The digits as one integer.
    #[must_use]
    pub fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// How many of the digits are decimals.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }
}

/// Formats `value * 10^-decimals` with all its decimals; honours the precision (`{:.2}`, rounding halves away from
/// zero, padding with zeros).
pub(crate) fn format_scaled(value: i128, decimals: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let wanted = f.precision().unwrap_or(usize::from(decimals));
    let have = usize::from(decimals);
    let magnitude = value.unsigned_abs();
    let kept = have.min(wanted);
    let divisor = 10u128.pow(u32::try_from(have - kept).unwrap_or(0));
    // halves away from zero on the magnitude
    let rounded =
        magnitude / divisor + u128::from(divisor > 1 && magnitude % divisor >= divisor / 2 + divisor % 2);
    let unit = 10u128.pow(u32::try_from(kept).unwrap_or(0));
    let (whole, part) = (rounded / unit, rounded % unit);
    let mut text = whole.to_string();
    if wanted > 0 {
        text.push('.');
        if kept > 0 {
            text.push_str(&format!("{part:0kept$}"));
        }
        text.extend(std::iter::repeat_n('0', wanted - kept));
    }
    let is_nonnegative = value >= 0 || rounded == 0;
    f.pad_integral(is_nonnegative, "", &text)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_scaled(i128::from(self.mantissa), self.scale, f)
    }
}

impl FromStr for Decimal {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || {
            NumberError::new(NumberErrorKind::Malformed, format!("`{text}`"), "a decimal number such as 12.5")
        };
        let overflow = || {
            NumberError::new(NumberErrorKind::Overflow, format!("`{text}`"), "a number of at most 18 digits")
        };
        let (number, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| malformed())?),
            None => (text, 0),
        };
        let (is_negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty()
            || !(whole.bytes().chain(part.bytes())).all(|b| b.is_ascii_digit())
        {
            return Err(malformed());
        }
        // trailing zeros of the decimals carry no value and would overflow long texts
        let part = if exponent == 0 { part.trim_end_matches('0') } else { part };
        let mut mantissa: i64 = 0;
        for digit in whole.bytes().chain(part.bytes()) {
            let digit = i64::from(digit - b'0');
            mantissa = mantissa.checked_mul(10).and_then(|m| m.checked_add(digit)).ok_or_else(overflow)?;
        }
        if is_negative {
            mantissa = -mantissa;
        }
        let scale = i64::try_from(part.len()).map_err(|_| overflow())? - i64::from(exponent);
        if scale < 0 {
            let factor =
                u32::try_from(-scale).ok().and_then(|s| 10i64.checked_pow(s)).ok_or_else(overflow)?;
            return Ok(Self { mantissa: mantissa.checked_mul(factor).ok_or_else(overflow)?, scale: 0 });
        }
        Self::new(mantissa, u8::try_from(scale).map_err(|_| overflow())?)
    }
}

impl From<u32> for Decimal {
    fn from(number: u32) -> Self {
        Self { mantissa: i64::from(number), scale: 0 }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
                Ok(Decimal { mantissa: number, scale: 0 })
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
                i64::try_from(number).map_err(E::custom).and_then(|number| self.visit_i64(number))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
                // `Display` of a float is the shortest text that reads back as the same float
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["number", "string"],
            "pattern": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$",
        })
    }
}

impl NumberError {
    pub(crate) fn new(kind: NumberErrorKind, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { kind, found: found.into(), accepted: accepted.into() }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> NumberErrorKind {
        self.kind
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NumberErrorKind::Malformed => "is not a number",
            NumberErrorKind::OffGrid => "is off the grid",
            NumberErrorKind::Overflow => "is out of range",
        };
        write!(f, "{} {what} (expected {})", self.found, self.accepted)
    }
}

impl std::error::Error for NumberError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn text_round_trips_exactly() {
        for text in ["0", "1", "-1", "0.1", "-0.001", "118.56", "9223372036854775807", "4.186662803811"] {
            assert_eq!(decimal(text).to_string(), text);
        }
        assert_eq!(decimal("1e3").to_string(), "1000");
        assert_eq!(decimal("1.5e-3").to_string(), "0.0015");
        assert_eq!(decimal("2.50").to_string(), "2.5");
        assert_eq!(decimal(".5").to_string(), "0.5");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "1.2.3", "1,5", "0x10", "NaN", "inf", "1e", " 1", "99999999999999999999"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn scaling_never_rounds_unless_asked() {
        assert_eq!(decimal("118.56").scaled(2), Ok(11856));
        assert_eq!(decimal("118.56").scaled(4), Ok(1_185_600));
        assert_eq!(decimal("118.565").scaled(2).map_err(|e| e.kind()), Err(NumberErrorKind::OffGrid));
        assert_eq!(decimal("118.565").scaled_rounded(2), Ok(11857));
        assert_eq!(decimal("-118.565").scaled_rounded(2), Ok(-11857));
        assert_eq!(decimal("118.564").scaled_rounded(2), Ok(11856));
        assert_eq!(decimal("9e17").scaled(4).map_err(|e| e.kind()), Err(NumberErrorKind::Overflow));
    }

    #[test]
    fn precision_rounds_for_display_only() {
        assert_eq!(format!("{:.2}", decimal("1.005")), "1.01");
        assert_eq!(format!("{:.2}", decimal("-1.005")), "-1.01");
        assert_eq!(format!("{:.2}", decimal("-0.001")), "0.00");
        assert_eq!(format!("{:.2}", decimal("7")), "7.00");
        assert_eq!(format!("{:.0}", decimal("7.5")), "8");
        assert_eq!(format!("{:>8.1}", decimal("7.25")), "     7.3");
    }
}
