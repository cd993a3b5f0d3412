//! Replays trade ticks from a mapped file: the data of `cargo xtask bench engine`.
//!
//! A record has 40 bytes, little-endian: time in ns `u64`, price in cents `i64`, quantity `u32`, instrument `u32`
//! (0, there is one), trade id `u64`, aggressor `u8` (0 bought, 1 sold), seven zeros. Memory is constant in the length of the
//! file: its pages belong to the kernel.

mod mapped;

use std::{fs::File, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{
    Capabilities, Error, Exchange, ExchangeHandle, Instrument, InstrumentType, InstrumentTypes, Reply,
    Result, Takes, TradingType, TradingTypes, abi, abi::event_kind,
};

use mapped::Mapped;

const RECORD: usize = 40;

/// Which file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of ticks; a relative path starts in the folder of the configuration file.
    #[schemars(extend("format" = "path", "x-accepted" = "the path of a file of ticks"))]
    pub file: PathBuf,
    /// At most so many ticks of it; by default all.
    #[serde(default = "all")]
    pub limit: usize,
}

fn all() -> usize {
    usize::MAX
}

/// The connector.
pub struct Ticks {
    config: Config,
    mapped: Option<Mapped>,
    /// Bytes that were handed out.
    at: usize,
    instrument: u32,
}

impl Exchange for Ticks {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities {
        market_data: true,
        order_entry: false,
        takes: Takes::NONE,
        is_historical: true,
        trading_types: TradingTypes::of(&[TradingType::Backtest]),
        instrument_types: InstrumentTypes::all(),
        spawns_threads: false,
        make_before_break: false,
    };

    fn new(config: Config, _: ExchangeHandle) -> Result<Self> {
        Ok(Self { config, mapped: None, at: 0, instrument: 0 })
    }

    fn connect(&mut self, reply: Reply) -> Result<()> {
        match self.map() {
            Ok(mapped) => {
                self.mapped = Some(mapped);
                reply.done();
            }
            Err(message) => reply.fail(&message),
        }
        Ok(())
    }

    fn instruments(&mut self, reply: Reply) -> Result<()> {
        let instrument = Instrument::new("TICK", InstrumentType::Equity)
            .price_decimals(2)
            .quantity_decimals(0)
            .currency("USD");
        self.instrument = reply.instrument(&instrument)?.0;
        reply.done();
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut [abi::Event]) -> Result<usize> {
        let Some(mapped) = &self.mapped else {
            return Err(Error::new("events were pulled before the exchange was connected"));
        };
        let (records, _) = mapped.bytes()[self.at..].as_chunks::<RECORD>();
        let left = self.config.limit.saturating_sub(self.at / RECORD);
        let count = records.len().min(batch.len()).min(left);
        for (event, record) in batch[..count].iter_mut().zip(records) {
            *event = self.event(record)?;
        }
        self.at += count * RECORD;
        Ok(count)
    }

    fn stop(&mut self) -> Result<()> {
        self.mapped = None;
        Ok(())
    }
}

impl Ticks {
    fn map(&self) -> Result<Mapped, String> {
        let what = |found: &dyn std::fmt::Display| {
            format!(
                "mapping {}: {found} (accepted: a file of records of {RECORD} bytes)",
                self.config.file.display()
            )
        };
        let file = File::open(&self.config.file).map_err(|error| what(&error))?;
        let mapped = Mapped::new(&file).map_err(|error| what(&error))?;
        match mapped.bytes().len() % RECORD {
            0 => Ok(mapped),
            rest => Err(what(&format_args!("{rest} bytes are left after the last record"))),
        }
    }

    fn event(&self, record: &[u8; RECORD]) -> Result<abi::Event> {
        let word = |at: usize| record[at..].first_chunk::<8>().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        let half = |at: usize| record[at..].first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        if half(20) != 0 {
            return Err(Error::new(format!("a tick of instrument {} (accepted: 0)", half(20))));
        }
        Ok(abi::Event {
            ts: word(0),
            seq: 0,
            instrument: self.instrument,
            kind: event_kind::TRADE,
            flags: 0,
            data: [word(8), i64::from(half(16)), 0, 0, 0],
        })
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(Ticks);
