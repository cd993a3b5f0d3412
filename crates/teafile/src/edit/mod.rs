//! Changes what a file says about itself, in the room that its header has.
//!
//! Items stay where they are, and so does what says what an item is: only the text about the content and the name-values
//! change. The header before the items is written in place, and a crash may leave any part of that; so the old and the new
//! bytes are on the disk in a journal before, `NAME.edit`, and go when the new ones are on the disk. Whoever next opens the
//! file to write finds a journal and completes it (`journal.rs`). A reader that opens the file in the very moment of the
//! write, or after a crash and before a writer, may get an error about the header; [`verify`](crate::verify) tells of a
//! journal, and [`repair`](crate::repair) completes it.

mod journal;

use std::path::Path;

pub(crate) use journal::{complete, forget, is_pending};

use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::header::{HEADER_BYTES_MAX, Header, Strictness};
use crate::name_values::{NameValues, NamedValue};
use crate::writer::{LockedFile, open_to_change};
use journal::{FIRST_BYTE, Journal};

/// Changes of a header.
///
/// ```
/// use teafile::{CreateOptions, Description, HeaderEdit, Reader};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let description = Description::new("Time Price", "qd")?.content("prices").name_value("url", "acme.com");
/// CreateOptions::default().header_room(200).create(&path, &description)?.close()?;
/// HeaderEdit::default().content("prices of acme at NYSE").set("decimals", 2).remove("url").apply(&path)?;
/// let file = Reader::open(&path)?;
/// assert_eq!(file.description().content_description(), Some("prices of acme at NYSE"));
/// assert_eq!(file.description().name_values().to_string(), "{'decimals': 2}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct HeaderEdit {
    content: Option<String>,
    /// In their order: a value, or none for a name that goes.
    values: Vec<(String, Option<NamedValue>)>,
}

impl HeaderEdit {
    /// Another text about the content; an empty one takes it away.
    ///
    /// ```
    /// # use teafile::{HeaderEdit, Reader};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?.content("text"))?.close()?;
    /// HeaderEdit::default().content("").apply(&path)?;
    /// assert_eq!(Reader::open(&path)?.description().content_description(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn content(mut self, text: &str) -> Self {
        self.content = Some(text.to_owned());
        self
    }

    /// A value for a name: in the place of the one that it has, or of the first of them, or behind all others.
    ///
    /// ```
    /// # use teafile::{HeaderEdit, Reader};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?.name_value("decimals", 2))?.close()?;
    /// HeaderEdit::default().set("decimals", 4).apply(&path)?;
    /// assert_eq!(Reader::open(&path)?.description().decimals(), Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(mut self, name: &str, value: impl Into<NamedValue>) -> Self {
        self.values.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Takes all values of a name away. That there is none is as good.
    ///
    /// ```
    /// # use teafile::{HeaderEdit, Reader};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?.name_value("decimals", 2))?.close()?;
    /// HeaderEdit::default().remove("decimals").apply(&path)?;
    /// assert!(Reader::open(&path)?.description().name_values().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(mut self, name: &str) -> Self {
        self.values.push((name.to_owned(), None));
        self
    }

    /// Changes the header of a file. It is on the disk when this returns. The index beside the file stays that of the file.
    ///
    /// # Errors
    /// If the file has a writer, is not well formed, cannot be written, or the header has no room for it; then nothing was
    /// changed.
    ///
    /// ```
    /// # use teafile::{ErrorKind, HeaderEdit};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
    /// let error = HeaderEdit::default().content("there is no room for this").apply(&path).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::HeaderTooLarge);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        self.apply_at(path).map_err(|error| error.with_path(path))
    }

    fn apply_at(&self, path: &Path) -> Result<(), Error> {
        let file = open_to_change(path, "opening to change the header")?;
        let (header, size) = Header::read(&file, Strictness::Strict)?;
        let old = header_bytes(&file, &header)?;
        let new = self.new_bytes(&header, &old)?;
        if new == old {
            return Ok(());
        }
        // what is written is read before it is: items are where and what they were
        let read = Header::parse(&new, size)?;
        let is_same = |of: &Description| (of.item().cloned(), of.scale(), of.custom_sections().to_vec());
        let is_kept = is_same(read.description()) == is_same(header.description())
            && read.item_start() == header.item_start();
        assert!(is_kept, "an edit changes texts and values, and nothing of the items");
        Journal::new(&old, &new).carry_out(&file, path)
    }

    /// The bytes before the items as they are to be.
    fn new_bytes(&self, header: &Header, old: &[u8]) -> Result<Vec<u8>, Error> {
        let sections = self.changed(header.description()).section_bytes(header.byte_order())?;
        let (needed, room) = (FIRST_BYTE as u64 + 8 + sections.bytes.len() as u64, old.len() as u64);
        if needed > room {
            let what = format!(
                "a header of {needed} bytes where there are {room} before the items (expected {room} or less, or a \
                 copy of the file with more room: tea cp --header-room {})",
                (needed - room).next_multiple_of(8)
            );
            return Err(Error::new(ErrorKind::HeaderTooLarge, what));
        }
        let mut new = old.get(..FIRST_BYTE).unwrap_or_default().to_vec();
        new.extend(header.byte_order().u64_bytes(sections.count));
        new.extend(sections.bytes);
        new.resize(old.len(), 0);
        Ok(new)
    }

    fn changed(&self, of: &Description) -> Description {
        let mut description = match &self.content {
            Some(text) => of.clone().content(text),
            None => of.clone(),
        };
        let mut values: Vec<(String, NamedValue)> =
            of.name_values().iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        for (name, value) in &self.values {
            let place = values.iter().position(|(known, _)| known == name);
            values.retain(|(known, _)| known != name);
            if let Some(value) = value {
                let place = place.unwrap_or(values.len()).min(values.len());
                values.insert(place, (name.clone(), value.clone()));
            }
        }
        let mut named = NameValues::with_capacity(values.len());
        for (name, value) in values {
            named.push(name, value);
        }
        description.name_values = (!named.is_empty()).then_some(named);
        description
    }
}

/// All bytes before the items, or as many as a header may have.
fn header_bytes(file: &LockedFile, header: &Header) -> Result<Vec<u8>, Error> {
    let length = usize::try_from(header.item_start().min(HEADER_BYTES_MAX)).unwrap_or_default();
    let mut bytes = vec![0; length];
    let found = crate::blocks::read_at(file, &mut bytes, 0)?;
    bytes.truncate(found);
    Ok(bytes)
}
