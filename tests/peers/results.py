"""quantstats, empyrical and pyfolio read our returns as they are and agree; pyarrow reads our exports without loss."""

import csv
import decimal
import json
import math
import os
import subprocess
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("MPLBACKEND", "Agg")

import empyrical  # noqa: E402
import pandas  # noqa: E402
import pyarrow.feather  # noqa: E402
import pyarrow.parquet  # noqa: E402
import pyfolio  # noqa: E402
import quantstats  # noqa: E402

from lib.compare import Comparison, run  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONFIGS = ["quickstart", "risk-limits"]
ACCURACY = 1e-9


def stratd(*arguments):
    done = subprocess.run([os.environ["STRATD"], *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"stratd {' '.join(arguments)}: {done.stderr}")


def close(comparison, what, ours, theirs):
    is_close = ours is not None and math.isclose(ours, theirs, rel_tol=0, abs_tol=ACCURACY)
    comparison.holds(what, is_close, f"ours {ours}, theirs {theirs}")


def ratios(comparison, name, folder):
    """Each ratio beside that of each library that has it."""
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        ours = json.load(file)
    path = os.path.join(folder, "returns.csv")
    returns = pandas.read_csv(path, index_col="date", parse_dates=True)["return"]
    year = int(ours["periods_per_year"])
    stats = pyfolio.timeseries.perf_stats(returns)
    rows = [
        ("sharpe", quantstats.stats.sharpe(returns, periods=year)),
        ("sharpe", empyrical.sharpe_ratio(returns, annualization=year)),
        ("sharpe", stats["Sharpe ratio"]),
        ("volatility", quantstats.stats.volatility(returns, periods=year)),
        ("volatility", empyrical.annual_volatility(returns, annualization=year)),
        ("volatility", stats["Annual volatility"]),
        ("max_drawdown_daily", -quantstats.stats.max_drawdown(returns)),
        ("max_drawdown_daily", -empyrical.max_drawdown(returns)),
        ("max_drawdown_daily", -stats["Max drawdown"]),
        ("sortino", quantstats.stats.sortino(returns, periods=year)),
        ("sortino", empyrical.sortino_ratio(returns, annualization=year)),
        ("cagr", empyrical.cagr(returns, annualization=year)),
        ("calmar", empyrical.calmar_ratio(returns, annualization=year)),
    ]
    for key, theirs in rows:
        close(comparison, f"{name}: {key}", ours[key], float(theirs))


def exports(comparison, name, folder):
    """Each cell of each table, exactly."""
    stratd("export", folder)
    stratd("export", folder, "--format", "arrow", "--output", os.path.join(folder, "arrow"))
    for table in ["orders", "fills", "positions", "denials", "equity", "returns"]:
        with open(os.path.join(folder, f"{table}.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        parquet = pyarrow.parquet.read_table(os.path.join(folder, f"{table}.parquet"))
        arrow = pyarrow.feather.read_table(os.path.join(folder, "arrow", f"{table}.arrow"))
        comparison.holds(f"{name}: {table}: both formats hold the same", parquet.equals(arrow))
        comparison.same(f"{name}: {table}: rows", len(rows), parquet.num_rows)
        for column in parquet.column_names:
            found = parquet[column]
            texts = [row[column] for row in rows]
            expected = [None if text == "" else read(text, found.type) for text in texts]
            values = found.cast(pyarrow.int64()) if pyarrow.types.is_timestamp(found.type) else found
            comparison.holds(f"{name}: {table}: {column}", values.to_pylist() == expected)


def read(text, kind):
    """A cell of a table as pyarrow gives it."""
    types = pyarrow.types
    if types.is_decimal(kind):
        return decimal.Decimal(text)
    if types.is_timestamp(kind):
        return pandas.Timestamp(text).value
    if types.is_date(kind):
        return pandas.Timestamp(text).date()
    if types.is_integer(kind):
        return int(text)
    return float(text) if types.is_floating(kind) else text


def check(work):
    comparison = Comparison()
    for name in CONFIGS:
        results = os.path.join(work, name)
        stratd("backtest", os.path.join(ROOT, "configs", f"{name}.toml"), "--results", results)
        folder = os.path.realpath(os.path.join(results, "latest"))
        ratios(comparison, name, folder)
        exports(comparison, name, folder)
    comparison.end(f"ratios agree to {ACCURACY}, exports are exact")


run(check)
