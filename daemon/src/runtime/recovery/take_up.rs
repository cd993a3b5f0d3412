//! What `state.db` has, put into the engine.
//!
//! Names are those of the configuration, which may be another one now. Who had orders, positions or money and is no strategy
//! of this run is an owner all the same, so that cash and positions of the run are whole. What an exchange or an instrument is
//! missing for keeps from trading if an order works there or a position is held, and is left alone otherwise.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use stratd_engine::{
    InputKind, Position, Restored, RestoredGroup, RestoredLosses, RestoredOrder, RestoredPosition,
    RestoredStandIn, Scope, StrategyId,
};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, InstrumentId, LiquiditySide, Money, OrderRequest, Price, Quantity,
    StrategyServices as _, abi, abi::TextHandle,
};

use super::kept_words as words;
use crate::{
    runtime::event_loop::EventLoop,
    store::trading::{Kept, KeptFill, KeptGroup, KeptLoss, KeptOrder, KeptPosition, KeptStandIn, units},
};

/// So many problems are told at once.
const TOLD_MAX: usize = 10;

/// What names mean in this run.
struct Names<'a> {
    run: &'a EventLoop,
    owners: BTreeMap<&'a str, StrategyId>,
    exchanges: BTreeMap<String, ExchangeId>,
    problems: Vec<String>,
}

impl EventLoop {
    /// Puts in what earlier runs left. In words, if something of it has no place: then nothing was put in.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn take_up(&mut self, kept: &Kept) -> Result<Result<(), String>> {
        let absent = self.absent_owners(kept);
        for name in absent {
            self.owner(&name)?;
        }
        let own = self.names_by_strategy();
        let (restored, aliases, problems) = {
            let owners = own.iter().map(|(id, name)| (name.as_str(), *id)).collect();
            let exchanges = self.exchange_ids().map(|(id, name)| (name, id)).collect();
            let mut names = Names { run: self, owners, exchanges, problems: Vec::new() };
            let (restored, aliases) = names.all(kept);
            (restored, aliases, names.problems)
        };
        if !problems.is_empty() {
            let more = problems.len().saturating_sub(TOLD_MAX);
            let told = problems.iter().take(TOLD_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            return Ok(Err(format!("state.db has what has no place in this configuration: {told}{more}")));
        }
        self.note_numbers(kept, &own, aliases);
        let now = self.now();
        let answered: BTreeSet<u64> = kept
            .orders
            .iter()
            .filter(|order| order.status != "pending_new")
            .map(|order| order.client_order_id)
            .collect();
        for restored in restored {
            // what waited for an answer is unknown now, and the table shall say so
            if let (Restored::Order(order), Some(journal)) =
                (&restored, self.driver_mut().link_mut().journal_mut())
            {
                if !answered.contains(&order.id.0) {
                    journal.order(order.id);
                }
                if order.stand_in.is_some_and(|stand_in| stand_in.waits.is_some()) {
                    journal.know_held(order.id);
                }
            }
            if let (Restored::Fill(_, fill), Some(journal)) =
                (&restored, self.driver_mut().link_mut().journal_mut())
                && fill.trade_id == 0
            {
                journal.know_fill(fill);
            }
            self.driver_mut().feed(now, InputKind::Restored(restored))?;
        }
        self.take_outputs()?;
        Ok(Ok(()))
    }

    fn names_by_strategy(&self) -> Vec<(StrategyId, String)> {
        let ids = (0..=u16::MAX).map(StrategyId);
        ids.zip(self.engine().strategies()).map(|(id, (config, ..))| (id, config.name.clone())).collect()
    }

    /// Who is no strategy of this run and has something.
    fn absent_owners(&self, kept: &Kept) -> Vec<String> {
        let present: BTreeSet<&str> =
            self.engine().strategies().map(|(config, ..)| config.name.as_str()).collect();
        let works: BTreeSet<&str> = kept
            .orders
            .iter()
            .filter(|order| order.phase != "ended")
            .map(|order| order.strategy.as_str())
            .collect();
        let holds: BTreeSet<&str> = kept
            .positions
            .iter()
            .filter(|held| held.size != "0")
            .map(|held| held.strategy.as_str())
            .collect();
        let has_something = |name: &str, amounts: [&String; 3]| {
            works.contains(name) || holds.contains(name) || amounts.iter().any(|amount| *amount != "0")
        };
        let absent = kept.portfolios.iter().filter(|one| {
            !present.contains(one.strategy.as_str())
                && has_something(&one.strategy, [&one.cash, &one.realized, &one.fees])
        });
        absent.map(|one| one.strategy.clone()).collect()
    }

    /// Keeps what the engine does not: ids of orders that were found, counters of them, and of owners without a place.
    fn note_numbers(
        &mut self,
        kept: &Kept,
        own: &[(StrategyId, String)],
        aliases: Vec<(ClientOrderId, ExchangeId, (u64, TextHandle))>,
    ) {
        let mut absent = BTreeMap::new();
        if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
            for (id, exchange, ids) in aliases {
                journal.aliases.add(id, exchange, ids);
            }
            for one in &kept.portfolios {
                match own.iter().find(|(_, name)| *name == one.strategy) {
                    Some((id, _)) => journal.set_adopted(*id, one.adopted),
                    None => drop(absent.insert(one.strategy.clone(), (one.number, one.counter))),
                }
            }
            for (id, name) in own {
                if !kept.portfolios.iter().any(|known| known.strategy == *name) {
                    journal.owner(*id);
                }
            }
        }
        self.desk.numbers = absent;
    }
}

type Alias = (ClientOrderId, ExchangeId, (u64, TextHandle));

impl Names<'_> {
    fn all(&mut self, kept: &Kept) -> (Vec<Restored>, Vec<Alias>) {
        let mut all = vec![Restored::Begin];
        self.ids(kept, &mut all);
        for one in &kept.portfolios {
            let Some(strategy) = self.owners.get(one.strategy.as_str()).copied() else { continue };
            let amounts = (words::money(&one.cash), words::money(&one.realized), words::money(&one.fees));
            match amounts {
                (Some(cash), Some(realized), Some(fees)) => {
                    all.push(Restored::Portfolio { strategy, cash, realized, fees });
                }
                _ => self
                    .problems
                    .push(format!("amounts of the portfolio of {} that are no numbers", one.strategy)),
            }
        }
        for one in &kept.positions {
            all.extend(self.position(one).map(|position| Restored::Position(Box::new(position))));
        }
        all.push(Restored::Books);
        for one in &kept.losses {
            all.extend(self.losses(one));
        }
        let trade_ids = self.trade_ids(kept);
        let mut aliases = Vec::new();
        let mut orders = BTreeSet::new();
        for one in &kept.orders {
            let ids = trade_ids.get(&one.client_order_id).map(Vec::as_slice).unwrap_or_default();
            let Some(order) = self.order(one, ids) else { continue };
            if let Some(foreign) = one.foreign_id {
                aliases.push((order.id, order.exchange, (foreign, order.exchange_order_id)));
            }
            orders.insert(order.id);
            all.push(Restored::Order(Box::new(order)));
        }
        for one in &kept.groups {
            all.extend(self.group(one).map(Restored::Group));
        }
        for one in &kept.fills {
            all.extend(self.fill(one).map(|(strategy, fill)| Restored::Fill(strategy, fill)));
        }
        (all, aliases)
    }

    /// Everybody's number: that of before, or one that nobody had.
    fn ids(&self, kept: &Kept, all: &mut Vec<Restored>) {
        let mut last = kept.portfolios.iter().map(|one| one.number).max().unwrap_or(0);
        let mut owners: Vec<_> = self.owners.iter().map(|(name, id)| (*id, *name)).collect();
        owners.sort();
        for (strategy, name) in owners {
            let known = kept.portfolios.iter().find(|one| one.strategy == name);
            let (number, counter) = known.map_or_else(
                || {
                    last = last.saturating_add(1);
                    (last, 0)
                },
                |one| (one.number, one.counter),
            );
            all.push(Restored::Ids { strategy, number, counter });
        }
        all.push(Restored::Numbers(last));
    }

    fn instrument(&self, exchange: &str, symbol: &str) -> Option<&Instrument> {
        let exchange = self.exchanges.get(exchange)?;
        let engine = self.run.engine();
        let ids = engine.instruments_of_symbol(symbol).iter();
        ids.filter_map(|id| engine.instrument(*id)).find(|instrument| instrument.exchange == *exchange)
    }

    fn position(&mut self, one: &KeptPosition) -> Option<RestoredPosition> {
        let what = format!("the position of {} in {}@{}", one.strategy, one.instrument, one.exchange);
        let strategy = self.owners.get(one.strategy.as_str()).copied();
        let known = self.instrument(&one.exchange, &one.instrument).map(facts);
        let (Some(strategy), Some((id, [price, quantity]))) = (strategy, known) else {
            if one.size != "0" {
                self.problems.push(format!("{what}: there is no such instrument"));
            }
            return None;
        };
        let read = || {
            Some(RestoredPosition {
                strategy,
                instrument: id,
                position: Position {
                    side: words::position_side(&one.side)?,
                    size: Quantity::new(words::narrow(&one.size, quantity)?),
                    cost: words::money(&one.cost)?,
                    realized: words::money(&one.realized)?,
                    fees: words::money(&one.fees)?,
                    notional: Money::ZERO,
                    cost_own: words::money(&one.cost_own)?,
                },
                price_last: match &one.price_last {
                    Some(text) => Some(Price::new(words::narrow(text, price)?)),
                    None => None,
                },
                lots: lots(one.lots.as_deref().unwrap_or_default(), quantity)?,
            })
        };
        let position = read();
        if position.is_none() {
            self.problems.push(format!("{what}: {one:?} does not fit the decimals of the instrument"));
        }
        position
    }

    fn losses(&self, one: &KeptLoss) -> Option<Restored> {
        let scope = match one.scope.split_once('.') {
            None => Scope::Run,
            Some(("strategy", name)) => Scope::Strategy(*self.owners.get(name)?),
            Some((_, name)) => {
                let (symbol, exchange) = name.rsplit_once('@')?;
                Scope::Instrument(self.instrument(exchange, symbol)?.id)
            }
        };
        Some(Restored::Losses(
            scope,
            RestoredLosses {
                day: one.day,
                day_start: words::money(&one.day_start)?,
                peak: words::money(&one.peak)?,
                last: words::money(&one.last)?,
                is_since_command: one.is_since_command,
            },
        ))
    }

    fn trade_ids(&self, kept: &Kept) -> BTreeMap<u64, Vec<TextHandle>> {
        let mut ids: BTreeMap<u64, Vec<TextHandle>> = BTreeMap::new();
        for fill in kept.fills.iter().filter(|fill| !fill.trade_id.starts_with('~')) {
            let handle = self.run.services().intern(&fill.trade_id);
            ids.entry(fill.client_order_id).or_default().push(handle);
        }
        ids
    }

    fn order(&mut self, one: &KeptOrder, trade_ids: &[TextHandle]) -> Option<RestoredOrder> {
        let strategy = self.owners.get(one.strategy.as_str()).copied();
        let known = self.instrument(&one.exchange, &one.instrument).map(facts);
        let works = one.phase != "ended";
        let what = || format!("order {} of {}", one.client_order_id, one.strategy);
        let (Some(strategy), Some((id, decimals))) = (strategy, known) else {
            if works {
                let place = format!("{}@{}", one.instrument, one.exchange);
                self.problems.push(format!("{}: there is no instrument {place}", what()));
            }
            return None;
        };
        let read = || {
            let [_, quantity] = decimals;
            Some(RestoredOrder {
                id: ClientOrderId(one.client_order_id),
                strategy,
                exchange: *self.exchanges.get(one.exchange.as_str())?,
                request: request(one, id, decimals)?,
                exchange_order_id: self.handle(one.exchange_order_id.as_deref()),
                state: words::state(one)?,
                filled: Quantity::new(words::narrow(&one.filled, quantity)?),
                filled_value: units(&one.filled_value, decimals[0].saturating_add(quantity))?,
                created: one.created,
                updated: one.updated,
                is_by_hand: one.is_by_hand,
                is_closing: one.is_closing,
                trade_ids: trade_ids.to_vec(),
                stand_in: match &one.stand_in {
                    Some(kept) => Some(stand_in(kept, decimals)?),
                    None => None,
                },
            })
        };
        let order = read();
        if order.is_none() && works {
            self.problems
                .push(format!("{}: it does not fit the decimals of its instrument: {one:?}", what()));
        }
        order
    }

    fn group(&mut self, one: &KeptGroup) -> Option<RestoredGroup> {
        let strategy = self.owners.get(one.strategy.as_str()).copied()?;
        // without the instrument its orders have been told as a problem
        let (_, [_, decimals]) = self.instrument(&one.exchange, &one.instrument).map(facts)?;
        let read = |text: &str| words::narrow(text, decimals).map(Quantity::new);
        let Some((total, filled)) = read(&one.total).zip(read(&one.filled)) else {
            self.problems.push(format!(
                "group {} of {}: it does not fit the decimals of its instrument: {one:?}",
                one.group, one.strategy
            ));
            return None;
        };
        Some(RestoredGroup { strategy, group: one.group, total, filled })
    }

    fn fill(&self, one: &KeptFill) -> Option<(StrategyId, abi::FillRecord)> {
        let strategy = self.owners.get(one.strategy.as_str()).copied()?;
        let (instrument, [price, quantity]) = self.instrument(&one.exchange, &one.instrument).map(facts)?;
        let fill = abi::FillRecord {
            ts: one.at.get(),
            client_order_id: one.client_order_id,
            exchange_order_id: self.handle(one.exchange_order_id.as_deref()),
            trade_id: self.handle(Some(&*one.trade_id).filter(|id| !id.starts_with('~'))),
            instrument: instrument.0,
            exchange: self.exchanges.get(one.exchange.as_str())?.0,
            side: words::side(&one.side)?.code(),
            liquidity: words::liquidity(&one.liquidity).map_or(abi::liquidity::UNKNOWN, LiquiditySide::code),
            price: words::narrow(&one.price, price)?,
            quantity: words::narrow(&one.quantity, quantity)?,
            fee: words::money(&one.fee)?.into(),
            slippage: words::money(&one.slippage)?.into(),
            transaction_cost: words::money(&one.transaction_cost)?.into(),
        };
        Some((strategy, fill))
    }

    fn handle(&self, text: Option<&str>) -> TextHandle {
        text.map_or(0, |text| self.run.services().intern(text))
    }
}

/// Its id, and the decimals of price and quantity.
fn facts(instrument: &Instrument) -> (InstrumentId, [u8; 2]) {
    (instrument.id, [instrument.price_decimals, instrument.quantity_decimals])
}

fn request(one: &KeptOrder, instrument: InstrumentId, [price, quantity]: [u8; 2]) -> Option<OrderRequest> {
    let read = |text: &Option<String>| match text {
        Some(text) => words::narrow(text, price).map(|price| Some(Price::new(price))),
        None => Some(None),
    };
    Some(OrderRequest {
        side: words::side(&one.side)?,
        order_type: words::order_type(&one.order_type)?,
        flags: words::flags(&one.flags)?,
        lifetime: words::lifetime(&one.lifetime, one.expires)?,
        price: read(&one.price)?,
        stop_price: read(&one.stop_price)?,
        trail: read(&one.trail)?,
        notional: match &one.notional {
            Some(text) => Some(words::money(text)?),
            None => None,
        },
        group: one.group,
        tag: one.tag,
        ..OrderRequest::market(instrument, Quantity::new(words::narrow(&one.quantity, quantity)?))
    })
}

fn stand_in(kept: &KeptStandIn, [price, quantity]: [u8; 2]) -> Option<RestoredStandIn> {
    Some(RestoredStandIn {
        waits: match kept.waits.as_deref() {
            Some(word) => Some(words::held(word)?),
            None => None,
        },
        has_trigger: kept.has_trigger,
        level: match &kept.level {
            Some(text) => Some(Price::new(words::narrow(text, price)?)),
            None => None,
        },
        asked: Quantity::new(words::narrow(&kept.asked, quantity)?),
        expires: kept.ends,
        has_expired: kept.has_expired,
    })
}

fn lots(text: &str, decimals: u8) -> Option<Vec<(i64, Money, Money)>> {
    let lot = |text: &str| {
        let mut parts = text.split(':');
        let quantity = words::narrow(parts.next()?, decimals)?;
        let (cost, own) = (words::money(parts.next()?)?, words::money(parts.next()?)?);
        parts.next().is_none().then_some((quantity, cost, own))
    };
    if text.is_empty() { Some(Vec::new()) } else { text.split(',').map(lot).collect() }
}
