//! Instruments to and from their record.

use crate::{
    ExchangeId, Instrument, InstrumentId, InstrumentType, OptionType, Price, Quantity, Session, Side,
    Timestamp, TradingHours,
    abi::{self, TextHandle},
};

/// From the record; `text` resolves the handles.
#[must_use]
pub fn instrument_from_record(
    record: &abi::InstrumentRecord,
    text: impl Fn(TextHandle) -> String,
) -> Instrument {
    let leg = |id: u32, side: u8| (id != 0).then_some((InstrumentId(id), Side::from_code(side)));
    let session_count = usize::from(record.session_count).min(record.sessions.len());
    Instrument {
        id: InstrumentId(record.id),
        exchange: ExchangeId(record.exchange),
        symbol: text(record.symbol),
        instrument_type: InstrumentType::from_code(record.instrument_type).unwrap_or(InstrumentType::Other),
        currency: text(record.currency),
        broker_id: text(record.broker_id),
        price_decimals: record.price_decimals,
        quantity_decimals: record.quantity_decimals,
        tick: Price::new(record.tick),
        lot: Quantity::new(record.lot),
        multiplier: record.multiplier,
        strike: Price::new(record.strike),
        option_type: OptionType::from_code(record.option_type),
        expiry: (record.expiry != 0).then_some(Timestamp::new(record.expiry)),
        underlying: (record.underlying != 0).then_some(InstrumentId(record.underlying)),
        legs: [leg(record.leg1, record.leg1_side), leg(record.leg2, record.leg2_side)],
        trading_hours: TradingHours {
            timezone: text(record.timezone),
            sessions: record.sessions[..session_count]
                .iter()
                .map(|s| Session { open: s.open, close: s.close })
                .collect(),
            weekdays: record.weekdays,
        },
    }
}

/// To the record; `intern` makes the handles.
#[must_use]
pub fn instrument_to_record(
    instrument: &Instrument,
    intern: impl Fn(&str) -> TextHandle,
) -> abi::InstrumentRecord {
    let mut sessions = [abi::Session::default(); 4];
    let mut session_count = 0;
    for (slot, session) in sessions.iter_mut().zip(&instrument.trading_hours.sessions) {
        *slot = abi::Session { open: session.open, close: session.close };
        session_count += 1;
    }
    let leg = |at: usize| instrument.legs[at].map_or((0, 0), |(id, side)| (id.0, side.map_or(0, Side::code)));
    let ((leg1, leg1_side), (leg2, leg2_side)) = (leg(0), leg(1));
    abi::InstrumentRecord {
        id: instrument.id.0,
        exchange: instrument.exchange.0,
        instrument_type: instrument.instrument_type.code(),
        option_type: instrument.option_type.map_or(0, OptionType::code),
        symbol: intern(&instrument.symbol),
        currency: intern(&instrument.currency),
        broker_id: intern(&instrument.broker_id),
        price_decimals: instrument.price_decimals,
        quantity_decimals: instrument.quantity_decimals,
        leg1_side,
        leg2_side,
        underlying: instrument.underlying.map_or(0, |u| u.0),
        leg1,
        leg2,
        tick: instrument.tick.get(),
        lot: instrument.lot.get(),
        multiplier: instrument.multiplier,
        strike: instrument.strike.get(),
        expiry: instrument.expiry.map_or(0, Timestamp::get),
        timezone: intern(&instrument.trading_hours.timezone),
        sessions,
        session_count,
        weekdays: instrument.trading_hours.weekdays,
        reserved: [0; 6],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_round_trips() {
        let mut instrument = Instrument::new("SPX-C4000", InstrumentType::Option).price_decimals(3);
        instrument.currency = "EUR".to_owned();
        instrument.strike = Price::new(4_000_000);
        instrument.option_type = Some(OptionType::Put);
        instrument.expiry = Some(Timestamp::new(99));
        instrument.underlying = Some(InstrumentId(7));
        instrument.legs = [Some((InstrumentId(1), Some(Side::Buy))), Some((InstrumentId(2), None))];
        instrument.trading_hours = TradingHours {
            timezone: "America/New_York".to_owned(),
            sessions: vec![Session { open: 34_200, close: 57_600 }],
            weekdays: 31,
        };
        let texts = std::cell::RefCell::new(vec![String::new()]);
        let intern = |text: &str| {
            if text.is_empty() {
                return 0;
            }
            texts.borrow_mut().push(text.to_owned());
            texts.borrow().len() as u64 - 1
        };
        let record = instrument_to_record(&instrument, intern);
        let text = |handle: u64| texts.borrow()[usize::try_from(handle).unwrap()].clone();
        assert_eq!(instrument_from_record(&record, text), instrument);
    }
}
