//! The connector.

use std::collections::{BTreeMap, BTreeSet};

use stratd_plugin_api::{
    Capabilities, Error, Exchange, ExchangeHandle, InstrumentId, InstrumentTypes, Level, Reply, Result,
    TradingType, TradingTypes, abi,
};
use stratd_simulation::Splits;
use teafile::Reader;

use crate::{
    Config,
    config::Settings,
    feed::Feed,
    files,
    layout::Layout,
    source::{self, Known, Source, tea},
};

/// Names that a message lists before it says how many more there are.
const NAMES_MAX: usize = 10;

/// Replays TeaFiles.
pub struct TeaExchange {
    host: ExchangeHandle,
    settings: Settings,
    state: State,
}

/// Where the replay is. It only goes forward, except that asking for the instruments starts it anew.
enum State {
    /// The instruments were not asked for.
    Idle,
    Running(Box<Feed>),
    Ended,
    /// Every further pull fails in the same way, so that nobody mistakes it for the end.
    Failed(String),
}

impl Exchange for TeaExchange {
    type Config = Config;

    // no order entry: the host's fill model executes. No simulation: that is live data, and these are pulled.
    const CAPABILITIES: Capabilities = Capabilities {
        market_data: true,
        order_entry: false,
        is_historical: true,
        trading_types: TradingTypes::of(&[TradingType::Backtest]),
        instrument_types: InstrumentTypes::all(),
        spawns_threads: false,
        make_before_break: false,
    };

    fn new(config: Config, host: ExchangeHandle) -> Result<Self> {
        Ok(Self { host, settings: Settings::new(config)?, state: State::Idle })
    }

    /// Opens every file and looks at its header, so that a missing file is known at once.
    fn connect(&mut self, reply: Reply) -> Result<()> {
        self.check_trading_type()?;
        let looked = files::find(&self.settings.paths).and_then(|files| {
            files.iter().try_for_each(|file| {
                let reader = Reader::open(file).map_err(tea)?;
                Layout::of(&reader, &self.settings).map(drop)
            })
        });
        match looked {
            Ok(()) => reply.done(),
            Err(error) => reply.fail(&error.to_string()),
        }
        Ok(())
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        self.check_trading_type()?;
        self.state = State::Idle;
        match self.open(&reply) {
            Ok(feed) => {
                self.state = State::Running(Box::new(feed));
                reply.done();
            }
            Err(error) => reply.fail(&error.to_string()),
        }
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut [abi::Event]) -> Result<usize> {
        if batch.is_empty() {
            return Err(Error::new("an empty batch was given (accepted: room for at least one event)"));
        }
        let mut count = 0;
        while count < batch.len() {
            match self.next_event() {
                Ok(Some(event)) => batch[count] = event,
                Ok(None) => break,
                // the events before it are handed over first, whatever the size of the batch
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += 1;
        }
        Ok(count)
    }

    fn stop(&mut self) -> Result<()> {
        self.state = State::Ended;
        Ok(())
    }
}

impl TeaExchange {
    /// The host asks the capabilities first; this holds even if one did not.
    fn check_trading_type(&self) -> Result<()> {
        match self.host.trading_type() {
            TradingType::Backtest => Ok(()),
            other @ (TradingType::Simulation | TradingType::Sandbox | TradingType::Live) => Err(Error::new(
                format!("files are replayed, but the trading type is {other} (accepted: backtest)"),
            )),
        }
    }

    /// Looks into all files, and registers the instruments of those with items that the run will deliver.
    fn open(&self, reply: &Reply) -> Result<Feed> {
        let settings = &self.settings;
        let mut known = Vec::new();
        let mut found = BTreeSet::new();
        for file in files::find(&settings.paths)? {
            let one = source::look(&file, settings)?;
            found.insert(one.layout.symbol.clone());
            if settings.wants(&one.layout.symbol) {
                source::tell_torn(&one, &self.host);
                known.push(one);
            }
        }
        self.check_selected(&found)?;
        let ids = self.instruments_of(&known, reply)?;
        let splits = match &settings.splits {
            Some(file) => Splits::load(file).map_err(|error| Error::new(error.to_string()))?,
            None => Splits::default(),
        };
        let sources: Vec<_> = known
            .into_iter()
            .filter_map(|one| {
                let id = ids.get(&one.layout.symbol).copied().unwrap_or_default();
                let splits = splits.of(&one.layout.symbol);
                Source::new(one, id, splits)
            })
            .collect();
        if sources.is_empty() {
            self.host.log(
                Level::WARNING,
                format_args!("there are no items to replay in {}", settings.paths.join(", ")),
            );
        }
        Ok(Feed::new(sources))
    }

    /// Registers each symbol once, by the first file of it; the others must agree with that one.
    fn instruments_of(&self, known: &[Known], reply: &Reply) -> Result<BTreeMap<String, InstrumentId>> {
        let mut firsts: BTreeMap<&str, &Known> = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for one in known.iter().filter(|one| one.first.is_some()) {
            let layout = &one.layout;
            if let Some(first) = firsts.get(layout.symbol.as_str()) {
                if (first.layout.decimals, &first.layout.currency) != (layout.decimals, &layout.currency) {
                    return Err(Error::new(disagreement(first, one)));
                }
                continue;
            }
            firsts.insert(&layout.symbol, one);
            let instrument = self.settings.instrument(&layout.symbol, &layout.currency, layout.decimals);
            ids.insert(layout.symbol.clone(), reply.instrument(&instrument)?);
        }
        Ok(ids)
    }

    /// A selected symbol without a file is a misspelt one; the run would silently not trade it.
    fn check_selected(&self, found: &BTreeSet<String>) -> Result<()> {
        let absent: Vec<_> = self.settings.symbols.iter().filter(|symbol| !found.contains(*symbol)).collect();
        if absent.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!(
            "symbols: {} in no file (accepted: {})",
            listed(absent.into_iter()),
            listed(found.iter())
        )))
    }

    fn next_event(&mut self) -> Result<Option<abi::Event>> {
        let feed = match &mut self.state {
            State::Running(feed) => feed,
            State::Ended => return Ok(None),
            State::Failed(message) => return Err(Error::new(message.clone())),
            State::Idle => {
                return Err(Error::new("events were pulled before the instruments were asked for"));
            }
        };
        match feed.next_event(&self.settings, &self.host) {
            Ok(Some(event)) => Ok(Some(event)),
            Ok(None) => {
                self.state = State::Ended;
                Ok(None)
            }
            Err(error) => {
                self.state = State::Failed(error.to_string());
                Err(error)
            }
        }
    }
}

fn disagreement(first: &Known, other: &Known) -> String {
    let told = |one: &Known| {
        let (price, quantity) = one.layout.decimals;
        format!("{price} and {quantity} decimals in {} ({})", one.layout.currency, one.path)
    };
    format!(
        "{} has {}, and {} (accepted: the same in all files of an instrument; price_decimals, quantity_decimals and currency set it)",
        first.layout.symbol,
        told(first),
        told(other)
    )
}

fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let count = names.len();
    let shown = names.take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
