//! The connector.

use stratd_plugin_api::{
    Capabilities, Error, Exchange, ExchangeHandle, InstrumentId, Level, Reply, Result, abi,
};
use stratd_simulation::{
    csv::{InstrumentTable, MergedRows, RowReader},
    history::{HISTORICAL, check_trading_type, fill_batch, listed, splits},
};

use crate::{
    Config,
    config::Settings,
    feed::{Feed, KnownInstruments},
    texts::Texts,
};

/// Replays CSV files.
pub struct CsvExchange {
    host: ExchangeHandle,
    settings: Settings,
    state: State,
}

/// Where the replay is. It only goes forward, except that asking for the instruments starts it anew.
enum State {
    /// The instruments were not asked for.
    Idle,
    /// Nothing was pulled yet.
    Ready(Box<KnownInstruments>),
    Running(Box<Feed>),
    Ended,
    /// Every further pull fails in the same way, so that nobody mistakes it for the end.
    Failed(String),
}

impl Exchange for CsvExchange {
    type Config = Config;

    const CAPABILITIES: Capabilities = HISTORICAL;

    fn new(config: Config, host: ExchangeHandle) -> Result<Self> {
        Ok(Self { host, settings: Settings::new(config)?, state: State::Idle })
    }

    /// Opens every file and looks at its header, so that a missing file is known at once.
    fn connect(&mut self, reply: Reply) -> Result<()> {
        check_trading_type(&self.host)?;
        for file in &self.settings.files {
            if let Err(error) = RowReader::open(file, &self.settings.rows) {
                reply.fail(&error.to_string());
                return Ok(());
            }
        }
        reply.done();
        Ok(())
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        check_trading_type(&self.host)?;
        self.state = State::Idle;
        match self.known_instruments(&reply) {
            Ok(known) => {
                self.state = State::Ready(Box::new(known));
                reply.done();
            }
            Err(error) => reply.fail(&error.to_string()),
        }
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut [abi::Event]) -> Result<usize> {
        fill_batch(batch, || self.next_event())
    }

    fn stop(&mut self) -> Result<()> {
        self.state = State::Ended;
        Ok(())
    }
}

impl CsvExchange {
    /// Reads all files once and registers the instruments of the rows that the run will deliver.
    fn known_instruments(&self, reply: &Reply) -> Result<KnownInstruments> {
        let settings = &self.settings;
        let mut rows = MergedRows::open(&settings.files, &settings.rows, settings.instruments())?;
        let mut has_rows: Vec<bool> = Vec::new();
        // bad rows that are left out are counted and named when the events are read
        while let Some(row) = rows.next_row_by(settings.on_bad_row, |_| ())? {
            if has_rows.len() <= row.instrument {
                has_rows.resize(row.instrument + 1, false);
            }
            has_rows[row.instrument] = true;
        }
        let table = rows.into_instruments();
        check_selected(&table)?;
        if !has_rows.contains(&true) {
            self.host.log(
                Level::WARNING,
                format_args!("there are no rows to replay in {}", settings.files.join(", ")),
            );
        }
        let mut ids = vec![InstrumentId(0); has_rows.len()];
        for (index, id) in ids.iter_mut().enumerate() {
            if has_rows[index] {
                *id = reply.instrument(&settings.instrument(table.get(index)))?;
            }
        }
        let splits = splits(settings.splits.as_ref())?;
        let splits = table.instruments().iter().map(|instrument| splits.of(&instrument.symbol)).collect();
        let texts = Texts::load(settings, &table, &ids)?;
        Ok(KnownInstruments { table, ids, splits, texts })
    }

    fn next_event(&mut self) -> Result<Option<abi::Event>> {
        if let State::Ready(known) = &self.state {
            match Feed::open(&self.settings, known) {
                Ok(feed) => self.state = State::Running(Box::new(feed)),
                Err(error) => return Err(self.failed(error)),
            }
        }
        let feed = match &mut self.state {
            State::Running(feed) => feed,
            State::Ended => return Ok(None),
            State::Failed(message) => return Err(Error::new(message.clone())),
            State::Idle | State::Ready(_) => {
                return Err(Error::new("events were pulled before the instruments were asked for"));
            }
        };
        match feed.next_event(&self.settings, &self.host) {
            Ok(Some(event)) => Ok(Some(event)),
            Ok(None) => {
                self.state = State::Ended;
                Ok(None)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&mut self, error: Error) -> Error {
        self.state = State::Failed(error.to_string());
        error
    }
}

/// A selected symbol without a row is a misspelt one; the run would silently not trade it.
fn check_selected(table: &InstrumentTable) -> Result<()> {
    let absent = table.selected_but_absent();
    if absent.is_empty() {
        return Ok(());
    }
    let found: Vec<_> =
        table.instruments().iter().map(|i| format!("{}-{}", i.symbol, i.instrument_type)).collect();
    Err(Error::new(format!(
        "symbols: {} in no row that was read (accepted: {})",
        listed(absent.iter()),
        listed(found.iter())
    )))
}
