//! Many files as one, whatever their items are, in memory that does not depend on their size.

use super::MERGE_SOURCES_MAX;
use super::tree::Tree;
use super::window::{ENDED, Next, Window};
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::reader::Reader;
use crate::row::Row;
use crate::time_scale::TimeScale;

/// Rows of many files in the order of their event times, read by pread: a block of each is in memory. Of equal times, those
/// of the earlier file come first.
///
/// If the scales of the files differ, times are compared in nanoseconds since 1970.
///
/// ```
/// use teafile::{Description, MergedRows, Reader, TimeScale};
/// # let folder = tempfile::tempdir()?;
/// let (trades, quotes) = (folder.path().join("trades.tea"), folder.path().join("quotes.tea"));
/// let mut file = teafile::create(&trades, &Description::new("Time Price", "qd")?)?;
/// file.write(&[2.into(), 45.11.into()])?;
/// file.close()?;
/// let nanoseconds = Description::new("Time Bid Ask", "qdd")?.time_scale(TimeScale::UNIX_NANOS);
/// let mut file = teafile::create(&quotes, &nanoseconds)?;
/// file.write(&[1_999_999.into(), 45.1.into(), 45.2.into()])?;
/// file.close()?;
///
/// let mut rows = MergedRows::new(vec![Reader::open(&trades)?, Reader::open(&quotes)?])?;
/// let mut order = Vec::new();
/// while let Some((file, row)) = rows.next_row()? {
///     order.push((file, row.event_time()));
/// }
/// assert_eq!(order, [(1, Some(1_999_999)), (0, Some(2))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MergedRows {
    sources: Vec<Source>,
    tree: Tree,
    window: Window,
    scale: TimeScale,
    /// Who was handed out: it goes on when the next row is asked for.
    last: Option<usize>,
}

#[derive(Debug)]
struct Source {
    reader: Reader,
    times: EventTime,
    scale: TimeScale,
    /// Of the row that the reader is at, in the scale of the merge; none at the end.
    time: Option<i64>,
}

impl MergedRows {
    /// Begins where each file is, which is at its start unless somebody moved it.
    ///
    /// # Errors
    /// If there are more than [`MERGE_SOURCES_MAX`] files, or one has no event time or cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let without_time = teafile::Reader::open(&path)?;
    /// assert!(teafile::MergedRows::new(vec![without_time]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(files: Vec<Reader>) -> Result<Self, Error> {
        if files.len() > MERGE_SOURCES_MAX {
            let what = format!("merging {} files (expected {MERGE_SOURCES_MAX} at most)", files.len());
            return Err(Error::new(ErrorKind::UnknownItem, what));
        }
        let mut sources = Vec::with_capacity(files.len());
        for reader in files {
            let times = EventTime::of(reader.header()).map_err(|error| error.with_path(reader.path()))?;
            let scale = reader.description().scale().unwrap_or(TimeScale::JAVA);
            sources.push(Source { reader, times, scale, time: None });
        }
        let first = sources.first().map_or(TimeScale::JAVA, |source| source.scale);
        let is_one = sources.iter().all(|source| source.scale == first);
        let scale = if is_one { first } else { TimeScale::UNIX_NANOS };
        for source in &mut sources {
            source.read_time(scale)?;
        }
        let mut rows = Self {
            sources,
            tree: Tree::new([].into_iter()),
            window: Window::of(i64::MAX),
            scale,
            last: None,
        };
        rows.move_window();
        Ok(rows)
    }

    fn move_window(&mut self) {
        let earliest = self.sources.iter().filter_map(|source| source.time).min();
        self.window = Window::of(earliest.unwrap_or_default());
        let keys = self.sources.iter().enumerate().map(|(number, source)| source.key(number, self.window));
        self.tree = Tree::new(keys);
    }

    /// The next row and the number of its file, or none at the end of all.
    ///
    /// # Errors
    /// If a file cannot be read, or a time is beyond the nanoseconds of 64 bits where scales differ.
    ///
    /// ```
    /// assert!(teafile::MergedRows::new(Vec::new())?.next_row()?.is_none());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn next_row(&mut self) -> Result<Option<(usize, Row<'_>)>, Error> {
        if let Some(last) = self.last.take()
            && let Some(source) = self.sources.get_mut(last)
        {
            source.reader.seek_item(source.reader.position() + 1);
            source.read_time(self.scale)?;
            self.tree.replay(last, source.key(last, self.window));
        }
        if self.tree.winner() == Next::Beyond {
            self.move_window();
        }
        // the earliest time is within the window that was moved to it
        let Next::Source(number) = self.tree.winner() else { return Ok(None) };
        self.last = Some(number);
        match self.sources.get_mut(number) {
            Some(source) => {
                let index = source.reader.position();
                Ok(Some((number, source.reader.row(index)?)))
            }
            None => Ok(None),
        }
    }

    /// The scale that times are compared by.
    ///
    /// ```
    /// assert_eq!(teafile::MergedRows::new(Vec::new())?.scale(), teafile::TimeScale::JAVA);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn scale(&self) -> TimeScale {
        self.scale
    }
}

impl Source {
    /// Of the row that the reader is at.
    fn key(&self, number: usize, window: Window) -> u64 {
        self.time.map_or(ENDED, |time| window.key(time, number))
    }

    /// Takes the time of the row that the reader is at now.
    fn read_time(&mut self, scale: TimeScale) -> Result<(), Error> {
        let position = self.reader.position();
        let times = &self.times;
        let ticks = self.reader.peek()?.map(|item| times.of_item(item));
        self.time = match ticks {
            None => None,
            Some(ticks) if self.scale == scale => Some(ticks),
            Some(ticks) => Some(self.scale.convert(ticks, scale).ok_or_else(|| {
                let what =
                    format!("item {position}: time {ticks} is beyond the nanoseconds that 64 bits count");
                Error::new(ErrorKind::BadTime, what).with_path(self.reader.path())
            })?),
        };
        Ok(())
    }
}
