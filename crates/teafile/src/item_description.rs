//! The layout of an item: its fields, where they are, and how long it is.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::item_builder::{ItemBuilder, refused, types_of_format};
use crate::text::display_name;

/// The most fields of an item that are read or written; more make the header too large.
pub const FIELDS_MAX: usize = 4_096;

/// A field of an item.
///
/// ```
/// use teafile::{Description, FieldType};
/// let description = Description::new("Time Price", "qd")?;
/// let price = description.item().and_then(|item| item.field("Price")).unwrap();
/// assert_eq!((price.index(), price.offset(), price.field_type()), (1, 8, FieldType::Double));
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(crate) name: String,
    pub(crate) field_type: FieldType,
    pub(crate) offset: u32,
    pub(crate) size: u32,
    pub(crate) index: u32,
    pub(crate) is_time: bool,
    pub(crate) is_event_time: bool,
}

impl Field {
    /// The name in the file, which may be any text, and may repeat.
    ///
    /// ```
    /// # let description = teafile::Description::new("Time Price", "qd")?;
    /// assert_eq!(description.fields()[1].name(), "Price");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with letters, digits and `_` only, as items show it.
    ///
    /// ```
    /// # let description = teafile::Description::new("a.b-c", "d")?;
    /// assert_eq!(description.fields()[0].display_name(), "abc");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.name, || format!("_{}", self.index))
    }

    /// Its type.
    ///
    /// ```
    /// # let description = teafile::Description::new("Time Price", "qd")?;
    /// assert_eq!(description.fields()[1].field_type(), teafile::FieldType::Double);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// Bytes from the start of the item.
    ///
    /// ```
    /// # let description = teafile::Description::new("Time Price", "qd")?;
    /// assert_eq!(description.fields()[1].offset(), 8);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// How many bytes it takes.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert_eq!(description.fields()[0].size(), 1);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Its place in the list of fields.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert_eq!(description.fields()[1].index(), 1);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index as usize
    }

    /// Whether it is a time.
    ///
    /// ```
    /// # let description = teafile::Description::new("TIME A", "qq")?;
    /// assert!(description.fields()[0].is_time());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn is_time(&self) -> bool {
        self.is_time
    }

    /// Whether it is the time that items are ordered by.
    ///
    /// ```
    /// # let description = teafile::Description::new("Time A", "qq")?;
    /// assert!(!description.fields()[1].is_event_time());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn is_event_time(&self) -> bool {
        self.is_event_time
    }

    /// Where its bytes are in those of an item.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        let start = self.offset as usize;
        start..start + self.size as usize
    }
}

/// In the columns of the original API.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, field_type, offset, is_time, is_event_time, .. } = self;
        let (is_time, is_event_time) = (u8::from(*is_time), u8::from(*is_event_time));
        write!(
            f,
            "{name:<10}   Type:{field_type:>7}   Offset:{offset:>2}   IsTime:{is_time}   IsEventTime:{is_event_time}"
        )
    }
}

/// The name of an item, its size, and its fields.
///
/// ```
/// use teafile::{FieldType, ItemDescription};
/// let item = ItemDescription::builder("Tick")
///     .field("Time", FieldType::Int64)
///     .field("Flag", FieldType::UInt8)
///     .build()?;
/// assert_eq!(item.size(), 16); // padded as C does
/// assert_eq!(item.field_by_offset(8)?.name(), "Flag");
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDescription {
    pub(crate) name: String,
    pub(crate) size: u32,
    pub(crate) fields: Vec<Field>,
}

impl ItemDescription {
    /// Fields by their names and the characters of Python's `struct`, laid out as C does. Without a name it is made of the
    /// first letters of the fields' names; without a format all fields are signed numbers of 8 bytes.
    ///
    /// # Errors
    /// If there are no names, if a name repeats, or if the format has another length or a character that is no type.
    ///
    /// ```
    /// use teafile::ItemDescription;
    /// let item = ItemDescription::create(None, "Time Temperature Humidity", "qdd")?;
    /// assert_eq!((item.name(), item.size()), ("TTH", 24));
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn create(name: Option<&str>, names: &str, format: &str) -> Result<Self, Error> {
        let names: Vec<&str> = names.split_whitespace().collect();
        let types = types_of_format(&names, format)?;
        let initials: String = names.iter().filter_map(|name| name.chars().next()).collect();
        let name = name.filter(|name| !name.is_empty()).unwrap_or(&initials);
        let mut builder = Self::builder(name);
        for (index, (field, field_type)) in names.iter().zip(types).enumerate() {
            if names.iter().take(index).any(|earlier| earlier == field) {
                return Err(refused(format!("field '{field}' occurs twice (expected names that differ)")));
            }
            builder = builder.field(field, field_type);
        }
        builder.build()
    }

    /// Starts a description field by field.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// let item = ItemDescription::builder("Packed").field_at("A", FieldType::Int64, 1).size(9).build()?;
    /// assert_eq!(item.size(), 9);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn builder(name: &str) -> ItemBuilder {
        ItemBuilder::new(name)
    }

    /// The name in the file.
    ///
    /// ```
    /// # let description = teafile::Description::new("Time Price Volume", "qdq")?;
    /// assert_eq!(description.item().unwrap().name(), "TPV");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with letters, digits and `_` only, as items show it.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// let item = ItemDescription::builder("Event<OHLCV>").field("A", FieldType::Int8).build()?;
    /// assert_eq!(item.display_name(), "EventOHLCV");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.name, || "Item".to_owned())
    }

    /// Bytes from one item to the next, padding included; 1 or more.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert_eq!(description.item().unwrap().size(), 16);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size as usize
    }

    /// The fields, in the order of the file, which need not be that of their offsets.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert_eq!(description.item().unwrap().fields().len(), 2);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The first field of that name.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert_eq!(description.item().unwrap().field("B").map(|field| field.index()), Some(1));
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field of that name, or what names there are.
    pub(crate) fn expect_field(&self, name: &str) -> Result<&Field, Error> {
        self.field(name).ok_or_else(|| {
            let names: Vec<&str> = self.fields.iter().take(20).map(|field| field.name.as_str()).collect();
            Error::new(
                ErrorKind::UnknownField,
                format!("there is no field '{name}' (expected one of {})", names.join(", ")),
            )
        })
    }

    /// The field that starts at that byte of an item.
    ///
    /// # Errors
    /// If none does.
    ///
    /// ```
    /// # let description = teafile::Description::new("A B", "bq")?;
    /// assert!(description.item().unwrap().field_by_offset(4).is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn field_by_offset(&self, offset: u32) -> Result<&Field, Error> {
        self.fields.iter().find(|field| field.offset == offset).ok_or_else(|| {
            Error::new(
                ErrorKind::UnknownField,
                format!("no field of item '{}' is at byte {offset}", self.name),
            )
        })
    }

    /// The field that items are ordered by.
    ///
    /// ```
    /// # let description = teafile::Description::new("Price Time", "dq")?;
    /// assert_eq!(description.item().unwrap().event_time().unwrap().name(), "Time");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn event_time(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.is_event_time)
    }

    /// Marks the fields at these offsets as times, the first as the event time.
    pub(crate) fn mark_times(&mut self, offsets: &[u32]) {
        for field in &mut self.fields {
            field.is_time = offsets.contains(&field.offset);
            field.is_event_time = offsets.first() == Some(&field.offset);
        }
    }
}

impl fmt::Display for ItemDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name:\t{}\nSize:\t{}\nFields:\n[", self.name, self.size)?;
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { ",\n " };
            write!(f, "{separator}{field}")?;
        }
        f.write_str("]")
    }
}

/// Why fields do not fit together.
#[derive(Debug)]
pub(crate) enum LayoutProblem {
    OutOfItem { field: u32, offset: u32, size: u32 },
    Overlap { fields: (u32, u32) },
}

impl fmt::Display for LayoutProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfItem { field, offset, size } => {
                write!(f, "field {field} at {offset} does not fit in {size} bytes")
            }
            Self::Overlap { fields: (first, second) } => write!(f, "fields {first} and {second} overlap"),
        }
    }
}

impl ItemDescription {
    /// Gives every field its size: that of its type, or for an opaque one all up to the next field or the end.
    pub(crate) fn lay_out(&mut self) -> Result<(), LayoutProblem> {
        self.size_fields(true)
    }

    /// With `is_strict` unset, fields may share bytes; an opaque one then has at least one.
    pub(crate) fn size_fields(&mut self, is_strict: bool) -> Result<(), LayoutProblem> {
        let item_size = self.size;
        let fields = &mut self.fields;
        let mut by_offset: Vec<(u32, u32)> = fields.iter().map(|field| (field.offset, field.index)).collect();
        by_offset.sort_unstable();
        for (place, &(offset, index)) in by_offset.iter().enumerate() {
            let Some(field) = fields.get_mut(index as usize) else { continue };
            let end = by_offset.get(place + 1).map_or(item_size, |&(next, _)| next.min(item_size));
            field.size = field.field_type.size().unwrap_or_else(|| end.saturating_sub(offset).max(1));
        }
        let end = |field: &Field| u64::from(field.offset) + u64::from(field.size);
        if let Some(field) = fields.iter().find(|field| end(field) > u64::from(item_size)) {
            return Err(LayoutProblem::OutOfItem {
                field: field.index,
                offset: field.offset,
                size: item_size,
            });
        }
        let mut pairs = by_offset.iter().zip(by_offset.iter().skip(1));
        let overlap = pairs.find(|&(&(_, first), &(next_offset, _))| {
            fields.get(first as usize).is_some_and(|field| end(field) > u64::from(next_offset))
        });
        match overlap {
            Some((&(_, first), &(_, second))) if is_strict => {
                Err(LayoutProblem::Overlap { fields: (first.min(second), first.max(second)) })
            }
            _ => Ok(()),
        }
    }
}
