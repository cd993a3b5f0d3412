//! One file: opened when its first event is due, closed after its last.

use stratd_plugin_api::{Error, ExchangeHandle, InstrumentId, Level, Result, Timestamp, abi};
use stratd_simulation::SymbolSplits;
use teafile::{ErrorKind, Reader};

use crate::{config::Settings, layout::Layout};

/// The time of an item, and its place among the events of that time.
pub(crate) type Key = (i64, u64);

/// A file of the run.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) layout: Layout,
    pub(crate) instrument: InstrumentId,
    splits: SymbolSplits,
    /// The place of the next item, and its time and sequence number.
    next: u64,
    key: Key,
    /// The items that it had when the run began; what is appended later is not of this run.
    count: u64,
    /// While events of it are handed out.
    reader: Option<Reader>,
    pub(crate) items: u64,
}

/// What opening a file once has told.
pub(crate) struct Known {
    pub(crate) path: String,
    pub(crate) layout: Layout,
    /// The first item of the run, its time and sequence number; none if no item is.
    pub(crate) first: Option<(u64, Key)>,
    /// All items.
    count: u64,
    /// Bytes of a partial item at the end.
    pub(crate) torn: u64,
}

/// Looks into a file.
///
/// # Errors
/// It cannot be opened, or is not as the configuration says.
pub(crate) fn look(path: &str, settings: &Settings) -> Result<Known> {
    let mut reader = Reader::open(path).map_err(tea)?;
    let layout = Layout::of(&reader, settings)?;
    if layout.time.is_event_time
        && let Some(start) = settings.start
        && let Some(ticks) = ticks_at_or_after(&layout, start.get())
    {
        reader.seek_time(ticks).map_err(tea)?;
    }
    let (count, torn) = (reader.item_count().map_err(tea)?, reader.partial_tail_bytes().map_err(tea)?);
    let from = (reader.position(), count);
    let first = next_of(&mut reader, (path, &layout), settings, from, i64::MIN)?;
    Ok(Known { path: path.to_owned(), layout, first, count, torn })
}

/// The first tick that is not before a time; none if the scale does not reach there.
fn ticks_at_or_after(layout: &Layout, ns: i64) -> Option<i64> {
    let ticks = layout.time.scale.from_unix_ns(ns)?;
    let is_before = layout.time.scale.unix_ns(ticks).is_none_or(|time| time < ns);
    Some(if is_before { ticks.saturating_add(1) } else { ticks })
}

/// The next item of the run at or after `at`, among `count`: its place, time and sequence number.
fn next_of(
    reader: &mut Reader,
    (path, layout): (&str, &Layout),
    settings: &Settings,
    (mut at, count): (u64, u64),
    last: i64,
) -> Result<Option<(u64, Key)>> {
    while at < count {
        let row = reader.row(at).map_err(|error| shorter(path, at, count, error))?;
        let Some(time) = layout.time(&row) else {
            let (name, found) = (layout.time.field.name(), row.value_string(&layout.time.field));
            return Err(Error::new(format!(
                "{path}: item {at}: {name} is {found} (accepted: a time between 1677-09-22 and 2262-04-11)"
            )));
        };
        if time < last {
            let name = layout.time.field.name();
            let (before, after) = (Timestamp::new(last), Timestamp::new(time));
            return Err(Error::new(format!(
                "{path}: item {at}: {name} goes backwards, from {before} to {after} (accepted: items in the order of their times; `tea verify` tells the first that is not)"
            )));
        }
        if settings.end.is_some_and(|end| time >= end.get()) {
            return Ok(None);
        }
        if settings.start.is_none_or(|start| time >= start.get()) {
            return Ok(Some((at, (time, layout.seq(&row)))));
        }
        at += 1;
    }
    Ok(None)
}

/// Of an item that was there when the file was looked into.
fn shorter(path: &str, at: u64, count: u64, error: teafile::Error) -> Error {
    if error.kind() == ErrorKind::UnknownItem {
        return Error::new(format!(
            "{path}: there is no item {at} any more: the file had {count} when the run began (accepted: files that keep their items)"
        ));
    }
    tea(error)
}

impl Source {
    /// Of a file that was looked into.
    pub(crate) fn new(known: Known, instrument: InstrumentId, splits: SymbolSplits) -> Option<Self> {
        let (next, key) = known.first?;
        let Known { path, layout, count, .. } = known;
        Some(Self { path, layout, splits, instrument, next, key, count, reader: None, items: 0 })
    }

    /// Time and sequence number of the next item.
    pub(crate) const fn key(&self) -> Key {
        self.key
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Takes the next item; `false` with it says that it was the last of the run.
    ///
    /// # Errors
    /// It cannot be read, or has no event in it.
    pub(crate) fn take(&mut self, settings: &Settings) -> Result<(abi::Event, bool)> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => Reader::open(&self.path).map_err(tea)?,
        };
        let at = self.next;
        let row = reader.row(at).map_err(|error| shorter(&self.path, at, self.count, error))?;
        let (time, _) = self.key;
        let event = self
            .layout
            .event(&row, time, self.instrument.0)
            .map_err(|why| Error::new(format!("{}: item {at}: {why}", self.path)))?;
        let event = self.splits.event(&event).ok_or_else(|| {
            Error::new(format!(
                "{}: item {at}: splits bring a price or quantity to nothing, or beyond 64 bits (accepted: more price_decimals, or other splits)",
                self.path
            ))
        })?;
        self.items += 1;
        let from = (at + 1, self.count);
        let next = next_of(&mut reader, (&self.path, &self.layout), settings, from, time)?;
        let has_more = next.is_some();
        if let Some((place, key)) = next {
            (self.next, self.key) = (place, key);
            self.reader = Some(reader);
        }
        Ok((event, has_more))
    }
}

/// Tells of a partial item, which a writer is about to complete or never did.
pub(crate) fn tell_torn(known: &Known, host: &ExchangeHandle) {
    if known.torn > 0 {
        host.log(
            Level::WARNING,
            format_args!(
                "{}: {} bytes at the end are no whole item and are not read (`tea verify` says more)",
                known.path, known.torn
            ),
        );
    }
}

/// An error of the format, which names its file.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn tea(error: teafile::Error) -> Error {
    Error::new(error.to_string())
}
