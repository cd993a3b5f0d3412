//! Takes a header apart: fixed part, list of sections, then what they hold, items first.

use super::{
    CONTENT, FIXED_BYTES, HEADER_BYTES_MAX, Header, ITEM, NAME_VALUES, SECTIONS_MAX, Section, Strictness,
    TIME, sections,
};
use crate::byte_order::ByteOrder;
use crate::description::{CustomSection, Description};
use crate::error::{Error, ErrorKind};

use super::cursor::Cursor;

/// The first 32 bytes.
pub(super) struct Fixed {
    order: ByteOrder,
    pub(super) item_start: u64,
    item_end: Option<u64>,
    section_count: u64,
}

/// Checks them against the size of the file.
pub(super) fn parse_fixed(bytes: &[u8], file_size: u64) -> Result<Fixed, Error> {
    let Some((&[magic, start, end, count], _)) =
        bytes.as_chunks::<8>().0.split_first_chunk::<4>().filter(|_| file_size >= FIXED_BYTES)
    else {
        let length = file_size.min(bytes.len() as u64);
        return Err(Error::at(
            ErrorKind::Truncated,
            length,
            format!("the file has {length} bytes, the fixed header needs {FIXED_BYTES}"),
        ));
    };
    let Some(order) = ByteOrder::detect(&magic) else {
        let hex = crate::text::hex(&magic);
        return Err(Error::at(
            ErrorKind::BadMagic,
            0,
            format!(
                "this is no TeaFile: it begins with {hex} (expected 00050802040a0e0d, or that from behind)"
            ),
        ));
    };
    let (start, end, count) =
        (order.u64(start).cast_signed(), order.u64(end).cast_signed(), order.u64(count).cast_signed());
    let item_start = u64::try_from(start).ok().filter(|start| (FIXED_BYTES..=file_size).contains(start));
    let Some(item_start) = item_start else {
        let what =
            format!("items start at {start} (expected {FIXED_BYTES} to {file_size}, the size of the file)");
        return Err(Error::at(ErrorKind::BadItemStart, 8, what));
    };
    let item_end = match u64::try_from(end) {
        Ok(0) => None,
        Ok(end) if (item_start..=file_size).contains(&end) => Some(end),
        _ => {
            let what = format!("items end at {end} (expected 0, or {item_start} to {file_size})");
            return Err(Error::at(ErrorKind::BadItemEnd, 16, what));
        }
    };
    let room = (item_start - FIXED_BYTES) / 8;
    let section_count = u64::try_from(count).ok().filter(|count| *count <= room);
    let Some(section_count) = section_count else {
        let what = format!("{count} sections (expected 0 to {room} before the items)");
        return Err(Error::at(ErrorKind::BadSectionCount, 24, what));
    };
    Ok(Fixed { order, item_start, item_end, section_count })
}

/// The whole header.
pub(super) fn parse(bytes: &[u8], file_size: u64, strictness: Strictness) -> Result<Header, Error> {
    let fixed = parse_fixed(bytes, file_size)?;
    let sections = list(bytes, &fixed)?;
    let mut header = Header {
        byte_order: fixed.order,
        item_start: fixed.item_start,
        item_end: fixed.item_end,
        sections: Vec::new(),
        description: Description::default(),
        warnings: Vec::new(),
    };
    let payload = |id: i32, name: &'static str| {
        let &(section, payload) = sections.iter().find(|(section, _)| section.id == id)?;
        Some(Cursor::new(payload, section.offset + 8, fixed.order, name))
    };
    let is_lenient = strictness == Strictness::Lenient;
    // items first, wherever they are: the time section speaks of them
    if let Some(cursor) = payload(ITEM, "item") {
        header.description.item = Some(sections::item(cursor, strictness, &mut header.warnings)?);
    }
    if let Some(cursor) = payload(CONTENT, "content") {
        header.description.content = or_warn(sections::content(cursor), is_lenient, &mut header.warnings)?;
    }
    if let Some(cursor) = payload(NAME_VALUES, "name-value") {
        header.description.name_values =
            or_warn(sections::name_values(cursor), is_lenient, &mut header.warnings)?;
    }
    if let Some(cursor) = payload(TIME, "time") {
        let time = sections::time(cursor, header.description.item.as_ref());
        header.description.time = or_warn(time, is_lenient, &mut header.warnings)?;
    }
    if let (Some(item), Some(time)) = (&mut header.description.item, &header.description.time) {
        item.mark_times(&time.offsets);
    }
    let is_ours = |id: i32| matches!(id, ITEM | CONTENT | NAME_VALUES | TIME);
    header.description.custom = sections
        .iter()
        .filter(|(section, _)| !is_ours(section.id))
        .map(|(section, bytes)| CustomSection { id: section.id, bytes: own(section, bytes).to_vec() })
        .collect();
    header.sections = sections.into_iter().map(|(section, _)| section).collect();
    Ok(header)
}

/// The bytes of a section that nobody knows. Of the last one, what it says of its length counts if it can be true: then the
/// padding behind it is left out.
fn own<'a>(section: &Section, bytes: &'a [u8]) -> &'a [u8] {
    let length = usize::try_from(section.next).ok().filter(|length| *length > 0);
    length.and_then(|length| bytes.get(..length)).unwrap_or(bytes)
}

/// An error, or in lenient mode a warning and nothing.
fn or_warn<T>(
    outcome: Result<T, Error>,
    is_lenient: bool,
    warnings: &mut Vec<Error>,
) -> Result<Option<T>, Error> {
    match outcome {
        Ok(part) => Ok(Some(part)),
        Err(error) if is_lenient => {
            warnings.push(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Every section and its bytes. The last one ends where the items start, whatever it says of the next.
fn list<'a>(bytes: &'a [u8], fixed: &Fixed) -> Result<Vec<(Section, &'a [u8])>, Error> {
    let Fixed { order, item_start, section_count, .. } = *fixed;
    if section_count > SECTIONS_MAX {
        return Err(Error::at(
            ErrorKind::HeaderTooLarge,
            24,
            format!("{section_count} sections (this reader takes {SECTIONS_MAX})"),
        ));
    }
    let mut sections: Vec<(Section, &[u8])> =
        Vec::with_capacity(usize::try_from(section_count).unwrap_or_default());
    let mut offset = FIXED_BYTES;
    for index in 0..section_count {
        let overrun =
            |what: String| Error::at(ErrorKind::SectionOverrun, offset, format!("section {index} {what}"));
        let payload = offset + 8;
        if payload > item_start {
            return Err(overrun(format!("crosses the start of the items at {item_start}")));
        }
        let Some((&[id, next], _)) =
            slice(bytes, offset, payload).and_then(|head| head.as_chunks::<4>().0.split_first_chunk::<2>())
        else {
            return Err(beyond(bytes, offset));
        };
        let (id, next) = (order.u32(id).cast_signed(), order.u32(next).cast_signed());
        if sections.iter().any(|(earlier, _)| earlier.id == id) {
            return Err(Error::at(
                ErrorKind::DuplicateSection,
                offset,
                format!("section {id:#x} occurs twice"),
            ));
        }
        let is_last = index + 1 == section_count;
        let end = if is_last {
            // what lies between a last section and the items belongs to nobody, and may be more than is read
            item_start.min(HEADER_BYTES_MAX)
        } else {
            let length = u64::try_from(next).map_err(|_| overrun(format!("has the length {next}")))?;
            payload + length
        };
        if end > item_start {
            return Err(overrun(format!("ends at {end}, behind the start of the items at {item_start}")));
        }
        let payload = slice(bytes, payload, end).ok_or_else(|| beyond(bytes, offset))?;
        sections.push((Section { id, offset, next }, payload));
        offset = end;
    }
    Ok(sections)
}

fn slice(bytes: &[u8], start: u64, end: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A section is not among the bytes that were read: the header is too large, or the file shrank meanwhile.
fn beyond(bytes: &[u8], offset: u64) -> Error {
    let read = bytes.len() as u64;
    if read >= HEADER_BYTES_MAX {
        let what = format!("a section beyond the {HEADER_BYTES_MAX} bytes that this reader takes");
        return Error::at(ErrorKind::HeaderTooLarge, offset, what);
    }
    Error::at(ErrorKind::Truncated, read, format!("the header ends after {read} bytes, within a section"))
}
