//! The types that a field can have.

use std::fmt;

/// The type of a field.
///
/// ```
/// use teafile::FieldType;
/// assert_eq!(FieldType::from_code(10), Some(FieldType::Double));
/// assert_eq!(FieldType::Double.size(), Some(8));
/// assert_eq!(FieldType::from_char('q'), Some(FieldType::Int64));
/// assert_eq!(FieldType::from_code(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Signed, 1 byte.
    Int8,
    /// Signed, 2 bytes.
    Int16,
    /// Signed, 4 bytes.
    Int32,
    /// Signed, 8 bytes.
    Int64,
    /// Unsigned, 1 byte.
    UInt8,
    /// Unsigned, 2 bytes.
    UInt16,
    /// Unsigned, 4 bytes.
    UInt32,
    /// Unsigned, 8 bytes.
    UInt64,
    /// IEEE 754, 4 bytes.
    Float,
    /// IEEE 754, 8 bytes.
    Double,
    /// The decimal of .NET: 16 bytes, carried as they are.
    NetDecimal,
    /// Any other type: bytes up to the next field, carried as they are. Those from 0x1000 on are private to their users,
    /// the others are not assigned. The code is positive.
    Opaque(i32),
}

/// Codes from here on belong to users.
const CUSTOM_MIN: i32 = 0x1000;
const NET_DECIMAL: i32 = 0x200;
/// Those with a number, in the order of their codes, which begin at 1.
const NUMBERS: [FieldType; 10] = [
    FieldType::Int8,
    FieldType::Int16,
    FieldType::Int32,
    FieldType::Int64,
    FieldType::UInt8,
    FieldType::UInt16,
    FieldType::UInt32,
    FieldType::UInt64,
    FieldType::Float,
    FieldType::Double,
];
/// The characters of Python's `struct`, in the order of the codes.
const CHARACTERS: [char; 10] = ['b', 'h', 'i', 'q', 'B', 'H', 'I', 'Q', 'f', 'd'];

impl FieldType {
    /// The type of a code in a file; none if it is not positive.
    ///
    /// ```
    /// use teafile::FieldType;
    /// assert_eq!(FieldType::from_code(4), Some(FieldType::Int64));
    /// assert_eq!(FieldType::from_code(40), Some(FieldType::Opaque(40)));
    /// ```
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        match code {
            ..=0 => None,
            NET_DECIMAL => Some(Self::NetDecimal),
            code => {
                let known = usize::try_from(code - 1).ok().and_then(|index| NUMBERS.get(index));
                Some(known.copied().unwrap_or(Self::Opaque(code)))
            }
        }
    }

    /// The type that a character of Python's `struct` stands for.
    ///
    /// ```
    /// use teafile::FieldType;
    /// assert_eq!(FieldType::from_char('B'), Some(FieldType::UInt8));
    /// assert_eq!(FieldType::from_char('x'), None);
    /// ```
    #[must_use]
    pub fn from_char(character: char) -> Option<Self> {
        let index = CHARACTERS.iter().position(|&known| known == character)?;
        NUMBERS.get(index).copied()
    }

    /// The code in a file.
    ///
    /// ```
    /// assert_eq!(teafile::FieldType::NetDecimal.code(), 0x200);
    /// ```
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Int8 => 1,
            Self::Int16 => 2,
            Self::Int32 => 3,
            Self::Int64 => 4,
            Self::UInt8 => 5,
            Self::UInt16 => 6,
            Self::UInt32 => 7,
            Self::UInt64 => 8,
            Self::Float => 9,
            Self::Double => 10,
            Self::NetDecimal => NET_DECIMAL,
            Self::Opaque(code) => code,
        }
    }

    /// How many bytes it takes; none if that is up to the fields around it.
    ///
    /// ```
    /// use teafile::FieldType;
    /// assert_eq!(FieldType::UInt16.size(), Some(2));
    /// assert_eq!(FieldType::Opaque(0x1001).size(), None);
    /// ```
    #[must_use]
    pub const fn size(self) -> Option<u32> {
        match self {
            Self::Int8 | Self::UInt8 => Some(1),
            Self::Int16 | Self::UInt16 => Some(2),
            Self::Int32 | Self::UInt32 | Self::Float => Some(4),
            Self::Int64 | Self::UInt64 | Self::Double => Some(8),
            Self::NetDecimal => Some(16),
            Self::Opaque(_) => None,
        }
    }

    /// The name that the format gives it.
    ///
    /// ```
    /// use teafile::FieldType;
    /// assert_eq!(FieldType::UInt8.name(), "UInt8");
    /// assert_eq!(FieldType::Opaque(0x1001).name(), "Custom");
    /// assert_eq!(FieldType::Opaque(40).name(), "Unknown");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int8 => "Int8",
            Self::Int16 => "Int16",
            Self::Int32 => "Int32",
            Self::Int64 => "Int64",
            Self::UInt8 => "UInt8",
            Self::UInt16 => "UInt16",
            Self::UInt32 => "UInt32",
            Self::UInt64 => "UInt64",
            Self::Float => "Float",
            Self::Double => "Double",
            Self::NetDecimal => "NetDecimal",
            Self::Opaque(CUSTOM_MIN..) => "Custom",
            Self::Opaque(_) => "Unknown",
        }
    }

    /// The character of Python's `struct`, for numbers.
    ///
    /// ```
    /// assert_eq!(teafile::FieldType::Float.format_char(), Some('f'));
    /// ```
    #[must_use]
    pub fn format_char(self) -> Option<char> {
        let index = usize::try_from(self.code() - 1).ok()?;
        CHARACTERS.get(index).copied()
    }

    /// Whether it is a number, and so can be a time.
    ///
    /// ```
    /// use teafile::FieldType;
    /// assert!(FieldType::Double.is_number() && !FieldType::NetDecimal.is_number());
    /// ```
    #[must_use]
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::NetDecimal | Self::Opaque(_))
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
