//! What a listener wants to hear.

use stratd_control::Happening;

/// The event of a gap is told to everybody.
const GAP: &str = "gap";

/// Kinds, strategies and instruments; an empty list of names lets all pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Bits, in the order of [`Happening::KINDS`].
    kinds: u16,
    strategies: Vec<String>,
    instruments: Vec<String>,
}

impl Default for Filter {
    /// Everything but market data.
    fn default() -> Self {
        let wanted = Happening::KINDS.iter().filter(|kind| !is_market(kind));
        let kinds = wanted.fold(0, |kinds, kind| kinds | bit(kind));
        Self { kinds, strategies: Vec::new(), instruments: Vec::new() }
    }
}

impl Filter {
    /// From lists whose items are separated by commas. `market` stands for all kinds of market data.
    ///
    /// # Errors
    /// A kind is none; the text says which there are.
    pub(crate) fn parse(
        kinds: Option<&str>,
        strategies: Option<&str>,
        instruments: Option<&str>,
    ) -> Result<Self, String> {
        let list = |text: Option<&str>| -> Vec<String> {
            let items = text.unwrap_or_default().split(',').map(str::trim);
            items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let mut filter =
            Self { strategies: list(strategies), instruments: list(instruments), ..Self::default() };
        let kinds = list(kinds);
        if !kinds.is_empty() {
            filter.kinds = bit(GAP);
        }
        for kind in kinds {
            filter.kinds |= match kind.as_str() {
                "market" => Happening::MARKET_KINDS.iter().fold(0, |kinds, kind| kinds | bit(kind)),
                known if Happening::KINDS.contains(&known) => bit(known),
                _ => {
                    let accepted = Happening::KINDS.join(", ");
                    return Err(format!("found kind {kind:?} (accepted: {accepted}, market)"));
                }
            };
        }
        Ok(filter)
    }

    /// Whether any market data is wanted.
    pub(super) fn wants_market(&self) -> bool {
        Happening::MARKET_KINDS.iter().any(|kind| self.kinds & bit(kind) != 0)
    }

    /// Whether an event of a kind, about these, passes.
    pub(super) fn passes(&self, kind: &str, strategy: Option<&str>, instrument: Option<&str>) -> bool {
        let is_among = |wanted: &[String], found: Option<&str>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|name| name == found))
        };
        self.kinds & bit(kind) != 0
            && is_among(&self.strategies, strategy)
            && is_among(&self.instruments, instrument)
    }
}

fn bit(kind: &str) -> u16 {
    Happening::KINDS.iter().position(|known| *known == kind).map_or(0, |at| 1 << at)
}

fn is_market(kind: &str) -> bool {
    Happening::MARKET_KINDS.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kinds: Option<&str>, strategies: Option<&str>, instruments: Option<&str>, expected: &str) {
        let filter = Filter::parse(kinds, strategies, instruments);
        let found = filter.map_or_else(
            |error| error,
            |filter| {
                let events = [
                    ("fill", Some("a"), Some("X")),
                    ("fill", Some("b"), Some("Y")),
                    ("order", Some("a"), Some("Y")),
                    ("trading", None, None),
                    ("quote", None, Some("X")),
                    ("trade", None, Some("Y")),
                ];
                let passed = events.iter().map(|(kind, s, i)| filter.passes(kind, *s, *i));
                passed.map(|passed| if passed { 'y' } else { 'n' }).collect()
            },
        );
        assert_eq!(found, expected, "{kinds:?} {strategies:?} {instruments:?}");
    }

    #[test]
    fn kinds_strategies_and_instruments_are_all_asked() {
        check(None, None, None, "yyyynn");
        check(Some("fill"), None, None, "yynnnn");
        check(Some("fill, order"), Some("a"), None, "ynynnn");
        check(None, None, Some("X,Z"), "ynnnnn");
        check(Some("market"), None, None, "nnnnyy");
        check(Some("quote,trading"), None, Some("X"), "nnnnyn");
        check(Some(" , "), None, None, "yyyynn");
        let accepted = "order, fill, denial, trading, strategy, instance, plugin, run, alarm, backtest, trade, quote, bar, book, gap, market";
        check(Some("fills"), None, None, &format!("found kind \"fills\" (accepted: {accepted})"));
    }
}
