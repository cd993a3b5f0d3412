"""schemathesis attacks the control socket with what `docs/openapi.json` allows and with what it does not.

It speaks HTTP over TCP only, so socat carries it to the socket; the daemon takes it for whoever runs socat. Every
answer must be one that the document describes, nothing may be a status of 500, and what is refused must not have
changed anything. It learns the names of our plugins from what it reads, and changes some of them: what was done is on
record, and the tag of a plugin is another one only if something was.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import sys

from lib.compare import Comparison, run
from lib.ours import Daemon, dies_with_us
from lib.ports import free_port

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONFIG = os.path.join(ROOT, "tests", "peers", "schemathesis.toml")
DOCUMENT = os.path.join(ROOT, "docs", "openapi.json")
SECONDS = 60
SEED = os.environ.get("PEERS_SEED", "1")
# they go on until the listener goes
STREAMS = ("/v1/logging/tap", "/v1/events")
# every test case is a request; a run with fewer has not begun
CASES_MIN = 500


class Connection(http.client.HTTPConnection):
    """HTTP over the control socket."""

    def __init__(self, path):
        super().__init__("stratd", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(path, target):
    """The status, the tag and the value of what is there."""
    connection = Connection(path)
    connection.request("GET", target)
    answer = connection.getresponse()
    value = json.loads(answer.read())
    connection.close()
    return answer.status, answer.headers.get("ETag"), value


def answers(path):
    try:
        return get(path, "/v1/status")[0] == 200
    except OSError:
        return False


def bridge(work, path):
    """Carries TCP to the socket; returns the process and the port."""
    port = free_port()
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
    with open(os.path.join(work, "socat.stderr"), "wb") as errors:
        process = subprocess.Popen(["socat", listen, f"UNIX-CONNECT:{path}"], stderr=errors, preexec_fn=dies_with_us)
    return process, port


def attack(work, port):
    """Runs it, and returns its exit code and what it printed."""
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
        f"--config-file={CONFIG}",
        "run",
        DOCUMENT,
        f"--url=http://127.0.0.1:{port}",
        f"--seed={SEED}",
        f"--max-time={SECONDS}",
        "--checks=all",
        "--continue-on-failure",
        "--request-timeout=30",
        "--no-color",
        "--warnings=off",
    ]
    command += [f"--exclude-path={path}" for path in STREAMS]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False, preexec_fn=dies_with_us)
    with open(os.path.join(work, "told.txt"), "w", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    return done.returncode, done.stdout + done.stderr


def record_of(daemon):
    """What the record says was done, as one text."""
    with open(daemon.errors, encoding="utf-8", errors="replace") as file:
        return "\n".join(line for line in file if "INFO control.audit: " in line and "dry_run=false" in line)


def main(work):
    comparison = Comparison()
    daemon = Daemon(work, {})
    path = os.path.join(work, "control.sock")
    daemon.wait("an answer", lambda: answers(path))
    before = {name: get(path, f"/v1/plugins/{name}")[1:] for name in ("market-maker", "synthetic")}
    socat, port = bridge(work, path)
    code, text = attack(work, port)
    socat.terminate()
    socat.wait()
    comparison.same("schemathesis: exit code", 0, code)
    if code:
        print(text[-8000:], file=sys.stderr)
    found = re.search(r"(\d+) generated", text)
    cases = int(found[1]) if found else 0
    comparison.holds("requests", cases >= CASES_MIN, cases)
    comparison.holds("the daemon lives", daemon.process.poll() is None)
    comparison.same("health: status", 200, get(path, "/v1/health")[0])
    done = record_of(daemon)
    for name, (tag, plugin) in before.items():
        _, now, after = get(path, f"/v1/plugins/{name}")
        if f"reload {name}" not in done:
            comparison.same(f"{name}: generation", plugin["generation"], after["generation"])
        if name not in done:
            comparison.same(f"{name}: tag", tag, now)
    comparison.same("the end", 0, daemon.end())
    comparison.exclude(f"streams: {', '.join(STREAMS)}")
    comparison.end(f"{cases} requests in {SECONDS} s, answered as docs/openapi.json says, and nothing changed but what the record says")


if __name__ == "__main__":
    run(main)
