//! The time of the market as a text, as often as records come: the calendar is asked once a second.

use std::cell::Cell;

use stratd_plugin_api::Timestamp;

/// Date and time without a fraction, as `2020-01-01T00:00:00`; years of more digits do without the shortcut.
const PREFIX_BYTES: usize = 19;
const SECOND_NS: i64 = 1_000_000_000;

thread_local! {
    /// The second of the last record of this thread, and its text.
    static LAST: Cell<(i64, [u8; PREFIX_BYTES])> = const { Cell::new((i64::MIN, [b'?'; PREFIX_BYTES])) };
}

/// Room for one text.
#[derive(Default)]
pub(super) struct MarketTime {
    bytes: [u8; 32],
    long: String,
}

impl MarketTime {
    /// The text of a time; `None` before the first event.
    pub(super) fn text(&mut self, ns: i64) -> Option<&str> {
        if ns == 0 {
            return None;
        }
        let (second, fraction) = (ns.div_euclid(SECOND_NS), ns.rem_euclid(SECOND_NS));
        let prefix = match LAST.try_with(Cell::get) {
            Ok((known, prefix)) if known == second => prefix,
            _ => {
                let text = Timestamp::new(second.saturating_mul(SECOND_NS)).to_string();
                let Some(prefix) = text.strip_suffix('Z').and_then(|text| text.as_bytes().try_into().ok())
                else {
                    self.long = Timestamp::new(ns).to_string();
                    return Some(&self.long);
                };
                // a thread that ends has nothing to keep
                let _ = LAST.try_with(|last| last.set((second, prefix)));
                prefix
            }
        };
        let length = write(&mut self.bytes, prefix, fraction);
        std::str::from_utf8(self.bytes.get(..length)?).ok()
    }
}

/// Writes prefix, fraction without zeros at its end, and `Z`; returns the length.
fn write(bytes: &mut [u8; 32], prefix: [u8; PREFIX_BYTES], fraction: i64) -> usize {
    let (start, rest) = bytes.split_at_mut(PREFIX_BYTES);
    start.copy_from_slice(&prefix);
    let mut length = PREFIX_BYTES;
    if let (true, Some((dot, digits))) = (fraction != 0, rest.split_first_mut()) {
        *dot = b'.';
        let mut left = fraction;
        for digit in digits.iter_mut().take(9).rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
        }
        let zeros = digits.iter().take(9).rev().take_while(|digit| **digit == b'0').count();
        length += 1 + 9 - zeros;
    }
    if let Some(end) = bytes.get_mut(length) {
        *end = b'Z';
    }
    length + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_text_is_that_of_the_time(ns in any::<i64>(), coarse in 0..4_000_000_000_i64) {
            for ns in [ns, ns, ns.saturating_add(1), coarse * SECOND_NS, coarse * SECOND_NS + 500_000_000, coarse] {
                let mut time = MarketTime::default();
                let expected = (ns != 0).then(|| Timestamp::new(ns).to_string());
                prop_assert_eq!(time.text(ns), expected.as_deref());
            }
        }
    }
}
