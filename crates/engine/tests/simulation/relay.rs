//! Swaps, rollbacks, faults and restarts at random points: what a strategy counted is what it was to get.
//!
//! Every trade has a number. A strategy keeps the numbers that it got as its state; the run keeps the numbers that it
//! should have got, from inputs and outputs alone. Nothing may be lost, doubled or out of order.

use stratd_engine::{
    Accounting, Carried, Driver, InputKind, OnRestoreError, Output, Probation, Replacement, Restart,
    StrategyConfig, StrategyId, SwapStep,
};
use stratd_plugin_api::{Fault, Money, Reason, StrategyHost, StrategyInstance, Timestamp, abi};

use crate::{Named, desk::engine, filling_link::FillingLink, random::Random, seeds};

const STRATEGIES: u16 = 3;
const STEPS: u32 = 400;
const START_NS: i64 = 1_704_205_800_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// Keeps the numbers of the trades that it got.
struct Counter {
    numbers: Vec<u64>,
    last_seq: u64,
    /// Trades until it fails, and whether by a panic.
    fails_after: Option<(i64, bool)>,
    refuses_state: bool,
}

fn random_counter(random: &mut Random, fails: u64) -> Counter {
    let fails_after = random.chance(fails).then(|| (random.range(0, 12), random.chance(50)));
    Counter { numbers: Vec::new(), last_seq: 0, fails_after, refuses_state: random.chance(15) }
}

impl StrategyInstance for Counter {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        let [event] = events else { panic!("this strategy is not batch safe") };
        if event.kind != abi::event_kind::TRADE {
            return Ok(1);
        }
        assert!(event.seq > self.last_seq, "sequence number {} after {}", event.seq, self.last_seq);
        self.last_seq = event.seq;
        let number = event.data[2].cast_unsigned();
        if number % 7 == 0 {
            let order = abi::OrderRequest {
                instrument: event.instrument,
                side: if number % 2 == 0 { abi::side::BUY } else { abi::side::SELL },
                order_type: abi::order_type::MARKET,
                quantity: 1,
                ..abi::OrderRequest::default()
            };
            host.submit(&order);
        }
        if let Some((left, panics)) = &mut self.fails_after {
            *left -= 1;
            if *left < 0 {
                let reason = if *panics { Reason::Panic } else { Reason::HandlerError };
                return Err(Fault { reason, message: "as planned".to_owned(), index: 0 });
            }
        }
        self.numbers.push(number);
        Ok(1)
    }

    fn on_orders(&mut self, _: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        Ok(events.len())
    }

    fn on_config(&mut self, _: &mut dyn StrategyHost, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn slippage(&mut self, _: &mut dyn StrategyHost, _: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        Ok(None)
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        _: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        Ok(None)
    }

    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        Ok(Some(bytes(&self.numbers)))
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, version: u32, state: &[u8]) -> Result<(), Fault> {
        assert_eq!(version, 1);
        if self.refuses_state {
            return Err(Fault::error("not mine"));
        }
        let chunks = state.chunks_exact(8);
        self.numbers = chunks.map(|chunk| u64::from_le_bytes(chunk.try_into().expect("8 bytes"))).collect();
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

fn bytes(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// What a strategy should have.
#[derive(Clone, Default)]
struct Expected {
    numbers: Vec<u64>,
    /// How many of them the guard of a probation has.
    at_swap: usize,
    saved: Vec<u64>,
    has_ended: bool,
}

/// How often what happened.
#[derive(Debug, Default)]
struct Seen {
    swaps: u32,
    refusals: u32,
    fresh: u32,
    rollbacks: u32,
    passed: u32,
    faults: u32,
    restarts: u32,
}

struct Relay<'a> {
    driver: Driver<FillingLink>,
    random: Random,
    expected: Vec<Expected>,
    now: i64,
    number: u64,
    seen: &'a mut Seen,
}

impl Relay<'_> {
    fn at(&self) -> Timestamp {
        Timestamp::new(self.now)
    }

    fn trade(&mut self) {
        self.number += 1;
        let event = abi::Event {
            ts: self.now,
            instrument: u32::try_from(self.random.range(1, 3)).expect("an instrument"),
            kind: abi::event_kind::TRADE,
            data: [100, 1, self.number.cast_signed(), 0, 0],
            ..abi::Event::default()
        };
        for expected in self.expected.iter_mut().filter(|expected| !expected.has_ended) {
            expected.numbers.push(self.number);
        }
        self.driver.feed_market(self.at(), &[event]).expect("it goes on");
        self.outputs();
    }

    fn outputs(&mut self) {
        let outputs = self.driver.take_outputs();
        for output in &outputs {
            match output {
                Output::StrategyRolledBack { strategy, .. } => {
                    self.seen.rollbacks += 1;
                    let expected = &mut self.expected[usize::from(strategy.0)];
                    expected.numbers.truncate(expected.at_swap);
                    expected.numbers.push(self.number);
                }
                Output::StrategyFaulted { strategy, .. } => {
                    self.seen.faults += 1;
                    let expected = &mut self.expected[usize::from(strategy.0)];
                    assert_eq!(expected.numbers.pop(), Some(self.number), "it fails at a trade");
                    expected.has_ended = true;
                }
                Output::ProbationPassed { .. } => self.seen.passed += 1,
                _ => {}
            }
        }
        self.driver.give_back(outputs);
    }

    fn change(&mut self, strategy: StrategyId) {
        let index = usize::from(strategy.0);
        match (self.expected[index].has_ended, self.random.range(0, 3)) {
            (true, _) => self.restart(strategy),
            (false, 0) => {
                let saved = self.driver.save_strategy(self.at(), strategy, Vec::new()).expect("it goes on");
                let expected = &mut self.expected[index];
                assert_eq!(saved, Ok(Some(bytes(&expected.numbers))), "state of {strategy:?}");
                expected.saved.clone_from(&expected.numbers);
            }
            (false, _) => self.swap(strategy),
        }
    }

    fn swap(&mut self, strategy: StrategyId) {
        let index = usize::from(strategy.0);
        let instance = random_counter(&mut self.random, 50);
        let refuses = instance.refuses_state;
        let is_fresh = self.random.chance(30);
        let replacement = Replacement {
            instance: Box::new(instance),
            is_batch_safe: false,
            state_version: 1,
            accepts: 1..=1,
            deadline: self.at(),
            on_restore_error: if is_fresh {
                OnRestoreError::Fresh(Box::new(random_counter(&mut self.random, 50)))
            } else {
                OnRestoreError::Keep
            },
            probation: Probation {
                events: self.random.range(0, 20).cast_unsigned(),
                until: Timestamp::new(self.now + self.random.range(0, 20) * SECOND_NS),
            },
            room: Vec::new(),
        };
        let swapped = self.driver.swap_strategy(self.at(), strategy, replacement).expect("it goes on");
        self.outputs();
        let expected = &mut self.expected[index];
        match swapped {
            Ok(swapped) => {
                assert_eq!(swapped.state, Some(bytes(&expected.numbers)), "state of {strategy:?}");
                expected.at_swap = expected.numbers.len();
                if refuses {
                    assert_eq!(swapped.carried, Carried::Fresh(Fault::error("not mine")));
                    self.seen.fresh += 1;
                    self.forget(index);
                } else {
                    let bytes = u64::try_from(expected.numbers.len() * 8).expect("a small number");
                    assert_eq!(swapped.carried, Carried::State { bytes });
                    self.seen.swaps += 1;
                }
            }
            Err(refused) => {
                assert!(refuses && !is_fresh, "{refused:?}");
                assert_eq!(refused.step, SwapStep::Restore);
                self.seen.refusals += 1;
            }
        }
    }

    /// A strategy that starts anew has nothing. A rollback would bring back what was: it is made impossible here by
    /// ending the probation with a swap to an instance without faults.
    fn forget(&mut self, index: usize) {
        let strategy = StrategyId(u16::try_from(index).expect("few strategies"));
        self.expected[index].numbers.clear();
        self.expected[index].at_swap = 0;
        let instance = Counter { numbers: Vec::new(), last_seq: 0, fails_after: None, refuses_state: false };
        let replacement = Replacement {
            instance: Box::new(instance),
            is_batch_safe: false,
            state_version: 1,
            accepts: 1..=1,
            deadline: self.at(),
            on_restore_error: OnRestoreError::Keep,
            probation: Probation { events: 0, until: self.at() },
            room: Vec::new(),
        };
        let swapped = self.driver.swap_strategy(self.at(), strategy, replacement).expect("it goes on");
        assert_eq!(swapped.expect("it takes the state").state, Some(Vec::new()), "it started anew");
        assert!(!self.driver.engine().is_on_probation(strategy));
    }

    fn restart(&mut self, strategy: StrategyId) {
        let index = usize::from(strategy.0);
        let state = bytes(&self.expected[index].saved);
        let restart = Restart {
            instance: Box::new(random_counter(&mut self.random, 10)),
            is_batch_safe: false,
            state: Some((1, &state)),
        };
        let old = self.driver.restart_strategy(self.at(), strategy, restart).expect("it goes on");
        self.outputs();
        if let Ok(old) = old {
            assert!(old.is_some(), "nobody took the instance");
            let expected = &mut self.expected[index];
            expected.numbers.clone_from(&expected.saved);
            expected.has_ended = false;
            self.seen.restarts += 1;
        }
    }
}

fn relay(seed: u64, seen: &mut Seen) {
    let mut random = Random::new(seed);
    let mut driver = Driver::new(
        engine("100000".parse().expect("an amount"), Accounting::Average),
        FillingLink::default(),
    );
    for index in 0..STRATEGIES {
        let config = StrategyConfig {
            name: index.to_string(),
            may_shutdown: false,
            cancels_on_stop: index != 1,
            is_batch_safe: false,
            bars: Vec::new(),
        };
        let instance = Box::new(random_counter(&mut random, 5));
        driver.engine_mut().add_strategy(config, instance).expect("a free id");
    }
    let expected = vec![Expected::default(); usize::from(STRATEGIES)];
    let mut relay = Relay { driver, random, expected, now: START_NS, number: 0, seen };
    relay.driver.feed(relay.at(), InputKind::Start).expect("it goes on");
    for _ in 0..STEPS {
        relay.now += relay.random.range(0, 2 * SECOND_NS);
        if relay.random.chance(85) {
            relay.trade();
        } else {
            let index = relay.random.range(0, i64::from(STRATEGIES));
            relay.change(StrategyId(u16::try_from(index).expect("few strategies")));
        }
        while relay.driver.engine_mut().take_retired().is_some() {}
    }
    for index in 0..STRATEGIES {
        let expected = relay.expected[usize::from(index)].clone();
        if !expected.has_ended {
            let saved =
                relay.driver.save_strategy(relay.at(), StrategyId(index), Vec::new()).expect("it goes on");
            assert_eq!(saved, Ok(Some(bytes(&expected.numbers))), "state of strategy {index} at the end");
        }
    }
}

#[test]
fn swaps_rollbacks_and_restarts_lose_double_and_reorder_nothing() {
    let mut seen = Seen::default();
    for seed in seeds() {
        let _named = Named(seed);
        relay(seed, &mut seen);
    }
    if std::env::var("STRATD_SEED").is_err() {
        let Seen { swaps, refusals, fresh, rollbacks, passed, faults, restarts } = seen;
        let least = [swaps, refusals, fresh, rollbacks, passed, faults, restarts].into_iter().min();
        assert!(least >= Some(100), "too little happened: {seen:?}");
    }
}
