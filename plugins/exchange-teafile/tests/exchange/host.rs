//! A host that takes notes.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use exchange_teafile::TeaExchange;
use serde_json::Value;
use stratd_plugin_api::{
    Error, Exchange as _, ExchangeHandle, ExchangeHost, Instrument, Log, Reply, Result, TextTable, Timestamp,
    TradingType,
    abi::{self, TextHandle},
    export::instrument_from_record,
};
use tempfile::TempDir;

/// What the connector said.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) log: Vec<String>,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) answers: Vec<Result<(), String>>,
}

/// The host.
pub(crate) struct NotingHost {
    pub(crate) notes: Mutex<Notes>,
    texts: TextTable,
    trading_type: TradingType,
}

/// A connector with its host and a folder for its files.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) host: Arc<NotingHost>,
    pub(crate) exchange: TeaExchange,
}

impl Bench {
    /// Makes a connector for the files that `write` leaves in the folder; `config` holds further keys.
    pub(crate) fn new(write: impl FnOnce(&Path), mut config: Value) -> Result<Self> {
        let folder = TempDir::new()?;
        write(folder.path());
        if config.get("files").is_none() && config.get("file").is_none() {
            config["file"] = folder.path().to_string_lossy().into_owned().into();
        }
        let host = Arc::new(NotingHost {
            notes: Mutex::default(),
            texts: TextTable::new(usize::MAX),
            trading_type: TradingType::Backtest,
        });
        let handle = ExchangeHandle::new(Arc::clone(&host) as Arc<dyn ExchangeHost>);
        let exchange = TeaExchange::new(serde_json::from_value(config)?, handle)?;
        Ok(Self { folder, host, exchange })
    }

    /// Connects; the answer.
    pub(crate) fn connect(&mut self) -> Result<()> {
        let reply = self.reply();
        self.exchange.connect(reply)?;
        self.host.notes.lock().unwrap().answers.pop().expect("it answers").map_err(Error::new)
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::new(ExchangeHandle::new(Arc::clone(&self.host) as Arc<dyn ExchangeHost>), 1)
    }

    /// Asks for the instruments; the answer.
    pub(crate) fn load(&mut self) -> Result<()> {
        let reply = self.reply();
        self.exchange.instruments(reply)?;
        self.host.notes.lock().unwrap().answers.pop().expect("it answers").map_err(Error::new)
    }

    /// Pulls all events in batches of `size`.
    pub(crate) fn pull(&mut self, size: usize) -> (Vec<abi::Event>, Result<()>) {
        let mut batch = vec![abi::Event::default(); size];
        let mut events = Vec::new();
        loop {
            match self.exchange.next_batch(&mut batch) {
                Ok(0) => return (events, Ok(())),
                Ok(count) => events.extend_from_slice(&batch[..count]),
                Err(error) => return (events, Err(error)),
            }
        }
    }

    /// `text` without the path of the folder, which differs from run to run.
    pub(crate) fn plain(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace(&format!("{folder}/"), "").replace(&folder, "FOLDER")
    }

    /// The log so far, one record per line.
    pub(crate) fn log(&self) -> String {
        self.host.notes.lock().unwrap().log.iter().map(|line| self.plain(line) + "\n").collect()
    }
}

impl ExchangeHost for NotingHost {
    fn log(&self, record: &Log<'_>) {
        self.notes.lock().unwrap().log.push(format!("{} {}", record.level.get(), record.message));
    }
    fn now(&self) -> Timestamp {
        Timestamp::new(0)
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern(text)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_default());
    }
    fn emit(&self, _: &[abi::Event]) -> usize {
        panic!("a historical source pushes nothing");
    }
    fn emit_orders(&self, _: &[abi::OrderEvent]) -> usize {
        panic!("a source without order entry reports no orders");
    }
    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        let instrument =
            instrument_from_record(record, |text| self.texts.get(text).unwrap_or_default().to_string());
        let instruments = &mut self.notes.lock().unwrap().instruments;
        instruments.push(instrument);
        u32::try_from(instruments.len()).unwrap() + 100
    }
    fn account(&self, _: u64, _: &abi::AccountRecord) {}
    fn open_order(&self, _: u64, _: &abi::OrderRecord) {}
    fn fill(&self, _: u64, _: &abi::FillRecord) {}
    fn answer(&self, _: u64, result: Result<(), &str>) {
        self.notes.lock().unwrap().answers.push(result.map_err(str::to_owned));
    }
}
