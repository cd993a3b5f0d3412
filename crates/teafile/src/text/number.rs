//! Doubles as Python prints and rounds them.

/// The shortest text that reads as the same number, as Python's `repr` shows it.
pub(crate) fn double(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    // Rust's shortest digits are Python's; only the places where an exponent begins differ
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Rounded to that many decimals as Python's `round` does: the exact binary value, ties to even. Fewer than none round
/// left of the point.
pub(crate) fn rounded(number: f64, decimals: i32) -> f64 {
    /// No double has more digits after the point than matter here.
    const DECIMALS_MAX: i32 = 323;
    /// 10^309 is more than twice the largest double.
    const DECIMALS_MIN: i32 = -308;
    if !number.is_finite() || decimals > DECIMALS_MAX || number == 0.0 {
        return number;
    }
    if decimals < DECIMALS_MIN {
        return 0.0_f64.copysign(number);
    }
    let digits = exact_digits(number.abs());
    let point = digits.whole.len();
    // how many digits are kept; none or fewer if all of them lie right of the place that is rounded to
    let kept = i32::try_from(point).unwrap_or(i32::MAX).saturating_add(decimals);
    let text = round_digits(&(digits.whole + &digits.fraction), kept, -decimals);
    // the exact decimal is read back as the nearest double, as Python does
    text.parse::<f64>().unwrap_or(number).copysign(number)
}

struct Digits {
    whole: String,
    fraction: String,
}

/// All digits of a number that is not negative. A double has at most 1,074 of them after the point.
fn exact_digits(number: f64) -> Digits {
    let text = format!("{number:.1074}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    Digits { whole: whole.to_owned(), fraction: fraction.trim_end_matches('0').to_owned() }
}

/// Keeps the first `kept` digits, rounds by the rest, and multiplies by the power of ten of the last one kept.
fn round_digits(digits: &str, kept: i32, exponent: i32) -> String {
    let Ok(kept) = usize::try_from(kept) else { return "0".to_owned() };
    let bytes = digits.as_bytes();
    let (head, tail) = bytes.split_at_checked(kept).unwrap_or((bytes, &[]));
    let mut head = head.to_vec();
    // digits that the text leaves out are zeros
    head.resize(kept, b'0');
    let is_odd = head.last().is_some_and(|digit| digit % 2 == 1);
    let goes_up = match tail.split_first() {
        None | Some((b'0'..=b'4', _)) => false,
        Some((b'5', rest)) => is_odd || rest.iter().any(|&digit| digit != b'0'),
        Some(_) => true,
    };
    let mut carry = goes_up;
    for digit in head.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == b'9';
        *digit = if carry { b'0' } else { *digit + 1 };
    }
    let mut text = if carry { "1".to_owned() } else { "0".to_owned() };
    text.extend(head.iter().map(|&digit| char::from(digit)));
    format!("{text}e{exponent}")
}

#[cfg(test)]
mod tests {
    use super::{double, rounded};

    fn check(number: f64, expect: &str) {
        assert_eq!(double(number), expect);
    }

    #[test]
    fn doubles_print_as_in_python() {
        check(1e16, "1e+16");
        check(1e22, "1e+22");
        check(1e-5, "1e-05");
        check(123_456_789.123, "123456789.123");
        check(100.0, "100.0");
        check(1e15, "1000000000000000.0");
        check(0.0001, "0.0001");
        check(2.5e-308, "2.5e-308");
        check(-0.0, "-0.0");
        check(f64::from(44.2_f32), "44.20000076293945");
        check(1.5e300, "1.5e+300");
    }

    fn check_rounded(number: f64, decimals: i32, expect: &str) {
        assert_eq!(double(rounded(number, decimals)), expect, "round({number}, {decimals})");
    }

    #[test]
    fn rounding_is_of_the_exact_value_and_ties_go_to_even() {
        check_rounded(44.444_444, 2, "44.44");
        check_rounded(2.675, 2, "2.67");
        check_rounded(0.125, 2, "0.12");
        check_rounded(0.375, 2, "0.38");
        check_rounded(2.5, 0, "2.0");
        check_rounded(1.5, 0, "2.0");
        check_rounded(0.5, 0, "0.0");
        check_rounded(-0.5, 0, "-0.0");
        check_rounded(1234.56, -2, "1200.0");
        check_rounded(1250.0, -2, "1200.0");
        check_rounded(1350.0, -2, "1400.0");
        check_rounded(1_250.000_1, -2, "1300.0");
        check_rounded(99.0, -2, "100.0");
        check_rounded(50.0, -2, "0.0");
        check_rounded(51.0, -2, "100.0");
        check_rounded(5.0, -3, "0.0");
        check_rounded(9.999, 2, "10.0");
        check_rounded(1e22, 2, "1e+22");
        check_rounded(5e-324, 323, "0.0");
        check_rounded(5e-324, 400, "5e-324");
        check_rounded(1.5, -400, "0.0");
        check_rounded(f64::INFINITY, 2, "inf");
    }
}
