//! Asking an exchange how our orders are, and taking its answers in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use anyhow::Result;
use stratd_engine::{InputKind, OrderState, StrategyId};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, OrderEventKind, OrderStatus, Reason, Timestamp, abi, abi::TextHandle,
};

use super::findings::{self, findings, is_same, unresolved};
use crate::runtime::{
    command::Question,
    event_loop::EventLoop,
    exchange_desk::{ExchangeDesk, Reported},
};

/// The numbers of our questions.
const OPEN_ORDERS: u64 = 4;
const FILLS: u64 = 5;
const ACCOUNTS: u64 = 6;
const ORDER: u64 = 7;
/// Orders that are asked for one by one in one check; the others are asked for in the next.
const ASKED_ONE_BY_ONE_MAX: usize = 1_000;

/// What an exchange answered, and what was known before it was asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The orders that worked, and those that ended lately.
    pub(crate) before: Vec<abi::OrderRecord>,
    pub(crate) reported: Reported,
    /// An order that was sent a moment ago may be on its way still.
    pub(crate) is_same_connection: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) working: usize,
    pub(crate) fills: usize,
    pub(crate) ended: usize,
    /// Orders that nobody knows of.
    pub(crate) unknown: Vec<u64>,
    /// Orders that are none of ours, now taken up.
    pub(crate) adopted: usize,
    /// Instruments of which it holds something else than our books.
    pub(crate) differing: usize,
}

impl Found {
    /// Whether anything was not as it was known.
    pub(crate) fn is_news(&self) -> bool {
        self.fills + self.ended + self.adopted + self.unknown.len() > 0
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { working, fills, ended, unknown, adopted, differing } = self;
        write!(
            f,
            "{working} orders of ours worked there: {fills} fills and {ended} ends since then, {} unknown, {adopted} of others",
            unknown.len()
        )?;
        if *differing > 0 {
            write!(f, ", {differing} positions that our books have otherwise")?;
        }
        Ok(())
    }
}

/// Open orders first, then fills: an order that ends in between is in one of the two. Then accounts, which need not be.
pub(crate) fn ask_all(
    desk: &ExchangeDesk,
    ask: &mut dyn FnMut(Question) -> Result<(), String>,
    (before, since): (&[abi::OrderRecord], Timestamp),
) -> Result<Reported, String> {
    drop(desk.take_reported());
    let questions = [
        ("open orders", Question::OpenOrders(OPEN_ORDERS), OPEN_ORDERS),
        ("fills", Question::FillsSince(FILLS, since), FILLS),
    ];
    for (what, question, number) in questions {
        let answer = ask(question).and_then(|()| desk.wait(number).map_err(|error| error.to_string()));
        answer.map_err(|why| format!("its {what}: {why}"))?;
    }
    // without accounts everything else is known all the same
    let accounts = ask(Question::Accounts(ACCOUNTS));
    if let Err(why) = accounts.and_then(|()| desk.wait(ACCOUNTS).map_err(|error| error.to_string())) {
        tracing::debug!(logger = "recovery", "exchange {} tells no accounts: {why}", desk.name());
    }
    let mut reported = desk.take_reported();
    let unresolved: Vec<_> = unresolved(before, &reported).take(ASKED_ONE_BY_ONE_MAX).collect();
    for (id, handle) in unresolved {
        let answer = ask(Question::Order(ORDER, ClientOrderId(id), handle));
        // who does not answer leaves it unknown
        if answer.is_ok_and(|()| desk.wait(ORDER).is_ok()) {
            let is_it = |record: &abi::OrderRecord| {
                is_same((id, handle), (record.client_order_id, record.exchange_order_id))
            };
            let record = desk.take_reported().open_orders.into_iter().find(is_it);
            reported.found.push((id, record));
        }
    }
    Ok(reported)
}

impl EventLoop {
    /// Takes in what an exchange answered.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(in crate::runtime) fn take_findings(&mut self, exchange: ExchangeId, asked: &Asked) -> Result<Found> {
        let Asked { before, reported, is_same_connection } = asked;
        let now = self.now();
        let working = before.iter().filter(|order| !findings::has_ended(order)).count();
        let mut found = Found { working, ..Found::default() };
        self.compare_fills(exchange, &reported.fills);
        let moved = self.moved_holdings(exchange);
        // what was told since the question is newer than the answer
        let record = |id: u64| self.engine().order(ClientOrderId(id)).map(stratd_engine::Order::record);
        let is_other = |order: &&abi::OrderRecord| record(order.client_order_id).as_ref() != Some(*order);
        let changed: BTreeSet<u64> =
            before.iter().filter(is_other).map(|order| order.client_order_id).collect();
        for event in findings(before, reported, now).events {
            let id = ClientOrderId(event.client_order_id);
            let kind = OrderEventKind::from_code(event.kind);
            let is_fill = matches!(kind, Some(OrderEventKind::Bought | OrderEventKind::Sold));
            if !is_fill {
                let is_on_its_way = *is_same_connection && self.driver().link().is_on_its_way(id);
                if changed.contains(&id.0) || is_on_its_way {
                    continue;
                }
            }
            let seen = self.engine().order(id).map(|order| (order.state, order.filled));
            if let Some(lost) = self.lost_before(&event) {
                self.driver_mut().feed(now, InputKind::Order(lost))?;
            }
            self.driver_mut().feed(now, InputKind::Order(event))?;
            self.tell_held_again(&event);
            let order = self.engine().order(id);
            let is_unknown = event.status == abi::order_status::UNKNOWN;
            if is_unknown {
                let is_lost = order.is_some_and(|order| order.status() == OrderStatus::Unknown);
                found.unknown.extend(is_lost.then_some(id.0));
            } else if order.map(|order| (order.state, order.filled)) != seen {
                found.fills += usize::from(is_fill);
                let had_ended = seen.is_some_and(|(state, _)| state.is_final());
                found.ended += usize::from(order.is_some_and(|order| order.state.is_final()) && !had_ended);
            }
            self.take_outputs()?;
        }
        found.adopted = self.adopt(exchange, (before, reported))?;
        found.differing = self.compare_holdings(exchange, (reported, &moved));
        self.take_accounts(&reported.accounts)?;
        let name = self.recorder().exchange_name(exchange.0).to_owned();
        if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
            for account in &reported.accounts {
                journal.account(&name, account, now);
            }
        }
        if !found.unknown.is_empty() {
            tell_unknown(&name, &found.unknown);
        }
        Ok(found)
    }

    /// What comes before the word that an order never came, of one that waits for its answer and had been held: nobody knew
    /// how it is, so that it is held again and does not end.
    fn lost_before(&self, event: &abi::OrderEvent) -> Option<abi::OrderEvent> {
        let is_told = event.kind == OrderEventKind::Rejected.code();
        let never_came = is_told && event.reason == Reason::UnknownOrder.code();
        let order =
            self.engine().working_order(ClientOrderId(event.client_order_id)).filter(|_| never_came)?;
        let is_pending = order.state == OrderState::PendingNew && order.kept_stand_in().is_some();
        let (kind, status) = (OrderEventKind::Received.code(), abi::order_status::UNKNOWN);
        is_pending.then_some(abi::OrderEvent { kind, status, reason: Reason::Exchange.code(), ..*event })
    }

    /// What strategies see of accounts; one that is as it was is no input.
    fn take_accounts(&mut self, told: &[abi::AccountRecord]) -> Result<()> {
        for account in told {
            if !self.engine().knows_account(account) {
                let now = self.now();
                self.driver_mut().feed(now, InputKind::Account(*account))?;
                self.take_outputs()?;
            }
        }
        Ok(())
    }

    /// The exchange may say something else of a fill that was booked: what was booked stays, and somebody should know.
    fn compare_fills(&self, exchange: ExchangeId, fills: &[abi::FillRecord]) {
        // an hour of fills is compared with all that are known, on the thread of the event loop: each is looked up
        let mut booked: BTreeMap<StrategyId, HashMap<TextHandle, Vec<&abi::FillRecord>>> = BTreeMap::new();
        for fill in fills.iter().filter(|fill| fill.trade_id != 0) {
            let ids = (fill.client_order_id, fill.exchange_order_id);
            let owner = self.engine().owner_of(ClientOrderId(fill.client_order_id));
            let Some(owner) = owner else { continue };
            let of_owner = booked.entry(owner).or_insert_with(|| {
                let mut by_trade: HashMap<_, Vec<_>> = HashMap::new();
                for (_, known) in self.engine().fills(owner, u64::MAX) {
                    if known.exchange == exchange.0 {
                        by_trade.entry(known.trade_id).or_default().push(known);
                    }
                }
                by_trade
            });
            let is_it =
                |known: &&&abi::FillRecord| is_same((known.client_order_id, known.exchange_order_id), ids);
            let Some(known) = of_owner.get(&fill.trade_id).and_then(|known| known.iter().find(is_it)) else {
                continue;
            };
            if (known.price, known.quantity, known.fee) != (fill.price, fill.quantity, fill.fee) {
                tracing::warn!(
                    logger = "recovery",
                    "fill {} of order {}: booked with price {}, quantity {} and fee {}, and the exchange says {}, {} and {} now (in units); what was booked stays",
                    self.services().text_of(fill.trade_id),
                    fill.client_order_id,
                    known.price,
                    known.quantity,
                    stratd_plugin_api::Money::from(known.fee),
                    fill.price,
                    fill.quantity,
                    stratd_plugin_api::Money::from(fill.fee)
                );
            }
        }
    }
}

/// So many unknown orders are named in one line of the log.
const NAMED_MAX: usize = 10;

fn tell_unknown(exchange: &str, unknown: &[u64]) {
    let named: Vec<_> = unknown.iter().take(NAMED_MAX).map(u64::to_string).collect();
    tracing::error!(
        logger = "recovery",
        "exchange {exchange}: {} orders are in an unknown state: it never acknowledged them and does not list them ({}{})",
        unknown.len(),
        named.join(", "),
        if unknown.len() > NAMED_MAX { ", …" } else { "" }
    );
}
