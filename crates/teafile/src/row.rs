//! An item whose type is known at run time only: its bytes, read by the description of its file.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::header::Header;
use crate::item_description::Field;
use crate::text::{double, hex, rounded};
use crate::value::Value;

/// The bytes of one item, and what they mean.
///
/// ```
/// use teafile::{Description, Value};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("acme.tea");
/// let mut file = teafile::create(&path, &Description::new("Time Price Volume", "qdq")?)?;
/// file.write(&[1_299_229_200_000_i64.into(), 45.11.into(), 4500.into()])?;
/// file.close()?;
/// let mut file = teafile::Reader::open(&path)?;
/// let row = file.row(0)?;
/// assert_eq!(row.get("Price")?, Value::Double(45.11));
/// assert_eq!(row.to_string(), "TPV(Time=2011-03-04 09:00:00:000, Price=45.11, Volume=4500)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Row<'a> {
    header: &'a Header,
    bytes: &'a [u8],
}

impl<'a> Row<'a> {
    /// `bytes` are exactly those of an item of that header.
    pub(crate) fn new(header: &'a Header, bytes: &'a [u8]) -> Self {
        Self { header, bytes }
    }

    /// The bytes as they are in the file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "B")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// assert_eq!(teafile::Reader::open(&path)?.row(0)?.bytes(), [7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The value of the field of that name, the first of them if it repeats.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "B")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// # let mut file = teafile::Reader::open(&path)?;
    /// let error = file.row(0)?.get("B").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no field 'B' (expected one of A)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, name: &str) -> Result<Value<'a>, Error> {
        match self.header.description().item() {
            Some(item) => Ok(self.value(item.expect_field(name)?)),
            None => Err(Error::new(ErrorKind::NoItems, "there is no item section")),
        }
    }

    /// The value of a field of the same file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "B")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// # let mut file = teafile::Reader::open(&path)?;
    /// let field = file.description().fields()[0].clone();
    /// assert_eq!(file.row(0)?.value(&field), teafile::Value::UInt(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn value(&self, field: &Field) -> Value<'a> {
        // a field of another file may lie outside: then it has no bytes here
        let bytes = self.bytes.get(field.range()).unwrap_or_default();
        Value::read(field.field_type, self.header.byte_order(), bytes)
    }

    /// All values, in the order of the fields.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "B")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// # let mut file = teafile::Reader::open(&path)?;
    /// assert_eq!(file.row(0)?.values().collect::<Vec<_>>(), [7_u8.into()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> + 'a {
        let row = *self;
        row.header.description().fields().iter().map(move |field| row.value(field))
    }

    /// The event time in ticks of the file's scale; none if the file has none, or it is no number that fits.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "B")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// assert_eq!(teafile::Reader::open(&path)?.row(0)?.event_time(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn event_time(&self) -> Option<i64> {
        self.header.description().event_time().and_then(|field| self.value(field).as_i64())
    }

    /// A value as text: times by the scale of the file, and numbers with a point rounded to the name-value `decimals`.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let description = teafile::Description::new("Price", "d")?.name_value("decimals", 2);
    /// let mut file = teafile::create(&path, &description)?;
    /// file.write(&[44.444_444.into()])?;
    /// file.close()?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// assert_eq!(file.row(0)?.value_string(&description.fields()[0]), "44.44");
    /// assert_eq!(file.row(0)?.to_string(), "P(Price=44.444444)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn value_string(&self, field: &Field) -> String {
        match (self.header.description().decimals(), self.value(field)) {
            (Some(decimals), Value::Float(number)) if !field.is_time => {
                double(rounded(number.into(), decimals))
            }
            (Some(decimals), Value::Double(number)) if !field.is_time => double(rounded(number, decimals)),
            _ => self.text(field),
        }
    }

    /// A value as items show it.
    fn text(&self, field: &Field) -> String {
        let value = self.value(field);
        if field.is_time
            && let (Some(scale), Some(ticks)) = (self.header.description().scale(), value.as_i64())
        {
            return scale.text(ticks);
        }
        match value {
            Value::Int(number) => number.to_string(),
            Value::UInt(number) => number.to_string(),
            // as the double that it is: that is what Python sees
            Value::Float(number) => double(number.into()),
            Value::Double(number) => double(number),
            Value::Bytes(bytes) => format!("x{}", hex(bytes)),
        }
    }
}

/// As the original API shows it: `TPV(Time=2011-03-04 09:00:00:000, Price=45.11, Volume=4500)`.
impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(item) = self.header.description().item() else { return f.write_str("None") };
        write!(f, "{}(", item.display_name())?;
        let mut separator = "";
        for field in &item.fields {
            write!(f, "{separator}{}={}", field.display_name(), self.text(field))?;
            separator = ", ";
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Writes values into the bytes of an item, which become zero where no field is.
///
/// # Errors
/// If there are too few or too many values, or one does not fit its field. What is in the bytes then means nothing.
pub(crate) fn encode(header: &Header, values: &[Value<'_>], bytes: &mut [u8]) -> Result<(), Error> {
    let fields = header.description().fields();
    if values.len() != fields.len() {
        let names: Vec<&str> = fields.iter().take(20).map(Field::name).collect();
        return Err(Error::new(
            ErrorKind::BadValue,
            format!("{} values for {} fields ({})", values.len(), fields.len(), names.join(", ")),
        ));
    }
    bytes.fill(0);
    for (field, value) in fields.iter().zip(values) {
        let fits = match bytes.get_mut(field.range()) {
            Some(room) => value.write(field.field_type, header.byte_order(), room),
            None => Err(Error::new(ErrorKind::FieldOutOfItem, "it lies outside of the item")),
        };
        fits.map_err(|error| Error::new(ErrorKind::BadValue, format!("field '{}': {error}", field.name)))?;
    }
    Ok(())
}
