//! Ways out that are asked for by hand together with their entry: what `Context::bracket` is for a strategy.
//!
//! The entry goes first, because what is attached to it needs its id. A way out that the gate denies stands in the report with
//! the reason: the entry may be filled by then, and whoever asked has to see to it.

use anyhow::Result;
use stratd_engine::StrategyId;
use stratd_plugin_api::{Bracket, Decimal, OrderRequest, Side};

use super::{HandRefused, OrderRow, by_hand::on_tick};
use crate::runtime::event_loop::EventLoop;

/// Prices at which an entry is to be closed again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exits {
    /// With a limit order.
    pub(crate) take_profit: Option<Decimal>,
    /// With a stop.
    pub(crate) stop_loss: Option<Decimal>,
    /// With a stop that follows at that distance, in the place of a price.
    pub(crate) stop_loss_trail: Option<Decimal>,
}

impl EventLoop {
    /// The orders that are to be attached to an entry.
    pub(super) fn exits_of(
        &self,
        entry: &OrderRequest,
        exits: Exits,
    ) -> Result<Vec<OrderRequest>, HandRefused> {
        let Some(instrument) = self.engine().instrument(entry.instrument) else { return Ok(Vec::new()) };
        let mut bracket = match entry.side {
            Side::Buy => Bracket::buy(*entry),
            Side::Sell => Bracket::sell(*entry),
        };
        if let Some(price) = exits.take_profit {
            bracket = bracket.take_profit(on_tick(instrument, "take_profit", price)?);
        }
        if let Some(price) = exits.stop_loss {
            bracket = bracket.stop_loss(on_tick(instrument, "stop_loss", price)?);
        }
        if let Some(trail) = exits.stop_loss_trail {
            bracket = bracket.trailing_stop(on_tick(instrument, "stop_loss_trail", trail)?);
        }
        let exits = [("take_profit", bracket.take_profit), ("stop_loss", bracket.stop_loss)];
        let exits: Vec<_> = exits.into_iter().filter_map(|(key, exit)| Some((key, exit?))).collect();
        for (key, exit) in &exits {
            // as it will be sent, with an entry that is one
            let attached = exit.attached_to(stratd_plugin_api::ClientOrderId(u64::MAX));
            if let Some(text) = self.not_taken(&attached) {
                return Err(HandRefused::Bad { key, text });
            }
        }
        Ok(exits.into_iter().map(|(_, exit)| exit).collect())
    }

    /// Attaches the ways out to their entry.
    pub(super) fn attach_exits(
        &mut self,
        owner: StrategyId,
        entry: OrderRow,
        exits: &[OrderRequest],
    ) -> Result<Vec<OrderRow>> {
        let mut attached = Vec::new();
        for exit in exits {
            // limits may have cut the entry
            let quantity = exit.quantity.min(entry.request.quantity);
            let request = OrderRequest { quantity, ..exit.attached_to(entry.id) };
            let id = match self.feed_new(owner, &request)? {
                Ok((row, _)) => Some(row.id),
                Err(HandRefused::Denied { order, .. }) => order.map(stratd_plugin_api::ClientOrderId),
                Err(_) => None,
            };
            attached.extend(id.and_then(|id| self.engine().order(id)).map(OrderRow::of));
        }
        Ok(attached)
    }
}
