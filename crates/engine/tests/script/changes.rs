//! What a script does to strategies between two inputs.
//!
//! ```text
//! swap a A events=2 for=9s version=1 accepts=1-2 fresh=M     a swap; `A` and `M` are new versions, by rules of theirs
//! restart a A 7                                              a restart, with the state `7` if given
//! add A 7                                                    a further strategy, with a state if given
//! save a      take a      retired                            the state; the instance; what is not needed any more
//! fail a why                                                 the instance died between two calls
//! slice X 100 101                                            trades of one instant
//! set X max_drawdown=30/reducing                             the limits of a scope, all of them; `set X` takes them away
//! used X                                                     what is used of the limits of a scope
//! left a W 3 cost 300 last 115                               the run before left a position
//! ```

use stratd_engine::{
    Carried, InputKind, LimitUse, OnRestoreError, Position, Probation, Replacement, Restart, Restored,
    RestoredPosition, Retired, StrategyId, SwapRefused,
};
use stratd_plugin_api::{Fault, InstrumentId, Price, Quantity, Reason, Timestamp};

use crate::{
    actor::{duration, instrument, number},
    desk::{Desk, config, short},
    limits::{limits, scope},
};

impl Desk {
    /// Does what a line says; false if it says none of these.
    pub(crate) fn change(&mut self, words: &[&str]) -> bool {
        match *words {
            ["swap", strategy, version, ref rest @ ..] => self.swap(id(strategy), letter(version), rest),
            ["restart", strategy, version, ref state @ ..] => {
                self.restart(id(strategy), letter(version), state.first().copied());
            }
            ["add", version, ref state @ ..] => self.add(letter(version), state.first().copied()),
            ["save", strategy] => self.save(id(strategy)),
            ["take", strategy] => {
                let is_there = self.engine.take_instance(id(strategy)).is_some();
                self.write(&format!("    {}", if is_there { "taken" } else { "nothing to take" }));
            }
            ["retired"] => {
                while let Some(Retired { why, .. }) = self.engine.take_retired() {
                    self.write(&format!("    {why:?}"));
                }
            }
            ["fail", strategy, ref why @ ..] => {
                let fault = Fault { reason: Reason::Panic, message: why.join(" "), index: 0 };
                self.step(InputKind::FailStrategy(id(strategy), fault));
            }
            ["left", strategy, symbol, size, "cost", cost, "last", price] => {
                let cost = cost.parse().expect("an amount");
                let position = Position {
                    size: Quantity::new(number(size)),
                    cost,
                    cost_own: cost,
                    ..Position::default()
                };
                let left = RestoredPosition {
                    strategy: id(strategy),
                    instrument: InstrumentId(instrument(symbol)),
                    position,
                    price_last: Some(Price::new(number(price))),
                    lots: Vec::new(),
                };
                for restored in [Restored::Begin, Restored::Position(Box::new(left)), Restored::Books] {
                    self.step(InputKind::Restored(restored));
                }
            }
            ["slice", symbol, ref prices @ ..] => self.slice(symbol, prices),
            ["set", name, ref words @ ..] => {
                let line = format!("limits {name} {}", words.join(" "));
                self.engine.set_limits(scope(name), limits(&[&line], scope(name)));
            }
            ["used", name] => {
                for LimitUse { reason, used, limit } in self.engine.limit_use(scope(name)) {
                    self.write(&format!("    {reason}: {} of {}", short(used), short(limit)));
                }
            }
            _ => return false,
        }
        true
    }

    fn swap(&mut self, strategy: StrategyId, version: char, words: &[&str]) {
        let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
        let accepts = value("accepts").unwrap_or("1-1").split_once('-').expect("two versions");
        let version_of = |text: &str| u32::try_from(number(text)).expect("a version");
        let until = value("for").map_or(self.now, |time| self.now + duration(time));
        let replacement = Replacement {
            instance: self.actor(version),
            is_batch_safe: value("batch").is_some(),
            state_version: version_of(value("version").unwrap_or("1")),
            accepts: version_of(accepts.0)..=version_of(accepts.1),
            deadline: Timestamp::new(self.now),
            on_restore_error: match value("fresh") {
                Some(spare) => OnRestoreError::Fresh(self.actor(letter(spare))),
                None => OnRestoreError::Keep,
            },
            probation: Probation {
                events: number(value("events").unwrap_or("1000")).cast_unsigned(),
                until: Timestamp::new(until),
            },
            room: Vec::new(),
        };
        match self.engine.swap_strategy(strategy, replacement) {
            Ok(swapped) => {
                let text = swapped.state.map(|state| String::from_utf8_lossy(&state).into_owned());
                let text = text.map_or("no state".to_owned(), |text| format!("state `{text}`"));
                self.write(&match &swapped.carried {
                    Carried::State { bytes } => format!("    swapped with {text}, {bytes} bytes"),
                    Carried::Nothing => format!("    swapped with {text}"),
                    Carried::Fresh(fault) => format!("    swapped without {text}: {fault}"),
                });
                if swapped.carried.starts_anew() {
                    self.step(InputKind::StartStrategy(strategy));
                }
            }
            Err(refused) => self.refused(strategy, &refused),
        }
    }

    fn refused(&mut self, strategy: StrategyId, refused: &SwapRefused) {
        let spare = if refused.spare.is_some() { ", with a spare" } else { "" };
        self.write(&format!("    refused at {}: {}{spare}", refused.step.name(), refused.fault));
        if refused.step.is_of_old() && refused.fault.reason == Reason::Panic {
            self.step(InputKind::FailStrategy(strategy, refused.fault.clone()));
        }
    }

    fn restart(&mut self, strategy: StrategyId, version: char, state: Option<&str>) {
        let restart = Restart {
            instance: self.actor(version),
            is_batch_safe: false,
            state: state.map(|text| (1, text.as_bytes())),
        };
        match self.engine.restart_strategy(strategy, restart) {
            Ok(old) => {
                self.write(&format!(
                    "    restarted, {} old instance",
                    if old.is_some() { "one" } else { "no" }
                ));
                self.step(InputKind::StartStrategy(strategy));
            }
            Err(refused) => self.refused(strategy, &refused),
        }
    }

    fn add(&mut self, version: char, state: Option<&str>) {
        let instance = self.actor(version);
        let config = config(version.to_string(), true);
        let strategy = self.engine.add_strategy(config, instance).expect("a free id");
        let restored =
            state.map_or(Ok(()), |state| self.engine.restore_strategy(strategy, 1, state.as_bytes()));
        match restored {
            Ok(()) => self.step(InputKind::StartStrategy(strategy)),
            Err(fault) => self.step(InputKind::FailStrategy(strategy, fault)),
        }
    }

    fn save(&mut self, strategy: StrategyId) {
        let line = match self.engine.save_strategy(strategy, Vec::new()) {
            Ok(Some(state)) => format!("state `{}`", String::from_utf8_lossy(&state)),
            Ok(None) => "no state".to_owned(),
            Err(fault) => format!("not saved: {fault}"),
        };
        self.write(&format!("    {line}"));
    }
}

fn letter(text: &str) -> char {
    text.chars().next().expect("a name")
}

fn id(name: &str) -> StrategyId {
    StrategyId(u16::from(name.as_bytes()[0] - b'a'))
}
