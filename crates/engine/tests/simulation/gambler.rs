//! A strategy that does anything at any time.

use stratd_plugin_api::{Fault, Money, Reason, StrategyHost, StrategyInstance, Timestamp, abi};

use crate::random::Random;

/// Own orders carry this tag; those of `close_all` do not.
pub(crate) const TAG: u32 = 7;

pub(crate) struct Gambler {
    pub(crate) random: Random,
    pub(crate) orders: Vec<u64>,
}

impl Gambler {
    fn gamble(&mut self, host: &mut dyn StrategyHost) -> Result<(), Fault> {
        if !self.random.chance(60) {
            return Ok(());
        }
        for _ in 0..self.random.range(1, 4) {
            self.request(host);
        }
        match self.random.range(0, 2_000) {
            0 => Err(Fault::error("bad luck")),
            1 => Err(Fault { reason: Reason::Panic, message: "worse luck".to_owned(), index: 0 }),
            2 => {
                host.stop("enough");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn request(&mut self, host: &mut dyn StrategyHost) {
        let order = self.random.pick(&self.orders).copied().unwrap_or(3);
        match self.random.range(0, 20) {
            0..9 => self.submit(host),
            9..12 => drop(host.cancel(order)),
            12..16 => {
                let (price, quantity) = (self.random.range(90, 111), self.random.range(-1, 13));
                host.change(order, price, quantity);
            }
            16 => drop(host.cancel_all(0)),
            17 if self.random.chance(30) => drop(host.close_all(0)),
            18 => {
                let interval = self.random.range(1, 10) * 1_000_000_000;
                let schedule = abi::Schedule {
                    kind: abi::schedule_kind::ONCE,
                    time: host.now().get() + interval,
                    ..abi::Schedule::default()
                };
                host.timer(&schedule);
            }
            _ => host.metric("luck", Money::new(i128::from(self.random.next()))),
        }
    }

    fn submit(&mut self, host: &mut dyn StrategyHost) {
        let is_market = self.random.chance(40);
        let order = abi::OrderRequest {
            // 4 is unknown, 3 an index
            instrument: u32::try_from(self.random.range(1, 60))
                .map_or(1, |n| if n > 4 { n % 2 + 1 } else { n }),
            side: if self.random.chance(50) { abi::side::BUY } else { abi::side::SELL },
            order_type: if is_market { abi::order_type::MARKET } else { abi::order_type::LIMIT },
            tag: TAG,
            quantity: if self.random.chance(1) { i64::MAX } else { self.random.range(0, 13) },
            price: if is_market { 0 } else { self.random.range(90, 111) },
            ..abi::OrderRequest::default()
        };
        self.orders.extend(host.submit(&order));
    }
}

impl StrategyInstance for Gambler {
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        self.gamble(host)?;
        Ok(events.len())
    }

    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[abi::OrderEvent]) -> Result<usize, Fault> {
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
        let is_asked = self.random.chance(30);
        Ok(is_asked.then(|| Money::new(i128::from(self.random.range(-1_000, 1_000)))))
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
