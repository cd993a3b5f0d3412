//! Exchanges that leave a run that goes on, and come back.
//!
//! Ids are never given twice: books, histories and reports go on to name the instruments of an exchange that has left.
//! Strategies find neither it nor them any more, and no new order for them passes.

use stratd_plugin_api::{ExchangeId, InstrumentId, TradingType, abi};

use crate::{Engine, RateSource};

impl Engine {
    /// An exchange leaves, with all its instruments. The shell sees to it that no order works there.
    pub fn remove_exchange(&mut self, exchange: ExchangeId) {
        self.core.instruments.remove_exchange(exchange);
    }

    /// An exchange joins or comes back, with these of the instruments that it had; further ones are added as any other.
    pub fn restore_exchange(&mut self, record: abi::ExchangeRecord, instruments: &[InstrumentId]) {
        self.core.instruments.restore_exchange(record, instruments);
    }

    /// An exchange that is there, as strategies find it.
    #[must_use]
    pub fn exchange_record(&self, exchange: ExchangeId) -> Option<abi::ExchangeRecord> {
        self.core.instruments.exchange(exchange)
    }

    /// What the run is.
    #[must_use]
    pub fn trading_type(&self) -> TradingType {
        self.core.config.trading_type
    }

    /// Whether an instrument has left with its exchange.
    #[must_use]
    pub fn has_left(&self, instrument: InstrumentId) -> bool {
        self.core.instruments.has_left(instrument)
    }

    /// Whether amounts of a currency are converted by a rate.
    #[must_use]
    pub fn has_rate(&self, currency: &str) -> bool {
        self.core.portfolio.rates.sources().any(|(known, _)| known == currency)
    }

    /// The currency whose rate is the price of an instrument, if there is one.
    #[must_use]
    pub fn currency_quoted_by(&self, instrument: InstrumentId) -> Option<&str> {
        let mut sources = self.core.portfolio.rates.sources();
        sources.find_map(|(currency, source)| match source {
            RateSource::Quoted { instrument: quoted, .. } if quoted == instrument => Some(currency),
            RateSource::Quoted { .. } | RateSource::Fixed(_) => None,
        })
    }
}
