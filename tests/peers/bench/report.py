"""What a run of the comparison tells: one line of JSON, and nothing else on standard output."""

import json


def every(name):
    """The number of `every-N`; `None` for another strategy."""
    return int(name.removeprefix("every-")) if name.startswith("every-") else None


def tell(version, *, seconds, processor, ticks, orders, pnl, rss_kib):
    """Prints the line; `seconds` passed and of a processor, and `pnl` at the price of each tick, so that all can be compared."""
    # no minus before a zero
    result = f"{round(pnl, 2) + 0.0:.2f}"
    times = {"seconds": seconds, "processor": processor}
    answer = {"ticks": ticks, "orders": orders, "pnl": result}
    print(json.dumps({"version": version, **times, **answer, "rss_kib": rss_kib}))
