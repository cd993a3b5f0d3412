"""Our side: the example `send` of the logging crate, fed with records and commands, and the daemon `stratd`."""

import ctypes
import json
import os
import re
import signal
import subprocess

from .compare import until


def toml(table, path=()):
    """A table as TOML text. Texts of JSON are texts of TOML."""
    lines, tables = [], []
    for key, value in table.items():
        if isinstance(value, dict) and value:
            tables.append((path + (key,), value))
        else:
            lines.append(f"{json.dumps(key)} = {scalar(value)}")
    head = f"[{'.'.join(json.dumps(part) for part in path)}]\n" if path else ""
    text = head + "".join(line + "\n" for line in lines)
    return text + "".join(toml(inner, inner_path) for inner_path, inner in tables)


def scalar(value):
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return f"[{', '.join(scalar(item) for item in value)}]"
    # TOML wants the delete character escaped, JSON does not
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def dies_with_us():
    """To be called in a child before it becomes another program: no check leaves anything behind."""
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def json_text(value):
    """JSON as our side is given it; nested values keep their notation."""
    return json.dumps(value, ensure_ascii=False)


class Send:
    """The example `send`, running with a configuration."""

    def __init__(self, work, config, environment=None):
        self.path = os.path.join(work, "send.toml")
        self.errors = os.path.join(work, "send.stderr")
        self.configure(config)
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [os.environ["STRATD_SEND"], self.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                preexec_fn=dies_with_us,
            )

    def configure(self, config):
        """Writes the file; a command has to make it so. What our side says about itself goes to its standard error, and
        not to the peer."""
        own = {"told": {"kind": "stream", "target": "stderr"}}
        config = {
            **config,
            "handlers": {**own, **config["handlers"]},
            "loggers": {"stratd.logging": {"handlers": ["told"], "propagate": False}, **config.get("loggers", {})},
        }
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(toml({"schema": 1, **config}))

    def write(self, line):
        """Hands over one line."""
        self.process.stdin.write(line.encode() + b"\n")

    def log(self, **record):
        """Hands over one record, of INFO if it does not say otherwise."""
        self.write(json_text({"levelno": 20, **record}))

    def command(self, word):
        """Hands over a command and returns its answer."""
        self.write(word)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"send ended: {self.complaint()}")
        return json.loads(line)

    def handler(self, name):
        """The state of a handler."""
        handlers = self.command("status")["handlers"]
        return next(handler for handler in handlers if handler["name"] == name)

    def end(self):
        """Ends the input, and returns the last state."""
        out, _ = self.process.communicate()
        if self.process.returncode:
            raise SystemExit(f"send: exit {self.process.returncode}: {self.complaint()}")
        return json.loads(out.splitlines()[-1])

    def complaint(self):
        """What it wrote to standard error."""
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def told_lost(self, handler):
        """How many records its log says that the queue of a handler lost."""
        found = re.findall(rf'handler "{handler}": (\d+) records lost between .*its queue was full', self.complaint())
        return sum(int(count) for count in found)


class Daemon:
    """`stratd run` with the synthetic venue and a strategy, in a folder of its own."""

    def __init__(self, work, logging):
        self.work = work
        self.config = {
            "trading_type": "sandbox",
            "logging": {"schema": 1, **logging},
        }
        text = toml(self.config)
        text += '[[exchange]]\nplugin = "synthetic"\nconfig = { instruments = 2, rate = 500 }\n'
        text += '[[strategy]]\nplugin = "market-maker"\n'
        with open(os.path.join(work, "stratd.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        self.errors = os.path.join(work, "stratd.stderr")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [
                    os.environ["STRATD"],
                    "run",
                    "stratd.toml",
                    "--plugin-dir",
                    os.environ["STRATD_PLUGINS"],
                    "--control-socket",
                    "control.sock",
                ],
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "XDG_RUNTIME_DIR": work},
                preexec_fn=dies_with_us,
            )

    def wait(self, what, condition, seconds=30):
        """Waits for something while the daemon runs."""

        def found():
            if self.process.poll() is not None:
                raise SystemExit(f"stratd ended with {self.process.returncode}: {self.complaint()}")
            return condition()

        return until(what, found, seconds)

    def end(self):
        """Ends it as systemd does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"stratd did not end within 60 s: {self.complaint()}") from None

    def complaint(self):
        """What it wrote to standard error."""
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]
