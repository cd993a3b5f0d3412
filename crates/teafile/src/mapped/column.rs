//! One field of many items: numbers at a distance from each other.

use std::marker::PhantomData;
use std::ops::Range;
use std::slice::ChunksExact;

use crate::byte_order::ByteOrder;
use crate::error::{Error, ErrorKind};
use crate::field_type::FieldType;
use crate::item::TeaField;
use crate::item_description::{Field, ItemDescription};

/// One field of the items of a file, checked once: as fast as the memory that lies between its numbers allows.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &teafile::Description::new("Time Price", "qd")?)?;
/// for number in 0..3 {
///     file.write(&[number.into(), (f64::from(number) / 2.0).into()])?;
/// }
/// file.close()?;
/// let file = teafile::Mapped::open(&path)?;
/// let prices = file.column::<f64>("Price")?;
/// assert_eq!(prices.iter().sum::<f64>(), 1.5);
/// assert_eq!(prices.get(2), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Column<'a, T> {
    items: &'a [u8],
    item_size: usize,
    offset: usize,
    is_foreign: bool,
    numbers: PhantomData<T>,
}

impl<'a, T: TeaField> Column<'a, T> {
    pub(super) fn new(
        items: &'a [u8],
        item: &ItemDescription,
        field: &Field,
        order: ByteOrder,
    ) -> Result<Self, Error> {
        let is_opaque = matches!((field.field_type(), T::TYPE), (FieldType::Opaque(_), FieldType::Opaque(_)));
        let fits = field.field_type() == T::TYPE || is_opaque;
        if !fits || field.size() as usize != size_of::<T>() {
            let what = format!(
                "column '{}' is {} of {} bytes (asked for {} of {})",
                field.name(),
                field.field_type(),
                field.size(),
                T::TYPE,
                size_of::<T>()
            );
            return Err(Error::new(ErrorKind::Layout, what));
        }
        let offset = field.offset() as usize;
        Ok(Self {
            items,
            item_size: item.size(),
            offset,
            is_foreign: order.is_foreign(),
            numbers: PhantomData,
        })
    }

    /// How many numbers it has.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.column::<i64>("A")?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len() / self.item_size
    }

    /// Whether it has none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Mapped::open(&path)?.column::<i64>("A")?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of one item.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.column::<i64>("A")?.get(0), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<T> {
        let start = index.checked_mul(self.item_size)?.checked_add(self.offset)?;
        let number = T::read(self.items.get(start..)?)?;
        Some(if self.is_foreign { number.swap_bytes() } else { number })
    }

    /// All numbers, in the order of the items.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.column::<i64>("A")?.iter().max(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> ColumnIter<'a, T> {
        ColumnIter {
            items: self.items.chunks_exact(self.item_size),
            offset: self.offset,
            is_foreign: self.is_foreign,
            numbers: PhantomData,
        }
    }

    /// The numbers of a range of items, cut to those that there are.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// # for number in 0..9 { file.write(&[number.into()])?; }
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// assert_eq!(file.column::<i64>("A")?.slice(2..4).to_vec(), [2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let items = self.items.get(start * self.item_size..end * self.item_size).unwrap_or_default();
        Self { items, ..*self }
    }

    /// All numbers, side by side.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Mapped::open(&path)?.column::<i64>("A")?.to_vec().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }
}

impl<'a, T: TeaField> IntoIterator for Column<'a, T> {
    type Item = T;
    type IntoIter = ColumnIter<'a, T>;

    fn into_iter(self) -> ColumnIter<'a, T> {
        self.iter()
    }
}

/// The numbers of a [`Column`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
/// let file = teafile::Mapped::open(&path)?;
/// for number in file.column::<i64>("A")? {
///     println!("{number}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ColumnIter<'a, T> {
    items: ChunksExact<'a, u8>,
    offset: usize,
    is_foreign: bool,
    numbers: PhantomData<T>,
}

impl<T: TeaField> ColumnIter<'_, T> {
    #[inline]
    fn read(&self, item: &[u8]) -> Option<T> {
        let number = T::read(item.get(self.offset..)?)?;
        Some(if self.is_foreign { number.swap_bytes() } else { number })
    }
}

impl<T: TeaField> Iterator for ColumnIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let item = self.items.next()?;
        self.read(item)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }

    #[inline]
    fn nth(&mut self, count: usize) -> Option<T> {
        let item = self.items.nth(count)?;
        self.read(item)
    }
}

impl<T: TeaField> DoubleEndedIterator for ColumnIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        let item = self.items.next_back()?;
        self.read(item)
    }
}

impl<T: TeaField> ExactSizeIterator for ColumnIter<'_, T> {}
