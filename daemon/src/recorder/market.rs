//! The market events as TeaFiles: one for each instrument, kind and UTC day, which other programs read as they are.
//!
//! `DIR/EXCHANGE/SYMBOL/trade-2026-11-22.tea`. `time` is that of the engine: when the daemon took the event, in a backtest the
//! event's own. It never goes back in a file, as the format demands; where an earlier run left a later one, it stands still.
//! `exchange_time` is what the exchange said. Events of one `time` have their order by `seq`, also across files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use stratd_plugin_api::{InstrumentType, Timestamp, abi};

use super::{
    forms::{self, MarketKind, Value},
    new_files,
    row::Row,
    tea::TeaWriter,
};
use crate::runtime::Services;

/// Files that are open at once; beyond it the one that was written longest ago is closed.
const OPEN_MAX: usize = 256;
/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;
/// Set in the handle of a text that is a number.
const NUMBER: u64 = 1 << 63;

/// The files.
pub(super) struct Market {
    root: PathBuf,
    /// Bits of the kinds that are wanted.
    kinds: u32,
    /// By id.
    places: BTreeMap<u32, Place>,
    /// Names of folders by exchange, to tell instruments of one symbol apart.
    taken: BTreeSet<(u16, String)>,
    services: Arc<Services>,
    files: BTreeMap<(u32, MarketKind), MarketFile>,
    /// Files that were made and are not synced yet.
    new: Vec<PathBuf>,
    /// Those with rows that wait.
    unwritten: BTreeSet<(u32, MarketKind)>,
    waiting: usize,
    open: usize,
    /// Counts writes, to know which file was written longest ago.
    writes: u64,
    run: (u32, String),
}

/// Where the files of an instrument are, and what they say of it.
struct Place {
    folder: PathBuf,
    symbol: String,
    exchange: String,
    currency: String,
    decimals: [u8; 2],
}

#[derive(Default)]
struct MarketFile {
    /// Days since 1970.
    day: i64,
    writer: Option<TeaWriter>,
    waiting: Vec<u8>,
    path: PathBuf,
    /// Items that it has.
    items: u64,
    written: u64,
    has_told: bool,
}

impl Market {
    /// The files below `root`, of which none is opened before its first event.
    pub(super) fn new(
        root: &Path,
        kinds: u32,
        run: (u32, String),
        instruments: &[abi::InstrumentRecord],
        (exchanges, services): (&[String], &Arc<Services>),
    ) -> Self {
        let mut market = Self {
            root: root.to_owned(),
            kinds,
            places: BTreeMap::new(),
            taken: BTreeSet::new(),
            services: Arc::clone(services),
            files: BTreeMap::new(),
            new: Vec::new(),
            unwritten: BTreeSet::new(),
            waiting: 0,
            open: 0,
            writes: 0,
            run,
        };
        for record in instruments {
            let index = usize::from(record.exchange).checked_sub(1);
            let exchange = index.and_then(|index| exchanges.get(index)).cloned().unwrap_or_default();
            market.know(record, exchange);
        }
        market
    }

    /// An instrument, which may join while the run goes on.
    pub(super) fn know(&mut self, record: &abi::InstrumentRecord, exchange: String) {
        let symbol = self.services.text_of(record.symbol);
        let mut name = safe(&symbol);
        // one symbol may be a stock and an option at once
        if !self.taken.insert((record.exchange, name.clone())) {
            let kind = InstrumentType::from_code(record.instrument_type);
            name = format!("{name}@{}", kind.map_or("unknown", InstrumentType::name));
        }
        let folder = self.root.join(&exchange).join(name);
        let decimals = [record.price_decimals, record.quantity_decimals];
        let currency = self.services.text_of(record.currency);
        self.places.insert(record.id, Place { folder, symbol, exchange, currency, decimals });
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Where the files are.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Takes a market event.
    ///
    /// # Errors
    /// A day is over, and its file cannot be finished.
    pub(super) fn take(&mut self, row: &Row) -> Result<()> {
        let Some(kind) = MarketKind::of_code(row.kind()) else { return Ok(()) };
        let event = row.event();
        if self.kinds >> kind.code() & 1 == 0 || event.instrument == 0 {
            return Ok(());
        }
        let key = (event.instrument, kind);
        let day = row.time().div_euclid(DAY_NS);
        if self.files.get(&key).is_some_and(|file| file.day < day) {
            self.write_one(key)?;
            self.close(key);
            self.files.remove(&key);
        }
        let file = self.files.entry(key).or_insert_with(|| MarketFile { day, ..MarketFile::default() });
        let before = file.waiting.len();
        put(&mut file.waiting, row.time(), kind, &event, self.run.0);
        self.waiting += file.waiting.len() - before;
        self.unwritten.insert(key);
        Ok(())
    }

    /// Hands what waits to the system.
    ///
    /// # Errors
    /// A file cannot be made or written.
    pub(super) fn write(&mut self) -> Result<()> {
        while !self.unwritten.is_empty() {
            let keys: Vec<_> = self.unwritten.iter().copied().take(OPEN_MAX).collect();
            // a day begins with a file for each instrument and kind: they are synced together
            for key in &keys {
                self.open_for(*key)?;
            }
            self.sync_new()?;
            for key in keys {
                self.write_one(key)?;
            }
        }
        Ok(())
    }

    /// Syncs the files that were made; no item is written before.
    fn sync_new(&mut self) -> Result<()> {
        new_files::sync(&self.root, &self.new)?;
        self.new.clear();
        Ok(())
    }

    fn open_for(&mut self, key: (u32, MarketKind)) -> Result<()> {
        if self.files.get(&key).is_none_or(|file| file.writer.is_some()) {
            return Ok(());
        }
        self.make_room();
        self.open(key)?;
        // the ones that were opened for this batch are the last to be closed again
        self.writes += 1;
        if let Some(file) = self.files.get_mut(&key) {
            file.written = self.writes;
        }
        Ok(())
    }

    /// As [`Market::write`]; after it, a failure of power harms nothing of it.
    ///
    /// # Errors
    /// As [`Market::write`].
    pub(super) fn sync(&mut self) -> Result<()> {
        self.write()?;
        let mut failed = None;
        for (key, file) in &mut self.files {
            if let Some(writer) = &mut file.writer
                && let Err(error) = writer.sync()
            {
                failed = Some((*key, error));
                break;
            }
        }
        let Some((key, error)) = failed else { return Ok(()) };
        self.close(key);
        Err(error)
    }

    fn write_one(&mut self, key: (u32, MarketKind)) -> Result<()> {
        self.open_for(key)?;
        self.sync_new()?;
        self.writes += 1;
        let Some(file) = self.files.get_mut(&key) else { return Ok(()) };
        file.written = self.writes;
        if let Some(writer) = &mut file.writer {
            if let Err(error) = writer.write(&file.waiting) {
                // how many items it took is seen when it is opened again
                self.close(key);
                return Err(error);
            }
            file.items = writer.rows();
            if writer.backwards() > 0 && !std::mem::replace(&mut file.has_told, true) {
                // what an earlier run left is later than now
                tracing::warn!(
                    logger = "recorder",
                    "time goes backwards in {}: it stands still there until the clock has come up",
                    file.path.display()
                );
            }
        }
        self.waiting -= file.waiting.len();
        file.waiting.clear();
        self.unwritten.remove(&key);
        Ok(())
    }

    fn open(&mut self, (instrument, kind): (u32, MarketKind)) -> Result<()> {
        let place = self.places.get(&instrument);
        let place =
            place.with_context(|| format!("an event of instrument {instrument}, which is not known"))?;
        let Some(file) = self.files.get_mut(&(instrument, kind)) else { return Ok(()) };
        fs::create_dir_all(&place.folder)
            .with_context(|| format!("creating the folder {}", place.folder.display()))?;
        let date = Timestamp::new(file.day.saturating_mul(DAY_NS)).to_string();
        let date = date.get(..10).unwrap_or(&date);
        let stem = place.folder.join(format!("{}-{date}", kind.name()));
        let opened = TeaWriter::open_or_create(&stem, &described(kind, place, date, &self.run.1))?;
        for left in opened.left {
            tracing::warn!(logger = "recorder", "{left}: it is left alone, and another file is begun");
        }
        if opened.removed > 0 {
            tracing::warn!(
                logger = "recorder",
                "{}: the last item was written in part, and is removed ({} bytes)",
                opened.path.display(),
                opened.removed
            );
        }
        if opened.is_new {
            self.new.push(opened.path.clone());
        }
        let items = opened.writer.rows();
        if file.path == opened.path {
            // an error came between: what it has taken waits no more
            let size = forms::market(kind).size;
            let taken = usize::try_from(items.saturating_sub(file.items)).unwrap_or(usize::MAX);
            let taken = taken.saturating_mul(size).min(file.waiting.len());
            file.waiting.drain(..taken);
            self.waiting -= taken;
        }
        file.items = items;
        file.path = opened.path;
        file.writer = Some(opened.writer);
        self.open += 1;
        Ok(())
    }

    fn make_room(&mut self) {
        if self.open < OPEN_MAX {
            return;
        }
        let open = self.files.iter().filter(|(_, file)| file.writer.is_some());
        if let Some(oldest) = open.min_by_key(|(_, file)| file.written).map(|(key, _)| *key) {
            self.close(oldest);
        }
    }

    fn close(&mut self, key: (u32, MarketKind)) {
        if self.files.get_mut(&key).is_some_and(|file| file.writer.take().is_some()) {
            self.open -= 1;
        }
    }
}

/// Appends the item of an event.
fn put(items: &mut Vec<u8>, time: i64, kind: MarketKind, event: &abi::Event, run: u32) {
    let [a, b, c, d, e] = event.data;
    let (third, used) = match kind {
        MarketKind::Trade | MarketKind::Book => (text_id(c), 4),
        MarketKind::Quote | MarketKind::Bar => (c, 5),
    };
    let numbers = [a, b, third, d, e];
    for word in [time, event.ts].iter().chain(numbers.iter().take(used)) {
        items.extend_from_slice(&word.to_le_bytes());
    }
    items.extend_from_slice(&event.seq.to_le_bytes());
    items.extend_from_slice(&u32::from(event.flags).to_le_bytes());
    items.extend_from_slice(&run.to_le_bytes());
}

/// The id of a trade or order: the number that it is, or less than 0: its place among the texts of the run.
fn text_id(handle: i64) -> i64 {
    let handle = handle.cast_unsigned();
    if handle & NUMBER != 0 { (handle & !NUMBER).cast_signed() } else { -handle.cast_signed() }
}

fn described(kind: MarketKind, place: &Place, date: &str, run: &str) -> forms::Form {
    let Place { symbol, exchange, currency, decimals: [price, quantity], .. } = place;
    let text = |text: &str| Value::Text(text.to_owned());
    forms::Form {
        content: format!("{}s of {symbol} on {exchange}, {date}, recorded by stratd", kind.name()),
        values: vec![
            ("decimals", Value::Number(i32::from(*price))),
            ("price_decimals", Value::Number(i32::from(*price))),
            ("quantity_decimals", Value::Number(i32::from(*quantity))),
            ("symbol", text(symbol)),
            ("exchange", text(exchange)),
            ("currency", text(currency)),
            ("kind", text(kind.name())),
            ("run", text(run)),
        ],
        ..forms::market(kind)
    }
}

/// A name that is one name in every folder: what is not a letter, digit, `-`, `_` or a dot inside is written as `%XX`. A
/// symbol has at most 64 bytes, so that the name is short enough for every file system.
fn safe(symbol: &str) -> String {
    let mut name = String::new();
    for (index, byte) in symbol.bytes().enumerate() {
        let is_plain =
            byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || (byte == b'.' && index > 0);
        if is_plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.is_empty() {
        name.push('%');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_differ() {
        for (symbol, expected) in [
            ("AAPL", "AAPL"),
            ("BRK.B", "BRK.B"),
            ("BTC/USD", "BTC%2FUSD"),
            ("../x", "%2E.%2Fx"),
            ("", "%"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(safe(symbol), expected);
        }
    }

    #[test]
    fn ids_are_numbers_or_places_of_texts() {
        let number = stratd_plugin_api::TextTable::number(644).cast_signed();
        assert_eq!([text_id(number), text_id(0), text_id(7)], [644, 0, -7]);
    }

    #[test]
    fn more_files_than_may_be_open_have_all_their_items() {
        const COUNT: u32 = 300;
        let place = tempfile::tempdir().unwrap();
        let services = Arc::new(Services::default());
        let records: Vec<_> = (1..=COUNT)
            .map(|id| {
                let symbol = services.texts().intern(&format!("S{id}"));
                abi::InstrumentRecord { id, exchange: 1, symbol, ..Default::default() }
            })
            .collect();
        let names = ["x".to_owned()];
        let run = (1, "run".to_owned());
        let kinds = 1 << MarketKind::Trade.code();
        let mut market = Market::new(place.path(), kinds, run, &records, (&names, &services));
        let kind = stratd_plugin_api::abi::event_kind::TRADE;
        for round in 1..=3 {
            for instrument in 1..=COUNT {
                let event = abi::Event { instrument, kind, data: [round, 1, 0, 0, 0], ..Default::default() };
                market.take(&Row::market(1, Timestamp::new(round), &event)).unwrap();
            }
            market.write().unwrap();
            assert_eq!(market.waiting(), 0);
            assert_eq!(market.open, OPEN_MAX);
        }
        drop(market);
        for id in 1..=COUNT {
            let file = place.path().join(format!("x/S{id}/trade-1970-01-01.tea"));
            assert_eq!(teafile::Reader::open(&file).unwrap().item_count().unwrap(), 3, "{}", file.display());
        }
    }
}
