//! Orders at an exchange that nobody here made: taken up for the owner `external`, or for the strategy that claims them.

use anyhow::Result;
use stratd_engine::{ByHand, InputKind, OrderState, Restored, RestoredOrder, StrategyId};
use stratd_plugin_api::{ClientOrderId, ExchangeId, OrderRequest, OrderStatus, Quantity, Timestamp, abi};

use super::findings::is_same;
use crate::runtime::{event_loop::EventLoop, exchange_desk::Reported, trading::EXTERNAL};

impl EventLoop {
    /// Takes up what is listed and not known; how many.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn adopt(
        &mut self,
        exchange: ExchangeId,
        (before, reported): (&[abi::OrderRecord], &Reported),
    ) -> Result<usize> {
        let mut count = 0;
        for listed in &reported.open_orders {
            let ids = (listed.client_order_id, listed.exchange_order_id);
            let is_known =
                before.iter().any(|order| is_same((order.client_order_id, order.exchange_order_id), ids))
                    || self.is_known(exchange, ids);
            if is_known || !is_open(listed) {
                continue;
            }
            count += usize::from(self.adopt_one(exchange, listed, &reported.fills)?);
        }
        Ok(count)
    }

    fn is_known(&self, exchange: ExchangeId, (client, of_exchange): (u64, u64)) -> bool {
        if client != 0 && self.engine().order(ClientOrderId(client)).is_some() {
            return true;
        }
        let aliases = self.driver().link().journal().map(|journal| &journal.aliases);
        if aliases.is_some_and(|aliases| aliases.own(exchange.0, (client, of_exchange)).is_some()) {
            return true;
        }
        let is_it = |order: &stratd_engine::Order| {
            order.exchange == exchange && of_exchange != 0 && order.exchange_order_id == of_exchange
        };
        self.engine().working_orders().any(is_it) || self.engine().ended_orders().any(is_it)
    }

    fn adopt_one(
        &mut self,
        exchange: ExchangeId,
        listed: &abi::OrderRecord,
        fills: &[abi::FillRecord],
    ) -> Result<bool> {
        let Some(request) = request_of(listed) else {
            tracing::error!(
                logger = "recovery",
                "an order at exchange {} that is not ours and cannot be read: {listed:?}",
                self.recorder().exchange_name(exchange.0)
            );
            return Ok(false);
        };
        if self.driver().link().journal().is_none() {
            return Ok(false);
        }
        let text = self.id_of(listed);
        let owner = match self.claimant(&text, listed) {
            Some(strategy) => strategy,
            None => self.owner(EXTERNAL)?,
        };
        let ids = (listed.client_order_id, listed.exchange_order_id);
        let journal = self.driver_mut().link_mut().journal_mut();
        let counter = journal.map(|journal| journal.next_adopted(owner)).unwrap_or_default();
        let Some(id) = self.engine().adopted_id(owner, counter) else { return Ok(false) };
        if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
            journal.aliases.add(id, exchange, ids);
        }
        let trade_ids =
            fills.iter().filter(|fill| is_same(ids, (fill.client_order_id, fill.exchange_order_id)));
        let order = RestoredOrder {
            id,
            strategy: owner,
            exchange,
            request,
            exchange_order_id: listed.exchange_order_id,
            state: OrderState::Working,
            filled: Quantity::new(listed.filled),
            filled_value: i128::from(listed.price) * i128::from(listed.filled),
            created: Timestamp::new(listed.created),
            updated: Timestamp::new(listed.updated),
            is_by_hand: false,
            is_closing: false,
            trade_ids: trade_ids.map(|fill| fill.trade_id).filter(|id| *id != 0).collect(),
            stand_in: None,
        };
        let now = self.now();
        self.driver_mut().feed(now, InputKind::Restored(Restored::Order(Box::new(order))))?;
        if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
            journal.order(id);
        }
        let cancels = self.recovery.as_ref().is_some_and(|recovery| recovery.options.cancel_external);
        let whose = self.recorder().strategy_name(owner).to_owned();
        tracing::warn!(
            logger = "recovery",
            "order {text} at exchange {} was not made here: it is order {id} of {whose} now{}",
            self.recorder().exchange_name(exchange.0),
            if cancels && whose == EXTERNAL { ", and is canceled (recovery.cancel_external)" } else { "" }
        );
        if cancels && whose == EXTERNAL {
            self.driver_mut().feed(now, InputKind::ByHand(ByHand::Cancel(id)))?;
        }
        self.take_outputs()?;
        Ok(true)
    }

    /// The id by which people know it.
    fn id_of(&self, listed: &abi::OrderRecord) -> String {
        if listed.client_order_id != 0 {
            return listed.client_order_id.to_string();
        }
        self.services().text_of(listed.exchange_order_id)
    }

    /// The strategy that claims an order: by how its id begins, or because the id is one of its own.
    fn claimant(&self, id: &str, listed: &abi::OrderRecord) -> Option<StrategyId> {
        let claims = self.recovery.as_ref().map(|recovery| recovery.options.claims.as_slice());
        let claimed = claims.unwrap_or_default().iter().find(|(prefix, _)| id.starts_with(prefix.as_str()));
        let by_name = |name: &str| {
            let at = self.engine().strategies().position(|(config, ..)| config.name == name)?;
            u16::try_from(at).ok().map(StrategyId)
        };
        claimed
            .and_then(|(_, strategy)| by_name(strategy))
            .or_else(|| self.engine().owner_of(ClientOrderId(listed.client_order_id)))
    }
}

fn is_open(listed: &abi::OrderRecord) -> bool {
    !OrderStatus::from_code(listed.status).is_some_and(OrderStatus::is_final)
}

fn request_of(listed: &abi::OrderRecord) -> Option<OrderRequest> {
    let raw = abi::OrderRequest {
        instrument: listed.instrument,
        exchange: 0,
        side: listed.side,
        order_type: listed.order_type,
        flags: listed.flags,
        // when it ends is its exchange's matter
        lifetime: abi::order_lifetime::GTC,
        tag: listed.tag,
        quantity: listed.quantity,
        price: listed.price,
        stop_price: listed.stop_price,
        ..abi::OrderRequest::default()
    };
    OrderRequest::try_from(&raw).ok()
}
