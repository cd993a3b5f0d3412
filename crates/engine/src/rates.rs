//! Conversion rates: what one unit of a currency is worth in the currency of the run.
//!
//! Cash is kept in the currency of the run alone: every fill is converted at the rate of its moment, as by a broker that
//! converts at once. Positions carry their cost in the currency of the run, so that what a rate brings is part of their
//! PnL and the books balance to the last unit.

use stratd_plugin_api::{Decimal, Instrument, InstrumentId, Money, Price, Quantity};

/// Where a rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateSource {
    /// It never changes.
    Fixed(Decimal),
    /// The last price of an instrument, by the middle of its quotes until it trades.
    Quoted {
        /// Whose price it is.
        instrument: InstrumentId,
        /// Whether the price says what one unit of the run's currency costs in the other.
        is_inverse: bool,
        /// The rate until the first price.
        initial: Decimal,
    },
}

/// A rate as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    numerator: i128,
    denominator: i128,
}

impl Rate {
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1 };

    pub(crate) fn of(decimal: Decimal) -> Option<Self> {
        let denominator = 10i128.checked_pow(u32::from(decimal.scale()))?;
        Some(Self { numerator: i128::from(decimal.mantissa()), denominator })
            .filter(|rate| rate.numerator > 0)
    }

    /// From the price of a pair; `None` for a price that is no rate.
    fn of_price(instrument: &Instrument, price: Price, is_inverse: bool) -> Option<Self> {
        let scale = 10i128.checked_pow(u32::from(instrument.price_decimals))?;
        let price = i128::from(price.get());
        if price <= 0 {
            return None;
        }
        Some(if is_inverse {
            Self { numerator: scale, denominator: price }
        } else {
            Self { numerator: price, denominator: scale }
        })
    }

    /// An amount in the currency of the run, rounded to the nearest unit; `None` on overflow.
    #[inline]
    pub(crate) fn convert(self, amount: Money) -> Option<Money> {
        if self == Self::ONE {
            Some(amount)
        } else {
            amount.checked_mul_div(self.numerator, self.denominator)
        }
    }

    /// Value of a quantity in the currency of the run.
    #[inline]
    pub(crate) fn notional(self, instrument: &Instrument, price: Price, quantity: Quantity) -> Option<Money> {
        self.convert(instrument.notional(price, quantity)?)
    }
}

/// The rates of a run. A run has few currencies.
#[derive(Default)]
pub(crate) struct Rates {
    currencies: Vec<(String, RateSource, Rate)>,
    // by instrument id, from 1: one plus the place of its currency, 0 = that of the run
    of_instrument: Vec<usize>,
}

impl Rates {
    /// Sets the rate of a currency for these instruments; `None` if it is not above 0.
    pub(crate) fn set(
        &mut self,
        currency: &str,
        source: RateSource,
        instruments: impl Iterator<Item = InstrumentId>,
    ) -> Option<()> {
        let first = match source {
            RateSource::Fixed(rate) | RateSource::Quoted { initial: rate, .. } => Rate::of(rate)?,
        };
        self.currencies.push((currency.to_owned(), source, first));
        let place = self.currencies.len();
        for id in instruments {
            self.set_place(id, place)?;
        }
        Some(())
    }

    /// An instrument that comes later counts by the rate of its currency, if that has one.
    pub(crate) fn take_in(&mut self, instrument: InstrumentId, currency: &str) -> Option<()> {
        let of_currency = |(known, ..): &(String, RateSource, Rate)| known == currency;
        let Some(index) = self.currencies.iter().position(of_currency) else { return Some(()) };
        self.set_place(instrument, index.checked_add(1)?)
    }

    fn set_place(&mut self, id: InstrumentId, place: usize) -> Option<()> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        if index >= self.of_instrument.len() {
            self.of_instrument.resize(index.checked_add(1)?, 0);
        }
        *self.of_instrument.get_mut(index)? = place;
        Some(())
    }

    /// The currencies with their rates' sources.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, RateSource)> {
        self.currencies.iter().map(|(currency, source, _)| (currency.as_str(), *source))
    }

    /// The rate by which an instrument counts.
    #[inline]
    pub(crate) fn of(&self, instrument: InstrumentId) -> Rate {
        if self.currencies.is_empty() {
            return Rate::ONE;
        }
        let index = instrument.0.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let place =
            index.and_then(|index| self.of_instrument.get(index)).and_then(|place| place.checked_sub(1));
        place.and_then(|place| self.currencies.get(place)).map_or(Rate::ONE, |(_, _, rate)| *rate)
    }

    /// Takes the price of an instrument that may be a rate: the instruments that it revalues.
    pub(crate) fn quote(&mut self, instrument: &Instrument, price: Price) -> Vec<InstrumentId> {
        let mut revalued = Vec::new();
        for (place, (_, source, rate)) in (1..).zip(&mut self.currencies) {
            let RateSource::Quoted { instrument: quoted, is_inverse, .. } = *source else { continue };
            if quoted != instrument.id {
                continue;
            }
            if let Some(next) = Rate::of_price(instrument, price, is_inverse) {
                *rate = next;
                let ids = (1u32..).zip(&self.of_instrument).filter(|(_, of)| **of == place);
                revalued.extend(ids.map(|(id, _)| InstrumentId(id)));
            }
        }
        revalued
    }

    /// Whether any rate moves.
    pub(crate) fn has_quoted(&self) -> bool {
        self.currencies.iter().any(|(_, source, _)| matches!(source, RateSource::Quoted { .. }))
    }
}
