//! What the four known sections hold.

use super::cursor::Cursor;
use super::{NAME_VALUES_MAX, Strictness};
use crate::description::TimeSection;
use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::item_description::{FIELDS_MAX, Field, ItemDescription, LayoutProblem};
use crate::name_values::{NameValues, NamedValue, Uuid};
use crate::time_scale::TimeScale;

/// Size, name and fields of an item.
pub(super) fn item(
    mut cursor: Cursor<'_>,
    strictness: Strictness,
    warnings: &mut Vec<Error>,
) -> Result<ItemDescription, Error> {
    let at = cursor.position();
    let size = cursor.i32("item size")?;
    let Some(size) = u32::try_from(size).ok().filter(|size| *size > 0) else {
        let what = format!("item section: item size {size} (expected 1 or more)");
        return Err(Error::at(ErrorKind::BadItemSize, at, what));
    };
    let name = cursor.text("item name")?.to_owned();
    let at_count = cursor.position();
    let count = cursor.count("field count", ErrorKind::BadFieldCount, 12)?;
    if count == 0 {
        let what = "item section: field count 0 (expected 1 or more)";
        return Err(Error::at(ErrorKind::BadFieldCount, at_count, what));
    }
    if count > FIELDS_MAX {
        let what = format!("{count} fields (this reader takes {FIELDS_MAX})");
        return Err(cursor.error(ErrorKind::HeaderTooLarge, &what));
    }
    let mut fields = Vec::with_capacity(count);
    for index in 0..count {
        fields.push(field(&mut cursor, index, size)?);
    }
    let mut item = ItemDescription { name, size, fields };
    let problem = |problem: LayoutProblem| {
        let kind = match problem {
            LayoutProblem::OutOfItem { .. } => ErrorKind::FieldOutOfItem,
            LayoutProblem::Overlap { .. } => ErrorKind::FieldOverlap,
        };
        Error::at(kind, at, format!("item section: {problem}"))
    };
    match item.lay_out() {
        Err(overlap @ LayoutProblem::Overlap { .. }) if strictness == Strictness::Lenient => {
            warnings.push(problem(overlap));
            Ok(item)
        }
        Err(other) => Err(problem(other)),
        Ok(()) => Ok(item),
    }
}

fn field(cursor: &mut Cursor<'_>, index: usize, item_size: u32) -> Result<Field, Error> {
    let what = |what: &str| format!("{what} of field {index}");
    let at = cursor.position();
    let code = cursor.i32(&what("type"))?;
    let Some(field_type) = FieldType::from_code(code) else {
        let what = format!("item section: field {index} has type {code} (expected 1 or more)");
        return Err(Error::at(ErrorKind::BadFieldType, at, what));
    };
    let at = cursor.position();
    let offset = cursor.i32(&what("offset"))?;
    let Ok(offset) = u32::try_from(offset) else {
        let what = format!("item section: field {index} at {offset} does not fit in {item_size} bytes");
        return Err(Error::at(ErrorKind::FieldOutOfItem, at, what));
    };
    let name = cursor.text(&what("name"))?.to_owned();
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    Ok(Field { name, field_type, offset, size: 0, index, is_time: false, is_event_time: false })
}

/// One text.
pub(super) fn content(mut cursor: Cursor<'_>) -> Result<String, Error> {
    cursor.text("content description").map(str::to_owned)
}

/// Names and values of five kinds.
pub(super) fn name_values(mut cursor: Cursor<'_>) -> Result<NameValues, Error> {
    let count = cursor.count("name-value count", ErrorKind::BadNameValueCount, 8)?;
    if count > NAME_VALUES_MAX {
        let what = format!("{count} name-values (this reader takes {NAME_VALUES_MAX})");
        return Err(cursor.error(ErrorKind::HeaderTooLarge, &what));
    }
    let mut values = NameValues::with_capacity(count);
    for index in 0..count {
        let name = cursor.text(&format!("name {index}"))?;
        let unknown = |kind: i32| format!("name-value {index} has kind {kind} (expected 1 to 5)");
        let kind = cursor.i32(&format!("kind of name-value {index}"))?;
        let what = format!("value {index}");
        let value = match kind {
            1 => NamedValue::Int32(cursor.i32(&what)?),
            2 => NamedValue::Double(f64::from_bits(cursor.u64(&what)?)),
            3 => NamedValue::Text(cursor.text(&what)?.to_owned()),
            4 => NamedValue::Uuid(Uuid(cursor.bytes_16(&what)?)),
            5 => NamedValue::UInt64(cursor.u64(&what)?),
            kind => return Err(cursor.error(ErrorKind::BadNameValueKind, &unknown(kind))),
        };
        values.push(name, value);
    }
    Ok(values)
}

/// Scale and offsets of time fields.
pub(super) fn time(mut cursor: Cursor<'_>, item: Option<&ItemDescription>) -> Result<TimeSection, Error> {
    let epoch = cursor.i64("epoch")?;
    let ticks_per_day = cursor.i64("ticks per day")?;
    let scale = TimeScale::new(epoch, ticks_per_day)
        .map_err(|error| cursor.error(ErrorKind::BadTimeScale, &error.to_string()))?;
    let count = cursor.count("time field count", ErrorKind::BadTimeFieldCount, 4)?;
    let fields = item.map_or(&[][..], |item| &item.fields);
    // each is another field, so that more than there are fields end here before they take memory
    let mut offsets = Vec::with_capacity(count.min(fields.len()));
    for _ in 0..count {
        let at = cursor.position();
        let found = cursor.i32("time offset")?;
        let refused = |what: &str| {
            let what = format!("time section: offset {found} {what}");
            Error::at(ErrorKind::BadTimeField, at, what)
        };
        let field =
            u32::try_from(found).ok().and_then(|offset| fields.iter().find(|field| field.offset == offset));
        let Some(field) = field else { return Err(refused("is that of no field")) };
        if !field.field_type.is_number() {
            return Err(refused("is that of a field without a number"));
        }
        if offsets.contains(&field.offset) {
            return Err(refused("is listed twice"));
        }
        offsets.push(field.offset);
    }
    Ok(TimeSection { scale, offsets })
}
