//! Orders by hand: what people ask for past the strategies.
//!
//! They pass the same gate, live by the same state machine and are booked in the same books as those of strategies. An
//! order has an owner like any other: a strategy, whose position it changes and which hears of it as of its own, or
//! the owner of [`Engine::add_owner`], who is no strategy and has a book of his own. A strategy that has ended may
//! still be given orders by hand: somebody has to close what it left.

use stratd_plugin_api::{
    ClientOrderId, Fault, InstrumentId, Money, OrderRequest, Price, Quantity, Reason, StrategyHost,
    StrategyInstance, Timestamp, abi,
};

use crate::{
    Breach, Engine, EngineError, Output, StrategyConfig, StrategyId, risk::Refusal, strategies::Subscription,
};

/// What a person asks for.
#[derive(Clone, Debug)]
pub enum ByHand {
    /// A new order. [`Output::ByHand`] tells its id; what became of it follows.
    New(StrategyId, abi::OrderRequest),
    /// A cancel; of an order that does not work, nothing.
    Cancel(ClientOrderId),
    /// Another price and total quantity; of an order that does not work, nothing.
    Change(ClientOrderId, Price, Quantity),
    /// Cancels of all working orders of a strategy, or of all, in an instrument, or in all.
    CancelAll(Option<StrategyId>, Option<InstrumentId>),
}

/// Why the gate would not let something pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The limit, or what else is wrong.
    pub reason: Reason,
    /// The limit in numbers, where it has some.
    pub breach: Option<Breach>,
}

/// What the gate makes of a request: what passes, and why not all of it if it is less.
pub type Judged = Result<(OrderRequest, Option<Denied>), Denied>;

impl From<Refusal> for Denied {
    fn from(Refusal { reason, breach }: Refusal) -> Self {
        Self { reason, breach }
    }
}

impl Engine {
    /// Adds an owner of orders by hand: it has a book, limits and a trading state like a strategy, listens to nothing,
    /// and never asks for anything itself.
    ///
    /// # Errors
    /// More strategies than ids.
    pub fn add_owner(&mut self, name: &str) -> Result<StrategyId, EngineError> {
        let config = StrategyConfig {
            name: name.to_owned(),
            may_shutdown: false,
            cancels_on_stop: false,
            is_batch_safe: true,
            bars: Vec::new(),
        };
        let owner = self.add_strategy(config, Box::new(Nobody))?;
        if let Some(slot) = self.strategies.get_mut(owner.index()) {
            slot.subscription = Subscription::nothing();
        }
        Ok(owner)
    }

    /// What the gate would make of a new order now: what would be sent of it, and why not all if it is less.
    ///
    /// # Errors
    /// It would be denied.
    pub fn judge(&self, owner: StrategyId, request: &OrderRequest) -> Judged {
        let raw = abi::OrderRequest::from(request);
        let routed = self.routed(owner, &raw).map_err(Refusal::from).map_err(Denied::from)?;
        let passed = self.approve_new(owner, routed.as_ref().unwrap_or(&raw)).map_err(Denied::from)?;
        Ok((*passed.request.get(), passed.reduced.map(|reduced| reduced.why.into())))
    }

    /// What the gate would make of a change of an order now: the order as it would be, and why it is cut if it is.
    ///
    /// # Errors
    /// It would be denied; [`Reason::UnknownOrder`] if it does not work.
    pub fn judge_change(&self, order: ClientOrderId, price: Price, quantity: Quantity) -> Judged {
        let owner = self.core.execution.get(order).map(|order| order.strategy);
        let judged = owner
            .ok_or(Refusal::from(Reason::UnknownOrder))
            .and_then(|owner| self.approve_change(owner, order, price, quantity));
        let (change, reduced) = judged.map_err(Denied::from)?;
        Ok((change.get().request, reduced.map(|reduced| reduced.why.into())))
    }

    /// Carries out what a person asks for.
    pub(crate) fn by_hand(&mut self, asked: &ByHand) {
        match asked {
            ByHand::New(owner, raw) => self.new_by_hand(*owner, raw),
            ByHand::Cancel(id) => {
                self.cancel(*id);
            }
            ByHand::Change(id, price, quantity) => {
                let owner = self.core.execution.get(*id).map(|order| order.strategy);
                if let Some(owner) = owner {
                    self.change_order(owner, *id, *price, *quantity);
                }
            }
            ByHand::CancelAll(asked, instrument) => {
                for index in 0..self.strategies.len() {
                    let Ok(id) = u16::try_from(index).map(StrategyId) else { return };
                    if asked.is_none_or(|asked| asked == id) {
                        self.cancel_all(id, *instrument);
                    }
                }
            }
        }
    }

    fn new_by_hand(&mut self, owner: StrategyId, raw: &abi::OrderRequest) {
        let Some(slot) = self.strategies.get_mut(owner.index()) else { return };
        let Some(counter) = slot.order_counter.checked_add(1) else { return };
        let Some(order) = self.core.execution.ids().id(owner, counter) else { return };
        slot.order_counter = counter;
        self.outputs.push(Output::ByHand { order, strategy: owner });
        self.new_order(owner, order, raw);
        self.core.execution.mark_by_hand(order);
    }
}

/// The instance of an owner who is no strategy.
struct Nobody;

impl StrategyInstance for Nobody {
    fn on_events(&mut self, _: &mut dyn StrategyHost, events: &[abi::Event]) -> Result<usize, Fault> {
        Ok(events.len())
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
        Ok(None)
    }

    fn restore(&mut self, _: &mut dyn StrategyHost, _: u32, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn quiesce(&mut self, _: &mut dyn StrategyHost, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}
