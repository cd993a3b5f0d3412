"""A fleet of Python programs logs to the daemon, with the handlers that CPython brings.

What the daemon received it hands on to the receiver of the cookbook, over its own socket handler. The same record goes
there directly, too: both have to be the same, attribute by attribute. Then several processes log to one file, while
logrotate rotates it.
"""

import datetime
import logging
import logging.handlers
import os
import pickle
import re
import socket
import struct
import subprocess
import sys
import threading

from lib.compare import Comparison, run, until
from lib.ours import Daemon, dies_with_us
from lib.pickles import Receiver
from lib.ports import free_port
from lib.rotation import files_of, logrotate

SENDERS, RECORDS_EACH = 4, 10000
LINE = "%(threadName)s %(message)s"
SYSLOG_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


class Ports:
    """Where the daemon's receivers listen."""

    def __init__(self, work):
        self.tcp = free_port()
        self.syslog_tcp = free_port()
        self.udp = free_port(socket.SOCK_DGRAM)
        self.syslog_udp = free_port(socket.SOCK_DGRAM)
        self.unix = f"{work}/records.sock"
        self.unix_datagram = f"{work}/datagrams.sock"
        self.syslog_unix = f"{work}/syslog.sock"


def logging_of(ports, address):
    """The daemon's `[logging]`."""
    local = "127.0.0.1"
    return {
        "receivers": {
            "tcp": {"kind": "socket", "address": local, "port": ports.tcp},
            "unix": {"kind": "socket", "address": ports.unix},
            "udp": {"kind": "datagram", "address": local, "port": ports.udp},
            "unix-datagram": {"kind": "datagram", "address": ports.unix_datagram},
            "syslog-udp": {"kind": "syslog", "transport": "udp", "address": local, "port": ports.syslog_udp},
            "syslog-tcp": {"kind": "syslog", "transport": "tcp", "address": local, "port": ports.syslog_tcp},
            "syslog-unix": {"kind": "syslog", "transport": "unix", "address": ports.syslog_unix},
        },
        "formatters": {"line": {"format": LINE}, "whole": {"format": "%(levelname)s %(name)s %(message)s"}},
        "handlers": {
            "python": {"kind": "socket", "address": address},
            "shared": {"kind": "file", "path": "shared.log", "formatter": "line"},
            "own": {"kind": "file", "path": "own.log", "formatter": "whole"},
        },
        "loggers": {
            "fleet": {"level": "CRITICAL", "propagate": False, "handlers": ["python"]},
            "syslog": {"propagate": False, "handlers": ["python"]},
            "shared": {"propagate": False, "handlers": ["shared"]},
        },
        "root": {"level": "DEBUG", "handlers": ["own"]},
    }


def log_everything(logger):
    """Logs in every way that a Python program has; returns how many records that makes."""
    count = 0

    def log(level, *arguments, **more):
        nonlocal count
        count += 1
        logger.log(level, *arguments, **more)

    for level in (1, 5, 10, 20, 25, 30, 35, 40, 50, 60):
        log(level, "of level %d", level)
    log(20, "arguments %s %r %5.2f %%", "žluť", ["a", 1], 2.5)
    log(20, "one argument %(key)s", {"key": "value"})
    log(20, "žluťoučký kůň 🐎 \x00 \x1b[0m")
    log(20, "several\nlines\n")
    log(20, "")
    log(20, {"no": "text"})
    log(20, "x" * 50000)
    log(20, "with a stack", stack_info=True)
    try:
        {}["žluť"]
    except KeyError:
        log(40, "failed", exc_info=True)
    log(20, "without an exception", exc_info=True)
    fields = {
        "text": "žluť",
        "number": -7,
        "byte": 255,
        "large": 2**31,
        "huge": 2**70,
        "huge_below_zero": -(2**100),
        "float": 0.1,
        "true": True,
        "none": None,
        "with space": "x",
        "nested": {"legs": [1, 2.5, "three", None, {"side": "buy"}], "id": 2**63},
        "empty": {"list": [], "table": {}},
    }
    log(20, "with fields", extra=fields)
    thread = threading.Thread(target=log, args=(20, "of another thread"), name="worker ž")
    thread.start()
    thread.join()
    return count


def received(receiver, logger, count):
    """Waits for the records of a logger, and hands them out in the order in which they were made."""
    find = lambda: [record for record in receiver.records if record.name == logger]
    until(lambda: f"{count} records of {logger} (there are {len(find())})", lambda: len(find()) >= count)
    return sorted(find(), key=lambda record: (record.created, str(record.msg)))


def sockets(comparison, ports, receiver):
    """SocketHandler and DatagramHandler: through the daemon, and directly."""
    handlers = logging.handlers
    host, port = receiver.address.rsplit(":", 1)
    ways = {
        "tcp": handlers.SocketHandler("127.0.0.1", ports.tcp),
        "unix": handlers.SocketHandler(ports.unix, None),
        "udp": handlers.DatagramHandler("127.0.0.1", ports.udp),
        "unix-datagram": handlers.DatagramHandler(ports.unix_datagram, None),
    }
    direct = Receiver("tcp", ".")
    direct_handler = handlers.SocketHandler("127.0.0.1", int(direct.address.rpartition(":")[2]))
    for way, handler in ways.items():
        logger = logging.getLogger(f"fleet.{way}")
        logger.setLevel(1)
        logger.propagate = False
        logger.addHandler(direct_handler)
        logger.addHandler(handler)
        count = log_everything(logger)
        handler.close()
        wanted, found = received(direct, logger.name, count), received(receiver, logger.name, count)
        comparison.same(f"{way}: records", count, len(found))
        for one, other in zip(wanted, found):
            compare(comparison, f"{way}: {str(one.msg)[:30]!r}", vars(one), vars(other))


def compare(comparison, what, wanted, found):
    """Attributes of one record that came directly, beside those that went through the daemon."""
    # the text arrives finished, so a receiver has nothing to put into it
    wanted["msg"] = str(wanted["msg"])
    if "taskName" not in wanted:
        # 3.11 has none yet
        wanted["taskName"] = None
    comparison.same(f"{what}: attributes", sorted(wanted), sorted(found))
    if sys.version_info < (3, 13):
        # 3.13 begins with nanoseconds; before, the milliseconds are those of a float that was cut off
        comparison.holds(f"{what}: msecs", abs(wanted.pop("msecs") - found["msecs"]) <= 1, found["msecs"])
    # we count nanoseconds: a float of seconds says more digits than it knows
    for name, error in (("created", 1e-6), ("relativeCreated", 1e-5)):
        difference = abs(wanted.pop(name) - found[name])
        comparison.holds(f"{what}: {name}", difference <= error, difference)
    comparison.fields(what, wanted, found)


def syslog(comparison, ports, receiver):
    """SysLogHandler over its three transports, in the form that its documentation shows."""
    addresses = {
        "udp": (("127.0.0.1", ports.syslog_udp), socket.SOCK_DGRAM),
        "unix": (ports.syslog_unix, socket.SOCK_DGRAM),
        "tcp": (("127.0.0.1", ports.syslog_tcp), socket.SOCK_STREAM),
    }
    for transport, (address, kind) in addresses.items():
        handler = logging.handlers.SysLogHandler(address, "local5", kind)
        handler.setFormatter(logging.Formatter(f"fleet-{transport}[%(process)d]: %(message)s"))
        logger = logging.getLogger(f"by-syslog-{transport}")
        logger.setLevel(1)
        logger.propagate = False
        logger.addHandler(handler)
        texts = ["plain", "žluťoučký kůň 🐎", "<34> no priority", "x" * 20000]
        if transport != "tcp":
            # CPython sends no frames over a stream, where a newline ends a message
            texts.append("several\nlines")
        count = 0
        for text in texts:
            for level in SYSLOG_LEVELS.values():
                logger.log(level, text)
                count += 1
        handler.close()
        found = received(receiver, f"syslog.fleet-{transport}", count)
        comparison.same(f"syslog {transport}: records", count, len(found))
        wanted = sorted((text, level) for text in texts for level in SYSLOG_LEVELS.values())
        read = sorted((record.msg, record.levelno) for record in found)
        comparison.same(f"syslog {transport}: texts and levels", wanted, read)
        for record in found:
            fields = {"process": os.getpid(), "facility": "local5", "app": f"fleet-{transport}"}
            comparison.fields(f"syslog {transport}: {record.msg[:20]!r}", fields, vars(record))
            comparison.holds("the time is that of its arrival", abs(record.created - logging.time.time()) < 60)


def bad_frames(comparison, ports, receiver, daemon, work):
    """What is no record is refused and told, and the next one arrives."""
    logger = logging.getLogger("fleet.bad")
    logger.setLevel(1)
    logger.propagate = False
    handler = logging.handlers.SocketHandler("127.0.0.1", ports.tcp)
    logger.addHandler(handler)
    # an object of a class would have to be made by code that the sender chooses
    logger.info("with an object", extra={"when": datetime.datetime(2023, 11, 14)})
    logger.info("after it")
    harmful = os.path.join(work, "harmful")
    with socket.create_connection(("127.0.0.1", ports.tcp)) as peer:
        for data in (pickle.dumps(Harmful(harmful)), b"not a pickle", pickle.dumps([1, 2])):
            peer.sendall(struct.pack(">L", len(data)) + data)
    found = received(receiver, "fleet.bad", 1)
    comparison.same("bad frames: what arrives", ["after it"], [record.msg for record in found])
    told = lambda: [line for line in lines_of(f"{work}/own.log") if " stratd.logging " in line and "tcp" in line]
    daemon.wait("a report about what was refused", told)
    comparison.holds("bad frames: no code of a sender runs", not os.path.exists(harmful))


class Harmful:
    """Whoever unpickles it without care makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def one_file(comparison, ports, daemon, work):
    """Several processes, one file, and logrotate with the signal that the daemon's unit sends."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "fleet.py")
    command = [sys.executable, "-B", script, str(ports.tcp)]
    senders = [
        subprocess.Popen([*command, str(number), str(RECORDS_EACH)], preexec_fn=dies_with_us)
        for number in range(SENDERS)
    ]
    log = os.path.join(work, "shared.log")
    signal = f"rotate 1000\ncreate\npostrotate\nkill -HUP {daemon.process.pid}\nendscript"
    rotations = 0
    while any(sender.poll() is None for sender in senders):
        if os.path.exists(log) and os.path.getsize(log) > 100000:
            logrotate(work, log, signal)
            rotations += 1
    comparison.same("several senders: exit codes", [0] * SENDERS, [sender.returncode for sender in senders])
    total = SENDERS * RECORDS_EACH
    count = lambda: sum(text.count(b"\n") for text in files_of(log))
    daemon.wait(lambda: f"{total} lines (there are {count()})", lambda: count() >= total)
    comparison.holds("several senders: rotated meanwhile", rotations >= 2, rotations)
    numbers = {f"sender-{sender}": [] for sender in range(SENDERS)}
    torn = 0
    for line in b"".join(files_of(log)).decode().splitlines():
        match = re.fullmatch(r"(sender-\d) (\d{6}) (x*)\.", line)
        if match and len(match.group(3)) == int(match.group(2)) % 97:
            numbers[match.group(1)].append(int(match.group(2)))
        else:
            torn += 1
    comparison.same("several senders: torn lines", 0, torn)
    for sender, found in numbers.items():
        comparison.holds(f"{sender}: all, each once, in order", found == list(range(RECORDS_EACH)), len(found))
    return rotations


def main(work):
    for number, name in ((5, "TRACE"), (25, "NOTICE"), (60, "FATAL+")):
        logging.addLevelName(number, name)
    comparison = Comparison()
    ports = Ports(work)
    receiver = Receiver("tcp", work)
    daemon = Daemon(work, logging_of(ports, receiver.address))
    try:
        daemon.wait("the daemon's receivers", lambda: connects(ports.tcp) and os.path.exists(ports.syslog_unix))
        sockets(comparison, ports, receiver)
        syslog(comparison, ports, receiver)
        bad_frames(comparison, ports, receiver, daemon, work)
        rotations = one_file(comparison, ports, daemon, work)
    finally:
        code = daemon.end()
    comparison.same("exit code of the daemon", 0, code)
    comparison.end(
        "attributes of records over tcp, unix, udp, unix datagrams and syslog, into the daemon and out again;"
        f" {SENDERS} processes with {RECORDS_EACH} records each into one file, rotated {rotations} times"
    )


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    run(main)
