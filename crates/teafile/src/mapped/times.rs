//! Items of a range of event times: binary search in memory.

use std::ops::{Range, RangeBounds};

use super::Mapped;
use crate::error::Error;
use crate::event_time::EventTime;
use crate::item::TimedItem;
use crate::search::{self, Place};

impl Mapped {
    /// The items of a range of event times.
    ///
    /// # Errors
    /// If the items of the file are others, or there is no event time.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64, price: f64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::of::<Tick>()?)?.typed()?;
    /// # for time in [10, 20, 20, 30] { file.write(&Tick { time, price: 1.0 })?; }
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// assert_eq!(file.between::<Tick>(20..30)?.len(), 2);
    /// assert_eq!(file.between::<Tick>(20..=30)?.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between<T: TimedItem>(&self, range: impl RangeBounds<i64>) -> Result<&[T], Error> {
        let items = self.items::<T>()?;
        let (start, end) = search::places(&range);
        let index = |place: Place| items.partition_point(|item| place.is_behind(item.event_time()));
        let start = start.map_or(0, index);
        let end = end.map_or(items.len(), index);
        Ok(items.get(start..end.max(start)).unwrap_or_default())
    }

    /// The indices of the items of a range of event times, for rows and columns.
    ///
    /// # Errors
    /// If there is no event time.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("Time A", "qd")?)?;
    /// # for time in [10, 20, 20, 30] { file.write(&[time.into(), 0.5.into()])?; }
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// let range = file.time_range(20..30)?;
    /// assert_eq!(file.column::<f64>("A")?.slice(range).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time_range(&self, range: impl RangeBounds<i64>) -> Result<Range<usize>, Error> {
        let (start, end) = search::places(&range);
        let start = start.map_or(Ok(0), |place| self.find(place))?;
        let end = end.map_or(Ok(self.area.count), |place| self.find(place))?;
        Ok(Self::range(start..end.max(start)))
    }

    /// The index of the first item at or after a time.
    ///
    /// # Errors
    /// If there is no event time.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("Time A", "qd")?)?;
    /// # for time in [10, 20, 20, 30] { file.write(&[time.into(), 0.5.into()])?; }
    /// # file.close()?;
    /// assert_eq!(teafile::Mapped::open(&path)?.seek_time(15)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_time(&self, ticks: i64) -> Result<usize, Error> {
        let index = self.find(Place::AtOrAfter(ticks))?;
        Ok(usize::try_from(index).unwrap_or(usize::MAX))
    }

    fn find(&self, place: Place) -> Result<u64, Error> {
        let times = EventTime::of(&self.header).map_err(|error| error.with_path(&self.path))?;
        let (items, size) = (self.bytes(), self.item_size());
        search::first_not(self.area.count, |index| {
            let start = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(size);
            Ok(place.is_behind(times.of_item(items.get(start..).unwrap_or_default())))
        })
    }
}
