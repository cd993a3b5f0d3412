//! Digits of numbers, as C and Python write them. Signs, padding and prefixes are the callers'.

use std::fmt::Write;

/// How a number in floating point is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    /// `%f`
    Fixed,
    /// `%e`
    Exponent,
    /// `%g`: significant digits, without trailing zeros, with an exponent if that is shorter
    General,
    /// as General, with `.0` where no point would be
    GeneralWithPoint,
    /// the fewest digits that read back the same
    Shortest,
}

/// How the digits of a float are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatStyle {
    pub(super) notation: Notation,
    pub(super) precision: usize,
    /// keep the point and trailing zeros
    pub(super) is_alternate: bool,
    pub(super) is_upper: bool,
}

/// Appends the digits of the absolute value.
pub(super) fn write_float(out: &mut String, value: f64, style: FloatStyle) {
    let start = out.len();
    let value = value.abs();
    if value.is_nan() {
        out.push_str("nan");
    } else if value.is_infinite() {
        out.push_str("inf");
    } else {
        match style.notation {
            Notation::Fixed => {
                write(out, format_args!("{value:.*}", style.precision));
                add_point(out, start, style.is_alternate, ".");
            }
            Notation::Exponent => {
                let exponent = write_mantissa(out, value, style.precision);
                add_point(out, start, style.is_alternate, ".");
                write(out, format_args!("e{exponent:+03}"));
            }
            Notation::General | Notation::GeneralWithPoint => write_general(out, value, style),
            Notation::Shortest => write_shortest(out, value, style.is_alternate),
        }
    }
    if style.is_upper
        && let Some(digits) = out.get_mut(start..)
    {
        digits.make_ascii_uppercase();
    }
}

fn write_general(out: &mut String, value: f64, style: FloatStyle) {
    let start = out.len();
    let digits = style.precision.max(1);
    let exponent = write_mantissa(out, value, digits - 1);
    let with_point = style.notation == Notation::GeneralWithPoint;
    let limit = i64::try_from(digits).unwrap_or(i64::MAX) - i64::from(with_point);
    if exponent < -4 || exponent >= limit {
        if !style.is_alternate {
            strip_zeros(out, start);
        }
        add_point(out, start, style.is_alternate, ".");
        write(out, format_args!("e{exponent:+03}"));
        return;
    }
    out.truncate(start);
    // the exponent is below the number of digits here, so this is not negative
    let decimals = usize::try_from(i64::try_from(digits).unwrap_or(i64::MAX) - 1 - exponent).unwrap_or(0);
    write(out, format_args!("{value:.decimals$}"));
    if !style.is_alternate {
        strip_zeros(out, start);
    }
    add_point(out, start, style.is_alternate, ".");
    add_point(out, start, with_point, ".0");
}

fn write_shortest(out: &mut String, value: f64, is_alternate: bool) {
    let start = out.len();
    write(out, format_args!("{value:e}"));
    let exponent = take_exponent(out, start);
    if (-4..16).contains(&exponent) {
        out.truncate(start);
        write(out, format_args!("{value}"));
        add_point(out, start, true, ".0");
    } else {
        add_point(out, start, is_alternate, ".");
        write(out, format_args!("e{exponent:+03}"));
    }
}

/// Writes `d.ddd` with that many decimals and returns the decimal exponent.
fn write_mantissa(out: &mut String, value: f64, decimals: usize) -> i64 {
    let start = out.len();
    write(out, format_args!("{value:.decimals$e}"));
    take_exponent(out, start)
}

/// Takes `eN` off the end.
fn take_exponent(out: &mut String, start: usize) -> i64 {
    let text = out.get(start..).unwrap_or_default();
    let Some(at) = text.rfind('e') else { return 0 };
    let exponent = text.get(at + 1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    out.truncate(start + at);
    exponent
}

fn strip_zeros(out: &mut String, start: usize) {
    let text = out.get(start..).unwrap_or_default();
    if text.contains('.') {
        let kept = text.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(start + kept);
    }
}

fn add_point(out: &mut String, start: usize, is_wanted: bool, point: &str) {
    if is_wanted && !out.get(start..).unwrap_or_default().contains('.') {
        out.push_str(point);
    }
}

/// The whole part of a float in decimal digits, exact however large it is; None if it has none.
pub(super) fn write_truncated(out: &mut String, value: f64) -> Option<()> {
    if !value.is_finite() {
        return None;
    }
    write(out, format_args!("{:.0}", value.trunc().abs()));
    Some(())
}

/// The base that an integer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Binary,
    Octal,
    Decimal,
    Hexadecimal,
    UpperHexadecimal,
}

impl Base {
    /// What Python puts before the digits in the alternate form.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Binary => "0b",
            Self::Octal => "0o",
            Self::Decimal => "",
            Self::Hexadecimal => "0x",
            Self::UpperHexadecimal => "0X",
        }
    }
}

/// Appends the digits of the absolute value.
pub(super) fn write_integer(out: &mut String, value: u128, base: Base) {
    match base {
        Base::Binary => write(out, format_args!("{value:b}")),
        Base::Octal => write(out, format_args!("{value:o}")),
        Base::Decimal => match u64::try_from(value) {
            Ok(value) => write_decimal(out, value),
            Err(_) => write(out, format_args!("{value}")),
        },
        Base::Hexadecimal => write(out, format_args!("{value:x}")),
        Base::UpperHexadecimal => write(out, format_args!("{value:X}")),
    }
}

/// Appends decimal digits. Most numbers of a log are line numbers, process numbers and milliseconds: this is several
/// times faster on them than the standard formatter.
pub(super) fn write_decimal(out: &mut String, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    for slot in digits.iter_mut().rev() {
        // a remainder of 10 is a digit
        *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(digits.get(start..).unwrap_or_default()).unwrap_or_default());
}

/// Groups digits from the right: `separator` after each `size`, zeros before until the text is `min_width` long.
pub(super) fn write_grouped(out: &mut String, digits: &str, group: (usize, Option<char>), min_width: usize) {
    let (size, Some(separator)) = group else {
        (digits.len()..min_width).for_each(|_| out.push('0'));
        out.push_str(digits);
        return;
    };
    // the number of digits, zeros included, such that digits and separators fill the width
    let mut count = digits.len().max(1);
    while count + (count - 1) / size < min_width {
        count += 1;
    }
    let zeros = count - digits.len();
    for index in 0..count {
        if index > 0 && (count - index).is_multiple_of(size) {
            out.push(separator);
        }
        match index.checked_sub(zeros).and_then(|at| digits.as_bytes().get(at)) {
            Some(&digit) => out.push(char::from(digit)),
            None => out.push('0'),
        }
    }
}

fn write(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // writing to a String cannot fail
    let _ = out.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::{FloatStyle, Notation, write_decimal, write_float, write_grouped};

    fn float(value: f64, notation: Notation, precision: usize) -> String {
        let mut out = String::new();
        write_float(
            &mut out,
            value,
            FloatStyle { notation, precision, is_alternate: false, is_upper: false },
        );
        out
    }

    #[test]
    fn floats_read_as_python_prints_them() {
        assert_eq!(float(1e22, Notation::Shortest, 0), "1e+22");
        assert_eq!(float(1e-7, Notation::Shortest, 0), "1e-07");
        assert_eq!(float(101.25, Notation::Shortest, 0), "101.25");
        assert_eq!(float(456.0, Notation::Shortest, 0), "456.0");
        assert_eq!(float(9.9999, Notation::General, 3), "10");
        assert_eq!(float(1_718_000_123.456, Notation::GeneralWithPoint, 4), "1.718e+09");
        assert_eq!(float(0.000_01, Notation::General, 6), "1e-05");
        assert_eq!(float(2.5, Notation::Fixed, 0), "2");
        assert_eq!(float(1234.5, Notation::Exponent, 2), "1.23e+03");
    }

    #[test]
    fn grouping_fills_the_width_without_a_leading_separator() {
        let grouped = |digits, width| {
            let mut out = String::new();
            write_grouped(&mut out, digits, (3, Some(',')), width);
            out
        };
        assert_eq!(grouped("1234", 0), "1,234");
        assert_eq!(grouped("1234", 12), "0,000,001,234");
        assert_eq!(grouped("1234", 8), "0,001,234");
        assert_eq!(grouped("1234", 7), "001,234");
    }

    #[test]
    fn decimal_digits_are_those_of_the_standard_library() {
        for value in [0, 1, 9, 10, 99, 100, 12_345, u64::MAX] {
            let mut out = String::new();
            write_decimal(&mut out, value);
            assert_eq!(out, value.to_string());
        }
    }
}
