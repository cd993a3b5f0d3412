"""Debian's promtool reads what /v1/metrics says, in both formats: the older one with all its lints, OpenMetrics by its parser."""

import http.client
import os
import signal
import socket
import subprocess
import time

from lib.compare import Comparison, run, until

PROMTOOL = os.path.join(os.environ["PEERS_UNPACKED"], "usr/bin/promtool")
CONFIG = """
trading_type = "sandbox"

[risk]
max_position = 20

[[exchange]]
plugin = "synthetic"
config = { instruments = 2, rate = 500 }

[[strategy]]
plugin = "market-maker"
config = { max_position = 1000 }
"""


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("stratd")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def scrape(path, accept):
    connection = Connection(path)
    connection.request("GET", "/v1/metrics", headers={"accept": accept})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.getheader("content-type"), text


def promtool(*arguments, given=None):
    done = subprocess.run(
        [PROMTOOL, *arguments], input=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def with_times(text):
    """Each sample with a time: what is stored needs one, what is scraped gets that of the scrape."""
    now = int(time.time())
    lines = (line if line.startswith("#") else f"{line} {now}" for line in text.splitlines())
    return "\n".join(lines) + "\n"


def check(work):
    comparison = Comparison()
    with open("stratd.toml", "w", encoding="utf-8") as file:
        file.write(CONFIG)
    command = [os.environ["STRATD"], "run", "stratd.toml", "--control-socket", "c.sock", "--state-dir", "state"]
    with open("log", "w", encoding="utf-8") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until("a socket", lambda: os.path.exists("c.sock"))

        def busy():
            kind, text = scrape("c.sock", "application/openmetrics-text")
            # everything that such a run can tell: fills, a denial, the figures of a strategy
            wanted = ["stratd_fills_total", "stratd_denials_total{", "stratd_strategy_pnl{"]
            return (kind, text) if all(word in text for word in wanted) else None

        kind, text = until("denials in the figures", busy)
        comparison.same("type", "application/openmetrics-text; version=1.0.0; charset=utf-8", kind)
        samples = [line for line in text.splitlines() if not line.startswith("#")]
        comparison.holds("samples", len(samples) > 150, len(samples))
        with open("metrics.om", "w", encoding="utf-8") as file:
            file.write(with_times(text))
        code, said = promtool("tsdb", "create-blocks-from", "openmetrics", "metrics.om", "blocks")
        comparison.holds("OpenMetrics is parsed", code == 0, said)
        # a dump looks for what a running server would write
        os.makedirs("blocks/wal", exist_ok=True)
        code, said = promtool("tsdb", "dump", "blocks")
        comparison.same("series that were stored", len(samples), said.count("{__name__="))
        kind, text = scrape("c.sock", "text/plain")
        comparison.same("older type", "text/plain; version=0.0.4; charset=utf-8", kind)
        code, said = promtool("check", "metrics", given=text)
        comparison.same("lints of the older format", (0, ""), (code, said))
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=60)
    comparison.end(f"promtool reads {len(samples)} series in both formats without a complaint")


run(check)
