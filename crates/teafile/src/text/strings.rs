//! Names and texts as Python prints them.

use std::fmt::Write;

/// A text in quotes, as Python's `repr` shows it.
pub(crate) fn quoted(text: &str) -> String {
    // Python prefers ' and takes " only where that saves an escape
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character == quote => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => {
                // writing to a String cannot fail
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push(quote);
    out
}

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // writing to a String cannot fail
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The name that is shown: letters, digits and `_` of the name in the file, and something if nothing is left.
pub(crate) fn display_name(name: &str, otherwise: impl FnOnce() -> String) -> String {
    let kept: String =
        name.chars().filter(|&character| character.is_alphanumeric() || character == '_').collect();
    match kept.chars().next() {
        None => otherwise(),
        Some(first) if first.is_numeric() => format!("_{kept}"),
        Some(_) => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::{display_name, quoted};

    #[test]
    fn texts_are_quoted_as_in_python() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("'\""), "'\\'\"'");
        assert_eq!(quoted("a\\\n\u{1}"), "'a\\\\\\n\\x01'");
    }

    #[test]
    fn names_lose_what_is_no_part_of_one() {
        let name = |name| display_name(name, || "Item".to_owned());
        assert_eq!(name("Event<OHLCV>"), "EventOHLCV");
        assert_eq!(name("1st"), "_1st");
        assert_eq!(name("Größe 温度"), "Größe温度");
        assert_eq!(name("<>"), "Item");
    }
}
