//! Figures in words.

/// A number with its thousands apart.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many there are, in the singular or with an s.
pub(super) fn several(value: u64, thing: &str) -> String {
    if value == 1 { format!("1 {thing}") } else { format!("{} {thing}s", count(value)) }
}

/// A size, in the largest unit that leaves something before the point.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if value >= size {
            let tenths = u128::from(value) * 10 / u128::from(size);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{value} B")
}

/// A span of time, to about two digits.
pub(crate) fn span(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match seconds {
        86_400.. => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
        3600.. => format!("{}h {}min", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{}min {}s", seconds / 60, seconds % 60),
        1.. => format!("{seconds}s"),
        0 => format!("{}ms", ns / 1_000_000),
    }
}

/// A time that is short, to two digits at least: that of a call.
pub(crate) fn short_span(ns: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
    for (size, unit) in UNITS {
        if ns >= size {
            let (whole, tenth) = (ns / size, ns % size * 10 / size);
            // three digits are more than anybody reads
            return if whole >= 10 { format!("{whole}{unit}") } else { format!("{whole}.{tenth}{unit}") };
        }
    }
    format!("{ns}ns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2].map(|n| several(n, "event")), ["0 events", "1 event", "2 events"]);
        assert_eq!(
            [0, 1023, 1024, 1536, 10 << 20, u64::MAX].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB", "17179869183.9 GiB"]
        );
        assert_eq!(
            [5_000_000, 59, 60, 3661, 90_000].map(|n| span(if n > 1_000_000 {
                n
            } else {
                n * 1_000_000_000
            })),
            ["5ms", "59s", "1min 0s", "1h 1min", "1d 1h"]
        );
        assert_eq!(
            [0, 999, 1_000, 9_999, 10_000, 999_999, 1_500_000, 61_000_000_000].map(short_span),
            ["0ns", "999ns", "1.0µs", "9.9µs", "10µs", "999µs", "1.5ms", "61s"]
        );
    }
}
