//! Makes the index of a file that has none, or has one that is of no use.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Keeper, beside};
use crate::blocks::area_now;
use crate::error::Error;
use crate::header::{Header, Strictness};
use crate::writer::LockedFile;

/// An index that was made.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// # teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let indexed = teafile::index(&path, false)?;
/// assert_eq!((indexed.items, indexed.path), (0, folder.path().join("a.tea.idx")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Where it is.
    pub path: PathBuf,
    /// The items that it knows.
    pub items: u64,
}

/// Makes or completes the index beside a file: `NAME.idx`, with a sum of every 4,096 items, by which
/// [`verify`](crate::verify) tells whether they are what they were. The items are synced before.
///
/// An index that is whole is completed: what it knows already is believed. With `anew` all items are read, and nothing that
/// an index said before counts.
///
/// # Errors
/// If the file has a writer, is not well formed, or an index that is not made anew knows other items than there are.
///
/// ```
/// use teafile::IndexCheckup;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
/// for number in 0..5_000 {
///     file.write(&[number.into()])?;
/// }
/// file.close()?;
/// assert_eq!(teafile::verify(&path)?.index, None);
/// assert_eq!(teafile::index(&path, false)?.items, 5_000);
/// let Some(IndexCheckup::Compared(check)) = teafile::verify(&path)?.index else { panic!("there is an index") };
/// assert!(check.is_good() && check.items == 5_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn index(path: impl AsRef<Path>, anew: bool) -> Result<Indexed, Error> {
    let path = path.as_ref();
    let make = || {
        let opened = File::open(path).map_err(|source| Error::io("opening for reading", source))?;
        let file = LockedFile::new(opened)?;
        let (header, _) = Header::read(&file, Strictness::Strict)?;
        let items = area_now(&file, &header)?.count;
        if anew {
            super::forget(path)?;
        }
        let mut keeper = Keeper::new(path, &file, &header, items)?;
        // the head says that its items are on the disk
        file.sync_data().map_err(|source| Error::io("syncing items", source))?;
        keeper.seal()?;
        keeper.sync()?;
        Ok(Indexed { path: beside(path), items: keeper.items() })
    };
    make().map_err(|error: Error| error.with_path(path))
}
