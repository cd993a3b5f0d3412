//! The `{` style: `{name:<12}`. Parsed once; the rules are those of Python's `str.format` with named fields.
//!
//! Attribute and index access (`{a.b}`, `{a[0]}`), positions (`{0}`, `{}`) and widths out of fields (`{m:{w}}`) are
//! refused: a record has no such things.

use super::brace_spec::BraceSpec;
use crate::error::{Error, Result};

/// What is done to the value before it is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    /// as its type is
    None,
    /// `!s`
    Str,
    /// `!r`
    Repr,
    /// `!a`
    Ascii,
}

/// A piece of a parsed format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'f> {
    Literal(&'f str),
    Field(&'f str, Conversion, Option<BraceSpec>),
}

/// Parses a format.
pub(super) fn parse(format: &str) -> Result<Vec<Piece<'_>>> {
    let bad = |what: String| Error::format(format!("format {format:?}: {what}"));
    let mut pieces = Vec::new();
    let (mut rest, mut has_field) = (format, false);
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, markup) = rest.split_at(at);
        push_literal(&mut pieces, literal);
        let brace = if markup.starts_with('{') { '{' } else { '}' };
        let after = markup.get(1..).unwrap_or_default();
        if let Some(escaped) = after.strip_prefix(brace) {
            push_literal(&mut pieces, if brace == '{' { "{" } else { "}" });
            rest = escaped;
            continue;
        }
        if brace == '}' {
            return Err(bad("a single '}' (expected \"}}\" for the character itself)".to_owned()));
        }
        let end = field_end(after).map_err(bad)?;
        let field = after.get(..end).unwrap_or_default();
        pieces.push(parse_field(field).map_err(bad)?);
        has_field = true;
        rest = after.get(end + 1..).unwrap_or_default();
    }
    push_literal(&mut pieces, rest);
    if !has_field {
        return Err(bad("no field (expected something like {message})".to_owned()));
    }
    Ok(pieces)
}

fn push_literal<'f>(pieces: &mut Vec<Piece<'f>>, literal: &'f str) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
}

/// Where the '}' is that closes the field.
fn field_end(text: &str) -> Result<usize, String> {
    let mut depth = 1_usize;
    let mut in_spec = false;
    for (at, c) in text.char_indices() {
        match c {
            '{' if !in_spec => return Err("a '{' within the name of a field".to_owned()),
            '{' => depth += 1,
            '}' => depth -= 1,
            ':' | '!' => in_spec = true,
            _ => {}
        }
        if depth == 0 {
            return Ok(at);
        }
    }
    Err("a field without its '}'".to_owned())
}

fn parse_field(field: &str) -> Result<Piece<'_>, String> {
    let name_end = field.find([':', '!']).unwrap_or(field.len());
    let (name, mut rest) = field.split_at(name_end);
    if !is_name(name) {
        return Err(format!("{name:?} is no name of a field"));
    }
    let mut conversion = Conversion::None;
    if let Some(after) = rest.strip_prefix('!') {
        let mut chars = after.chars();
        conversion = match chars.next() {
            Some('s') => Conversion::Str,
            Some('r') => Conversion::Repr,
            Some('a') => Conversion::Ascii,
            _ => return Err(format!("a bad conversion in {{{field}}} (accepted: !s, !r, !a)")),
        };
        rest = chars.as_str();
        if !rest.is_empty() && !rest.starts_with(':') {
            return Err(format!("expected ':' after the conversion in {{{field}}}"));
        }
    }
    let spec = rest.strip_prefix(':').unwrap_or_default();
    let spec = if spec.is_empty() { None } else { Some(BraceSpec::parse(spec)?) };
    Ok(Piece::Field(name, conversion, spec))
}

/// A name of word characters. Digits alone would be a position.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Conversion, Piece, parse};

    #[test]
    fn escaped_braces_are_literals() {
        let pieces = parse("{{}} {message}").unwrap();
        let expected = [
            Piece::Literal("{"),
            Piece::Literal("}"),
            Piece::Literal(" "),
            Piece::Field("message", Conversion::None, None),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn what_a_record_cannot_have_is_refused() {
        let formats =
            ["{}", "{0}", "{a.b}", "{a[0]}", "{message:{w}}", "{message", "message}", "plain", "{message!x}"];
        for format in formats {
            assert!(parse(format).is_err(), "{format}");
        }
    }
}
