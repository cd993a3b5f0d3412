//! What happened to the engine besides inputs, again.

use anyhow::Result;
use stratd_engine::{Scope, StrategyId};

use super::{Came, Run, difference::Difference};
use crate::recorder::{Mark, fingerprint};

impl Run {
    pub(super) fn mark(&mut self, mark: Mark) -> Result<Option<Came>> {
        let engine = &mut self.made.engine;
        match mark {
            Mark::Owner(name) => {
                let id = engine.add_owner(&name)?;
                if let Some(limits) = self.made.limits.get(&name) {
                    engine.set_limits(Scope::Strategy(id), limits.clone());
                }
                Ok(None)
            }
            Mark::HaltedBefore(scope, state, reason) => {
                engine.restore_trading(scope, state, reason);
                Ok(None)
            }
            Mark::Saved(strategy, recorded) => Ok(self.saved(strategy, recorded)),
            // it comes with a change, at which the replay has ended
            Mark::Joined(record, exchange) => {
                Ok(Some(Came::Changed(format!("instrument {} of exchange {exchange} joins", record.id))))
            }
            Mark::Changed(what) => Ok(Some(self.ends_at(&what, "which a replay does not repeat"))),
            Mark::Did(deed, state) => self.did(*deed, state.as_deref().map(Vec::as_slice)),
            Mark::Came(is_done, state) => Ok(self.came(is_done, state)),
        }
    }

    /// A strategy is asked for its state.
    fn saved(&mut self, strategy: StrategyId, recorded: Option<u64>) -> Option<Came> {
        let saved = self.made.engine.save_strategy(strategy, Vec::new());
        let replayed = saved.ok().map(|state| state.as_deref().map_or(0, fingerprint));
        self.counts.states += 1;
        if recorded == replayed {
            return None;
        }
        let in_words = |state: Option<u64>| state.map_or_else(|| "could not save".to_owned(), state_in_words);
        let what = format!("strategy {} saves its state", self.name_of(strategy));
        Some(self.differs(what, in_words(recorded), in_words(replayed)))
    }

    pub(super) fn name_of(&self, strategy: StrategyId) -> String {
        let known = self.engine().strategies().nth(strategy.index());
        known.map_or_else(|| strategy.0.to_string(), |(config, ..)| config.name.clone())
    }

    /// The replay cannot go on past a change.
    pub(super) fn ends_at(&self, what: &str, why: &str) -> Came {
        let (seq, at) = self.last;
        Came::Changed(format!("after input {seq} ({at}): {what}, {why}"))
    }

    /// A difference that is none of outputs.
    pub(super) fn differs(&self, input: String, recorded: String, replayed: String) -> Came {
        let (seq, at) = self.last;
        let (time, columns) = (at.to_string(), Vec::new());
        Came::Different(Box::new(Difference { seq, time, input, recorded, replayed, columns }))
    }
}

/// A state by its fingerprint, which is 0 for none.
pub(super) fn state_in_words(print: u64) -> String {
    match print {
        0 => "no state".to_owned(),
        print => format!("a state with the fingerprint {print:016x}"),
    }
}
