//! Writing batches.

use std::fmt::Write as _;

use rusqlite::{Savepoint, params};
use stratd_plugin_api::{Lifetime, LiquiditySide, Timestamp};

use super::{Amount, Batch, FillRow, GroupRow, OrderRow, PortfolioRow, PositionRow, StandInRow};

/// Rows that go in one transaction: others wait meanwhile.
const PRUNED_AT_ONCE: i64 = 10_000;

fn text(amount: Option<Amount>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

/// What fits into 63 bits was checked where it was made; anything else is refused by the table.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(-1)
}

pub(in crate::store) fn batch(db: &Savepoint<'_>, batch: &Batch) -> rusqlite::Result<()> {
    batch.orders.iter().try_for_each(|row| order(db, row))?;
    batch.stand_ins.iter().try_for_each(|row| stand_in(db, row))?;
    batch.groups.iter().try_for_each(|row| group(db, row))?;
    batch.fills.iter().try_for_each(|row| fill(db, row))?;
    batch.positions.iter().try_for_each(|row| position(db, row))?;
    batch.portfolios.iter().try_for_each(|row| portfolio(db, row))?;
    for row in &batch.accounts {
        db.prepare_cached(
            "INSERT OR REPLACE INTO accounts (exchange, account, currency, cash, equity, margin, told_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            &*row.exchange,
            row.account,
            row.currency,
            row.cash.to_string(),
            row.equity.to_string(),
            row.margin.to_string(),
            row.told.get()
        ])?;
    }
    for (scope, rows) in &batch.losses {
        db.prepare_cached("DELETE FROM losses WHERE scope = ?1")?.execute([scope])?;
        for row in rows {
            db.prepare_cached(
                "INSERT INTO losses (scope, day, day_start, peak, last, is_since_command)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                scope,
                row.day.get(),
                row.day_start.to_string(),
                row.peak.to_string(),
                row.last.to_string(),
                row.is_since_command
            ])?;
        }
    }
    Ok(())
}

fn order(db: &Savepoint<'_>, row: &OrderRow) -> rusqlite::Result<()> {
    let (lifetime, expires) = match row.lifetime {
        Lifetime::Day => ("day", None),
        Lifetime::Gtc => ("gtc", None),
        Lifetime::Gtd(at) => ("gtd", Some(at.get())),
    };
    db.prepare_cached(
        "INSERT INTO orders (client_order_id, strategy, exchange, exchange_order_id, foreign_id, instrument, side,
             order_type, flags, lifetime, expires, tag, order_group, quantity, price, stop_price, trail, notional, status,
             filled, price_average, filled_value, reason, phase, is_by_hand, is_closing, created_at, updated_at, run)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
             ?23, ?24, ?25, ?26, ?27, ?28, ?29)
         ON CONFLICT (client_order_id) DO UPDATE SET exchange_order_id = ?4, quantity = ?14, price = ?15,
             stop_price = ?16, status = ?19, filled = ?20, price_average = ?21, filled_value = ?22, reason = ?23,
             phase = ?24, updated_at = ?28",
    )?
    .execute(params![
        signed(row.client_order_id),
        &*row.strategy,
        &*row.exchange,
        row.exchange_order_id,
        row.foreign_id.map(signed),
        &*row.instrument,
        row.side.name(),
        row.order_type.name(),
        row.flags.to_string(),
        lifetime,
        expires,
        row.tag,
        row.group.cast_signed(),
        row.quantity.to_string(),
        text(row.price),
        text(row.stop_price),
        text(row.trail),
        text(row.notional),
        row.status.name(),
        row.filled.to_string(),
        text(row.price_average),
        row.filled_value.to_string(),
        row.reason.name(),
        row.phase.name(),
        row.is_by_hand,
        row.is_closing,
        row.created.get(),
        row.updated.get(),
        row.run
    ])?;
    Ok(())
}

fn stand_in(db: &Savepoint<'_>, row: &StandInRow) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO stand_ins (client_order_id, waits, has_trigger, level, asked, ends_at, has_expired)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        signed(row.client_order_id),
        row.waits,
        row.has_trigger,
        text(row.level),
        row.asked.to_string(),
        row.ends.map(Timestamp::get),
        row.has_expired
    ])?;
    Ok(())
}

fn group(db: &Savepoint<'_>, row: &GroupRow) -> rusqlite::Result<()> {
    let number = row.group.cast_signed();
    let Some((exchange, instrument, [total, filled])) = &row.stands else {
        db.prepare_cached("DELETE FROM order_groups WHERE strategy = ?1 AND order_group = ?2")?
            .execute(params![&*row.strategy, number])?;
        return Ok(());
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO order_groups (strategy, order_group, exchange, instrument, total, filled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        &*row.strategy,
        number,
        &**exchange,
        &**instrument,
        total.to_string(),
        filled.to_string()
    ])?;
    Ok(())
}

fn fill(db: &Savepoint<'_>, row: &FillRow) -> rusqlite::Result<()> {
    // told again after a restart, or handed over anew: it is there
    db.prepare_cached(
        "INSERT OR IGNORE INTO fills (exchange, instrument, trade_id, client_order_id, exchange_order_id, strategy, side,
             price, quantity, fee, slippage, transaction_cost, liquidity, at, booked_at, run)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        &*row.exchange,
        &*row.instrument,
        row.trade_id,
        signed(row.client_order_id),
        row.exchange_order_id,
        &*row.strategy,
        row.side.name(),
        row.price.to_string(),
        row.quantity.to_string(),
        row.fee.to_string(),
        row.slippage.to_string(),
        row.transaction_cost.to_string(),
        row.liquidity.map_or("unknown", LiquiditySide::name),
        row.at.get(),
        row.booked.get(),
        row.run
    ])?;
    Ok(())
}

fn position(db: &Savepoint<'_>, row: &PositionRow) -> rusqlite::Result<()> {
    let mut lots = String::new();
    for [quantity, cost, own] in &row.lots {
        let comma = if lots.is_empty() { "" } else { "," };
        // into a string nothing fails
        let _ = write!(lots, "{comma}{quantity}:{cost}:{own}");
    }
    db.prepare_cached(
        "INSERT OR REPLACE INTO positions (strategy, exchange, instrument, side, size, price_average, price_last, cost,
             cost_own, realized, fees, lots, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        &*row.strategy,
        &*row.exchange,
        &*row.instrument,
        row.side.name(),
        row.size.to_string(),
        row.price_average.to_string(),
        text(row.price_last),
        row.cost.to_string(),
        row.cost_own.to_string(),
        row.realized.to_string(),
        row.fees.to_string(),
        (!lots.is_empty()).then_some(lots),
        row.updated.get()
    ])?;
    Ok(())
}

fn portfolio(db: &Savepoint<'_>, row: &PortfolioRow) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO portfolios (strategy, number, counter, adopted, cash, realized, fees, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (strategy) DO UPDATE SET counter = max(counter, ?3), adopted = max(adopted, ?4), cash = ?5,
             realized = ?6, fees = ?7, updated_at = ?8
         WHERE counter < ?3 OR adopted < ?4 OR cash <> ?5 OR realized <> ?6 OR fees <> ?7",
    )?
    .execute(params![
        &*row.strategy,
        row.number,
        signed(row.counter),
        signed(row.adopted),
        row.cash.to_string(),
        row.realized.to_string(),
        row.fees.to_string(),
        row.updated.get()
    ])?;
    Ok(())
}

/// Says whose the tables are, once.
pub(in crate::store) fn identify(
    db: &Savepoint<'_>,
    (number, trading_type, at): (u16, &str, Timestamp),
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO identity (id, number, trading_type, made_at) VALUES (1, ?1, ?2, ?3)",
        params![number, trading_type, at.get()],
    )?;
    Ok(())
}

/// Forgets orders that ended before a time, and fills from before it whose order is not there any more. Returns how many
/// rows went; there may be more.
pub(in crate::store) fn prune(db: &Savepoint<'_>, before: Timestamp) -> rusqlite::Result<i64> {
    let orders = db.execute(
        "DELETE FROM orders WHERE client_order_id IN
         (SELECT client_order_id FROM orders WHERE phase = 'ended' AND updated_at < ?1 LIMIT ?2)",
        params![before.get(), PRUNED_AT_ONCE],
    )?;
    if orders > 0 {
        db.execute(
            "DELETE FROM stand_ins WHERE client_order_id NOT IN (SELECT client_order_id FROM orders)",
            [],
        )?;
    }
    let fills = db.execute(
        "DELETE FROM fills WHERE (exchange, instrument, trade_id, client_order_id) IN
         (SELECT exchange, instrument, trade_id, client_order_id FROM fills
          WHERE at < ?1 AND client_order_id NOT IN (SELECT client_order_id FROM orders) LIMIT ?2)",
        params![before.get(), PRUNED_AT_ONCE],
    )?;
    Ok(i64::try_from(orders + fills).unwrap_or(i64::MAX))
}
