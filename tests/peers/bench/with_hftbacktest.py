"""The strategies of the comparison in hftbacktest, compiled by numba: `with_hftbacktest.py TICKS STRATEGY`.

It has no fill at the price of a trade: an order needs a book. So the strategies that trade get one, a tick of half a cent
on either side of each price, which only the exchange sees: buys pay half a cent more than the trade, sells get half a
cent less. The result without this is what others have, to the cent. Rows of the book stand where the price changed.
"""

import resource
import sys
import time
from importlib import metadata

import numpy
from hftbacktest import ALL_ASSETS, BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, GTC, LOCAL_EVENT, MARKET, SELL_EVENT, TRADE_EVENT
from hftbacktest import BacktestAsset, ROIVectorMarketDepthBacktest, event_dtype
from numba import njit

from report import every, tell

RECORD = numpy.dtype(
    [("ts", "<u8"), ("price", "<i8"), ("quantity", "<u4"), ("instrument", "<u4"), ("id", "<u8"), ("side", "<u8")]
)
HALF_CENT = 0.005
# what wait_next_feed returns while there is more
FEED = 2
NEVER = 1 << 60
# orders are forgotten once so many are done; a look at each tick would cost more than it frees
FORGET_EVERY = 64


@njit
def noop(hbt):
    trades = 0
    while hbt.wait_next_feed(False, NEVER) == FEED:
        trades += len(hbt.last_trades(0))
        hbt.clear_last_trades(0)
    return trades, 0


@njit
def every_n(hbt, n):
    trades, orders, waiting = 0, 0, 0
    while hbt.wait_next_feed(False, NEVER) == FEED:
        for trade in hbt.last_trades(0):
            trades += 1
            waiting += 1
            if waiting == n:
                waiting = 0
                order(hbt, orders, orders % 2 == 0, trade.px)
                orders += 1
        hbt.clear_last_trades(0)
    return trades, orders


@njit
def ema(hbt, fast_length, slow_length):
    trades, orders = 0, 0
    fast, slow = 0.0, 0.0
    was_above = False
    while hbt.wait_next_feed(False, NEVER) == FEED:
        for trade in hbt.last_trades(0):
            trades += 1
            if trades == 1:
                fast, slow = trade.px, trade.px
                continue
            fast += (trade.px - fast) * 2.0 / (fast_length + 1)
            slow += (trade.px - slow) * 2.0 / (slow_length + 1)
            is_above = fast > slow
            if trades > 2 and is_above != was_above:
                order(hbt, orders, is_above, trade.px)
                orders += 1
            was_above = is_above
        hbt.clear_last_trades(0)
    return trades, orders


@njit
def order(hbt, number, is_buy, price):
    if is_buy:
        hbt.submit_buy_order(0, number, price, 1.0, GTC, MARKET, False)
    else:
        hbt.submit_sell_order(0, number, price, 1.0, GTC, MARKET, False)
    if number % FORGET_EVERY == 0:
        hbt.clear_inactive_orders(ALL_ASSETS)


def rows(ticks, has_book):
    """The ticks as hftbacktest takes them."""
    cents = ticks["price"]
    events = numpy.zeros(len(ticks), event_dtype)
    events["ev"] = numpy.where(ticks["side"] == 0, BUY_EVENT, SELL_EVENT) | TRADE_EVENT | EXCH_EVENT | LOCAL_EVENT
    events["exch_ts"] = events["local_ts"] = ticks["ts"]
    events["px"] = cents / 100
    events["qty"] = ticks["quantity"]
    # a run ends with the last row and shows it to nobody
    end = depth(numpy.array([HALF_CENT]), BUY_EVENT | LOCAL_EVENT, ticks["ts"][-1] + 1)
    if not has_book:
        return numpy.concatenate([events, end])
    # every price half a cent off is there from the start: asks above the first trade, bids below
    levels = numpy.arange(cents.min() - 1, cents.max() + 2) / 100 + HALF_CENT
    start = depth(levels, numpy.where(levels > cents[0] / 100, SELL_EVENT, BUY_EVENT), ticks["ts"][0])
    # a price that went up makes a bid of what was the lowest ask, and the next one is the lowest; and the reverse
    change = numpy.diff(cents)
    at = numpy.flatnonzero(change)
    rose = change[at] > 0
    moved = depth(
        cents[at + 1] / 100 + numpy.where(rose, -HALF_CENT, HALF_CENT),
        numpy.where(rose, BUY_EVENT, SELL_EVENT),
        ticks["ts"][at + 1],
    )
    return numpy.concatenate([start, numpy.insert(events, at + 1, moved), end])


def depth(prices, sides, times):
    """Levels of the book, which the exchange sees."""
    found = numpy.zeros(len(prices), event_dtype)
    found["ev"] = sides | DEPTH_EVENT | EXCH_EVENT
    found["exch_ts"] = found["local_ts"] = times
    found["px"] = prices
    found["qty"] = 1_000_000
    return found


def prepared(events, ticks):
    """A run that has not begun."""
    lowest, highest = ticks["price"].min() / 100 - 1, ticks["price"].max() / 100 + 1
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(HALF_CENT)
        .lot_size(1.0)
        .roi_lb(lowest)
        .roi_ub(highest)
        .last_trades_capacity(16)
    )
    return ROIVectorMarketDepthBacktest([asset])


def main():
    ticks = numpy.fromfile(sys.argv[1], RECORD)
    name = sys.argv[2]
    n = every(name)
    events = rows(ticks, has_book=name != "noop")

    def run(hbt):
        if n:
            return every_n(hbt, n)
        return ema(hbt, 10, 20) if name == "ema" else noop(hbt)

    # once for the compiler
    run(prepared(rows(ticks[:1_000], has_book=True), ticks))
    hbt = prepared(events, ticks)
    started, worked = time.perf_counter(), time.process_time()
    trades, orders = run(hbt)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    state = hbt.state_values(0)
    last = ticks["price"][-1] / 100
    pnl = state.balance + state.position * last
    assert state.num_trades == orders, (state.num_trades, orders)
    hbt.close()
    tell(
        metadata.version("hftbacktest"),
        seconds=seconds,
        processor=processor,
        ticks=trades,
        orders=orders,
        pnl=pnl + HALF_CENT * orders,
        rss_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )


main()
