//! Words and ids of the protocol, and what they are for the host.

use std::collections::BTreeMap;

use stratd_plugin_api::{
    ExchangeHandle, Instrument, InstrumentId, OrderStatus, Reason, Side, TextTable, abi::TextHandle,
};

/// The instruments that the host knows.
#[derive(Default)]
pub(crate) struct Names {
    by_name: BTreeMap<String, Instrument>,
    by_id: BTreeMap<InstrumentId, String>,
}

impl Names {
    pub(crate) fn insert(&mut self, instrument: Instrument) {
        self.by_id.insert(instrument.id, instrument.symbol.clone());
        self.by_name.insert(instrument.symbol.clone(), instrument);
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Instrument> {
        self.by_name.get(name)
    }

    pub(crate) fn get(&self, id: InstrumentId) -> Option<&Instrument> {
        self.by_name.get(self.by_id.get(&id)?)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Instrument> {
        self.by_name.values()
    }
}

/// The host's handle of a venue's id. The venue counts its orders (`O-17`) and trades (`T-4`): to the host they are
/// their numbers, which take no place in its table of texts.
pub(crate) fn handle(host: &ExchangeHandle, id: &str) -> TextHandle {
    if let Some(("O" | "T", digits)) = id.split_once('-')
        && !digits.starts_with('0')
        && let Ok(number) = digits.parse::<u64>()
        && !digits.starts_with('+')
    {
        let handle = TextTable::number(number);
        if handle != 0 {
            return handle;
        }
    }
    // an id that the host refuses stays unknown; the client order id tells the order
    host.intern(id).unwrap_or(0)
}

pub(crate) fn side(word: &str) -> Option<Side> {
    match word {
        "BUY" | "buy" => Some(Side::Buy),
        "SELL" | "sell" => Some(Side::Sell),
        _ => None,
    }
}

/// The status of an order; what the venue may say one day counts as working.
pub(crate) fn status(word: &str) -> OrderStatus {
    let known = OrderStatus::ALL.iter().find(|status| status.name() == word);
    known.copied().unwrap_or(OrderStatus::Open)
}

/// A reason, or the code of an error.
pub(crate) fn reason(word: &str) -> Reason {
    if word.is_empty() {
        return Reason::None;
    }
    Reason::ALL.iter().copied().find(|reason| reason.name() == word).unwrap_or(Reason::Exchange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_meaning_and_others_a_safe_one() {
        assert_eq!((side("BUY"), side("sell"), side("")), (Some(Side::Buy), Some(Side::Sell), None));
        assert_eq!(status("partially_filled"), OrderStatus::PartiallyFilled);
        assert_eq!((reason(""), reason("duplicate_id")), (Reason::None, Reason::DuplicateId));
        assert_eq!((reason("rate_limit"), status("")), (Reason::Exchange, OrderStatus::Open));
    }
}
