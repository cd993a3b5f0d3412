//! Values of fields.

use std::fmt;

/// The value of a field. It keeps its type on the way: `%(quantity)d` in a format of the host is a number.
///
/// ```
/// use stratd_plugin_api::LogValue;
///
/// assert_eq!(LogValue::from(7_i64), LogValue::Int(7));
/// assert_eq!(LogValue::from("x").to_string(), "x");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LogValue<'a> {
    /// Nothing.
    Null,
    /// A text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A number in floating point.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A list or a table, as its JSON text.
    Json(&'a str),
}

impl fmt::Display for LogValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.pad("null"),
            Self::Text(text) | Self::Json(text) => f.pad(text),
            Self::Int(number) => number.fmt(f),
            Self::Unsigned(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

impl<'a> From<&'a str> for LogValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for LogValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

/// Writes one conversion: they differ in the types only.
macro_rules! from {
    ($($number:ty => $variant:ident as $wide:ty),+ $(,)?) => {
        $(impl From<$number> for LogValue<'_> {
            fn from(value: $number) -> Self {
                Self::$variant(<$wide>::from(value))
            }
        })+
    };
}

from!(
    i8 => Int as i64,
    i16 => Int as i64,
    i32 => Int as i64,
    i64 => Int as i64,
    u8 => Unsigned as u64,
    u16 => Unsigned as u64,
    u32 => Unsigned as u64,
    u64 => Unsigned as u64,
    f32 => Float as f64,
    f64 => Float as f64,
    bool => Bool as bool,
);

impl From<usize> for LogValue<'_> {
    fn from(value: usize) -> Self {
        // a usize has at most 64 bits
        Self::Unsigned(u64::try_from(value).unwrap_or(u64::MAX))
    }
}
