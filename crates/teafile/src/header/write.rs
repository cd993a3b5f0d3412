//! Writes a header: the order of sections, and every byte, as the original API has them.

use super::{CONTENT, FIXED_BYTES, HEADER_BYTES_MAX, ITEM, NAME_VALUES, NAME_VALUES_MAX, SECTIONS_MAX, TIME};
use crate::byte_order::ByteOrder;
use crate::description::{Description, TimeSection};
use crate::error::{Error, ErrorKind};
use crate::item_description::ItemDescription;
use crate::name_values::{NameValues, NamedValue};

/// Sections as they are written.
pub(crate) struct Sections {
    pub(crate) count: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Description {
    /// The header of a file that has this description and no items yet.
    ///
    /// # Errors
    /// If it would be larger than [`HEADER_BYTES_MAX`].
    ///
    /// ```
    /// use teafile::{ByteOrder, Description};
    /// let bytes = Description::new("A B", "qq")?.to_header(ByteOrder::Little)?;
    /// assert_eq!(bytes.len() % 8, 0);
    /// assert_eq!(&bytes[..8], b"\x00\x05\x08\x02\x04\x0a\x0e\x0d");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn to_header(&self, order: ByteOrder) -> Result<Vec<u8>, Error> {
        self.to_header_with(order, 0, false)
    }

    /// The same with so many bytes of room before the items, and with their end written down if there is room behind.
    pub(crate) fn to_header_with(
        &self,
        order: ByteOrder,
        room: u64,
        has_end: bool,
    ) -> Result<Vec<u8>, Error> {
        let sections = self.section_bytes(order)?;
        let header_size = FIXED_BYTES + sections.bytes.len() as u64;
        let start = header_size.checked_add(room).and_then(|start| start.checked_next_multiple_of(8));
        let Some(start) = start.filter(|_| room <= HEADER_BYTES_MAX) else {
            return Err(Error::new(
                ErrorKind::HeaderTooLarge,
                format!("room of {room} bytes in the header (expected {HEADER_BYTES_MAX} or less)"),
            ));
        };
        let mut bytes = Vec::with_capacity(usize::try_from(start).unwrap_or_default());
        bytes.extend(order.magic());
        bytes.extend(order.u64_bytes(start));
        bytes.extend(order.u64_bytes(if has_end { start } else { 0 }));
        bytes.extend(order.u64_bytes(sections.count));
        bytes.extend(sections.bytes);
        // the room is small: its size was checked
        bytes.resize(usize::try_from(start).unwrap_or(bytes.len()), 0);
        Ok(bytes)
    }

    /// All sections, one behind the other.
    pub(crate) fn section_bytes(&self, order: ByteOrder) -> Result<Sections, Error> {
        let mut bytes = Vec::new();
        let mut count_of = 0;
        for (id, payload) in self.sections(order)? {
            bytes.extend(order.u32_bytes(id.cast_unsigned()));
            bytes.extend(count(order, payload.len()));
            bytes.extend(payload);
            count_of += 1;
        }
        let size = FIXED_BYTES + bytes.len() as u64;
        if size > HEADER_BYTES_MAX || count_of > SECTIONS_MAX {
            return Err(Error::new(
                ErrorKind::HeaderTooLarge,
                format!("a header of {size} bytes (expected {HEADER_BYTES_MAX} or less)"),
            ));
        }
        Ok(Sections { count: count_of, bytes })
    }

    fn sections(&self, order: ByteOrder) -> Result<Vec<(i32, Vec<u8>)>, Error> {
        let mut sections = Vec::new();
        if let Some(item) = &self.item {
            sections.push((ITEM, item_section(item, order)));
        }
        if let Some(content) = self.content.as_ref().filter(|content| !content.is_empty()) {
            let mut payload = Vec::new();
            text(&mut payload, order, content);
            sections.push((CONTENT, payload));
        }
        if let Some(values) = self.name_values.as_ref().filter(|values| !values.is_empty()) {
            if values.len() > NAME_VALUES_MAX {
                return Err(Error::new(
                    ErrorKind::HeaderTooLarge,
                    format!("{} name-values (expected {NAME_VALUES_MAX} or fewer)", values.len()),
                ));
            }
            sections.push((NAME_VALUES, name_value_section(values, order)));
        }
        if let Some(time) = &self.time {
            sections.push((TIME, time_section(time, order)));
        }
        // sections that nobody knows came from a file or were checked, so that their ids differ from those above
        for custom in &self.custom {
            sections.push((custom.id, custom.bytes.clone()));
        }
        Ok(sections)
    }
}

fn item_section(item: &ItemDescription, order: ByteOrder) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend(order.u32_bytes(item.size));
    text(&mut payload, order, &item.name);
    payload.extend(count(order, item.fields.len()));
    for field in &item.fields {
        payload.extend(order.u32_bytes(field.field_type.code().cast_unsigned()));
        payload.extend(order.u32_bytes(field.offset));
        text(&mut payload, order, &field.name);
    }
    payload
}

fn name_value_section(values: &NameValues, order: ByteOrder) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend(count(order, values.len()));
    for (name, value) in values.iter() {
        text(&mut payload, order, name);
        payload.extend(order.u32_bytes(value.kind().cast_unsigned()));
        match value {
            NamedValue::Int32(number) => payload.extend(order.u32_bytes(number.cast_unsigned())),
            NamedValue::Double(number) => payload.extend(order.u64_bytes(number.to_bits())),
            NamedValue::Text(value) => text(&mut payload, order, value),
            NamedValue::Uuid(id) => payload.extend(id.0),
            NamedValue::UInt64(number) => payload.extend(order.u64_bytes(*number)),
        }
    }
    payload
}

fn time_section(time: &TimeSection, order: ByteOrder) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend(order.u64_bytes(time.scale.epoch().cast_unsigned()));
    payload.extend(order.u64_bytes(time.scale.ticks_per_day().cast_unsigned()));
    payload.extend(count(order, time.offsets.len()));
    for offset in &time.offsets {
        payload.extend(order.u32_bytes(*offset));
    }
    payload
}

fn text(payload: &mut Vec<u8>, order: ByteOrder, text: &str) {
    payload.extend(count(order, text.len()));
    payload.extend(text.as_bytes());
}

/// More than fits is more than a header may have; that is checked when all is there.
fn count(order: ByteOrder, count: usize) -> [u8; 4] {
    order.u32_bytes(u32::try_from(count).unwrap_or(u32::MAX))
}
