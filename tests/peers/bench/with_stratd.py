"""The strategies of the comparison in stratd, from the configuration to the folder of results: `with_stratd.py TICKS STRATEGY`.

The times are those that it tells itself. Memory is that of its process, the pages of the mapped ticks among it.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile

from report import every, tell

UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


LIBRARIES = {
    "ticks": "faulty/libexchange_ticks.so",
    "every": "faulty/libstrategy_every.so",
    "ema": "libstrategy_ema_cross.so",
}


def configuration(ticks, name, folder):
    """A configuration as a user writes it; texts of JSON are texts of TOML."""
    quoted = {key: json.dumps(os.path.join(os.environ["STRATD_PLUGINS"], path)) for key, path in LIBRARIES.items()}
    n = every(name)
    strategy = quoted["ema"] if name == "ema" else quoted["every"]
    settings = f"config = {{ every = {n} }}" if n else ""
    return f"""
trading_type = "backtest"
results = {json.dumps(folder)}

[fill]
rule = "same_price"

[[exchange]]
plugin = {quoted["ticks"]}
config = {{ file = {json.dumps(ticks)} }}

[[strategy]]
plugin = {strategy}
{settings}
"""


def main():
    ticks, name = os.path.abspath(sys.argv[1]), sys.argv[2]
    stratd = os.environ["STRATD"]
    with tempfile.TemporaryDirectory(dir=".") as folder:
        config = os.path.join(folder, "run.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(configuration(ticks, name, os.path.abspath(folder)))
        done = subprocess.run([stratd, "backtest", config], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"stratd backtest: {done.stderr}")
        with open(os.path.join(folder, "latest", "summary.json"), encoding="utf-8") as file:
            summary = json.load(file)
    took = re.search(r"\((\d+) events in ([\d.]+)(s|ms|µs), ([\d.]+)(s|ms|µs) of a processor\)", done.stdout)
    if not took:
        raise SystemExit(f"stratd does not say how long it took: {done.stdout}")
    version = subprocess.run([stratd, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    tell(
        version,
        seconds=float(took[2]) * UNITS[took[3]],
        processor=float(took[4]) * UNITS[took[5]],
        ticks=int(took[1]),
        orders=summary["orders"],
        pnl=float(summary["equity_end"]) - float(summary["cash_start"]),
        rss_kib=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )


main()
