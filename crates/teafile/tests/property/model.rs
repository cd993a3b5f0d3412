//! Random files, and what is in them by arithmetic that shares nothing with the crate's.

use proptest::prelude::*;
use teafile::{ByteOrder, Description, FieldType, ItemDescription, NamedValue, TimeScale, Uuid, Value};

/// A file before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) description: Description,
    pub(crate) order: ByteOrder,
    pub(crate) items: Vec<Vec<u8>>,
}

impl Model {
    /// The values of an item's bytes: numbers are sums of their bytes' weights.
    pub(crate) fn values<'a>(&self, item: &'a [u8]) -> Vec<Value<'a>> {
        let fields = self.description.fields();
        fields
            .iter()
            .map(|field| {
                let start = field.offset() as usize;
                let bytes = &item[start..start + field.size() as usize];
                if !field.field_type().is_number() {
                    return Value::Bytes(bytes);
                }
                let weigh = |total: u64, byte: &u8| total * 256 + u64::from(*byte);
                let number = match self.order {
                    ByteOrder::Little => bytes.iter().rev().fold(0, weigh),
                    ByteOrder::Big => bytes.iter().fold(0, weigh),
                };
                let bits = u32::try_from(bytes.len()).unwrap() * 8;
                match field.field_type() {
                    FieldType::Float => Value::Float(f32::from_bits(u32::try_from(number).unwrap())),
                    FieldType::Double => Value::Double(f64::from_bits(number)),
                    FieldType::Int8 | FieldType::Int16 | FieldType::Int32 | FieldType::Int64 => {
                        let range = 1_i128 << bits;
                        let number = i128::from(number);
                        let signed = if number >= range / 2 { number - range } else { number };
                        Value::Int(i64::try_from(signed).unwrap())
                    }
                    _ => Value::UInt(number),
                }
            })
            .collect()
    }

    /// The item with zeros where no field is.
    pub(crate) fn without_gaps(&self, item: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; item.len()];
        for field in self.description.fields() {
            let range = field.offset() as usize..(field.offset() + field.size()) as usize;
            bytes[range.clone()].copy_from_slice(&item[range]);
        }
        bytes
    }
}

fn field_type() -> impl Strategy<Value = FieldType> {
    prop_oneof![
        8 => (1..=10).prop_map(|code| FieldType::from_code(code).unwrap()),
        1 => Just(FieldType::NetDecimal),
        1 => (0x1000..=i32::MAX).prop_map(FieldType::Opaque),
    ]
}

/// A layout with gaps before some fields and behind the last one.
fn item() -> impl Strategy<Value = ItemDescription> {
    let field = (".{0,6}", field_type(), 0_u32..4, 1_u32..9);
    (".{0,8}", prop::collection::vec(field, 1..8), 0_u32..5).prop_map(|(name, fields, more)| {
        let mut builder = ItemDescription::builder(&name);
        let mut end = 0;
        for (name, field_type, gap, opaque_size) in &fields {
            let offset = end + gap;
            builder = builder.field_at(name, *field_type, offset);
            // an opaque field ends where the next one starts: its size is what follows from that
            end = offset + field_type.size().unwrap_or(*opaque_size);
        }
        builder.size(end + more).build().unwrap()
    })
}

fn named_value() -> impl Strategy<Value = NamedValue> {
    prop_oneof![
        any::<i32>().prop_map(NamedValue::Int32),
        // a number that is none is not equal to itself, so that descriptions could not be compared
        (-1e300_f64..1e300).prop_map(NamedValue::Double),
        ".{0,12}".prop_map(NamedValue::Text),
        any::<[u8; 16]>().prop_map(|bytes| NamedValue::Uuid(Uuid(bytes))),
        any::<u64>().prop_map(NamedValue::UInt64),
    ]
}

fn description() -> impl Strategy<Value = Description> {
    let scale = (any::<i64>(), 1..=i64::MAX).prop_map(|(epoch, ticks)| TimeScale::new(epoch, ticks).unwrap());
    let parts = (
        item(),
        prop::option::of(".{1,30}"),
        prop::collection::vec((".{0,8}", named_value()), 0..5),
        prop::option::of(scale),
        prop::option::of((0x1_0000..=i32::MAX, prop::collection::vec(any::<u8>(), 1..9))),
    );
    parts.prop_map(|(item, content, values, scale, custom)| {
        let mut description = Description::of_items(item);
        if let Some(content) = content {
            description = description.content(&content);
        }
        for (name, value) in values {
            description = description.name_value(&name, value);
        }
        description = match scale {
            Some(scale) => description.time_scale(scale),
            None => description.without_time(),
        };
        match custom {
            Some((id, bytes)) => description.custom_section(id, bytes).unwrap(),
            None => description,
        }
    })
}

/// A description, a byte order, and items of random bytes.
pub(crate) fn model() -> impl Strategy<Value = Model> {
    let order = prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)];
    (description(), order).prop_flat_map(|(description, order)| {
        let size = description.item().map_or(1, ItemDescription::size);
        let items = prop::collection::vec(prop::collection::vec(any::<u8>(), size), 0..20);
        items.prop_map(move |items| Model { description: description.clone(), order, items })
    })
}
