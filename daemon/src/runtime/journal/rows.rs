//! Rows of what the engine has now.

use std::{collections::BTreeMap, sync::Arc};

use stratd_engine::{Engine, Held, Order, Scope, StrategyId, is_adopted};
use stratd_plugin_api::{
    ExchangeId, Instrument, InstrumentId, LiquiditySide, Money, Side, Timestamp, abi,
    abi::{MoneyBits, TextHandle},
};

use super::Journal;
use crate::{
    recorder::fingerprint,
    runtime::Services,
    store::trading::{
        AccountRow, Amount, FillRow, GroupRow, LossRow, OrderRow, Phase, PortfolioRow, PositionRow,
        StandInRow,
    },
};

/// Decimals of money.
const MONEY_DECIMALS: u8 = 8;
/// More lots of a position are kept as one at their average cost, the oldest of them: a row is bounded.
const LOTS_MAX: usize = 1_000;

fn money(money: Money) -> Amount {
    Amount { units: money.get(), decimals: MONEY_DECIMALS }
}

fn bits(bits: MoneyBits) -> Amount {
    money(bits.into())
}

/// Names that rows share.
#[derive(Default)]
pub(super) struct Names {
    strategies: Vec<Arc<str>>,
    exchanges: BTreeMap<u16, Arc<str>>,
    instruments: BTreeMap<u32, Arc<str>>,
    /// Owners that have a row.
    kept: Vec<bool>,
}

impl Names {
    /// Takes in who has joined.
    pub(super) fn learn(&mut self, engine: &Engine) {
        let known = self.strategies.len();
        self.strategies.extend(engine.strategies().skip(known).map(|(config, ..)| Arc::from(&*config.name)));
        self.kept.resize(self.strategies.len(), false);
    }

    pub(super) fn set_exchanges(&mut self, names: impl Iterator<Item = (ExchangeId, String)>) {
        self.exchanges.extend(names.map(|(id, name)| (id.0, Arc::from(name))));
    }

    pub(super) fn is_kept(&self, strategy: StrategyId) -> bool {
        self.kept.get(strategy.index()).copied().unwrap_or(false)
    }

    fn strategy(&self, id: StrategyId) -> Option<Arc<str>> {
        self.strategies.get(id.index()).cloned()
    }

    pub(super) fn exchange(&self, id: ExchangeId) -> Option<Arc<str>> {
        self.exchanges.get(&id.0).cloned()
    }

    fn instrument(&mut self, instrument: &Instrument) -> Arc<str> {
        let shared = self.instruments.entry(instrument.id.0);
        Arc::clone(shared.or_insert_with(|| Arc::from(&*instrument.symbol)))
    }
}

fn text(services: &Services, handle: TextHandle) -> Option<String> {
    (handle != 0).then(|| services.text_of(handle))
}

fn phase(journal: &Journal, order: &Order) -> Phase {
    if order.state.is_final() {
        Phase::Ended
    } else if journal.is_unsent(order.id) || order.held().is_some() {
        Phase::Intent
    } else if order.is_acknowledged() {
        Phase::Acknowledged
    } else {
        Phase::Sent
    }
}

pub(super) fn order(journal: &mut Journal, engine: &Engine, order: &Order) -> Option<OrderRow> {
    let request = &order.request;
    let instrument = engine.instrument(request.instrument)?;
    let price = |price: Option<stratd_plugin_api::Price>| {
        price.map(|price| Amount::new(price.get(), instrument.price_decimals))
    };
    let quantity = |units: i64| Amount::new(units, instrument.quantity_decimals);
    let value_decimals = instrument.price_decimals.saturating_add(instrument.quantity_decimals);
    let foreign = is_adopted(order.id).then(|| journal.aliases.foreign(order.id));
    Some(OrderRow {
        client_order_id: order.id.0,
        strategy: journal.names.strategy(order.strategy)?,
        exchange: journal.names.exchange(order.exchange)?,
        exchange_order_id: text(&journal.services, order.exchange_order_id),
        foreign_id: foreign,
        instrument: journal.names.instrument(instrument),
        side: request.side,
        order_type: request.order_type,
        flags: request.flags,
        lifetime: request.lifetime,
        tag: request.tag,
        group: request.group,
        quantity: quantity(request.quantity.get()),
        price: price(request.price),
        stop_price: price(request.stop_price),
        trail: price(request.trail),
        notional: request.notional.map(money),
        status: order.status(),
        filled: quantity(order.filled.get()),
        price_average: price(order.price_average()),
        filled_value: Amount { units: order.filled_value, decimals: value_decimals },
        reason: order.reason(),
        phase: phase(journal, order),
        is_by_hand: order.is_by_hand,
        is_closing: order.is_closing(),
        created: order.created,
        updated: order.updated,
        run: journal.run,
    })
}

/// What is done for an order in place of its exchange; `None` for most.
pub(super) fn stand_in(engine: &Engine, order: &Order) -> Option<StandInRow> {
    let kept = order.kept_stand_in()?;
    let instrument = engine.instrument(order.request.instrument)?;
    Some(StandInRow {
        client_order_id: order.id.0,
        waits: kept.waits.map(Held::name),
        has_trigger: kept.has_trigger,
        level: kept.level.map(|level| Amount::new(level.get(), instrument.price_decimals)),
        asked: Amount::new(kept.asked.get(), instrument.quantity_decimals),
        ends: kept.expires,
        has_expired: kept.has_expired,
    })
}

/// A group as it stands, or that it has ended.
pub(super) fn group(journal: &mut Journal, engine: &Engine, id: (StrategyId, u64)) -> Option<GroupRow> {
    let strategy = journal.names.strategy(id.0)?;
    let known = engine.group(id).zip(engine.group_members(id).next());
    let stands = known.and_then(|(group, member)| {
        let instrument = engine.instrument(engine.working_order(member)?.request.instrument)?;
        let exchange = journal.names.exchange(instrument.exchange)?;
        let amounts = [group.total, group.filled]
            .map(|quantity| Amount::new(quantity.get(), instrument.quantity_decimals));
        Some((exchange, journal.names.instrument(instrument), amounts))
    });
    Some(GroupRow { strategy, group: id.1, stands })
}

/// Fills without an id look alike if this is equal.
pub(super) fn likeness(fill: &abi::FillRecord) -> u64 {
    let words = [
        fill.client_order_id,
        fill.ts.cast_unsigned(),
        u64::from(fill.side),
        fill.price.cast_unsigned(),
        fill.quantity.cast_unsigned(),
    ];
    fingerprint(&words.map(u64::to_le_bytes).concat())
}

/// Made of nothing but what the fill says, and how many of its order said the same before.
fn synthetic_id(likeness: u64, count: u32) -> String {
    if count > 1 { format!("~{likeness:016x}-{count}") } else { format!("~{likeness:016x}") }
}

pub(super) fn fill(
    journal: &mut Journal,
    engine: &Engine,
    (strategy, fill): (StrategyId, &abi::FillRecord),
    booked: Timestamp,
) -> Option<FillRow> {
    let instrument = engine.instrument(InstrumentId(fill.instrument))?;
    let trade_id = match text(&journal.services, fill.trade_id) {
        Some(id) => id,
        None => synthetic_id(likeness(fill), journal.same_fill(fill)),
    };
    Some(FillRow {
        exchange: journal.names.exchange(ExchangeId(fill.exchange))?,
        instrument: journal.names.instrument(instrument),
        trade_id,
        client_order_id: fill.client_order_id,
        exchange_order_id: text(&journal.services, fill.exchange_order_id),
        strategy: journal.names.strategy(strategy)?,
        side: Side::from_code(fill.side)?,
        price: Amount::new(fill.price, instrument.price_decimals),
        quantity: Amount::new(fill.quantity, instrument.quantity_decimals),
        fee: bits(fill.fee),
        slippage: bits(fill.slippage),
        transaction_cost: bits(fill.transaction_cost),
        liquidity: LiquiditySide::from_code(fill.liquidity),
        at: Timestamp::new(fill.ts),
        booked,
        run: journal.run,
    })
}

pub(super) fn positions(
    journal: &mut Journal,
    engine: &Engine,
    (strategy, id): (StrategyId, InstrumentId),
    rows: &mut Vec<PositionRow>,
) {
    let Some(instrument) = engine.instrument(id) else { return };
    let names = (journal.names.strategy(strategy), journal.names.exchange(instrument.exchange));
    let (Some(of), Some(exchange)) = names else { return };
    for position in engine.positions_in(strategy, id) {
        let average = instrument.average_price(position.cost_own, position.size).unwrap_or_default();
        let price = |price: stratd_plugin_api::Price| Amount::new(price.get(), instrument.price_decimals);
        rows.push(PositionRow {
            strategy: Arc::clone(&of),
            exchange: Arc::clone(&exchange),
            instrument: journal.names.instrument(instrument),
            side: position.side,
            size: Amount::new(position.size.get(), instrument.quantity_decimals),
            price_average: price(average),
            price_last: engine.last_price(id).map(price),
            cost: money(position.cost),
            cost_own: money(position.cost_own),
            realized: money(position.realized),
            fees: money(position.fees),
            lots: lots(engine.lots(strategy, id, position.side), instrument.quantity_decimals),
            updated: engine.now(),
        });
    }
}

fn lots(lots: impl Iterator<Item = (i64, Money, Money)>, decimals: u8) -> Vec<[Amount; 3]> {
    let mut all: Vec<_> = lots.collect();
    if all.len() > LOTS_MAX {
        let oldest = all.len() - LOTS_MAX + 1;
        let sum = all.drain(..oldest).reduce(|(quantity, run, own), (more, cost, more_own)| {
            let sum = |a: Money, b: Money| Money::new(a.get().saturating_add(b.get()));
            (quantity.saturating_add(more), sum(run, cost), sum(own, more_own))
        });
        all.splice(..0, sum);
    }
    all.into_iter()
        .map(|(quantity, run, own)| [Amount::new(quantity, decimals), money(run), money(own)])
        .collect()
}

pub(super) fn portfolio(
    names: &mut Names,
    engine: &Engine,
    strategy: StrategyId,
    adopted: u64,
) -> Option<PortfolioRow> {
    let (number, counter) = engine.ids_of(strategy)?;
    if let Some(kept) = names.kept.get_mut(strategy.index()) {
        *kept = true;
    }
    let record = engine.portfolio_record(strategy);
    Some(PortfolioRow {
        strategy: names.strategy(strategy)?,
        number,
        counter,
        adopted,
        cash: bits(record.cash),
        realized: bits(record.realized),
        fees: bits(record.fees),
        updated: engine.now(),
    })
}

pub(super) fn account(
    exchange: &str,
    record: &abi::AccountRecord,
    (services, told): (&Services, Timestamp),
) -> AccountRow {
    AccountRow {
        exchange: Arc::from(exchange),
        account: services.text_of(record.id),
        currency: services.text_of(record.currency),
        cash: bits(record.cash),
        equity: bits(record.equity),
        margin: bits(record.margin),
        told,
    }
}

/// Of all scopes that have a course.
pub(super) fn losses(names: &Names, engine: &Engine) -> Vec<(String, Vec<LossRow>)> {
    let strategies =
        (0..names.strategies.len()).filter_map(|index| u16::try_from(index).ok()).map(StrategyId);
    let mut scopes = vec![(Scope::Run, "run".to_owned())];
    for id in strategies {
        let Some(name) = names.strategy(id) else { continue };
        scopes.push((Scope::Strategy(id), format!("strategy.{name}")));
        for (instrument, _) in engine.positions(id) {
            let Some(instrument) = engine.instrument(instrument) else { continue };
            let Some(exchange) = names.exchange(instrument.exchange) else { continue };
            let scope = format!("instrument.{}@{exchange}", instrument.symbol);
            scopes.push((Scope::Instrument(instrument.id), scope));
        }
    }
    scopes.sort();
    scopes.dedup();
    let rows = |scope| {
        let row = |losses: stratd_engine::RestoredLosses| LossRow {
            day: losses.day,
            day_start: money(losses.day_start),
            peak: money(losses.peak),
            last: money(losses.last),
            is_since_command: losses.is_since_command,
        };
        engine.losses(scope).into_iter().map(row).collect::<Vec<_>>()
    };
    let rows = scopes.into_iter().map(|(scope, name)| (name, rows(scope)));
    rows.filter(|(_, rows)| !rows.is_empty()).collect()
}
