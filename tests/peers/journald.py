"""systemd-journald takes what our journald handler sends: fields, priorities, large and odd entries; and restarts."""

import json
import os

from lib.compare import Comparison, run, until
from lib.journald import Journald, enter
from lib.ours import Daemon, Send, json_text

# level and priority: critical 2, error 3, warning 4, notice 5, info 6, debug 7
PRIORITIES = [(1, 7), (5, 7), (10, 7), (15, 7), (20, 6), (24, 6), (25, 5), (30, 4), (35, 4), (40, 3), (50, 2), (70, 2)]

RECORDS = [
    {"msg": "plain"},
    {"msg": "several\nlines\n\nžluťoučký kůň 🐎\n"},
    {"msg": "of a logger", "name": "strategy.momentum"},
    {"msg": "control characters \x00 \x01 \x1b[31m \x7f, and \ufffd"},
    {"msg": "a=b\nPRIORITY=0\nnot a field"},
    {"msg": ""},
    {
        "msg": "with fields",
        "order_id": 17,
        "price": 101.25,
        "text": "a\nb",
        "none": None,
        "true": True,
        "big": 2**62,
        "nested": {"legs": [1, "ž"]},
    },
    {
        "msg": "fields that the journal would not take by their names",
        "lower": 1,
        "_private": 2,
        "9number": 3,
        "with-dash": 4,
        "with space": 5,
        "žluť": 6,
        "x" * 80: 7,
        "new\nline": 8,
    },
    {"msg": "place", "pathname": "/srv/a b/ž.rs", "lineno": 42, "funcName": "on_trade", "threadName": "worker ž"},
    {"msg": "failed", "exc_text": "Traceback:\nZeroDivisionError"},
    {"msg": "large " + "x" * (1 << 20)},
    {"msg": "a large field", "payload": "ž" * 300000},
]


def field_name(key):
    name = "".join(c.upper() if c.isascii() and c.isalnum() else "_" for c in f"F_{key}")
    return name[:64]


def field_text(value):
    if isinstance(value, (dict, list)):
        return json_text(value)
    return str(value)


def expected(record):
    standard = {"msg", "name", "levelno", "pathname", "lineno", "funcName", "threadName", "exc_text", "thread"}
    text = record["msg"] + ("\n" + record["exc_text"] if "exc_text" in record else "")
    fields = {
        "MESSAGE": text,
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "peer",
        # the facility `user`
        "SYSLOG_FACILITY": "1",
        "LOGGER": record.get("name", "root"),
        "TID": "77",
        "THREAD_NAME": record.get("threadName", "MainThread"),
    }
    if "pathname" in record:
        fields |= {"CODE_FILE": record["pathname"], "CODE_LINE": str(record["lineno"]), "CODE_FUNC": record["funcName"]}
    return fields | {field_name(key): field_text(value) for key, value in record.items() if key not in standard}


def config(capacity=10000):
    return {
        "handlers": {"peer": {"kind": "journald", "identifier": "peer", "queue": {"capacity": capacity}}},
        "root": {"level": 1, "handlers": ["peer"]},
    }


def records(work, comparison, journald):
    sender = Send(work, config())
    for record in RECORDS:
        sender.log(**{"thread": 77, **record})
    comparison.same("left behind", 0, sender.end()["left"])
    entries = journald.take(len(RECORDS), "SYSLOG_IDENTIFIER=peer")
    comparison.same("entries", len(RECORDS), len(entries))
    for record, entry in zip(RECORDS, entries):
        wanted = expected(record)
        comparison.fields(repr(record["msg"][:30]), wanted, entry)
        # everything else is what journald itself knows of the sender
        others = sorted(key for key in entry if not key.startswith("_") and key not in wanted)
        comparison.same(f"{record['msg'][:30]!r}: other fields", [], others)
        comparison.same(f"{record['msg'][:30]!r}: transport", "journal", entry.get("_TRANSPORT"))


def priorities(work, comparison, journald):
    sender = Send(work, config())
    for level, _ in PRIORITIES:
        sender.log(msg=f"of level {level}", levelno=level, name="priorities")
    sender.end()
    entries = journald.take(len(PRIORITIES), "LOGGER=priorities")
    for (level, priority), entry in zip(PRIORITIES, entries):
        comparison.same(f"level {level}", (f"of level {level}", str(priority)), (entry["MESSAGE"], entry["PRIORITY"]))


def restart(work, comparison, journald):
    """journald is away for a while: what the queue holds arrives."""
    sender = Send(work, config(capacity=30))
    sender.log(msg="before", name="restart")
    sender.command("status")
    journald.take(1, "LOGGER=restart")
    journald.stop()
    for number in range(100):
        sender.log(msg=f"away {number}", name="restart")
    away = until("an error of the handler", lambda: errors_of(sender))
    comparison.same("away: waiting", 30, away["queued"])
    comparison.same("away: dropped", 70, away["dropped"])
    journald.start()
    entries = journald.take(31, "LOGGER=restart")
    ended = sender.end()
    numbers = [int(entry["MESSAGE"].removeprefix("away ")) for entry in entries[1:]]
    comparison.same("restarted: in order, none twice", sorted(set(numbers)), numbers)
    comparison.same("restarted: the youngest", 99, numbers[-1])
    comparison.same("restarted: what was dropped is told", 70, sender.told_lost("peer"))
    comparison.same("restarted: left behind", 0, ended["left"])


def errors_of(sender):
    state = sender.handler("peer")
    return state["errors"] > 0 and state


def daemon(work, comparison, journald):
    """The daemon itself, with its records in the journal."""
    logging = {
        "handlers": {"journal": {"kind": "journald"}},
        "root": {"level": "DEBUG", "handlers": ["journal"]},
    }
    stratd = Daemon(work, logging)
    try:
        match = ("SYSLOG_IDENTIFIER=stratd", "LOGGER=control")
        says = lambda: [entry for entry in journald.entries(*match) if "listens at" in entry["MESSAGE"]]
        (entry,) = stratd.wait("where the daemon listens, in the journal", says)
        comparison.same("priority of the daemon's record", "6", entry["PRIORITY"])
        comparison.same("process of the daemon's record", str(stratd.process.pid), entry["_PID"])
    finally:
        code = stratd.end()
    comparison.same("exit code of the daemon", 0, code)


def main(work):
    enter(work)
    comparison = Comparison()
    journald = Journald(work)
    try:
        records(work, comparison, journald)
        priorities(work, comparison, journald)
        restart(work, comparison, journald)
        daemon(work, comparison, journald)
    finally:
        journald.stop()
    large = sum(len(json.dumps(record)) > 200000 for record in RECORDS)
    comparison.end(
        f"fields of {len(RECORDS)} entries ({large} larger than a datagram), {len(PRIORITIES)} levels;"
        " journald restarted; the daemon's own records"
    )


if __name__ == "__main__":
    os.umask(0o022)
    run(main)
