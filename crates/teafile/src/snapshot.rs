//! Files as text, in the forms of the original API.

use std::fmt::{self, Write};

use crate::error::Error;
use crate::reader::Reader;

/// How many items a snapshot shows.
const SNAPSHOT_ITEMS: u64 = 5;

impl Reader {
    /// The first items in one line, and how many there are if that is more: what `printitems` prints.
    ///
    /// # Errors
    /// If items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("lab.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// for number in 0..3 {
    ///     file.write(&[number.into()])?;
    /// }
    /// file.close()?;
    /// assert_eq!(teafile::Reader::open(&path)?.items_text(2)?, "[A(A=0), A(A=1)]\n2 of 3 items\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn items_text(&mut self, max: u64) -> Result<String, Error> {
        let count = self.item_count()?;
        let mut text = "[".to_owned();
        let mut separator = "";
        for item in self.items_n(0, max)? {
            // writing to a String cannot fail
            let _ = write!(text, "{separator}{}", item?);
            separator = ", ";
        }
        text.push_str("]\n");
        if count > max {
            let _ = writeln!(text, "{max} of {count} items");
        }
        Ok(text)
    }

    /// Name, description and the first items: what `printsnapshot` prints. There is no line for an item that is not there.
    ///
    /// # Errors
    /// If items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("lab.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let text = teafile::Reader::open(&path)?.snapshot()?;
    /// assert!(text.starts_with("TeaFile('lab.tea') 0 items\n\nItemDescription\nName:\tA\n"), "{text}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&mut self) -> Result<String, Error> {
        let mut text = format!("{}\n\n{}\nItems\n", self.summary()?, self.description());
        for item in self.items_n(0, SNAPSHOT_ITEMS)? {
            // writing to a String cannot fail
            let _ = writeln!(text, "{}", item?);
        }
        Ok(text)
    }

    /// Name and number of items: `TeaFile('lab.tea') 40 items`.
    ///
    /// # Errors
    /// If there is no item section.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("lab.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.summary()?, "TeaFile('lab.tea') 0 items");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn summary(&mut self) -> Result<String, Error> {
        let count = self.item_count()?;
        Ok(format!("TeaFile({}) {count} items", FileName(self)))
    }
}

/// The name of the file without its folders, in quotes.
struct FileName<'a>(&'a Reader);

impl fmt::Display for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.path();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        f.write_str(&crate::text::quoted(&name))
    }
}
