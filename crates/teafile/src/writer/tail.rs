//! The end of a file that a writer did not leave in good order: parts of items, and items of zeros.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::options::{TornTail, ZeroTail};
use crate::blocks::{Block, read_at};
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::header::{Area, Header, ITEM_END_OFFSET};
use crate::index::{Found, Index};

/// How far back zeros are looked for. If there are more, all that were seen count.
const ZEROS_BYTES_MAX: u64 = 64 << 20;
/// How much of what is cut off is saved.
const SAVED_BYTES_MAX: u64 = 1 << 20;

/// What was cut off a file.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let whole = std::fs::read(&path)?;
/// std::fs::write(&path, [&whole[..], &[1, 2, 3]].concat())?;
/// let file = teafile::append(&path)?;
/// let repaired = file.repaired().unwrap();
/// assert_eq!((repaired.offset, repaired.bytes), (whole.len() as u64, 3));
/// assert_eq!(std::fs::read_to_string(&repaired.saved_in)?, format!("{} 010203\n", whole.len()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The byte of the file that the items end at now.
    pub offset: u64,
    /// How many bytes were behind it: a part of an item, or whole items of zeros and a part.
    pub bytes: u64,
    /// The file that has what was cut off: a line with the offset and the bytes in hexadecimal.
    pub saved_in: PathBuf,
}

/// Brings the end in order, or refuses. Afterwards the area ends in a whole item.
pub(crate) fn mend(
    file: &File,
    path: &Path,
    header: &Header,
    area: &mut Area,
    (torn, zero): (TornTail, ZeroTail),
) -> Result<Option<Repaired>, Error> {
    let item_size = header.item_size()?;
    if area.rest > 0 && torn == TornTail::Refuse {
        return Err(Error::at(
            ErrorKind::TornTail,
            area.end - area.rest,
            format!(
                "{} bytes of an item of {item_size} (expected whole items, or leave to cut them off)",
                area.rest
            ),
        ));
    }
    let zeros = if zero == ZeroTail::Accept {
        0
    } else {
        let index = Index::find(path, file, header, area.count)?;
        unknown_zeros(file, header, *area, &index)?
    };
    if zeros > 0 && zero == ZeroTail::Refuse {
        return Err(Error::at(
            ErrorKind::ZeroTail,
            area.end - area.rest - zeros * item_size,
            format!(
                "the last {zeros} items are zeros though there are times before them, as a loss of power leaves \
                 behind (expected leave to accept them, or to cut them off)"
            ),
        ));
    }
    let cut = area.rest + zeros * item_size;
    if cut == 0 {
        return Ok(None);
    }
    let whole = Area { count: area.count - zeros, rest: 0, end: area.end - cut };
    let saved_in = save(file, path, whole.end, cut)?;
    cut_off(file, header, whole.end)?;
    *area = whole;
    Ok(Some(Repaired { offset: whole.end, bytes: cut, saved_in }))
}

/// Adds a line to the file beside it, and syncs that.
fn save(file: &File, path: &Path, offset: u64, bytes: u64) -> Result<PathBuf, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".torn");
    let beside = PathBuf::from(name);
    let mut removed = vec![0; usize::try_from(bytes.min(SAVED_BYTES_MAX)).unwrap_or_default()];
    let length = read_at(file, &mut removed, offset)?;
    removed.truncate(length);
    let more = if bytes > SAVED_BYTES_MAX {
        format!(" and {} more", bytes - SAVED_BYTES_MAX)
    } else {
        String::new()
    };
    let line = format!("{offset} {}{more}\n", crate::text::hex(&removed));
    let written = OpenOptions::new().create(true).append(true).open(&beside).and_then(|mut saved| {
        saved.write_all(line.as_bytes())?;
        saved.sync_all()
    });
    written.map_err(|source| Error::io(format!("saving the torn tail in {}", beside.display()), source))?;
    Ok(beside)
}

/// Ends the items there. A file with room behind its items keeps that room.
fn cut_off(file: &File, header: &Header, end: u64) -> Result<(), Error> {
    let failed = |source| Error::io(format!("cutting off what is behind byte {end}"), source);
    if header.item_end().is_some() {
        file.write_all_at(&header.byte_order().u64_bytes(end), ITEM_END_OFFSET).map_err(failed)?;
    } else {
        file.set_len(end).map_err(failed)?;
    }
    file.sync_data().map_err(failed)
}

/// How many items at the end are all zeros, as [`zero_tail`], without those that an index knows to have been synced as they
/// are: no loss of power made them.
pub(crate) fn unknown_zeros(file: &File, header: &Header, area: Area, index: &Found) -> Result<u64, Error> {
    let zeros = zero_tail(file, header, area)?;
    match index {
        Found::Index(index) if zeros > 0 && index.items() <= area.count => {
            let is_known = index.vouches(file, header, area.count - zeros)?;
            Ok(if is_known { area.count - index.items() } else { zeros })
        }
        _ => Ok(zeros),
    }
}

/// How many items at the end are all zeros, if there is an event time and the item before them has one above zero.
fn zero_tail(file: &File, header: &Header, area: Area) -> Result<u64, Error> {
    let Some(times) = EventTime::find(header) else { return Ok(0) };
    let item_size = header.item_size()?;
    let size = usize::try_from(item_size).unwrap_or(usize::MAX);
    let first = area.count.saturating_sub((ZEROS_BYTES_MAX / item_size).max(1));
    let mut block = Block::default();
    let mut end = area.count;
    while end > first {
        let start = end.saturating_sub(Block::items(item_size)).max(first);
        block.fill(file, header, start, end)?;
        for index in (start..end).rev() {
            let Some(item) = block.get(index, size) else {
                return Err(Error::new(
                    ErrorKind::Shrunk,
                    "the file became shorter while its end was looked at",
                ));
            };
            if item.iter().any(|&byte| byte != 0) {
                let zeros = area.count - index - 1;
                return Ok(if times.of_item(item) > 0 { zeros } else { 0 });
            }
        }
        end = start;
    }
    // nothing but zeros: a file that has no other item is what it seems to be
    Ok(if first == 0 { 0 } else { area.count - first })
}
