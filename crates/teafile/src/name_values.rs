//! Name-values: what a file says about itself beside its description.

use std::fmt;

/// The value of a name-value.
///
/// ```
/// use teafile::{NamedValue, Uuid};
/// assert_eq!(NamedValue::from(2).to_string(), "2");
/// assert_eq!(NamedValue::from("www.acme.com").to_string(), "'www.acme.com'");
/// assert_eq!(NamedValue::from(true), NamedValue::Int32(1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NamedValue {
    /// Kind 1.
    Int32(i32),
    /// Kind 2.
    Double(f64),
    /// Kind 3.
    Text(String),
    /// Kind 4.
    Uuid(Uuid),
    /// Kind 5: an extension of two other libraries, which others cannot read.
    UInt64(u64),
}

/// 16 bytes as they are in the file. Its text has them in the order of RFC 4122, which .NET does not write.
///
/// ```
/// use teafile::Uuid;
/// let id = Uuid(*b"\x0f\xe8\x87\x80\x31\xf0\xa1\x48\xb1\xac\x10\x2e\x51\xbd\x17\x3a");
/// assert_eq!(id.to_string(), "0fe88780-31f0-a148-b1ac-102e51bd173a");
/// assert_eq!(id.net_order().to_string(), "8087e80f-f031-48a1-b1ac-102e51bd173a");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The same id if .NET wrote the bytes: its first three groups are little-endian numbers.
    ///
    /// ```
    /// let id = teafile::Uuid(*b"0123456789abcdef");
    /// assert_eq!(id.net_order().net_order(), id);
    /// ```
    #[must_use]
    pub const fn net_order(self) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }

    /// Reads the text of an id, with or without hyphens.
    ///
    /// ```
    /// use teafile::Uuid;
    /// let id = Uuid::parse("0fe88780-31f0-a148-b1ac-102e51bd173a");
    /// assert_eq!(id.map(|id| id.0[0]), Some(0x0f));
    /// assert_eq!(Uuid::parse("0fe88780"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|&character| character != '-').collect();
        if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(&digits, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl NamedValue {
    /// The number of its kind in a file.
    ///
    /// ```
    /// assert_eq!(teafile::NamedValue::from("x").kind(), 3);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> i32 {
        match self {
            Self::Int32(_) => 1,
            Self::Double(_) => 2,
            Self::Text(_) => 3,
            Self::Uuid(_) => 4,
            Self::UInt64(_) => 5,
        }
    }
}

/// As Python shows it.
impl fmt::Display for NamedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int32(number) => write!(f, "{number}"),
            Self::Double(number) => f.write_str(&crate::text::double(*number)),
            Self::Text(text) => f.write_str(&crate::text::quoted(text)),
            Self::Uuid(id) => write!(f, "UUID('{id}')"),
            Self::UInt64(number) => write!(f, "{number}"),
        }
    }
}

impl From<i32> for NamedValue {
    fn from(number: i32) -> Self {
        Self::Int32(number)
    }
}

impl From<bool> for NamedValue {
    fn from(is: bool) -> Self {
        Self::Int32(is.into())
    }
}

impl From<f64> for NamedValue {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&str> for NamedValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for NamedValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for NamedValue {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl From<u64> for NamedValue {
    fn from(number: u64) -> Self {
        Self::UInt64(number)
    }
}

/// The name-values of a file, in the order of the file. Names may repeat; the last of a name counts.
///
/// ```
/// use teafile::{NameValues, NamedValue};
/// let mut values = NameValues::default();
/// values.push("decimals", 2);
/// values.push("url", "www.acme.com");
/// assert_eq!(values.get("decimals"), Some(&NamedValue::Int32(2)));
/// assert_eq!(values.to_string(), "{'decimals': 2, 'url': 'www.acme.com'}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NameValues(Vec<(String, NamedValue)>);

impl NameValues {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds one at the end.
    ///
    /// ```
    /// let mut values = teafile::NameValues::default();
    /// values.push("feed", "bluum");
    /// assert_eq!(values.len(), 1);
    /// ```
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<NamedValue>) {
        self.0.push((name.into(), value.into()));
    }

    /// The last value of that name.
    ///
    /// ```
    /// assert_eq!(teafile::NameValues::default().get("decimals"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NamedValue> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All of them, in the order of the file.
    ///
    /// ```
    /// let mut values = teafile::NameValues::default();
    /// values.push("a", 1);
    /// assert_eq!(values.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &NamedValue)> + '_ {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many there are.
    ///
    /// ```
    /// assert_eq!(teafile::NameValues::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    ///
    /// ```
    /// assert!(teafile::NameValues::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As Python shows a dictionary: a name that repeats is shown once, where it was first, with its last value.
impl fmt::Display for NameValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        let mut separator = "";
        for (index, (name, _)) in self.0.iter().enumerate() {
            let is_first = self.0.iter().take(index).all(|(earlier, _)| earlier != name);
            if let Some(value) = self.get(name).filter(|_| is_first) {
                write!(f, "{separator}{}: {value}", crate::text::quoted(name))?;
                separator = ", ";
            }
        }
        f.write_str("}")
    }
}
