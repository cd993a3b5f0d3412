//! Prices adjusted for splits and dividends.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::Decimal;

/// How prices are adjusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Adjust {
    /// As they stand in the file; every digit must be on the grid.
    #[default]
    None,
    /// Open, high, low and close times adj_close/close, rounded once to the grid, halves away from zero, in exact
    /// integer arithmetic. Volumes stay as they are.
    AdjClose,
}

impl Adjust {
    /// The decimals of prices if none are configured: what prices are quoted in, or two more for the rounded ones.
    #[must_use]
    pub const fn price_decimals_default(self) -> u8 {
        match self {
            Self::None => 2,
            Self::AdjClose => 4,
        }
    }

    /// What a report has to say about the prices; `None` if they are those of the file.
    #[must_use]
    pub fn statement(self, price_decimals: u8) -> Option<String> {
        match self {
            Self::None => None,
            Self::AdjClose => {
                Some(format!("prices adjusted by adj_close/close, rounded once to {price_decimals} decimals"))
            }
        }
    }
}

/// `price * adj_close / close` in units of `10^-decimals`, rounded once, halves away from zero. `close` is not zero.
/// `None` if it is out of range.
///
/// The powers of ten of the four scales are joined before anything is multiplied: a product of two 64-bit mantissas
/// always fits 128 bits, and what remains of the powers is small.
pub(super) fn adjusted(price: Decimal, adj_close: Decimal, close: Decimal, decimals: u8) -> Option<i64> {
    let exponent = i32::from(decimals) + i32::from(close.scale())
        - i32::from(price.scale())
        - i32::from(adj_close.scale());
    let power = 10i128.checked_pow(exponent.unsigned_abs())?;
    let (over, under) = if exponent < 0 { (1, power) } else { (power, 1) };
    let product = i128::from(price.mantissa()) * i128::from(adj_close.mantissa());
    divided_rounded(product.checked_mul(over)?, i128::from(close.mantissa()).checked_mul(under)?)
}

fn divided_rounded(numerator: i128, denominator: i128) -> Option<i64> {
    let (over, under) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let remainder = over.checked_rem(under)?;
    let magnitude = i128::try_from(over / under + u128::from(remainder >= under - remainder)).ok()?;
    let is_negative = (numerator < 0) != (denominator < 0);
    i64::try_from(if is_negative { -magnitude } else { magnitude }).ok()
}
