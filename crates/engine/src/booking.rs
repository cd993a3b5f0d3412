//! From an execution to the books: what it costs, and whose it is.

use std::cell::Cell;

use stratd_plugin_api::{
    ClientOrderId, Instrument, InstrumentId, Money, PositionSide, Price, Quantity, Side, abi,
};

use crate::{
    Engine, EngineError, FaultPlace, FillAmounts, FillReport, Output, StrategyId, core::Core,
    portfolio::FillToBook,
};

impl Engine {
    /// Asks the strategy, then the configured models, what an execution costs beyond the exchange's fee. Both hooks are
    /// one call; an instance that takes over in it is asked what the other one has not told.
    pub(crate) fn add_costs(
        &mut self,
        strategy: StrategyId,
        fill: &mut abi::FillRecord,
    ) -> Result<(), EngineError> {
        let (instrument, order) = (InstrumentId(fill.instrument), ClientOrderId(fill.client_order_id));
        // the place is that of the hook which failed last
        let has_slippage = Cell::new(false);
        let at = || {
            let handler = if has_slippage.get() { "transaction_cost" } else { "slippage" };
            Some(FaultPlace { handler, instrument: Some(instrument), order: Some(order) })
        };
        let asked = self.call(strategy, at, |instance, view| {
            if !has_slippage.get() {
                let asked = instance.slippage(view, fill)?;
                has_slippage.set(true);
                match asked.or_else(|| model_slippage(view.core, fill)) {
                    Some(slippage) => fill.slippage = slippage.into(),
                    None => return Ok(Err("slippage")),
                }
            }
            let asked = instance.transaction_cost(view, fill)?;
            Ok(asked.or_else(|| model_cost(view.core, fill)).ok_or("transaction cost"))
        });
        let cost = match asked {
            Some(cost) => cost,
            // it was not called, or failed
            None => self.model_costs(fill, has_slippage.get()),
        };
        fill.transaction_cost = cost.map_err(|what| self.cost_overflow(what, fill))?.into();
        Ok(())
    }

    /// What the models say: slippage, if it is not known, and the transaction cost. Which of them is out of range.
    fn model_costs(&self, fill: &mut abi::FillRecord, has_slippage: bool) -> Result<Money, &'static str> {
        if !has_slippage {
            fill.slippage = model_slippage(&self.core, fill).ok_or("slippage")?.into();
        }
        model_cost(&self.core, fill).ok_or("transaction cost")
    }

    fn cost_overflow(&self, what: &str, fill: &abi::FillRecord) -> EngineError {
        EngineError::overflow(self.core.now, format!("{what} of a fill of order {}", fill.client_order_id))
    }

    /// Books an execution of an order that is about the position of a side, and may have finished before.
    pub(crate) fn book(
        &mut self,
        (strategy, side, is_late): (StrategyId, PositionSide, bool),
        fill: &abi::FillRecord,
    ) -> Result<(), EngineError> {
        let now = self.core.now;
        let Some(instrument) = self.core.instruments.get(InstrumentId(fill.instrument)) else {
            return Err(EngineError::bad_input(now, format!("a fill of instrument {}", fill.instrument)));
        };
        let out_of_range = || {
            let what = format!("a fill of {} {} at {}", fill.quantity, instrument.symbol, fill.price);
            EngineError::overflow(now, what)
        };
        let quantity = Quantity::new(fill.quantity);
        let signed = if fill.side == Side::Sell.code() { quantity.checked_neg() } else { Some(quantity) };
        let costs = [fill.slippage, fill.transaction_cost].map(Money::from);
        let costs = costs.iter().try_fold(Money::from(fill.fee), |sum, cost| sum.checked_add(*cost));
        let amounts = self.amounts(instrument, fill).ok_or_else(out_of_range)?;
        let booked = signed.zip(costs).and_then(|(signed, fee)| {
            self.core.portfolio.fill(&FillToBook {
                strategy,
                instrument,
                side,
                price: Price::new(fill.price),
                signed,
                fee,
                at: now,
            })
        });
        booked.ok_or_else(out_of_range)?;
        self.outputs.push(Output::Filled(FillReport { strategy, side, fill: *fill, amounts, is_late }));
        Ok(())
    }

    /// The amounts of an execution in the currency of the run.
    fn amounts(&self, instrument: &Instrument, fill: &abi::FillRecord) -> Option<FillAmounts> {
        let rate = self.core.portfolio.rates.of(instrument.id);
        let converted = |amount: abi::MoneyBits| rate.convert(amount.into());
        let notional = rate.notional(instrument, Price::new(fill.price), Quantity::new(fill.quantity))?;
        Some(FillAmounts {
            notional: notional.checked_abs()?,
            fee: converted(fill.fee)?,
            slippage: converted(fill.slippage)?,
            transaction_cost: converted(fill.transaction_cost)?,
        })
    }
}

fn model_slippage(core: &Core, fill: &abi::FillRecord) -> Option<Money> {
    core.config.costs.slippage(core.instruments.get(InstrumentId(fill.instrument))?, fill)
}

fn model_cost(core: &Core, fill: &abi::FillRecord) -> Option<Money> {
    core.config.costs.transaction_cost(core.instruments.get(InstrumentId(fill.instrument))?, fill)
}
