//! Slices of one and of many bring the same outputs, and the same events in the same order.

use std::sync::{Arc, Mutex, PoisonError};

use stratd_engine::{Accounting, Driver, InputKind, SLICE_MAX, StrategyConfig};
use stratd_plugin_api::{Fault, Money, Reason, StrategyHost, StrategyInstance, Timestamp, abi};

use crate::{Named, desk::engine, filling_link::FillingLink, random::Random, seeds};

const EVENTS: usize = 400;
const START_NS: i64 = 1_704_205_800_000_000_000;

/// Trades by its own state alone, and stops after a request as the SDK does.
struct Trader {
    name: u16,
    /// What it got; shared by all strategies.
    got: Arc<Mutex<Vec<String>>>,
    /// Calls with more than one event.
    slices: Arc<Mutex<u32>>,
    sum: i64,
    last_order: u64,
    subscribes_to: Option<u32>,
    may_fail: bool,
}

impl Trader {
    fn got(&self, line: String) {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn request(&mut self, host: &mut dyn StrategyHost, instrument: u32) -> bool {
        match self.sum % 40 {
            0 | 1 => {
                let side = if self.sum % 80 < 40 { abi::side::BUY } else { abi::side::SELL };
                let order = abi::OrderRequest {
                    instrument,
                    side,
                    order_type: abi::order_type::MARKET,
                    quantity: self.sum % 13,
                    ..abi::OrderRequest::default()
                };
                self.last_order = host.submit(&order).unwrap_or(self.last_order);
                true
            }
            2 => host.cancel(self.last_order),
            3 => {
                host.metric("sum", Money::new(i128::from(self.sum)));
                true
            }
            // a timer is no request: it changes nothing within an instant
            4 => {
                let schedule = abi::Schedule {
                    kind: abi::schedule_kind::ONCE,
                    time: host.now().get() + 1_500_000_000,
                    ..abi::Schedule::default()
                };
                host.timer(&schedule);
                false
            }
            _ => false,
        }
    }
}

impl StrategyInstance for Trader {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        if events.len() > 1 {
            *self.slices.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        for (index, event) in events.iter().enumerate() {
            self.got(format!("{} {:?} {event:?}", self.name, host.now()));
            if event.kind == abi::event_kind::START {
                self.subscribes_to.map(|instrument| host.subscribe(instrument, 0));
                return Ok(1);
            }
            self.sum += event.data[0] * 7 + event.data[1];
            if self.may_fail && self.sum % 997 == 0 {
                return Err(Fault { reason: Reason::HandlerError, message: "unlucky".to_owned(), index });
            }
            if self.request(host, event.instrument.max(1)) {
                return Ok(index + 1);
            }
        }
        Ok(events.len())
    }

    fn on_orders(&mut self, _: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        events.iter().for_each(|event| self.got(format!("{} {event:?}", self.name)));
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
        Ok(None)
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

/// Instants with one to a hundred events each.
fn recording(seed: u64) -> Vec<(i64, Vec<abi::Event>)> {
    let mut random = Random::new(seed);
    let mut now = START_NS;
    let mut instants = Vec::new();
    let mut count = 0;
    while count < EVENTS {
        now += random.range(1, 3_000_000_000);
        let most = if random.chance(20) { 100 } else { 9 };
        let events: Vec<_> = (0..random.range(1, most)).map(|_| event(&mut random, now)).collect();
        count += events.len();
        instants.push((now, events));
    }
    instants
}

fn event(random: &mut Random, ts: i64) -> abi::Event {
    let is_quote = random.chance(20);
    let price = random.range(95, 106);
    abi::Event {
        ts,
        instrument: u32::try_from(random.range(1, 3)).expect("an instrument"),
        kind: if is_quote { abi::event_kind::QUOTE } else { abi::event_kind::TRADE },
        data: [price, random.range(1, 9), price + 1, 1, 0],
        ..abi::Event::default()
    }
}

/// The outputs, what the strategies got, the figures of the end; and how many calls had several events.
fn run(seed: u64, strategies: u16, slice_max: usize) -> (Vec<String>, Vec<String>, u32) {
    let (got, slices) = (Arc::new(Mutex::default()), Arc::new(Mutex::new(0)));
    let mut driver = Driver::new(
        engine("100000".parse().expect("an amount"), Accounting::Average),
        FillingLink::default(),
    );
    for name in 0..strategies {
        let config = StrategyConfig {
            name: name.to_string(),
            may_shutdown: false,
            cancels_on_stop: true,
            is_batch_safe: true,
            bars: Vec::new(),
        };
        let trader = Trader {
            name,
            got: Arc::clone(&got),
            slices: Arc::clone(&slices),
            sum: i64::from(name),
            last_order: 0,
            // by seed, the others share one instrument, or all
            subscribes_to: (name > 0 && seed.is_multiple_of(2)).then_some(2),
            may_fail: seed.is_multiple_of(3),
        };
        driver.engine_mut().add_strategy(config, Box::new(trader)).expect("a free id");
    }
    let mut outputs = Vec::new();
    let mut take = |driver: &mut Driver<FillingLink>| {
        let taken = driver.take_outputs();
        outputs.extend(taken.iter().map(|output| format!("{output:?}")));
        driver.give_back(taken);
    };
    driver.feed(Timestamp::new(START_NS), InputKind::Start).expect("it goes on");
    for (at, events) in recording(seed) {
        let mut left = &events[..];
        while !left.is_empty() {
            let offered = left.get(..slice_max).unwrap_or(left);
            let fed = driver.feed_market(Timestamp::new(at), offered).expect("it goes on");
            left = &left[fed..];
            take(&mut driver);
        }
    }
    driver.feed(Timestamp::new(START_NS * 2), InputKind::Exit(Reason::DataEnded)).expect("it goes on");
    take(&mut driver);
    let engine = driver.engine();
    outputs.push(format!("{:?} {:?}", engine.cash(), engine.equity()));
    outputs.extend(engine.strategies().map(|(_, state, statistics)| format!("{state:?} {statistics:?}")));
    let got = got.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let slices = *slices.lock().unwrap_or_else(PoisonError::into_inner);
    (outputs, got, slices)
}

#[test]
fn slices_of_one_and_of_many_bring_the_same() {
    let (mut sliced, mut outputs) = ([0, 0], 0);
    for seed in seeds() {
        let _named = Named(seed);
        for (which, strategies) in [1, 3].into_iter().enumerate() {
            let (one, many) = (run(seed, strategies, 1), run(seed, strategies, SLICE_MAX));
            assert_eq!(one.0, many.0, "outputs with {strategies} strategies");
            assert_eq!(one.1, many.1, "events with {strategies} strategies");
            assert_eq!(one.2, 0, "slices of one");
            sliced[which] += many.2;
            outputs += many.0.len();
        }
    }
    if std::env::var("STRATD_SEED").is_err() {
        assert!(sliced.iter().all(|count| *count > 1_000), "too few slices: {sliced:?}");
        assert!(outputs > 10_000, "too few outputs: {outputs}");
    }
}
