//! A strategy that does anything at any time, and mostly what makes sense.

use stratd_plugin_api::{EventKind, Fault, Money, Reason, StrategyHost, StrategyInstance, Timestamp, abi};

use super::{
    costs,
    mind::{Known, Mind},
    random::Random,
    requests,
    scenario::{SECOND_NS, lot},
};

/// Own orders carry this tag; those of `close_all` do not.
pub(super) const TAG: u32 = 7;
/// What a call asks for that will fail: nobody may ever see it.
pub(super) const DOOMED_TAG: u32 = 13;
/// The same for figures.
pub(super) const DOOMED: &str = "doomed";
/// A figure of this name is a complaint about what the strategy was told.
pub(super) const COMPLAINT: &str = "complaint";

/// What a strategy is like.
#[derive(Clone, Copy)]
pub(super) struct Temper {
    pub(super) is_hedged: bool,
    /// Its instruments; empty = all.
    pub(super) instruments: &'static [u32],
    /// Whether its events may have times of their own within one call.
    pub(super) takes_up_events: bool,
    /// Whether it asks for orders that exclude each other, and for ways out of them.
    pub(super) has_groups: bool,
    /// In so many of a hundred events it asks for something.
    pub(super) eagerness: u64,
}

pub(super) struct Gambler {
    random: Random,
    temper: Temper,
    mind: Mind,
    last_seq: u64,
    /// FNV-1a of all that it was told and when.
    heard: u64,
    refuses_state: bool,
    /// Calls until it fails, for one whose probation is to fail.
    fails_after: Option<i64>,
}

impl Gambler {
    pub(super) fn new(seed: u64, temper: Temper) -> Self {
        Self {
            random: Random::new(seed),
            temper,
            mind: Mind::new(temper.is_hedged),
            last_seq: 0,
            heard: 0xcbf2_9ce4_8422_2325,
            refuses_state: false,
            fails_after: None,
        }
    }

    /// One that takes over from another, with the weaknesses of a new build.
    pub(super) fn successor(random: &mut Random, temper: Temper) -> Self {
        let mut successor = Self::new(random.next(), temper);
        successor.refuses_state = random.chance(15);
        successor.fails_after = random.chance(30).then(|| random.range(0, 15));
        successor
    }

    /// Perhaps asks for something; whether it did.
    fn gamble(&mut self, host: &mut dyn StrategyHost) -> Result<bool, Fault> {
        if let Some(left) = &mut self.fails_after {
            *left -= 1;
            if *left < 0 {
                return Err(self.doomed(host, Fault::error("not ready yet")));
            }
        }
        if !self.random.chance(self.temper.eagerness) {
            return Ok(false);
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
        Ok(true)
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
        match self.random.range(0, 24) {
            0..13 if self.mind.has_too_many_orders && self.random.chance(50) => self.cancel(host),
            0..13 => self.submit(host),
            13..16 => self.cancel(host),
            16..20 => self.change(host),
            20 if self.random.chance(30) || self.mind.has_too_many_orders => drop(host.cancel_all(0)),
            21 if self.random.chance(15) => drop(host.close_all(0)),
            22 => self.timer(host),
            _ => host.metric("luck", Money::new(i128::from(self.random.next()))),
        }
    }

    fn submit(&mut self, host: &mut dyn StrategyHost) {
        let instrument = requests::instrument(&mut self.random);
        let mut order = if self.random.one_in(16) {
            requests::reckless(&mut self.random)
        } else if self.mind.is_ready(instrument, host.now().get()) {
            requests::sensible(&mut self.random, &self.mind, instrument)
        } else {
            return;
        };
        if self.temper.has_groups {
            requests::bind(&mut self.random, &mut order, &self.mind.orders);
        }
        order.tag = TAG;
        if let Some(id) = host.submit(&abi::OrderRequest::from(&order)) {
            self.mind.knows(id, order.instrument.0, Some(order.side));
        }
    }

    fn cancel(&mut self, host: &mut dyn StrategyHost) {
        let order = self.random.pick(&self.mind.orders).map_or(3, |order| order.id);
        host.cancel(order);
    }

    fn change(&mut self, host: &mut dyn StrategyHost) {
        let (now, random) = (host.now().get(), &mut self.random);
        let is_ready = |order: &&Known| self.mind.is_ready(order.instrument, now);
        let ready: Vec<Known> = self.mind.orders.iter().filter(is_ready).copied().collect();
        let among = if ready.is_empty() { &self.mind.orders } else { &ready };
        let Some(order) = random.pick(among).copied() else { return };
        let price = requests::near(random, &self.mind, order.instrument);
        let more = if random.one_in(12) { random.range(-13, 1) } else { self.mind.lots(random) };
        host.change(order.id, price, order.filled + more * lot(order.instrument));
    }

    fn timer(&mut self, host: &mut dyn StrategyHost) {
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

    /// Events come in order, and timers not before they are due.
    fn look_at(&mut self, host: &mut dyn StrategyHost, seq: u64, due: Option<i64>) {
        if seq < self.last_seq || due.is_some_and(|due| due > host.now().get()) {
            host.metric(COMPLAINT, Money::new(i128::from(seq)));
        }
        self.last_seq = seq;
        self.hear(host.now().get().cast_unsigned());
        self.hear(seq);
    }

    fn hear(&mut self, number: u64) {
        self.heard = (self.heard ^ number).wrapping_mul(0x0100_0000_01b3);
    }

    fn event(&mut self, host: &mut dyn StrategyHost, event: &abi::Event) -> Result<bool, Fault> {
        let due = (event.kind == EventKind::Timer.code()).then_some(event.data[2]);
        self.look_at(host, event.seq, due);
        self.hear(u64::from(event.kind) << 32 | u64::from(event.instrument));
        self.hear(event.data[0].cast_unsigned());
        self.mind.on_event(event);
        match EventKind::from_code(event.kind) {
            Some(EventKind::Start) => {
                for instrument in self.temper.instruments {
                    host.subscribe(*instrument, 0);
                }
            }
            // the outputs tell what it was told
            Some(EventKind::Exit) => {
                host.metric("heard", Money::new(i128::from(self.heard)));
                // what is asked for now comes too late, nearly always
                return if self.random.one_in(10) { self.gamble(host) } else { Ok(true) };
            }
            // after a night, timers fire once for each time that they were due
            Some(EventKind::Timer) if due.is_some_and(|due| is_late(due, host)) => return Ok(false),
            _ => {}
        }
        self.gamble(host)
    }
}

fn is_late(due: i64, host: &mut dyn StrategyHost) -> bool {
    due < host.now().get() - 5 * SECOND_NS
}

impl StrategyInstance for Gambler {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                host.begin_event(event);
            }
            let has_requested = self.event(host, event).map_err(|fault| Fault { index, ..fault })?;
            if has_requested {
                return Ok(index + 1);
            }
        }
        Ok(events.len())
    }

    fn takes_up_events(&self) -> bool {
        self.temper.takes_up_events
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
        for event in events {
            self.look_at(host, event.seq, None);
            let told = [u64::from(event.kind) << 32 | u64::from(event.status), u64::from(event.reason)];
            let numbers = [event.client_order_id, event.cumulative_quantity.cast_unsigned()];
            told.into_iter().chain(numbers).for_each(|number| self.hear(number));
            self.mind.on_order(event, host.now().get());
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

    fn slippage(&mut self, host: &mut dyn StrategyHost, _: &abi::FillRecord) -> Result<Option<Money>, Fault> {
        if self.random.one_in(2_000) {
            return Err(self.doomed(host, Fault::error("no idea what it cost")));
        }
        Ok(self.random.chance(30).then(|| costs::of_strategy(&mut self.random)))
    }

    fn transaction_cost(
        &mut self,
        _: &mut dyn StrategyHost,
        _: &abi::FillRecord,
    ) -> Result<Option<Money>, Fault> {
        Ok(self.random.chance(30).then(|| costs::of_strategy(&mut self.random)))
    }

    fn save(&mut self, _: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        let orders = self.mind.orders.iter().flat_map(|order| [order.id, u64::from(order.instrument)]);
        let numbers = [self.random.state(), self.last_seq, self.heard].into_iter().chain(orders);
        Ok(Some(numbers.flat_map(u64::to_le_bytes).collect()))
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, state: &[u8]) -> Result<(), Fault> {
        if self.refuses_state {
            return Err(Fault::error("not mine"));
        }
        let mut numbers = state.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut next = || numbers.next();
        self.random = Random::new(next().unwrap_or_default());
        self.last_seq = next().unwrap_or_default();
        self.heard = next().unwrap_or_default();
        while let (Some(id), Some(instrument)) = (next(), next()) {
            self.mind.knows(id, u32::try_from(instrument).unwrap_or_default(), None);
        }
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}
