//! From the names that people use to the numbers of the engine.

use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{ExchangeId, InstrumentId};

use super::owner::MANUAL;

/// So many names are in a message.
const NAMES_SHOWN_MAX: usize = 10;

/// Which strategy, instrument and exchange are meant; nothing = all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Which {
    pub(crate) strategy: Option<String>,
    /// By symbol.
    pub(crate) instrument: Option<String>,
    pub(crate) exchange: Option<String>,
}

/// A name that nothing has, or several things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The key that it was the value of.
    pub(crate) key: &'static str,
    /// What was found, and what would be accepted.
    pub(crate) found: String,
    pub(crate) accepted: String,
}

/// [`Which`] in numbers.
pub(super) struct Resolved {
    /// Inside: nobody has that name yet, though somebody may.
    pub(super) strategy: Option<Option<StrategyId>>,
    /// Those of the symbol.
    instruments: Option<Vec<InstrumentId>>,
    exchange: Option<ExchangeId>,
}

impl Resolved {
    pub(super) fn takes(&self, strategy: StrategyId, instrument: InstrumentId, exchange: ExchangeId) -> bool {
        self.strategy.is_none_or(|asked| asked == Some(strategy)) && self.takes_of(instrument, exchange)
    }

    pub(super) fn takes_of(&self, instrument: InstrumentId, exchange: ExchangeId) -> bool {
        self.instruments.as_ref().is_none_or(|asked| asked.contains(&instrument))
            && self.exchange.is_none_or(|asked| asked == exchange)
    }
}

impl Which {
    pub(super) fn resolve(&self, engine: &Engine, exchanges: &[String]) -> Result<Resolved, Missing> {
        let exchange = self.exchange.as_deref().map(|name| exchange(name, exchanges)).transpose()?;
        let strategy = self.strategy.as_deref().map(|name| strategy(name, engine)).transpose()?;
        let instruments = match &self.instrument {
            None => None,
            Some(symbol) => {
                let ids = engine.instruments_of_symbol(symbol);
                if ids.is_empty() {
                    return Err(no_instrument(symbol, engine));
                }
                Some(ids.to_vec())
            }
        };
        Ok(Resolved { strategy, instruments, exchange })
    }
}

/// The exchange of a name.
pub(super) fn exchange(name: &str, exchanges: &[String]) -> Result<ExchangeId, Missing> {
    let found = exchanges.iter().position(|known| known == name);
    let id = found.and_then(|index| u16::try_from(index + 1).ok()).map(ExchangeId);
    id.ok_or_else(|| Missing {
        key: "exchange",
        found: format!("there is no exchange {name:?}"),
        accepted: shown(exchanges.iter().map(String::as_str)),
    })
}

/// The strategy of a name, or the owner of orders by hand, who is there once he has one.
pub(super) fn strategy(name: &str, engine: &Engine) -> Result<Option<StrategyId>, Missing> {
    let found = engine.strategies().position(|(config, ..)| config.name == name);
    let id = found.and_then(|index| u16::try_from(index).ok()).map(StrategyId);
    if id.is_some() || name == MANUAL {
        return Ok(id);
    }
    let names = engine.strategies().map(|(config, ..)| config.name.as_str()).filter(|name| *name != MANUAL);
    Err(Missing {
        key: "strategy",
        found: format!("there is no strategy {name:?} in the run"),
        accepted: shown(names.chain([MANUAL])),
    })
}

/// The one instrument of a symbol; on an exchange if several have it.
pub(super) fn instrument(
    symbol: &str,
    on: Option<&str>,
    engine: &Engine,
    exchanges: &[String],
) -> Result<InstrumentId, Missing> {
    let ids = engine.instruments_of_symbol(symbol);
    let on = on.map(|name| exchange(name, exchanges)).transpose()?;
    let fits = |id: &&InstrumentId| {
        !engine.has_left(**id) && on.is_none_or(|on| engine.exchange_of(**id) == Some(on))
    };
    let mut found = ids.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(*id),
        (None, _) if ids.is_empty() => Err(no_instrument(symbol, engine)),
        (None, _) => Err(Missing {
            key: "exchange",
            found: format!("that exchange has no instrument {symbol:?}"),
            accepted: of(ids, engine, exchanges),
        }),
        (Some(_), Some(_)) => Err(Missing {
            key: "exchange",
            found: format!("several exchanges have an instrument {symbol:?}, and none is named"),
            accepted: of(ids, engine, exchanges),
        }),
    }
}

/// The names of the exchanges of instruments.
fn of(ids: &[InstrumentId], engine: &Engine, exchanges: &[String]) -> String {
    let names = ids.iter().filter_map(|id| {
        let index = usize::from(engine.exchange_of(*id)?.0).checked_sub(1)?;
        exchanges.get(index).map(String::as_str)
    });
    shown(names)
}

fn no_instrument(symbol: &str, engine: &Engine) -> Missing {
    let known = (1..).map_while(|id| engine.instrument(InstrumentId(id)));
    Missing {
        key: "instrument",
        found: format!("there is no instrument {symbol:?}"),
        accepted: shown(known.map(|instrument| instrument.symbol.as_str())),
    }
}

/// Names with commas between, not too many.
pub(super) fn shown<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names;
    let mut text: Vec<&str> = names.by_ref().take(NAMES_SHOWN_MAX).collect();
    if text.is_empty() {
        return "there is none".to_owned();
    }
    if names.next().is_some() {
        text.push("…");
    }
    text.join(", ")
}
