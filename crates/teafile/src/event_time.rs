//! The time that items are ordered by, as a number of ticks whatever its type.

use std::fs::File;
use std::ops::Range;

use crate::blocks::read_at;
use crate::byte_order::ByteOrder;
use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::header::Header;
use crate::item::TeaField;
use crate::value::Value;

/// Where the event time is in an item, and how it is read.
#[derive(Clone, Debug)]
pub(crate) struct EventTime {
    range: Range<usize>,
    field_type: FieldType,
    order: ByteOrder,
}

impl EventTime {
    /// That of a file; an error if it has none.
    pub(crate) fn of(header: &Header) -> Result<Self, Error> {
        Self::find(header).ok_or_else(|| {
            Error::new(
                ErrorKind::BadTimeField,
                "no field is the event time (expected a time section that lists one)",
            )
        })
    }

    /// That of a file, if it has one.
    pub(crate) fn find(header: &Header) -> Option<Self> {
        let field = header.description().event_time()?;
        Some(Self { range: field.range(), field_type: field.field_type(), order: header.byte_order() })
    }

    /// The time of an item. What 64 bits do not hold becomes their end; what is no number is before everything.
    #[inline]
    pub(crate) fn of_item(&self, item: &[u8]) -> i64 {
        let bytes = item.get(self.range.clone()).unwrap_or_default();
        if self.field_type == FieldType::Int64
            && let Ok(bytes) = bytes.try_into()
        {
            return self.order.u64(bytes).cast_signed();
        }
        self.slowly(bytes)
    }

    #[cold]
    fn slowly(&self, bytes: &[u8]) -> i64 {
        match Value::read(self.field_type, self.order, bytes) {
            Value::Int(ticks) => ticks,
            Value::UInt(ticks) => ticks.ticks(),
            Value::Float(ticks) => ticks.ticks(),
            Value::Double(ticks) => ticks.ticks(),
            Value::Bytes(_) => i64::MIN,
        }
    }

    /// Reads the time of an item from a file.
    pub(crate) fn read(&self, file: &File, header: &Header, index: u64) -> Result<i64, Error> {
        // no number is longer
        let mut bytes = [0; 8];
        let start = header.item_offset(index)? + self.range.start as u64;
        let size = self.range.len();
        let room = bytes.get_mut(..size).unwrap_or_default();
        if read_at(file, room, start)? < size {
            let what = format!("item {index} was there a moment ago, but the file became shorter");
            return Err(Error::at(ErrorKind::Shrunk, start, what));
        }
        let at_zero = Self { range: 0..size, ..self.clone() };
        Ok(at_zero.of_item(&bytes))
    }

    /// Writes a time into an item.
    pub(crate) fn put(&self, ticks: i64, item: &mut [u8]) -> Result<(), Error> {
        let room = item.get_mut(self.range.clone()).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "it was read from such a field, so that it fits one")]
        let value = match self.field_type {
            FieldType::Float | FieldType::Double => Value::Double(ticks as f64),
            _ => Value::Int(ticks),
        };
        value.write(self.field_type, self.order, room)
    }
}
