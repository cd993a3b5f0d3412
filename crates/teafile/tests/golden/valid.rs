//! Files that must be read: header, items, texts, searches; and then written again, and appended to.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use teafile::{
    AppendOptions, CreateOptions, Description, ErrorKind, Field, FieldType, Header, Mapped, Reader, Row,
    State, TornTail, Value, ZeroTail,
};

use crate::sidecar::{bytes, double, named_value, with_values};
use crate::{Failure, Outcome, same};

pub(crate) fn check(path: &Path, row: &Json) -> Outcome {
    same("the sum", sha256(&fs::read(path)?), row["sha256"].as_str().unwrap())?;
    let mut file = Reader::open(path)?;
    header(file.header(), &row["header"])?;
    description(file.description(), &row["header"])?;
    texts(&mut file, &row["text"])?;
    if row["item_count"].is_null() {
        same("the kind", file.item_count().unwrap_err().kind(), ErrorKind::NoItems)?;
    } else {
        same("the count", file.item_count()?, row["item_count"].as_u64().unwrap())?;
        same("the tail", file.partial_tail_bytes()?, row["partial_tail_bytes"].as_u64().unwrap())?;
        items(&mut file, row)?;
        searches(&mut file, row)?;
        mapped(path, row)?;
    }
    verified(path, row)?;
    create(path, row)?;
    append_one(path, row)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn header(found: &Header, expected: &Json) -> Outcome {
    same("the order", found.byte_order().name(), expected["byteorder"].as_str().unwrap())?;
    same("the start", found.item_start(), expected["item_start"].as_u64().unwrap())?;
    same("the end", found.item_end().unwrap_or(0), expected["item_end"].as_u64().unwrap())?;
    let sections: Vec<(i64, u64, i64)> = found
        .sections()
        .iter()
        .map(|section| (section.id.into(), section.offset, section.next.into()))
        .collect();
    let listed: Vec<(i64, u64, i64)> = expected["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| {
            let number = |name: &str| section[name].as_i64().unwrap();
            (number("id"), number("pos").unsigned_abs(), number("next_section_offset"))
        })
        .collect();
    same("the list of sections", sections, listed)
}

fn description(found: &Description, expected: &Json) -> Outcome {
    same("the content", found.content_description(), expected["content"].as_str())?;
    let item = &expected["item"];
    same("an item section", found.item().is_some(), !item.is_null())?;
    if let Some(found) = found.item() {
        same("the item name", found.name(), item["item_name"].as_str().unwrap())?;
        same("the item size", found.size() as u64, item["item_size"].as_u64().unwrap())?;
        let fields = item["fields"].as_array().unwrap();
        same("the number of fields", found.fields().len(), fields.len())?;
        for (found, expected) in found.fields().iter().zip(fields) {
            field(found, expected)?;
        }
    }
    let scale = &expected["timescale"];
    same("a time section", found.scale().is_some(), !scale.is_null())?;
    if let Some(found) = found.scale() {
        same("the epoch", found.epoch(), scale["epoch"].as_i64().unwrap())?;
        same("the ticks", found.ticks_per_day(), scale["ticksperday"].as_i64().unwrap())?;
        same("the scale", found.well_known_name(), scale["wellknownname"].as_str())?;
    }
    if let Some(offsets) = expected["time_field_offsets"].as_array() {
        let times = found.fields().iter().filter(|field| field.is_time()).count();
        same("the number of times", times, offsets.len())?;
        let event = found.event_time().map(|field| u64::from(field.offset()));
        same("the event time", event, offsets.first().and_then(Json::as_u64))?;
    }
    let values: Vec<(String, String)> =
        found.name_values().iter().map(|(name, value)| (name.to_owned(), format!("{value:?}"))).collect();
    let listed: Vec<(String, String)> = expected["namevalues"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|json| (json["name"].as_str().unwrap().to_owned(), format!("{:?}", named_value(json))))
        .collect();
    same("the name-values", values, listed)
}

fn field(found: &Field, expected: &Json) -> Outcome {
    same("its index", found.index() as u64, expected["index"].as_u64().unwrap())?;
    same("its name", found.name(), expected["name"].as_str().unwrap())?;
    same("its type", i64::from(found.field_type().code()), expected["type"].as_i64().unwrap())?;
    same("its type's name", found.field_type().name(), expected["type_name"].as_str().unwrap())?;
    same("its offset", u64::from(found.offset()), expected["offset"].as_u64().unwrap())?;
    same("its size", u64::from(found.size()), expected["size"].as_u64().unwrap())?;
    let character = expected["formatchar"].as_str().and_then(|text| text.chars().next());
    same("its character", found.field_type().format_char(), character)?;
    same("its time", found.is_time(), expected["is_time"].as_bool().unwrap())?;
    same("its event time", found.is_event_time(), expected["is_event_time"].as_bool().unwrap())
}

fn texts(file: &mut Reader, expected: &Json) -> Outcome {
    if let Some(expected) = expected["description"].as_str() {
        same("the description", file.description().to_string(), expected)?;
    }
    if let Some(expected) = expected["repr"].as_str() {
        same("the summary", file.summary()?, expected)?;
    }
    if let Some(expected) = expected["printitems"].as_str() {
        same("ten items", file.items_text(10)?, expected)?;
    }
    if let Some(expected) = expected["printitems_5"].as_str() {
        same("five items", file.items_text(5)?, expected)?;
    }
    if let Some(expected) = expected["printsnapshot"].as_str() {
        same("the snapshot", file.snapshot()?, expected)?;
    }
    Ok(())
}

fn items(file: &mut Reader, expected: &Json) -> Outcome {
    let description = file.description().clone();
    for item in expected["items"].as_array().unwrap() {
        let index = item["index"].as_u64().unwrap();
        let row = file.row(index)?;
        same("the bytes", row.bytes().to_vec(), bytes(&item["hex"]))?;
        for (place, (field, value)) in
            description.fields().iter().zip(item["values"].as_array().unwrap()).enumerate()
        {
            same_value(&row, field, value)?;
            let utc = item["time_utc"].get(place).and_then(Json::as_str);
            if let (Some(utc), Some(scale), Some(ticks)) =
                (utc, description.scale(), row.value(field).as_i64())
            {
                same("the time", scale.iso(ticks).as_deref(), Some(utc))?;
            }
        }
    }
    if let Some(strings) = expected["valuestrings_item0"].as_array() {
        let row = file.row(0)?;
        for (field, expected) in description.fields().iter().zip(strings) {
            same("the value's text", row.value_string(field), expected.as_str().unwrap())?;
        }
    }
    Ok(())
}

fn same_value(row: &Row<'_>, field: &Field, expected: &Json) -> Outcome {
    match row.value(field) {
        Value::Int(number) => same("the value", Some(number), expected.as_i64()),
        Value::UInt(number) => same("the value", Some(number), expected.as_u64()),
        Value::Float(number) => {
            same("the value", format!("{:?}", f64::from(number)), format!("{:?}", double(expected)))
        }
        Value::Double(number) => same("the value", format!("{number:?}"), format!("{:?}", double(expected))),
        Value::Bytes(found) => same("the value", found.to_vec(), bytes(expected)),
    }
}

fn searches(file: &mut Reader, row: &Json) -> Outcome {
    for seek in row["seeks"].as_array().into_iter().flatten() {
        let ticks = seek["ticks"].as_i64().unwrap();
        same("the lower bound", file.lower_bound(ticks)?, seek["lower_bound"].as_u64().unwrap())?;
        same("the upper bound", file.upper_bound(ticks)?, seek["upper_bound"].as_u64().unwrap())?;
    }
    for range in row["ranges"].as_array().into_iter().flatten() {
        let (from, to) = (range["from_ticks"].as_i64().unwrap(), range["to_ticks"].as_i64().unwrap());
        let (first, count) = (range["first"].as_u64().unwrap(), range["count"].as_u64().unwrap());
        same("the range", file.time_range(from..to)?, first..first + count)?;
        same("its items", file.between(from..to)?.count() as u64, count)?;
    }
    Ok(())
}

/// The same items, searches and texts in memory.
fn mapped(path: &Path, row: &Json) -> Outcome {
    let file = Mapped::open(path)?;
    same("the mapped count", file.len() as u64, row["item_count"].as_u64().unwrap())?;
    let fields = file.description().fields();
    for item in row["items"].as_array().unwrap() {
        let index = usize::try_from(item["index"].as_u64().unwrap()).unwrap();
        let row = file.row(index).ok_or_else(|| Failure::Wrong(format!("there is no row {index}")))?;
        same("the mapped bytes", row.bytes().to_vec(), bytes(&item["hex"]))?;
        for (field, value) in fields.iter().zip(item["values"].as_array().unwrap()) {
            same_value(&row, field, value)?;
            // columns are found by name: that of a name that repeats is the first
            if fields.iter().filter(|other| other.name() == field.name()).count() == 1 {
                same_in_column(&file, field, index, value)?;
            }
        }
    }
    for range in row["ranges"].as_array().into_iter().flatten() {
        let (from, to) = (range["from_ticks"].as_i64().unwrap(), range["to_ticks"].as_i64().unwrap());
        let first = usize::try_from(range["first"].as_u64().unwrap()).unwrap();
        let count = usize::try_from(range["count"].as_u64().unwrap()).unwrap();
        same("the mapped range", file.time_range(from..to)?, first..first + count)?;
    }
    Ok(())
}

fn same_in_column(file: &Mapped, field: &Field, index: usize, expected: &Json) -> Outcome {
    let name = field.name();
    let double = |number: Option<f64>| {
        same("the column", format!("{number:?}"), format!("{:?}", Some(double(expected))))
    };
    match field.field_type() {
        FieldType::Int8 => {
            same("the column", file.column::<i8>(name)?.get(index).map(i64::from), expected.as_i64())
        }
        FieldType::Int16 => {
            same("the column", file.column::<i16>(name)?.get(index).map(i64::from), expected.as_i64())
        }
        FieldType::Int32 => {
            same("the column", file.column::<i32>(name)?.get(index).map(i64::from), expected.as_i64())
        }
        FieldType::Int64 => same("the column", file.column::<i64>(name)?.get(index), expected.as_i64()),
        FieldType::UInt8 => {
            same("the column", file.column::<u8>(name)?.get(index).map(u64::from), expected.as_u64())
        }
        FieldType::UInt16 => {
            same("the column", file.column::<u16>(name)?.get(index).map(u64::from), expected.as_u64())
        }
        FieldType::UInt32 => {
            same("the column", file.column::<u32>(name)?.get(index).map(u64::from), expected.as_u64())
        }
        FieldType::UInt64 => same("the column", file.column::<u64>(name)?.get(index), expected.as_u64()),
        FieldType::Float => double(file.column::<f32>(name)?.get(index).map(f64::from)),
        FieldType::Double => double(file.column::<f64>(name)?.get(index)),
        FieldType::NetDecimal | FieldType::Opaque(_) => Ok(()),
    }
}

fn verified(path: &Path, row: &Json) -> Outcome {
    let found = teafile::verify(path)?;
    same("what is wrong", found.header.len(), 0)?;
    same("the zeros", found.zero_tail_items, row["zero_tail_items"].as_u64().unwrap_or(0))?;
    same("the tail", found.partial_tail_bytes, row["partial_tail_bytes"].as_u64().unwrap_or(0))?;
    same("the first violation", found.first_time_violation, row["first_time_violation"].as_u64())?;
    let is_torn = found.partial_tail_bytes > 0 || found.zero_tail_items > 0;
    let expected = match (is_torn, found.first_time_violation) {
        (true, _) => State::Repairable,
        (false, Some(_)) => State::Broken,
        (false, None) => State::Clean,
    };
    same("the state", found.state(), expected)
}

/// Makes the same file by the same call, and compares every byte.
fn create(path: &Path, row: &Json) -> Outcome {
    let call = &row["create"];
    if call.is_null() {
        return Ok(());
    }
    let names: Vec<&str> = call["fieldnames"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    let mut description =
        Description::new(&names.join(" "), call["fieldformat"].as_str().unwrap_or_default())?
            .content(call["contentdescription"].as_str().unwrap_or_default());
    for value in call["namevalues"].as_array().into_iter().flatten() {
        description = description.name_value(value["name"].as_str().unwrap(), named_value(value));
    }
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join(call["filename"].as_str().unwrap());
    let mut file = CreateOptions::default().create(&copy, &description)?;
    for item in call["items"].as_array().into_iter().flatten() {
        with_values(description.fields(), item, |values| file.write(values))?;
    }
    file.close()?;
    if fs::read(&copy)? != fs::read(path)? {
        return Err(Failure::Wrong("the file that was made has other bytes".to_owned()));
    }
    Ok(())
}

/// Appends an item to a copy, after a repair where one is needed.
fn append_one(path: &Path, row: &Json) -> Outcome {
    let call = &row["append_one"];
    if call.is_null() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.tea");
    fs::copy(path, &copy)?;
    let is_torn = call["needs_repair"].as_bool().unwrap();
    if is_torn {
        let refused = AppendOptions::default().torn_tail(TornTail::Refuse).append(&copy).unwrap_err();
        same("the kind", refused.kind(), ErrorKind::TornTail)?;
    }
    let zeros = row["zero_tail_items"].as_u64().unwrap_or(0);
    let mut options = AppendOptions::default();
    if zeros > 0 {
        same("the kind", teafile::append(&copy).unwrap_err().kind(), ErrorKind::ZeroTail)?;
        options = options.zero_tail(ZeroTail::Accept);
    }
    let mut file = options.append(&copy)?;
    same("a repair", file.repaired().is_some(), is_torn)?;
    let fields = file.description().fields().to_vec();
    with_values(&fields, &call["values"], |values| file.write(values))?;
    file.close()?;
    let written = fs::read(&copy)?;
    let at = usize::try_from(call["at"].as_u64().unwrap()).unwrap();
    let item = bytes(&call["item_hex"]);
    same("the item", written[at..at + item.len()].to_vec(), item)?;
    same("the size", written.len() as u64, call["expect_size"].as_u64().unwrap())?;
    let mut file = Reader::open(&copy)?;
    same("the end", file.header().item_end().unwrap_or(0), call["expect_item_end"].as_u64().unwrap())?;
    same("the count", file.item_count()?, call["expect_item_count"].as_u64().unwrap())?;
    same("the sum", sha256(&written), call["expect_sha256"].as_str().unwrap())
}
