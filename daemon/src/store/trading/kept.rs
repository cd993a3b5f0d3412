//! What is kept of orders, fills and books, read at the start of a run.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stratd_plugin_api::Timestamp;

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WhatToKeep {
    /// Orders that have ended, for each owner; the newest.
    pub(crate) ended_max: usize,
    /// Fills, for each owner; the newest.
    pub(crate) fills_max: usize,
}

/// Everything that a start takes up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The number of these tables, and the trading type; nothing before the first run with orders.
    pub(crate) identity: Option<(u16, String)>,
    /// By number.
    pub(crate) portfolios: Vec<KeptPortfolio>,
    pub(crate) positions: Vec<KeptPosition>,
    /// Those that have not ended, and the newest of those that have; by the time of their last change.
    pub(crate) orders: Vec<KeptOrder>,
    /// Orders that exclude each other and have not all ended.
    pub(crate) groups: Vec<KeptGroup>,
    /// The newest, and all of orders that have not ended; by time.
    pub(crate) fills: Vec<KeptFill>,
    pub(crate) losses: Vec<KeptLoss>,
    /// The time of the latest fill of each exchange, by the exchange.
    pub(crate) last_fills: Vec<(String, Timestamp)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptPortfolio {
    pub(crate) strategy: String,
    pub(crate) number: u16,
    pub(crate) counter: u64,
    pub(crate) adopted: u64,
    pub(crate) cash: String,
    pub(crate) realized: String,
    pub(crate) fees: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptPosition {
    pub(crate) strategy: String,
    pub(crate) exchange: String,
    pub(crate) instrument: String,
    pub(crate) side: String,
    pub(crate) size: String,
    pub(crate) price_last: Option<String>,
    pub(crate) cost: String,
    pub(crate) cost_own: String,
    pub(crate) realized: String,
    pub(crate) fees: String,
    pub(crate) lots: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptOrder {
    pub(crate) client_order_id: u64,
    pub(crate) strategy: String,
    pub(crate) exchange: String,
    pub(crate) exchange_order_id: Option<String>,
    pub(crate) foreign_id: Option<u64>,
    pub(crate) instrument: String,
    pub(crate) side: String,
    pub(crate) order_type: String,
    pub(crate) flags: String,
    pub(crate) lifetime: String,
    pub(crate) expires: Option<i64>,
    pub(crate) tag: u32,
    pub(crate) group: u64,
    pub(crate) quantity: String,
    pub(crate) price: Option<String>,
    pub(crate) stop_price: Option<String>,
    pub(crate) trail: Option<String>,
    pub(crate) notional: Option<String>,
    pub(crate) status: String,
    pub(crate) filled: String,
    pub(crate) filled_value: String,
    pub(crate) reason: String,
    pub(crate) phase: String,
    pub(crate) is_by_hand: bool,
    pub(crate) is_closing: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) run: i64,
    pub(crate) stand_in: Option<KeptStandIn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptStandIn {
    pub(crate) waits: Option<String>,
    pub(crate) has_trigger: bool,
    pub(crate) level: Option<String>,
    pub(crate) asked: String,
    pub(crate) ends: Option<Timestamp>,
    pub(crate) has_expired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptGroup {
    pub(crate) strategy: String,
    pub(crate) group: u64,
    pub(crate) exchange: String,
    pub(crate) instrument: String,
    pub(crate) total: String,
    pub(crate) filled: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptFill {
    pub(crate) exchange: String,
    pub(crate) instrument: String,
    pub(crate) trade_id: String,
    pub(crate) client_order_id: u64,
    pub(crate) exchange_order_id: Option<String>,
    pub(crate) strategy: String,
    pub(crate) side: String,
    pub(crate) price: String,
    pub(crate) quantity: String,
    pub(crate) fee: String,
    pub(crate) slippage: String,
    pub(crate) transaction_cost: String,
    pub(crate) liquidity: String,
    pub(crate) at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptLoss {
    pub(crate) scope: String,
    pub(crate) day: Timestamp,
    pub(crate) day_start: String,
    pub(crate) peak: String,
    pub(crate) last: String,
    pub(crate) is_since_command: bool,
}

fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::new)
}

fn id(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// All of one moment: the connection is in a transaction.
pub(in crate::store) fn kept(db: &Connection, what: WhatToKeep) -> rusqlite::Result<Kept> {
    let identity = db
        .query_row("SELECT number, trading_type FROM identity", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let portfolios = all(db, "SELECT * FROM portfolios ORDER BY number", [], portfolio)?;
    let ended = i64::try_from(what.ended_max).unwrap_or(i64::MAX);
    let fills = i64::try_from(what.fills_max).unwrap_or(i64::MAX);
    let mut orders = all(
        db,
        "SELECT * FROM orders LEFT JOIN stand_ins USING (client_order_id) WHERE phase <> 'ended'",
        [],
        order,
    )?;
    let mut executions = all(
        db,
        "SELECT * FROM fills WHERE client_order_id IN (SELECT client_order_id FROM orders WHERE phase <> 'ended')",
        [],
        fill,
    )?;
    for KeptPortfolio { strategy, .. } in &portfolios {
        orders.extend(all(
            db,
            "SELECT * FROM orders LEFT JOIN stand_ins USING (client_order_id)
             WHERE strategy = ?1 AND phase = 'ended' ORDER BY client_order_id DESC LIMIT ?2",
            params![strategy, ended],
            order,
        )?);
        executions.extend(all(
            db,
            "SELECT fills.* FROM fills JOIN orders USING (client_order_id)
             WHERE orders.strategy = ?1 AND orders.phase = 'ended' ORDER BY client_order_id DESC LIMIT ?2",
            params![strategy, fills],
            fill,
        )?);
    }
    orders.sort_by_key(|order| (order.updated, order.client_order_id));
    executions
        .sort_by(|a, b| (a.at, &a.trade_id, a.client_order_id).cmp(&(b.at, &b.trade_id, b.client_order_id)));
    Ok(Kept {
        identity,
        portfolios,
        positions: all(
            db,
            "SELECT * FROM positions ORDER BY strategy, exchange, instrument, side",
            [],
            position,
        )?,
        orders,
        groups: all(db, "SELECT * FROM order_groups ORDER BY strategy, order_group", [], group)?,
        fills: executions,
        losses: all(db, "SELECT * FROM losses ORDER BY scope, is_since_command", [], loss)?,
        last_fills: all(db, "SELECT exchange, max(at) AS at FROM fills GROUP BY exchange", [], |row| {
            Ok((row.get("exchange")?, time(row, "at")?))
        })?,
    })
}

fn all<T>(
    db: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    db.prepare_cached(query)?.query_map(parameters, read)?.collect()
}

fn portfolio(row: &Row<'_>) -> rusqlite::Result<KeptPortfolio> {
    Ok(KeptPortfolio {
        strategy: row.get("strategy")?,
        number: row.get("number")?,
        counter: id(row, "counter")?,
        adopted: id(row, "adopted")?,
        cash: row.get("cash")?,
        realized: row.get("realized")?,
        fees: row.get("fees")?,
    })
}

fn position(row: &Row<'_>) -> rusqlite::Result<KeptPosition> {
    Ok(KeptPosition {
        strategy: row.get("strategy")?,
        exchange: row.get("exchange")?,
        instrument: row.get("instrument")?,
        side: row.get("side")?,
        size: row.get("size")?,
        price_last: row.get("price_last")?,
        cost: row.get("cost")?,
        cost_own: row.get("cost_own")?,
        realized: row.get("realized")?,
        fees: row.get("fees")?,
        lots: row.get("lots")?,
    })
}

fn order(row: &Row<'_>) -> rusqlite::Result<KeptOrder> {
    Ok(KeptOrder {
        client_order_id: id(row, "client_order_id")?,
        strategy: row.get("strategy")?,
        exchange: row.get("exchange")?,
        exchange_order_id: row.get("exchange_order_id")?,
        foreign_id: row.get::<_, Option<i64>>("foreign_id")?.map(i64::cast_unsigned),
        instrument: row.get("instrument")?,
        side: row.get("side")?,
        order_type: row.get("order_type")?,
        flags: row.get("flags")?,
        lifetime: row.get("lifetime")?,
        expires: row.get("expires")?,
        tag: row.get("tag")?,
        group: id(row, "order_group")?,
        quantity: row.get("quantity")?,
        price: row.get("price")?,
        stop_price: row.get("stop_price")?,
        trail: row.get("trail")?,
        notional: row.get("notional")?,
        status: row.get("status")?,
        filled: row.get("filled")?,
        filled_value: row.get("filled_value")?,
        reason: row.get("reason")?,
        phase: row.get("phase")?,
        is_by_hand: row.get("is_by_hand")?,
        is_closing: row.get("is_closing")?,
        created: time(row, "created_at")?,
        updated: time(row, "updated_at")?,
        run: row.get("run")?,
        stand_in: stand_in(row)?,
    })
}

fn stand_in(row: &Row<'_>) -> rusqlite::Result<Option<KeptStandIn>> {
    // of an order for which nothing is done there is no row
    let Some(asked) = row.get::<_, Option<String>>("asked")? else { return Ok(None) };
    Ok(Some(KeptStandIn {
        waits: row.get("waits")?,
        has_trigger: row.get("has_trigger")?,
        level: row.get("level")?,
        asked,
        ends: row.get::<_, Option<i64>>("ends_at")?.map(Timestamp::new),
        has_expired: row.get("has_expired")?,
    }))
}

fn group(row: &Row<'_>) -> rusqlite::Result<KeptGroup> {
    Ok(KeptGroup {
        strategy: row.get("strategy")?,
        group: id(row, "order_group")?,
        exchange: row.get("exchange")?,
        instrument: row.get("instrument")?,
        total: row.get("total")?,
        filled: row.get("filled")?,
    })
}

fn fill(row: &Row<'_>) -> rusqlite::Result<KeptFill> {
    Ok(KeptFill {
        exchange: row.get("exchange")?,
        instrument: row.get("instrument")?,
        trade_id: row.get("trade_id")?,
        client_order_id: id(row, "client_order_id")?,
        exchange_order_id: row.get("exchange_order_id")?,
        strategy: row.get("strategy")?,
        side: row.get("side")?,
        price: row.get("price")?,
        quantity: row.get("quantity")?,
        fee: row.get("fee")?,
        slippage: row.get("slippage")?,
        transaction_cost: row.get("transaction_cost")?,
        liquidity: row.get("liquidity")?,
        at: time(row, "at")?,
    })
}

fn loss(row: &Row<'_>) -> rusqlite::Result<KeptLoss> {
    Ok(KeptLoss {
        scope: row.get("scope")?,
        day: time(row, "day")?,
        day_start: row.get("day_start")?,
        peak: row.get("peak")?,
        last: row.get("last")?,
        is_since_command: row.get("is_since_command")?,
    })
}

/// The accounts as they were told last: exchange, account, currency, cash, equity, margin, when.
pub(in crate::store) fn accounts(db: &Connection) -> rusqlite::Result<Vec<([String; 6], Timestamp)>> {
    all(db, "SELECT * FROM accounts ORDER BY exchange, account, currency", [], |row| {
        let mut texts = [const { String::new() }; 6];
        for (text, column) in
            texts.iter_mut().zip(["exchange", "account", "currency", "cash", "equity", "margin"])
        {
            *text = row.get(column)?;
        }
        Ok((texts, time(row, "told_at")?))
    })
}
