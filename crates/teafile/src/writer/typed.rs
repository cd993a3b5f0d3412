//! Writes items of a type of yours.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::Writer;
use crate::error::Error;
use crate::field_type::FieldType;
use crate::item::{self, TeaItem};

/// A [`Writer`] whose items are of one type, checked once.
///
/// ```
/// use teafile::{Description, TeaItem};
/// #[derive(Clone, Copy, TeaItem)]
/// #[repr(C)]
/// struct Tick { time: i64, price: f64 }
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &Description::of::<Tick>()?)?.typed::<Tick>()?;
/// file.write(&Tick { time: 1, price: 45.11 })?;
/// file.flush()?;
/// assert_eq!(file.item_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ItemWriter<T> {
    writer: Writer,
    is_foreign: bool,
    /// Fields are written as they are, and the event time of the file is that which the type has, or neither has one.
    is_direct: bool,
    items: PhantomData<fn(&T)>,
}

impl Writer {
    /// This writer for items of a type.
    ///
    /// # Errors
    /// If the items of the file are others.
    ///
    /// ```
    /// # #[derive(Clone, Copy, Debug, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64, price: f64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("Time Volume", "qq")?)?;
    /// let error = file.typed::<Tick>().unwrap_err();
    /// assert!(error.to_string().contains("field 'price' at byte 8, where the file has 'Volume'"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typed<T: TeaItem>(self) -> Result<ItemWriter<T>, Error> {
        item::check::<T>(self.header(), true).map_err(|error| error.with_path(self.path()))?;
        let is_foreign = self.header().byte_order().is_foreign();
        let event_time = self.description().event_time();
        let of_type = const { time_offset::<T>() };
        let is_same = event_time.map(|field| field.offset() as usize) == of_type;
        Ok(ItemWriter { writer: self, is_foreign, is_direct: is_same && !is_foreign, items: PhantomData })
    }
}

impl<T: TeaItem> ItemWriter<T> {
    /// Writes an item.
    ///
    /// # Errors
    /// If the file cannot be written, or the event time goes backwards where that is refused. Then it is not taken.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::of::<Tick>()?)?.typed()?;
    /// file.write(&Tick { time: 1 })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn write(&mut self, item: &T) -> Result<(), Error> {
        if self.is_direct
            && let Some(room) = self.writer.buffer.free_room(size_of::<T>())
        {
            if const { has_gaps::<T>() } {
                room.fill(0);
            }
            item.write(room);
            let time = const { time_offset::<T>() }.and_then(|offset| room.get(offset..)?.first_chunk());
            let time = time.map_or(i64::MIN, |bytes| i64::from_ne_bytes(*bytes));
            if time >= self.writer.last_time {
                self.writer.last_time = time;
                self.writer.buffer.push(size_of::<T>());
                return Ok(());
            }
        }
        self.write_with_care(item)
    }

    /// Where the buffer may be full, the file closed, or the time wrong; and for what is not written as it is.
    #[cold]
    #[inline(never)]
    fn write_with_care(&mut self, item: &T) -> Result<(), Error> {
        let is_foreign = self.is_foreign;
        // the size is that of the items of the file, or there would be no such writer
        self.writer.write_with(size_of::<T>(), const { has_gaps::<T>() }, |_, bytes| {
            if is_foreign {
                item.swap_bytes().write(bytes);
            } else {
                item.write(bytes);
            }
            Ok(())
        })
    }
}

/// Where the event time of a type is, if it has one that is an `i64`.
const fn time_offset<T: TeaItem>() -> Option<usize> {
    let mut place = 0;
    while place < T::FIELDS.len() {
        let field = &T::FIELDS[place];
        if field.is_time {
            return if matches!(field.field_type, FieldType::Int64) { Some(field.offset) } else { None };
        }
        place += 1;
    }
    None
}

/// Whether an item has bytes that belong to no field.
const fn has_gaps<T: TeaItem>() -> bool {
    let (mut taken, mut place) = (0, 0);
    while place < T::FIELDS.len() {
        taken += T::FIELDS[place].size;
        place += 1;
    }
    taken < size_of::<T>()
}

impl<T> Deref for ItemWriter<T> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl<T> DerefMut for ItemWriter<T> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}
