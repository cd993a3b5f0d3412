//! Finds items by their event time: binary search, which reads one time for each step.

use std::ops::{Range, RangeBounds};

use super::{Items, Reader, closed};
use crate::error::Error;
use crate::event_time::EventTime;
use crate::search::{self, Place};

impl Reader {
    /// The items of a range of event times.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// for time in [10, 20, 20, 30] {
    ///     file.write(&[time.into()])?;
    /// }
    /// file.close()?;
    /// assert_eq!(teafile::Reader::open(&path)?.between(20..30)?.count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(&mut self, range: impl RangeBounds<i64>) -> Result<Items<'_>, Error> {
        let range = self.time_range(range)?;
        Ok(self.items_in(range))
    }

    /// The indices of the items of a range of event times.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.time_range(1..2)?, 0..0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time_range(&mut self, range: impl RangeBounds<i64>) -> Result<Range<u64>, Error> {
        let count = self.item_count()?;
        let (start, end) = search::places(&range);
        let start = start.map_or(Ok(0), |place| self.find(place))?;
        let end = end.map_or(Ok(count), |place| self.find(place))?;
        Ok(start..end.max(start))
    }

    /// Moves to the first item at or after a time, and returns its index.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Reader::open(&path)?.seek_time(5).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_time(&mut self, ticks: i64) -> Result<u64, Error> {
        self.position = self.lower_bound(ticks)?;
        Ok(self.position)
    }

    /// The index of the first item at or after a time.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.lower_bound(5)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lower_bound(&mut self, ticks: i64) -> Result<u64, Error> {
        self.find(Place::AtOrAfter(ticks))
    }

    /// The index of the first item after a time.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.upper_bound(5)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn upper_bound(&mut self, ticks: i64) -> Result<u64, Error> {
        self.find(Place::After(ticks))
    }

    fn find(&mut self, place: Place) -> Result<u64, Error> {
        let count = self.item_count()?;
        let Some(file) = &self.file else { return Err(closed().with_path(&self.path)) };
        let found = EventTime::of(&self.header).and_then(|times| {
            search::first_not(count, |index| {
                times.read(file, &self.header, index).map(|time| place.is_behind(time))
            })
        });
        found.map_err(|error| error.with_path(&self.path))
    }
}
