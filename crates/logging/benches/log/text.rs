//! The texts that everybody logs, ours and others.

pub(crate) const LINES: u64 = 300_000;

/// The text of a line: with time, level and name it makes 121 bytes.
pub(crate) fn text(index: u64) -> [u8; 69] {
    let mut text = *b"order 0000000000 filled at 101.25, 500 of AAPL on synthetic exchange.";
    let mut rest = index;
    for slot in text.iter_mut().skip(6).take(10).rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    text
}

pub(crate) fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the text is ASCII")
}
