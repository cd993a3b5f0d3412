//! The `%` style: `%(name)-12s`. Parsed once; the rules are those of Python's `%` operator on a mapping.

use super::{
    WIDTH_MAX,
    number::{Base, FloatStyle, Notation, write_float, write_integer, write_truncated},
    text::{Align, truncate, write_padded, write_repr, write_str},
};
use crate::{
    error::{Error, Result},
    value::Value,
};

/// What stands between the name and the end of one conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PercentSpec {
    pub(super) is_left: bool,
    pub(super) has_plus: bool,
    pub(super) has_space: bool,
    pub(super) is_alternate: bool,
    pub(super) has_zero: bool,
    pub(super) width: usize,
    pub(super) precision: Option<usize>,
    pub(super) conversion: u8,
}

/// `%s`
const PLAIN: PercentSpec = PercentSpec {
    is_left: false,
    has_plus: false,
    has_space: false,
    is_alternate: false,
    has_zero: false,
    width: 0,
    precision: None,
    conversion: b's',
};

/// A piece of a parsed format.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'f> {
    Literal(&'f str),
    /// `%(key)…`; without a key in [`parse_positional`]
    Field(&'f str, PercentSpec),
}

/// Parses a format whose conversions name their fields.
pub(super) fn parse(format: &str) -> Result<Vec<Piece<'_>>> {
    let pieces = parse_pieces(format, true);
    // what is wrong within a field says more than that none is right
    if pieces.is_ok() && !has_valid_field(format) {
        return Err(Error::format(format!(
            "format {format:?}: no field (expected something like %(message)s)"
        )));
    }
    pieces
}

/// Parses a format whose conversions take their values in order, like the one that joins time and milliseconds.
pub(super) fn parse_positional(format: &str) -> Result<Vec<Piece<'_>>> {
    parse_pieces(format, false)
}

fn parse_pieces(format: &str, is_keyed: bool) -> Result<Vec<Piece<'_>>> {
    let bad = |what: &str| Error::format(format!("format {format:?}: {what}"));
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (literal, conversion) = rest.split_at(at);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let mut cursor = conversion.get(1..).unwrap_or_default();
        let key = match cursor.strip_prefix('(') {
            Some(after) => Some(take_key(&mut cursor, after).ok_or_else(|| bad("a key without its ')'"))?),
            None => None,
        };
        let spec = parse_spec(&mut cursor, key.is_some()).map_err(|what| bad(&what))?;
        match (key, spec.conversion) {
            (None, b'%') => pieces.push(Piece::Literal("%")),
            (Some(key), _) if is_keyed => pieces.push(Piece::Field(key, spec)),
            (None, _) if !is_keyed => pieces.push(Piece::Field("", spec)),
            (None, _) => return Err(bad("a conversion without a name (expected %(name)s)")),
            (Some(_), _) => return Err(bad("a name where values come in order (expected %s)")),
        }
        rest = cursor;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    Ok(pieces)
}

/// Takes `key)` off; parentheses within a key must balance.
fn take_key<'f>(cursor: &mut &'f str, after: &'f str) -> Option<&'f str> {
    let mut depth = 1_usize;
    for (at, c) in after.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            *cursor = after.get(at + 1..)?;
            return after.get(..at);
        }
    }
    None
}

fn parse_spec(cursor: &mut &str, is_named: bool) -> Result<PercentSpec, String> {
    let mut spec = PLAIN;
    loop {
        match cursor.chars().next() {
            Some('-') => spec.is_left = true,
            Some('+') => spec.has_plus = true,
            Some(' ') => spec.has_space = true,
            Some('#') => spec.is_alternate = true,
            Some('0') => spec.has_zero = true,
            _ => break,
        }
        advance(cursor, 1);
    }
    spec.width = take_number(cursor)?.unwrap_or(0);
    if cursor.starts_with('.') {
        advance(cursor, 1);
        spec.precision = Some(take_number(cursor)?.unwrap_or(0));
    }
    if cursor.starts_with(['h', 'l', 'L']) {
        advance(cursor, 1);
    }
    let is_bare = spec == PLAIN && !is_named;
    match cursor.chars().next() {
        Some('%') if !is_bare => Err("\"%%\" has neither a name nor a width".to_owned()),
        Some(
            c @ ('d' | 'i' | 'o' | 'u' | 'x' | 'X' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'c' | 'r' | 's'
            | 'a' | '%'),
        ) => {
            advance(cursor, 1);
            // each of these is one byte
            spec.conversion = u8::try_from(c).unwrap_or(b's');
            Ok(spec)
        }
        Some(c) => {
            Err(format!("{c:?} is no conversion (accepted: one of d i o u x X e E f F g G c r s a %)"))
        }
        None => Err("it ends within a conversion".to_owned()),
    }
}

fn advance(cursor: &mut &str, bytes: usize) {
    *cursor = cursor.get(bytes..).unwrap_or_default();
}

fn take_number(cursor: &mut &str) -> Result<Option<usize>, String> {
    if cursor.starts_with('*') {
        return Err("'*' takes a width from a value that a record does not have".to_owned());
    }
    let length = cursor.bytes().take_while(u8::is_ascii_digit).count();
    let digits = cursor.get(..length).unwrap_or_default();
    advance(cursor, length);
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(number) if number <= WIDTH_MAX => Ok(Some(number)),
        _ => Err(format!("the width or precision {digits} is above {WIDTH_MAX}")),
    }
}

/// At least one field must be well formed. Python checks no more when it takes a format, so that other parts may still
/// be refused, by [`parse_spec`].
fn has_valid_field(format: &str) -> bool {
    format.match_indices("%(").any(|(at, _)| {
        let rest = format.get(at + 2..).unwrap_or_default();
        let key = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let Some(spec) = rest.get(key..).and_then(|rest| rest.strip_prefix(')')) else { return false };
        let spec = spec.trim_start_matches(['#', '0', '+', '-', ' ']);
        let spec = trim_width(spec);
        let spec = match spec.strip_prefix('.') {
            Some(after) if after.starts_with(|c: char| c == '*' || c.is_ascii_digit()) => trim_width(after),
            _ => spec,
        };
        key > 0 && spec.starts_with(|c: char| "diouxefgcrsa%".contains(c.to_ascii_lowercase()))
    })
}

fn trim_width(spec: &str) -> &str {
    spec.strip_prefix('*').unwrap_or_else(|| spec.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Appends the value as the conversion says. `scratch` is empty room for digits.
pub(super) fn apply(
    out: &mut String,
    spec: &PercentSpec,
    value: &Value<'_>,
    scratch: &mut String,
) -> Result<()> {
    scratch.clear();
    match spec.conversion {
        b's' | b'r' | b'a' => {
            match (spec.conversion, value) {
                (b's', Value::Text(text)) => {
                    write_text(out, text, spec);
                    return Ok(());
                }
                (b's', _) => write_str(scratch, value),
                (b'a', _) => write_repr(scratch, value, true),
                _ => write_repr(scratch, value, false),
            }
            write_text(out, scratch, spec);
        }
        b'c' => {
            let c = character(value)?;
            let mut utf8 = [0; 4];
            let align = if spec.is_left { Align::Left } else { Align::Right };
            write_padded(out, ("", c.encode_utf8(&mut utf8)), spec.width, ' ', align);
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let number = float(value)?;
            let style = FloatStyle {
                notation: match spec.conversion.to_ascii_lowercase() {
                    b'e' => Notation::Exponent,
                    b'f' => Notation::Fixed,
                    _ => Notation::General,
                },
                precision: spec.precision.unwrap_or(6),
                is_alternate: spec.is_alternate,
                is_upper: spec.conversion.is_ascii_uppercase(),
            };
            write_float(scratch, number, style);
            write_number(out, spec, number.is_sign_negative() && !number.is_nan(), "", scratch);
        }
        _ => apply_integer(out, spec, value, scratch)?,
    }
    Ok(())
}

fn apply_integer(
    out: &mut String,
    spec: &PercentSpec,
    value: &Value<'_>,
    scratch: &mut String,
) -> Result<()> {
    let base = match spec.conversion {
        b'o' => Base::Octal,
        b'x' => Base::Hexadecimal,
        b'X' => Base::UpperHexadecimal,
        _ => Base::Decimal,
    };
    let is_negative = match value {
        Value::Int(number) => {
            write_integer(scratch, number.unsigned_abs(), base);
            *number < 0
        }
        Value::Bool(flag) => {
            write_integer(scratch, u128::from(*flag), base);
            false
        }
        Value::Float(number) if base == Base::Decimal => {
            write_truncated(scratch, *number)
                .ok_or_else(|| Error::record(format!("%d of {number}: it has no whole part")))?;
            *number <= -1.0
        }
        _ => {
            return Err(Error::record(format!(
                "%{} of {}: expected a whole number",
                char::from(spec.conversion),
                kind_of(value)
            )));
        }
    };
    let missing = spec.precision.unwrap_or(0).saturating_sub(scratch.len());
    (0..missing).for_each(|_| scratch.insert(0, '0'));
    let prefix = if spec.is_alternate { base.prefix() } else { "" };
    write_number(out, spec, is_negative, prefix, scratch);
    Ok(())
}

fn write_number(out: &mut String, spec: &PercentSpec, is_negative: bool, prefix: &str, digits: &str) {
    let sign = match (is_negative, spec.has_plus, spec.has_space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    let length = sign.len() + prefix.len() + digits.len();
    let missing = spec.width.saturating_sub(length);
    let pad = |out: &mut String, c| (0..missing).for_each(|_| out.push(c));
    if !spec.is_left && !spec.has_zero {
        pad(out, ' ');
    }
    out.push_str(sign);
    out.push_str(prefix);
    if !spec.is_left && spec.has_zero {
        pad(out, '0');
    }
    out.push_str(digits);
    if spec.is_left {
        pad(out, ' ');
    }
}

fn write_text(out: &mut String, text: &str, spec: &PercentSpec) {
    let text = spec.precision.map_or(text, |precision| truncate(text, precision));
    let align = if spec.is_left { Align::Left } else { Align::Right };
    write_padded(out, ("", text), spec.width, ' ', align);
}

/// The character that `%c` and `{:c}` print.
pub(super) fn character(value: &Value<'_>) -> Result<char> {
    let mut chars = match value {
        Value::Int(code) => {
            let c = u32::try_from(*code).ok().and_then(char::from_u32);
            return c.ok_or_else(|| Error::record(format!("%c of {code}: no such character")));
        }
        Value::Text(text) => text.chars(),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Json(_) => "".chars(),
    };
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(Error::record(format!("%c of {}: expected a number or one character", kind_of(value)))),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Python's float() of a whole number")]
fn float(value: &Value<'_>) -> Result<f64> {
    match value {
        Value::Int(number) => Ok(*number as f64),
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        Value::Float(number) => Ok(*number),
        Value::Null | Value::Text(_) | Value::Json(_) => {
            Err(Error::record(format!("%f of {}: expected a number", kind_of(value))))
        }
    }
}

/// What a value is, for messages.
pub(super) fn kind_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Int(_) => "a whole number",
        Value::Float(_) => "a float",
        Value::Text(_) => "a text",
        Value::Json(_) => "a list or table",
    }
}
