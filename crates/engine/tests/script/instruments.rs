//! Further instruments of a script.

use stratd_engine::{Engine, Route};
use stratd_plugin_api::{
    ExchangeId, Instrument, InstrumentId, InstrumentType, OptionType, Price, Quantity, Side, Timestamp,
};

use crate::{
    actor::{duration, instrument, number},
    desk::START_NS,
};

/// An instrument from `W future expires 60s`, `W option call 110 of X expires 60s`, `W spread legs +X -Y`, `W equity named X on 3
/// decimals 2 lot 10`: the first word is what the script calls it, and its symbol unless it is named otherwise.
pub(crate) fn described(line: &str) -> Instrument {
    let mut words = line.split_whitespace();
    let symbol = words.next().expect("a symbol");
    let kind = words.next().expect("an instrument type");
    let kind = InstrumentType::ALL.iter().find(|known| known.name() == kind).expect("a known type");
    let mut described = Instrument::new(symbol, *kind).price_decimals(0);
    described.exchange = ExchangeId(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_else(|| panic!("a word after `{word}`"));
        match word {
            "named" => described.symbol = value.to_owned(),
            "on" => described.exchange = ExchangeId(u16::try_from(number(value)).expect("an exchange")),
            "decimals" => described.price_decimals = u8::try_from(number(value)).expect("decimals"),
            "lot" => described.lot = Quantity::new(number(value)),
            "expires" => described.expiry = Some(Timestamp::new(START_NS + duration(value))),
            "of" => described.underlying = Some(InstrumentId(instrument(value))),
            "call" | "put" => {
                let right = if word == "call" { OptionType::Call } else { OptionType::Put };
                (described.option_type, described.strike) = (Some(right), Price::new(number(value)));
            }
            "legs" => {
                let leg = |text: &str| {
                    let side = if text.starts_with('+') { Side::Buy } else { Side::Sell };
                    Some((InstrumentId(instrument(&text[1..])), Some(side)))
                };
                described.legs = [leg(value), leg(words.next().expect("a second leg"))];
            }
            _ => panic!("`{word}` is nothing of an instrument"),
        }
    }
    described
}

/// Takes the lines `route X best`, `route X 2` and, for all other symbols, `route best`.
pub(crate) fn set_routes(engine: &mut Engine, lines: &[&str]) {
    let routes = lines.iter().filter_map(|line| line.strip_prefix("route ")).map(route);
    let (default, of_symbol) = routes.partition::<Vec<_>, _>(|(symbol, _)| symbol.is_empty());
    let default = default.first().map(|(_, route)| *route).unwrap_or_default();
    engine.set_routes(default, of_symbol.into_iter().collect());
}

/// A route from `X best`, `X 2` or, for all others, `best`: a symbol and where its orders go.
fn route(words: &str) -> (String, Route) {
    let (symbol, route) = words.split_once(' ').unwrap_or(("", words));
    let route = match route {
        "own" => Route::Own,
        "best" => Route::Best,
        exchange => Route::To(ExchangeId(u16::try_from(number(exchange)).expect("an exchange"))),
    };
    (symbol.to_owned(), route)
}
