//! Numbers of the protocol: exact decimals, never doubles.

use serde_json::value::RawValue;
use stratd_plugin_api::{Decimal, Money, Timestamp};

const SECOND_NS: i64 = 1_000_000_000;

/// A number, or a text that holds one; `None` for what is unset (`""`, `null`), zero for what is no number.
pub(crate) fn decimal(raw: Option<&RawValue>) -> Option<Decimal> {
    let text = raw?.get().trim_matches('"');
    if text.is_empty() || text == "null" { None } else { text.parse().ok() }
}

/// An amount.
pub(crate) fn money(raw: Option<&RawValue>) -> Option<Money> {
    let text = raw?.get().trim_matches('"');
    text.parse().ok()
}

/// Seconds since 1970, with up to nine decimals.
pub(crate) fn timestamp(raw: Option<&RawValue>) -> Option<Timestamp> {
    decimal(raw)?.scaled(9).ok().map(Timestamp::new)
}

/// A time as the protocol writes it.
pub(crate) fn seconds(at: Timestamp) -> String {
    let (seconds, ns) = (at.get().div_euclid(SECOND_NS), at.get().rem_euclid(SECOND_NS));
    format!("{seconds}.{ns:09}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn numbers_are_exact_and_unset_ones_are_none() {
        let scaled = |text: &str| decimal(Some(&raw(text))).map(|number| number.scaled(2));
        assert_eq!(scaled("101.10"), Some(Ok(10_110)));
        assert_eq!(scaled("\"0.1\""), Some(Ok(10)));
        assert!(scaled("0.001").unwrap().is_err());
        for unset in ["\"\"", "null", "\"abc\"", "{}"] {
            assert_eq!(scaled(unset), None, "{unset}");
        }
        assert_eq!(
            money(Some(&raw("-12.50"))).unwrap().to_string(),
            "-12.5".parse::<Money>().unwrap().to_string()
        );
    }

    #[test]
    fn times_have_nine_decimals_both_ways() {
        let at = timestamp(Some(&raw("1732300000.123456789"))).unwrap();
        assert_eq!(at.get(), 1_732_300_000_123_456_789);
        assert_eq!(seconds(at), "1732300000.123456789");
        assert_eq!(seconds(Timestamp::new(-1)), "-1.999999999");
    }
}
