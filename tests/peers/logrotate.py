"""logrotate rotates a file of ours while we write: no line is lost, none is doubled, none is torn."""

import os
import re
import threading

from lib.compare import Comparison, run, until
from lib.ours import Send
from lib.rotation import files_of, logrotate

ROTATIONS = 12
LINE = "%(levelname)s line %(message)s end"


class Writer:
    """Numbers its lines, as fast as they are taken, until it is told to stop."""

    def __init__(self, work, table):
        handlers = {"file": {"kind": "file", "formatter": "f", **table}}
        root = {"level": 1, "handlers": ["file"]}
        self.sender = Send(work, {"formatters": {"f": {"format": LINE}}, "handlers": handlers, "root": root})
        self.count = 0
        self.is_stopped = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        while not self.is_stopped:
            with self.lock:
                for _ in range(50):
                    self.sender.log(msg=f"{self.count:08d}")
                    self.count += 1

    def command(self, word):
        with self.lock:
            return self.sender.command(word)

    def end(self):
        self.is_stopped = True
        self.thread.join()
        return self.sender.end()


def rotate(work, name, table, options, before=None, after=None):
    """Rotates many times while lines are written; returns how many were, and the texts of the files, oldest first."""
    folder = os.path.join(work, name)
    os.mkdir(folder, 0o755)
    log = os.path.join(folder, "stratd.log")
    writer = Writer(folder, {"path": log, **table})
    for _ in range(ROTATIONS):
        until("lines in the file", lambda: os.path.exists(log) and os.path.getsize(log) > 4096)
        if before:
            before(writer)
        logrotate(folder, log, f"rotate 1000\nmissingok\n{options}")
        if after:
            after(writer)
    ended = writer.end()
    return writer.count, files_of(log), ended


def numbers(comparison, what, texts):
    """The numbers of all lines, each of which must be whole."""
    lines = b"".join(texts).splitlines()
    whole = [match for line in lines if (match := re.fullmatch(rb"INFO line (\d{8}) end", line))]
    comparison.same(f"{what}: torn lines", 0, len(lines) - len(whole))
    return [int(match.group(1)) for match in whole]


def complete(comparison, what, count, texts, ended):
    comparison.same(f"{what}: files", ROTATIONS + 1, len(texts))
    comparison.holds(f"{what}: every file has lines", all(texts[:-1]))
    found = numbers(comparison, what, texts)
    comparison.same(f"{what}: lines", count, len(found))
    comparison.holds(f"{what}: in order, none lost, none doubled", found == list(range(count)))
    comparison.same(f"{what}: left behind", 0, ended["left"])


def main(work):
    comparison = Comparison()
    # the way without a signal: the file is looked at before each batch
    count, texts, ended = rotate(work, "watched", {"watch": True}, "create 0640 root root" if is_root() else "create")
    complete(comparison, "watch = true, create", count, texts, ended)
    total = count
    count, texts, ended = rotate(work, "not-created", {"watch": True}, "nocreate")
    complete(comparison, "watch = true, nocreate", count, texts, ended)
    total += count
    # the way with one: until it comes, lines go into the renamed file
    reopen = lambda writer: writer.command("reopen")
    count, texts, ended = rotate(work, "reopened", {}, "create", after=reopen)
    complete(comparison, "reopen after create", count, texts, ended)
    total += count

    # copytruncate loses what is written between its copy and its truncation. Nothing is torn or doubled, and no hole of
    # zero bytes is left, as we append. Where nothing is written meanwhile, nothing is lost.
    count, texts, ended = rotate(work, "truncated", {}, "copytruncate")
    found = numbers(comparison, "copytruncate", texts)
    comparison.same("copytruncate: in order, none doubled", sorted(set(found)), found)
    comparison.same("copytruncate: bytes that are zero", 0, b"".join(texts).count(b"\0"))
    lost = count - len(found)
    count, texts, ended = rotate(work, "truncated-in-peace", {}, "copytruncate", before=pause, after=go_on)
    complete(comparison, "copytruncate while nothing is written", count, texts, ended)
    comparison.end(f"{total + count} lines over {4 * ROTATIONS} rotations; copytruncate beside a writer lost {lost} lines")


def pause(writer):
    """Keeps the writer from writing, with all it wrote in the file."""
    writer.lock.acquire()
    writer.sender.command("status")


def go_on(writer):
    writer.lock.release()


def is_root():
    return os.geteuid() == 0


if __name__ == "__main__":
    os.umask(0o022)
    run(main)
