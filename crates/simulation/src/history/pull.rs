//! How a connector of files is asked for its events.

use stratd_plugin_api::{
    Capabilities, Error, ExchangeHandle, InstrumentTypes, Result, Takes, TradingType, TradingTypes, abi,
};

use crate::Splits;

/// Names that a message lists before it says how many more there are.
const NAMES_MAX: usize = 10;

/// A connector that replays files. It takes no orders: the host's fill model executes them. It serves no simulation: that is
/// live data, and these are pulled.
pub const HISTORICAL: Capabilities = Capabilities {
    market_data: true,
    order_entry: false,
    takes: Takes::NONE,
    is_historical: true,
    trading_types: TradingTypes::of(&[TradingType::Backtest]),
    instrument_types: InstrumentTypes::all(),
    spawns_threads: false,
    make_before_break: false,
};

/// The host asks the capabilities first; this holds even if one did not.
///
/// # Errors
/// The run is no backtest.
pub fn check_trading_type(host: &ExchangeHandle) -> Result<()> {
    match host.trading_type() {
        TradingType::Backtest => Ok(()),
        other @ (TradingType::Simulation | TradingType::Sandbox | TradingType::Live) => Err(Error::new(
            format!("files are replayed, but the trading type is {other} (accepted: backtest)"),
        )),
    }
}

/// Fills a batch with the next events; how many.
///
/// # Errors
/// The batch has no room, or the next event fails. The events before one that fails are handed over first, whatever the
/// size of the batch: `next` must fail again.
pub fn fill_batch(
    batch: &mut [abi::Event],
    mut next: impl FnMut() -> Result<Option<abi::Event>>,
) -> Result<usize> {
    if batch.is_empty() {
        return Err(Error::new("an empty batch was given (accepted: room for at least one event)"));
    }
    let mut count = 0;
    for place in batch {
        match next() {
            Ok(Some(event)) => *place = event,
            Ok(None) => break,
            Err(error) if count == 0 => return Err(error),
            Err(_) => break,
        }
        count += 1;
    }
    Ok(count)
}

/// The splits of the file that the key `splits` names, if it does.
///
/// # Errors
/// The file cannot be read, or a row of it is none.
pub fn splits(file: Option<&String>) -> Result<Splits> {
    match file {
        Some(file) => Splits::load(file).map_err(|error| Error::new(error.to_string())),
        None => Ok(Splits::default()),
    }
}

/// Names for a message: the first ones, and how many more there are.
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let count = names.len();
    let shown = names.take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_before_a_failure_are_handed_over_first() {
        let mut left = 2;
        let mut next = || {
            if left == 0 {
                return Err(Error::new("bad"));
            }
            left -= 1;
            Ok(Some(abi::Event::default()))
        };
        let mut batch = [abi::Event::default(); 4];
        assert!(fill_batch(&mut [], &mut next).is_err());
        assert_eq!(fill_batch(&mut batch, &mut next).unwrap(), 2);
        assert!(fill_batch(&mut batch, &mut next).is_err());
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
        assert_eq!(listed(names.iter()), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more");
        assert_eq!(listed(names[..1].iter()), "1");
    }
}
