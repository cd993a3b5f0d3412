//! A strategy that does anything at any time.

use stratd_plugin_api::{EventKind, Fault, Money, Reason, StrategyHost, StrategyInstance, Timestamp, abi};

use super::{
    random::Random,
    scenario::{IN_EUROS, SECOND_NS, lot, point, price, units},
};

/// Own orders carry this tag; those of `close_all` do not.
pub(super) const TAG: u32 = 7;
/// What a call asks for that will fail: nobody may ever see it.
pub(super) const DOOMED_TAG: u32 = 13;
/// The same for figures.
pub(super) const DOOMED: &str = "doomed";
/// A figure of this name is a complaint about what the strategy was told.
pub(super) const COMPLAINT: &str = "complaint";
/// So many of its last orders it still knows.
const ORDERS_MAX: usize = 30;

pub(super) struct Gambler {
    random: Random,
    orders: Vec<u64>,
    last_seq: u64,
    refuses_state: bool,
    /// Calls until it fails, for one whose probation is to fail.
    fails_after: Option<i64>,
}

impl Gambler {
    pub(super) fn new(seed: u64, refuses_state: bool) -> Self {
        Self { random: Random::new(seed), orders: Vec::new(), last_seq: 0, refuses_state, fails_after: None }
    }

    /// One that takes over from another, with the weaknesses of a new build.
    pub(super) fn successor(random: &mut Random) -> Self {
        let mut successor = Self::new(random.next(), random.chance(15));
        successor.fails_after = random.chance(30).then(|| random.range(0, 15));
        successor
    }

    fn gamble(&mut self, host: &mut dyn StrategyHost) -> Result<(), Fault> {
        if let Some(left) = &mut self.fails_after {
            *left -= 1;
            if *left < 0 {
                return Err(self.doomed(host, Fault::error("not ready yet")));
            }
        }
        if !self.random.chance(45) {
            return Ok(());
        }
        match self.random.range(0, 1_500) {
            0 => return Err(self.doomed(host, Fault::error("bad luck"))),
            1 => {
                let fault = Fault { reason: Reason::Panic, message: "worse luck".to_owned(), index: 0 };
                return Err(self.doomed(host, fault));
            }
            2 => host.stop("enough"),
            _ => {}
        }
        for _ in 0..self.random.range(1, 4) {
            self.request(host);
        }
        Ok(())
    }

    /// Asks for something in a call that fails.
    fn doomed(&mut self, host: &mut dyn StrategyHost, fault: Fault) -> Fault {
        host.metric(DOOMED, Money::ZERO);
        let order = abi::OrderRequest {
            instrument: 1,
            side: abi::side::BUY,
            order_type: abi::order_type::MARKET,
            quantity: self.random.range(1, 5),
            tag: DOOMED_TAG,
            ..abi::OrderRequest::default()
        };
        // of a call that fails, the id is nobody's either
        let _ = host.submit(&order);
        fault
    }

    fn request(&mut self, host: &mut dyn StrategyHost) {
        let order = self.random.pick(&self.orders).copied().unwrap_or(3);
        match self.random.range(0, 24) {
            0..13 => self.submit(host),
            13..16 => drop(host.cancel(order)),
            16..20 => {
                let instrument = if self.random.chance(30) { IN_EUROS } else { 1 };
                let quantity = self.random.range(-1, 13) * lot(instrument);
                let price = price(&mut self.random, instrument);
                host.change(order, price, quantity);
            }
            20 if self.random.chance(30) => drop(host.cancel_all(0)),
            21 if self.random.chance(15) => drop(host.close_all(0)),
            22 => {
                let schedule = abi::Schedule {
                    kind: if self.random.chance(50) {
                        abi::schedule_kind::ONCE
                    } else {
                        abi::schedule_kind::PERIODIC
                    },
                    time: host.now().get().saturating_add(self.random.range(1, 10) * SECOND_NS),
                    interval: self.random.range(20, 90) * SECOND_NS,
                    ..abi::Schedule::default()
                };
                if let Some(timer) = host.timer(&schedule).filter(|_| self.random.chance(70)) {
                    host.timer_cancel(timer);
                }
            }
            _ => host.metric("luck", Money::new(i128::from(self.random.next()))),
        }
    }

    fn submit(&mut self, host: &mut dyn StrategyHost) {
        // mostly what can be traded; 3 is an index, 6 is unknown
        let instrument = *self.random.pick(&[1, 1, 2, 4, 4, 5, 5, 1, 2, 4, 3, 6]).unwrap_or(&1);
        let instrument =
            if (instrument == 3 || instrument == 6) && self.random.chance(80) { 1 } else { instrument };
        let near = price(&mut self.random, instrument);
        let fraction = if instrument == IN_EUROS { 2 } else { 1 };
        let quantity = if self.random.one_in(300) {
            i64::MAX / lot(instrument) * lot(instrument)
        } else {
            self.random.range(0, 13) * lot(instrument) * fraction
        };
        let mut order = abi::OrderRequest {
            instrument,
            side: if self.random.chance(50) { abi::side::BUY } else { abi::side::SELL },
            order_type: abi::order_type::MARKET,
            tag: TAG,
            quantity: if self.random.one_in(100) { quantity.saturating_add(1) } else { quantity },
            ..abi::OrderRequest::default()
        };
        match self.random.range(0, 20) {
            0..8 => {}
            8..15 => (order.order_type, order.price) = (abi::order_type::LIMIT, near),
            15 => (order.order_type, order.stop_price) = (abi::order_type::STOP_MARKET, near),
            16 => {
                order.order_type = abi::order_type::STOP_LIMIT;
                (order.stop_price, order.price) = (near, price(&mut self.random, instrument));
            }
            _ => {
                let whole = i128::from(self.random.range(1, 15)) * i128::from(units(instrument));
                let amount =
                    whole * i128::from(near) * point(instrument) + i128::from(self.random.range(0, 99));
                (order.quantity, order.notional) = (0, Money::new(amount).into());
            }
        }
        // where positions are hedged, nothing else closes one
        if self.random.chance(30) {
            order.flags = abi::order_flag::REDUCE_ONLY;
        }
        self.orders.extend(host.submit(&order));
        if self.orders.len() > ORDERS_MAX {
            self.orders.remove(0);
        }
    }

    /// Events come in order, and timers not before they are due.
    fn look_at(&mut self, host: &mut dyn StrategyHost, seq: u64, due: Option<i64>) {
        if seq < self.last_seq || due.is_some_and(|due| due > host.now().get()) {
            host.metric(COMPLAINT, Money::new(i128::from(seq)));
        }
        self.last_seq = seq;
    }
}

impl StrategyInstance for Gambler {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        for event in events {
            let due = (event.kind == EventKind::Timer.code()).then_some(event.data[2]);
            self.look_at(host, event.seq, due);
        }
        self.gamble(host)?;
        Ok(events.len())
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        for event in events {
            self.look_at(host, event.seq, None);
        }
        // an answer to every answer would never end
        if self.random.chance(20) {
            self.gamble(host)?;
        }
        Ok(events.len())
    }

    fn on_config(&mut self, _: &mut dyn StrategyHost, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn slippage(&mut self, _: &mut dyn StrategyHost, _: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        let has_opinion = self.random.chance(30);
        Ok(has_opinion.then(|| Money::new(i128::from(self.random.range(-100, 1_000)) * 100)))
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        _: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        Ok(None)
    }

    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        let numbers = [self.random.state(), self.last_seq].into_iter().chain(self.orders.iter().copied());
        Ok(Some(numbers.flat_map(u64::to_le_bytes).collect()))
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, state: &[u8]) -> Result<(), Fault> {
        if self.refuses_state {
            return Err(Fault::error("not mine"));
        }
        let mut numbers = state.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        self.random = Random::new(numbers.next().unwrap_or_default());
        self.last_seq = numbers.next().unwrap_or_default();
        self.orders = numbers.collect();
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}
