//! Where an order goes: one instrument may be traded on several exchanges.
//!
//! Instruments of one symbol and type, in one currency and with one multiplier, are lines of one another. An order that
//! names an exchange goes to the line there. One that names none goes by the route of its symbol: to the instrument that it
//! names, to one exchange, or to the line with the best price. A line counts that is there, is not halted, has not expired
//! and whose exchange takes the order or has the engine stand in for it; for an order that is reduce-only also that the
//! strategy has something to reduce there. The best price is that of the book for the side of the order, where there is none
//! the last price; a line without either comes last, and of equal ones the exchange that was added first is taken.
//! What belongs to another order goes where that one went.
//!
//! Positions are of lines: nothing is netted between exchanges. An engine without routes asks one comparison of an order.

use std::collections::BTreeMap;

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, InstrumentId, OrderFlags, OrderRequest, Reason, Side, abi,
};

use crate::{Engine, StrategyId, stand_in::stand_in_for};

/// The most decimals that prices have: all are compared on this scale.
const DECIMALS_MAX: u8 = 12;

/// Where orders go that name no exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// To the exchange of the instrument that they name.
    #[default]
    Own,
    /// To the line with the best price.
    Best,
    /// To one exchange.
    To(ExchangeId),
}

/// The routes of a run.
#[derive(Default)]
pub(crate) struct Routes {
    default: Route,
    of_symbol: BTreeMap<String, Route>,
    /// Whether any order goes elsewhere.
    is_set: bool,
}

impl Routes {
    fn of(&self, symbol: &str) -> Route {
        self.of_symbol.get(symbol).copied().unwrap_or(self.default)
    }
}

impl Engine {
    /// Says where orders go that name no exchange: by symbol, and by default.
    pub fn set_routes(&mut self, default: Route, of_symbol: BTreeMap<String, Route>) {
        let is_set = default != Route::Own || of_symbol.values().any(|route| *route != Route::Own);
        self.core.routes = Routes { default, of_symbol, is_set };
    }

    /// The order for the line that it goes to; inside nothing, if that is the instrument which it names.
    ///
    /// # Errors
    /// There is no line for it.
    pub(crate) fn routed(
        &self,
        strategy: StrategyId,
        raw: &abi::OrderRequest,
    ) -> Result<Option<abi::OrderRequest>, Reason> {
        if raw.exchange == 0 && !self.core.routes.is_set {
            return Ok(None);
        }
        // what cannot be read is denied for that
        let Some(named) = self.core.instruments.get(InstrumentId(raw.instrument)) else { return Ok(None) };
        if raw.exchange == named.exchange.0 {
            return Ok(None);
        }
        let Ok(request) = OrderRequest::try_from(raw) else { return Ok(None) };
        let line = if raw.exchange != 0 {
            self.line_at(named, ExchangeId(raw.exchange))?
        } else if let Some(line) = self.line_of_group(strategy, named, &request) {
            line
        } else {
            match self.core.routes.of(&named.symbol) {
                Route::Own => return Ok(None),
                Route::To(exchange) => self.line_at(named, exchange)?,
                Route::Best => self.best_line(strategy, named, &request)?,
            }
        };
        if line.id == named.id { Ok(None) } else { on_line(raw, named, line).map(Some) }
    }

    /// The lines of an instrument that are there, in the order in which they were added; itself is one.
    fn lines(&self, named: &Instrument) -> impl Iterator<Item = &Instrument> {
        let ids = self.core.instruments.of_symbol(&named.symbol).iter();
        let there = ids.filter(|id| !self.core.instruments.has_left(**id));
        there.filter_map(|id| self.core.instruments.get(*id)).filter(move |line| {
            line.instrument_type == named.instrument_type
                && line.currency == named.currency
                && line.multiplier == named.multiplier
                && line.exchange.0 != 0
        })
    }

    fn line_at(&self, named: &Instrument, exchange: ExchangeId) -> Result<&Instrument, Reason> {
        self.lines(named).find(|line| line.exchange == exchange).ok_or(Reason::NotTradable)
    }

    /// Where the orders went to which this one belongs.
    fn line_of_group(
        &self,
        strategy: StrategyId,
        named: &Instrument,
        request: &OrderRequest,
    ) -> Option<&Instrument> {
        if request.group == 0 {
            return None;
        }
        let other = if request.flags.contains(OrderFlags::ATTACHED) {
            ClientOrderId(request.group)
        } else {
            *self.core.held.group((strategy, request.group))?.members.first()?
        };
        let line = self.order(other)?.request.instrument;
        self.lines(named).find(|one| one.id == line)
    }

    fn best_line(
        &self,
        strategy: StrategyId,
        named: &Instrument,
        request: &OrderRequest,
    ) -> Result<&Instrument, Reason> {
        let mut best: Option<(Option<i128>, &Instrument)> = None;
        // why the last one that was left out was
        let mut why = Reason::NotTradable;
        for line in self.lines(named) {
            if let Err(reason) = self.takes_there(strategy, line, request) {
                why = reason;
                continue;
            }
            let price = self.price_at(line, request.side);
            let is_better = match (&best, price) {
                (None, _) | (Some((None, _)), Some(_)) => true,
                (Some(_), None) => false,
                (Some((Some(best), _)), Some(price)) => match request.side {
                    Side::Buy => price < *best,
                    Side::Sell => price > *best,
                },
            };
            if is_better {
                best = Some((price, line));
            }
        }
        best.map(|(_, line)| line).ok_or(why)
    }

    /// Why an order cannot go to a line.
    fn takes_there(
        &self,
        strategy: StrategyId,
        line: &Instrument,
        request: &OrderRequest,
    ) -> Result<(), Reason> {
        if self.core.has_expired(line) {
            return Err(Reason::Expired);
        }
        if self.core.is_halted || self.core.halted.contains(&line.id) {
            return Err(Reason::Halted);
        }
        stand_in_for(request, self.core.takes(line.exchange))?;
        if request.flags.contains(OrderFlags::REDUCE_ONLY) {
            let positions = self.positions_in(strategy, line.id);
            let mut reducible = positions.map(|position| position.size).filter(|size| match request.side {
                Side::Buy => size.get() < 0,
                Side::Sell => size.is_positive(),
            });
            return if reducible.next().is_some() { Ok(()) } else { Err(Reason::Reducing) };
        }
        Ok(())
    }

    /// The price at which an order of a side could trade, on the scale of all lines.
    fn price_at(&self, line: &Instrument, side: Side) -> Option<i128> {
        let price = self
            .core
            .books
            .best(line.id, side.opposite())
            .or_else(|| self.core.market.last_price(line.id))?;
        let scale = 10i128.checked_pow(u32::from(DECIMALS_MAX.checked_sub(line.price_decimals)?))?;
        i128::from(price.get()).checked_mul(scale)
    }
}

/// An order for an instrument as it is for one of its lines, whose numbers may have other decimals.
///
/// # Errors
/// A number cannot be said there.
fn on_line(
    raw: &abi::OrderRequest,
    named: &Instrument,
    line: &Instrument,
) -> Result<abi::OrderRequest, Reason> {
    let price =
        |value: i64| rescaled(value, (named.price_decimals, line.price_decimals)).ok_or(Reason::OffTick);
    let quantity = rescaled(raw.quantity, (named.quantity_decimals, line.quantity_decimals));
    Ok(abi::OrderRequest {
        instrument: line.id.0,
        exchange: 0,
        quantity: quantity.ok_or(Reason::OffLot)?,
        price: price(raw.price)?,
        stop_price: price(raw.stop_price)?,
        trail: price(raw.trail)?,
        ..*raw
    })
}

/// A number on another scale; `None` if it has more decimals, or leaves the range.
pub(crate) fn rescaled(value: i64, (from, to): (u8, u8)) -> Option<i64> {
    match to.checked_sub(from) {
        Some(more) => value.checked_mul(10i64.checked_pow(u32::from(more))?),
        None => {
            let divisor = 10i64.checked_pow(u32::from(from.checked_sub(to)?))?;
            (value.checked_rem(divisor)? == 0).then_some(value.checked_div(divisor)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_said_exactly_or_not_at_all() {
        assert_eq!(rescaled(1_250, (2, 4)), Some(125_000));
        assert_eq!(rescaled(1_250, (2, 1)), Some(125));
        assert_eq!(rescaled(1_255, (2, 1)), None);
        assert_eq!(rescaled(i64::MAX, (0, 1)), None);
        assert_eq!(rescaled(-40, (1, 0)), Some(-4));
    }
}
