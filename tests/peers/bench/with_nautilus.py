"""The strategies of the comparison in NautilusTrader, in Python on its Rust core: `with_nautilus.py TICKS STRATEGY`.

A trade moves both sides of its book to its price, so that a market order is filled at the price of the tick that it
answers, as with our fill rule `same_price`.
"""

import resource
import struct
import sys
import time
from importlib import metadata

from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import FixedFeeModel
from nautilus_trader.model import (
    AccountType,
    AggressorSide,
    Currency,
    Equity,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Price,
    Quantity,
    Symbol,
    TradeId,
    TradeTick,
    Venue,
)
from nautilus_trader.trading import Strategy

from report import every, tell

# time, price in cents, quantity, instrument, id, who was the aggressor
RECORD = struct.Struct("<QqIIQQ")
INSTRUMENT = InstrumentId.from_str("TICK.SIM")
CASH = 100_000
USD = Currency.from_str("USD")
ONE = Quantity.from_int(1)


class Counting(Strategy):
    """Counts, and orders what the two below ask for."""

    def __init__(self):
        super().__init__()
        self.trades = 0
        self.orders = 0

    def on_start(self):
        self.subscribe_trades(INSTRUMENT)

    def on_trade(self, trade):
        self.trades += 1

    def order(self, is_buy):
        self.orders += 1
        side = OrderSide.BUY if is_buy else OrderSide.SELL
        self.submit_order(self.order_factory.market(INSTRUMENT, side, ONE))


class EveryN(Counting):
    def __new__(cls, _):
        return super().__new__(cls)

    def __init__(self, n):
        super().__init__()
        self.n = n

    def on_trade(self, trade):
        self.trades += 1
        if self.trades % self.n == 0:
            self.order(self.orders % 2 == 0)


class Ema(Counting):
    def __init__(self):
        super().__init__()
        self.fast = self.slow = None
        self.was_above = None

    def on_trade(self, trade):
        self.trades += 1
        price = float(trade.price)
        if self.fast is None:
            self.fast = self.slow = price
            return
        self.fast += (price - self.fast) * 2.0 / 11
        self.slow += (price - self.slow) * 2.0 / 21
        is_above = self.fast > self.slow
        if self.was_above is not None and is_above != self.was_above:
            self.order(is_above)
        self.was_above = is_above


def read(path):
    """The ticks as objects of NautilusTrader."""
    sides = (AggressorSide.BUY, AggressorSide.SELL)
    with open(path, "rb") as file:
        records = file.read()
    return [
        TradeTick(
            INSTRUMENT,
            Price.from_str(f"{price // 100}.{price % 100:02}"),
            Quantity.from_int(quantity),
            sides[side],
            TradeId(str(number)),
            ts,
            ts,
        )
        for ts, price, quantity, _, number, side in RECORD.iter_unpack(records)
    ]


def main():
    ticks = read(sys.argv[1])
    name = sys.argv[2]
    n = every(name)
    strategy = EveryN(n) if n else Ema() if name == "ema" else Counting()
    quiet = LoggerConfig(stdout_level=LogLevel.OFF, bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(bypass_logging=True, logging=quiet, run_analysis=False))
    engine.add_venue(
        Venue("SIM"),
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(CASH, USD)],
        base_currency=USD,
        fee_model=FixedFeeModel(Money(0, USD)),
    )
    engine.add_instrument(
        Equity(INSTRUMENT, Symbol("TICK"), USD, 2, Price.from_str("0.01"), 0, 0, lot_size=ONE)
    )
    engine.add_strategy(strategy)
    engine.add_data(ticks)
    last = float(ticks[-1].price)
    del ticks
    started, worked = time.perf_counter(), time.process_time()
    engine.run()
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    balance = engine.cache.account_for_venue(Venue("SIM")).balance_total(USD).as_double()
    open_now = sum(
        position.signed_qty * (last - position.avg_px_open)
        for position in engine.cache.positions_open()
    )
    pnl = balance + open_now - CASH
    tell(
        metadata.version("nautilus_trader"),
        seconds=seconds,
        processor=processor,
        ticks=strategy.trades,
        orders=strategy.orders,
        pnl=pnl,
        rss_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )


main()
