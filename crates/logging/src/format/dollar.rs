//! The `$` style: `${name}`. The rules are those of Python's `string.Template`.

use crate::error::{Error, Result};

/// A piece of a parsed format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'f> {
    Literal(&'f str),
    Field(&'f str),
}

/// Parses a format.
pub(super) fn parse(format: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let (mut rest, mut has_field) = (format, false);
    while let Some(at) = rest.find('$') {
        let (literal, after) = rest.split_at(at);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let after = after.get(1..).unwrap_or_default();
        if let Some(escaped) = after.strip_prefix('$') {
            pieces.push(Piece::Literal("$"));
            rest = escaped;
            continue;
        }
        let Some((name, remaining)) = take_name(after) else {
            return Err(Error::format(format!(
                "format {format:?}: a '$' that names no field (expected $name, ${{name}} or $$)"
            )));
        };
        pieces.push(Piece::Field(name));
        has_field = true;
        rest = remaining;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    if !has_field {
        return Err(Error::format(format!("format {format:?}: no field (expected something like $message)")));
    }
    Ok(pieces)
}

fn take_name(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('{') {
        Some(inner) => {
            let (name, rest) = inner.split_at(name_length(inner)?);
            Some((name, rest.strip_prefix('}')?))
        }
        None => Some(text.split_at(name_length(text)?)),
    }
}

fn name_length(text: &str) -> Option<usize> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let length = text.bytes().take_while(|&c| c.is_ascii_alphanumeric() || c == b'_').count();
    (text.starts_with(is_start) && length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::{Piece, parse};

    #[test]
    fn a_name_ends_where_its_letters_end() {
        assert_eq!(
            parse("$$$message-").unwrap(),
            [Piece::Literal("$"), Piece::Field("message"), Piece::Literal("-")]
        );
        for format in ["$", "plain", "$1", "${ message}", "${message", "$message $"] {
            assert!(parse(format).is_err(), "{format}");
        }
    }
}
