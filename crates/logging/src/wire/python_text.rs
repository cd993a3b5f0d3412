//! Values as Python writes them into pickles, or shows them.

use std::fmt::Write;

/// Bytes as Python shows them: `b'a\xff'`.
pub(super) fn shown(bytes: impl Iterator<Item = u8> + Clone) -> String {
    let has_single = bytes.clone().any(|byte| byte == b'\'');
    let quote = if has_single && !bytes.clone().any(|byte| byte == b'"') { '"' } else { '\'' };
    let mut out = format!("b{quote}");
    for byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' if char::from(byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                // writing to a String cannot fail
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
    out
}

/// What stands between the quotes of a text, if it has some.
pub(super) fn unquote(line: &[u8]) -> &[u8] {
    match line {
        [first @ (b'\'' | b'"'), inner @ .., last] if first == last => inner,
        other => other,
    }
}

/// A text with its escapes resolved: those of a text in source code, or only `\u` and `\U`. Bytes are Latin-1.
pub(super) fn unescape(line: &[u8], has_all: bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let next = after.first().copied().filter(|_| byte == b'\\');
        let digits = match next {
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(b'x') if has_all => 2,
            _ => 0,
        };
        let code = (digits > 0).then(|| hex(after.get(1..=digits)?)).flatten();
        if let Some(c) = code {
            out.push(c);
            rest = after.get(1 + digits..).unwrap_or_default();
            continue;
        }
        let simple = match next.filter(|_| has_all) {
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(c @ (b'\\' | b'\'' | b'"')) => Some(char::from(c)),
            _ => None,
        };
        if simple.is_some() {
            rest = after.get(1..).unwrap_or_default();
        }
        out.push(simple.unwrap_or(char::from(byte)));
    }
    out
}

fn hex(digits: &[u8]) -> Option<char> {
    let code = digits
        .iter()
        .try_fold(0_u32, |code, &digit| code.checked_mul(16)?.checked_add(char::from(digit).to_digit(16)?))?;
    Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// The decimal digits of a number in two's complement, the lowest byte first. Cost: the square of its length, which its
/// caller limits.
pub(super) fn digits(bytes: &[u8], is_negative: bool) -> String {
    const BILLION: u64 = 1_000_000_000;
    // groups of nine digits, the lowest first
    let mut groups: Vec<u64> = vec![0];
    let mut magnitude = bytes.to_vec();
    if is_negative {
        let mut carries = true;
        for byte in &mut magnitude {
            let (value, overflows) = (!*byte).overflowing_add(u8::from(carries));
            (*byte, carries) = (value, overflows);
        }
    }
    for &byte in magnitude.iter().rev() {
        let mut carry = u64::from(byte);
        for group in &mut groups {
            let value = *group * 256 + carry;
            (*group, carry) = (value % BILLION, value / BILLION);
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut out = String::from(if is_negative { "-" } else { "" });
    for (index, group) in groups.iter().rev().enumerate() {
        // writing to a String cannot fail
        let _ = if index == 0 { write!(out, "{group}") } else { write!(out, "{group:09}") };
    }
    out
}
