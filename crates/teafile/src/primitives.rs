//! The types of fields: for each what it is in a file, how it is turned round, and what it is as a time.

use crate::field_type::FieldType;
use crate::item::TeaField;
use crate::item::sealed::Sealed;
use crate::value::Value;

impl Sealed for i8 {}

impl TeaField for i8 {
    const TYPE: FieldType = FieldType::Int8;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for i16 {}

impl TeaField for i16 {
    const TYPE: FieldType = FieldType::Int16;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for i32 {}

impl TeaField for i32 {
    const TYPE: FieldType = FieldType::Int32;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for u8 {}

impl TeaField for u8 {
    const TYPE: FieldType = FieldType::UInt8;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for u16 {}

impl TeaField for u16 {
    const TYPE: FieldType = FieldType::UInt16;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for u32 {}

impl TeaField for u32 {
    const TYPE: FieldType = FieldType::UInt32;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.into()
    }
}

impl Sealed for i64 {}

impl TeaField for i64 {
    const TYPE: FieldType = FieldType::Int64;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        self
    }
}

impl Sealed for u64 {}

impl TeaField for u64 {
    const TYPE: FieldType = FieldType::UInt64;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::swap_bytes(self)
    }

    #[inline]
    fn ticks(self) -> i64 {
        Self::try_into(self).unwrap_or(i64::MAX)
    }
}

impl Sealed for f32 {}

impl TeaField for f32 {
    const TYPE: FieldType = FieldType::Float;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::from_bits(self.to_bits().swap_bytes())
    }

    #[inline]
    fn ticks(self) -> i64 {
        ticks_of(self.into())
    }
}

impl Sealed for f64 {}

impl TeaField for f64 {
    const TYPE: FieldType = FieldType::Double;

    #[inline]
    fn swap_bytes(self) -> Self {
        Self::from_bits(self.to_bits().swap_bytes())
    }

    #[inline]
    fn ticks(self) -> i64 {
        ticks_of(self)
    }
}

impl<const N: usize> Sealed for [u8; N] {}

/// Bytes of a type of your own, which are carried as they are, also from another byte order.
impl<const N: usize> TeaField for [u8; N] {
    const TYPE: FieldType = FieldType::Opaque(0x1000);

    #[inline]
    fn swap_bytes(self) -> Self {
        self
    }

    #[inline]
    fn ticks(self) -> i64 {
        i64::MIN
    }
}

/// A number with a fraction as ticks.
pub(crate) fn ticks_of(number: f64) -> i64 {
    match Value::Double(number).as_i64() {
        Some(ticks) => ticks,
        None if number > 0.0 => i64::MAX,
        None => i64::MIN,
    }
}
