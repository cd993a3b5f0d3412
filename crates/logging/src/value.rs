//! Values of the fields that a record carries beside its standard attributes.

use std::borrow::Cow;

/// The value of a field. It owns its text or borrows it from the record's bytes.
///
/// ```
/// use stratd_logging::Value;
///
/// assert_eq!(Value::from(7), Value::Int(7));
/// assert_eq!(Value::from("x").into_owned(), Value::from("x"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing; printed as `None`.
    Null,
    /// Printed as `True` or `False`, as a number it is 1 or 0.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number in floating point, printed with the fewest digits that read back the same.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A list or a table, as its JSON text.
    Json(Cow<'a, str>),
}

impl Value<'_> {
    /// The same value, owning its text.
    ///
    /// ```
    /// # use stratd_logging::Value;
    /// let kept: Value<'static> = { let text = String::from("x"); Value::from(text.as_str()).into_owned() };
    /// assert_eq!(kept, Value::from("x"));
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Json(text) => Value::Json(Cow::Owned(text.into_owned())),
        }
    }

    /// The same value, borrowing the text of this one.
    ///
    /// ```
    /// # use stratd_logging::Value;
    /// let value = Value::from(String::from("x"));
    /// assert_eq!(value.borrowed(), value);
    /// ```
    #[must_use]
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Json(text) => Value::Json(Cow::Borrowed(text)),
        }
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(i128::from(value))
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(i128::from(value))
    }
}

impl From<i128> for Value<'_> {
    fn from(value: i128) -> Self {
        Self::Int(value)
    }
}

impl From<u16> for Value<'_> {
    fn from(value: u16) -> Self {
        Self::Int(i128::from(value))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i128::from(value))
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Int(i128::from(value))
    }
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        // a usize has at most 64 bits
        Self::Int(i128::try_from(value).unwrap_or(i128::MAX))
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}
