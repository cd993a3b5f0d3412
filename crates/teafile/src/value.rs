//! The value of a field, whatever its type: what rows are made of.

use crate::byte_order::ByteOrder;
use crate::clockwise::DateTime;
use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;

/// A value of a row.
///
/// ```
/// use teafile::{Value, clockwise::DateTime};
/// assert_eq!(Value::from(7_u8), Value::UInt(7));
/// assert_eq!(Value::from(DateTime::from_ticks(1_299_229_200_000)), Value::Int(1_299_229_200_000));
/// assert_eq!(Value::from(45.11).as_f64(), Some(45.11));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of a signed field.
    Int(i64),
    /// Of an unsigned field.
    UInt(u64),
    /// Of a field of 4 bytes.
    Float(f32),
    /// Of a field of 8 bytes.
    Double(f64),
    /// The bytes of a type that is no number.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads a field from its bytes, which are as many as the type has.
    pub(crate) fn read(kind: FieldType, order: ByteOrder, bytes: &'a [u8]) -> Self {
        match (kind, bytes) {
            (FieldType::Int8, &[a]) => Self::Int(a.cast_signed().into()),
            (FieldType::UInt8, &[a]) => Self::UInt(a.into()),
            (FieldType::Int16, &[a, b]) => Self::Int(order.u16([a, b]).cast_signed().into()),
            (FieldType::UInt16, &[a, b]) => Self::UInt(order.u16([a, b]).into()),
            (_, &[a, b, c, d]) if kind.is_number() => {
                let bits = order.u32([a, b, c, d]);
                match kind {
                    FieldType::Int32 => Self::Int(bits.cast_signed().into()),
                    FieldType::Float => Self::Float(f32::from_bits(bits)),
                    _ => Self::UInt(bits.into()),
                }
            }
            (_, &[a, b, c, d, e, f, g, h]) if kind.is_number() => {
                let bits = order.u64([a, b, c, d, e, f, g, h]);
                match kind {
                    FieldType::Int64 => Self::Int(bits.cast_signed()),
                    FieldType::Double => Self::Double(f64::from_bits(bits)),
                    _ => Self::UInt(bits),
                }
            }
            _ => Self::Bytes(bytes),
        }
    }

    /// Writes it into the bytes of a field, as that field's type.
    ///
    /// Whole numbers go into every field that can hold them; a number with a fraction goes into no whole one.
    pub(crate) fn write(self, kind: FieldType, order: ByteOrder, bytes: &mut [u8]) -> Result<(), Error> {
        let whole = match self {
            Self::Int(number) => Some(i128::from(number)),
            Self::UInt(number) => Some(i128::from(number)),
            _ => None,
        };
        let fits = match kind {
            FieldType::Int8 => whole.and_then(|n| i8::try_from(n).ok()).map(|n| put(bytes, &n.to_ne_bytes())),
            FieldType::UInt8 => whole.and_then(|n| u8::try_from(n).ok()).map(|n| put(bytes, &[n])),
            FieldType::Int16 => whole
                .and_then(|n| i16::try_from(n).ok())
                .map(|n| put(bytes, &order.u16_bytes(n.cast_unsigned()))),
            FieldType::UInt16 => {
                whole.and_then(|n| u16::try_from(n).ok()).map(|n| put(bytes, &order.u16_bytes(n)))
            }
            FieldType::Int32 => whole
                .and_then(|n| i32::try_from(n).ok())
                .map(|n| put(bytes, &order.u32_bytes(n.cast_unsigned()))),
            FieldType::UInt32 => {
                whole.and_then(|n| u32::try_from(n).ok()).map(|n| put(bytes, &order.u32_bytes(n)))
            }
            FieldType::Int64 => whole
                .and_then(|n| i64::try_from(n).ok())
                .map(|n| put(bytes, &order.u64_bytes(n.cast_unsigned()))),
            FieldType::UInt64 => {
                whole.and_then(|n| u64::try_from(n).ok()).map(|n| put(bytes, &order.u64_bytes(n)))
            }
            FieldType::Float => self.as_f32().map(|n| put(bytes, &order.u32_bytes(n.to_bits()))),
            FieldType::Double => self.as_f64().map(|n| put(bytes, &order.u64_bytes(n.to_bits()))),
            FieldType::NetDecimal | FieldType::Opaque(_) => match self {
                Self::Bytes(value) if value.len() == bytes.len() => Some(put(bytes, value)),
                _ => None,
            },
        };
        match fits {
            Some(true) => Ok(()),
            Some(false) | None => Err(Error::new(
                ErrorKind::BadValue,
                format!("{self:?} does not fit into {} bytes of type {kind}", bytes.len()),
            )),
        }
    }

    /// The number, as a double; large whole numbers are rounded. None for bytes.
    ///
    /// ```
    /// assert_eq!(teafile::Value::Int(-3).as_f64(), Some(-3.0));
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is what was asked for")]
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::UInt(number) => Some(number as f64),
            Self::Float(number) => Some(number.into()),
            Self::Double(number) => Some(number),
            Self::Bytes(_) => None,
        }
    }

    /// A finite double beyond the range of a float does not become an infinity.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the next float is what a field of that type can hold"
    )]
    fn as_f32(self) -> Option<f32> {
        if let Self::Float(number) = self {
            return Some(number);
        }
        let number = self.as_f64()?;
        let rounded = number as f32;
        (rounded.is_finite() || !number.is_finite()).then_some(rounded)
    }

    /// The whole number, if it is one that fits; a fraction is cut off downwards, so that a time keeps its tick.
    ///
    /// ```
    /// use teafile::Value;
    /// assert_eq!(Value::UInt(u64::MAX).as_i64(), None);
    /// assert_eq!(Value::Double(-1.5).as_i64(), Some(-2));
    /// ```
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::UInt(number) => i64::try_from(number).ok(),
            Self::Float(number) => floor(number.into()),
            Self::Double(number) => floor(number),
            Self::Bytes(_) => None,
        }
    }
}

/// The largest whole number not above it, if 64 bits hold it.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn floor(number: f64) -> Option<i64> {
    /// 2^63, exactly.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let whole = number.floor();
    (-LIMIT..LIMIT).contains(&whole).then_some(whole as i64)
}

/// Whether the room was as large as what goes in.
fn put(room: &mut [u8], bytes: &[u8]) -> bool {
    let fits = room.len() == bytes.len();
    if fits {
        room.copy_from_slice(bytes);
    }
    fits
}

impl From<i8> for Value<'_> {
    fn from(number: i8) -> Self {
        Self::Int(number.into())
    }
}

impl From<i16> for Value<'_> {
    fn from(number: i16) -> Self {
        Self::Int(number.into())
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u8> for Value<'_> {
    fn from(number: u8) -> Self {
        Self::UInt(number.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Self::UInt(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::UInt(number.into())
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::UInt(number)
    }
}

impl From<f32> for Value<'_> {
    fn from(number: f32) -> Self {
        Self::Float(number)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Milliseconds since 1970, whatever the scale of the file.
impl From<DateTime> for Value<'_> {
    fn from(time: DateTime) -> Self {
        Self::Int(time.ticks())
    }
}
