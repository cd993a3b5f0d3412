"""websockets and CPython's json and decimal talk to stratd-synthetic; the client of the documentation trades; an aat reader finds its keys."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal

import websockets

from lib.compare import Comparison, run

SERVER = os.environ["STRATD_SYNTHETIC"]
CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "synthetic_client.py")
OPTIONS = ["--listen", "127.0.0.1:0", "--seed", "7", "--instruments", "2", "--taker-fee", "0.0005"]
EVENTS = 2_000
# what aat's Order has on the wire
ORDER_KEYS = "id timestamp volume price side instrument exchange notional filled order_type flag stop_target".split()


class Venue:
    """A server of the check's own."""

    def __init__(self, *options):
        self.process = subprocess.Popen([SERVER, *OPTIONS, *options], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.end = self.process.wait(30)


def client_of_the_documentation(comparison):
    with Venue() as venue:
        done = subprocess.run([sys.executable, CLIENT, venue.url], capture_output=True, text=True, timeout=60, check=False)
        comparison.same("the client ends", 0, done.returncode)
        comparison.matches("the client", r"best ask \d+ at \d+\.\d\d\nbought 1 at \d+\.\d\d fee 0\.\d{8}\ncash \d+\.\d{8}\n", done.stdout)
        words = done.stdout.split()
        if len(words) == 13:
            price, fee, cash = (Decimal(words[at]) for at in (8, 10, 12))
            comparison.same("cash moved by the fill", 1_000_000 - price - fee, cash)
            comparison.same("fee", (price * Decimal("0.0005")).quantize(Decimal("1e-8")), fee)
    comparison.same("the server ends", 0, venue.end)


def aat_order(comparison, what, order, prefix):
    """The keys and the kinds of their values."""
    comparison.same(f"{what}: keys", [], [key for key in ORDER_KEYS if prefix + key not in order])
    comparison.same(f"{what}: exchange", {"name": "synthetic"}, order[prefix + "exchange"])
    comparison.holds(f"{what}: time", isinstance(order[prefix + "timestamp"], Decimal), order[prefix + "timestamp"])


async def market(comparison, url):
    """Every event, by the rule of the protocol; the numbers exactly."""
    async with websockets.connect(url) as venue:
        hello = json.loads(await venue.recv())
        comparison.fields("HELLO", {"type": "HELLO", "protocol": 1, "venue": "synthetic"}, hello)
        await venue.send(json.dumps({"type": "SUBSCRIBE", "request": 1}))
        last, rest, events = None, {}, 0
        while events < EVENTS:
            text = await venue.recv()
            event = json.loads(text, parse_float=Decimal)
            kind = event["type"]
            if kind == "SNAPSHOT":
                last = event["seq"]
                continue
            if "prev" not in event or kind == "HEARTBEAT":
                continue
            if not event.get("snapshot"):
                comparison.same("prev", last, event["prev"])
                last, events = event["seq"], events + 1
            if kind == "TRADE":
                aat_order(comparison, "taker", event["target.taker_order"], "")
                aat_order(comparison, "maker", event["target.maker_orders"][0], "")
                continue
            aat_order(comparison, kind, event, "target.")
            follow(comparison, rest, event)


def follow(comparison, rest, event):
    """A book made of the events: what is canceled or filled rested, or came in just now."""
    order, kind = event["target.id"], event["type"]
    left = event["target.volume"] - event["target.filled"]
    if kind == "OPEN":
        comparison.holds("an order opens once", order not in rest, order)
        rest[order] = left
    elif kind == "FILL":
        comparison.same("a filled order has nothing left", 0, left)
        rest.pop(order, None)
    elif kind == "CANCEL":
        rest.pop(order, None)
    elif order in rest:
        rest[order] = left


async def wrong(comparison, url):
    """What json and websockets can say that the server does not take."""
    async with websockets.connect(url) as venue:
        await venue.recv()
        for text, code in [("[]", "bad_json"), ('{"type":"NEW","request":1}', "bad_request"), ('"\\ud800"', "bad_json")]:
            await venue.send(text)
            answer = json.loads(await venue.recv())
            comparison.same(text, code, answer["code"])
        await venue.send(b"bytes")
        try:
            while True:
                await venue.recv()
        except websockets.ConnectionClosed as end:
            comparison.same("a binary message", 1003, end.rcvd.code)


def check(work):
    comparison = Comparison()
    client_of_the_documentation(comparison)
    with Venue("--rate", "2000") as venue:
        asyncio.run(market(comparison, venue.url))
        asyncio.run(wrong(comparison, venue.url))
    comparison.end(f"websockets {websockets.__version__} reads {EVENTS} events without a gap and trades")


if __name__ == "__main__":
    run(check)
