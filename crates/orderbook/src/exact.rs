//! Sums and differences that fit by the limits of the book.
//!
//! Prices, quantities and ids come from outside and are compared or refused, never added blindly. What is added is
//! bounded: the book refuses an order that would lift the quantities of one side above an i64, and every other sum is a
//! part of such a total. So an overflow here is a bug of ours, and stops the book instead of giving a wrong quantity.

use stratd_plugin_api::Quantity;

use crate::{event::Execution, order::Order};

const PROMISE: &str = "the quantities of one side add up within 64 bits";

#[inline]
pub(crate) fn sum(a: i64, b: i64) -> i64 {
    a.checked_add(b).expect(PROMISE)
}

#[inline]
pub(crate) fn difference(a: i64, b: i64) -> i64 {
    a.checked_sub(b).expect(PROMISE)
}

#[inline]
pub(crate) fn plus(a: Quantity, b: Quantity) -> Quantity {
    Quantity::new(sum(a.get(), b.get()))
}

#[inline]
pub(crate) fn minus(a: Quantity, b: Quantity) -> Quantity {
    Quantity::new(difference(a.get(), b.get()))
}

/// What an order of ours lacks; its fields are public, so others get the answer of `Order::remaining`.
#[inline]
pub(crate) fn remaining(order: &Order) -> Quantity {
    minus(order.quantity, order.filled)
}

/// Sum of what one order trades: a side holds less than 2^63 lots, at prices of at most 2^63, so it stays below 2^126.
#[inline]
pub(crate) fn total(a: i128, b: i128) -> i128 {
    a.checked_add(b).expect("the notional of one side fits 128 bits")
}

/// Price × quantity of an execution.
#[inline]
pub(crate) fn product(last: Execution) -> i128 {
    i128::from(last.price.get())
        .checked_mul(i128::from(last.quantity.get()))
        .expect("the product of two 64-bit numbers fits 128 bits")
}
