//! A strategy with an asynchronous runtime inside: on a thread of its own, and on the thread that the host calls on.
//!
//! Each plugin has its own copy of tokio with its own thread-locals, whose destructors keep the library mapped for as
//! long as a thread lives that entered the runtime.
#![forbid(unsafe_code)]

use std::thread::JoinHandle;

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Context, Error, Exit, Result, Strategy, Trade};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

/// Trades on their way to the task. A full channel makes the strategy wait, as a careless author would.
const CHANNEL_MAX: usize = 1_000;

/// The strategy.
pub struct Tokio {
    /// Of the host's thread.
    here: Runtime,
    /// Prices to the task on the thread of its own.
    prices: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    sum: i64,
}

/// Nothing to configure.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// A price, and where the sum of all of them is wanted.
struct Work {
    price: i64,
    answer: oneshot::Sender<i64>,
}

async fn add_up(mut prices: mpsc::Receiver<Work>) {
    let mut sum: i64 = 0;
    while let Some(Work { price, answer }) = prices.recv().await {
        sum = sum.wrapping_add(price);
        // whoever asked may be gone
        let _ = answer.send(sum);
    }
}

impl Strategy for Tokio {
    type Config = Config;
    const SPAWNS_THREADS: bool = true;

    fn new(_: Config) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(CHANNEL_MAX);
        let there = Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new().name("tokio-inside".to_owned());
        let thread = thread.spawn(move || there.block_on(add_up(receiver)))?;
        let here = Builder::new_current_thread().enable_time().build()?;
        Ok(Self { here, prices: Some(sender), thread: Some(thread), sum: 0 })
    }

    fn on_trade(&mut self, _: &mut Context<'_>, trade: &Trade) -> Result<()> {
        let Some(prices) = &self.prices else { return Ok(()) };
        let (answer, answered) = oneshot::channel();
        let work = Work { price: trade.price.get(), answer };
        self.sum = self.here.block_on(async {
            prices.send(work).await.map_err(|_| Error::new("the task is gone"))?;
            answered.await.map_err(|_| Error::new("the task gave no answer"))
        })?;
        Ok(())
    }

    fn on_exit(&mut self, ctx: &mut Context<'_>, _: &Exit) -> Result<()> {
        ctx.info(format_args!("the sum of all prices is {}", self.sum));
        Ok(())
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        // the task ends with its channel, and the thread with the task
        self.prices = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_strategy!(Tokio);

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{Instrument, InstrumentType};
    use stratd_testkit::Desk;

    use super::*;

    #[test]
    fn prices_go_through_both_runtimes() {
        let mut desk = Desk::new();
        let aapl = desk.instrument(Instrument::new("AAPL", InstrumentType::Equity));
        desk.strategy::<Tokio>("{}").unwrap();
        desk.start();
        ["1.00", "2.00", "4.50"].iter().for_each(|price| desk.trade(aapl, price, "1"));
        desk.end();
        assert_eq!(desk.logs(), ["20 Tokio: the sum of all prices is 750"]);
    }
}
