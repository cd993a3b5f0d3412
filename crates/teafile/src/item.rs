//! Items of a type of yours: a struct of numbers, whose layout is that of the file.

use bytemuck::{AnyBitPattern, Pod};

use crate::byte_order::ByteOrder;
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::header::Header;
use crate::item_description::ItemDescription;

/// A type that an item's field can have: `i8` to `i64`, `u8` to `u64`, `f32`, `f64`, and `[u8; N]` for types of your own.
///
/// ```
/// use teafile::{FieldType, TeaField};
/// assert_eq!(<f64 as TeaField>::TYPE, FieldType::Double);
/// assert_eq!(0x0102_u16.swap_bytes(), 0x0201);
/// ```
pub trait TeaField: Pod + sealed::Sealed {
    /// Its type in a file.
    const TYPE: FieldType;

    /// Its value from the first bytes, in the order of this machine; none if they are too few.
    ///
    /// ```
    /// use teafile::TeaField;
    /// assert_eq!(u16::read(&7_u16.to_ne_bytes()), Some(7));
    /// assert_eq!(u16::read(&[7]), None);
    /// ```
    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        bytemuck::try_pod_read_unaligned(bytes.get(..size_of::<Self>())?).ok()
    }

    /// Writes it to the first bytes, in the order of this machine; nothing if they are too few.
    ///
    /// ```
    /// let mut bytes = [0; 2];
    /// teafile::TeaField::write(7_u16, &mut bytes);
    /// assert_eq!(bytes, 7_u16.to_ne_bytes());
    /// ```
    #[inline]
    fn write(self, bytes: &mut [u8]) {
        if let Some(room) = bytes.get_mut(..size_of::<Self>()) {
            room.copy_from_slice(bytemuck::bytes_of(&self));
        }
    }

    /// The same bytes from behind.
    ///
    /// ```
    /// assert_eq!(teafile::TeaField::swap_bytes(1_u32), 0x0100_0000);
    /// ```
    #[must_use]
    fn swap_bytes(self) -> Self;

    /// As a number of ticks. What 64 bits do not hold becomes their end; what is no number is before everything.
    ///
    /// ```
    /// use teafile::TeaField;
    /// assert_eq!(1.5_f64.ticks(), 1);
    /// assert_eq!(u64::MAX.ticks(), i64::MAX);
    /// ```
    fn ticks(self) -> i64;
}

/// Nobody else implements [`TeaField`]: its types are those of the format.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A field of a [`TeaItem`].
///
/// ```
/// # #[derive(Clone, Copy, teafile::TeaItem)]
/// # #[repr(C)]
/// # struct Tick { time: i64, price: f64 }
/// use teafile::TeaItem;
/// assert_eq!((Tick::FIELDS[1].name, Tick::FIELDS[1].offset), ("price", 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemField {
    /// Its name in a file.
    pub name: &'static str,
    /// Its type in a file.
    pub field_type: FieldType,
    /// Bytes from the start of the item.
    pub offset: usize,
    /// How many bytes it takes.
    pub size: usize,
    /// Whether it is a time.
    pub is_time: bool,
}

/// A struct that is an item: made by `#[derive(TeaItem)]`, which says what it takes.
///
/// ```
/// use teafile::{Description, Mapped, TeaItem};
///
/// #[derive(Clone, Copy, Debug, PartialEq, TeaItem)]
/// #[repr(C)]
/// struct Tick {
///     #[tea(time)]
///     exchange_time: i64,
///     #[tea(name = "Price")]
///     price: f64,
///     flags: u8,
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let tick = Tick { exchange_time: 1, price: 45.11, flags: 3 };
/// let mut file = teafile::create(&path, &Description::of::<Tick>()?)?.typed::<Tick>()?;
/// file.write(&tick)?;
/// file.close()?;
/// assert_eq!(Mapped::open(&path)?.items::<Tick>()?, [tick]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TeaItem: AnyBitPattern {
    /// The name of the item in a file.
    const NAME: &'static str;
    /// The fields, in the order of the source.
    const FIELDS: &'static [ItemField];

    /// Writes the fields into the bytes of an item, in the order of this machine. What lies between them stays as it is.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Small { a: u8, b: u16 }
    /// use teafile::TeaItem;
    /// let mut bytes = [0; 4];
    /// Small { a: 1, b: 0x0202 }.write(&mut bytes);
    /// assert_eq!(bytes, [1, 0, 2, 2]);
    /// ```
    fn write(&self, bytes: &mut [u8]);

    /// The same item in the other byte order.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Small { a: u8, b: u16 }
    /// use teafile::TeaItem;
    /// assert_eq!(Small { a: 1, b: 2 }.swap_bytes().b, 0x0200);
    /// ```
    #[must_use]
    fn swap_bytes(self) -> Self;
}

/// An item with an event time: one of its fields is marked `#[tea(time)]`, or is called "time".
///
/// ```
/// # #[derive(Clone, Copy, teafile::TeaItem)]
/// # #[repr(C)]
/// # struct Tick { time: i64, price: f64 }
/// use teafile::TimedItem;
/// assert_eq!(Tick { time: 7, price: 1.5 }.event_time(), 7);
/// ```
pub trait TimedItem: TeaItem {
    /// The event time, in ticks of the file's scale.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: u32 }
    /// assert_eq!(teafile::TimedItem::event_time(&Tick { time: 7 }), 7);
    /// ```
    fn event_time(&self) -> i64;
}

impl Description {
    /// That of files of a type of items. The scale is that of Java.
    ///
    /// # Errors
    /// If the type has no bytes, or more than an item can have.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64, price: f64 }
    /// let description = teafile::Description::of::<Tick>()?;
    /// assert_eq!(description.item().unwrap().name(), "Tick");
    /// assert_eq!(description.event_time().unwrap().name(), "time");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn of<T: TeaItem>() -> Result<Self, Error> {
        let number = |number: usize| {
            u32::try_from(number).map_err(|_| {
                Error::new(ErrorKind::BadDescription, format!("an item of {} bytes", size_of::<T>()))
            })
        };
        let mut builder = ItemDescription::builder(T::NAME);
        for field in T::FIELDS {
            builder = builder.field_at(field.name, field.field_type, number(field.offset)?);
        }
        let description = Self::of_items(builder.size(number(size_of::<T>())?).build()?);
        let times: Vec<u32> = T::FIELDS
            .iter()
            .filter(|field| field.is_time)
            .map(|field| number(field.offset))
            .collect::<Result<_, _>>()?;
        Ok(description.with_times(times))
    }
}

/// Whether items of a file are those of a type: every field of the type is in the file, with that name, type and place.
///
/// Upper and lower case do not matter in names. Fields that the type does not have may be in the file; whoever writes must
/// have all of them.
pub(crate) fn check<T: TeaItem>(header: &Header, writes: bool) -> Result<(), Error> {
    let mismatch = |what: String| Error::new(ErrorKind::Layout, format!("items of type {}: {what}", T::NAME));
    let size = header.item_size()?;
    if size != size_of::<T>() as u64 {
        return Err(mismatch(format!("{} bytes, those of the file have {size}", size_of::<T>())));
    }
    let fields = header.description().fields();
    for field in T::FIELDS {
        let Some(found) = fields.iter().find(|found| found.offset() as usize == field.offset) else {
            return Err(mismatch(format!(
                "field '{}' at byte {}, where the file has none",
                field.name, field.offset
            )));
        };
        if !found.name().eq_ignore_ascii_case(field.name) {
            return Err(mismatch(format!(
                "field '{}' at byte {}, where the file has '{}' (expected that name, or #[tea(name = \"{}\")])",
                field.name,
                field.offset,
                found.name(),
                found.name()
            )));
        }
        // of an opaque field the file has all bytes up to the next one
        if found.field_type() != field.field_type || (found.size() as usize) < field.size {
            return Err(mismatch(format!(
                "field '{}' is {} of {} bytes, in the file it is {} of {}",
                field.name,
                field.field_type,
                field.size,
                found.field_type(),
                found.size()
            )));
        }
    }
    let has = |offset: u32| T::FIELDS.iter().any(|field| field.offset == offset as usize);
    match fields.iter().find(|field| !has(field.offset())) {
        Some(missing) if writes => Err(mismatch(format!(
            "no field '{}', which the file has (expected all to be written)",
            missing.name()
        ))),
        _ => Ok(()),
    }
}

/// An item from the bytes that it has in a file of that order; none if they are not as many.
pub(crate) fn read<T: TeaItem>(bytes: &[u8], order: ByteOrder) -> Option<T> {
    let item: T = bytemuck::try_pod_read_unaligned(bytes).ok()?;
    Some(if order.is_foreign() { item.swap_bytes() } else { item })
}
