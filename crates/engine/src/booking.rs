//! From an execution to the books: what it costs, and whose it is.

use stratd_plugin_api::{
    ClientOrderId, Instrument, InstrumentId, Money, PositionSide, Price, Quantity, Side, abi,
};

use crate::{
    Engine, EngineError, FaultPlace, FillAmounts, FillReport, Output, StrategyId, portfolio::FillToBook,
};

impl Engine {
    /// Asks the strategy, then the configured model, what an execution costs beyond the exchange's fee.
    pub(crate) fn add_costs(
        &mut self,
        strategy: StrategyId,
        fill: &mut abi::FillRecord,
    ) -> Result<(), EngineError> {
        let at = |handler| {
            let (instrument, order) = (InstrumentId(fill.instrument), ClientOrderId(fill.client_order_id));
            move || Some(FaultPlace { handler, instrument: Some(instrument), order: Some(order) })
        };
        let (of_slippage, of_cost) = (at("slippage"), at("transaction_cost"));
        let asked =
            self.call(strategy, of_slippage, |instance, view| instance.slippage(view, fill)).flatten();
        let slippage = asked.or_else(|| {
            self.core.config.costs.slippage(self.core.instruments.get(InstrumentId(fill.instrument))?, fill)
        });
        fill.slippage = slippage.ok_or_else(|| self.cost_overflow("slippage", fill))?.into();
        let asked =
            self.call(strategy, of_cost, |instance, view| instance.transaction_cost(view, fill)).flatten();
        let cost = asked.or_else(|| {
            let instrument = self.core.instruments.get(InstrumentId(fill.instrument))?;
            self.core.config.costs.transaction_cost(instrument, fill)
        });
        fill.transaction_cost = cost.ok_or_else(|| self.cost_overflow("transaction cost", fill))?.into();
        Ok(())
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
