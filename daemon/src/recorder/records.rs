//! The records of the ABI as words, in the order of their bytes, and back. Files have them in this form on every machine.
#![expect(clippy::cast_possible_truncation, reason = "parts are taken out of words")]

use stratd_plugin_api::abi;

/// Words of an order event.
pub(crate) const ORDER_EVENT_WORDS: usize = 16;
/// Words of a request.
pub(crate) const ORDER_REQUEST_WORDS: usize = 10;
/// Words of an account.
pub(crate) const ACCOUNT_WORDS: usize = 9;

pub(crate) fn order_event_words(event: &abi::OrderEvent) -> [u64; ORDER_EVENT_WORDS] {
    [
        event.ts.cast_unsigned(),
        event.seq,
        event.client_order_id,
        event.exchange_order_id,
        u64::from(event.instrument)
            | u64::from(event.kind) << 32
            | u64::from(event.status) << 48
            | u64::from(event.side) << 56,
        event.price.cast_unsigned(),
        event.quantity.cast_unsigned(),
        event.last_price.cast_unsigned(),
        event.last_quantity.cast_unsigned(),
        event.cumulative_quantity.cast_unsigned(),
        event.fee.lo,
        event.fee.hi.cast_unsigned(),
        event.trade_id,
        u64::from(event.reason)
            | u64::from(event.exchange) << 32
            | u64::from(event.order_type) << 48
            | u64::from(event.flags) << 56,
        event.ts_recv.cast_unsigned(),
        event.correlation,
    ]
}

pub(crate) fn order_event(words: &[u64; ORDER_EVENT_WORDS]) -> abi::OrderEvent {
    let [ts, seq, client_order_id, exchange_order_id, what, rest @ ..] = *words;
    let [price, quantity, last_price, last_quantity, cumulative, lo, hi, trade_id, how, ts_recv, correlation] =
        rest;
    abi::OrderEvent {
        ts: ts.cast_signed(),
        seq,
        client_order_id,
        exchange_order_id,
        instrument: low(what),
        kind: (what >> 32) as u16,
        status: (what >> 48) as u8,
        side: (what >> 56) as u8,
        price: price.cast_signed(),
        quantity: quantity.cast_signed(),
        last_price: last_price.cast_signed(),
        last_quantity: last_quantity.cast_signed(),
        cumulative_quantity: cumulative.cast_signed(),
        fee: abi::MoneyBits { lo, hi: hi.cast_signed() },
        trade_id,
        reason: low(how),
        exchange: (how >> 32) as u16,
        order_type: (how >> 48) as u8,
        flags: (how >> 56) as u8,
        ts_recv: ts_recv.cast_signed(),
        correlation,
    }
}

pub(crate) fn order_request_words(request: &abi::OrderRequest) -> [u64; ORDER_REQUEST_WORDS] {
    [
        u64::from(request.instrument)
            | u64::from(request.exchange) << 32
            | u64::from(request.side) << 48
            | u64::from(request.order_type) << 56,
        u64::from(request.flags)
            | u64::from(request.lifetime) << 8
            | u64::from(request.reserved) << 16
            | u64::from(request.tag) << 32,
        request.quantity.cast_unsigned(),
        request.price.cast_unsigned(),
        request.stop_price.cast_unsigned(),
        request.trail.cast_unsigned(),
        request.expires.cast_unsigned(),
        request.notional.lo,
        request.notional.hi.cast_unsigned(),
        request.group,
    ]
}

pub(crate) fn order_request(words: &[u64; ORDER_REQUEST_WORDS]) -> abi::OrderRequest {
    let [what, how, quantity, price, stop_price, trail, expires, lo, hi, group] = *words;
    abi::OrderRequest {
        instrument: low(what),
        exchange: (what >> 32) as u16,
        side: (what >> 48) as u8,
        order_type: (what >> 56) as u8,
        flags: how as u8,
        lifetime: (how >> 8) as u8,
        reserved: (how >> 16) as u16,
        tag: (how >> 32) as u32,
        quantity: quantity.cast_signed(),
        price: price.cast_signed(),
        stop_price: stop_price.cast_signed(),
        trail: trail.cast_signed(),
        expires: expires.cast_signed(),
        notional: abi::MoneyBits { lo, hi: hi.cast_signed() },
        group,
    }
}

pub(crate) fn account_words(told: &abi::AccountRecord) -> [u64; ACCOUNT_WORDS] {
    [
        told.id,
        told.currency,
        u64::from(told.exchange) | u64::from(told.oms_type) << 16 | u64::from(told.has_positions) << 32,
        told.cash.lo,
        told.cash.hi.cast_unsigned(),
        told.equity.lo,
        told.equity.hi.cast_unsigned(),
        told.margin.lo,
        told.margin.hi.cast_unsigned(),
    ]
}

pub(crate) fn account(words: &[u64; ACCOUNT_WORDS]) -> abi::AccountRecord {
    let [id, currency, what, amounts @ ..] = *words;
    let [cash, cash_high, equity, equity_high, margin, margin_high] = amounts;
    let money = |lo, hi: u64| abi::MoneyBits { lo, hi: hi.cast_signed() };
    abi::AccountRecord {
        id,
        currency,
        exchange: what as u16,
        oms_type: (what >> 16) as u16,
        has_positions: (what >> 32) as u16,
        reserved: (what >> 48) as u16,
        cash: money(cash, cash_high),
        equity: money(equity, equity_high),
        margin: money(margin, margin_high),
    }
}

fn low(word: u64) -> u32 {
    (word & 0xffff_ffff) as u32
}
