//! Spreads that no exchange has: their quotes are made of those of their legs.
//!
//! A spread of a bought and a sold leg can be bought where the bought leg is offered and the sold one is bid for, and sold
//! where the first is bid for and the second offered. Of a leg counts the best price of its book, and where that has none
//! on the side that is needed its last price, for one lot. As soon as both legs have prices, and whenever one of the sums
//! changes, strategies get a quote of the spread, right after the event of the leg that brought it. The price of the spread is
//! the middle, as of anything that is only quoted.
//!
//! Such an instrument has no exchange: no order for it passes. One that an exchange has itself is none of these.
//! Limits: [`SPREADS_MAX`] spreads of a run; legs are instruments of exchanges. A run without spreads asks one comparison
//! of an event.

use std::collections::BTreeMap;

use stratd_plugin_api::{Instrument, InstrumentId, Side, abi, abi::event_kind};

use crate::{Engine, EngineError, core::Core, routes::rescaled};

/// At most this many spreads are made; further ones are refused.
pub(crate) const SPREADS_MAX: usize = 10_000;

/// The spreads of a run.
#[derive(Default)]
pub(crate) struct Spreads {
    made: Vec<Spread>,
    /// Where those of a leg are.
    of_leg: BTreeMap<u32, Vec<usize>>,
}

struct Spread {
    id: InstrumentId,
    legs: [(InstrumentId, Side); 2],
    decimals: u8,
    /// What was told last.
    told: Option<[i64; 4]>,
}

impl Spreads {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Takes an instrument, if it is a spread that no exchange has; false if there are too many.
    pub(crate) fn add(&mut self, instrument: &Instrument) -> bool {
        let [Some((first, Some(first_side))), Some((second, Some(second_side)))] = instrument.legs else {
            return true;
        };
        if instrument.exchange.0 != 0 {
            return true;
        }
        if self.made.len() >= SPREADS_MAX {
            return false;
        }
        for leg in [first, second] {
            self.of_leg.entry(leg.0).or_default().push(self.made.len());
        }
        let legs = [(first, first_side), (second, second_side)];
        let decimals = instrument.price_decimals;
        self.made.push(Spread { id: instrument.id, legs, decimals, told: None });
        true
    }
}

impl Core {
    /// The price and quantity for who buys or sells a leg.
    fn leg_price(&self, leg: InstrumentId, side: Side) -> Option<(i64, i64)> {
        let instrument = self.instruments.get(leg)?;
        let best = self.books.best_level(leg, side.opposite());
        let (price, quantity) = match best {
            Some(level) => level,
            None => (self.market.last_price(leg)?, instrument.lot),
        };
        Some((price.get(), quantity.get()))
    }

    /// For who buys or sells a spread.
    fn spread_price(&self, spread: &Spread, side: Side) -> Option<(i64, i64)> {
        let mut sum = 0i64;
        let mut quantity = i64::MAX;
        for (leg, leg_side) in spread.legs {
            let side = if side == Side::Buy { leg_side } else { leg_side.opposite() };
            let (price, there) = self.leg_price(leg, side)?;
            let decimals = self.instruments.get(leg)?.price_decimals;
            let price = rescaled(price, (decimals, spread.decimals))?;
            sum = match leg_side {
                Side::Buy => sum.checked_add(price)?,
                Side::Sell => sum.checked_sub(price)?,
            };
            quantity = quantity.min(there);
        }
        Some((sum, quantity))
    }
}

impl Engine {
    /// Tells the quotes of the spreads that an event of a leg changed. Those of history are not told.
    pub(crate) fn quote_spreads(&mut self, leg: u32, ts: i64) -> Result<(), EngineError> {
        let Some(places) = self.core.spreads.of_leg.get(&leg) else { return Ok(()) };
        for place in places.clone() {
            let Some(spread) = self.core.spreads.made.get(place) else { continue };
            let prices =
                self.core.spread_price(spread, Side::Sell).zip(self.core.spread_price(spread, Side::Buy));
            let Some(((bid, bid_quantity), (ask, ask_quantity))) = prices else { continue };
            let quote = [bid, bid_quantity, ask, ask_quantity];
            let id = spread.id;
            if spread.told == Some(quote) {
                continue;
            }
            if let Some(spread) = self.core.spreads.made.get_mut(place) {
                spread.told = Some(quote);
            }
            let event = abi::Event {
                ts,
                seq: self.core.seq,
                instrument: id.0,
                kind: event_kind::QUOTE,
                flags: 0,
                data: [bid, bid_quantity, ask, ask_quantity, 0],
            };
            self.apply_market(&event)?;
            self.dispatch(&event);
        }
        Ok(())
    }
}
