//! Exchanges that leave a run that goes on, and come back.
//!
//! Ids are never given twice: books, histories and reports go on to name the instruments of an exchange that has left.
//! Strategies find neither it nor them any more, and no new order for them passes.

use stratd_plugin_api::{ExchangeId, InstrumentId, OrderRequest, Takes, TradingType, abi};

use crate::{Engine, RateSource, stand_in::stand_in_for};

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

    /// Says which orders the place takes where those of an exchange go. Of the others the engine emulates what it can, and
    /// denies the rest. Until this is said, it is [`Takes::ALL`]. Orders that work are as they were sent.
    pub fn set_takes(&mut self, exchange: ExchangeId, takes: Takes) {
        let Some(index) = usize::from(exchange.0).checked_sub(1) else { return };
        if index >= self.core.takes.len() {
            self.core.takes.resize(index.saturating_add(1), Takes::ALL);
        }
        if let Some(place) = self.core.takes.get_mut(index) {
            *place = takes;
        }
    }

    /// Which orders are taken where those of an exchange go.
    #[must_use]
    pub fn takes(&self, exchange: ExchangeId) -> Takes {
        self.core.takes(exchange)
    }

    /// Whether an order can be taken for an exchange, by the exchange or by the engine in its place.
    #[must_use]
    pub fn can_take(&self, exchange: ExchangeId, request: &OrderRequest) -> bool {
        stand_in_for(request, self.core.takes(exchange)).is_ok()
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
