//! Amounts as text.

use std::fmt;

/// A number of units of a scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) units: i128,
    pub(crate) decimals: u8,
}

impl Amount {
    /// Of a price or a quantity.
    pub(crate) fn new(units: i64, decimals: u8) -> Self {
        Self { units: i128::from(units), decimals }
    }
}

/// Without zeros at the end, so that one amount has one text.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u128.checked_pow(u32::from(self.decimals)).unwrap_or(1);
        let size = self.units.unsigned_abs();
        let (whole, mut part, mut digits) = (size / scale, size % scale, usize::from(self.decimals));
        while digits > 0 && part.is_multiple_of(10) {
            part /= 10;
            digits -= 1;
        }
        if self.units < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        if digits > 0 { write!(f, ".{part:0digits$}") } else { Ok(()) }
    }
}

/// The units of a text; `None` if it is no number, or has more decimals.
pub(crate) fn units(text: &str, decimals: u8) -> Option<i128> {
    let (sign, size) = text.strip_prefix('-').map_or((1, text), |size| (-1, size));
    let (whole, part) = size.split_once('.').unwrap_or((size, ""));
    let decimals = usize::from(decimals);
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !is_number(whole) || !is_number(part) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse::<i128>().ok()?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_the_same_after_it_was_text() {
        for (of, decimals, text) in [
            (0, 0, "0"),
            (0, 8, "0"),
            (-5, 2, "-0.05"),
            (120, 2, "1.2"),
            (100, 0, "100"),
            (i128::from(i64::MIN), 9, "-9223372036.854775808"),
            (1 << 100, 8, "12676506002282294014967.03205376"),
        ] {
            assert_eq!(Amount { units: of, decimals }.to_string(), text);
            assert_eq!(units(text, decimals), Some(of));
        }
        for text in ["", "-", ".5", "1.234", "1e3", "+1", "--1", "1.-2", " 1"] {
            assert_eq!(units(text, 2), None, "{text}");
        }
    }
}
