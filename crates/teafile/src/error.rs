//! What went wrong with a TeaFile, where in it, and what would have been accepted.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A refused file, value or request.
///
/// ```
/// use teafile::{ByteOrder, ErrorKind, Header};
/// let error = Header::parse(&[0; 40], 40).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::BadMagic);
/// assert_eq!(error.offset(), Some(0));
/// assert!(error.is_format());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<PathBuf>,
    offset: Option<u64>,
    message: String,
    source: Option<io::Error>,
    items_kept: Option<u64>,
}

/// The class of an [`Error`].
///
/// Those up to [`HeaderTooLarge`](Self::HeaderTooLarge) are about the header of a file, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is shorter than the fixed header.
    Truncated,
    /// The first eight bytes are not those of a TeaFile.
    BadMagic,
    /// The item area starts inside the header or beyond the file.
    BadItemStart,
    /// The item area ends before its start or beyond the file.
    BadItemEnd,
    /// More sections than fit into the header, or fewer than none.
    BadSectionCount,
    /// A section, or what it holds, crosses its end.
    SectionOverrun,
    /// A section id occurs twice.
    DuplicateSection,
    /// The item size is not positive.
    BadItemSize,
    /// Fewer fields than one, or more than fit.
    BadFieldCount,
    /// A field type that is not positive.
    BadFieldType,
    /// A field lies outside the item.
    FieldOutOfItem,
    /// Two fields share bytes.
    FieldOverlap,
    /// The length of a text is negative or crosses the section.
    BadString,
    /// A text is not UTF-8.
    BadUtf8,
    /// More name-values than fit, or fewer than none.
    BadNameValueCount,
    /// A name-value of a kind whose length nobody knows.
    BadNameValueKind,
    /// The ticks per day are not positive.
    BadTimeScale,
    /// More time fields than fit, or fewer than none.
    BadTimeFieldCount,
    /// A time offset that is no field, is listed twice, or names a field without a number.
    BadTimeField,
    /// The header is larger than this crate reads or writes, though it may be well formed.
    HeaderTooLarge,
    /// The system refused an operation.
    Io,
    /// Another writer has the file.
    Locked,
    /// A file is there already.
    Exists,
    /// The file has no item section, so it has no items either.
    NoItems,
    /// The file ends in a part of an item.
    TornTail,
    /// The file ends in items of zeros after an item with a time.
    ZeroTail,
    /// The file became shorter than it was.
    Shrunk,
    /// Items are not those that the index beside the file knows.
    Index,
    /// The file was closed.
    Closed,
    /// A description that cannot be written.
    BadDescription,
    /// A value does not fit its field, or there are too many or too few.
    BadValue,
    /// An item type does not match the file.
    Layout,
    /// There is no field of that name, offset or index.
    UnknownField,
    /// There is no item of that index.
    UnknownItem,
    /// The event time goes backwards.
    TimeOrder,
    /// A time that cannot be read or does not fit the scale.
    BadTime,
}

impl ErrorKind {
    /// Whether it is about the bytes of a header.
    const fn is_format(self) -> bool {
        (self as u8) <= (Self::HeaderTooLarge as u8)
    }
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner { kind, path: None, offset: None, message, source: None, items_kept: None }))
    }

    /// About the byte at `offset` of the file.
    #[cold]
    pub(crate) fn at(kind: ErrorKind, offset: u64, message: impl Into<String>) -> Self {
        let mut error = Self::new(kind, message);
        error.0.offset = Some(offset);
        error
    }

    #[cold]
    pub(crate) fn io(attempt: impl Into<String>, source: io::Error) -> Self {
        let mut error = Self::new(ErrorKind::Io, attempt);
        error.0.source = Some(source);
        error
    }

    pub(crate) fn with_path(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_owned());
        self
    }

    pub(crate) fn with_items_kept(mut self, count: u64) -> Self {
        self.0.items_kept = Some(count);
        self
    }

    /// The class.
    ///
    /// ```
    /// use teafile::{ErrorKind, TimeScale};
    /// assert_eq!(TimeScale::new(0, 0).unwrap_err().kind(), ErrorKind::BadTimeScale);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The byte of the file that it is about, if it is about one.
    ///
    /// ```
    /// let error = teafile::Header::parse(&[], 0).unwrap_err();
    /// assert_eq!(error.offset(), Some(0));
    /// ```
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The file, if it is about one.
    ///
    /// ```
    /// let error = teafile::Reader::open("/nowhere/x.tea").unwrap_err();
    /// assert_eq!(error.path(), Some(std::path::Path::new("/nowhere/x.tea")));
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// How many items of the buffer reached the file before a write failed. Those that did not are still in the buffer.
    ///
    /// ```
    /// let error = teafile::Reader::open("/nowhere/x.tea").unwrap_err();
    /// assert_eq!(error.items_kept(), None); // it is not about a write
    /// ```
    #[must_use]
    pub fn items_kept(&self) -> Option<u64> {
        self.0.items_kept
    }

    /// Whether the header of the file is not what it must be.
    ///
    /// ```
    /// assert!(teafile::Header::parse(b"tea", 3).unwrap_err().is_format());
    /// ```
    #[must_use]
    pub fn is_format(&self) -> bool {
        self.0.kind.is_format()
    }

    /// Whether another writer has the file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let writer = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::append(&path).unwrap_err().is_locked());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.kind == ErrorKind::Locked
    }

    /// Whether `repair` would help: a torn tail, or one of zeros.
    ///
    /// ```
    /// let error = teafile::Reader::open("/nowhere/x.tea").unwrap_err();
    /// assert!(!error.is_repairable());
    /// ```
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TornTail | ErrorKind::ZeroTail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, offset, message, source, .. } = &*self.0;
        if let Some(path) = path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(offset) = offset {
            write!(f, "byte {offset}: ")?;
        }
        f.write_str(message)?;
        match source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}
