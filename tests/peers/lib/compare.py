"""Comparisons: each is counted, each difference is kept, and the end tells both."""

import os
import re
import signal
import sys
import time

DIFFERENCES_SHOWN = 25
# how long a check may take before it is ended
CHECK_SECONDS_MAX = 150


class Comparison:
    """Counts what was compared. A check that compared nothing has failed."""

    def __init__(self):
        self.compared = 0
        self.differences = []
        self.excluded = {}

    def same(self, what, expected, found):
        """One value beside another."""
        self.compared += 1
        if expected != found or type(expected) is not type(found):
            self.differences.append(f"{what}: expected {shorten(expected)}, found {shorten(found)}")

    def fields(self, what, expected, found):
        """Each key of `expected` beside the same one of `found`."""
        for key, value in expected.items():
            self.same(f"{what}: {key}", value, found.get(key, "(nothing)"))

    def matches(self, what, pattern, found):
        """A value that is not known before, but its form is."""
        self.compared += 1
        if not re.fullmatch(pattern, found):
            self.differences.append(f"{what}: expected {pattern}, found {shorten(found)}")

    def holds(self, what, fact, found=""):
        """Something that is true or not."""
        self.compared += 1
        if not fact:
            self.differences.append(f"{what}: {shorten(found)}" if found != "" else what)

    def exclude(self, reason):
        """Something that is not compared, for a reason that is told."""
        self.excluded[reason] = self.excluded.get(reason, 0) + 1

    def end(self, summary):
        """Says what was compared, on the last line; ends the program with 1 if something differed."""
        for difference in self.differences[:DIFFERENCES_SHOWN]:
            print(f"  {difference}", file=sys.stderr)
        if len(self.differences) > DIFFERENCES_SHOWN:
            print(f"  … and {len(self.differences) - DIFFERENCES_SHOWN} more", file=sys.stderr)
        excluded = "".join(f"; left out {count} ({reason})" for reason, count in self.excluded.items())
        if self.differences:
            print(f"{len(self.differences)} of {self.compared} comparisons differ{excluded}")
        elif not self.compared:
            print("nothing was compared")
        else:
            print(f"{self.compared} comparisons: {summary}{excluded}")
        sys.stdout.flush()
        # threads of servers may still wait for peers
        os._exit(1 if self.differences or not self.compared else 0)


def shorten(value):
    """A value as one would type it, without its middle if it is long."""
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]} … {text[-80:]} ({len(text)} characters)"


def until(what, condition, seconds=30):
    """Waits until the condition returns something, and returns that. What it waits for may be said at the end only."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(0.02)


def run(check):
    """Runs a check in the folder that the command line names."""
    signal.alarm(CHECK_SECONDS_MAX)
    work = os.path.abspath(sys.argv[1])
    os.chdir(work)
    check(work)
