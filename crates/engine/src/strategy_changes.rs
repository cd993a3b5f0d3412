//! What a shell does to the strategies of a run while it goes on: the engine's functions, and the inputs that they need.

use stratd_plugin_api::{Fault, Reason, StrategyInstance, Timestamp};

use crate::{
    Driver, EngineError, ExchangeLink, InputKind, Replacement, Restart, StrategyConfig, StrategyId,
    SwapRefused, Swapped,
};

/// The outer error is that of the engine, which cannot go on then; the inner one is a refusal, after which it does.
pub type Changed<T, E> = Result<Result<T, E>, EngineError>;

impl<L: ExchangeLink> Driver<L> {
    /// Adds a strategy while the run goes on, with its last saved state if there is one, and starts it. A strategy
    /// that refuses its state fails at once.
    ///
    /// # Errors
    /// The engine cannot go on, or no id is left.
    pub fn add_strategy(
        &mut self,
        at: Timestamp,
        config: StrategyConfig,
        instance: Box<dyn StrategyInstance>,
        state: Option<(u32, &[u8])>,
    ) -> Result<StrategyId, EngineError> {
        let strategy = self.engine_mut().add_strategy(config, instance)?;
        let restored = state
            .map_or(Ok(()), |(version, state)| self.engine_mut().restore_strategy(strategy, version, state));
        self.feed(
            at,
            match restored {
                Ok(()) => InputKind::StartStrategy(strategy),
                Err(fault) => InputKind::FailStrategy(strategy, fault),
            },
        )?;
        Ok(strategy)
    }

    /// Exchanges the instance of a strategy between two inputs.
    ///
    /// # Errors
    /// The engine cannot go on; inside, the swap was refused. An old instance that panicked has failed then.
    pub fn swap_strategy(
        &mut self,
        at: Timestamp,
        strategy: StrategyId,
        replacement: Replacement,
    ) -> Changed<Swapped, Box<SwapRefused>> {
        match self.engine_mut().swap_strategy(strategy, replacement) {
            Ok(swapped) => {
                if swapped.carried.starts_anew() {
                    self.feed(at, InputKind::StartStrategy(strategy))?;
                }
                Ok(Ok(swapped))
            }
            Err(refused) => {
                if refused.step.is_of_old() {
                    self.fail_after_panic(at, strategy, &refused.fault)?;
                }
                Ok(Err(Box::new(refused)))
            }
        }
    }

    /// Gives a strategy that has ended a new instance and starts it; the old instance, unless it was taken.
    ///
    /// # Errors
    /// The engine cannot go on; inside, the restart was refused.
    pub fn restart_strategy(
        &mut self,
        at: Timestamp,
        strategy: StrategyId,
        restart: Restart<'_>,
    ) -> Changed<Option<Box<dyn StrategyInstance>>, Box<SwapRefused>> {
        match self.engine_mut().restart_strategy(strategy, restart) {
            Ok(old) => {
                self.feed(at, InputKind::StartStrategy(strategy))?;
                Ok(Ok(old))
            }
            Err(refused) => Ok(Err(Box::new(refused))),
        }
    }

    /// The state of a strategy, to be stored; `room` as in [`Replacement::room`].
    ///
    /// # Errors
    /// The engine cannot go on; inside, the strategy could not save. It goes on, unless it panicked.
    pub fn save_strategy(
        &mut self,
        at: Timestamp,
        strategy: StrategyId,
        room: Vec<u8>,
    ) -> Changed<Option<Vec<u8>>, Fault> {
        let saved = self.engine_mut().save_strategy(strategy, room);
        if let Err(fault) = &saved {
            self.fail_after_panic(at, strategy, fault)?;
        }
        Ok(saved)
    }

    /// After a panic nobody knows what the instance would do next; after an error it goes on.
    fn fail_after_panic(
        &mut self,
        at: Timestamp,
        strategy: StrategyId,
        fault: &Fault,
    ) -> Result<(), EngineError> {
        if fault.reason == Reason::Panic {
            self.feed(at, InputKind::FailStrategy(strategy, fault.clone()))?;
        }
        Ok(())
    }
}
