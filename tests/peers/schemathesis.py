"""schemathesis attacks the control socket with what `docs/openapi.json` allows and with what it does not.

It speaks HTTP over TCP only, so socat carries it to the socket; the daemon takes it for whoever runs socat. Every
answer must be one that the document describes, nothing may be a status of 500, and the daemon must be there afterwards,
answer and end in good order. It learns names from what it reads, and so does some of what it asks for; that what is
refused changes nothing is tried before and after.
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


def refused(comparison, path):
    """What is refused changes nothing: without a tag, with another one, with a key too many, with a query too many."""
    for name in ("market-maker", "synthetic"):
        target = f"/v1/plugins/{name}/reload"
        _, tag, before = get(path, f"/v1/plugins/{name}")
        attempts = [
            (428, target, {}, ""),
            (412, target, {"If-Match": '"0"'}, ""),
            (400, target, {"If-Match": "0"}, ""),
            (400, target, {"If-Match": "*"}, '{"now": true}'),
            (400, target + "?now=true", {"If-Match": "*"}, ""),
        ]
        for expected, where, headers, body in attempts:
            connection = Connection(path)
            connection.request("POST", where, body, headers)
            comparison.same(f"{where} {headers} {body}", expected, connection.getresponse().status)
            connection.close()
        _, now, after = get(path, f"/v1/plugins/{name}")
        comparison.same(f"{name}: tag after refusals", tag, now)
        comparison.same(f"{name}: generation after refusals", before["generation"], after["generation"])


def main(work):
    comparison = Comparison()
    daemon = Daemon(work, {})
    path = os.path.join(work, "control.sock")
    daemon.wait("an answer", lambda: answers(path))
    refused(comparison, path)
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
    refused(comparison, path)
    comparison.same("the end", 0, daemon.end())
    comparison.exclude(f"streams: {', '.join(STREAMS)}")
    comparison.end(f"{cases} requests in {SECONDS} s, answered as docs/openapi.json says; what is refused changed nothing")


if __name__ == "__main__":
    run(main)
