"""What a run of the comparison tells: one line of JSON, and nothing else on standard output."""

import json


def every(name):
    """The number of `every-N`; `None` for another strategy."""
    return int(name.removeprefix("every-")) if name.startswith("every-") else None


def tell(version, *, seconds, ticks, orders, pnl, rss_kib):
    """Prints the line; `pnl` is at the price of each tick, so that all can be compared."""
    # no minus before a zero
    result = f"{round(pnl, 2) + 0.0:.2f}"
    line = {"version": version, "seconds": seconds, "ticks": ticks, "orders": orders, "pnl": result, "rss_kib": rss_kib}
    print(json.dumps(line))
