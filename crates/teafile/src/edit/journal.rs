//! `NAME.edit`: the header as it was and as it is to be, until it is.
//!
//! `teaedit\x01`, a u32 number of bytes (little endian, as the sums), the old and the new header from byte 24 on (where
//! the number of sections is; what is before stays), and the CRC32C of all that. It is synced, and its name too, before the
//! first byte of the header is written. So a journal that is not whole belongs to an edit that changed nothing yet, and one
//! that is whole is carried out again: that is the same however often it is done, and whatever part of it was done.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::blocks::read_at;
use crate::error::{Error, ErrorKind};
use crate::header::HEADER_BYTES_MAX;
use crate::index::{self, crc32c};
use crate::writer::sync_folder;

/// Behind magic, start and end of the items.
pub(super) const FIRST_BYTE: usize = 24;
const MAGIC: [u8; 8] = *b"teaedit\x01";
const JOURNAL_BYTES_MAX: u64 = 2 * HEADER_BYTES_MAX + 16;

/// The changing part of a header, twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    old: Vec<u8>,
    new: Vec<u8>,
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".edit");
    PathBuf::from(name)
}

/// Whether an edit of a file was interrupted after it began to write.
pub(crate) fn is_pending(path: &Path) -> bool {
    matches!(Journal::find(path), Ok(Some(_)))
}

/// Completes an edit that was interrupted. The file is locked.
pub(crate) fn complete(file: &File, path: &Path) -> Result<(), Error> {
    match Journal::find(path)? {
        Some(journal) => journal.write(file, path),
        None => forget(path),
    }
}

/// Takes a journal away that says nothing, any more or yet. That there is none is as good.
pub(crate) fn forget(path: &Path) -> Result<(), Error> {
    match fs::remove_file(beside(path)) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::io(format!("removing {}", beside(path).display()), source)),
    }
}

impl Journal {
    /// Of two headers of the same length.
    pub(super) fn new(old: &[u8], new: &[u8]) -> Self {
        let changing = |bytes: &[u8]| bytes.get(FIRST_BYTE..).unwrap_or_default().to_vec();
        Self { old: changing(old), new: changing(new) }
    }

    /// Writes the journal, then the header.
    pub(super) fn carry_out(&self, file: &File, path: &Path) -> Result<(), Error> {
        let beside = beside(path);
        let written = File::create(&beside).and_then(|mut journal| {
            journal.write_all(&self.bytes())?;
            journal.sync_all()
        });
        let written = written.map_err(|source| Error::io(format!("writing {}", beside.display()), source));
        if let Err(error) = written.and_then(|()| sync_folder(path)) {
            // nothing of the header was written yet; the first error is the one to tell
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        self.write(file, path)
    }

    /// Writes the header, if it is one of the two or a mixture of them, and gives up the journal.
    fn write(&self, file: &File, path: &Path) -> Result<(), Error> {
        let mut now = vec![0; FIRST_BYTE + self.old.len()];
        let length = read_at(file, &mut now, 0)?;
        let found = now.get(FIRST_BYTE..).unwrap_or_default();
        let is_either = |((now, old), new): ((&u8, &u8), &u8)| now == old || now == new;
        if length < now.len() || !found.iter().zip(&self.old).zip(&self.new).all(is_either) {
            let what = format!(
                "{} is a change of another header (expected it to be looked at and removed)",
                beside(path).display()
            );
            return Err(Error::new(ErrorKind::Exists, what));
        }
        let written = file.write_all_at(&self.new, FIRST_BYTE as u64).and_then(|()| file.sync_data());
        written.map_err(|source| Error::io("writing the header", source))?;
        let whole = |changing: &[u8]| [now.get(..FIRST_BYTE).unwrap_or_default(), changing].concat();
        index::reseal(path, &whole(&self.old), &whole(&self.new))?;
        forget(path)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        // not longer than a header, which its reader bounds
        bytes.extend(u32::try_from(self.old.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(&self.old);
        bytes.extend(&self.new);
        bytes.extend(crc32c::extend(0, &bytes).to_le_bytes());
        bytes
    }

    /// The journal of a file, if it has one that is whole.
    fn find(path: &Path) -> Result<Option<Self>, Error> {
        let beside = beside(path);
        let mut bytes = Vec::new();
        let read =
            File::open(&beside).and_then(|file| file.take(JOURNAL_BYTES_MAX + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(Self::read(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::io(format!("reading {}", beside.display()), source)),
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk()?;
        if u32::from_le_bytes(*sum) != crc32c::extend(0, content) {
            return None;
        }
        let (length, headers) = content.strip_prefix(&MAGIC)?.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (old, new) = headers.split_at_checked(length)?;
        (old.len() == new.len()).then(|| Self { old: old.to_vec(), new: new.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use std::fs;

    use super::{Journal, beside, is_pending};
    use crate::{CreateOptions, Description, HeaderEdit, Repair, State};

    /// A file and its index before an edit and after it.
    fn edited(folder: &std::path::Path) -> (std::path::PathBuf, Vec<u8>, Vec<u8>) {
        let path = folder.join("a.tea");
        let description =
            Description::new("Time Price", "qd").unwrap().content("old").name_value("decimals", 2);
        let options = CreateOptions::default().header_room(64).index(true);
        let mut file = options.create(&path, &description).unwrap();
        file.write(&[1.into(), 0.5.into()]).unwrap();
        file.close().unwrap();
        let old = fs::read(&path).unwrap();
        HeaderEdit::default().content("another text").set("url", "acme.com").apply(&path).unwrap();
        let new = fs::read(&path).unwrap();
        (path, old, new)
    }

    #[test]
    fn whatever_part_of_a_header_was_written_is_completed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old, new) = edited(folder.path());
        let header = old.len() - 16;
        let journal = Journal::new(&old[..header], &new[..header]);
        for cut in (24..header).step_by(9).chain([header]) {
            for written_from_behind in [false, true] {
                let torn = match written_from_behind {
                    false => [&new[..cut], &old[cut..]].concat(),
                    true => [&old[..cut], &new[cut..]].concat(),
                };
                fs::write(&path, torn).unwrap();
                fs::write(beside(&path), journal.bytes()).unwrap();
                let found = crate::verify(&path).unwrap();
                assert!(found.interrupted_edit && found.state() == State::Repairable, "{cut}");
                match written_from_behind {
                    false => crate::append(&path).unwrap().close().unwrap(),
                    true => assert_eq!(crate::repair(&path, Repair::default()).unwrap(), None),
                }
                assert_eq!(fs::read(&path).unwrap(), new, "{cut}");
                assert!(!beside(&path).exists());
            }
        }
        // the index came along
        assert!(matches!(crate::verify(&path).unwrap().index, Some(crate::IndexCheckup::Compared(_))));
    }

    #[test]
    fn a_journal_that_was_not_whole_changed_nothing_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old, new) = edited(folder.path());
        let journal = Journal::new(&old, &new).bytes();
        fs::write(&path, &old).unwrap();
        fs::write(beside(&path), &journal[..journal.len() - 1]).unwrap();
        assert!(!is_pending(&path));
        crate::append(&path).unwrap().close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), old);
        assert!(!beside(&path).exists());
    }

    #[test]
    fn a_journal_of_another_header_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old, new) = edited(folder.path());
        let mut other = new.clone();
        other[80] ^= 0x40;
        fs::write(&path, &other).unwrap();
        fs::write(beside(&path), Journal::new(&old[..152], &new[..152]).bytes()).unwrap();
        let error = crate::append(&path).unwrap_err();
        assert!(error.to_string().contains("a.tea.edit is a change of another header"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), other);
        assert!(beside(&path).exists());
    }

    #[test]
    fn a_journal_that_is_not_whole_is_none() {
        let journal = Journal { old: vec![1, 2, 3], new: vec![1, 9, 3] };
        let bytes = journal.bytes();
        assert_eq!(Journal::read(&bytes), Some(Journal { old: vec![1, 2, 3], new: vec![1, 9, 3] }));
        for cut in 0..bytes.len() {
            assert_eq!(Journal::read(&bytes[..cut]), None);
            let mut turned = bytes.clone();
            turned[cut] ^= 8;
            assert_eq!(Journal::read(&turned), None);
        }
    }
}
