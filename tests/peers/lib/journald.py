"""A private systemd-journald, in a mount namespace of this process alone: nothing of the machine's journal is touched."""

import json
import os
import subprocess
import sys

from .compare import until
from .ours import dies_with_us

JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/socket"
FOLDER = "/run/log/journal"


def enter(work):
    """Starts this program again where /run is its own. Returns there."""
    if os.environ.get("PEERS_INSIDE") != "journald":
        os.environ["PEERS_INSIDE"] = "journald"
        program = [sys.executable, "-B", sys.modules["__main__"].__file__, work]
        command = ["unshare", "--mount", "--propagation", "private", "--", *program]
        os.execvp("unshare", command)
    mount("-t", "tmpfs", "tmpfs", "/run")
    mount("-t", "tmpfs", "tmpfs", "/var/log")
    for folder in ("/run/systemd/journal", "/run/systemd/system", FOLDER):
        os.makedirs(folder)
    # an entry is only found again if the machine has a name
    write(f"{work}/machine-id", "0123456789abcdef0123456789abcdef\n")
    if not os.path.exists("/etc/machine-id"):
        raise SystemExit("there is no /etc/machine-id (systemd-machine-id-setup makes it)")
    mount("--bind", f"{work}/machine-id", "/etc/machine-id")
    write(
        f"{work}/journald.conf",
        "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRateLimitIntervalSec=0\nForwardToSyslog=no\n"
        "ForwardToWall=no\nRuntimeMaxUse=64M\n",
    )
    mount("--bind", f"{work}/journald.conf", "/etc/systemd/journald.conf")


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mount {' '.join(arguments)}: {done.stderr.strip()} (this check mounts for itself alone)")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Journald:
    """The running program."""

    def __init__(self, work):
        self.errors = os.path.join(work, "journald.stderr")
        self.start()

    def start(self):
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([JOURNALD], stderr=errors, preexec_fn=dies_with_us)
        until("journald's socket", lambda: os.path.exists(SOCKET))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)

    def entries(self, *match):
        """What it has, in order; what is no text comes as bytes."""
        command = ["journalctl", "--no-pager", "--quiet", "--all", "-o", "json", f"--directory={FOLDER}", *match]
        done = subprocess.run(command, capture_output=True, check=False)
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        return [{key: text_of(value) for key, value in entry.items()} for entry in entries]

    def take(self, count, *match):
        """Waits for so many entries."""
        return until(f"{count} entries of {match}", lambda: self.enough(count, match))

    def enough(self, count, match):
        entries = self.entries(*match)
        return entries if len(entries) >= count else None


def text_of(value):
    """journalctl prints what has control characters as a list of bytes, and a field that occurs twice as a list."""
    if isinstance(value, list) and all(isinstance(byte, int) for byte in value):
        return bytes(value).decode(errors="replace")
    return value
