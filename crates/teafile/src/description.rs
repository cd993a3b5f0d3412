//! What a file says about itself: its items, its content, name-values, and the meaning of its times.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::item_description::{Field, ItemDescription};
use crate::name_values::{NameValues, NamedValue};
use crate::time_scale::TimeScale;

/// The description of a file; each part may be absent.
///
/// ```
/// use teafile::{Description, TimeScale};
/// let description = Description::new("Time Price Volume", "qdq")?
///     .content("prices of acme at NYSE")
///     .name_value("decimals", 2)
///     .time_scale(TimeScale::UNIX_NANOS);
/// assert_eq!(description.content_description(), Some("prices of acme at NYSE"));
/// assert_eq!(description.decimals(), Some(2));
/// assert!(description.to_string().starts_with("ItemDescription\nName:\tTPV\nSize:\t24\n"));
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    pub(crate) item: Option<ItemDescription>,
    pub(crate) content: Option<String>,
    pub(crate) name_values: Option<NameValues>,
    pub(crate) time: Option<TimeSection>,
    pub(crate) custom: Vec<CustomSection>,
}

/// The scale of a file and the offsets of its time fields, the event time first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeSection {
    pub(crate) scale: TimeScale,
    pub(crate) offsets: Vec<u32>,
}

/// A section that this crate does not know; its bytes are kept.
///
/// ```
/// use teafile::Description;
/// let description = Description::new("A", "q")?.custom_section(0x1_0001, b"mine".to_vec())?;
/// assert_eq!(description.custom_sections()[0].id, 0x1_0001);
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSection {
    /// What tells it from others; those of users are above 0xffff.
    pub id: i32,
    /// What it holds, slack included.
    pub bytes: Vec<u8>,
}

impl Description {
    /// Fields by their names and the characters of Python's `struct` (`b h i q B H I Q f d`), laid out as C does; without a
    /// format all are signed numbers of 8 bytes. The first field called "time", in whatever case, is the event time. The
    /// scale is that of Java.
    ///
    /// # Errors
    /// If there are no names, if a name repeats, or if the format has another length or a character that is no type.
    ///
    /// ```
    /// use teafile::Description;
    /// assert_eq!(Description::new("Time Price", "qd")?.item().unwrap().size(), 16);
    /// assert!(Description::new("A B", "<bq").is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn new(names: &str, format: &str) -> Result<Self, Error> {
        Ok(Self::of_items(ItemDescription::create(None, names, format)?))
    }

    /// The same for a layout made by hand.
    ///
    /// ```
    /// use teafile::{Description, FieldType, ItemDescription};
    /// let item = ItemDescription::builder("Q").field("Bid", FieldType::Float).build()?;
    /// assert_eq!(Description::of_items(item).fields()[0].name(), "Bid");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn of_items(mut item: ItemDescription) -> Self {
        let is_time =
            |field: &&Field| field.name.eq_ignore_ascii_case("time") && field.field_type.is_number();
        let offsets: Vec<u32> = item.fields.iter().filter(is_time).map(|field| field.offset).collect();
        item.mark_times(&offsets);
        Self {
            item: Some(item),
            time: Some(TimeSection { scale: TimeScale::JAVA, offsets }),
            ..Self::default()
        }
    }

    /// With a text about the content. An empty one is not written.
    ///
    /// ```
    /// # use teafile::Description;
    /// let description = Description::new("A", "q")?.content("answers");
    /// assert_eq!(description.content_description(), Some("answers"));
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn content(mut self, text: &str) -> Self {
        self.content = (!text.is_empty()).then(|| text.to_owned());
        self
    }

    /// With one more name-value.
    ///
    /// ```
    /// # use teafile::Description;
    /// let description = Description::new("A", "q")?.name_value("url", "www.acme.com").name_value("decimals", 2);
    /// assert_eq!(description.name_values().len(), 2);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn name_value(mut self, name: &str, value: impl Into<NamedValue>) -> Self {
        self.name_values.get_or_insert_default().push(name, value);
        self
    }

    /// With another time scale.
    ///
    /// ```
    /// # use teafile::{Description, TimeScale};
    /// let description = Description::new("Time", "q")?.time_scale(TimeScale::NET);
    /// assert_eq!(description.scale(), Some(TimeScale::NET));
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn time_scale(mut self, scale: TimeScale) -> Self {
        match &mut self.time {
            Some(time) => time.scale = scale,
            None => self.time = Some(TimeSection { scale, offsets: Vec::new() }),
        }
        self
    }

    /// With these fields as times, the first of them as the event time.
    ///
    /// # Errors
    /// If there is no such field, or it is no number.
    ///
    /// ```
    /// # use teafile::Description;
    /// let description = Description::new("Received Exchange Price", "qqd")?.time_fields(&["Exchange", "Received"])?;
    /// assert_eq!(description.event_time().unwrap().name(), "Exchange");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn time_fields(self, names: &[&str]) -> Result<Self, Error> {
        let Some(item) = &self.item else { return Ok(self.with_times(Vec::new())) };
        let mut offsets = Vec::with_capacity(names.len());
        for name in names {
            let field = item.expect_field(name)?;
            if !field.field_type.is_number() || offsets.contains(&field.offset) {
                return Err(Error::new(
                    ErrorKind::BadTimeField,
                    format!("field '{name}' as a time (expected a number, and each field once)"),
                ));
            }
            offsets.push(field.offset);
        }
        Ok(self.with_times(offsets))
    }

    /// With the fields at these offsets as times, which are numbers and differ.
    pub(crate) fn with_times(mut self, offsets: Vec<u32>) -> Self {
        if let Some(item) = &mut self.item {
            item.mark_times(&offsets);
        }
        let scale = self.scale().unwrap_or(TimeScale::JAVA);
        self.time = Some(TimeSection { scale, offsets });
        self
    }

    /// Without a time section, as .NET writes files that have no times.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert_eq!(Description::new("A", "q")?.without_time().scale(), None);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn without_time(mut self) -> Self {
        self.time = None;
        if let Some(item) = &mut self.item {
            item.mark_times(&[]);
        }
        self
    }

    /// With a section of your own. The readers of Python, Go and Julia refuse files that have one.
    ///
    /// # Errors
    /// If its id is not above 0xffff, or there is one with that id.
    ///
    /// ```
    /// # use teafile::Description;
    /// let description = Description::new("A", "q")?.custom_section(0x1_0000, vec![1])?;
    /// assert_eq!(description.custom_sections().len(), 1);
    /// assert!(description.custom_section(0x55, vec![1]).is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn custom_section(mut self, id: i32, bytes: Vec<u8>) -> Result<Self, Error> {
        if id <= 0xffff || self.custom.iter().any(|custom| custom.id == id) {
            let what = format!("a section with the id {id:#x} (expected one above 0xffff, and each once)");
            return Err(Error::new(ErrorKind::BadDescription, what));
        }
        self.custom.push(CustomSection { id, bytes });
        Ok(self)
    }

    /// The layout of items; a file without one has no items.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert!(Description::default().item().is_none());
    /// ```
    #[must_use]
    pub fn item(&self) -> Option<&ItemDescription> {
        self.item.as_ref()
    }

    /// The fields of an item; none if there is no layout.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert!(Description::default().fields().is_empty());
    /// ```
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        self.item.as_ref().map_or(&[], |item| &item.fields)
    }

    /// The field that items are ordered by.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert!(Description::new("A", "q")?.event_time().is_none());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn event_time(&self) -> Option<&Field> {
        self.item.as_ref().and_then(ItemDescription::event_time)
    }

    /// The text about the content.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert_eq!(Description::default().content_description(), None);
    /// ```
    #[must_use]
    pub fn content_description(&self) -> Option<&str> {
        self.content.as_deref()
    }

    /// The name-values; none if there is no such section.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert!(Description::default().name_values().is_empty());
    /// ```
    #[must_use]
    pub fn name_values(&self) -> &NameValues {
        static NONE: NameValues = NameValues::none();
        self.name_values.as_ref().unwrap_or(&NONE)
    }

    /// The time scale, if there is a time section.
    ///
    /// ```
    /// # use teafile::{Description, TimeScale};
    /// assert_eq!(Description::new("A", "q")?.scale(), Some(TimeScale::JAVA));
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn scale(&self) -> Option<TimeScale> {
        self.time.as_ref().map(|time| time.scale)
    }

    /// Sections that this crate does not know.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert!(Description::default().custom_sections().is_empty());
    /// ```
    #[must_use]
    pub fn custom_sections(&self) -> &[CustomSection] {
        &self.custom
    }

    /// The name-value `decimals`, if it is a whole number: to how many decimals numbers of the file are shown.
    ///
    /// ```
    /// # use teafile::Description;
    /// assert_eq!(Description::new("A", "d")?.name_value("decimals", "two").decimals(), None);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn decimals(&self) -> Option<i32> {
        match self.name_values().get("decimals") {
            Some(NamedValue::Int32(decimals)) => Some(*decimals),
            _ => None,
        }
    }
}

/// Part by part, as the original API shows it.
impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemDescription\n")?;
        part(f, self.item.as_ref())?;
        f.write_str("\n\nContentDescription\n")?;
        part(f, self.content.as_ref())?;
        f.write_str("\n\nNameValues\n")?;
        part(f, self.name_values.as_ref())?;
        f.write_str("\n\nTimeScale\n")?;
        part(f, self.scale().as_ref())
    }
}

fn part(f: &mut fmt::Formatter<'_>, part: Option<&impl fmt::Display>) -> fmt::Result {
    match part {
        Some(part) => write!(f, "{part}"),
        None => f.write_str("None"),
    }
}
