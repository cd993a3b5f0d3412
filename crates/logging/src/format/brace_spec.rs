//! What follows the colon in `{name:*>12,.2f}`: Python's format specification.

use super::{
    WIDTH_MAX,
    number::{Base, FloatStyle, Notation, write_float, write_grouped, write_integer},
    percent::character,
    text::{Align, truncate, write_padded},
};
use crate::{
    error::{Error, Result},
    value::Value,
};

/// A parsed specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BraceSpec {
    fill: char,
    align: Option<Align>,
    sign: Option<char>,
    is_alternate: bool,
    /// a `0` before the width: zeros between the sign and the digits
    has_zero: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    presentation: Option<char>,
}

impl BraceSpec {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let (fill, align) = take_align(&mut rest);
        let sign = take_char(&mut rest, &['+', '-', ' ']);
        let is_alternate = take_char(&mut rest, &['#']).is_some();
        let has_zero = fill.is_none() && take_char(&mut rest, &['0']).is_some();
        let width = take_number(&mut rest)?.unwrap_or(0);
        let grouping = take_char(&mut rest, &[',', '_']);
        let precision = match take_char(&mut rest, &['.']) {
            Some(_) => {
                Some(take_number(&mut rest)?.ok_or_else(|| format!("{text:?}: no digits after the point"))?)
            }
            None => None,
        };
        let presentation = rest.chars().next();
        if rest.chars().count() > 1 || presentation.is_some_and(|c| !"bcdefgnosxEFGX%".contains(c)) {
            return Err(format!(
                "bad specification {text:?} at {rest:?} (expected [[fill]align][sign][#][0][width][,|_][.precision][type])"
            ));
        }
        let fill = fill.unwrap_or(if has_zero { '0' } else { ' ' });
        Ok(Self { fill, align, sign, is_alternate, has_zero, width, grouping, precision, presentation })
    }

    /// Appends the value. `scratch` is empty room for digits.
    pub(super) fn apply(&self, out: &mut String, value: &Value<'_>, scratch: &mut [String; 2]) -> Result<()> {
        scratch.iter_mut().for_each(String::clear);
        match value {
            Value::Text(text) | Value::Json(text) => self.apply_text(out, text),
            Value::Int(number) => self.apply_integer(out, *number, scratch),
            Value::Bool(flag) => self.apply_integer(out, i128::from(*flag), scratch),
            Value::Float(number) => self.apply_float(out, *number, scratch),
            Value::Null => Err(self.refuse("nothing")),
        }
    }

    fn refuse(&self, what: &str) -> Error {
        let kind = match self.presentation {
            Some(presentation) => format!("of type {presentation:?} "),
            None => String::new(),
        };
        let accepted = match what {
            "a text" => "[[fill]align][width][.precision][s], align one of < > ^",
            "nothing" => "no specification, or !s or !r before it",
            "a float" => "types e E f F g G n %",
            _ => "types b c d n o x X without a precision, e E f F g G %; ',' with d or none",
        };
        Error::record(format!("a specification {kind}does not fit {what} (accepted: {accepted})"))
    }

    fn apply_text(&self, out: &mut String, text: &str) -> Result<()> {
        let is_for_numbers = self.sign.is_some() || self.is_alternate || self.grouping.is_some();
        if is_for_numbers
            || self.align == Some(Align::AfterSign)
            || !matches!(self.presentation, None | Some('s'))
        {
            return Err(self.refuse("a text"));
        }
        let text = self.precision.map_or(text, |precision| truncate(text, precision));
        write_padded(out, ("", text), self.width, self.fill, self.align.unwrap_or(Align::Left));
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "Python's float() of a whole number")]
    fn apply_integer(&self, out: &mut String, number: i128, scratch: &mut [String; 2]) -> Result<()> {
        let base = match self.presentation {
            None | Some('d' | 'n') => Base::Decimal,
            Some('b') => Base::Binary,
            Some('o') => Base::Octal,
            Some('x') => Base::Hexadecimal,
            Some('X') => Base::UpperHexadecimal,
            Some('c') => return self.apply_character(out, number),
            Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
                return self.apply_float(out, number as f64, scratch);
            }
            Some(_) => return Err(self.refuse("a whole number")),
        };
        let groups_by_comma = self.grouping == Some(',');
        let is_plain = base == Base::Decimal && self.presentation != Some('n');
        if self.precision.is_some()
            || (groups_by_comma && !is_plain)
            || (self.is_n() && self.grouping.is_some())
        {
            return Err(self.refuse("a whole number"));
        }
        let size = if base == Base::Decimal { 3 } else { 4 };
        let [digits, body] = scratch;
        write_integer(digits, number.unsigned_abs(), base);
        let prefix = if self.is_alternate { base.prefix() } else { "" };
        self.write_number(out, (number < 0, prefix), (digits, size), body);
        Ok(())
    }

    fn is_n(&self) -> bool {
        self.presentation == Some('n')
    }

    fn apply_character(&self, out: &mut String, number: i128) -> Result<()> {
        let is_for_numbers = self.sign.is_some() || self.is_alternate || self.grouping.is_some();
        if is_for_numbers || self.precision.is_some() {
            return Err(self.refuse("a character"));
        }
        let c = character(&Value::Int(number))?;
        let mut utf8 = [0; 4];
        let default = if self.has_zero { Align::AfterSign } else { Align::Right };
        write_padded(
            out,
            ("", c.encode_utf8(&mut utf8)),
            self.width,
            self.fill,
            self.align.unwrap_or(default),
        );
        Ok(())
    }

    fn apply_float(&self, out: &mut String, number: f64, scratch: &mut [String; 2]) -> Result<()> {
        let (notation, default) = match (self.presentation, self.precision) {
            (None, None) => (Notation::Shortest, 0),
            (None, Some(_)) => (Notation::GeneralWithPoint, 0),
            (Some('e' | 'E'), _) => (Notation::Exponent, 6),
            (Some('f' | 'F' | '%'), _) => (Notation::Fixed, 6),
            (Some('g' | 'G'), _) => (Notation::General, 6),
            (Some('n'), _) if self.grouping.is_none() => (Notation::General, 6),
            (Some(_), _) => return Err(self.refuse("a float")),
        };
        let is_percent = self.presentation == Some('%');
        let style = FloatStyle {
            notation,
            precision: self.precision.unwrap_or(default),
            is_alternate: self.is_alternate,
            is_upper: self.presentation.is_some_and(|c| c.is_ascii_uppercase()),
        };
        let [digits, body] = scratch;
        write_float(digits, if is_percent { number * 100.0 } else { number }, style);
        if is_percent {
            digits.push('%');
        }
        self.write_number(out, (number.is_sign_negative() && !number.is_nan(), ""), (digits, 3), body);
        Ok(())
    }

    /// Lays out a sign, a prefix and digits; the digits before the point are grouped.
    fn write_number(
        &self,
        out: &mut String,
        (is_negative, prefix): (bool, &str),
        (digits, group_size): (&str, usize),
        body: &mut String,
    ) {
        let sign = match (is_negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            (false, _) => "",
        };
        let align = self.align.unwrap_or(if self.has_zero { Align::AfterSign } else { Align::Right });
        // digits of a base above ten are all digits; those of a float end at the point, the exponent or its name
        let whole = digits.find(['.', 'e', 'E', '%']).filter(|_| group_size == 3);
        let hexadecimal = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
        let (whole, fraction) = digits.split_at(whole.unwrap_or(hexadecimal));
        let others = sign.len() + prefix.len() + fraction.len();
        let zeros_count = align == Align::AfterSign && self.fill == '0';
        let min_width = if zeros_count { self.width.saturating_sub(others) } else { 0 };
        if whole.is_empty() {
            (0..min_width).for_each(|_| body.push('0'));
        } else {
            write_grouped(body, whole, (group_size, self.grouping), min_width);
        }
        body.push_str(fraction);
        let missing = self.width.saturating_sub(sign.len() + prefix.len() + body.len());
        let (before, between) = match align {
            Align::Left => (0, 0),
            Align::Right => (missing, 0),
            Align::Center => (missing / 2, 0),
            Align::AfterSign => (0, missing),
        };
        (0..before).for_each(|_| out.push(self.fill));
        out.push_str(sign);
        out.push_str(prefix);
        (0..between).for_each(|_| out.push(self.fill));
        out.push_str(body);
        (0..missing - before - between).for_each(|_| out.push(self.fill));
    }
}

/// `[[fill]align]`
fn take_align(rest: &mut &str) -> (Option<char>, Option<Align>) {
    let align_of = |c| match c {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Center),
        '=' => Some(Align::AfterSign),
        _ => None,
    };
    let mut chars = rest.chars();
    let (first, second) = (chars.next(), chars.next());
    if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
        *rest = chars.as_str();
        return (Some(fill), Some(align));
    }
    match first.and_then(align_of) {
        Some(align) => {
            *rest = rest.get(1..).unwrap_or_default();
            (None, Some(align))
        }
        None => (None, None),
    }
}

fn take_char(rest: &mut &str, accepted: &[char]) -> Option<char> {
    let c = rest.chars().next().filter(|c| accepted.contains(c))?;
    *rest = rest.get(c.len_utf8()..).unwrap_or_default();
    Some(c)
}

fn take_number(rest: &mut &str) -> Result<Option<usize>, String> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(number) if number <= WIDTH_MAX => Ok(Some(number)),
        _ => Err(format!("the width or precision {digits} is above {WIDTH_MAX}")),
    }
}
