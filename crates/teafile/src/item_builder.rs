//! Makes descriptions of items.

use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::item_description::{FIELDS_MAX, Field, ItemDescription};

/// Makes an [`ItemDescription`].
///
/// ```
/// use teafile::{FieldType, ItemDescription};
/// let item = ItemDescription::builder("Blob").opaque("Raw", 0x1001, 12).field("N", FieldType::Int32).build()?;
/// assert_eq!((item.size(), item.fields()[1].offset()), (16, 12));
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ItemBuilder {
    name: String,
    /// Name, type, offset, and a size where the type has none.
    fields: Vec<(String, FieldType, u32, u32)>,
    size: Option<u32>,
    end: u32,
    alignment: u32,
}

impl ItemBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), fields: Vec::new(), size: None, end: 0, alignment: 1 }
    }

    /// Adds a field where C would put it: behind those before, aligned to its size.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// let item = ItemDescription::builder("X").field("A", FieldType::Int8).field("B", FieldType::Int16).build()?;
    /// assert_eq!(item.fields()[1].offset(), 2);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn field(self, name: &str, field_type: FieldType) -> Self {
        // numbers are aligned to their size; the decimal of .NET consists of numbers of 4 bytes
        let alignment = match field_type {
            FieldType::NetDecimal => 4,
            number => number.size().unwrap_or(1),
        };
        let offset = self.end.checked_next_multiple_of(alignment).unwrap_or(u32::MAX);
        let mut builder = self.field_at(name, field_type, offset);
        builder.alignment = builder.alignment.max(alignment);
        builder
    }

    /// Adds a field at a byte of the item.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// let item = ItemDescription::builder("X").field_at("A", FieldType::Int32, 3).build()?;
    /// assert_eq!(item.size(), 7);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn field_at(mut self, name: &str, field_type: FieldType, offset: u32) -> Self {
        let size = field_type.size().unwrap_or(1);
        self.end = self.end.max(offset.saturating_add(size));
        self.fields.push((name.to_owned(), field_type, offset, size));
        self
    }

    /// Adds a field of so many bytes that are carried as they are; codes of your own are 0x1000 and above.
    ///
    /// ```
    /// use teafile::ItemDescription;
    /// let item = ItemDescription::builder("X").opaque("Hash", 0x1000, 32).build()?;
    /// assert_eq!(item.size(), 32);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn opaque(mut self, name: &str, code: i32, size: u32) -> Self {
        let offset = self.end;
        self.end = self.end.saturating_add(size);
        self.fields.push((name.to_owned(), FieldType::Opaque(code), offset, size));
        self
    }

    /// Sets the size of the item, which otherwise is what the fields take, padded as C does.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// let item = ItemDescription::builder("X").field("A", FieldType::Int8).size(8).build()?;
    /// assert_eq!(item.size(), 8);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// The description.
    ///
    /// # Errors
    /// If it has no fields or too many, if fields share bytes or lie outside of the item, or if a type cannot be.
    ///
    /// ```
    /// use teafile::{FieldType, ItemDescription};
    /// assert!(ItemDescription::builder("X").build().is_err());
    /// ```
    pub fn build(self) -> Result<ItemDescription, Error> {
        let padded = self.end.checked_next_multiple_of(self.alignment);
        let size = self.size.or(padded).filter(|size| (1..=i32::MAX.cast_unsigned()).contains(size));
        let Some(size) = size else {
            return Err(refused("an item of 0 bytes, or of 2 GiB and more (expected 1 or more)".to_owned()));
        };
        if self.fields.is_empty() || self.fields.len() > FIELDS_MAX {
            return Err(refused(format!("{} fields (expected 1 to {FIELDS_MAX})", self.fields.len())));
        }
        let mut fields = Vec::with_capacity(self.fields.len());
        for (index, (name, field_type, offset, _)) in (0..).zip(&self.fields) {
            if let FieldType::Opaque(code) = field_type
                && FieldType::from_code(*code) != Some(*field_type)
            {
                return Err(refused(format!("field '{name}' has type {code}, which is no opaque one")));
            }
            fields.push(Field {
                name: name.clone(),
                field_type: *field_type,
                offset: *offset,
                size: 0,
                index,
                is_time: false,
                is_event_time: false,
            });
        }
        let mut item = ItemDescription { name: self.name, size, fields };
        item.lay_out().map_err(|problem| refused(problem.to_string()))?;
        // what an opaque field was given must be what readers will make of it
        for (field, (name, _, _, asked)) in item.fields.iter().zip(&self.fields) {
            if field.field_type.size().is_none() && field.size < *asked {
                return Err(refused(format!("field '{name}' of {asked} bytes has room for {}", field.size)));
            }
        }
        Ok(item)
    }
}

pub(crate) fn refused(what: String) -> Error {
    Error::new(ErrorKind::BadDescription, what)
}

/// One type for each name.
pub(crate) fn types_of_format(names: &[&str], format: &str) -> Result<Vec<FieldType>, Error> {
    if names.is_empty() {
        return Err(refused(
            "no fields (expected names, and one character of b h i q B H I Q f d for each)".to_owned(),
        ));
    }
    if format.is_empty() {
        return Ok(vec![FieldType::Int64; names.len()]);
    }
    let mut types = Vec::with_capacity(names.len());
    for character in format.chars() {
        match FieldType::from_char(character) {
            Some(field_type) => types.push(field_type),
            None => {
                return Err(refused(format!(
                    "'{character}' in the format '{format}' (expected one of b h i q B H I Q f d for each field, \
                     without counts and prefixes)"
                )));
            }
        }
    }
    if types.len() != names.len() {
        return Err(refused(format!("a format of {} characters for {} fields", types.len(), names.len())));
    }
    Ok(types)
}
