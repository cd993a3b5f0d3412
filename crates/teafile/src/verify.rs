//! Looks at a file from front to back, and mends its end.

use std::fs::File;
use std::path::Path;

use crate::blocks::{Block, area_now};
use crate::edit;
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::header::{Area, Header, Strictness};
use crate::index::{Checker, Found, Index, IndexCheckup};
use crate::writer::{Repaired, TornTail, ZeroTail, mend, open_to_change, unknown_zeros};

/// What there is to say about a file.
///
/// ```
/// use teafile::State;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
/// for time in [5, 5, 4] {
///     file.write(&[time.into()])?;
/// }
/// file.close()?;
/// let found = teafile::verify(&path)?;
/// assert_eq!((found.items, found.first_time_violation, found.state()), (3, Some(2), State::Broken));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Verification {
    /// What is wrong with the header. If that is enough to not know the items, nothing else was looked at.
    pub header: Vec<Error>,
    /// Whole items.
    pub items: u64,
    /// Bytes behind the last whole item.
    pub partial_tail_bytes: u64,
    /// Items of zeros at the end, though the one before them has a time.
    pub zero_tail_items: u64,
    /// The first item whose event time is before that of the one before it.
    pub first_time_violation: Option<u64>,
    /// How many of those there are.
    pub time_violations: u64,
    /// What the index beside the file says, if there is one.
    pub index: Option<IndexCheckup>,
    /// A change of the header was interrupted; [`repair`] completes it, and until then nothing else is looked at.
    pub interrupted_edit: bool,
    is_unreadable: bool,
}

/// Whether something has to be done about a file.
///
/// ```
/// use teafile::State;
/// assert!(State::Clean < State::Repairable && State::Repairable < State::Broken);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is wrong.
    Clean,
    /// [`repair`] makes it clean: only its end is not in order.
    Repairable,
    /// The header is wrong, times go backwards before the end, or items are not what the index knows: nobody can tell what
    /// is missing.
    Broken,
}

impl Verification {
    /// Whether something has to be done.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// assert_eq!(teafile::verify(&path)?.state(), teafile::State::Clean);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        // the step down to zeros is one violation, and goes with them
        let from_zeros = u64::from(self.zero_tail_items > 0);
        let differs = matches!(&self.index, Some(IndexCheckup::Compared(check)) if !check.is_good());
        if self.is_unreadable || differs || !self.header.is_empty() || self.time_violations > from_zeros {
            State::Broken
        } else if self.interrupted_edit || self.partial_tail_bytes > 0 || self.zero_tail_items > 0 {
            State::Repairable
        } else {
            State::Clean
        }
    }
}

/// Looks at header, end and order of times, and compares items with the index beside the file, if there is one. It reads
/// all items if there is an event time or an index.
///
/// # Errors
/// If the file cannot be opened or read. What is wrong in it is no error, but told.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// std::fs::write(&path, b"coffee")?;
/// let found = teafile::verify(&path)?;
/// assert_eq!(found.state(), teafile::State::Broken);
/// assert_eq!(found.header[0].kind(), teafile::ErrorKind::Truncated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(path: impl AsRef<Path>) -> Result<Verification, Error> {
    let path = path.as_ref();
    let look = || {
        let file = File::open(path).map_err(|source| Error::io("opening for reading", source))?;
        let mut found = Verification { interrupted_edit: edit::is_pending(path), ..Verification::default() };
        if found.interrupted_edit {
            return Ok(found);
        }
        let header = match Header::read(&file, Strictness::Strict) {
            Ok((header, _)) => header,
            Err(error) if !error.is_format() => return Err(error),
            Err(error) => match Header::read(&file, Strictness::Lenient) {
                Ok((header, _)) => {
                    found.header.push(error);
                    header
                }
                Err(worse) => {
                    found.header.push(worse);
                    found.is_unreadable = true;
                    return Ok(found);
                }
            },
        };
        if header.description().item().is_none() {
            return Ok(found);
        }
        let area = area_now(&file, &header)?;
        found.items = area.count;
        found.partial_tail_bytes = area.rest;
        let index = Index::find(path, &file, &header, area.count)?;
        found.zero_tail_items = unknown_zeros(&file, &header, area, &index)?;
        let checker = match index {
            Found::Nothing => None,
            Found::Ignored(reason) => {
                found.index = Some(IndexCheckup::Ignored(reason));
                None
            }
            Found::Index(index) => Some(Checker::new(index, &header, area.count)?),
        };
        look_at_items(&file, &header, area, checker, &mut found)?;
        Ok(found)
    };
    look().map_err(|error: Error| error.with_path(path))
}

/// One walk for times and sums.
fn look_at_items(
    file: &File,
    header: &Header,
    area: Area,
    mut checker: Option<Checker>,
    found: &mut Verification,
) -> Result<(), Error> {
    let times = EventTime::find(header);
    if times.is_none() && checker.is_none() {
        return Ok(());
    }
    let size = usize::try_from(header.item_size()?).unwrap_or(usize::MAX);
    let mut block = Block::default();
    let mut last = i64::MIN;
    let mut index = 0;
    while index < area.count {
        block.fill(file, header, index, area.count)?;
        let items = block.from(index, size);
        if items.is_empty() {
            return Err(Error::new(
                ErrorKind::Shrunk,
                format!("the file ends before item {index} while it is read"),
            ));
        }
        if let Some(checker) = &mut checker {
            checker.add(items)?;
        }
        for item in items.chunks_exact(size) {
            let time = times.as_ref().map_or(i64::MIN, |times| times.of_item(item));
            if time < last {
                found.first_time_violation.get_or_insert(index);
                found.time_violations += 1;
            }
            last = time;
            index += 1;
        }
    }
    if let Some(checker) = checker {
        found.index = Some(IndexCheckup::Compared(checker.finish()?));
    }
    Ok(())
}

/// How a file is mended.
///
/// ```
/// let repair = teafile::Repair::default();
/// assert_eq!(repair.zero_tail, teafile::ZeroTail::Refuse);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// What happens to a part of an item at the end.
    pub torn_tail: TornTail,
    /// What happens to items of zeros at the end.
    pub zero_tail: ZeroTail,
}

/// Completes a change of the header that was interrupted, cuts off what is behind the last whole item, and items of zeros if
/// that is asked for. What was cut off is saved beside
/// the file. None if nothing had to be done.
///
/// # Errors
/// If the file has a writer, its header is wrong, it cannot be written, or something is to be refused.
///
/// ```
/// use teafile::Repair;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// assert_eq!(teafile::repair(&path, Repair::default())?, None);
/// std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))?;
/// assert_eq!(teafile::repair(&path, Repair::default())?.unwrap().bytes, 1);
/// assert_eq!(teafile::verify(&path)?.state(), teafile::State::Clean);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn repair(path: impl AsRef<Path>, options: Repair) -> Result<Option<Repaired>, Error> {
    let path = path.as_ref();
    let mend = || {
        let file = open_to_change(path, "opening for repair")?;
        let (header, size) = Header::read(&file, Strictness::Strict)?;
        let mut area = header.area(size)?;
        mend(&file, path, &header, &mut area, (options.torn_tail, options.zero_tail))
    };
    mend().map_err(|error: Error| error.with_path(path))
}
