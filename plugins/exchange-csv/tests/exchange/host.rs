//! A host that takes notes.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use exchange_csv::CsvExchange;
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
    pub(crate) exchange: CsvExchange,
}

impl Bench {
    /// Writes `files` and makes a connector for them; `config` holds further keys.
    pub(crate) fn new(files: &[(&str, &str)], config: Value) -> Result<Self> {
        Self::with_host(files, config, TradingType::Backtest, usize::MAX)
    }

    pub(crate) fn with_host(
        files: &[(&str, &str)],
        mut config: Value,
        trading_type: TradingType,
        texts_max: usize,
    ) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut paths = Vec::new();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::write(&path, text)?;
            paths.push(path.to_string_lossy().into_owned());
        }
        if !paths.is_empty() {
            config["files"] = paths.into();
        }
        let host =
            Arc::new(NotingHost { notes: Mutex::default(), texts: TextTable::new(texts_max), trading_type });
        let handle = ExchangeHandle::new(Arc::clone(&host) as Arc<dyn ExchangeHost>);
        let exchange = CsvExchange::new(serde_json::from_value(config)?, handle)?;
        Ok(Self { folder, host, exchange })
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
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// The log so far, one record per line.
    pub(crate) fn log(&self) -> String {
        self.host.notes.lock().unwrap().log.iter().map(|line| self.plain(line) + "\n").collect()
    }
}

impl NotingHost {
    /// An interned text.
    pub(crate) fn said(&self, text: TextHandle) -> String {
        self.texts.get(text).unwrap_or_default().to_string()
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
