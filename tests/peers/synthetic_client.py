"""A client of stratd-synthetic: logs in, sees a book, sends an order, sees its fill. python synthetic_client.py ws://127.0.0.1:5000/"""

import asyncio
import json
import sys
from decimal import Decimal

import websockets


async def trade(url, account):
    async with websockets.connect(url) as venue:
        async def send(kind, number, **keys):
            await venue.send(json.dumps({"type": kind, "request": number, **keys}))

        async def until(kind):
            async for text in venue:
                message = json.loads(text, parse_float=Decimal)
                if message["type"] in (kind, "ERROR"):
                    return message

        await send("LOGIN", 1, protocol=1, account=account)
        await send("SUBSCRIBE", 2, instrument="AAA")
        best = await until("OPEN")
        print("best ask", best["target.volume"] - best["target.filled"], "at", best["target.price"])
        await send("NEW", 3, client_order_id="one", instrument="AAA", side="BUY", volume=1, order_type="MARKET")
        fill = await until("BOUGHT")
        print("bought", fill["last_volume"], "at", fill["last_price"], "fee", f"{fill['fee']:f}")
        await send("ACCOUNT", 4)
        print("cash", (await until("ACCOUNT"))["cash"])


if __name__ == "__main__":
    asyncio.run(trade(sys.argv[1], "python"))
