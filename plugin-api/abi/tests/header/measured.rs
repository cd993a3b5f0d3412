//! Sizes and offsets as this compiler lays the types out.
//!
//! The fields are listed by hand, because `offset_of!` wants them at compile time; a test compares the list with the
//! source, so that none can be forgotten.

use std::mem::offset_of;

/// The layout of a struct.
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) fields: Vec<(&'static str, usize)>,
}

/// Measures structs: they differ in their names only.
macro_rules! measure {
    ($($name:ident { $($field:ident),* $(,)? },)*) => {
        vec![$(Layout {
            name: stringify!($name),
            size: size_of::<stratd_abi::$name>(),
            align: align_of::<stratd_abi::$name>(),
            fields: vec![$((stringify!($field), offset_of!(stratd_abi::$name, $field))),*],
        }),*]
    };
}

/// All structs, in the order of the source.
pub(crate) fn structs() -> Vec<Layout> {
    measure! {
        Str { data, length },
        Sink { ctx, write },
        MoneyBits { lo, hi },
        Event { ts, seq, instrument, kind, flags, data },
        OrderEvent { ts, seq, client_order_id, exchange_order_id, instrument, kind, status, side, price, quantity, last_price, last_quantity, cumulative_quantity, fee, trade_id, reason, exchange, order_type, flags, ts_recv, correlation },
        OrderRequest { instrument, exchange, side, order_type, flags, lifetime, reserved, tag, quantity, price, stop_price, trail, expires, notional, group },
        OrderCommand { correlation, client_order_id, exchange_order_id, deadline, order },
        Session { open, close },
        InstrumentRecord { id, exchange, instrument_type, option_type, symbol, currency, broker_id, price_decimals, quantity_decimals, leg1_side, leg2_side, underlying, leg1, leg2, tick, lot, multiplier, strike, expiry, timezone, sessions, session_count, weekdays, reserved },
        Filter { instrument, exchange, side, instrument_type_plus_one },
        ExchangeRecord { name, id, reserved, instrument_types, trading_types },
        OrderRecord { client_order_id, exchange_order_id, instrument, exchange, side, order_type, flags, lifetime, status, held, tag, quantity, filled, price, stop_price, created, updated, reason, reserved, group, trail, expires },
        FillRecord { ts, client_order_id, exchange_order_id, trade_id, instrument, exchange, side, liquidity, price, quantity, fee, slippage, transaction_cost },
        PositionRecord { instrument, exchange, side, size, price_average, price_last, cost, notional, realized, unrealized, fees },
        AccountRecord { id, currency, exchange, oms_type, has_positions, reserved, cash, equity, margin },
        PortfolioRecord { currency, cash, notional, realized, unrealized, fees, equity_run },
        RiskRecord { exposure, notional, realized, unrealized, drawdown, day_loss, open_order_exposure },
        RiskLimitRecord { limit_code, instrument, scope, reserved, used, limit, headroom },
        PricePoint { ts, price, quantity },
        BookQuery { instrument, depth, side, has_price, reserved, price },
        BookRecord { instrument, state, source, is_crossed, reserved, ts, seq, bid_levels, ask_levels, orders, gaps, crossings, left_out },
        BookLevelRecord { price, quantity, orders, side, reserved },
        BarSpec { kind, flags, step, delay },
        KeyValue { key, value },
        LogRecord { level, field_count, target, message, fields },
        Schedule { kind, instrument, time, interval, hour, minute, second, reserved, tag },
        HostV1 { size, abi, ctx, log, error, text, now, trading_type, submit, cancel, change, cancel_all, close_all, subscribe, lookup, instruments, exchanges, orders, past_orders, fills, positions, accounts, portfolio, risk, price_history, book, subscribe_bars, timer, timer_cancel, stop, shutdown, metric, get_extension },
        LogField { key, text, bits, kind, reserved },
        LoggerRef { threshold, id, reserved },
        LogEntry { logger, level, line, event, target, message, file, function, module, exception, fields, field_count, flags },
        LogHostV1 { size, abi, ctx, lowest, logger, log, context_set, flush },
        LogView { created, thread, process, level, line, field_count, name, level_name, message, file, function, module, thread_name, exception, stack, fields },
        LogEdit { ctx, message, level, field },
        LogPartV1 { size, abi, kind, changes_records, name, description, options_schema, create, destroy, filter, handle, flush, format },
        LogPartsV1 { size, abi, count, parts },
        StrategyV1 { size, abi, create, destroy, on_events, on_orders, on_config, slippage, transaction_cost, save, restore, quiesce, get_extension },
        ExchangeHostV1 { size, abi, ctx, log, error, now, trading_type, intern, payload, text, emit, emit_orders, instrument, account, position, open_order, fill, answer, get_extension },
        ExchangeV1 { size, abi, create, destroy, connect, instruments, lookup, subscribe, stop, poll, new_order, cancel_order, change_order, accounts, open_orders, fills_since, find_order, on_config, save, restore, quiesce, get_extension },
        ManifestV1 { size, abi, kind, state_version, state_compat_min, panic_unwinds, flags, trading_types, instrument_types, order_types, order_flags, order_lifetimes, order_groups, name, version, description, build_id, compiler, abi_crate, config_schema },
        PluginV1 { size, abi, manifest, strategy, exchange, get_extension },
    }
}
