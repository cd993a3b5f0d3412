//! The tables, and how a database of an older version becomes one of this version.
//!
//! Steps are only ever added: a published step never changes, so a database of every released version can be opened.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::{Error, ErrorKind};

/// Marks the file as ours ("STRD"), for `file` and for whoever opens the wrong one.
pub(super) const APPLICATION_ID: i32 = 0x5354_5244;

/// Step N leads from version N to version N + 1. The comments stay in the database, for those who open it with `sqlite3`.
pub(super) const STEPS: &[&str] = &["
CREATE TABLE run (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at   INTEGER NOT NULL, -- times are nanoseconds since 1970, UTC
    seen_at      INTEGER NOT NULL, -- when the run last saved something: how long it lived at least
    ended_at     INTEGER,          -- null until a clean end
    trading_type TEXT    NOT NULL,
    version      TEXT    NOT NULL, -- of stratd
    is_assessed  INTEGER NOT NULL DEFAULT 0 CHECK (is_assessed IN (0, 1)) -- a crash of it was counted
) STRICT;

CREATE TABLE active ( -- the instances that take part in a run
    run      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    instance TEXT    NOT NULL, -- strategy.NAME or exchange.NAME, here and below
    PRIMARY KEY (run, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategy_state ( -- what each instance last saved
    instance       TEXT    PRIMARY KEY NOT NULL,
    plugin         TEXT    NOT NULL,
    plugin_version TEXT    NOT NULL,
    build_id       TEXT    NOT NULL,
    hash           TEXT    NOT NULL, -- SHA-256 of the plugin's file, hexadecimal
    state_version  INTEGER NOT NULL, -- the plugin's number for the form of its state
    saved_at       INTEGER NOT NULL,
    seq            INTEGER NOT NULL, -- of the last event that the state knows
    state          BLOB    NOT NULL
) STRICT;

CREATE TABLE generation ( -- which builds of a plugin were tried, and what became of it
    plugin     TEXT    NOT NULL,
    generation INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    file       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    build_id   TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    outcome    TEXT    NOT NULL
) STRICT;
CREATE INDEX generation_of_plugin ON generation (plugin);

CREATE TABLE crash ( -- crashes of the daemon that an instance caused or was present at, since the last stable run
    instance  TEXT    PRIMARY KEY NOT NULL,
    count     INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    last_what TEXT    NOT NULL
) STRICT;

CREATE TABLE quarantine ( -- instances that are not started
    instance TEXT    PRIMARY KEY NOT NULL,
    since    INTEGER NOT NULL,
    reason   TEXT    NOT NULL
) STRICT;
", "
CREATE TABLE config ( -- the configurations that were in force, or are to be; the latest one that was taken counts
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    who        TEXT    NOT NULL, -- the user who asked, or stratd
    cause      TEXT    NOT NULL, -- in words
    document   TEXT    NOT NULL, -- JSON; secrets are references: ${NAME} and ${credential:NAME}
    digest     TEXT    NOT NULL, -- of the files as they were then, empty if there were none
    state      TEXT    NOT NULL CHECK (state IN ('trying', 'applied', 'unconfirmed', 'pending', 'reverted')),
    before     INTEGER,          -- what an unconfirmed one goes back to
    confirm_by INTEGER           -- and when
) STRICT;
", "
CREATE TABLE trading ( -- what may not be traded: by command, or after a fall that only a command lifts
    scope  TEXT    PRIMARY KEY NOT NULL, -- run, strategy.NAME, instrument.SYMBOL@EXCHANGE or exchange.NAME
    state  TEXT    NOT NULL,             -- reducing or halted
    reason TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    note   TEXT                          -- what who did it said
) STRICT;
", "
-- Of sandbox and live runs. Quantities, prices and money are exact decimal numbers in text; all names are those of the
-- configuration. Rows of one batch are of one moment: orders, fills, positions and portfolios agree.
CREATE TABLE identity ( -- one row: whose the tables below are
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    number       INTEGER NOT NULL CHECK (number BETWEEN 1 AND 2047), -- first part of all client order ids made here
    trading_type TEXT    NOT NULL, -- a run of another type does not start on these tables
    made_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE portfolios ( -- of each owner of orders that ever was: strategies, manual, external
    strategy   TEXT    PRIMARY KEY NOT NULL,
    number     INTEGER NOT NULL UNIQUE, -- second part of its client order ids; no other owner ever gets it
    counter    INTEGER NOT NULL, -- third part of its latest client order id
    adopted    INTEGER NOT NULL, -- the same for orders that were found at an exchange
    cash       TEXT    NOT NULL, -- moved by its fills, fees and costs included; in the currency of the run
    realized   TEXT    NOT NULL,
    fees       TEXT    NOT NULL, -- costs included
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
    client_order_id   INTEGER PRIMARY KEY NOT NULL,
    strategy          TEXT    NOT NULL,
    exchange          TEXT    NOT NULL,
    exchange_order_id TEXT,             -- null until the exchange told it
    foreign_id        INTEGER,          -- of an adopted order: the client order id that the exchange has for it; 0 = none
    instrument        TEXT    NOT NULL, -- symbol
    side              TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    order_type        TEXT    NOT NULL,
    flags             TEXT    NOT NULL, -- joined by +; empty: none
    lifetime          TEXT    NOT NULL,
    expires           INTEGER,          -- of lifetime gtd
    tag               INTEGER NOT NULL, -- the strategy's own
    order_group       INTEGER NOT NULL, -- 0 = none
    quantity          TEXT    NOT NULL, -- as changes left it; 0 while only the amount of money is known
    price             TEXT,             -- limit
    stop_price        TEXT,
    trail             TEXT,
    notional          TEXT,             -- of an order by amount of money
    status            TEXT    NOT NULL CHECK (status IN ('pending_new', 'open', 'partially_filled', 'filled',
                          'pending_cancel', 'canceled', 'rejected', 'denied', 'expired', 'unknown')),
    filled            TEXT    NOT NULL,
    price_average     TEXT,             -- null until the first fill
    filled_value      TEXT    NOT NULL, -- sum of price times quantity over its fills, exact
    reason            TEXT    NOT NULL, -- why it was denied, rejected or canceled
    phase             TEXT    NOT NULL CHECK (phase IN ('intent', 'sent', 'acknowledged', 'ended')),
                          -- intent: on the disk, perhaps not sent; sent: handed to the connector; acknowledged: the
                          -- exchange has it; ended: nothing more is expected (denied orders were never sent)
    is_by_hand        INTEGER NOT NULL CHECK (is_by_hand IN (0, 1)),
    is_closing        INTEGER NOT NULL CHECK (is_closing IN (0, 1)),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    run               INTEGER NOT NULL  -- that made it
) STRICT;
CREATE INDEX orders_not_ended ON orders (client_order_id) WHERE phase <> 'ended';
CREATE INDEX orders_by_update ON orders (updated_at);
CREATE INDEX orders_of_strategy ON orders (strategy, client_order_id);

CREATE TABLE fills ( -- our own executions, each once
    exchange          TEXT    NOT NULL,
    instrument        TEXT    NOT NULL, -- some exchanges number by instrument
    trade_id          TEXT    NOT NULL, -- of the exchange; ~... where it tells none: made of what the fill says
    client_order_id   INTEGER NOT NULL, -- both orders of a trade may be ours
    exchange_order_id TEXT,
    strategy          TEXT    NOT NULL,
    side              TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    price             TEXT    NOT NULL,
    quantity          TEXT    NOT NULL,
    fee               TEXT    NOT NULL, -- this and the two below in the currency of the instrument
    slippage          TEXT    NOT NULL,
    transaction_cost  TEXT    NOT NULL,
    liquidity         TEXT    NOT NULL, -- maker, taker or unknown
    at                INTEGER NOT NULL, -- by the exchange
    booked_at         INTEGER NOT NULL, -- by us
    run               INTEGER NOT NULL, -- that booked it
    PRIMARY KEY (exchange, instrument, trade_id, client_order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fills_of_order ON fills (client_order_id);
CREATE INDEX fills_by_time ON fills (exchange, at);

CREATE TABLE positions ( -- amounts are in the currency of the run
    strategy      TEXT    NOT NULL,
    exchange      TEXT    NOT NULL,
    instrument    TEXT    NOT NULL,
    side          TEXT    NOT NULL CHECK (side IN ('net', 'long', 'short')),
    size          TEXT    NOT NULL, -- negative: short
    price_average TEXT    NOT NULL,
    price_last    TEXT,             -- at which it was valued last
    cost          TEXT    NOT NULL,
    cost_own      TEXT    NOT NULL, -- in the currency of the instrument
    realized      TEXT    NOT NULL,
    fees          TEXT    NOT NULL,
    lots          TEXT,             -- of accounting fifo: quantity:cost:cost_own by commas, the oldest first
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (strategy, exchange, instrument, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts ( -- as the exchanges told them last
    exchange TEXT    NOT NULL,
    account  TEXT    NOT NULL, -- the exchange's id
    currency TEXT    NOT NULL,
    cash     TEXT    NOT NULL,
    equity   TEXT    NOT NULL,
    margin   TEXT    NOT NULL,
    told_at  INTEGER NOT NULL,
    PRIMARY KEY (exchange, account, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE losses ( -- the PnL of a scope over time, as limits on losses count it
    scope     TEXT    NOT NULL, -- as in trading
    day       INTEGER NOT NULL, -- the start of the UTC day of its last change
    day_start TEXT    NOT NULL, -- PnL at that moment
    peak      TEXT    NOT NULL,
    last      TEXT    NOT NULL,
    is_since_command INTEGER NOT NULL CHECK (is_since_command IN (0, 1)), -- counted since trading was let go on
    PRIMARY KEY (scope, is_since_command)
) STRICT, WITHOUT ROWID;
", "
CREATE TABLE stand_ins ( -- what stratd does for an order in place of its exchange; an order that waits was not sent
    client_order_id INTEGER PRIMARY KEY NOT NULL,
    waits       TEXT CHECK (waits IN ('price', 'entry', 'group')), -- null: it was sent, or it has ended
    has_trigger INTEGER NOT NULL CHECK (has_trigger IN (0, 1)), -- it goes out, or went, because a price came
    level       TEXT,             -- the price that it waits for; of a stop that follows, where it has come to
    asked       TEXT    NOT NULL, -- quantity that was asked for, whatever its group leaves of it
    ends_at     INTEGER,          -- when stratd ends it
    has_expired INTEGER NOT NULL CHECK (has_expired IN (0, 1)) -- it was canceled because its lifetime ended
) STRICT;

CREATE TABLE order_groups ( -- orders that exclude each other, until the last of them has ended
    strategy    TEXT    NOT NULL,
    order_group INTEGER NOT NULL, -- as in orders: chosen by the strategy, or the client order id that they are attached to
    exchange    TEXT    NOT NULL,
    instrument  TEXT    NOT NULL,
    total       TEXT    NOT NULL, -- quantity that they may trade together
    filled      TEXT    NOT NULL, -- that they traded
    PRIMARY KEY (strategy, order_group)
) STRICT, WITHOUT ROWID;
"];

/// Brings a database up to date, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, file: &Path, steps: &[&str]) -> Result<(), Error> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |e: rusqlite::Error| Error::database(&what, file, &e)
    };
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = number("user_version").map_err(failed("reading the version of"))?;
    let application = number("application_id").map_err(failed("reading the version of"))?;
    let done = check_origin(connection, file, (application, version), steps.len())?;
    for (index, step) in steps.iter().enumerate().skip(done) {
        let what = format!("bringing to version {} the database", index + 1);
        let apply = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
            transaction.commit()
        };
        apply(connection).map_err(failed(&what))?;
    }
    Ok(())
}

/// How many steps were taken; refuses what is not ours or from the future.
fn check_origin(
    connection: &Connection,
    file: &Path,
    (application, version): (i64, i64),
    steps: usize,
) -> Result<usize, Error> {
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| Error::database("reading the tables of", file, &e))?;
    let is_empty = application == 0 && version == 0 && tables == 0;
    if application != i64::from(APPLICATION_ID) && !is_empty {
        return Err(Error::damaged(file, "the database of another program"));
    }
    match usize::try_from(version) {
        Ok(done) if done <= steps => Ok(done),
        _ => Err(Error::new(
            ErrorKind::Newer,
            format!(
                "reading {}: a database of version {version}, written by a newer stratd (accepted: up to version \
                 {steps}; run the newer stratd, or move the file to another place to start empty)",
                file.display()
            ),
        )),
    }
}
