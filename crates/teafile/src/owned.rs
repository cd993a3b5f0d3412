//! An item that outlives the buffer it was read into.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::header::Header;
use crate::row::Row;
use crate::value::Value;

/// An item of its own: a copy of its bytes, with the description of its file.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
/// file.write(&[7.into(), 77.into()])?;
/// file.close()?;
/// let item = teafile::Reader::open(&path)?.read()?.unwrap();
/// assert_eq!(item.get("B")?, teafile::Value::Int(77));
/// assert_eq!(item.to_string(), "AB(A=7, B=77)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Item {
    header: Arc<Header>,
    bytes: Box<[u8]>,
}

impl Item {
    pub(crate) fn new(header: &Arc<Header>, bytes: &[u8]) -> Self {
        Self { header: Arc::clone(header), bytes: bytes.into() }
    }

    /// As a row.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
    /// # file.write(&[7.into(), 77.into()])?;
    /// # file.close()?;
    /// let item = teafile::Reader::open(&path)?.read()?.unwrap();
    /// assert_eq!(item.row().values().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row(&self) -> Row<'_> {
        Row::new(&self.header, &self.bytes)
    }

    /// The value of the field of that name.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
    /// # file.write(&[7.into(), 77.into()])?;
    /// # file.close()?;
    /// let item = teafile::Reader::open(&path)?.read()?.unwrap();
    /// assert!(item.get("C").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, name: &str) -> Result<Value<'_>, Error> {
        self.row().get(name)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row().fmt(f)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row().fmt(f)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
